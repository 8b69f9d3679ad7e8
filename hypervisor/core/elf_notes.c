/* SPDX-License-Identifier: MIT */
/*
 * A kernel's Xen notes: what it says of itself and asks of its builder.
 *
 * Notes came in three forms over the years: in a PT_NOTE segment; in a
 * section of type SHT_NOTE; and, oldest, as one text in a section called
 * __xen_guest. The first form that is there counts; a form without a note of
 * owner "Xen" is not there. In the text form HYPERCALL_PAGE counts pages from
 * VIRT_BASE, whichever of the two comes first.
 *
 * A feature that the kernel marks as indispensable ('!') must be one we know.
 * writable_page_tables is let pass although it is not offered: Linux demands
 * it, and means the VM assist of the same name, which it then asks for.
 *
 * The invariants are those of elf.c.
 */
#include <xen/elfnote.h>
#include <xen/features.h>

#include "elf_parser.h"

struct note_header {
    uint32_t namesz, descsz, type;
};

/* A text that may lack its zero byte, cut to what fits. */
static void copy_text(char *to, size_t to_size, const uint8_t *text,
                      uint64_t length)
{
    size_t n = 0;

    while (n + 1 < to_size && n < length && text[n] != '\0') {
        to[n] = (char)text[n];
        n++;
    }
    to[n] = '\0';
}

static bool text_is(const uint8_t *text, uint64_t length, const char *s)
{
    return strlen(s) == length && memcmp(text, s, length) == 0;
}

/* --- features ------------------------------------------------------------- */

static const struct {
    const char *name;
    uint8_t bit;
    bool offered;              /* a kernel that can not do without may start */
} feature_names[] = {
    { "writable_page_tables", XENFEAT_writable_page_tables, true },
    { "writable_descriptor_tables", XENFEAT_writable_descriptor_tables,
      false },
    { "auto_translated_physmap", XENFEAT_auto_translated_physmap, false },
    { "supervisor_mode_kernel", XENFEAT_supervisor_mode_kernel, false },
    { "pae_pgdir_above_4gb", XENFEAT_pae_pgdir_above_4gb, true },
    { "hvm_callback_vector", XENFEAT_hvm_callback_vector, false },
    { "dom0", XENFEAT_dom0, true },
};

static int parse_feature(struct elf_parser *p, const uint8_t *name,
                         uint64_t length)
{
    bool required = length > 0 && name[0] == '!';

    if (required) {
        name++;
        length--;
    }
    for (size_t i = 0; i < ARRAY_SIZE(feature_names); i++) {
        if (!text_is(name, length, feature_names[i].name)) {
            continue;
        }
        if (required && !feature_names[i].offered) {
            return refuse(p, "needs the feature '%s', which is not offered",
                          feature_names[i].name);
        }
        p->image->features |= 1u << feature_names[i].bit;
        return 0;
    }
    if (required) {
        return refuse(p, "needs the feature '%.*s', which nobody here knows",
                      (int)min_u64(length, 40), (const char *)name);
    }
    return 0;
}

/* name|!name|... */
static int parse_features(struct elf_parser *p, const uint8_t *text,
                          uint64_t length)
{
    uint64_t start = 0;

    for (uint64_t i = 0; i <= length; i++) {
        bool end = i == length || text[i] == '\0';
        int err;

        if (!end && text[i] != '|') {
            continue;
        }
        err = i > start ? parse_feature(p, text + start, i - start) : 0;
        if (err || end) {
            return err;
        }
        start = i + 1;
    }
    return 0;
}

/* yes, no, bimodal, yes[extended-cr3]: only matters to 32-bit kernels. */
static void parse_pae(struct elf_parser *p, const uint8_t *text,
                      uint64_t length)
{
    static const char word[] = "extended-cr3";

    for (uint64_t i = 0; i + sizeof(word) - 1 <= length; i++) {
        p->image->pae_extended_cr3 |=
            memcmp(text + i, word, sizeof(word) - 1) == 0;
    }
}

/* --- notes ---------------------------------------------------------------- */

static int note_number(struct elf_parser *p, uint32_t type, const uint8_t *desc,
                       uint64_t length, uint64_t *value)
{
    *value = 0;
    if (length != 4 && length != 8) {
        return refuse(p, "has a Xen note of type %u with %lu bytes where a "
                      "number of 4 or 8 is expected", type, length);
    }
    memcpy(value, desc, length);
    return 0;
}

