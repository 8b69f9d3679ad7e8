/* SPDX-License-Identifier: MIT */
/*
 * Rows of two vCPUs.  On a machine of one CPU, as `tools/xenios bench` makes
 * it, both share it, so that each round is two switches between them.
 */
#include "bench.h"
#include "call.h"

static volatile bool stop;
static volatile unsigned int turns;
static evtchn_port_t ping, pong;

static bool two_vcpus(void)
{
    if (!smp_exists(1)) {
        bench_skip("the domain has one vCPU");
        return false;
    }
    stop = false;
    turns = 0;
    return smp_initialise(1) == 0;
}

static void yield_always(void *unused)
{
    while (!stop) {
        turns++;
        call_yield();
    }
}

/* A CPU that is shared goes to the other at each yield. */
static bool cpu_is_shared(void)
{
    unsigned int before = turns;

    for (unsigned int i = 0; i < 10; i++) {
        call_yield();
    }
    return turns - before >= 10;
}

static void yield_pair(void)
{
    if (!two_vcpus()) {
        return;
    }
    CHECK(smp_run(1, yield_always, NULL));
    if (cpu_is_shared()) {
        REPEAT {
            unsigned int before = turns;

            TIMED(call_yield());
            CHECK(turns != before);
        }
    } else {
        bench_skip("the vCPUs do not share a CPU");
    }
    stop = true;
    CHECK(smp_wait(1));
}

/* Sleeps until the port was sent to, and takes it. */
static inline void take(evtchn_port_t *port)
{
    struct sched_poll poll = { .nr_ports = 1 };

    set_xen_guest_handle(poll.ports, port);
    while (!evtchn_is_pending(*port)) {
        call2(__HYPERVISOR_sched_op, SCHEDOP_poll, arg(&poll));
    }
    evtchn_clear_pending(*port);
}

static inline void send(evtchn_port_t port)
{
    struct evtchn_send op = { .port = port };

    call_send(&op);
}

static void answer(void *unused)
{
    for (;;) {
        take(&ping);
        if (stop) {
            return;
        }
        turns++;
        send(pong);
    }
}

static void send_and_take(void)
{
    send(ping);
    take(&pong);
}

static void ping_pong(void)
{
    unsigned int expected = 0;

    if (!two_vcpus()) {
        return;
    }
    CHECK(evtchn_bind_ipi(1, &ping) == 0);
    CHECK(evtchn_bind_ipi(0, &pong) == 0);
    CHECK(smp_run(1, answer, NULL));
    REPEAT {
        TIMED(send_and_take());
        CHECK(turns == ++expected);
    }
    stop = true;
    send(ping);
    CHECK(smp_wait(1));
    evtchn_close(ping);
    evtchn_close(pong);
}

const struct row rows_vcpu[] = {
    { "vcpu/yield", "yield round trip through a second vCPU", yield_pair },
    { "vcpu/ping-pong", "event ping-pong between two vCPUs, blocking",
      ping_pong },
    { NULL, NULL, NULL },
};
