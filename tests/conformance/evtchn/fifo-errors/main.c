/* SPDX-License-Identifier: MIT */
/*
 * Asking for the FIFO form, wrongly.
 *
 * The guest lends frames to the hypervisor for control blocks and event words,
 * so they must be its own and plain memory.  Until the first control block is
 * accepted nothing has changed: the two-level form is on, and the commands of
 * the other say so.
 */
#include "conformance.h"

static uint64_t init(uint32_t vcpu, uint64_t mfn, uint32_t offset)
{
    struct evtchn_init_control op = {
        .control_gfn = mfn, .offset = offset, .vcpu = vcpu,
    };

    return (uint64_t)hypercall_event_channel_op(EVTCHNOP_init_control, &op);
}

static uint64_t expand(uint64_t mfn)
{
    struct evtchn_expand_array op = { .array_gfn = mfn };

    return (uint64_t)hypercall_event_channel_op(EVTCHNOP_expand_array, &op);
}

static uint64_t priority(evtchn_port_t port, uint32_t value)
{
    struct evtchn_set_priority op = { .port = port, .priority = value };

    return (uint64_t)hypercall_event_channel_op(EVTCHNOP_set_priority, &op);
}

CONFORMANCE_CASE("errors of the FIFO commands", 0)
{
    void *page = page_alloc();
    uint64_t mfn = virt_to_mfn(page);
    evtchn_port_t port;

    REQUIRE(evtchn_bind_ipi(0, &port) == 0);
    expect_eq("expand-too-early", -XEN_EOPNOTSUPP, expand(mfn));
    expect_eq("priority-too-early", -XEN_ENOSYS, priority(port, 0));
    expect_eq("priority-of-no-port", -XEN_EINVAL, priority(0x1ffff, 0));
    expect_eq("no-such-vcpu", -XEN_ENOENT, init(4000, mfn, 0));
    expect_eq("unaligned", -XEN_EINVAL, init(0, mfn, 4));
    expect_eq("across-pages", -XEN_EINVAL, init(0, mfn, PAGE_SIZE - 64));
    expect_eq("far-away", -XEN_EINVAL, init(0, mfn, ~7u));
    expect_eq("absent", -XEN_EINVAL, init(0, FRAME_ABSENT, 0));
    expect_eq("foreign", -XEN_EINVAL, init(0, frame_foreign(), 0));
    expect_eq("a-table", -XEN_EINVAL, init(0, mm_kernel.root_mfn, 0));
    expect_eq("unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_init_control,
                                         hostile(UNMAPPED_VA)));
    expect_eq("expand-still-too-early", -XEN_EOPNOTSUPP, expand(mfn));
    evtchn_close(port);
    page_free(page);
}
