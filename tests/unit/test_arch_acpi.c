/* SPDX-License-Identifier: MIT */
/* Claims about arch/x86/acpi_pure.h: sound tables are understood, broken ones
 * end the walk. Each buffer is exactly as long as said, on the heap, so that
 * the address sanitizer sees a read beyond it. */
#include <stdlib.h>
#include <string.h>

#include "../../hypervisor/arch/x86/acpi_pure.h"
#include "test_main.h"

struct table {
    uint8_t bytes[4096];
    size_t len;
};

static void put8(struct table *t, uint8_t v)
{
    t->bytes[t->len++] = v;
}

static void put16(struct table *t, uint16_t v)
{
    put8(t, (uint8_t)v);
    put8(t, (uint8_t)(v >> 8));
}

static void put32(struct table *t, uint32_t v)
{
    put16(t, (uint16_t)v);
    put16(t, (uint16_t)(v >> 16));
}

static void put64(struct table *t, uint64_t v)
{
    put32(t, (uint32_t)v);
    put32(t, (uint32_t)(v >> 32));
}

static void put_header(struct table *t, const char *signature)
{
    memset(t, 0, sizeof(*t));
    memcpy(t->bytes, signature, 4);
    t->len = ACPI_HEADER_SIZE;
}

/* A copy of the first len bytes that ends where the heap block ends. */
static void *exact(const struct table *t, size_t len)
{
    void *copy = malloc(len ? len : 1);

    memcpy(copy, t->bytes, len);
    return copy;
}

static void fix_checksum(uint8_t *bytes, size_t len, size_t at)
{
    uint8_t sum = 0;

    bytes[at] = 0;
    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + bytes[i]);
    }
    bytes[at] = (uint8_t)-sum;
}

/* --- root pointer --- */

static void make_rsdp(uint8_t *p, uint8_t revision, uint32_t rsdt,
                      uint64_t xsdt)
{
    memset(p, 0, ACPI_RSDP_SIZE2);
    memcpy(p, "RSD PTR ", 8);
    p[15] = revision;
    memcpy(p + 16, &rsdt, 4);
    p[20] = ACPI_RSDP_SIZE2;
    memcpy(p + 24, &xsdt, 8);
    fix_checksum(p, ACPI_RSDP_SIZE1, 8);
    fix_checksum(p, ACPI_RSDP_SIZE2, 32);
}

START_TEST(rsdp_of_revision_0_has_no_xsdt)
{
    uint8_t p[ACPI_RSDP_SIZE2];
    struct acpi_roots r;

    make_rsdp(p, 0, 0x7fe0000, 0x1234567890ull);
    ck_assert(acpi_parse_rsdp(p, sizeof(p), &r));
    ck_assert_uint_eq(r.rsdt, 0x7fe0000);
    ck_assert_uint_eq(r.xsdt, 0);
}
END_TEST

START_TEST(rsdp_of_revision_2_has_both)
{
    uint8_t p[ACPI_RSDP_SIZE2];
    struct acpi_roots r;

    make_rsdp(p, 2, 0x7fe0000, 0x1234567890ull);
    ck_assert(acpi_parse_rsdp(p, sizeof(p), &r));
    ck_assert_uint_eq(r.xsdt, 0x1234567890ull);
    p[33]++; /* the extended checksum fails: fall back to the old half */
    ck_assert(acpi_parse_rsdp(p, sizeof(p), &r));
    ck_assert_uint_eq(r.xsdt, 0);
    ck_assert(!acpi_parse_rsdp(p, ACPI_RSDP_SIZE1 - 1, &r));
    p[0] = 'X';
    ck_assert(!acpi_parse_rsdp(p, sizeof(p), &r));
}
END_TEST

START_TEST(rsdp_is_found_at_the_end_of_an_area)
{
    struct table t = { .len = 0 };
    uint8_t *area;

    memcpy(t.bytes + 16, "RSD PTR ", 8); /* a decoy without checksum */
    t.bytes[16 + 9] = 1;
    make_rsdp(t.bytes + 1024, 0, 0x1000, 0);
    area = exact(&t, 1024 + ACPI_RSDP_SIZE1);
    ck_assert_uint_eq(acpi_search_rsdp(area, 1024 + ACPI_RSDP_SIZE1), 1024);
    ck_assert_uint_eq(acpi_search_rsdp(area, 1024), 1024);
    ck_assert_uint_eq(acpi_search_rsdp(area, 0), 0);
    free(area);
}
END_TEST

