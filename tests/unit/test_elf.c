/* SPDX-License-Identifier: MIT */
/*
 * Claims about core/elf.c. A good file is generated and understood; then one
 * field is spoilt and the file must be refused with a sentence about it. The
 * last claims spoil bytes and lengths blindly: under the sanitizers every
 * read outside the file is an error, so the file's copy has its exact size.
 */
#include <stdlib.h>

#include <hv/elf.h>
#include <xen/errno.h>
#include <xen/features.h>

#include "elf_file.h"
#include "test_main.h"

#define BASE 0xffffffff80000000ull

static struct elf_file f;
static struct elf_image image;
static char why[200];

/* Parses the first `size` bytes, in a block of their own. */
static int parse_bytes(uint64_t size)
{
    uint8_t *copy = malloc(size + 1);
    int err;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy + 1, f.bytes, size); /* at an odd address, too */
    why[0] = '\0';
    err = elf_parse(copy + 1, size, &image, why, sizeof(why));
    free(copy);
    return err;
}

static int parse(void)
{
    return parse_bytes(f.size);
}

static void expect_ok(void)
{
    int err = parse();

    ck_assert_msg(err == 0, "refused: %s", why);
}

static void expect_refused(const char *words)
{
    ck_assert_int_eq(parse(), -XEN_EINVAL);
    ck_assert_msg(strstr(why, words) != NULL, "'%s' is not in: %s", words,
                  why);
}

/* Two segments, the second with more memory than file; not yet finished. */
static void begin_good(void)
{
    elf_begin(&f);
    elf_load(&f, 0x1000, "0123456789abcdef", 16, 0x800);
    elf_load(&f, 0x3000, "second", 6, 0x2345);
    elf_header(&f)->e_entry = 0xdead;
    elf_note_identity(&f);
    elf_note_number(&f, XEN_ELFNOTE_VIRT_BASE, BASE);
    elf_note_number(&f, XEN_ELFNOTE_ENTRY, BASE + 0x1010);
}

static void good(void)
{
    begin_good();
    elf_finish(&f, NOTES_IN_SEGMENT);
}

/* --- what is understood --------------------------------------------------- */

START_TEST(segments_go_by_physical_address)
{
    good();
    expect_ok();
    ck_assert_uint_eq(image.segment_count, 2);
    ck_assert_uint_eq(image.segments[0].offset, 0x1000);
    ck_assert_uint_eq(image.segments[0].file_offset, ELF_DATA_AT);
    ck_assert_uint_eq(image.segments[0].file_size, 16);
    ck_assert_uint_eq(image.segments[0].memory_size, 0x800);
    ck_assert_uint_eq(image.segments[1].offset, 0x3000);
    ck_assert_uint_eq(image.end_offset, 0x5345);
    ck_assert_uint_eq(image.virt_base, BASE);
    ck_assert_uint_eq(image.entry, BASE + 0x1010);
    ck_assert(!image.has_hypercall_page && !image.has_init_p2m);
    ck_assert(!image.unmapped_ramdisk);
    ck_assert(image.d0_capable);
    ck_assert_str_eq(image.guest_os, "test");
}
END_TEST

START_TEST(paddr_offset_is_where_pfn_0_is)
{
    begin_good();
    elf_note_number(&f, XEN_ELFNOTE_PADDR_OFFSET, 0x1000);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_ok();
    ck_assert_uint_eq(image.segments[0].offset, 0);
    ck_assert_uint_eq(image.end_offset, 0x4345);
}
END_TEST

START_TEST(virt_base_and_entry_may_be_missing)
{
    elf_begin(&f);
    elf_load(&f, 0x1000, "x", 1, 0x1000);
    elf_header(&f)->e_entry = 0x1234;
    elf_note_identity(&f);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_ok();
    ck_assert_uint_eq(image.virt_base, 0);
    ck_assert_uint_eq(image.entry, 0x1234);
}
END_TEST

