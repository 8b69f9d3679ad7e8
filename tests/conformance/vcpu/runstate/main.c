/* SPDX-License-Identifier: MIT */
/*
 * What another vCPU did with its time.
 *
 * Four states: runs, could run, sleeps, is down.  Any vCPU may ask about any
 * other, or register a place where the numbers are kept up to date.
 */
#include "conformance.h"

#define NS_PER_MS 1000000ul

static struct vcpu_runstate_info area;
static volatile unsigned int stage, may_end;
static evtchn_port_t port;

static struct vcpu_runstate_info state_of(unsigned int vcpu)
{
    struct vcpu_runstate_info info;

    memset(&info, 0xff, sizeof(info));
    expect_eq("get", 0, (uint64_t)
              hypercall_vcpu_op(VCPUOP_get_runstate_info, vcpu, &info));
    return info;
}

static uint64_t sum(const struct vcpu_runstate_info *info)
{
    return info->time[0] + info->time[1] + info->time[2] + info->time[3];
}

static void sleep_then_spin(void *unused)
{
    __atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
    sched_poll(&port, 1, 0);
    __atomic_store_n(&stage, 2, __ATOMIC_SEQ_CST);
    while (!may_end) {
        __asm__ volatile("pause");
    }
}

static void wait_ms(unsigned int ms)
{
    sched_poll(NULL, 0, time_now_ns() + ms * NS_PER_MS);
}

CONFORMANCE_CASE("run states of another vCPU", 0)
{
    struct vcpu_register_runstate_memory_area where;
    struct vcpu_runstate_info before, now;

    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    stage = may_end = 0;
    REQUIRE(evtchn_bind_ipi(1, &port) == 0);
    where.addr.v = &area;
    memset(&area, 0, sizeof(area));
    expect_eq("register", 0, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 1,
                                &where));
    before = state_of(1);
    expect_eq("offline", RUNSTATE_offline, (uint64_t)before.state);
    expect_eq("copied-at-once", RUNSTATE_offline, (uint64_t)area.state);
    REQUIRE(smp_run(1, sleep_then_spin, NULL));
    REQUIRE(smp_wait_for(&stage, 1));
    wait_ms(20);
    now = state_of(1);
    expect_eq("blocked", RUNSTATE_blocked, (uint64_t)now.state);
    evtchn_send(port);
    REQUIRE(smp_wait_for(&stage, 2));
    wait_ms(20);
    now = state_of(1);
    expect_true("running-or-runnable", now.state == RUNSTATE_running ||
                                       now.state == RUNSTATE_runnable);
    expect_true("slept", now.time[RUNSTATE_blocked] >= 15 * NS_PER_MS);
    expect_true("ran", now.time[0] + now.time[1] >
                       before.time[0] + before.time[1] + 10 * NS_PER_MS);
    expect_true("grows", sum(&now) > sum(&before) + 30 * NS_PER_MS);
    may_end = 1;
    expect_true("ends", smp_wait(1));
    /* It is down once it says so; its accounts follow when it leaves its CPU. */
    for (unsigned int i = 0; i < 1000 && state_of(1).state != RUNSTATE_offline;
         i++) {
        wait_ms(1);
    }
    expect_eq("offline-again", RUNSTATE_offline, (uint64_t)state_of(1).state);
    expect_true("area-was-refreshed",
                area.time[RUNSTATE_blocked] >= 15 * NS_PER_MS);
    expect_eq("no-such-vcpu", -XEN_ENOENT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_get_runstate_info, 4000, &now));
    expect_eq("area-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 1,
                                hostile(UNMAPPED_VA)));
    where.addr.v = NULL;
    hypercall_vcpu_op(VCPUOP_register_runstate_memory_area, 1, &where);
    evtchn_close(port);
}
