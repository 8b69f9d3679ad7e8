/* SPDX-License-Identifier: MIT */
/*
 * Numbers with a meaning.
 *
 * A machine frame, a pseudo-physical frame and a guest address are all 64-bit
 * integers, and mixing them up is the classic bug of a PV hypervisor. Each is
 * therefore a one-member struct: the compiler refuses to assign one to
 * another, and at -O2 the code is that of a plain integer.
 */
#ifndef HV_TYPES_H
#define HV_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct { uint64_t v; } mfn_t;   /* machine frame number */
typedef struct { uint64_t v; } pfn_t;   /* a domain's pseudo-physical frame */
typedef struct { uint64_t v; } maddr_t; /* machine address, bytes */
typedef struct { uint64_t v; } gva_t;   /* linear address in a guest */

#define MFN(x)   ((mfn_t){ (x) })
#define PFN(x)   ((pfn_t){ (x) })
#define MADDR(x) ((maddr_t){ (x) })
#define GVA(x)   ((gva_t){ (x) })

#define INVALID_MFN MFN(~0ull)

/* Nanoseconds of system time: since the hypervisor's clock started. */
typedef uint64_t ns_t;
#define NS_NEVER  (~0ull)
#define NS_PER_S  1000000000ull
#define NS_PER_MS 1000000ull
#define NS_PER_US 1000ull

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ul
#define PAGE_MASK  (~(PAGE_SIZE - 1))

static inline bool mfn_eq(mfn_t a, mfn_t b)
{
    return a.v == b.v;
}

static inline bool mfn_valid_number(mfn_t m)
{
    return m.v != INVALID_MFN.v;
}

static inline maddr_t mfn_to_maddr(mfn_t m)
{
    return MADDR(m.v << PAGE_SHIFT);
}

static inline mfn_t maddr_to_mfn(maddr_t a)
{
    return MFN(a.v >> PAGE_SHIFT);
}

#endif
