/* SPDX-License-Identifier: MIT */
/*
 * Errors of alloc_unbound and bind_interdomain.
 *
 * Binding is what gives one domain a way to make another run, so it works only
 * on a port that was offered, to the domain it was offered to, and once.
 */
#include "conformance.h"

#define NOBODY 0x7000u

CONFORMANCE_CASE("alloc_unbound and bind_interdomain: errors", 0)
{
    evtchn_port_t a, b, other;

    expect_eq("alloc-for-nobody", -XEN_ESRCH,
              (uint64_t)evtchn_alloc_unbound(NOBODY, DOMID_SELF, &a));
    expect_eq("bind-to-nobody", -XEN_ESRCH,
              (uint64_t)evtchn_bind_interdomain(NOBODY, 1, &b));
    expect_eq("bind-port-0", -XEN_EINVAL,
              (uint64_t)evtchn_bind_interdomain(DOMID_SELF, 0, &b));
    expect_eq("bind-huge-port", -XEN_EINVAL,
              (uint64_t)evtchn_bind_interdomain(DOMID_SELF, ~0u, &b));
    expect_eq("bind-closed-port", -XEN_EINVAL,
              (uint64_t)evtchn_bind_interdomain(DOMID_SELF, 120, &b));
    expect_eq("bind-virq-port", -XEN_EINVAL,
              (uint64_t)evtchn_bind_interdomain(DOMID_SELF, time_port, &b));
    REQUIRE(evtchn_alloc_unbound(DOMID_SELF, DOMID_SELF, &a) == 0);
    REQUIRE(evtchn_bind_interdomain(DOMID_SELF, a, &b) == 0);
    expect_eq("bind-twice", -XEN_EINVAL,
              (uint64_t)evtchn_bind_interdomain(DOMID_SELF, a, &other));
    evtchn_close(b);
    evtchn_close(a);
    REQUIRE(evtchn_alloc_unbound(DOMID_SELF, NOBODY, &a) == 0);
    expect_eq("bind-somebody-else-s", -XEN_EINVAL,
              (uint64_t)evtchn_bind_interdomain(DOMID_SELF, a, &b));
    evtchn_close(a);
    expect_eq("alloc-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_alloc_unbound,
                                         hostile(UNMAPPED_VA)));
    expect_eq("bind-hypervisor", -XEN_EFAULT, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_bind_interdomain,
                                         hostile(HYPERVISOR_VA)));
}
