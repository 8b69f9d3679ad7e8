/* SPDX-License-Identifier: MIT */
/*
 * Between the two halves of building a domain: core/builder.c knows where
 * memory, kernel and modules come from; pv/start_info.c knows the start of
 * day that the PV interface promises. They share the plan below.
 */
#ifndef HV_BUILDER_H
#define HV_BUILDER_H

#include <hv/domain.h>
#include <hv/elf.h>

/*
 * Which pfn holds what, in ascending order as small kernels expect it. The
 * kernel image begins at pfn 0. Numbers are pfns and counts of frames.
 */
struct guest_layout {
    uint64_t frames;           /* of the domain */
    uint64_t virt_base;        /* linear address of pfn 0 */
    uint64_t kernel_frames;
    uint64_t ramdisk_pfn, ramdisk_frames;
    uint64_t p2m_pfn, p2m_frames;
    uint64_t p2m_va;
    uint64_t p2m_table_pfn, p2m_table_frames; /* only with INIT_P2M */
    uint64_t start_info_pfn;
    uint64_t store_pfn, console_pfn; /* a plain guest's; else 0 */
    uint64_t table_pfn, table_frames;
    uint64_t stack_pfn;
    uint64_t mapped_frames;    /* pfns below are mapped from virt_base on */
    uint64_t frames_needed;    /* the least that `frames` could be */
};

struct guest_build {
    struct domain *domain;
    const struct elf_image *image;
    struct guest_layout layout;
    uint64_t *mfns;            /* pfn to mfn; scratch of the builder */
    uint32_t start_flags;      /* SIF_* */
    uint64_t ramdisk_bytes;
    const char *cmdline;
    uint32_t console_port;     /* of a plain guest's console ring */
};

/*
 * Plans a domain of `frames` frames, with pages for the rings of store and
 * console if it is a plain guest (has_rings). 0, or -XEN_EINVAL with a sentence about
 * the guest's demands on its address space. The plan may need more frames
 * than there are; the caller compares frames_needed.
 */
int pv_layout(const struct elf_image *image, uint64_t frames,
              uint64_t ramdisk_frames, bool has_rings,
              struct guest_layout *out, char *why, size_t why_size)
    MUST_CHECK;

/*
 * Writes page tables, p2m, start_info and hypercall page into the domain's
 * frames, and sets its vcpu 0 to the kernel's entry. Frames hold the image
 * already. Afterwards vcpu 0 may be started.
 */
void pv_start_of_day(const struct guest_build *b);

/* Fills a 4 KiB page with the stubs of the 64-bit hypercall page. */
void pv_fill_hypercall_page(void *page);

#endif
