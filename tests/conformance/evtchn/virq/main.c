/* SPDX-License-Identifier: MIT */
/*
 * Virtual interrupts.
 *
 * Each is bound to a port once per vCPU, or once in all for those of the whole
 * domain.  Binding twice would leave one of the ports deaf.
 */
#include "conformance.h"

CONFORMANCE_CASE("bind_virq and its errors", 0)
{
    struct evtchn_status s = { .dom = DOMID_SELF };
    evtchn_port_t port, other;

    expect_eq("debug", 0, (uint64_t)evtchn_bind_virq(VIRQ_DEBUG, 0, &port));
    s.port = port;
    expect_eq("status", 0, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_status, &s));
    expect_eq("status-virq", EVTCHNSTAT_virq, s.status);
    expect_eq("status-which", VIRQ_DEBUG, s.u.virq);
    expect_eq("status-vcpu", 0, s.vcpu);
    expect_eq("debug-twice", -XEN_EEXIST,
              (uint64_t)evtchn_bind_virq(VIRQ_DEBUG, 0, &other));
    expect_eq("timer-twice", -XEN_EEXIST,
              (uint64_t)evtchn_bind_virq(VIRQ_TIMER, 0, &other));
    expect_eq("unknown-virq", -XEN_EINVAL,
              (uint64_t)evtchn_bind_virq(NR_VIRQS, 0, &other));
    expect_eq("huge-virq", -XEN_EINVAL,
              (uint64_t)evtchn_bind_virq(~0u, 0, &other));
    expect_eq("no-such-vcpu", -XEN_ENOENT,
              (uint64_t)evtchn_bind_virq(VIRQ_DEBUG, 4000, &other));
    expect_eq("close", 0, (uint64_t)evtchn_close(port));
    expect_eq("again-after-close", 0,
              (uint64_t)evtchn_bind_virq(VIRQ_DEBUG, 0, &port));
    evtchn_close(port);
}
