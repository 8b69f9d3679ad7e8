/* SPDX-License-Identifier: MIT */
/*
 * Errors of sched_op.
 *
 * poll takes at most 128 ports, so a count is an obvious thing to lie about;
 * the array behind the struct is a second pointer to check.
 */
#include "conformance.h"

static uint64_t poll(evtchn_port_t *ports, unsigned int count)
{
    return (uint64_t)sched_poll(ports, count, 1);
}

CONFORMANCE_CASE("sched_op: errors", 0)
{
    static evtchn_port_t ports[129];

    expect_eq("yield", 0, (uint64_t)hypercall_sched_op(SCHEDOP_yield, NULL));
    expect_eq("poll-129", -XEN_EINVAL, poll(ports, 129));
    expect_eq("poll-huge", -XEN_EINVAL, poll(ports, ~0u));
    ports[0] = EVTCHN_2L_NR_CHANNELS;
    expect_eq("poll-port-beyond", -XEN_EINVAL, poll(ports, 1));
    ports[0] = ~0u;
    expect_eq("poll-port-huge", -XEN_EINVAL, poll(ports, 1));
    expect_eq("poll-ports-unmapped", -XEN_EFAULT,
              poll(hostile(UNMAPPED_VA), 1));
    expect_eq("poll-ports-hypervisor", -XEN_EFAULT,
              poll(hostile(HYPERVISOR_VA), 1));
    expect_eq("poll-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_sched_op(SCHEDOP_poll, hostile(UNMAPPED_VA)));
    expect_eq("shutdown-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_sched_op(SCHEDOP_shutdown, hostile(UNMAPPED_VA)));
    expect_eq("shutdown-hypervisor", -XEN_EFAULT, (uint64_t)
              hypercall_sched_op(SCHEDOP_shutdown, hostile(HYPERVISOR_VA)));
    expect_eq("unknown", -XEN_ENOSYS,
              (uint64_t)hypercall_sched_op(99, NULL));
}
