/* SPDX-License-Identifier: MIT */
/*
 * bind_vcpu: who is told.
 *
 * An interdomain port notifies vCPU 0 until it is moved.  Per-vCPU interrupts
 * have their vCPU by definition and stay.
 */
#include "conformance.h"

static uint64_t move(evtchn_port_t port, uint32_t vcpu)
{
    struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

    return (uint64_t)hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &op);
}

CONFORMANCE_CASE("bind_vcpu and its errors", 0)
{
    evtchn_port_t port;

    REQUIRE(evtchn_alloc_unbound(DOMID_SELF, DOMID_SELF, &port) == 0);
    expect_eq("to-vcpu-0", 0, move(port, 0));
    expect_eq("no-such-vcpu", -XEN_ENOENT, move(port, 4000));
    expect_eq("timer-stays", -XEN_EINVAL, move(time_port, 0));
    expect_eq("port-0", -XEN_EINVAL, move(0, 0));
    expect_eq("huge-port", -XEN_EINVAL, move(~0u, 0));
    evtchn_close(port);
    expect_eq("closed-port", -XEN_EINVAL, move(port, 0));
}
