/* SPDX-License-Identifier: MIT */
/*
 * Timers of two vCPUs.
 *
 * Each vCPU has a one-shot and a periodic timer, and VIRQ_TIMER bound for
 * itself.  The one-shot belongs to the vCPU that runs: nobody sets another's.
 */
#include "conformance.h"

static volatile unsigned int ticks, stage;
static evtchn_port_t port;

static void tick(evtchn_port_t p, void *context)
{
    if (smp_vcpu_id() == 1) {
        __atomic_fetch_add(&ticks, 1, __ATOMIC_SEQ_CST);
    }
}

static void set_own(void *unused)
{
    struct vcpu_set_singleshot_timer op = {
        .timeout_abs_ns = time_now_ns() + 5000000,
    };

    smp_vcpu_op(VCPUOP_stop_periodic_timer, 1);
    upcalls_save_and_disable();
    if (hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 1, &op) == 0) {
        __atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
    }
    while (ticks == 0) {
        sched_block();
        upcalls_save_and_disable();
    }
    __atomic_store_n(&stage, 2, __ATOMIC_SEQ_CST);
}

CONFORMANCE_CASE("a vCPU's timers are its own", 0)
{
    struct vcpu_set_singleshot_timer shot = { .timeout_abs_ns = 1 };
    struct vcpu_set_periodic_timer period = { .period_ns = 10000000 };

    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    ticks = stage = 0;
    REQUIRE(evtchn_bind_virq(VIRQ_TIMER, 1, &port) == 0);
    evtchn_set_handler(port, tick, NULL);
    evtchn_unmask(port);
    expect_eq("set-anothers", -XEN_EINVAL, (uint64_t)
              hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 1, &shot));
    expect_eq("stop-anothers", -XEN_EINVAL,
              (uint64_t)smp_vcpu_op(VCPUOP_stop_singleshot_timer, 1));
    REQUIRE(smp_run(1, set_own, NULL));
    expect_true("own-one-shot", smp_wait_for(&stage, 2));
    expect_true("ends", smp_wait(1));
    expect_eq("periodic-of-another", 0, (uint64_t)
              hypercall_vcpu_op(VCPUOP_set_periodic_timer, 1, &period));
    expect_eq("stop-it", 0,
              (uint64_t)smp_vcpu_op(VCPUOP_stop_periodic_timer, 1));
    evtchn_close(port);
}
