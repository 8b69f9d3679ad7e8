/* SPDX-License-Identifier: MIT */
/* Claims about core/lock.c. */
#include <host/host.h>
#include <hv/lock.h>
#include <pthread.h>
#include <string.h>

#include "test_main.h"

#define THREADS 4
#define ROUNDS 5000

static struct spinlock first = SPINLOCK(LOCK_DOMAIN);
static struct spinlock pair[2] = { SPINLOCK(LOCK_EVTCHN),
                                   SPINLOCK(LOCK_EVTCHN) };
static struct spinlock last = SPINLOCK(LOCK_TEST);

static void setup(void)
{
    host_machine_start(64, THREADS);
}

static void teardown(void)
{
    host_machine_stop();
}

START_TEST(a_lock_knows_its_holder)
{
    ck_assert(!spin_is_held(&first));
    spin_lock(&first);
    ck_assert(spin_is_held(&first));
    host_set_cpu(1);
    ck_assert(!spin_is_held(&first));
    host_set_cpu(0);
    spin_unlock(&first);
    ck_assert(!spin_is_held(&first));
}
END_TEST

START_TEST(rising_ranks_are_allowed)
{
    spin_lock(&first);
    spin_lock(&pair[0]);
    spin_lock_second(&pair[1]);
    spin_lock(&last);
    ck_assert_uint_eq(this_cpu()->locks_held_count, 4);
    spin_unlock(&first); /* any order of release */
    spin_unlock(&last);
    spin_unlock(&pair[0]);
    spin_unlock(&pair[1]);
    ck_assert_uint_eq(this_cpu()->locks_held_count, 0);
}
END_TEST

START_TEST(tickets_wrap)
{
    struct spinlock l = SPINLOCK(LOCK_TEST);
    unsigned int i;

    for (i = 0; i < 70000; i++) {
        spin_lock(&l);
        spin_unlock(&l);
    }
    ck_assert_uint_eq(l.next, l.owner);
}
END_TEST

static void lock_falling(void *arg)
{
    spin_lock(&last);
    spin_lock(&first);
}

static void lock_twice(void *arg)
{
    spin_lock(&first);
    spin_lock(&first);
}

static void lock_same_rank(void *arg)
{
    spin_lock(&pair[0]);
    spin_lock(&pair[1]);
}

static void lock_second_lower(void *arg)
{
    spin_lock(&pair[1]);
    spin_lock_second(&pair[0]);
}

static void unlock_free(void *arg)
{
    spin_unlock(&first);
}

START_TEST(a_lower_rank_after_a_higher_panics)
{
    ck_assert_int_eq(host_run(lock_falling, NULL), HOST_PANIC);
    ck_assert_ptr_nonnull(strstr(host_console_text(), "lock order"));
}
END_TEST

START_TEST(taking_a_lock_twice_panics)
{
    ck_assert_int_eq(host_run(lock_twice, NULL), HOST_PANIC);
}
END_TEST

START_TEST(a_second_of_one_rank_must_be_asked_for)
{
    ck_assert_int_eq(host_run(lock_same_rank, NULL), HOST_PANIC);
}
END_TEST

START_TEST(a_second_of_one_rank_must_be_the_higher)
{
    ck_assert_int_eq(host_run(lock_second_lower, NULL), HOST_PANIC);
}
END_TEST

START_TEST(releasing_a_free_lock_panics)
{
    ck_assert_int_eq(host_run(unlock_free, NULL), HOST_PANIC);
}
END_TEST

static uint64_t counter; /* plain: only the lock protects it */

static void *count_up(void *arg)
{
    unsigned int i;

    host_set_cpu((unsigned int)(uintptr_t)arg);
    for (i = 0; i < ROUNDS; i++) {
        spin_lock(&first);
        counter++;
        spin_lock(&last);
        counter++;
        spin_unlock(&last);
        spin_unlock(&first);
    }
    return NULL;
}

START_TEST(four_cpus_exclude_each_other)
{
    pthread_t threads[THREADS];
    uintptr_t i;

    for (i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, count_up, (void *)i);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(counter, 2ull * THREADS * ROUNDS);
}
END_TEST

TEST_MAIN("lock", setup, teardown, a_lock_knows_its_holder,
          rising_ranks_are_allowed, tickets_wrap,
          a_lower_rank_after_a_higher_panics, taking_a_lock_twice_panics,
          a_second_of_one_rank_must_be_asked_for,
          a_second_of_one_rank_must_be_the_higher,
          releasing_a_free_lock_panics, four_cpus_exclude_each_other)
