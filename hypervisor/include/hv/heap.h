/* SPDX-License-Identifier: MIT */
/*
 * A heap whose links are in its nodes: nothing is allocated, nothing can be
 * full, and no operation takes more than a few steps for each doubling of
 * the number of nodes (core/heap.c). A heap is a pointer to its node with
 * the least key, NULL when it is empty. No locks: the owner's.
 */
#ifndef HV_HEAP_H
#define HV_HEAP_H

#include <hv/types.h>

struct heap_node {
    uint64_t key;
    uint32_t rank;             /* nodes on the way down to the right */
    struct heap_node *left, *right, *up;
};

static inline bool heap_before(const struct heap_node *a,
                               const struct heap_node *b)
{
    return a->key < b->key;
}

static inline uint32_t heap_rank(const struct heap_node *n)
{
    return n ? n->rank : 0;
}

/* n has its key and is in no heap. Among equal keys there is no order. */
void heap_insert(struct heap_node **root, struct heap_node *n);

/* n is in the heap, anywhere. */
void heap_remove(struct heap_node **root, struct heap_node *n);

/* Gives n, which is in the heap, another key, if it may stay where it is; false:
 * it would have to move, and nothing has changed. */
bool heap_rekey(struct heap_node *n, uint64_t key);

/* The node after n in a walk of them all that begins at the root; NULL behind
 * the last. */
struct heap_node *heap_next(const struct heap_node *n);

/* Panics unless the links, the order and the ranks are right; returns the
 * number of nodes. */
unsigned int heap_audit(struct heap_node *root);

#endif
