/* SPDX-License-Identifier: MIT */
/*
 * The console ring: one page shared by a guest and whoever reads its
 * console. Indices count bytes for ever and wrap at 2^32; the place in the
 * buffer is the index modulo its size, a power of two.
 *
 * The producer writes bytes, then a barrier, then its index; the consumer
 * reads the index, a barrier, then bytes. Either may send an event. Never
 * trust the peer's index beyond the size of the buffer.
 */
#ifndef XENIOS_XEN_IO_CONSOLE_H
#define XENIOS_XEN_IO_CONSOLE_H

#include <stdint.h>

typedef uint32_t XENCONS_RING_IDX;

#define MASK_XENCONS_IDX(idx, ring) ((idx) & (sizeof(ring) - 1))

struct xencons_interface {
    char in[1024];                          /* keyboard, to the guest */
    char out[2048];                         /* screen, from the guest */
    XENCONS_RING_IDX in_cons, in_prod;      /* guest moves in_cons... */
    XENCONS_RING_IDX out_cons, out_prod;    /* ...and out_prod */
};

#endif /* XENIOS_XEN_IO_CONSOLE_H */
