/* SPDX-License-Identifier: MIT */
/*
 * set_timer_op, the older door to the same timer.
 *
 * Zero cancels.  The past fires at once.  It shares VIRQ_TIMER with the
 * others, so an event says "look at the clock" and no more.
 */
#include "conformance.h"

#define MS 1000000ull

static bool ticked_within(unsigned long before, uint64_t ns)
{
    uint64_t end = time_now_ns() + ns;

    while (time_tick_count == before && time_now_ns() < end) {
        barrier();
    }
    return time_tick_count != before;
}

CONFORMANCE_CASE("set_timer_op: future, past and cancelled", 0)
{
    unsigned long before = time_tick_count;
    uint64_t start = time_now_ns();

    expect_eq("set", 0, (uint64_t)hypercall_set_timer_op(start + 10 * MS));
    expect_true("fires", ticked_within(before, 2000 * MS));
    expect_true("not-early", time_now_ns() >= start + 10 * MS);
    before = time_tick_count;
    expect_eq("set-past", 0, (uint64_t)hypercall_set_timer_op(start));
    expect_true("past-fires", ticked_within(before, 2000 * MS));
    before = time_tick_count;
    expect_eq("set-again", 0,
              (uint64_t)hypercall_set_timer_op(time_now_ns() + 20 * MS));
    expect_eq("cancel", 0, (uint64_t)hypercall_set_timer_op(0));
    expect_true("cancelled", !ticked_within(before, 40 * MS));
}
