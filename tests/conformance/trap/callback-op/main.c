/* SPDX-License-Identifier: MIT */
/*
 * Errors of callback_op and set_callbacks.
 *
 * A callback address is where the hypervisor will send the vCPU, so one that
 * is not canonical is refused when it is registered.  Event and failsafe
 * callbacks cannot be taken back: a guest without them cannot be told
 * anything.
 */
#include "conformance.h"

static uint64_t set(uint16_t type, uint16_t flags, unsigned long address)
{
    struct callback_register op = {
        .type = type, .flags = flags, .address = address,
    };

    return (uint64_t)hypercall_callback_op(CALLBACKOP_register, &op);
}

static uint64_t unset(uint16_t type)
{
    struct callback_unregister op = { .type = type };

    return (uint64_t)hypercall_callback_op(CALLBACKOP_unregister, &op);
}

CONFORMANCE_CASE("callback_op: registering and errors", 0)
{
    unsigned long good = (unsigned long)event_stub;

    expect_eq("event", 0, set(CALLBACKTYPE_event, CALLBACKF_mask_events,
                              good));
    expect_eq("non-canonical", -XEN_EINVAL,
              set(CALLBACKTYPE_event, 0, NON_CANONICAL_VA));
    expect_eq("failsafe-non-canonical", -XEN_EINVAL,
              set(CALLBACKTYPE_failsafe, 0, NON_CANONICAL_VA));
    expect_eq("syscall-non-canonical", -XEN_EINVAL,
              set(CALLBACKTYPE_syscall, 0, NON_CANONICAL_VA));
    expect_eq("unknown-type", -XEN_ENOSYS, set(99, 0, good));
    expect_eq("unregister-event", -XEN_EINVAL, unset(CALLBACKTYPE_event));
    expect_eq("unregister-failsafe", -XEN_EINVAL,
              unset(CALLBACKTYPE_failsafe));
    expect_eq("unregister-unknown", -XEN_ENOSYS, unset(99));
    expect_eq("nmi", 0, set(CALLBACKTYPE_nmi, 0, (unsigned long)nmi_stub));
    expect_eq("unregister-nmi", 0, unset(CALLBACKTYPE_nmi));
    expect_eq("unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_callback_op(CALLBACKOP_register,
                                    hostile(UNMAPPED_VA)));
    expect_eq("hypervisor", -XEN_EFAULT, (uint64_t)
              hypercall_callback_op(CALLBACKOP_register,
                                    hostile(HYPERVISOR_VA)));
    expect_eq("unknown-command", -XEN_ENOSYS,
              (uint64_t)hypercall_callback_op(99, NULL));
    expect_eq("set_callbacks-leaves-out-what-is-bad", 0, (uint64_t)
              hypercall(__HYPERVISOR_set_callbacks, good, NON_CANONICAL_VA,
                        (unsigned long)syscall_stub, 0, 0));
    expect_eq("set_callbacks", 0, (uint64_t)
              hypercall(__HYPERVISOR_set_callbacks, good,
                        (unsigned long)failsafe_stub,
                        (unsigned long)syscall_stub, 0, 0));
}
