/* SPDX-License-Identifier: MIT */
/*
 * Claims about arch/host: the fake machine has to behave like the real one
 * where tests rely on it. Page tables are built by hand here; no hypervisor
 * code looks at them.
 */
#include <host/host.h>
#include <hv/arch.h>
#include <string.h>

#include "test_main.h"

#define VA 0x0000123456789000ull
#define P 1ull
#define RW 2ull
#define US 4ull
#define A 0x20ull
#define D 0x40ull

static struct domain guest;
static struct vcpu vcpu;
static mfn_t table[5]; /* [4] is the root, [0] the data */

static void setup(void)
{
    unsigned int level;

    host_machine_start(64, 2);
    for (level = 0; level <= 4; level++) {
        table[level] = page_alloc(0, INVALID_MFN);
        arch_frame_zero(table[level]);
        mfn_to_frame(table[level])->word = FW_ONE_REF;
        mfn_to_frame(table[level])->owner = 0;
    }
    vcpu.domain = &guest;
    vcpu.kernel_mode = true;
    vcpu.pv.kernel_table = table[4];
    vcpu.pv.user_table = INVALID_MFN;
    this_cpu()->current = &vcpu;
}

static void teardown(void)
{
    host_machine_stop();
}

static uint64_t *entry(unsigned int level)
{
    return (uint64_t *)frame_map(table[level]) +
           ((VA >> (12 + 9 * (level - 1))) & 511);
}

static void map(uint64_t flags)
{
    unsigned int level;

    for (level = 1; level <= 4; level++) {
        *entry(level) = table[level - 1].v << 12 | flags;
    }
}

START_TEST(a_mapped_page_is_read_and_written)
{
    uint64_t got;

    map(P | RW | US);
    ck_assert(!guest_store64(GVA(VA + 8), 0x1122334455667788ull));
    ck_assert(!guest_load64(GVA(VA + 8), &got));
    ck_assert_uint_eq(got, 0x1122334455667788ull);
    ck_assert_uint_eq(((uint64_t *)frame_map(table[0]))[1], got);
}
END_TEST

START_TEST(a_missing_level_faults)
{
    unsigned int level;
    uint64_t got;

    for (level = 1; level <= 4; level++) {
        map(P | RW | US);
        *entry(level) &= ~P;
        got = 5;
        ck_assert(guest_load64(GVA(VA), &got));
        ck_assert_uint_eq(got, 0);
        ck_assert(guest_store64(GVA(VA), 1));
    }
}
END_TEST

START_TEST(one_read_only_level_refuses_the_write)
{
    unsigned int level;
    uint8_t got;

    for (level = 1; level <= 4; level++) {
        map(P | RW | US);
        *entry(level) &= ~RW;
        ck_assert(!guest_load8(GVA(VA), &got));
        ck_assert(guest_store8(GVA(VA), 1));
    }
}
END_TEST

START_TEST(accessed_and_dirty_are_set_as_hardware_sets_them)
{
    uint32_t got;

    map(P | RW | US);
    ck_assert(!guest_load32(GVA(VA), &got));
    ck_assert_uint_eq(*entry(4) & (A | D), A);
    ck_assert_uint_eq(*entry(1) & (A | D), A);
    ck_assert(!guest_store32(GVA(VA), 1));
    ck_assert_uint_eq(*entry(2) & (A | D), A);
    ck_assert_uint_eq(*entry(1) & (A | D), A | D);
    map(P | RW | US);
    ck_assert_uint_eq(host_guest_translate(GVA(VA), true).v, table[0].v);
    ck_assert_uint_eq(*entry(1) & (A | D), 0);
}
END_TEST

START_TEST(the_hole_and_bad_addresses_fault)
{
    static const uint64_t bad[] = {
        HV_HOLE_START, HV_HOLE_END - 8, 0x0000800000000000ull,
        0x00007ffffffffffcull, 0xffffffffffffffffull, 0x8000000000000000ull,
    };
    unsigned int i;
    uint64_t got;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        ck_assert(guest_load64(GVA(bad[i]), &got));
        ck_assert(guest_store64(GVA(bad[i]), 0));
    }
}
END_TEST

START_TEST(a_copy_over_a_page_end_needs_both_pages)
{
    uint8_t buffer[32];

    map(P | RW | US);
    memset(buffer, 0x11, sizeof(buffer));
    ck_assert(guest_copy_out(GVA(VA + PAGE_SIZE - 16), buffer, 32));
    ck_assert(guest_copy_in(buffer, GVA(VA + PAGE_SIZE - 16), 32));
    ck_assert_uint_eq(buffer[0], 0); /* all of it is zero after a fault */
    *(entry(1) + 1) = table[0].v << 12 | P | RW | US;
    ck_assert(!guest_copy_in(buffer, GVA(VA + PAGE_SIZE - 16), 32));
    ck_assert_uint_eq(buffer[0], 0x11);
}
END_TEST

START_TEST(user_mode_uses_the_user_table)
{
    uint8_t got;

    map(P | RW | US);
    vcpu.kernel_mode = false;
    ck_assert(guest_load8(GVA(VA), &got));
    vcpu.pv.user_table = table[4];
    ck_assert(!guest_load8(GVA(VA), &got));
}
END_TEST

