/* SPDX-License-Identifier: MIT */
/*
 * Reads a guest kernel's ELF file: what to load where, and what the kernel
 * says of itself in its Xen notes.
 *
 * The file is a stranger's. The parser touches no memory but the file's bytes
 * and its result, keeps every offset and sum checked, and is linear in the
 * size of the tables it reads; a fuzzer may feed it anything.
 *
 *   E1  nothing of the file is read before a range check against its size
 *   E2  each number is copied out of the file once, then used from the copy
 *   E3  a segment in the result is inside the file, does not wrap, and does
 *       not overlap another one in memory
 *   E4  whatever is refused is refused with a sentence
 *
 * Where a segment goes: by its physical address, not by its virtual one
 * (Linux has a segment with virtual address 0). Physical address PADDR_OFFSET
 * is pfn 0, and pfn 0 is mapped at VIRT_BASE.
 *
 * Notes came in three forms over the years: in a PT_NOTE segment; in a
 * section of type SHT_NOTE; and, oldest, as one text in a section called
 * __xen_guest. The first form that is there counts. Both numbers VIRT_BASE
 * and ENTRY may be missing (0, and the entry of the ELF header). In the text
 * form HYPERCALL_PAGE counts pages from VIRT_BASE, and PADDR_OFFSET defaults
 * to VIRT_BASE because such old files had virtual addresses in p_paddr.
 *
 * A feature that the kernel marks as indispensable ('!') must be one we know.
 * writable_page_tables is let pass although it is not offered: Linux demands
 * it, and means the VM assist of the same name, which it then asks for.
 */
#include <hv/console.h>
#include <hv/elf.h>
#include <hv/util.h>
#include <xen/elfnote.h>
#include <xen/errno.h>
#include <xen/features.h>

/* --- the file format (System V gABI, chapters 4 and 5) ---------------------- */

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

struct note_header {
    uint32_t namesz, descsz, type;
};

enum { EI_CLASS = 4, EI_DATA = 5, ELFCLASS32 = 1, ELFCLASS64 = 2,
       ELFDATA2LSB = 1, ET_EXEC = 2, ET_DYN = 3, EM_X86_64 = 62,
       PT_LOAD = 1, PT_NOTE = 4, SHT_NOTE = 7, SHT_NOBITS = 8 };

/* --- the parser -------------------------------------------------------------- */

struct parser {
    const uint8_t *file;
    uint64_t size;
    struct elf_header header;
    struct elf_image *image;
    bool found_notes;
    bool has_entry, has_paddr_offset;
    uint64_t paddr_offset;
    uint64_t hypercall_page_index;  /* of the text form */
    bool has_hypercall_page_index;
    char *why;
    size_t why_size;
};

static int PRINTF_LIKE(2, 3) refuse(struct parser *p, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintk(p->why, p->why_size, fmt, ap);
    va_end(ap);
    return -XEN_EINVAL;
}

/* E1 */
static bool in_file(const struct parser *p, uint64_t offset, uint64_t length)
{
    return offset <= p->size && length <= p->size - offset;
}

/* E2; the file need not be aligned in memory. False: outside the file. */
static bool fetch(const struct parser *p, uint64_t offset, void *to,
                  uint64_t length)
{
    if (!in_file(p, offset, length)) {
        return false;
    }
    memcpy(to, p->file + offset, length);
    return true;
}

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

/* --- features ------------------------------------------------------------------ */

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

