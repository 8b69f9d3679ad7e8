/* SPDX-License-Identifier: MIT */
/*
 * Rings of bytes: what goes in comes out, in order, also across the wrap of
 * the indices and between two threads; a peer that lies gets nothing.
 */
#include "test_main.h"

#include <pthread.h>
#include <ring/console.h>
#include <sched.h>
#include <string.h>

static struct xencons_interface ring;

static void setup(void)
{
    memset(&ring, 0, sizeof(ring));
}

START_TEST(empty_gives_nothing)
{
    ck_assert_int_eq(console_ring_get(&ring), -1);
}
END_TEST

START_TEST(full_takes_nothing)
{
    for (unsigned int i = 0; i < sizeof(ring.out); i++) {
        ck_assert(console_ring_put(&ring, 'x'));
    }
    ck_assert(!console_ring_put(&ring, 'y'));
    ring.out_cons++;
    ck_assert(console_ring_put(&ring, 'y'));
    ck_assert_int_eq(ring.out[0], 'y');
}
END_TEST

START_TEST(read_once_all_was_taken)
{
    ring.out_cons = ring.out_prod = UINT32_MAX;
    ck_assert(console_ring_is_read(&ring));
    ck_assert(console_ring_put(&ring, 'x'));
    ck_assert(!console_ring_is_read(&ring));
    ring.out_cons++;
    ck_assert(console_ring_is_read(&ring));
}
END_TEST

START_TEST(indices_wrap)
{
    uint32_t producer = UINT32_MAX - 2, consumer = UINT32_MAX - 2;
    char buffer[8];

    for (int i = 0; i < 100; i++) {
        ck_assert(byte_ring_put(buffer, 8, &producer, &consumer, (char)i));
        ck_assert_int_eq(byte_ring_get(buffer, 8, &producer, &consumer), i);
    }
}
END_TEST

START_TEST(bytes_above_127_are_no_errors)
{
    ring.in[0] = (char)0xff;
    ring.in_prod = 1;
    ck_assert_int_eq(console_ring_get(&ring), 0xff);
}
END_TEST

START_TEST(a_lying_peer_gets_nothing)
{
    ring.in_prod = sizeof(ring.in) + 1; /* more than fits */
    ck_assert_int_eq(console_ring_get(&ring), -1);
    ck_assert_int_eq(ring.in_cons, 0);
    ring.out_cons = 1;                  /* ahead of the producer */
    ck_assert(!console_ring_put(&ring, 'x'));
    ck_assert_int_eq(ring.out_prod, 0);
}
END_TEST

#define BYTES 200000u

static void *produce(void *unused)
{
    for (uint32_t i = 0; i < BYTES; i++) {
        while (!byte_ring_put(ring.in, 64, &ring.in_prod, &ring.in_cons,
                              (char)(i * 7))) {
            sched_yield();
        }
    }
    return unused;
}

START_TEST(two_threads_agree_on_every_byte)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, produce, NULL), 0);
    for (uint32_t i = 0; i < BYTES; i++) {
        int c;

        while ((c = byte_ring_get(ring.in, 64, &ring.in_prod,
                                  &ring.in_cons)) < 0) {
            sched_yield();
        }
        ck_assert_int_eq(c, (unsigned char)(i * 7));
    }
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

TEST_MAIN("ring", setup, NULL, empty_gives_nothing, full_takes_nothing,
          read_once_all_was_taken, indices_wrap, bytes_above_127_are_no_errors,
          a_lying_peer_gets_nothing, two_threads_agree_on_every_byte)
