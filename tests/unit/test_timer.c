/* SPDX-License-Identifier: MIT */
/*
 * Deadlines: order of firing, setting and stopping at any moment, timers that
 * move between CPUs, and what the hardware is told.
 */
#include "test_main.h"
#include "world.h"

#include <pthread.h>
#include <string.h>

#include <hv/timer.h>

#define TIMERS 200

static struct world *w;
static struct timer timers[TIMERS];
static unsigned int fired[TIMERS];  /* how often */
static unsigned int order[TIMERS * 4], order_count;

static void note(void *arg)
{
    unsigned int n = (unsigned int)((struct timer *)arg - timers);

    fired[n]++;
    ck_assert(!timer_is_active(&timers[n]));
    ck_assert_uint_lt(order_count, ARRAY_SIZE(order));
    order[order_count++] = n;
}

static void setup(void)
{
    unsigned int i;

    w = world_with_cpus(0, 8, 0, 2);
    host_set_now(1000);
    for (i = 0; i < TIMERS; i++) {
        timer_init(&timers[i], note, &timers[i]);
    }
}

static void teardown(void)
{
    timer_audit(cpus[0]);
    timer_audit(cpus[1]);
    world_free(w);
}

/* Moves the clock and does what is due on CPU `id`. */
static void run_at(unsigned int id, ns_t now)
{
    host_set_now(now);
    host_set_cpu(id);
    softirq_run();
}

static uint32_t seed = 7;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

START_TEST(a_timer_fires_once_when_due)
{
    timer_set(&timers[0], 5000);
    ck_assert(timer_is_active(&timers[0]));
    ck_assert_uint_eq(host_timer_deadline(0), 5000);
    run_at(0, 4999);
    ck_assert_uint_eq(fired[0], 0);
    run_at(0, 5000);
    ck_assert_uint_eq(fired[0], 1);
    run_at(0, 9000);
    ck_assert_uint_eq(fired[0], 1);
    ck_assert_uint_eq(host_timer_deadline(0), NS_NEVER);
}
END_TEST

START_TEST(a_past_deadline_fires_at_the_next_softirq)
{
    timer_set(&timers[0], 10);
    timer_set(&timers[1], 0);
    timer_set(&timers[2], 1000);
    ck_assert_uint_eq(order_count, 0);
    softirq_run();
    ck_assert_uint_eq(order_count, 3);
    ck_assert_uint_eq(order[0], 1);
    ck_assert_uint_eq(order[1], 0);
    ck_assert_uint_eq(order[2], 2);
}
END_TEST

START_TEST(never_is_not_a_deadline)
{
    timer_set(&timers[0], NS_NEVER);
    ck_assert(!timer_is_active(&timers[0]));
    timer_set(&timers[0], 2000);
    timer_set(&timers[0], NS_NEVER);
    ck_assert(!timer_is_active(&timers[0]));
    timer_set(&timers[1], NS_NEVER - 1);
    ck_assert(timer_is_active(&timers[1]));
    run_at(0, 1ull << 62);
    ck_assert_uint_eq(order_count, 0);
    timer_stop(&timers[1]);
}
END_TEST

START_TEST(a_stopped_timer_does_not_fire)
{
    unsigned int i;

    timer_stop(&timers[0]); /* never set */
    for (i = 0; i < 5; i++) {
        timer_set(&timers[i], 2000 + i);
    }
    timer_stop(&timers[0]); /* the root */
    timer_stop(&timers[3]);
    timer_stop(&timers[3]);
    ck_assert_uint_eq(timer_audit(cpus[0]), 3);
    run_at(0, 3000);
    ck_assert_uint_eq(order_count, 3);
    ck_assert_uint_eq(fired[0] + fired[3], 0);
}
END_TEST

START_TEST(setting_again_replaces_the_deadline)
{
    timer_set(&timers[0], 2000);
    timer_set(&timers[0], 8000);
    run_at(0, 2000);
    ck_assert_uint_eq(fired[0], 0);
    timer_set(&timers[0], 3000);
    ck_assert_uint_eq(host_timer_deadline(0), 3000);
    run_at(0, 3000);
    ck_assert_uint_eq(fired[0], 1);
}
END_TEST

START_TEST(the_hardware_waits_for_the_earliest)
{
    timer_set(&timers[0], 9000);
    ck_assert_uint_eq(host_timer_deadline(0), 9000);
    timer_set(&timers[1], 4000);
    ck_assert_uint_eq(host_timer_deadline(0), 4000);
    host_effects_clear();
    timer_set(&timers[2], 6000); /* later than the first: nothing to tell */
    ck_assert_uint_eq(host_effect_count(EFFECT_TIMER), 0);
    run_at(0, 4000);
    ck_assert_uint_eq(host_timer_deadline(0), 6000);
    run_at(0, 6000);
    ck_assert_uint_eq(host_timer_deadline(0), 9000);
    timer_stop(&timers[0]);
    run_at(0, 9000); /* spurious, and the last */
    ck_assert_uint_eq(host_timer_deadline(0), NS_NEVER);
    ck_assert_uint_eq(order_count, 2);
}
END_TEST

/* Two clocks: the interrupt may come when by the other it is not yet time. */
START_TEST(an_early_interrupt_is_asked_for_again)
{
    timer_set(&timers[0], 5000);
    host_set_now(5000);
    run_at(0, 4990);
    ck_assert_uint_eq(fired[0], 0);
    ck_assert_uint_eq(host_timer_deadline(0), 5000);
    run_at(0, 5000);
    ck_assert_uint_eq(fired[0], 1);
}
END_TEST