static void number_set(struct elf_parser *p, uint32_t type, uint64_t value)
{
    struct elf_image *image = p->image;

    switch (type) {
    case XEN_ELFNOTE_ENTRY:
        image->entry = value;
        p->has_entry = true;
        break;
    case XEN_ELFNOTE_HYPERCALL_PAGE:
        image->hypercall_page = value;
        image->has_hypercall_page = true;
        break;
    case XEN_ELFNOTE_VIRT_BASE:
        image->virt_base = value;
        break;
    case XEN_ELFNOTE_PADDR_OFFSET:
        p->paddr_offset = value;
        p->has_paddr_offset = true;
        break;
    case XEN_ELFNOTE_INIT_P2M:
        image->init_p2m = value;
        image->has_init_p2m = true;
        break;
    case XEN_ELFNOTE_MOD_START_PFN:
        image->unmapped_ramdisk = value != 0;
        break;
    case XEN_ELFNOTE_SUPPORTED_FEATURES:
        image->features |= (uint32_t)value;
        image->d0_capable = (value & (1u << XENFEAT_dom0)) != 0;
        break;
    default:
        break;
    }
}

static int parse_note(struct elf_parser *p, uint32_t type, const uint8_t *desc,
                      uint64_t length)
{
    struct elf_image *image = p->image;
    uint64_t value;
    int err;

    switch (type) {
    case XEN_ELFNOTE_ENTRY:
    case XEN_ELFNOTE_HYPERCALL_PAGE:
    case XEN_ELFNOTE_VIRT_BASE:
    case XEN_ELFNOTE_PADDR_OFFSET:
    case XEN_ELFNOTE_INIT_P2M:
    case XEN_ELFNOTE_MOD_START_PFN:
    case XEN_ELFNOTE_SUPPORTED_FEATURES:
        err = note_number(p, type, desc, length, &value);
        if (!err) {
            number_set(p, type, value);
        }
        return err;
    case XEN_ELFNOTE_XEN_VERSION:
        copy_text(image->xen_version, ELF_TEXT_MAX, desc, length);
        return 0;
    case XEN_ELFNOTE_GUEST_OS:
        copy_text(image->guest_os, ELF_TEXT_MAX, desc, length);
        return 0;
    case XEN_ELFNOTE_GUEST_VERSION:
        copy_text(image->guest_version, ELF_TEXT_MAX, desc, length);
        return 0;
    case XEN_ELFNOTE_LOADER:
        copy_text(image->loader, ELF_TEXT_MAX, desc, length);
        return 0;
    case XEN_ELFNOTE_PAE_MODE:
        parse_pae(p, desc, length);
        return 0;
    case XEN_ELFNOTE_FEATURES:
        return parse_features(p, desc, length);
    default:
        return 0; /* for other readers: debuggers, savers, PVH loaders */
    }
}

static bool owner_is_xen(const uint8_t *name, uint32_t length)
{
    return length == 4 && memcmp(name, "Xen", 4) == 0;
}

/* A sequence of notes; the caller has checked that it is inside the file. */
static int parse_notes(struct elf_parser *p, uint64_t offset, uint64_t size,
                       uint64_t align)
{
    uint64_t at = 0;

    align = align == 8 ? 8 : 4;
    while (size - at >= sizeof(struct note_header)) {
        struct note_header note;
        const uint8_t *bytes = p->file + offset;
        uint64_t name, desc, next;

        memcpy(&note, bytes + at, sizeof(note));
        name = at + sizeof(note);
        desc = round_up(name + note.namesz, align);
        next = desc + note.descsz;
        if (next > size) {
            return refuse(p, "has a note that runs past its segment");
        }
        if (owner_is_xen(bytes + name, note.namesz)) {
            int err = parse_note(p, note.type, bytes + desc, note.descsz);

            if (err) {
                return err;
            }
            p->found_notes = true;
        }
        at = min_u64(round_up(next, align), size);
    }
    return 0;
}

static int notes_from_segments(struct elf_parser *p)
{
    for (unsigned int i = 0; i < p->header.phnum; i++) {
        struct program_header ph;
        int err;

        if (!elf_fetch(p, p->header.phoff + i * sizeof(ph), &ph, sizeof(ph))) {
            break; /* can not be: load_segments read them all */
        }
        if (ph.type != PT_NOTE) {
            continue;
        }
        if (!elf_in_file(p, ph.offset, ph.filesz)) {
            return refuse(p, "has notes outside the file (segment %u): is it "
                          "cut off?", i);
        }
        err = parse_notes(p, ph.offset, ph.filesz, ph.align);
        if (err) {
            return err;
        }
    }
    return 0;
}

/* Section i, if it is there and its contents are in the file. */
static bool fetch_section(const struct elf_parser *p, unsigned int i,
                          struct section_header *sh)
{
    uint64_t offset = p->header.shoff + i * sizeof(*sh);

    if (p->header.shentsize != sizeof(*sh) || i >= p->header.shnum ||
        offset < p->header.shoff) {
        return false;
    }
    return elf_fetch(p, offset, sh, sizeof(*sh)) && sh->type != SHT_NOBITS &&
           elf_in_file(p, sh->offset, sh->size);
}

static int notes_from_sections(struct elf_parser *p)
{
    for (unsigned int i = 0; i < p->header.shnum; i++) {
        struct section_header sh;
        int err;

        if (!fetch_section(p, i, &sh) || sh.type != SHT_NOTE) {
            continue;
        }
        err = parse_notes(p, sh.offset, sh.size, sh.addralign);
        if (err) {
            return err;
        }
    }
    return 0;
}

