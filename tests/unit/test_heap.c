/* SPDX-License-Identifier: MIT */
/*
 * The heap: least first whatever was inserted and removed, and what an
 * operation costs.
 */
#include "test_main.h"

#include <stdio.h>
#include <stdlib.h>

#include "counted_heap.h"

#define NODES 1000

static struct heap_node nodes[NODES];
static bool inside[NODES];
static struct heap_node *root;
static unsigned int count;

static void setup(void)
{
    root = NULL;
    count = 0;
    for (unsigned int i = 0; i < NODES; i++) {
        inside[i] = false;
    }
}

static void teardown(void)
{
}

static uint32_t seed = 11;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static void put(unsigned int n, uint64_t key)
{
    nodes[n].key = key;
    heap_insert(&root, &nodes[n]);
    inside[n] = true;
    count++;
}

static void take(unsigned int n)
{
    heap_remove(&root, &nodes[n]);
    inside[n] = false;
    count--;
}

/* In place where that is possible, which must be so for the key it has. */
static void rekey(unsigned int n, uint64_t key)
{
    ck_assert(heap_rekey(&nodes[n], nodes[n].key));
    if (!heap_rekey(&nodes[n], key)) {
        take(n);
        put(n, key);
    }
    ck_assert_uint_eq(nodes[n].key, key);
}

START_TEST(the_least_comes_first)
{
    uint64_t last = 0;
    unsigned int i;

    for (i = 0; i < NODES; i++) {
        put(i, any(300));
    }
    for (i = 0; i < NODES; i++) {
        ck_assert_uint_le(last, root->key);
        last = root->key;
        take((unsigned int)(root - nodes));
    }
    ck_assert_ptr_null(root);
}
END_TEST

START_TEST(any_sequence_keeps_the_heap)
{
    unsigned int round, i;

    for (round = 0; round < 20000; round++) {
        unsigned int n = any(60);
        uint64_t least = UINT64_MAX;

        if (!inside[n]) {
            put(n, any(40));
        } else if (any(2) == 0) {
            take(n);
        } else {
            rekey(n, any(40));
        }
        ck_assert_uint_eq(heap_audit(root), count);
        for (i = 0; i < 60; i++) {
            if (inside[i] && nodes[i].key < least) {
                least = nodes[i].key;
            }
        }
        ck_assert(root ? root->key == least : least == UINT64_MAX);
    }
}
END_TEST

/* --- cost ----------------------------------------------------------------- */

static unsigned int log2_up(unsigned int n)
{
    unsigned int log = 0;

    while ((1u << log) < n) {
        log++;
    }
    return log;
}

/* Inserting compares once and asks for three ranks at each of at most
 * log2(n + 1) nodes to the right; removing merges two heaps, twice as long,
 * and goes up through at most log2(n + 1) ranks that change. */
static unsigned int most(unsigned int n)
{
    return 4 * 3 * (log2_up(n + 1) + 1);
}

static unsigned int worst, total, operations;

static void account(unsigned int n)
{
    ck_assert_uint_le(steps, most(n));
    worst = steps > worst ? steps : worst;
    total += steps;
    operations++;
    steps = 0;
}

/* Keys come as `kind` says: at random, rising, falling, or as the scheduler
 * has them, where the first goes to the end. */
static uint64_t next_key(unsigned int kind, uint64_t round)
{
    switch (kind) {
    case 0:
        return any(1u << 20);
    case 1:
        return round;
    case 2:
        return UINT32_MAX - round;
    default:
        return (root ? root->key : 0) + 1000 + any(8);
    }
}

static void measure(unsigned int n, unsigned int kind)
{
    uint64_t round;
    unsigned int i;

    setup();
    worst = total = operations = steps = 0;
    for (i = 0; i < n; i++) {
        put(i, next_key(kind, i));
        account(n);
    }
    for (round = n; round < n + 5000; round++) {
        unsigned int which = kind < 3 && any(2) ? any(n)
                                 : (unsigned int)(root - nodes);

        take(which);
        account(n);
        put(which, next_key(kind, round));
        account(n);
    }
    while (root) {
        take((unsigned int)(root - nodes));
        account(n);
    }
}

START_TEST(no_operation_is_long)
{
    static const unsigned int sizes[] = { 1, 10, 32, 100, 320, 1000 };
    static const char *const kinds[] = { "random", "rising", "falling",
                                         "turns" };
    unsigned int kind, i;

    for (kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
        for (i = 0; i < ARRAY_SIZE(sizes); i++) {
            measure(sizes[i], kind);
            printf("heap of %4u, %-7s: %2u steps on average, %3u at most\n",
                   sizes[i], kinds[kind], total / operations, worst);
        }
    }
}
END_TEST

TEST_MAIN("heap", setup, teardown,
          the_least_comes_first,
          any_sequence_keeps_the_heap,
          no_operation_is_long)
