/* SPDX-License-Identifier: MIT */
/*
 * The two decisions of TLB flushing, as pure functions.
 *
 * Requests. What others want of a CPU fits one word: nothing, one page, or
 * everything. Two wishes merge into one that satisfies both.
 *
 * Stamps. The clock counts flushes in 64 bits, a frame's stamp keeps the low
 * 32. A stamp is never of the future, so its full value is the latest one not
 * after now that ends in these 32 bits. If 2^32 flushes have passed since, the
 * value found is later than the true one, which makes a CPU look as if it
 * might hold stale entries when it does not: a flush too many, never one too
 * few. Hence the clock may wrap in frames without anybody noticing.
 */
#ifndef ARCH_X86_TLB_PURE_H
#define ARCH_X86_TLB_PURE_H

#include <hv/types.h>

#define TLB_NOTHING    0ull
#define TLB_EVERYTHING 1ull
#define TLB_PAGE_FLAG  2ull /* the page's address in the upper bits */

static inline uint64_t tlb_page_request(uint64_t va)
{
    return (va & PAGE_MASK) | TLB_PAGE_FLAG;
}

static inline uint64_t tlb_merge(uint64_t pending, uint64_t wanted)
{
    if (pending == TLB_NOTHING || pending == wanted) {
        return wanted;
    }
    if (wanted == TLB_NOTHING) {
        return pending;
    }
    return TLB_EVERYTHING;
}

/* The stamp of a CPU without any guest's entries: later than all flushes. */
#define TLB_HOLDS_NOTHING UINT64_MAX

/* The full value of a frame's stamp. */
static inline uint64_t tlb_full_stamp(uint64_t now, uint32_t stamp)
{
    return now - (uint32_t)((uint32_t)now - stamp);
}

/*
 * Whether a CPU whose last full flush has number `flushed` may hold an entry
 * older than the stamp. Flushes are numbered before they happen; the flush
 * numbered S may have happened before the stamp S was taken, one with a
 * greater number can not.
 */
static inline bool tlb_may_hold(uint64_t flushed, uint64_t now, uint32_t stamp)
{
    return flushed <= tlb_full_stamp(now, stamp);
}

#endif
