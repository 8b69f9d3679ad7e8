/* SPDX-License-Identifier: MIT */
/*
 * Errors of vcpu_op.
 *
 * is_up is how a kernel counts its vCPUs: 0 or 1 for one that exists, and an
 * error for one that does not.  A kernel that is told 0 for ever believes in
 * thousands of vCPUs that are merely off.
 */
#include "conformance.h"

static uint64_t op(unsigned int command, unsigned int vcpu)
{
    return (uint64_t)hypercall_vcpu_op(command, vcpu, NULL);
}

/* What can not be written is left out. */
static void nowhere(unsigned long va)
{
    struct vcpu_register_runstate_memory_area runstate = {
        .addr.v = hostile(va),
    };
    struct vcpu_register_time_memory_area time = { .addr.v = hostile(va) };

    expect_eq("runstate-nowhere", 0, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0,
                                &runstate));
    expect_eq("time-nowhere", 0, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
                                &time));
    runstate.addr.v = NULL;
    hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0, &runstate);
    time.addr.v = NULL;
    hypercall_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &time);
}

CONFORMANCE_CASE("vcpu_op: errors", 0)
{
    long pinned;
    struct vcpu_register_vcpu_info info = { .mfn = FRAME_ABSENT };
    struct vcpu_register_runstate_memory_area runstate;
    struct vcpu_register_time_memory_area time;
    struct vcpu_get_physid physid;

    expect_eq("is_up-0", 1, op(VCPUOP_is_up, 0));
    expect_eq("is_up-4000", -XEN_ENOENT, op(VCPUOP_is_up, 4000));
    expect_eq("is_up-huge", -XEN_ENOENT, op(VCPUOP_is_up, ~0u));
    expect_eq("timer-of-nobody", -XEN_ENOENT,
              op(VCPUOP_stop_periodic_timer, 4000));
    expect_eq("unknown", -XEN_ENOSYS, op(99, 0));
    expect_eq("vcpu_info-no-such-frame", -XEN_EINVAL, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    info.mfn = frame_foreign();
    expect_eq("vcpu_info-foreign-frame", -XEN_EINVAL, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    info.mfn = virt_to_mfn(image_start);
    info.offset = PAGE_SIZE - 8;
    expect_eq("vcpu_info-across-pages", -XEN_ENXIO, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    info.mfn = mm_kernel.root_mfn;
    info.offset = 0;
    expect_eq("vcpu_info-on-a-table", -XEN_EINVAL, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0, &info));
    expect_eq("vcpu_info-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_vcpu_info, 0,
                                hostile(UNMAPPED_VA)));
    nowhere(LAST_VA);
    nowhere(~7ul);
    runstate.addr.v = hostile(HYPERVISOR_VA);
    expect_eq("runstate-in-the-hypervisor", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0,
                                &runstate));
    time.addr.v = hostile(HYPERVISOR_VA);
    expect_eq("time-in-the-hypervisor", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0,
                                &time));
    /* Only a vCPU that is pinned has a CPU; with one CPU in all, it is. */
    pinned = hypercall_vcpu_op(VCPUOP_get_physid, 0, &physid);
    expect_true("no-cpu-of-its-own", pinned == -XEN_EINVAL || pinned == 0);
}
