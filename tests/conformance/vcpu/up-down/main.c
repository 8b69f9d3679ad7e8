/* SPDX-License-Identifier: MIT */
/*
 * Up and down.
 *
 * A vCPU that is down keeps its state; up lets it go on where it was, also
 * when it was its own wish: then VCPUOP_down returns.  Down is not asleep: no
 * event wakes it.  Each is harmless where nothing is to be done.
 */
#include "conformance.h"

static volatile unsigned int at, may_end;

static void go_down(void *unused)
{
    __atomic_store_n(&at, 1, __ATOMIC_SEQ_CST);
    smp_vcpu_op(VCPUOP_down, 1);
    __atomic_store_n(&at, 2, __ATOMIC_SEQ_CST);
    while (!may_end) {
        sched_yield();
    }
}

static bool wait_until_down(void)
{
    for (unsigned int i = 0; i < 1000000; i++) {
        if (smp_vcpu_op(VCPUOP_is_up, 1) == 0) {
            return true;
        }
        sched_yield();
    }
    return false;
}

static void wait_ms(unsigned int ms)
{
    sched_poll(NULL, 0, time_now_ns() + ms * 1000000ul);
}

CONFORMANCE_CASE("up, down and is_up of another vCPU", 0)
{
    evtchn_port_t port;

    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    at = may_end = 0;
    REQUIRE(evtchn_bind_ipi(1, &port) == 0);
    REQUIRE(smp_run(1, go_down, NULL));
    REQUIRE(smp_wait_for(&at, 1));
    expect_true("goes-down", wait_until_down());
    wait_ms(5);
    expect_eq("stays-there", 1, at);
    evtchn_unmask(port);
    evtchn_send(port);
    wait_ms(5);
    expect_eq("no-event-wakes-it", 1, at);
    expect_eq("down-again", 0, (uint64_t)smp_vcpu_op(VCPUOP_down, 1));
    expect_eq("up", 0, (uint64_t)smp_vcpu_op(VCPUOP_up, 1));
    expect_true("goes-on", smp_wait_for(&at, 2));
    expect_eq("is_up", 1, (uint64_t)smp_vcpu_op(VCPUOP_is_up, 1));
    expect_eq("up-twice", 0, (uint64_t)smp_vcpu_op(VCPUOP_up, 1));
    expect_eq("taken-down", 0, (uint64_t)smp_vcpu_op(VCPUOP_down, 1));
    expect_eq("is_up-no-more", 0, (uint64_t)smp_vcpu_op(VCPUOP_is_up, 1));
    expect_eq("up-of-itself", 0, (uint64_t)smp_vcpu_op(VCPUOP_up, 0));
    expect_eq("itself-is-up", 1, (uint64_t)smp_vcpu_op(VCPUOP_is_up, 0));
    may_end = 1;
    smp_vcpu_op(VCPUOP_up, 1);
    expect_true("ends", smp_wait(1));
    evtchn_close(port);
}
