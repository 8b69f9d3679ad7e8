/* SPDX-License-Identifier: MIT */
/*
 * Two vCPUs that wake each other, again and again.
 *
 * Every round is a chance to lose a wake-up: one vCPU goes to sleep while the
 * other sends.  A hypervisor that looks for events before it marks the vCPU
 * as asleep, instead of after, stops somewhere in here.
 */
#include "conformance.h"

#define ROUNDS 300u

static evtchn_port_t ping, pong;
static volatile unsigned int answered;

static void nothing(evtchn_port_t port, void *context)
{
}

/* Sleeps until the port was sent to, and takes it. */
static void take(evtchn_port_t port)
{
    while (!evtchn_is_pending(port)) {
        sched_poll(&port, 1, 0);
    }
    evtchn_clear_pending(port);
}

static void answer_polls(void *unused)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        take(ping);
        answered++;
        evtchn_send(pong);
    }
}

static volatile unsigned int pings, pongs;

static void count(evtchn_port_t port, void *context)
{
    __atomic_fetch_add((volatile unsigned int *)context, 1, __ATOMIC_SEQ_CST);
}

static void wait_blocked(volatile unsigned int *word, unsigned int value)
{
    upcalls_save_and_disable();
    while (*word < value) {
        sched_block();
        upcalls_save_and_disable();
    }
    upcalls_enable();
}

static void answer_events(void *unused)
{
    for (unsigned int i = 1; i <= ROUNDS; i++) {
        wait_blocked(&pings, i);
        answered++;
        evtchn_send(pong);
    }
    upcalls_save_and_disable();
}

CONFORMANCE_CASE("two vCPUs wake each other, by poll and by block", 0)
{
    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    REQUIRE(evtchn_bind_ipi(1, &ping) == 0);
    REQUIRE(evtchn_bind_ipi(0, &pong) == 0);

    answered = 0;
    REQUIRE(smp_run(1, answer_polls, NULL));
    for (unsigned int i = 0; i < ROUNDS; i++) {
        evtchn_send(ping);
        take(pong);
    }
    expect_true("polls-end", smp_wait(1));
    expect_eq("polls", ROUNDS, answered);

    answered = pings = pongs = 0;
    evtchn_set_handler(ping, count, (void *)&pings);
    evtchn_set_handler(pong, count, (void *)&pongs);
    evtchn_unmask(ping);
    evtchn_unmask(pong);
    REQUIRE(smp_run(1, answer_events, NULL));
    for (unsigned int i = 1; i <= ROUNDS; i++) {
        evtchn_send(ping);
        wait_blocked(&pongs, i);
    }
    expect_true("blocks-end", smp_wait(1));
    expect_eq("blocks", ROUNDS, answered);
    evtchn_set_handler(ping, nothing, NULL);
    evtchn_close(ping);
    evtchn_close(pong);
}
