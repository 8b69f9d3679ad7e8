/* SPDX-License-Identifier: MIT */
/*
 * A guest kernel's ELF file, as far as its builder needs it (core/elf.c).
 */
#ifndef HV_ELF_H
#define HV_ELF_H

#include <hv/bug.h>
#include <hv/types.h>

#define ELF_SEGMENTS_MAX 16
#define ELF_TEXT_MAX 32

/* One piece of the image. Offsets and lengths are within the file, and all
 * addresses of it stay below 2^64: the parser has checked. */
struct elf_segment {
    uint64_t file_offset, file_size;
    uint64_t offset;           /* bytes from VIRT_BASE, that is from pfn 0 */
    uint64_t memory_size;      /* file_size of it from the file, rest zero */
};

enum elf_notes_from { ELF_NOTES_HEADER, ELF_NOTES_SECTION, ELF_NOTES_TEXT };

struct elf_image {
    struct elf_segment segments[ELF_SEGMENTS_MAX];
    unsigned int segment_count;
    uint64_t end_offset;       /* one past the last byte, from VIRT_BASE */

    enum elf_notes_from notes_from;
    uint64_t virt_base;        /* linear address of pfn 0 */
    uint64_t entry;            /* linear address */
    bool has_hypercall_page;
    uint64_t hypercall_page;   /* linear address, page aligned */
    bool has_init_p2m;
    uint64_t init_p2m;         /* linear address, page aligned */
    bool unmapped_ramdisk;     /* MOD_START_PFN */
    bool pae_extended_cr3;
    bool d0_capable;           /* does not say that it can not be d0 */
    uint32_t features;         /* XENFEAT bits it names */
    char guest_os[ELF_TEXT_MAX], guest_version[ELF_TEXT_MAX];
    char loader[ELF_TEXT_MAX], xen_version[ELF_TEXT_MAX];
};

/*
 * Parses file[0..size-1], which may hold anything. Returns 0, or
 * -XEN_EINVAL with a sentence in why[] that says what is wrong and what to do
 * about it; it reads as the end of "the guest kernel ...".
 */
int elf_parse(const void *file, uint64_t size, struct elf_image *out,
              char *why, size_t why_size) MUST_CHECK;

#endif
