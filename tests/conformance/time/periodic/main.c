/* SPDX-License-Identifier: MIT */
/*
 * The periodic timer.
 *
 * Every vCPU is born with 100 ticks a second for kernels that know nothing
 * better.  It runs while the vCPU does.  Periods under a millisecond, which
 * would let a guest keep a CPU busy with nothing but its timer, are refused.
 */
#include "conformance.h"

#define MS 1000000ull

static uint64_t set(uint64_t period)
{
    struct vcpu_set_periodic_timer op = { .period_ns = period };

    return (uint64_t)hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &op);
}

CONFORMANCE_CASE("set_periodic_timer and stop_periodic_timer", 0)
{
    unsigned long before = time_tick_count;
    uint64_t end = time_now_ns() + 5000 * MS;

    expect_eq("set", 0, set(10 * MS));
    while (time_tick_count < before + 5 && time_now_ns() < end) {
        barrier();
    }
    expect_true("five-ticks", time_tick_count >= before + 5);
    expect_eq("stop", 0, (uint64_t)
              hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL));
    before = time_tick_count;
    end = time_now_ns() + 50 * MS;
    while (time_now_ns() < end) {
        barrier();
    }
    expect_true("stopped", time_tick_count <= before + 1);
    expect_eq("too-short", -XEN_EINVAL, set(MS - 1));
    expect_eq("zero", -XEN_EINVAL, set(0));
    expect_eq("too-long", -XEN_EINVAL, set(~0ull));
    expect_eq("unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0,
                                hostile(UNMAPPED_VA)));
}
