/* SPDX-License-Identifier: MIT */
/*
 * Events from one vCPU to another.
 *
 * The callback runs on the vCPU that the port notifies, and on no other.  A
 * sleeping vCPU wakes up; a running one is interrupted; one that masks upcalls
 * hears of it when it unmasks.
 */
#include "conformance.h"

static volatile unsigned int heard, heard_on, stage, may_go;
static evtchn_port_t port;

static void hear(evtchn_port_t p, void *context)
{
    heard_on = smp_vcpu_id();
    __atomic_fetch_add(&heard, 1, __ATOMIC_SEQ_CST);
}

/* Runs three times into an event: spinning, asleep, and behind the mask. */
static void listen(void *unused)
{
    upcalls_enable();
    __atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
    while (heard < 1) {
        __asm__ volatile("pause");
    }
    upcalls_save_and_disable();
    __atomic_store_n(&stage, 2, __ATOMIC_SEQ_CST);
    while (heard < 2) {
        sched_block();
        upcalls_save_and_disable();
    }
    __atomic_store_n(&stage, 3, __ATOMIC_SEQ_CST);
    while (!may_go) {
        sched_yield();
    }
    upcalls_enable();
    upcalls_save_and_disable();
    __atomic_store_n(&stage, 4, __ATOMIC_SEQ_CST);
}

CONFORMANCE_CASE("an IPI reaches a vCPU that runs, sleeps, or masks", 0)
{
    unsigned long upcalls;

    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    heard = stage = may_go = 0;
    REQUIRE(evtchn_bind_ipi(1, &port) == 0);
    evtchn_set_handler(port, hear, NULL);
    evtchn_unmask(port);
    REQUIRE(smp_run(1, listen, NULL));
    REQUIRE(smp_wait_for(&stage, 1));
    upcalls = evtchn_upcall_count;
    expect_eq("send", 0, (uint64_t)evtchn_send(port));
    expect_true("running", smp_wait_for(&heard, 1));
    expect_eq("on-vcpu-1", 1, heard_on);
    REQUIRE(smp_wait_for(&stage, 2));
    sched_poll(NULL, 0, time_now_ns() + 5000000);
    evtchn_send(port);
    expect_true("asleep", smp_wait_for(&heard, 2));
    REQUIRE(smp_wait_for(&stage, 3));
    evtchn_send(port);
    sched_poll(NULL, 0, time_now_ns() + 5000000);
    expect_eq("masked", 2, heard);
    expect_true("pending", evtchn_is_pending(port));
    may_go = 1;
    expect_true("unmasked", smp_wait_for(&heard, 3));
    expect_eq("still-on-vcpu-1", 1, heard_on);
    expect_true("ends", smp_wait(1));
    expect_true("upcalls", evtchn_upcall_count >= upcalls + 3);
    evtchn_close(port);
}
