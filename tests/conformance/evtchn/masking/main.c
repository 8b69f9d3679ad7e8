/* SPDX-License-Identifier: MIT */
/*
 * Mask bits, pending bits, selector and upcall_pending.
 *
 * A port that is masked only remembers: its pending bit is set and nothing
 * else.  Unmasked, the selector bit of its word and upcall_pending follow.
 * Clearing the mask bit by hand raises nothing, which is why EVTCHNOP_unmask
 * exists.  Two events before the first is taken are one event.
 */
#include "conformance.h"

CONFORMANCE_CASE("Pending, masked, selected", 0)
{
    volatile struct vcpu_info *info = evtchn_vcpu_info();
    evtchn_port_t port;

    REQUIRE(ear_open(&port));
    evtchn_mask(port);
    upcalls_save_and_disable();
    info->evtchn_upcall_pending = 0;
    info->evtchn_pending_sel = 0;
    evtchn_send(port);
    expect_true("masked-pending", evtchn_is_pending(port));
    expect_eq("masked-selector", 0, info->evtchn_pending_sel >> (port / 64) &
              1);
    expect_eq("masked-upcall", 0, info->evtchn_upcall_pending);

    evtchn_unmask(port);
    expect_eq("unmasked-selector", 1,
              info->evtchn_pending_sel >> (port / 64) & 1);
    expect_eq("unmasked-upcall", 1, info->evtchn_upcall_pending);
    expect_eq("closed-by-upcall_mask", 0, ear_heard);
    evtchn_send(port);
    upcalls_enable();
    expect_eq("two-events-in-one", 1, ear_heard);
    expect_true("taken", !evtchn_is_pending(port));
    expect_eq("upcall_pending-taken", 0, info->evtchn_upcall_pending);

    evtchn_mask(port);
    evtchn_send(port);
    __atomic_and_fetch(&shared_info.evtchn_mask[port / 64],
                       ~(1ul << (port % 64)), __ATOMIC_SEQ_CST);
    hypercall_xen_version(XENVER_version, NULL);
    expect_eq("unmasking-by-hand-raises-nothing", 1, ear_heard);
    evtchn_unmask(port);
    expect_eq("the-event-is-not-lost", 2, ear_heard +
              evtchn_is_pending(port));
    evtchn_clear_pending(port);
    evtchn_close(port);
}
