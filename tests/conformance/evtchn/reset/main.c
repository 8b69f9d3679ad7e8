/* SPDX-License-Identifier: MIT */
/*
 * EVTCHNOP_reset closes everything.
 *
 * For a kernel that replaces another one without a reboot and does not know
 * what ports there are.
 */
#include "conformance.h"

#include <pv/console.h>

static uint64_t status_of(evtchn_port_t port)
{
    struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

    hypercall_event_channel_op(EVTCHNOP_status, &op);
    return op.status;
}

CONFORMANCE_CASE("reset closes all ports", 0)
{
    struct evtchn_reset self = { .dom = DOMID_SELF };
    struct evtchn_reset nobody = { .dom = 0x7000 };
    evtchn_port_t port, old_time = time_port;

    REQUIRE(evtchn_bind_ipi(0, &port) == 0);
    expect_eq("of-nobody", -XEN_ESRCH, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_reset, &nobody));
    expect_eq("unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_reset,
                                         hostile(UNMAPPED_VA)));
    expect_eq("reset", 0, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_reset, &self));
    expect_eq("ipi-closed", EVTCHNSTAT_closed, status_of(port));
    expect_eq("timer-closed", EVTCHNSTAT_closed, status_of(time_port));
    console_init();
    time_init();
    expect_eq("same-numbers-again", old_time, time_port);
}
