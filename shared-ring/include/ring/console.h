/* SPDX-License-Identifier: MIT */
/*
 * The console ring as a guest uses it: `out` towards the reader of the
 * console, `in` from its keyboard. After bytes were put or taken an event
 * tells the other side to look; sending it is the caller's.
 */
#ifndef RING_CONSOLE_H
#define RING_CONSOLE_H

#include <ring/byte_ring.h>
#include <xen/io/console.h>

/* False: the reader has not kept up, wait for it. */
static inline bool console_ring_put(struct xencons_interface *ring, char c)
{
    return byte_ring_put(ring->out, sizeof(ring->out), &ring->out_prod,
                         &ring->out_cons, c);
}

/* The reader has all that was put. */
static inline bool console_ring_is_read(const struct xencons_interface *ring)
{
    return __atomic_load_n(&ring->out_cons, __ATOMIC_ACQUIRE) ==
           ring->out_prod;
}

/* The next typed byte or -1. */
static inline int console_ring_get(struct xencons_interface *ring)
{
    return byte_ring_get(ring->in, sizeof(ring->in), &ring->in_prod,
                         &ring->in_cons);
}

#endif
