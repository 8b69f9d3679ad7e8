/* SPDX-License-Identifier: MIT */
/* What the two halves of the ELF parser share: elf.c, elf_notes.c. */
#ifndef CORE_ELF_PARSER_H
#define CORE_ELF_PARSER_H

#include <hv/console.h>
#include <hv/elf.h>
#include <hv/util.h>
#include <xen/errno.h>

/* --- the file format (System V gABI, chapters 4 and 5) -------------------- */

struct elf_header {
    uint8_t ident[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, phoff, shoff;
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
STATIC_ASSERT(sizeof(struct elf_header) == 64, "gABI: Elf64_Ehdr");

struct program_header {
    uint32_t type, flags;
    uint64_t offset, vaddr, paddr, filesz, memsz, align;
};
STATIC_ASSERT(sizeof(struct program_header) == 56, "gABI: Elf64_Phdr");

struct section_header {
    uint32_t name, type;
    uint64_t flags, addr, offset, size;
    uint32_t link, info;
    uint64_t addralign, entsize;
};
STATIC_ASSERT(sizeof(struct section_header) == 64, "gABI: Elf64_Shdr");

enum { EI_CLASS = 4, EI_DATA = 5, ELFCLASS32 = 1, ELFCLASS64 = 2,
       ELFDATA2LSB = 1, ET_EXEC = 2, ET_DYN = 3, EM_X86_64 = 62,
       PT_LOAD = 1, PT_NOTE = 4, SHT_NOTE = 7, SHT_NOBITS = 8 };

struct elf_parser {
    const uint8_t *file;
    uint64_t size;
    struct elf_header header;
    struct elf_image *image;
    bool found_notes;
    bool has_entry, has_paddr_offset;
    uint64_t paddr_offset;
    uint64_t hypercall_page_index;  /* of the text form */
    bool has_hypercall_page_index;
    char *why;                 /* the sentence about a refusal */
    size_t why_size;
};

/* Writes the sentence; returns -XEN_EINVAL. */
static inline int PRINTF_LIKE(2, 3)
refuse(struct elf_parser *p, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintk(p->why, p->why_size, fmt, ap);
    va_end(ap);
    return -XEN_EINVAL;
}

/* Invariant E1 of elf.c. */
static inline bool elf_in_file(const struct elf_parser *p, uint64_t offset,
                               uint64_t length)
{
    return offset <= p->size && length <= p->size - offset;
}

/* E2; the file need not be aligned in memory. False: outside the file. */
static inline bool elf_fetch(const struct elf_parser *p, uint64_t offset,
                             void *to, uint64_t length)
{
    if (!elf_in_file(p, offset, length)) {
        return false;
    }
    memcpy(to, p->file + offset, length);
    return true;
}

/*
 * elf_notes.c: finds the notes, in whichever form, and stores what they say
 * in p->image and p. 0 or a refusal.
 */
int elf_find_notes(struct elf_parser *p) MUST_CHECK;

#endif
