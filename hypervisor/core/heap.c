/* SPDX-License-Identifier: MIT */
/*
 * A leftist heap: deadlines of timers, turns of vcpus.
 *
 * A binary tree with the least key on top, which is not kept balanced, but
 * leaning: following right links from any node, one falls out of the tree
 * soonest. The number of nodes on that way is the node's rank. A node of rank
 * r has at least 2^r - 1 nodes below and including itself, so with n nodes
 * the way to the right has at most log2(n + 1) of them.
 *
 * Merging two heaps is the only operation there is, and it goes along these
 * short ways alone. To insert is to merge with a heap of one; to remove is to
 * put the merged children in the node's place, and to set ranks right from
 * there upwards, which ends where a rank stays as it was. A rank that changes
 * is that of a short way, so this ends after log2(n + 1) nodes too: no single
 * operation is ever long, whatever came before it.
 *
 *   H1  no key is less than the parent's
 *   H2  rank(left) >= rank(right), and rank = rank(right) + 1
 *   H3  up is the parent; the root has none
 *
 * Lock: whoever has a heap has one.
 */
#include <hv/bug.h>
#include <hv/heap.h>

/* H2 for a node whose children are in order. */
static void lean(struct heap_node *n)
{
    if (heap_rank(n->left) < heap_rank(n->right)) {
        struct heap_node *left = n->left;

        n->left = n->right;
        n->right = left;
    }
    n->rank = heap_rank(n->right) + 1;
}

/* Recursion is as deep as both ways to the right are long together. */
static struct heap_node *merge(struct heap_node *a, struct heap_node *b)
{
    if (!a || !b) {
        return a ? a : b;
    }
    if (heap_before(b, a)) {
        struct heap_node *first = b;

        b = a;
        a = first;
    }
    a->right = merge(a->right, b);
    a->right->up = a;
    lean(a);
    return a;
}

void heap_insert(struct heap_node **root, struct heap_node *n)
{
    n->left = NULL;
    n->right = NULL;
    n->rank = 1;
    *root = merge(*root, n);
    (*root)->up = NULL;
}

void heap_remove(struct heap_node **root, struct heap_node *n)
{
    /* H2 again: no right child without a left. */
    struct heap_node *below = n->right ? merge(n->left, n->right) : n->left;
    struct heap_node *up = n->up;
    uint32_t rank;

    if (below) {
        below->up = up;
    }
    if (!up) {
        *root = below;
        return;
    }
    if (up->left == n) {
        up->left = below;
    } else {
        up->right = below;
    }
    for (; up; up = up->up) {
        rank = up->rank;
        lean(up);
        if (up->rank == rank) {
            break;
        }
    }
}

bool heap_rekey(struct heap_node *n, uint64_t key)
{
    if ((n->up && key < n->up->key) || (n->left && n->left->key < key) ||
        (n->right && n->right->key < key)) {
        return false;
    }
    n->key = key;
    return true;
}

struct heap_node *heap_next(const struct heap_node *n)
{
    if (n->left) {
        return n->left; /* by H2 there is no right child without a left */
    }
    while (n->up && (n->up->right == n || !n->up->right)) {
        n = n->up;
    }
    return n->up ? n->up->right : NULL;
}

unsigned int heap_audit(struct heap_node *root)
{
    unsigned int count = 0;
    const struct heap_node *n;

    BUG_ON(root && root->up);
    for (n = root; n; n = heap_next(n)) {
        BUG_ON(n->left && (n->left->up != n || heap_before(n->left, n)));
        BUG_ON(n->right && (n->right->up != n || heap_before(n->right, n)));
        BUG_ON(heap_rank(n->left) < heap_rank(n->right));
        BUG_ON(n->rank != heap_rank(n->right) + 1);
        count++;
    }
    return count;
}
