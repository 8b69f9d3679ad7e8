/* SPDX-License-Identifier: MIT */
/*
 * Deadlines at the end of time.
 *
 * System time is signed 64-bit nanoseconds.  Numbers a guest computes wrongly
 * lie anywhere in 64 bits; none may make the hypervisor's timer queue wait for
 * ever or spin.
 */
#include "conformance.h"

static uint64_t set(uint64_t deadline)
{
    return (uint64_t)time_set_singleshot(deadline);
}

CONFORMANCE_CASE("Timers with absurd deadlines", 0)
{
    static const uint64_t odd[] = {
        1, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff,
        0x4000000000000000,
    };
    uint64_t start;

    for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
        expect_eq("one-shot", 0, set(odd[i]));
        hypercall_xen_version(XENVER_version, NULL);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(odd); i++) {
        expect_eq("set_timer_op", 0,
                  (uint64_t)hypercall_set_timer_op(odd[i]));
    }
    hypercall_set_timer_op(0);
    start = time_now_ns();
    time_sleep_until_ns(start + 10000000);
    expect_true("timers-still-work", time_now_ns() < start + 2000000000);
}
