/* SPDX-License-Identifier: MIT */
/* Claims about arch/x86/apic_pure.h: the words as the manuals draw them. */
#include "../../hypervisor/arch/x86/apic_pure.h"
#include "test_main.h"

START_TEST(commands_are_asserted_and_edge_triggered)
{
    ck_assert_uint_eq(apic_icr_low(APIC_FIXED, 0xf1), 0x40f1);
    ck_assert_uint_eq(apic_icr_low(APIC_NMI, 0), 0x4400);
    ck_assert_uint_eq(apic_icr_low(APIC_INIT, 0), 0x4500);
    ck_assert_uint_eq(apic_icr_low(APIC_STARTUP, 0x9f), 0x469f);
}
END_TEST

START_TEST(destinations_stand_where_each_mode_wants_them)
{
    ck_assert_uint_eq(apic_icr_high_xapic(3), 0x03000000u);
    ck_assert_uint_eq(apic_icr_x2apic(0x12345, 0x40f1), 0x12345000040f1ull);
    ck_assert(apic_id_fits_xapic(254));
    ck_assert(!apic_id_fits_xapic(255)); /* everybody */
    ck_assert(!apic_id_fits_xapic(256));
}
END_TEST

START_TEST(timer_modes_differ_in_bits_17_and_18)
{
    ck_assert_uint_eq(apic_lvt_timer(0xf0, false), 0xf0);
    ck_assert_uint_eq(apic_lvt_timer(0xf0, true), 0x400f0);
}
END_TEST

START_TEST(redirection_entries_carry_polarity_and_trigger)
{
    ck_assert_uint_eq(ioapic_entry(0xe0, 2, false, false),
                      0x02000000000000e0ull);
    ck_assert_uint_eq(ioapic_entry(0xe0, 0, true, true), 0xa0e0);
    ck_assert_uint_eq(ioapic_entry(0xe0, 0, false, true), 0x80e0);
    ck_assert(!(ioapic_entry(0xe0, 255, true, true) & IOAPIC_MASKED));
}
END_TEST

TEST_MAIN("arch_apic", NULL, NULL, commands_are_asserted_and_edge_triggered,
          destinations_stand_where_each_mode_wants_them,
          timer_modes_differ_in_bits_17_and_18,
          redirection_entries_carry_polarity_and_trigger)
