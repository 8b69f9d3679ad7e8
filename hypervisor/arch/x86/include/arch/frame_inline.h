/* SPDX-License-Identifier: MIT */
/* Frame numbers and records on the real machine: two fixed tables. */
#ifndef ARCH_FRAME_INLINE_H
#define ARCH_FRAME_INLINE_H

#include <arch/layout.h>

static inline struct frame *mfn_to_frame(mfn_t mfn)
{
    return (struct frame *)FRAME_BASE + mfn.v;
}

static inline mfn_t frame_to_mfn(const struct frame *f)
{
    return MFN((uint64_t)(f - (const struct frame *)FRAME_BASE));
}

static inline void *frame_map(mfn_t mfn)
{
    return (void *)(DIRECT_BASE + (mfn.v << PAGE_SHIFT));
}

static inline mfn_t frame_unmap_addr(const void *p)
{
    return MFN(((uint64_t)p - DIRECT_BASE) >> PAGE_SHIFT);
}

#endif