START_TEST(a_window_replaces_the_walk)
{
    uint64_t memory[2] = { 1, 2 };
    uint64_t got;

    host_guest_window(GVA(0x5000), memory, sizeof(memory), true);
    host_guest_window(GVA(0x6000), memory, sizeof(memory), false);
    ck_assert(!guest_load64(GVA(0x5008), &got));
    ck_assert_uint_eq(got, 2);
    ck_assert(!guest_store64(GVA(0x5000), 3));
    ck_assert_uint_eq(memory[0], 3);
    ck_assert(guest_load64(GVA(0x500c), &got));
    ck_assert(guest_store64(GVA(0x6000), 3));
    ck_assert(guest_load64(GVA(0x4ffc), &got));
}
END_TEST

START_TEST(without_a_flush_the_tlb_remembers)
{
    uint64_t got;

    host_tlb_enable(true);
    map(P | RW | US);
    ck_assert(!guest_store64(GVA(VA), 77));
    *entry(1) = 0;
    ck_assert(!guest_load64(GVA(VA), &got)); /* stale, as on hardware */
    ck_assert_uint_eq(got, 77);
    tlb_flush_page_local(GVA(VA));
    ck_assert(guest_load64(GVA(VA), &got));
    map(P | RW | US);
    ck_assert(!guest_load64(GVA(VA), &got));
    *entry(1) = 0;
    arch_tlb_flush(1);
    ck_assert(guest_load64(GVA(VA), &got));
}
END_TEST

static void audit_tlb(void *arg)
{
    host_tlb_audit();
}

START_TEST(the_tlb_audit_finds_a_stale_writable_entry)
{
    host_tlb_enable(true);
    map(P | RW | US);
    ck_assert(!guest_store64(GVA(VA), 1));
    host_tlb_audit();
    mfn_to_frame(table[0])->word = FW_ONE_REF | FW_ONE_TYPE |
                                   (uint64_t)PT_L1 << FW_TYPE_SHIFT;
    ck_assert_int_eq(host_run(audit_tlb, NULL), HOST_PANIC);
}
END_TEST

START_TEST(the_tlb_filter_keeps_those_that_did_not_flush)
{
    uint32_t stamp = arch_tlb_clock();

    ck_assert_uint_eq(arch_tlb_filter(3, stamp), 3);
    arch_tlb_flush(2);
    ck_assert_uint_eq(arch_tlb_filter(3, stamp), 1);
    tlb_flush_local();
    ck_assert_uint_eq(arch_tlb_filter(3, stamp), 0);
    ck_assert_uint_eq(arch_tlb_filter(3, arch_tlb_clock()), 3);
}
END_TEST

START_TEST(the_nth_access_and_allocation_fail_once)
{
    uint64_t memory = 1;
    uint64_t got;

    host_guest_window(GVA(0x5000), &memory, sizeof(memory), true);
    host_fail_guest_access(2);
    ck_assert(!guest_load64(GVA(0x5000), &got));
    ck_assert(guest_load64(GVA(0x5000), &got));
    ck_assert(!guest_load64(GVA(0x5000), &got));
    host_fail_alloc(1);
    ck_assert(!mfn_valid_number(page_alloc(0, INVALID_MFN)));
    ck_assert(mfn_valid_number(page_alloc(0, INVALID_MFN)));
}
END_TEST

static void power_off(void *arg)
{
    arch_poweroff();
}

static void power_off_inside(void *arg)
{
    ck_assert_int_eq(host_run(power_off, arg), HOST_POWEROFF);
    arch_reboot();
}

START_TEST(power_off_and_reboot_come_back_to_the_test)
{
    ck_assert_int_eq(host_run(power_off_inside, NULL), HOST_REBOOT);
}
END_TEST

START_TEST(the_log_keeps_the_order)
{
    tlb_flush_local();
    arch_kick(cpus[1]);
    tlb_flush_page_local(GVA(VA));
    ck_assert_int_lt(host_effect_find(EFFECT_TLB_FLUSH, 0),
                     host_effect_find(EFFECT_KICK, 0));
    ck_assert_int_lt(host_effect_find(EFFECT_KICK, 0),
                     host_effect_find(EFFECT_TLB_FLUSH_PAGE, 0));
    ck_assert_int_eq(host_effect_find(EFFECT_CR3, 0), -1);
}
END_TEST

TEST_MAIN("host_machine", setup, teardown, a_mapped_page_is_read_and_written,
          a_missing_level_faults, one_read_only_level_refuses_the_write,
          accessed_and_dirty_are_set_as_hardware_sets_them,
          the_hole_and_bad_addresses_fault,
          a_copy_over_a_page_end_needs_both_pages,
          user_mode_uses_the_user_table, a_window_replaces_the_walk,
          without_a_flush_the_tlb_remembers,
          the_tlb_audit_finds_a_stale_writable_entry,
          the_tlb_filter_keeps_those_that_did_not_flush,
          the_nth_access_and_allocation_fail_once,
          power_off_and_reboot_come_back_to_the_test,
          the_log_keeps_the_order)