START_TEST(root_entries_are_counted_by_length)
{
    struct table t;

    put_header(&t, "XSDT");
    put64(&t, 0x1122334455667788ull);
    put64(&t, 42);
    put32(&t, 7); /* half an entry */
    ck_assert_uint_eq(acpi_root_count(t.len, true), 2);
    ck_assert_uint_eq(acpi_root_count(t.len, false), 5);
    ck_assert_uint_eq(acpi_root_count(10, true), 0);
    ck_assert_uint_eq(acpi_root_entry(t.bytes, t.len, true, 0),
                      0x1122334455667788ull);
    ck_assert_uint_eq(acpi_root_entry(t.bytes, t.len, false, 0), 0x55667788u);
    ck_assert_uint_eq(acpi_root_entry(t.bytes, t.len, true, 99), 0);
}
END_TEST

/* --- MADT --- */

static struct acpi_madt madt;

static void put_madt(struct table *t, uint32_t lapic, uint32_t flags)
{
    put_header(t, "APIC");
    put32(t, lapic);
    put32(t, flags);
}

static void put_lapic(struct table *t, uint8_t id, uint32_t flags)
{
    put8(t, MADT_LAPIC);
    put8(t, 8);
    put8(t, id);
    put8(t, id);
    put32(t, flags);
}

static void put_x2apic(struct table *t, uint32_t id, uint32_t flags)
{
    put8(t, MADT_X2APIC);
    put8(t, 16);
    put16(t, 0);
    put32(t, id);
    put32(t, flags);
    put32(t, 0);
}

static void put_override(struct table *t, uint8_t irq, uint32_t gsi,
                         uint16_t flags)
{
    put8(t, MADT_OVERRIDE);
    put8(t, 10);
    put8(t, 0);
    put8(t, irq);
    put32(t, gsi);
    put16(t, flags);
}

START_TEST(madt_lists_cpus_once)
{
    struct table t;

    put_madt(&t, 0xfee00000u, 1);
    put_lapic(&t, 0, 1);
    put_lapic(&t, 1, 0);      /* not usable */
    put_lapic(&t, 2, 2);      /* may come later */
    put_lapic(&t, 0xff, 1);   /* a hole of the table */
    put_x2apic(&t, 2, 1);     /* the same CPU again, and enabled */
    put_x2apic(&t, 1000, 1);
    acpi_parse_madt(t.bytes, t.len, &madt);
    ck_assert_uint_eq(madt.cpu_count, 3);
    ck_assert_uint_eq(madt.cpus[0].apic_id, 0);
    ck_assert_uint_eq(madt.cpus[1].apic_id, 2);
    ck_assert(madt.cpus[1].enabled);
    ck_assert_uint_eq(madt.cpus[2].apic_id, 1000);
    ck_assert(madt.has_8259);
}
END_TEST

START_TEST(madt_cpu_that_may_come_is_not_enabled)
{
    struct table t;

    put_madt(&t, 0, 0);
    put_lapic(&t, 3, 2);
    acpi_parse_madt(t.bytes, t.len, &madt);
    ck_assert_uint_eq(madt.cpu_count, 1);
    ck_assert(!madt.cpus[0].enabled);
    ck_assert(!madt.has_8259);
}
END_TEST

START_TEST(madt_override_changes_line_and_polarity)
{
    struct table t;

    put_madt(&t, 0, 0);
    put_override(&t, 0, 2, 0);       /* the PC's timer */
    put_override(&t, 9, 9, 0x000d);  /* high, level */
    put_override(&t, 5, 21, 0x000f); /* low, level */
    put_override(&t, 16, 3, 0x000f); /* no ISA interrupt */
    acpi_parse_madt(t.bytes, t.len, &madt);
    ck_assert_uint_eq(madt.isa[0].gsi, 2);
    ck_assert(!madt.isa[0].level && !madt.isa[0].active_low);
    ck_assert(madt.isa[9].level && !madt.isa[9].active_low);
    ck_assert_uint_eq(madt.isa[5].gsi, 21);
    ck_assert(madt.isa[5].level && madt.isa[5].active_low);
    ck_assert_uint_eq(madt.isa[4].gsi, 4);
}
END_TEST

START_TEST(madt_address_may_be_overridden)
{
    struct table t;

    put_madt(&t, 0xfee00000u, 0);
    put8(&t, MADT_LAPIC_ADDRESS);
    put8(&t, 12);
    put16(&t, 0);
    put64(&t, 0x1fee00000ull);
    put8(&t, MADT_IOAPIC);
    put8(&t, 12);
    put16(&t, 7);
    put32(&t, 0xfec00000u);
    put32(&t, 24);
    acpi_parse_madt(t.bytes, t.len, &madt);
    ck_assert_uint_eq(madt.lapic_address, 0x1fee00000ull);
    ck_assert_uint_eq(madt.ioapic_count, 1);
    ck_assert_uint_eq(madt.ioapics[0].address, 0xfec00000u);
    ck_assert_uint_eq(madt.ioapics[0].gsi_base, 24);
    ck_assert_uint_eq(madt.ioapics[0].id, 7);
}
END_TEST

