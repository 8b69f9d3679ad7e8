/* SPDX-License-Identifier: MIT */
/*
 * Errors of send, close, unmask and status.
 *
 * A port number is an index into the hypervisor's table, given by someone
 * hostile: 0 is reserved, and everything beyond the table must be seen as
 * such.  A virtual interrupt cannot be sent by hand.
 */
#include "conformance.h"

static uint64_t op(unsigned int command, evtchn_port_t port)
{
    uint32_t argument[8] = { port };

    return (uint64_t)hypercall_event_channel_op(command, argument);
}

static uint64_t status(domid_t domain, evtchn_port_t port)
{
    struct evtchn_status s = { .dom = domain, .port = port };

    return (uint64_t)hypercall_event_channel_op(EVTCHNOP_status, &s);
}

CONFORMANCE_CASE("send, close, unmask, status: errors", 0)
{
    static const evtchn_port_t beyond[] = {
        EVTCHN_2L_NR_CHANNELS, 0x10000, 0x80000000u, ~0u,
    };

    expect_eq("send-0", -XEN_EINVAL, op(EVTCHNOP_send, 0));
    expect_eq("close-0", -XEN_EINVAL, op(EVTCHNOP_close, 0));
    expect_eq("send-closed", -XEN_EINVAL, op(EVTCHNOP_send, 120));
    expect_eq("close-closed", -XEN_EINVAL, op(EVTCHNOP_close, 120));
    expect_eq("send-virq", -XEN_EINVAL, op(EVTCHNOP_send, time_port));
    for (unsigned int i = 0; i < ARRAY_SIZE(beyond); i++) {
        expect_eq("send-beyond", -XEN_EINVAL, op(EVTCHNOP_send, beyond[i]));
        expect_eq("close-beyond", -XEN_EINVAL, op(EVTCHNOP_close, beyond[i]));
        expect_eq("unmask-beyond", -XEN_EINVAL,
                  op(EVTCHNOP_unmask, beyond[i]));
        expect_eq("status-beyond", -XEN_EINVAL,
                  status(DOMID_SELF, beyond[i]));
    }
    expect_eq("status-of-nobody", -XEN_ESRCH, status(0x7000, 1));
    expect_eq("send-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_send,
                                         hostile(UNMAPPED_VA)));
    expect_eq("close-hypervisor", -XEN_EFAULT, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_close,
                                         hostile(HYPERVISOR_VA)));
    expect_eq("status-m2p", -XEN_EFAULT, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_status, hostile(HOLE_VA)));
    expect_eq("unmask-non-canonical", -XEN_EFAULT, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_unmask,
                                         hostile(NON_CANONICAL_VA)));
    expect_eq("unknown", -XEN_ENOSYS, op(99, 1));
}
