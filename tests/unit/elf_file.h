/* SPDX-License-Identifier: MIT */
/*
 * A generator of small kernel files, for test_elf.c and test_builder.c.
 *
 *     struct elf_file f;
 *     elf_begin(&f);
 *     elf_load(&f, 0x1000, "code", 4, 0x2000);
 *     elf_note_text(&f, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
 *     elf_finish(&f, NOTES_IN_SEGMENT);
 *
 * Everything stands in fixed places, so that a test can spoil one field and
 * knows what it spoils: header at 0, program headers behind it, notes at
 * ELF_NOTES_AT, section names and headers behind them, segments from
 * ELF_DATA_AT on.
 */
#ifndef TESTS_ELF_FILE_H
#define TESTS_ELF_FILE_H

#include <elf.h>
#include <stdint.h>
#include <string.h>

#include <xen/elfnote.h>

#define ELF_FILE_MAX     0x8000
#define ELF_NOTES_AT     0x800
#define ELF_NOTES_MAX    0x400
#define ELF_NAMES_AT     0xc00
#define ELF_SECTIONS_AT  0xd00
#define ELF_DATA_AT      0x1000

enum notes_place { NOTES_NOWHERE, NOTES_IN_SEGMENT, NOTES_IN_SECTION,
                   NOTES_AS_TEXT };

struct elf_file {
    uint8_t bytes[ELF_FILE_MAX];
    uint64_t size;
    uint64_t notes_size;
    unsigned int segments;
};

static inline Elf64_Ehdr *elf_header(struct elf_file *f)
{
    return (Elf64_Ehdr *)(void *)f->bytes;
}

static inline Elf64_Phdr *elf_segment(struct elf_file *f, unsigned int i)
{
    return (Elf64_Phdr *)(void *)(f->bytes + sizeof(Elf64_Ehdr)) + i;
}

static inline Elf64_Shdr *elf_section(struct elf_file *f, unsigned int i)
{
    return (Elf64_Shdr *)(void *)(f->bytes + ELF_SECTIONS_AT) + i;
}

static inline void elf_begin(struct elf_file *f)
{
    Elf64_Ehdr *h = elf_header(f);

    memset(f, 0, sizeof(*f));
    memcpy(h->e_ident, ELFMAG, SELFMAG);
    h->e_ident[EI_CLASS] = ELFCLASS64;
    h->e_ident[EI_DATA] = ELFDATA2LSB;
    h->e_ident[EI_VERSION] = EV_CURRENT;
    h->e_type = ET_EXEC;
    h->e_machine = EM_X86_64;
    h->e_version = EV_CURRENT;
    h->e_phoff = sizeof(*h);
    h->e_ehsize = sizeof(*h);
    h->e_phentsize = sizeof(Elf64_Phdr);
    h->e_shentsize = sizeof(Elf64_Shdr);
    f->size = ELF_DATA_AT;
}

static inline Elf64_Phdr *elf_add_segment(struct elf_file *f, uint32_t type)
{
    Elf64_Phdr *ph = elf_segment(f, f->segments++);

    elf_header(f)->e_phnum = (uint16_t)f->segments;
    ph->p_type = type;
    ph->p_flags = PF_R | PF_W | PF_X;
    ph->p_align = 4;
    return ph;
}

/* p_vaddr is deliberately wrong: nobody may use it. */
static inline Elf64_Phdr *elf_load(struct elf_file *f, uint64_t paddr,
                                   const void *data, uint64_t size,
                                   uint64_t memory_size)
{
    Elf64_Phdr *ph = elf_add_segment(f, PT_LOAD);

    ph->p_offset = f->size;
    ph->p_paddr = paddr;
    ph->p_vaddr = 0xbad00000;
    ph->p_filesz = size;
    ph->p_memsz = memory_size;
    memcpy(f->bytes + f->size, data, size);
    f->size += (size + 15) & ~15ull;
    return ph;
}

static inline void elf_note(struct elf_file *f, const char *owner,
                            uint32_t type, const void *desc, uint32_t size)
{
    uint8_t *at = f->bytes + ELF_NOTES_AT + f->notes_size;
    Elf64_Nhdr *note = (Elf64_Nhdr *)(void *)at;
    uint32_t owner_size = (uint32_t)strlen(owner) + 1;

    note->n_namesz = owner_size;
    note->n_descsz = size;
    note->n_type = type;
    at += sizeof(*note);
    memcpy(at, owner, owner_size);
    at += (owner_size + 3) & ~3u;
    memcpy(at, desc, size);
    f->notes_size += sizeof(*note) + ((owner_size + 3) & ~3u) +
                     ((size + 3) & ~3u);
}

static inline void elf_note_number(struct elf_file *f, uint32_t type,
                                   uint64_t value)
{
    elf_note(f, "Xen", type, &value, sizeof(value));
}

static inline void elf_note_text(struct elf_file *f, uint32_t type,
                                 const char *text)
{
    elf_note(f, "Xen", type, text, (uint32_t)strlen(text) + 1);
}

/* The text form instead of notes. */
static inline void elf_guest_text(struct elf_file *f, const char *text)
{
    f->notes_size = strlen(text) + 1;
    memcpy(f->bytes + ELF_NOTES_AT, text, f->notes_size);
}

/* Section 0 is none, 1 the notes, 2 the names. */
static inline void elf_put_sections(struct elf_file *f, uint32_t type,
                                    const char *name)
{
    Elf64_Ehdr *h = elf_header(f);
    char *names = (char *)f->bytes + ELF_NAMES_AT;

    strcpy(names + 1, name);
    strcpy(names + 40, ".shstrtab");
    h->e_shoff = ELF_SECTIONS_AT;
    h->e_shnum = 3;
    h->e_shstrndx = 2;
    *elf_section(f, 1) = (Elf64_Shdr){
        .sh_name = 1, .sh_type = type, .sh_offset = ELF_NOTES_AT,
        .sh_size = f->notes_size, .sh_addralign = 4,
    };
    *elf_section(f, 2) = (Elf64_Shdr){
        .sh_name = 40, .sh_type = SHT_STRTAB, .sh_offset = ELF_NAMES_AT,
        .sh_size = 64,
    };
}

static inline void elf_finish(struct elf_file *f, enum notes_place place)
{
    if (place == NOTES_IN_SEGMENT) {
        Elf64_Phdr *ph = elf_add_segment(f, PT_NOTE);

        ph->p_offset = ELF_NOTES_AT;
        ph->p_filesz = f->notes_size;
    } else if (place == NOTES_IN_SECTION) {
        elf_put_sections(f, SHT_NOTE, ".note.Xen");
    } else if (place == NOTES_AS_TEXT) {
        elf_put_sections(f, SHT_PROGBITS, "__xen_guest");
    }
}

/* The notes that no kernel goes without. */
static inline void elf_note_identity(struct elf_file *f)
{
    elf_note_text(f, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(f, XEN_ELFNOTE_LOADER, "generic");
    elf_note_text(f, XEN_ELFNOTE_GUEST_OS, "test");
}

#endif
