/* SPDX-License-Identifier: MIT */
/*
 * Events from a vCPU to itself.
 *
 * bind_ipi makes a port whose other end is the port itself.  Sending to one's
 * own vCPU delivers on the way out of the call: nothing runs in between.
 */
#include "conformance.h"

static volatile unsigned int heard;

static void hear(evtchn_port_t port, void *context)
{
    heard++;
}

CONFORMANCE_CASE("bind_ipi and its errors", 0)
{
    struct evtchn_status s = { .dom = DOMID_SELF };
    struct evtchn_bind_vcpu move = { .vcpu = 0 };
    evtchn_port_t port, other;

    expect_eq("bind", 0, (uint64_t)evtchn_bind_ipi(0, &port));
    s.port = port;
    hypercall_event_channel_op(EVTCHNOP_status, &s);
    expect_eq("status", EVTCHNSTAT_ipi, s.status);
    evtchn_set_handler(port, hear, NULL);
    evtchn_unmask(port);
    heard = 0;
    expect_eq("send", 0, (uint64_t)evtchn_send(port));
    expect_eq("heard-at-once", 1, heard);
    move.port = port;
    expect_eq("an-ipi-cannot-move", -XEN_EINVAL, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &move));
    expect_eq("close", 0, (uint64_t)evtchn_close(port));
    expect_eq("no-such-vcpu", -XEN_ENOENT,
              (uint64_t)evtchn_bind_ipi(4000, &other));
    expect_eq("unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_bind_ipi,
                                         hostile(UNMAPPED_VA)));
}
