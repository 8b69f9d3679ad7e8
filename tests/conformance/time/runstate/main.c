/* SPDX-License-Identifier: MIT */
/*
 * Where the vCPU's time went.
 *
 * Four counters whose sum is system time: running, runnable, blocked, offline.
 * Guests report "steal" from the second.  A registered area is kept up to date
 * in the guest's own memory.
 */
#include "conformance.h"

static struct vcpu_runstate_info area;  /* stays registered */

static uint64_t sum(const volatile struct vcpu_runstate_info *info)
{
    return info->time[0] + info->time[1] + info->time[2] + info->time[3];
}

CONFORMANCE_CASE("get_runstate_info and the registered area", 0)
{
    struct vcpu_register_runstate_memory_area op = { .addr.v = &area };
    struct vcpu_runstate_info first, second;
    volatile struct vcpu_runstate_info *live = &area;

    expect_eq("get", 0, (uint64_t)
              hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &first));
    expect_eq("running", RUNSTATE_running, (uint64_t)first.state);
    time_sleep_until_ns(time_now_ns() + 10000000);
    hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &second);
    expect_true("blocked-time-grew",
                second.time[RUNSTATE_blocked] >=
                first.time[RUNSTATE_blocked] + 5000000);
    expect_true("sum-grew", sum(&second) >= sum(&first) + 10000000);

    expect_eq("register", 0, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0,
                                &op));
    expect_eq("area-running", RUNSTATE_running, (uint64_t)live->state);
    first = area;
    time_sleep_until_ns(time_now_ns() + 10000000);
    expect_true("area-updated", live->time[RUNSTATE_blocked] >
                first.time[RUNSTATE_blocked]);
    expect_eq("get-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_get_runstate_info, 0,
                                hostile(UNMAPPED_VA)));
    expect_eq("register-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 0,
                                hostile(UNMAPPED_VA)));
}
