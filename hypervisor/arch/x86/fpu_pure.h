/* SPDX-License-Identifier: MIT */
/*
 * Which components of XCR0 make sense together, and which of a CPU's are
 * offered to guests (SDM 1 13.3).
 */
#ifndef ARCH_X86_FPU_PURE_H
#define ARCH_X86_FPU_PURE_H

#include <stdbool.h>
#include <stdint.h>

#define XCR0_X87    0x01ull
#define XCR0_SSE    0x02ull
#define XCR0_AVX    0x04ull
#define XCR0_AVX512 0xe0ull /* opmask, upper halves, upper sixteen */

static inline bool xcr0_combination_ok(uint64_t xcr0)
{
    if ((xcr0 & XCR0_X87) == 0 ||
        ((xcr0 & XCR0_AVX) != 0 && (xcr0 & XCR0_SSE) == 0)) {
        return false;
    }
    return (xcr0 & XCR0_AVX512) == 0 ||
           ((xcr0 & XCR0_AVX512) == XCR0_AVX512 && (xcr0 & XCR0_AVX) != 0);
}

/* Of what leaf 0xd shows: what we know how to leave alone. An odd machine
 * gives the two that every one has. */
static inline uint64_t xcr0_offer(uint64_t leaf_d)
{
    uint64_t have =
        leaf_d & (XCR0_X87 | XCR0_SSE | XCR0_AVX | XCR0_AVX512);

    return xcr0_combination_ok(have) ? have : have & (XCR0_X87 | XCR0_SSE);
}

/* XSETBV of a guest to whom `offered` was shown. */
static inline bool xcr0_may_be_set(uint64_t value, uint64_t offered)
{
    return (value & ~offered) == 0 && xcr0_combination_ok(value);
}

#endif