/* Every cut of a table must end the walk without a read beyond the cut. */
START_TEST(madt_may_end_anywhere)
{
    struct table t;

    put_madt(&t, 0xfee00000u, 1);
    put_lapic(&t, 0, 1);
    put_x2apic(&t, 300, 1);
    put_override(&t, 0, 2, 0);
    for (size_t len = 0; len <= t.len; len++) {
        void *cut = exact(&t, len);

        acpi_parse_madt(cut, len, &madt);
        ck_assert_uint_le(madt.cpu_count, 2);
        free(cut);
    }
    ck_assert_uint_eq(madt.cpu_count, 2);
}
END_TEST

START_TEST(madt_entry_without_length_ends_the_walk)
{
    struct table t;

    put_madt(&t, 0, 0);
    put_lapic(&t, 0, 1);
    put16(&t, 0); /* type 0, length 0 */
    put_lapic(&t, 1, 1);
    acpi_parse_madt(t.bytes, t.len, &madt);
    ck_assert_uint_eq(madt.cpu_count, 1);
}
END_TEST

START_TEST(madt_short_entries_are_passed_over)
{
    struct table t;

    put_madt(&t, 0, 0);
    put8(&t, MADT_LAPIC); /* says 4 bytes: no flags */
    put8(&t, 4);
    put16(&t, 5);
    put_lapic(&t, 1, 1);
    acpi_parse_madt(t.bytes, t.len, &madt);
    ck_assert_uint_eq(madt.cpu_count, 1);
    ck_assert_uint_eq(madt.cpus[0].apic_id, 1);
}
END_TEST

START_TEST(madt_with_too_many_entries_drops_them)
{
    struct table t;

    put_madt(&t, 0, 0);
    for (uint32_t id = 0; id < 200; id++) {
        put_x2apic(&t, id, 1);
    }
    acpi_parse_madt(t.bytes, t.len, &madt);
    ck_assert_uint_eq(madt.cpu_count, 200);
    for (uint32_t id = 200; id < ACPI_CPUS_MAX + 3; id++) {
        madt_add_cpu(&madt, id, 1);
    }
    ck_assert_uint_eq(madt.cpu_count, ACPI_CPUS_MAX);
    ck_assert_uint_eq(madt.dropped, 3);
    for (uint32_t i = 0; i < ACPI_IOAPICS_MAX + 2; i++) {
        madt_add_ioapic(&madt, 0, i, i);
    }
    ck_assert_uint_eq(madt.ioapic_count, ACPI_IOAPICS_MAX);
    ck_assert_uint_eq(madt.dropped, 5);
}
END_TEST

/* --- FADT --- */

START_TEST(fadt_prefers_wide_fields)
{
    struct acpi_fadt f;
    uint8_t t[276] = { 0 };

    t[40] = 0x10;           /* DSDT, 32 bits */
    t[64] = 0x04;           /* PM1a at 0x604 */
    t[65] = 0x06;
    t[76] = 0x08;           /* timer at 0x608 */
    t[77] = 0x06;
    acpi_parse_fadt(t, sizeof(t), &f);
    ck_assert_uint_eq(f.dsdt, 0x10);
    ck_assert_uint_eq(f.pm1a_control.address, 0x604);
    ck_assert_uint_eq(f.pm1a_control.space, ACPI_SPACE_PORT);
    ck_assert_uint_eq(f.pm1b_control.address, 0);
    ck_assert_uint_eq(f.reset.address, 0);

    t[140] = 0x20;          /* DSDT, 64 bits */
    t[172] = ACPI_SPACE_PORT;
    t[173] = 16;
    t[176] = 0x04;          /* PM1a at 0xb004 */
    t[177] = 0xb0;
    t[113] = FADT_FLAG_RESET >> 8;
    t[116] = ACPI_SPACE_PORT;
    t[120] = 0xf9;
    t[121] = 0x0c;
    t[128] = 0x0f;
    acpi_parse_fadt(t, sizeof(t), &f);
    ck_assert_uint_eq(f.dsdt, 0x20);
    ck_assert_uint_eq(f.pm1a_control.address, 0xb004);
    ck_assert_uint_eq(f.reset.address, 0xcf9);
    ck_assert_uint_eq(f.reset_value, 0x0f);
}
END_TEST

