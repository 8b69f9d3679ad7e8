/* SPDX-License-Identifier: MIT */
/*
 * The heap of the hypervisor, compiled into the test that includes this, with
 * its two steps, comparing keys and asking for a rank, replaced by ones that
 * count.
 */
#ifndef TESTS_COUNTED_HEAP_H
#define TESTS_COUNTED_HEAP_H

#include <hv/heap.h>
#include <hv/util.h>

static unsigned int steps;

static bool counted_before(const struct heap_node *a,
                           const struct heap_node *b)
{
    steps++;
    return a->key < b->key;
}

static uint32_t counted_rank(const struct heap_node *n)
{
    steps++;
    return n ? n->rank : 0;
}

#define heap_before counted_before
#define heap_rank counted_rank
#include "../../hypervisor/core/heap.c"

#endif
