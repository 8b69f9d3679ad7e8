/* SPDX-License-Identifier: MIT */
/*
 * The one-shot timer of a vCPU.
 *
 * A deadline in system time, one event.  A deadline already past fires at
 * once: a guest that computes one and is late must not sleep for ever.  The
 * flag VCPU_SSHOTTMR_future once made that an error; it is ignored now.
 */
#include "conformance.h"

#define MS 1000000ull

static uint64_t set(uint64_t deadline, uint32_t flags)
{
    struct vcpu_set_singleshot_timer op = {
        .timeout_abs_ns = deadline, .flags = flags,
    };

    return (uint64_t)hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

static bool ticked_within(unsigned long before, uint64_t ns)
{
    uint64_t end = time_now_ns() + ns;

    while (time_tick_count == before && time_now_ns() < end) {
        barrier();
    }
    return time_tick_count != before;
}

CONFORMANCE_CASE("set_singleshot_timer and stop_singleshot_timer", 0)
{
    unsigned long before = time_tick_count;
    uint64_t start = time_now_ns();

    expect_eq("set", 0, set(start + 10 * MS, 0));
    expect_true("fires", ticked_within(before, 2000 * MS));
    expect_true("not-early", time_now_ns() >= start + 10 * MS);
    before = time_tick_count;
    expect_true("once", !ticked_within(before, 30 * MS));

    expect_eq("set-past", 0, set(start, 0));
    expect_true("past-fires", ticked_within(before, 2000 * MS));
    before = time_tick_count;
    expect_eq("set-to-stop", 0, set(time_now_ns() + 20 * MS, 0));
    expect_eq("stop", 0, (uint64_t)
              hypercall_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL));
    expect_true("stopped", !ticked_within(before, 40 * MS));

    before = time_tick_count;
    expect_eq("flag-is-ignored", 0, set(start, VCPU_SSHOTTMR_future));
    expect_true("fires-nevertheless", ticked_within(before, 2000 * MS));
    hypercall_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
    expect_eq("unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0,
                                hostile(UNMAPPED_VA)));
    expect_eq("hypervisor", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0,
                                hostile(HYPERVISOR_VA)));
}
