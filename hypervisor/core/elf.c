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
 * The notes (elf_notes.c) may leave out VIRT_BASE (0), ENTRY (the entry of the
 * ELF header) and PADDR_OFFSET (0; in the oldest form VIRT_BASE, because such
 * files had virtual addresses in p_paddr).
 */
#include "elf_parser.h"

/* --- header and segments -------------------------------------------------- */

static int check_magic(struct elf_parser *p)
{
    uint8_t setup[4];
    uint8_t magic[4];

    if (!elf_fetch(p, 0, magic, sizeof(magic))) {
        return refuse(p, "is not an ELF file: it has only %lu bytes", p->size);
    }
    if (memcmp(magic, "\177ELF", 4) == 0) {
        return 0;
    }
    if (magic[0] == 0x1f && magic[1] == 0x8b) {
        return refuse(p, "is compressed with gzip: unpack it first");
    }
    if (elf_fetch(p, 0x202, setup, sizeof(setup)) &&
        memcmp(setup, "HdrS", 4) == 0) {
        return refuse(p, "is a Linux bzImage: unpack the ELF file inside it "
                      "first");
    }
    return refuse(p, "is not an ELF file");
}

static int check_header(struct elf_parser *p)
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
    if (!elf_fetch(p, 0, &p->header, sizeof(p->header))) {
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
    if (!elf_in_file(p, h->phoff, h->phnum * sizeof(struct program_header))) {
        return refuse(p, "has its program headers outside the file: is it cut "
                      "off?");
    }
    return 0;
}

/* One PT_LOAD; its place is final only when PADDR_OFFSET is known. */
static int add_segment(struct elf_parser *p, unsigned int index,
                       const struct program_header *ph)
{
    struct elf_image *image = p->image;
    struct elf_segment *s;

    if (!elf_in_file(p, ph->offset, ph->filesz)) {
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

static int load_segments(struct elf_parser *p)
{
    for (unsigned int i = 0; i < p->header.phnum; i++) {
        struct program_header ph;
        int err;

        if (!elf_fetch(p, p->header.phoff + i * sizeof(ph), &ph, sizeof(ph)) ||
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
static int place_segments(struct elf_parser *p)
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

/* --- what the notes must agree on ----------------------------------------- */

static void apply_defaults(struct elf_parser *p)
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

static int check_identity(struct elf_parser *p)
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

static int check_addresses(struct elf_parser *p)
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
    static int (*const steps[])(struct elf_parser *p) = {
        check_header, load_segments, elf_find_notes,
    };
    struct elf_parser p = {
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
