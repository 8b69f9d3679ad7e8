/* SPDX-License-Identifier: MIT */
/*
 * Data selectors across calls, traps and user mode.
 *
 * A hypercall is no reason to reload ds, es, fs or gs; what is in them is the
 * guest's.
 */
#include "conformance.h"

static uint64_t selectors(void)
{
    uint64_t ds, es;

    __asm__ volatile("movl %%ds, %k0\n\t movl %%es, %k1"
                     : "=r"(ds), "=r"(es));
    return ds << 16 | es;
}

CONFORMANCE_CASE("ds and es are kept", 0)
{
    uint64_t old = selectors(), mine;

    __asm__ volatile("movw %w0, %%ds\n\t movw %w0, %%es"
                     : : "r"(0xe02b) : "memory");
    mine = selectors();
    expect_eq("loaded", 0xe02be02b, mine);
    hypercall_xen_version(XENVER_version, NULL);
    expect_eq("after-a-call", mine, selectors());
    (void)PROBE("ud2", "r"(0));
    expect_eq("after-a-trap", mine, selectors());
    time_sleep_until_ns(time_now_ns() + 5000000);
    expect_eq("after-sleep", mine, selectors());
    __asm__ volatile("movw %w0, %%ds\n\t movw %w1, %%es"
                     : : "r"((uint32_t)(old >> 16)), "r"((uint32_t)old)
                     : "memory");
}