/* --- the __xen_guest text ------------------------------------------------- */

static int digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static int text_number(struct elf_parser *p, const char *name,
                       const uint8_t *text, uint64_t length, uint64_t *value)
{
    unsigned int base = 10;
    uint64_t i = 0;

    if (length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x') {
        base = 16;
        i = 2;
    }
    *value = 0;
    for (; i < length; i++) {
        unsigned int digit = (unsigned int)digit_value(text[i]);

        if (digit >= base || *value > (UINT64_MAX - digit) / base) {
            break;
        }
        *value = *value * base + digit;
    }
    if (i < length || length == 0) {
        return refuse(p, "has '%s=%.*s' in its __xen_guest section, which is "
                      "no number", name, (int)min_u64(length, 30),
                      (const char *)text);
    }
    return 0;
}

static const struct {
    const char *name;
    uint32_t type;
    bool number;
} text_names[] = {
    { "LOADER", XEN_ELFNOTE_LOADER, false },
    { "GUEST_OS", XEN_ELFNOTE_GUEST_OS, false },
    { "GUEST_VER", XEN_ELFNOTE_GUEST_VERSION, false },
    { "XEN_VER", XEN_ELFNOTE_XEN_VERSION, false },
    { "PAE", XEN_ELFNOTE_PAE_MODE, false },
    { "FEATURES", XEN_ELFNOTE_FEATURES, false },
    { "VIRT_BASE", XEN_ELFNOTE_VIRT_BASE, true },
    { "VIRT_ENTRY", XEN_ELFNOTE_ENTRY, true },
    { "ELF_PADDR_OFFSET", XEN_ELFNOTE_PADDR_OFFSET, true },
    { "HYPERCALL_PAGE", XEN_ELFNOTE_HYPERCALL_PAGE, true },
};

/* NAME=VALUE or NAME; unknown names are ignored. */
static int parse_text_item(struct elf_parser *p, const uint8_t *item,
                           uint64_t length)
{
    uint64_t name = 0;
    const uint8_t *value;

    while (name < length && item[name] != '=') {
        name++;
    }
    value = item + min_u64(name + 1, length);
    for (size_t i = 0; i < ARRAY_SIZE(text_names); i++) {
        uint64_t value_length = (uint64_t)(item + length - value);
        uint64_t number;
        int err;

        if (!text_is(item, name, text_names[i].name)) {
            continue;
        }
        if (!text_names[i].number) {
            return parse_note(p, text_names[i].type, value, value_length);
        }
        err = text_number(p, text_names[i].name, value, value_length, &number);
        if (!err && text_names[i].type == XEN_ELFNOTE_HYPERCALL_PAGE) {
            p->hypercall_page_index = number;
            p->has_hypercall_page_index = true;
        } else if (!err) {
            number_set(p, text_names[i].type, number);
        }
        return err;
    }
    return 0;
}

static int parse_text(struct elf_parser *p, const uint8_t *text,
                      uint64_t length)
{
    uint64_t start = 0;

    p->found_notes = true;
    for (uint64_t i = 0; i <= length; i++) {
        bool end = i == length || text[i] == '\0';
        int err;

        if (!end && text[i] != ',') {
            continue;
        }
        err = parse_text_item(p, text + start, i - start);
        if (err || end) {
            return err;
        }
        start = i + 1;
    }
    return 0;
}

static bool section_is_named(const struct elf_parser *p,
                             const struct section_header *names,
                             const struct section_header *sh,
                             const char *name)
{
    uint64_t length = strlen(name) + 1;

    return sh->name < names->size && length <= names->size - sh->name &&
           memcmp(p->file + names->offset + sh->name, name, length) == 0;
}

static int notes_from_text(struct elf_parser *p)
{
    struct section_header names;

    if (!fetch_section(p, p->header.shstrndx, &names)) {
        return 0;
    }
    for (unsigned int i = 0; i < p->header.shnum; i++) {
        struct section_header sh;

        if (fetch_section(p, i, &sh) &&
            section_is_named(p, &names, &sh, "__xen_guest")) {
            return parse_text(p, p->file + sh.offset, sh.size);
        }
    }
    return 0;
}

int elf_find_notes(struct elf_parser *p)
{
    static int (*const forms[])(struct elf_parser *p) = {
        [ELF_NOTES_HEADER] = notes_from_segments,
        [ELF_NOTES_SECTION] = notes_from_sections,
        [ELF_NOTES_TEXT] = notes_from_text,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
        int err = forms[i](p);

        if (err) {
            return err;
        }
        if (p->found_notes) {
            p->image->notes_from = (enum elf_notes_from)i;
            return 0;
        }
    }
    return refuse(p, "has no Xen notes, so it is not built for Xen PV (Linux "
                  "needs CONFIG_XEN_PV)");
}

