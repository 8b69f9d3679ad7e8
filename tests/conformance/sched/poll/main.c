/* SPDX-License-Identifier: MIT */
/*
 * SCHEDOP_poll: waiting with upcalls masked.
 *
 * Code that cannot take an upcall (early boot, a lock's slow path) sleeps until
 * one of the named ports is pending, or a deadline in system time has passed.
 * Pending is what counts, masked or not.  The call itself takes nothing: the
 * bit stays set.
 */
#include "conformance.h"

CONFORMANCE_CASE("poll waits for ports and for a deadline", 0)
{
    evtchn_port_t port;
    uint64_t start;

    REQUIRE(evtchn_bind_ipi(0, &port) == 0);
    upcalls_save_and_disable();
    start = time_now_ns();
    expect_eq("timeout", 0,
              (uint64_t)sched_poll(&port, 1, start + 10000000));
    expect_true("timeout-not-early", time_now_ns() >= start + 10000000);
    expect_true("not-pending", !evtchn_is_pending(port));

    evtchn_send(port);
    start = time_now_ns();
    expect_eq("ready", 0, (uint64_t)sched_poll(&port, 1, 0));
    expect_true("still-pending", evtchn_is_pending(port));
    expect_eq("mask-untouched", 1, evtchn_vcpu_info()->evtchn_upcall_mask);
    evtchn_clear_pending(port);

    start = time_now_ns();
    expect_eq("no-ports", 0, (uint64_t)sched_poll(NULL, 0, start + 5000000));
    expect_true("no-ports-not-early", time_now_ns() >= start + 5000000);
    expect_eq("deadline-in-the-past", 0,
              (uint64_t)sched_poll(&port, 1, 1));
    upcalls_enable();
    evtchn_close(port);
}
