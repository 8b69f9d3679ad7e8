/* SPDX-License-Identifier: MIT */
/*
 * A ring of bytes in shared memory.
 *
 * One side produces, the other consumes. Each owns one index and only reads
 * the other's. Indices count bytes for ever and wrap at 2^32; the place of
 * byte n is n modulo the size, a power of two.
 *
 *   R1  producer - consumer (modulo 2^32) is the number of bytes in the ring,
 *       from 0 to its size. Anything larger can not come from an honest peer
 *   R2  the producer stores a byte, then (release) its index. A consumer that
 *       reads (acquire) the index sees every byte that it covers
 *   R3  the consumer reads a byte, then (release) stores its index. A producer
 *       that reads (acquire) the index may overwrite what it has passed: the
 *       read happened before
 *
 * R2 and R3 are all the ordering there is; no index is written by two sides,
 * so no locked operation is needed. The peer's index is read once for each
 * decision: it may change, or lie, at any time.
 */
#ifndef RING_BYTE_RING_H
#define RING_BYTE_RING_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes between the indices, or -1 when the peer broke R1. */
static inline int64_t byte_ring_used(uint32_t producer, uint32_t consumer,
                                     uint32_t size)
{
    uint32_t used = producer - consumer;

    return used <= size ? (int64_t)used : -1;
}

/* The producer's side: false when the ring is full (or the peer lies). */
static inline bool byte_ring_put(char *buffer, uint32_t size,
                                 uint32_t *producer, const uint32_t *consumer,
                                 char c)
{
    uint32_t mine = *producer;
    uint32_t theirs = __atomic_load_n(consumer, __ATOMIC_ACQUIRE); /* R3 */
    int64_t used = byte_ring_used(mine, theirs, size);

    if (used < 0 || (uint32_t)used == size) {
        return false;
    }
    buffer[mine & (size - 1)] = c;
    __atomic_store_n(producer, mine + 1, __ATOMIC_RELEASE);        /* R2 */
    return true;
}

/* The consumer's side: the next byte, or -1 when there is none (or the peer
 * lies). */
static inline int byte_ring_get(const char *buffer, uint32_t size,
                                const uint32_t *producer, uint32_t *consumer)
{
    uint32_t mine = *consumer;
    uint32_t theirs = __atomic_load_n(producer, __ATOMIC_ACQUIRE); /* R2 */
    int c;

    if (byte_ring_used(theirs, mine, size) <= 0) {
        return -1;
    }
    c = (unsigned char)buffer[mine & (size - 1)];
    __atomic_store_n(consumer, mine + 1, __ATOMIC_RELEASE);        /* R3 */
    return c;
}

#endif
