/* SPDX-License-Identifier: MIT */
/* Frame numbers and records on the fake machine: one arena, one array. */
#ifndef ARCH_FRAME_INLINE_H
#define ARCH_FRAME_INLINE_H

#include <arch/layout.h>

extern struct frame *host_frames;
extern uint8_t *host_ram;

static inline struct frame *mfn_to_frame(mfn_t mfn)
{
    return host_frames + mfn.v;
}

static inline mfn_t frame_to_mfn(const struct frame *f)
{
    return MFN((uint64_t)(f - host_frames));
}

static inline void *frame_map(mfn_t mfn)
{
    return host_ram + (mfn.v << PAGE_SHIFT);
}

static inline mfn_t frame_unmap_addr(const void *p)
{
    return MFN((uint64_t)((const uint8_t *)p - host_ram) >> PAGE_SHIFT);
}

#endif
