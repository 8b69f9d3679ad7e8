/* SPDX-License-Identifier: MIT */
/*
 * Which vCPU a port notifies.
 *
 * A connection notifies vCPU 0 until bind_vcpu moves it; a per-vCPU VIRQ is
 * bound once on each vCPU, a global one only on vCPU 0 and moved afterwards.
 * Pending bits are the domain's, the selector is the vCPU's: it tells who was
 * notified even if the vCPU does not run.
 */
#include "conformance.h"

static uint64_t move(evtchn_port_t port, uint32_t vcpu)
{
    struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

    return (uint64_t)hypercall_event_channel_op(EVTCHNOP_bind_vcpu, &op);
}

static uint32_t vcpu_of(evtchn_port_t port)
{
    struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

    return hypercall_event_channel_op(EVTCHNOP_status, &op) == 0 ? op.vcpu
                                                                 : ~0u;
}

/* Vcpu 1 is down: what is raised for it stays to be looked at. */
static bool notifies(evtchn_port_t through, evtchn_port_t port, uint32_t vcpu)
{
    struct vcpu_info *info = smp_vcpu_info(vcpu);
    bool raised;

    info->evtchn_pending_sel = 0;
    info->evtchn_upcall_pending = 0;
    evtchn_send(through);
    raised = info->evtchn_upcall_pending == 1 &&
             info->evtchn_pending_sel == 1ul << (port / 64);
    info->evtchn_pending_sel = 0;
    info->evtchn_upcall_pending = 0;
    evtchn_clear_pending(port);
    return raised;
}

CONFORMANCE_CASE("ports are bound to vCPUs", 0)
{
    evtchn_port_t a, b, timer, other;

    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(evtchn_alloc_unbound(DOMID_SELF, DOMID_SELF, &a) == 0);
    REQUIRE(evtchn_bind_interdomain(DOMID_SELF, a, &b) == 0);
    upcalls_save_and_disable();
    evtchn_unmask(a);
    evtchn_unmask(b);
    evtchn_clear_pending(b);
    expect_eq("default", 0, vcpu_of(a));
    expect_eq("move", 0, move(a, 1));
    expect_eq("moved", 1, vcpu_of(a));
    expect_true("vcpu-1-is-notified", notifies(b, a, 1));
    expect_eq("move-back", 0, move(a, 0));
    expect_true("vcpu-0-is-notified", notifies(b, a, 0));
    expect_eq("no-such-vcpu", -XEN_ENOENT, move(a, 4000));
    evtchn_close(b);
    evtchn_close(a);

    expect_eq("timer-of-vcpu-1", 0,
              (uint64_t)evtchn_bind_virq(VIRQ_TIMER, 1, &timer));
    expect_eq("on-vcpu-1", 1, vcpu_of(timer));
    expect_eq("once", -XEN_EEXIST,
              (uint64_t)evtchn_bind_virq(VIRQ_TIMER, 1, &other));
    expect_eq("stays", -XEN_EINVAL, move(timer, 0));
    evtchn_close(timer);
    expect_eq("global-on-vcpu-1", -XEN_EINVAL,
              (uint64_t)evtchn_bind_virq(VIRQ_DOM_EXC, 1, &other));
    REQUIRE(evtchn_bind_ipi(1, &a) == 0);
    expect_eq("ipi-is-bound", 1, vcpu_of(a));
    evtchn_unmask(a);
    expect_true("ipi-notifies", notifies(a, a, 1));
    evtchn_close(a);
    upcalls_enable();
}