START_TEST(all_notes_are_read)
{
    uint32_t four_bytes = 1;

    begin_good();
    elf_note_number(&f, XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x3000);
    elf_note_number(&f, XEN_ELFNOTE_INIT_P2M, 0x8000000000);
    elf_note(&f, "Xen", XEN_ELFNOTE_MOD_START_PFN, &four_bytes, 4);
    elf_note_number(&f, XEN_ELFNOTE_SUPPORTED_FEATURES, 0x8801);
    elf_note_text(&f, XEN_ELFNOTE_PAE_MODE, "yes[extended-cr3]");
    elf_note_text(&f, XEN_ELFNOTE_GUEST_VERSION, "2.6");
    elf_note_text(&f, XEN_ELFNOTE_FEATURES,
                  "!writable_page_tables|pae_pgdir_above_4gb");
    elf_note_number(&f, XEN_ELFNOTE_PHYS32_ENTRY, 0x1000850);
    elf_note_number(&f, 4711, 1);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_ok();
    ck_assert(image.has_hypercall_page && image.has_init_p2m);
    ck_assert_uint_eq(image.hypercall_page, BASE + 0x3000);
    ck_assert_uint_eq(image.init_p2m, 0x8000000000);
    ck_assert(image.unmapped_ramdisk);
    ck_assert(image.pae_extended_cr3);
    ck_assert(image.d0_capable);
    ck_assert_uint_eq(image.features, 0x8811);
    ck_assert_str_eq(image.guest_version, "2.6");
}
END_TEST

START_TEST(a_kernel_may_say_that_it_can_not_be_d0)
{
    begin_good();
    elf_note_number(&f, XEN_ELFNOTE_SUPPORTED_FEATURES, 1);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_ok();
    ck_assert(!image.d0_capable);
}
END_TEST

START_TEST(notes_of_other_owners_are_ignored)
{
    uint64_t other = 0x1111;

    elf_begin(&f);
    elf_load(&f, 0x1000, "x", 1, 0x1000);
    elf_note(&f, "GNU", XEN_ELFNOTE_VIRT_BASE, &other, 8);
    elf_note(&f, "Xenios", XEN_ELFNOTE_ENTRY, &other, 8);
    elf_note(&f, "Xe", XEN_ELFNOTE_ENTRY, &other, 8);
    elf_note(&f, "", 3, "", 0);
    elf_note_identity(&f);
    elf_note_number(&f, XEN_ELFNOTE_VIRT_BASE, BASE);
    elf_note_number(&f, XEN_ELFNOTE_ENTRY, BASE + 0x1000);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_ok();
    ck_assert_uint_eq(image.entry, BASE + 0x1000);
}
END_TEST

START_TEST(notes_are_found_in_sections_too)
{
    begin_good();
    elf_finish(&f, NOTES_IN_SECTION);
    expect_ok();
    ck_assert_int_eq(image.notes_from, ELF_NOTES_SECTION);
    ck_assert_uint_eq(image.entry, BASE + 0x1010);
}
END_TEST

START_TEST(notes_in_a_segment_come_before_those_in_a_section)
{
    begin_good();
    elf_finish(&f, NOTES_IN_SEGMENT);
    elf_put_sections(&f, SHT_NOTE, ".note.Xen");
    expect_ok();
    ck_assert_int_eq(image.notes_from, ELF_NOTES_HEADER);
}
END_TEST

START_TEST(a_note_segment_without_xen_notes_does_not_end_the_search)
{
    static const struct {
        uint32_t namesz, descsz, type;
        char name[4];
        uint64_t desc;
    } gnu = { 4, 8, 1, "GNU", 0 };
    Elf64_Phdr *ph;

    begin_good();
    ph = elf_load(&f, 0, &gnu, sizeof(gnu), sizeof(gnu));
    ph->p_type = PT_NOTE;
    elf_finish(&f, NOTES_IN_SECTION);
    expect_ok();
    ck_assert_int_eq(image.notes_from, ELF_NOTES_SECTION);
}
END_TEST

START_TEST(the_old_text_form_is_understood)
{
    elf_begin(&f);
    elf_load(&f, BASE + 0x1000, "x", 1, 0x3000);
    elf_guest_text(&f, "GUEST_OS=linux,GUEST_VER=2.6,XEN_VER=xen-3.0,"
                   "VIRT_BASE=0xffffffff80000000,"
                   "VIRT_ENTRY=0xffffffff80001200,"
                   "HYPERCALL_PAGE=0x2,PAE=yes[extended-cr3],"
                   "FEATURES=writable_page_tables|dom0,LOADER=generic,"
                   "BSD_SYMTAB,UNKNOWN=1");
    elf_finish(&f, NOTES_AS_TEXT);
    expect_ok();
    ck_assert_int_eq(image.notes_from, ELF_NOTES_TEXT);
    ck_assert_uint_eq(image.virt_base, BASE);
    ck_assert_uint_eq(image.entry, BASE + 0x1200);
    ck_assert_uint_eq(image.hypercall_page, BASE + 0x2000);
    ck_assert(image.pae_extended_cr3);
    ck_assert_uint_eq(image.segments[0].offset, 0x1000);
    ck_assert_str_eq(image.guest_os, "linux");
    ck_assert_str_eq(image.guest_version, "2.6");
    ck_assert_uint_eq(image.features, (1u << XENFEAT_dom0) | 1u);
}
END_TEST