START_TEST(a_timer_moves_to_the_cpu_that_sets_it)
{
    timer_set(&timers[0], 5000);
    timer_set(&timers[1], 6000);
    host_set_cpu(1);
    timer_set(&timers[0], 7000);
    ck_assert_uint_eq(timers[0].cpu, 1);
    ck_assert_uint_eq(timer_audit(cpus[0]), 1);
    ck_assert_uint_eq(timer_audit(cpus[1]), 1);
    run_at(0, 8000);
    ck_assert_uint_eq(fired[0], 0);
    ck_assert_uint_eq(fired[1], 1);
    run_at(1, 8000);
    ck_assert_uint_eq(fired[0], 1);
    /* Anybody may stop it. */
    timer_set(&timers[2], 9000);
    host_set_cpu(0);
    timer_stop(&timers[2]);
    ck_assert_uint_eq(timer_audit(cpus[1]), 0);
}
END_TEST

/* Fires until it was told to return, and some time after. */
static void linger(void *arg)
{
    unsigned int i;

    __atomic_store_n(&fired[0], 1, __ATOMIC_RELEASE);
    while (__atomic_load_n(&order_count, __ATOMIC_ACQUIRE) == 0) {
        arch_relax();
    }
    for (i = 0; i < 1000; i++) {
        arch_relax();
    }
    __atomic_store_n(&fired[0], 2, __ATOMIC_RELEASE);
}

static void *fire_on_cpu_1(void *unused)
{
    host_set_cpu(1);
    timer_set(&timers[0], 1000);
    softirq_run();
    return NULL;
}

START_TEST(a_retired_timer_does_not_fire_any_more)
{
    pthread_t thread;

    timer_init(&timers[0], linger, NULL);
    ck_assert_int_eq(pthread_create(&thread, NULL, fire_on_cpu_1, NULL), 0);
    while (__atomic_load_n(&fired[0], __ATOMIC_ACQUIRE) == 0) {
        arch_relax();
    }
    __atomic_store_n(&order_count, 1, __ATOMIC_RELEASE);
    timer_retire(&timers[0]);
    ck_assert_uint_eq(__atomic_load_n(&fired[0], __ATOMIC_ACQUIRE), 2);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    timer_set(&timers[1], 5000);
    timer_retire(&timers[1]);
    run_at(0, 6000);
    ck_assert_uint_eq(fired[1], 0);
}
END_TEST

static void again(void *arg)
{
    fired[0]++;
    timer_set(arg, arch_now() + 1);
}

START_TEST(a_timer_may_set_itself_again)
{
    timer_init(&timers[0], again, &timers[0]);
    timer_set(&timers[0], 1000);
    timer_set(&timers[1], 1000);
    timer_softirq();
    ck_assert_uint_eq(fired[0], 1);
    ck_assert_uint_eq(fired[1], 1);
    ck_assert_uint_eq(host_timer_deadline(0), 1001);
    timer_stop(&timers[0]);
}
END_TEST

START_TEST(all_fire_in_the_order_of_their_deadlines)
{
    unsigned int i;

    for (i = 0; i < TIMERS; i++) {
        timer_set(&timers[i], 2000 + any(500));
    }
    ck_assert_uint_eq(timer_audit(cpus[0]), TIMERS);
    run_at(0, 3000);
    ck_assert_uint_eq(order_count, TIMERS);
    for (i = 1; i < TIMERS; i++) {
        ck_assert_uint_le(timer_deadline(&timers[order[i - 1]]),
                          timer_deadline(&timers[order[i]]));
    }
}
END_TEST

/* Everything at once on two CPUs, beside a table of what should be. */
START_TEST(any_sequence_keeps_the_heap_in_order)
{
    static ns_t want[TIMERS]; /* 0: inactive */
    ns_t now = 1000;
    unsigned int i, round;

    for (round = 0; round < 5000; round++) {
        unsigned int n = any(TIMERS);

        host_set_cpu(any(2));
        if (any(3) == 0) {
            timer_stop(&timers[n]);
            want[n] = 0;
        } else {
            want[n] = now + 1 + any(1000);
            timer_set(&timers[n], want[n]);
        }
        if (round % 8 != 0) {
            continue;
        }
        now += any(40);
        order_count = 0;
        memset(fired, 0, sizeof(fired));
        run_at(0, now);
        run_at(1, now);
        for (i = 0; i < TIMERS; i++) {
            bool due = want[i] != 0 && want[i] <= now;

            ck_assert_uint_eq(fired[i], due);
            want[i] = due ? 0 : want[i];
            ck_assert(timer_is_active(&timers[i]) == (want[i] != 0));
        }
        timer_audit(cpus[0]);
        timer_audit(cpus[1]);
    }
}
END_TEST

TEST_MAIN("timer", setup, teardown,
          a_timer_fires_once_when_due,
          a_past_deadline_fires_at_the_next_softirq,
          never_is_not_a_deadline,
          a_stopped_timer_does_not_fire,
          setting_again_replaces_the_deadline,
          the_hardware_waits_for_the_earliest,
          an_early_interrupt_is_asked_for_again,
          a_timer_moves_to_the_cpu_that_sets_it,
          a_retired_timer_does_not_fire_any_more,
          a_timer_may_set_itself_again,
          all_fire_in_the_order_of_their_deadlines,
          any_sequence_keeps_the_heap_in_order)
