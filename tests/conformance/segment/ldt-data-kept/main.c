/* SPDX-License-Identifier: MIT */
/*
 * Selectors of the LDT survive a sleep.
 *
 * A vcpu that sleeps leaves its CPU and comes back to one whose registers are
 * another's.  Its selectors are loaded again, from an LDT that must be in
 * place by then, with the bases that they had.
 */
#include "conformance.h"

#define DATA_AT(base) (0x00c0f3000000fffful | ((base) & 0xfffffful) << 16 | \
                       ((base) >> 24 & 0xff) << 56)
#define LDT_SELECTOR(n) ((n) << 3 | 4 | 3)

static void load_both(uint16_t selector)
{
    __asm__ volatile("movw %0, %%fs\n\tmovw %0, %%es" : : "r"(selector));
}

CONFORMANCE_CASE("LDT selectors in FS and ES across a sleep", 0)
{
    uint64_t *page = page_alloc();
    uint16_t fs, es;

    page[5] = DATA_AT(0x12340000ul);
    page_make_readonly(page);
    REQUIRE(ldt_set((unsigned long)page, 8) == 0);
    load_both(LDT_SELECTOR(5));
    time_sleep_until_ns(time_now_ns() + 5000000);
    __asm__ volatile("movw %%fs, %0\n\tmovw %%es, %1" : "=r"(fs), "=r"(es));
    expect_eq("fs", LDT_SELECTOR(5), fs);
    expect_eq("es", LDT_SELECTOR(5), es);
    load_both(0);
    expect_eq("none", 0, ldt_set(0, 0));
    page_make_writable(page);
    page_free(page);
}