START_TEST(fadt_may_end_anywhere)
{
    struct table t = { .len = 276 };
    struct acpi_fadt f;

    memset(t.bytes, 0xff, t.len);
    for (size_t len = 0; len <= t.len; len++) {
        void *cut = exact(&t, len);

        acpi_parse_fadt(cut, len, &f);
        free(cut);
    }
    ck_assert_uint_eq(f.reset_value, 0xff);
}
END_TEST

/* --- \_S5_ --- */

static bool s5_in(const uint8_t *aml, size_t len, int *a, int *b)
{
    uint8_t type_a = 0xee, type_b = 0xee;
    bool found = acpi_find_s5(aml, len, &type_a, &type_b);

    *a = type_a;
    *b = type_b;
    return found;
}

START_TEST(s5_as_compilers_write_it)
{
    /* Name(_S5_, Package(4) { 5, 0, 0, 0 }) */
    static const uint8_t qemu[] = { 0x10, 0x08, '_', 'S', '5', '_', 0x12,
                                    0x06, 0x04, 0x0a, 0x05, 0x00, 0x00,
                                    0x00 };
    static const uint8_t rooted[] = { 0x08, '\\', '_', 'S', '5', '_', 0x12,
                                      0x46, 0x00, 0x02, 0x0b, 0x07, 0x00,
                                      0x01 };
    static const uint8_t zero[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06,
                                    0x04, 0x00, 0x00, 0x00, 0x00 };
    int a, b;

    ck_assert(s5_in(qemu, sizeof(qemu), &a, &b));
    ck_assert_int_eq(a, 5);
    ck_assert_int_eq(b, 0);
    ck_assert(s5_in(rooted, sizeof(rooted), &a, &b));
    ck_assert_int_eq(a, 7);
    ck_assert_int_eq(b, 1);
    ck_assert(s5_in(zero, sizeof(zero), &a, &b));
    ck_assert_int_eq(a, 0);
}
END_TEST

START_TEST(s5_with_one_element_serves_both_registers)
{
    static const uint8_t one[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x04,
                                   0x01, 0x0a, 0x07 };
    int a, b;

    ck_assert(s5_in(one, sizeof(one), &a, &b));
    ck_assert_int_eq(a, 7);
    ck_assert_int_eq(b, 7);
}
END_TEST

START_TEST(s5_mentioned_elsewhere_is_passed_over)
{
    /* A reference to the name, then the definition. */
    static const uint8_t aml[] = { 0x70, '_', 'S', '5', '_', 0x60, 0x08,
                                   '_', 'S', '5', '_', 0x12, 0x06, 0x02,
                                   0x0a, 0x03, 0x0a, 0x04 };
    static const uint8_t no_package[] = { 0x08, '_', 'S', '5', '_', 0x0a,
                                          0x05, 0x00, 0x00, 0x00 };
    static const uint8_t empty[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x02,
                                     0x00, 0x0a, 0x05, 0x00, 0x00 };
    int a, b;

    ck_assert(s5_in(aml, sizeof(aml), &a, &b));
    ck_assert_int_eq(a, 3);
    ck_assert_int_eq(b, 4);
    ck_assert(!s5_in(no_package, sizeof(no_package), &a, &b));
    ck_assert(!s5_in(empty, sizeof(empty), &a, &b));
}
END_TEST

START_TEST(s5_may_end_anywhere)
{
    static const uint8_t aml[] = { 0x10, 0x08, '_', 'S', '5', '_', 0x12,
                                   0x86, 0x01, 0x00, 0x04, 0x0c, 0x05, 0x00,
                                   0x00, 0x00, 0x0a, 0x05 };
    struct table t = { .len = sizeof(aml) };
    int a, b;

    memcpy(t.bytes, aml, sizeof(aml));
    for (size_t len = 0; len <= sizeof(aml); len++) {
        uint8_t *cut = exact(&t, len);

        s5_in(cut, len, &a, &b);
        free(cut);
    }
    ck_assert_int_eq(a, 5);
    ck_assert_int_eq(b, 5);
}
END_TEST

TEST_MAIN("arch_acpi", NULL, NULL, rsdp_of_revision_0_has_no_xsdt,
          rsdp_of_revision_2_has_both, rsdp_is_found_at_the_end_of_an_area,
          root_entries_are_counted_by_length, madt_lists_cpus_once,
          madt_cpu_that_may_come_is_not_enabled,
          madt_override_changes_line_and_polarity,
          madt_address_may_be_overridden, madt_may_end_anywhere,
          madt_entry_without_length_ends_the_walk,
          madt_short_entries_are_passed_over,
          madt_with_too_many_entries_drops_them, fadt_prefers_wide_fields,
          fadt_may_end_anywhere, s5_as_compilers_write_it,
          s5_with_one_element_serves_both_registers,
          s5_mentioned_elsewhere_is_passed_over, s5_may_end_anywhere)