static int parse_feature(struct parser *p, const uint8_t *name,
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
static int parse_features(struct parser *p, const uint8_t *text,
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
static void parse_pae(struct parser *p, const uint8_t *text, uint64_t length)
{
    static const char word[] = "extended-cr3";

    for (uint64_t i = 0; i + sizeof(word) - 1 <= length; i++) {
        p->image->pae_extended_cr3 |=
            memcmp(text + i, word, sizeof(word) - 1) == 0;
    }
}

/* --- notes ----------------------------------------------------------------------- */

static int note_number(struct parser *p, uint32_t type, const uint8_t *desc,
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

static void number_set(struct parser *p, uint32_t type, uint64_t value)
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

static int parse_note(struct parser *p, uint32_t type, const uint8_t *desc,
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
static int parse_notes(struct parser *p, uint64_t offset, uint64_t size,
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

static int notes_from_segments(struct parser *p)
{
    for (unsigned int i = 0; i < p->header.phnum; i++) {
        struct program_header ph;
        int err;

        if (!fetch(p, p->header.phoff + i * sizeof(ph), &ph, sizeof(ph))) {
            break; /* can not be: load_segments read them all */
        }
        if (ph.type != PT_NOTE) {
            continue;
        }
        if (!in_file(p, ph.offset, ph.filesz)) {
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
static bool fetch_section(const struct parser *p, unsigned int i,
                          struct section_header *sh)
{
    uint64_t offset = p->header.shoff + i * sizeof(*sh);

    if (p->header.shentsize != sizeof(*sh) || i >= p->header.shnum ||
        offset < p->header.shoff) {
        return false;
    }
    return fetch(p, offset, sh, sizeof(*sh)) && sh->type != SHT_NOBITS &&
           in_file(p, sh->offset, sh->size);
}

static int notes_from_sections(struct parser *p)
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

/* --- the __xen_guest text -------------------------------------------------------- */

static int digit_value(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

static int text_number(struct parser *p, const char *name,
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
static int parse_text_item(struct parser *p, const uint8_t *item,
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

static int parse_text(struct parser *p, const uint8_t *text, uint64_t length)
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

static bool section_is_named(const struct parser *p,
                             const struct section_header *names,
                             const struct section_header *sh,
                             const char *name)
{
    uint64_t length = strlen(name) + 1;

    return sh->name < names->size && length <= names->size - sh->name &&
           memcmp(p->file + names->offset + sh->name, name, length) == 0;
}

static int notes_from_text(struct parser *p)
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

static int find_notes(struct parser *p)
{
    static int (*const forms[])(struct parser *p) = {
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

/* --- header and segments ----------------------------------------------------------- */

static int check_magic(struct parser *p)
{
    uint8_t setup[4];
    uint8_t magic[4];

    if (!fetch(p, 0, magic, sizeof(magic))) {
        return refuse(p, "is not an ELF file: it has only %lu bytes", p->size);
    }
    if (memcmp(magic, "\177ELF", 4) == 0) {
        return 0;
    }
    if (magic[0] == 0x1f && magic[1] == 0x8b) {
        return refuse(p, "is compressed with gzip: unpack it first");
    }
    if (fetch(p, 0x202, setup, sizeof(setup)) &&
        memcmp(setup, "HdrS", 4) == 0) {
        return refuse(p, "is a Linux bzImage: unpack the ELF file inside it "
                      "first");
    }
    return refuse(p, "is not an ELF file");
}

static int check_header(struct parser *p)
{
    const struct elf_header *h = &p->header;
    int err = check_magic(p);

    if (err) {
        return err;
    }
    if (p->size > EI_CLASS && p->file[EI_CLASS] == ELFCLASS32) {
        return refuse(p, "is a 32-bit ELF file; only 64-bit guests can start "
                      "yet");
    }
    if (!fetch(p, 0, &p->header, sizeof(p->header))) {
        return refuse(p, "ends inside its ELF header: is it cut off?");
    }
    if (h->ident[EI_CLASS] != ELFCLASS64 || h->ident[EI_DATA] != ELFDATA2LSB) {
        return refuse(p, "is not a 64-bit little-endian ELF file");
    }
    if (h->machine != EM_X86_64) {
        return refuse(p, "is built for another machine (ELF machine %u, "
                      "x86-64 is %u)", h->machine, EM_X86_64);
    }
    if (h->type != ET_EXEC && h->type != ET_DYN) {
        return refuse(p, "is not an executable (ELF type %u): link it first",
                      h->type);
    }
    if (h->phentsize != sizeof(struct program_header) || h->phnum == 0) {
        return refuse(p, "has no usable program headers");
    }
    if (!in_file(p, h->phoff, h->phnum * sizeof(struct program_header))) {
        return refuse(p, "has its program headers outside the file: is it cut "
                      "off?");
    }
    return 0;
}

/* One PT_LOAD; its place is final only when PADDR_OFFSET is known. */
static int add_segment(struct parser *p, unsigned int index,
                       const struct program_header *ph)
{
    struct elf_image *image = p->image;
    struct elf_segment *s;

    if (!in_file(p, ph->offset, ph->filesz)) {
        return refuse(p, "has segment %u outside the file: is it cut off?",
                      index);
    }
    if (ph->filesz > ph->memsz) {
        return refuse(p, "has segment %u with more bytes in the file (%lu) "
                      "than in memory (%lu)", index, ph->filesz, ph->memsz);
    }
    if (ph->paddr + ph->memsz < ph->paddr) {
        return refuse(p, "has segment %u wrapping round the end of memory",
                      index);
    }
    if (image->segment_count == ELF_SEGMENTS_MAX) {
        return refuse(p, "has more than %u segments to load",
                      ELF_SEGMENTS_MAX);
    }
    s = &image->segments[image->segment_count++];
    s->file_offset = ph->offset;
    s->file_size = ph->filesz;
    s->offset = ph->paddr;
    s->memory_size = ph->memsz;
    return 0;
}

static int load_segments(struct parser *p)
{
    for (unsigned int i = 0; i < p->header.phnum; i++) {
        struct program_header ph;
        int err;

        if (!fetch(p, p->header.phoff + i * sizeof(ph), &ph, sizeof(ph)) ||
            ph.type != PT_LOAD || ph.memsz == 0) {
            continue;
        }
        err = add_segment(p, i, &ph);
        if (err) {
            return err;
        }
    }
    if (p->image->segment_count == 0) {
        return refuse(p, "has no segment to load");
    }
    return 0;
}

static bool segments_overlap(const struct elf_segment *a,
                             const struct elf_segment *b)
{
    return a->offset < b->offset + b->memory_size &&
           b->offset < a->offset + a->memory_size;
}

/* E3: from physical addresses to offsets from VIRT_BASE. */
static int place_segments(struct parser *p)
{
    struct elf_image *image = p->image;

    for (unsigned int i = 0; i < image->segment_count; i++) {
        struct elf_segment *s = &image->segments[i];
        uint64_t end;

        if (s->offset < p->paddr_offset) {
            return refuse(p, "has a segment at %lx, below its PADDR_OFFSET "
                          "%lx", s->offset, p->paddr_offset);
        }
        s->offset -= p->paddr_offset;
        end = s->offset + s->memory_size;
        if (image->virt_base + end < image->virt_base) {
            return refuse(p, "has a segment that wraps round the end of the "
                          "address space (VIRT_BASE %lx)", image->virt_base);
        }
        for (unsigned int k = 0; k < i; k++) {
            if (segments_overlap(&image->segments[k], s)) {
                return refuse(p, "has overlapping segments (at %lx and %lx "
                              "from VIRT_BASE)", image->segments[k].offset,
                              s->offset);
            }
        }
        image->end_offset = max_u64(image->end_offset, end);
    }
    return 0;
}

/* --- what the notes must agree on -------------------------------------------------- */

static void apply_defaults(struct parser *p)
{
    struct elf_image *image = p->image;

    if (!p->has_paddr_offset && image->notes_from == ELF_NOTES_TEXT) {
        p->paddr_offset = image->virt_base;
    }
    if (!p->has_entry) {
        image->entry = p->header.entry;
    }
    if (p->has_hypercall_page_index) {
        image->has_hypercall_page = true;
        image->hypercall_page = image->virt_base +
                                (p->hypercall_page_index << PAGE_SHIFT);
    }
}

static int check_identity(struct parser *p)
{
    const struct elf_image *image = p->image;

    if (strncmp(image->xen_version, "xen-3.0", 7) != 0) {
        return refuse(p, "is not built for Xen PV: its note XEN_VERSION is "
                      "'%s', not 'xen-3.0'", image->xen_version);
    }
    if (strncmp(image->loader, "generic", 7) != 0 &&
        strncmp(image->guest_os, "linux", 5) != 0) {
        return refuse(p, "asks for the loader '%s'; there is only 'generic'",
                      image->loader);
    }
    return 0;
}

static bool in_image(const struct elf_image *image, uint64_t address)
{
    return address >= image->virt_base &&
           address - image->virt_base < image->end_offset;
}

static int check_addresses(struct parser *p)
{
    const struct elf_image *image = p->image;

    if ((image->virt_base & ~PAGE_MASK) != 0) {
        return refuse(p, "has a VIRT_BASE inside a page: %lx",
                      image->virt_base);
    }
    if (!in_image(image, image->entry)) {
        return refuse(p, "has its entry %lx outside the image", image->entry);
    }
    if (image->has_hypercall_page &&
        ((image->hypercall_page & ~PAGE_MASK) != 0 ||
         !in_image(image, image->hypercall_page))) {
        return refuse(p, "has its HYPERCALL_PAGE %lx outside the image or "
                      "inside a page", image->hypercall_page);
    }
    if (image->has_init_p2m && (image->init_p2m & ~PAGE_MASK) != 0) {
        return refuse(p, "has an INIT_P2M inside a page: %lx",
                      image->init_p2m);
    }
    return 0;
}

int elf_parse(const void *file, uint64_t size, struct elf_image *out,
              char *why, size_t why_size)
{
    static int (*const steps[])(struct parser *p) = {
        check_header, load_segments, find_notes,
    };
    struct parser p = {
        .file = file, .size = size, .image = out,
        .why = why, .why_size = why_size,
    };
    int err = 0;

    *out = (struct elf_image){ .d0_capable = true };
    for (unsigned int i = 0; i < ARRAY_SIZE(steps) && !err; i++) {
        err = steps[i](&p);
    }
    if (err) {
        return err;
    }
    apply_defaults(&p);
    err = check_identity(&p);
    if (!err) {
        err = place_segments(&p);
    }
    return err ? err : check_addresses(&p);
}