START_TEST(in_the_text_form_the_page_counts_from_virt_base_in_any_order)
{
    elf_begin(&f);
    elf_load(&f, 0x1000, "x", 1, 0x3000);
    elf_guest_text(&f, "HYPERCALL_PAGE=2,ELF_PADDR_OFFSET=0,XEN_VER=xen-3.0,"
                   "LOADER=generic,VIRT_ENTRY=1074794496,"
                   "VIRT_BASE=0x40100000");
    elf_finish(&f, NOTES_AS_TEXT);
    expect_ok();
    ck_assert_uint_eq(image.entry, 0x40101000);
    ck_assert_uint_eq(image.hypercall_page, 0x40102000);
    ck_assert_uint_eq(image.segments[0].offset, 0x1000);
}
END_TEST

START_TEST(linux_is_let_pass_without_a_loader_note)
{
    elf_begin(&f);
    elf_load(&f, 0, "x", 1, 0x3000);
    elf_note_text(&f, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(&f, XEN_ELFNOTE_GUEST_OS, "linux");
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_ok();
}
END_TEST

START_TEST(empty_segments_are_skipped)
{
    begin_good();
    elf_load(&f, ~0ull, "", 0, 0);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_ok();
    ck_assert_uint_eq(image.segment_count, 2);
}
END_TEST

START_TEST(segments_may_touch_and_come_in_any_order)
{
    elf_begin(&f);
    elf_load(&f, 0x2000, "x", 1, 0x1000);
    elf_load(&f, 0x1000, "x", 1, 0x1000);
    elf_load(&f, 0x3000, "x", 1, 0x1000);
    elf_header(&f)->e_entry = 0x1000;
    elf_note_identity(&f);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_ok();
    ck_assert_uint_eq(image.end_offset, 0x4000);
}
END_TEST

START_TEST(a_position_independent_file_is_a_file)
{
    good();
    elf_header(&f)->e_type = ET_DYN;
    expect_ok();
}
END_TEST

/* --- what is refused: the header ------------------------------------------ */

START_TEST(what_is_no_elf_file_is_refused)
{
    good();
    f.size = 0;
    expect_refused("only 0 bytes");
    f.size = 3;
    expect_refused("only 3 bytes");
    good();
    memcpy(f.bytes, "# Xe", 4);
    expect_refused("not an ELF");
}
END_TEST

START_TEST(packed_kernels_are_told_apart)
{
    good();
    f.bytes[0] = 0x1f;
    f.bytes[1] = 0x8b;
    expect_refused("gzip");
    good();
    f.bytes[0] = 'M';
    memcpy(f.bytes + 0x202, "HdrS", 4);
    expect_refused("bzImage");
}
END_TEST

START_TEST(a_32_bit_file_is_refused)
{
    good();
    f.bytes[EI_CLASS] = ELFCLASS32;
    expect_refused("32-bit");
    f.size = 52; /* smaller than a 64-bit header */
    expect_refused("32-bit");
}
END_TEST

START_TEST(a_strange_class_or_byte_order_is_refused)
{
    good();
    f.bytes[EI_CLASS] = 7;
    expect_refused("64-bit little-endian");
    good();
    f.bytes[EI_DATA] = ELFDATA2MSB;
    expect_refused("64-bit little-endian");
}
END_TEST

START_TEST(another_machines_file_is_refused)
{
    good();
    elf_header(&f)->e_machine = EM_AARCH64;
    expect_refused("another machine");
}
END_TEST

START_TEST(an_object_or_core_file_is_refused)
{
    good();
    elf_header(&f)->e_type = ET_REL;
    expect_refused("not an executable");
    elf_header(&f)->e_type = ET_CORE;
    expect_refused("not an executable");
}
END_TEST

START_TEST(a_file_cut_in_its_header_is_refused)
{
    good();
    f.size = 63;
    expect_refused("cut off");
}
END_TEST

START_TEST(bad_program_headers_are_refused)
{
    good();
    elf_header(&f)->e_phnum = 0;
    expect_refused("program headers");
    good();
    elf_header(&f)->e_phentsize = 55;
    expect_refused("program headers");
    good();
    elf_header(&f)->e_phoff = f.size - 55;
    expect_refused("program headers outside");
    elf_header(&f)->e_phoff = ~0ull - 8;
    expect_refused("program headers outside");
    good();
    elf_header(&f)->e_phnum = 0xffff;
    expect_refused("program headers outside");
}
END_TEST

/* --- what is refused: segments -------------------------------------------- */

START_TEST(a_file_without_segments_is_refused)
{
    elf_begin(&f);
    elf_note_identity(&f);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_refused("no segment");
}
END_TEST

START_TEST(a_segment_outside_the_file_is_refused)
{
    good();
    elf_segment(&f, 0)->p_offset = f.size - 8;
    expect_refused("outside the file");
    elf_segment(&f, 0)->p_offset = ~0ull - 7;
    expect_refused("outside the file");
    good();
    elf_segment(&f, 0)->p_filesz = ~0ull;
    expect_refused("outside the file");
}
END_TEST

START_TEST(a_segment_with_more_file_than_memory_is_refused)
{
    good();
    elf_segment(&f, 0)->p_memsz = 15;
    expect_refused("than in memory");
}
END_TEST

START_TEST(a_segment_that_wraps_is_refused)
{
    good();
    elf_segment(&f, 1)->p_paddr = ~0ull - 0x1000;
    expect_refused("wrapping");
    good();
    elf_segment(&f, 1)->p_memsz = ~0ull - 0x1000;
    expect_refused("wrapping");
    good(); /* wraps only when VIRT_BASE is added */
    elf_segment(&f, 1)->p_paddr = 0x80000000;
    expect_refused("wraps");
}
END_TEST

START_TEST(overlapping_segments_are_refused)
{
    good();
    elf_segment(&f, 1)->p_paddr = 0x17ff;
    expect_refused("overlapping");
    elf_segment(&f, 1)->p_paddr = 0x1800;
    expect_ok();
    elf_segment(&f, 0)->p_paddr = 0x2000; /* inside the second */
    expect_refused("overlapping");
    elf_segment(&f, 0)->p_paddr = 0x1800; /* the same place */
    expect_refused("overlapping");
}
END_TEST

START_TEST(too_many_segments_are_refused)
{
    elf_begin(&f);
    elf_note_identity(&f);
    for (unsigned int i = 0; i < ELF_SEGMENTS_MAX + 1; i++) {
        elf_load(&f, i * 0x1000, "x", 1, 0x1000);
    }
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_refused("more than 16");
}
END_TEST

START_TEST(a_segment_below_paddr_offset_is_refused)
{
    begin_good();
    elf_note_number(&f, XEN_ELFNOTE_PADDR_OFFSET, 0x1001);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_refused("PADDR_OFFSET");
}
END_TEST

/* --- what is refused: notes ----------------------------------------------- */

START_TEST(a_file_without_xen_notes_is_refused)
{
    begin_good();
    elf_finish(&f, NOTES_NOWHERE);
    expect_refused("no Xen notes");
    elf_put_sections(&f, SHT_PROGBITS, "__xen_gues");
    expect_refused("no Xen notes");
    elf_put_sections(&f, SHT_NOBITS, "__xen_guest");
    expect_refused("no Xen notes");
}
END_TEST

START_TEST(section_headers_outside_the_file_are_no_notes)
{
    begin_good();
    elf_finish(&f, NOTES_IN_SECTION);
    elf_header(&f)->e_shoff = f.size - 10;
    expect_refused("no Xen notes");
    elf_header(&f)->e_shoff = ~0ull - 100;
    expect_refused("no Xen notes");
    elf_header(&f)->e_shoff = ELF_SECTIONS_AT;
    elf_header(&f)->e_shentsize = 63;
    expect_refused("no Xen notes");
    elf_header(&f)->e_shentsize = 64;
    elf_section(&f, 1)->sh_size = ~0ull;
    expect_refused("no Xen notes");
}
END_TEST

START_TEST(bad_section_names_are_no_notes)
{
    elf_begin(&f);
    elf_load(&f, 0, "x", 1, 0x1000);
    elf_guest_text(&f, "XEN_VER=xen-3.0,LOADER=generic");
    elf_finish(&f, NOTES_AS_TEXT);
    expect_ok();
    elf_header(&f)->e_shstrndx = 3;
    expect_refused("no Xen notes");
    elf_header(&f)->e_shstrndx = 2;
    elf_section(&f, 1)->sh_name = 0xffffffff;
    expect_refused("no Xen notes");
    elf_section(&f, 1)->sh_name = 1;
    elf_section(&f, 2)->sh_size = 12; /* the name lacks its last byte */
    expect_refused("no Xen notes");
    elf_section(&f, 2)->sh_size = 13;
    expect_ok();
}
END_TEST

START_TEST(a_note_segment_outside_the_file_is_refused)
{
    good();
    elf_segment(&f, 2)->p_filesz = f.size;
    expect_refused("notes outside");
    elf_segment(&f, 2)->p_offset = ~0ull;
    expect_refused("notes outside");
}
END_TEST

START_TEST(a_note_that_runs_out_of_its_segment_is_refused)
{
    good();
    elf_segment(&f, 2)->p_filesz -= 4;
    expect_refused("past its segment");
    good();
    ((Elf64_Nhdr *)(void *)(f.bytes + ELF_NOTES_AT))->n_namesz = 0xffffffff;
    expect_refused("past its segment");
    good();
    ((Elf64_Nhdr *)(void *)(f.bytes + ELF_NOTES_AT))->n_descsz = 0xffffffff;
    expect_refused("past its segment");
}
END_TEST

START_TEST(a_number_of_a_strange_length_is_refused)
{
    begin_good();
    elf_note(&f, "Xen", XEN_ELFNOTE_INIT_P2M, "abc", 3);
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_refused("4 or 8");
}
END_TEST

START_TEST(another_interface_version_is_refused)
{
    elf_begin(&f);
    elf_load(&f, 0, "x", 1, 0x1000);
    elf_note_text(&f, XEN_ELFNOTE_LOADER, "generic");
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_refused("XEN_VERSION");
    elf_begin(&f);
    elf_load(&f, 0, "x", 1, 0x1000);
    elf_note_text(&f, XEN_ELFNOTE_LOADER, "generic");
    elf_note_text(&f, XEN_ELFNOTE_XEN_VERSION, "xen-2.0");
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_refused("'xen-2.0'");
}
END_TEST

START_TEST(another_loader_is_refused)
{
    elf_begin(&f);
    elf_load(&f, 0, "x", 1, 0x1000);
    elf_note_text(&f, XEN_ELFNOTE_XEN_VERSION, "xen-3.0");
    elf_note_text(&f, XEN_ELFNOTE_LOADER, "lilo");
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_refused("'lilo'");
}
END_TEST

START_TEST(unknown_or_absent_required_features_are_refused)
{
    static const char *const bad[] = {
        "!quantum_leap", "dom0|!quantum_leap", "!supervisor_mode_kernel",
        "!auto_translated_physmap", "!", "!dom", "!dom00",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin_good();
        elf_note_text(&f, XEN_ELFNOTE_FEATURES, bad[i]);
        elf_finish(&f, NOTES_IN_SEGMENT);
        expect_refused("needs the feature");
    }
    begin_good();
    elf_note_text(&f, XEN_ELFNOTE_FEATURES,
                  "quantum_leap||supervisor_mode_kernel|!dom0|");
    elf_finish(&f, NOTES_IN_SEGMENT);
    expect_ok();
}
END_TEST

START_TEST(text_values_that_are_no_numbers_are_refused)
{
    static const char *const bad[] = {
        "VIRT_BASE=", "VIRT_BASE", "VIRT_BASE=0x", "VIRT_BASE=12g",
        "VIRT_BASE=0x10000000000000000", "VIRT_BASE=-1",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        elf_begin(&f);
        elf_load(&f, 0, "x", 1, 0x1000);
        elf_guest_text(&f, bad[i]);
        elf_finish(&f, NOTES_AS_TEXT);
        expect_refused("no number");
    }
}
END_TEST

START_TEST(addresses_outside_the_image_are_refused)
{
    static const struct {
        uint32_t type;
        uint64_t value;
        const char *words;
    } bad[] = {
        { XEN_ELFNOTE_ENTRY, BASE + 0x5345, "entry" },
        { XEN_ELFNOTE_ENTRY, BASE - 1, "entry" },
        { XEN_ELFNOTE_ENTRY, 0, "entry" },
        { XEN_ELFNOTE_VIRT_BASE, BASE + 1, "VIRT_BASE" },
        { XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x6000, "HYPERCALL_PAGE" },
        { XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x1001, "HYPERCALL_PAGE" },
        { XEN_ELFNOTE_HYPERCALL_PAGE, 0x1000, "HYPERCALL_PAGE" },
        { XEN_ELFNOTE_INIT_P2M, 0x8000000010, "INIT_P2M" },
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin_good();
        elf_note_number(&f, bad[i].type, bad[i].value);
        elf_finish(&f, NOTES_IN_SEGMENT);
        expect_refused(bad[i].words);
    }
}
END_TEST

/* --- blind spoiling ------------------------------------------------------- */

START_TEST(a_file_cut_anywhere_is_read_within_its_bounds)
{
    for (int form = NOTES_IN_SEGMENT; form <= NOTES_IN_SECTION; form++) {
        begin_good();
        elf_finish(&f, (enum notes_place)form);
        for (uint64_t size = 0; size < f.size; size++) {
            (void)parse_bytes(size);
        }
    }
}
END_TEST

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* What the builder relies on, whatever the file said (E3). */
static void check_result(void)
{
    ck_assert_uint_gt(image.segment_count, 0);
    for (unsigned int i = 0; i < image.segment_count; i++) {
        const struct elf_segment *s = &image.segments[i];

        ck_assert_uint_le(s->file_offset, f.size);
        ck_assert_uint_le(s->file_size, f.size - s->file_offset);
        ck_assert_uint_le(s->file_size, s->memory_size);
        ck_assert_uint_le(s->offset, image.end_offset);
        ck_assert_uint_le(s->memory_size, image.end_offset - s->offset);
    }
}

static void spoil(enum notes_place form, uint32_t seed)
{
    uint32_t state = seed;
    unsigned int count = 1 + next_random(&state) % 4;

    begin_good();
    elf_finish(&f, form);
    for (unsigned int i = 0; i < count; i++) {
        static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
        uint32_t at = next_random(&state) % (uint32_t)f.size;

        if (i % 2 == 0) { /* the tables matter more than the segments */
            at %= 64 + 3 * 56;
        }
        f.bytes[at] = next_random(&state) % 2 != 0
                          ? values[next_random(&state) % sizeof(values)]
                          : (uint8_t)next_random(&state);
    }
}

START_TEST(random_damage_never_leads_out_of_the_file)
{
    for (uint32_t seed = 0; seed < 20000; seed++) {
        spoil(seed % 2 != 0 ? NOTES_IN_SEGMENT : NOTES_IN_SECTION, seed);
        if (parse() == 0) {
            check_result();
        } else {
            ck_assert_uint_gt(strlen(why), 0); /* E4 */
        }
    }
}
END_TEST

TEST_MAIN("elf", NULL, NULL,
          segments_go_by_physical_address,
          paddr_offset_is_where_pfn_0_is,
          virt_base_and_entry_may_be_missing,
          all_notes_are_read,
          a_kernel_may_say_that_it_can_not_be_d0,
          notes_of_other_owners_are_ignored,
          notes_are_found_in_sections_too,
          notes_in_a_segment_come_before_those_in_a_section,
          a_note_segment_without_xen_notes_does_not_end_the_search,
          the_old_text_form_is_understood,
          in_the_text_form_the_page_counts_from_virt_base_in_any_order,
          linux_is_let_pass_without_a_loader_note,
          empty_segments_are_skipped,
          segments_may_touch_and_come_in_any_order,
          a_position_independent_file_is_a_file,
          what_is_no_elf_file_is_refused,
          packed_kernels_are_told_apart,
          a_32_bit_file_is_refused,
          a_strange_class_or_byte_order_is_refused,
          another_machines_file_is_refused,
          an_object_or_core_file_is_refused,
          a_file_cut_in_its_header_is_refused,
          bad_program_headers_are_refused,
          a_file_without_segments_is_refused,
          a_segment_outside_the_file_is_refused,
          a_segment_with_more_file_than_memory_is_refused,
          a_segment_that_wraps_is_refused,
          overlapping_segments_are_refused,
          too_many_segments_are_refused,
          a_segment_below_paddr_offset_is_refused,
          a_file_without_xen_notes_is_refused,
          section_headers_outside_the_file_are_no_notes,
          bad_section_names_are_no_notes,
          a_note_segment_outside_the_file_is_refused,
          a_note_that_runs_out_of_its_segment_is_refused,
          a_number_of_a_strange_length_is_refused,
          another_interface_version_is_refused,
          another_loader_is_refused,
          unknown_or_absent_required_features_are_refused,
          text_values_that_are_no_numbers_are_refused,
          addresses_outside_the_image_are_refused,
          a_file_cut_anywhere_is_read_within_its_bounds,
          random_damage_never_leads_out_of_the_file)
