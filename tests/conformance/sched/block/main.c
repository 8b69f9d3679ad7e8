/* SPDX-License-Identifier: MIT */
/*
 * SCHEDOP_block cannot miss an event.
 *
 * It opens the upcall mask and sleeps, in one step as seen from the guest: an
 * event that came while the guest was masked and looking makes block return at
 * once, after the callback has run.
 */
#include "conformance.h"

CONFORMANCE_CASE("block opens the mask and does not lose wake-ups", 0)
{
    uint64_t start;
    evtchn_port_t port;

    REQUIRE(ear_open(&port));
    upcalls_save_and_disable();
    evtchn_send(port);
    expect_eq("masked", 0, ear_heard);
    expect_eq("block", 0, (uint64_t)hypercall_sched_op(SCHEDOP_block, NULL));
    expect_eq("heard-by-blocking", 1, ear_heard);
    expect_eq("mask-open-after", 0, evtchn_vcpu_info()->evtchn_upcall_mask);

    start = time_now_ns();
    upcalls_save_and_disable();
    time_set_singleshot(start + 10000000);
    sched_block();
    expect_true("slept-until-the-timer", time_now_ns() >= start + 10000000);
    evtchn_close(port);
}
