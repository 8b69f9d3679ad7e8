/* SPDX-License-Identifier: MIT */
/*
 * Basic types of the guest library.  Freestanding: nothing here or below
 * includes a hosted header.
 */
#ifndef PV_TYPES_H
#define PV_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/xen.h>
#include <xen/event_channel.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define STATIC_ASSERT(cond) _Static_assert(cond, #cond)

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define GUEST_CS64      0xe033u         /* the hypervisor's flat segments, */
#define GUEST_SS        0xe02bu         /* RPL 3 like everything we run    */
#define RFLAGS_RESERVED 0x002ul
#define RFLAGS_TF       0x100ul
#define RFLAGS_IF       0x200ul
#define RFLAGS_DF       0x400ul
#define RFLAGS_NT       0x4000ul
#define RFLAGS_AC       0x40000ul

enum vector {
    VECTOR_DE = 0, VECTOR_DB = 1, VECTOR_NMI_HW = 2, VECTOR_BP = 3,
    VECTOR_OF = 4, VECTOR_BR = 5, VECTOR_UD = 6, VECTOR_NM = 7,
    VECTOR_DF = 8, VECTOR_TS = 10, VECTOR_NP = 11, VECTOR_SS = 12,
    VECTOR_GP = 13, VECTOR_PF = 14, VECTOR_MF = 16, VECTOR_AC = 17,
    VECTOR_MC = 18, VECTOR_XM = 19,
    VECTOR_INT80 = 0x80,
    /* Not vectors, but ways in: see trap.asm. */
    VECTOR_EVENT = 256, VECTOR_SYSCALL = 257, VECTOR_NMI = 258,
    VECTOR_FAILSAFE = 259,
};

/* Compiler barrier, and the full fence for memory shared with a device end. */
static inline void barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

static inline void memory_fence(void)
{
    __asm__ volatile("mfence" ::: "memory");
}

static inline uint64_t read_tsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
