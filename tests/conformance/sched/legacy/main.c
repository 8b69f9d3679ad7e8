/* SPDX-License-Identifier: MIT */
/*
 * Calls of old kernels, and of watchdogs.
 *
 * Numbers 6, 16 and 19 are sched_op, event_channel_op and physdev_op as they
 * were at first: an argument by value, or a command inside the structure. They
 * know the commands of their time and no others.
 */
#include "conformance.h"

#include <xen/physdev.h>

static uint64_t old_sched(unsigned int cmd, unsigned long argument)
{
    return (uint64_t)hypercall(__HYPERVISOR_sched_op_compat, cmd, argument, 0,
                               0, 0);
}

static uint64_t old_evtchn(void *op)
{
    return (uint64_t)hypercall(__HYPERVISOR_event_channel_op_compat, arg(op),
                               0, 0, 0, 0);
}

static uint64_t old_physdev(void *op)
{
    return (uint64_t)hypercall(__HYPERVISOR_physdev_op_compat, arg(op), 0, 0,
                               0, 0);
}

static void events(void)
{
    struct evtchn_op op = { .cmd = EVTCHNOP_bind_ipi };
    evtchn_port_t port;

    op.u.bind_ipi.vcpu = 0;
    expect_eq("bind_ipi", 0, old_evtchn(&op));
    port = op.u.bind_ipi.port;
    expect_true("a-port", port != 0);
    op = (struct evtchn_op){ .cmd = EVTCHNOP_send };
    op.u.send.port = port;
    expect_eq("send", 0, old_evtchn(&op));
    expect_true("pending", evtchn_is_pending(port));
    op = (struct evtchn_op){ .cmd = EVTCHNOP_close };
    op.u.close.port = port;
    expect_eq("close", 0, old_evtchn(&op));
    expect_eq("close-again", -XEN_EINVAL, old_evtchn(&op));
    op.cmd = EVTCHNOP_reset;
    expect_eq("reset", -XEN_ENOSYS, old_evtchn(&op));
    op.cmd = ~0u;
    expect_eq("unknown", -XEN_ENOSYS, old_evtchn(&op));
    expect_eq("unmapped", -XEN_EFAULT, old_evtchn(hostile(UNMAPPED_VA)));
    expect_eq("hypervisor", -XEN_EFAULT, old_evtchn(hostile(HYPERVISOR_VA)));
}

static void devices(void)
{
    struct physdev_op op = { .cmd = PHYSDEVOP_set_iopl };

    op.u.set_iopl.iopl = 4;
    expect_eq("iopl-4", -XEN_EINVAL, old_physdev(&op));
    op.u.set_iopl.iopl = 1;
    expect_eq("iopl-1", 0, old_physdev(&op));
    op.u.set_iopl.iopl = 0;
    expect_eq("iopl-0", 0, old_physdev(&op));
    op.cmd = 0;
    expect_eq("none", -XEN_ENOSYS, old_physdev(&op));
    op.cmd = ~0u;
    expect_eq("unknown", -XEN_ENOSYS, old_physdev(&op));
    expect_eq("physdev-unmapped", -XEN_EFAULT,
              old_physdev(hostile(UNMAPPED_VA)));
}

static uint64_t watchdog(uint32_t id, uint32_t seconds)
{
    struct sched_watchdog op = { .id = id, .timeout = seconds };

    /* Xen 4.17 gives the error as 32 bits, and all callers take an int. */
    return (uint64_t)(int)hypercall_sched_op(SCHEDOP_watchdog, &op);
}

static void watchdogs(void)
{
    expect_eq("no-such-watchdog", -XEN_EINVAL, watchdog(3, 100));
    expect_eq("a-free-one", -XEN_EINVAL, watchdog(1, 100));
    expect_eq("first", 1, watchdog(0, 1000));
    expect_eq("second", 2, watchdog(0, 1000));
    expect_eq("no-third", -XEN_ENOSPC, watchdog(0, 1000));
    expect_eq("set-anew", 0, watchdog(2, 2000));
    expect_eq("free-1", 0, watchdog(1, 0));
    expect_eq("free-2", 0, watchdog(2, 0));
    expect_eq("free-2-again", -XEN_EINVAL, watchdog(2, 0));
}

CONFORMANCE_CASE("the calls of old kernels, and watchdogs", 0)
{
    struct sched_remote_shutdown remote = { .domain_id = 0x7000 };

    expect_eq("yield", 0, old_sched(SCHEDOP_yield, 0));
    expect_eq("poll", -XEN_ENOSYS, old_sched(SCHEDOP_poll, 0));
    expect_eq("sched-unknown", -XEN_ENOSYS, old_sched(99, 0));
    events();
    devices();
    watchdogs();
    expect_eq("remote-of-nobody", -XEN_ESRCH, (uint64_t)
              hypercall_sched_op(SCHEDOP_remote_shutdown, &remote));
}
