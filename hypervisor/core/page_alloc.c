/* SPDX-License-Identifier: MIT */
/*
 * The buddy allocator of machine frames.
 *
 * All free memory lies in blocks of 2^order adjacent frames, each aligned to
 * its size. Two blocks which together make an aligned block of the next order
 * are buddies; their numbers differ in one bit. A block is split on the way
 * out and joined with its free buddy on the way in.
 *
 * There is no memory besides the frame records: a free block's first record
 * has FW_FREE | order as its word and carries the list links, as frame
 * numbers. All other records of the block are left at word 0, which is why
 * handing over gigabytes at boot costs a few stores for each GiB.
 *
 *   A1  word == (FW_FREE | order)  <=>  the frame heads a free block that is
 *       on the list of that order and of its zone; only the holder of the
 *       lock sets or clears FW_FREE
 *   A2  inside a free block every word but the first is 0
 *   A3  no two free buddies of one order below the maximum: they would have
 *       been joined
 *   A4  a frame that was a domain's is not handed out before every CPU that
 *       may have a TLB entry of it has flushed (stale_stamp below): guests
 *       flush when they please, so a put of the last reference is no proof
 *   A5  no block crosses a multiple of 2^PAGE_ORDER_MAX frames, hence none
 *       lies in two zones
 *
 * Zones: memory below 4 GiB is scarce (PAE page tables, some devices), so it
 * is given away last. A request with a limit searches lists; without one it
 * takes the first block of the smallest sufficient order.
 *
 * F1 of hv/frame.h (no free frame has references) holds because FW_FREE |
 * order has a reference count of 0, and frame_get() refuses a count of 0.
 */
#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/frame.h>
#include <hv/lock.h>
#include <hv/util.h>

#ifdef HV_HOST
#include <arch/alloc_hooks.h>
#else
/* The host's tests refuse allocations and poison free memory here. */
static inline bool alloc_refused(void)
{
    return false;
}

static inline void frames_left(mfn_t mfn, unsigned int order)
{
}

static inline void frames_came(mfn_t mfn, unsigned int order)
{
}
#endif

#define ORDERS (PAGE_ORDER_MAX + 1)
#define NO_FRAME 0xffffffffu
#define FREE_ORDER_MASK 0xffull

enum zone { ZONE_HIGH, ZONE_LOW, ZONES };
#define ZONE_LOW_END (1ull << (32 - PAGE_SHIFT))

/* First frame + 1 of each list, so that zero-initialised means empty. */
static uint32_t heads[ZONES][ORDERS];
static uint64_t free_frames;

/* A4: the TLB clock when a domain's frame last came back. */
static bool stale_any;
static uint32_t stale_stamp;

static struct spinlock lock = SPINLOCK(LOCK_PAGE_ALLOC);

static enum zone zone_of(uint64_t mfn)
{
    return mfn < ZONE_LOW_END ? ZONE_LOW : ZONE_HIGH;
}

static struct frame *record(uint64_t mfn)
{
    return mfn_to_frame(MFN(mfn));
}

/* Words of frames in use change at any time without our lock. */
static uint64_t word_of(uint64_t mfn)
{
    return __atomic_load_n(&record(mfn)->word, __ATOMIC_RELAXED);
}

static void set_word(uint64_t mfn, uint64_t word)
{
    __atomic_store_n(&record(mfn)->word, word, __ATOMIC_RELAXED);
}

/* The links lie over the owner, which frame_get() of any CPU may look at
 * before it sees that the count is 0: hence atomic stores. */
static void set_link(uint32_t *link, uint64_t mfn)
{
    __atomic_store_n(link, (uint32_t)mfn, __ATOMIC_RELAXED);
}

static bool heads_free_block(uint64_t mfn, unsigned int order)
{
    return mfn < frame_count && word_of(mfn) == (FW_FREE | order);
}

static uint32_t list_first(enum zone z, unsigned int order)
{
    return heads[z][order] - 1;
}

static void block_insert(uint64_t mfn, unsigned int order)
{
    enum zone z = zone_of(mfn);
    uint32_t first = list_first(z, order);
    struct frame *f = record(mfn);

    set_link(&f->free.next, first);
    set_link(&f->free.prev, NO_FRAME);
    if (first != NO_FRAME) {
        set_link(&record(first)->free.prev, mfn);
    }
    heads[z][order] = (uint32_t)mfn + 1;
    set_word(mfn, FW_FREE | order);
}

static void block_remove(uint64_t mfn, unsigned int order)
{
    struct frame *f = record(mfn);

    if (f->free.next != NO_FRAME) {
        set_link(&record(f->free.next)->free.prev, f->free.prev);
    }
    if (f->free.prev != NO_FRAME) {
        set_link(&record(f->free.prev)->free.next, f->free.next);
    } else {
        heads[zone_of(mfn)][order] = f->free.next + 1;
    }
    set_word(mfn, 0);
}

/* A block of this order's list that can serve 2^want frames below the limit.
 * Its lower part is used, so only that must fit. */
static uint32_t list_search(enum zone z, unsigned int order,
                            unsigned int want, uint64_t below)
{
    uint32_t mfn = list_first(z, order);

    while (mfn != NO_FRAME && mfn + (1ull << want) > below) {
        mfn = record(mfn)->free.next;
    }
    return mfn;
}

static uint32_t take_from_zone(enum zone z, unsigned int want, uint64_t below)
{
    unsigned int order;

    for (order = want; order < ORDERS; order++) {
        uint32_t mfn = list_search(z, order, want, below);

        if (mfn == NO_FRAME) {
            continue;
        }
        block_remove(mfn, order);
        while (order > want) {
            order--;
            block_insert(mfn + (1ull << order), order);
        }
        return mfn;
    }
    return NO_FRAME;
}

static uint32_t take_block(unsigned int order, uint64_t below)
{
    uint32_t mfn = NO_FRAME;

    if (below > ZONE_LOW_END) {
        mfn = take_from_zone(ZONE_HIGH, order, below);
    }
    if (mfn == NO_FRAME) {
        mfn = take_from_zone(ZONE_LOW, order, below);
    }
    return mfn;
}

/* Puts a block on the lists, joined with its buddies as far as they go. */
static void give_block(uint64_t mfn, unsigned int order)
{
    while (order < PAGE_ORDER_MAX) {
        uint64_t buddy = mfn ^ (1ull << order);

        if (!heads_free_block(buddy, order)) {
            break;
        }
        block_remove(buddy, order);
        mfn = min_u64(mfn, buddy);
        order++;
    }
    block_insert(mfn, order);
}

/* Whether the frame lies in any free block (A1, A2). */
static bool in_free_block(uint64_t mfn)
{
    unsigned int order;

    for (order = 0; order < ORDERS; order++) {
        if (heads_free_block(round_down(mfn, 1ull << order), order)) {
            return true;
        }
    }
    return false;
}

/* The largest order of a block that starts at `start` and ends by `end`. */
static unsigned int fitting_order(uint64_t start, uint64_t end)
{
    unsigned int order = 0;

    while (order < PAGE_ORDER_MAX && (start & (1ull << order)) == 0 &&
           start + (2ull << order) <= end) {
        order++;
    }
    return order;
}

void page_alloc_add_range(mfn_t start, mfn_t end)
{
    uint64_t mfn = start.v;

    BUG_ON(end.v > frame_count || end.v >= NO_FRAME);
    spin_lock(&lock);
    while (mfn < end.v) {
        unsigned int order = fitting_order(mfn, end.v);

        BUG_ON(in_free_block(mfn));
        give_block(mfn, order);
        frames_came(MFN(mfn), order);
        free_frames += 1ull << order;
        mfn += 1ull << order;
    }
    spin_unlock(&lock);
}

static cpumask_t all_cpus(void)
{
    return cpu_count >= 64 ? ~0ull : (1ull << cpu_count) - 1;
}

/* A4. Without our lock: the flush waits for other CPUs. */
static void flush_stale(uint32_t stamp)
{
    cpumask_t holders = arch_tlb_filter(all_cpus(), stamp);

    if (holders != 0) {
        arch_tlb_flush(holders);
    }
}

mfn_t page_alloc(unsigned int order, mfn_t below)
{
    uint32_t mfn;
    uint32_t stamp;
    bool stale;
    uint64_t i;

    if (order > PAGE_ORDER_MAX || alloc_refused()) {
        return INVALID_MFN;
    }
    spin_lock(&lock);
    mfn = take_block(order, below.v);
    if (mfn != NO_FRAME) {
        free_frames -= 1ull << order;
        frames_left(MFN(mfn), order);
    }
    stale = stale_any;
    stamp = stale_stamp;
    spin_unlock(&lock);
    if (mfn == NO_FRAME) {
        return INVALID_MFN;
    }
    if (stale) {
        flush_stale(stamp);
    }
    for (i = 0; i < 1ull << order; i++) {
        struct frame *f = record(mfn + i);

        __atomic_store_n(&f->owner, FRAME_OWNER_NONE, __ATOMIC_RELAXED);
        f->linear = 0;
        f->stamp = 0;
    }
    return MFN(mfn);
}

void page_free(mfn_t mfn, unsigned int order)
{
    uint64_t i;
    bool owned = false;

    BUG_ON(order > PAGE_ORDER_MAX || mfn.v + (1ull << order) > frame_count);
    BUG_ON((mfn.v & ((1ull << order) - 1)) != 0);
    for (i = 0; i < 1ull << order; i++) {
        BUG_ON(word_of(mfn.v + i) != 0);
        owned |= record(mfn.v + i)->owner != FRAME_OWNER_NONE;
    }
    spin_lock(&lock);
    BUG_ON(in_free_block(mfn.v));
    frames_came(mfn, order);
    give_block(mfn.v, order);
    free_frames += 1ull << order;
    if (owned) {
        stale_any = true;
        stale_stamp = arch_tlb_clock();
    }
    spin_unlock(&lock);
}

uint64_t page_alloc_free_frames(void)
{
    return __atomic_load_n(&free_frames, __ATOMIC_RELAXED);
}

static void audit_block(enum zone z, unsigned int order, uint64_t mfn,
                        uint32_t prev)
{
    uint64_t i;

    BUG_ON(mfn + (1ull << order) > frame_count);
    BUG_ON((mfn & ((1ull << order) - 1)) != 0);
    BUG_ON(zone_of(mfn) != z);
    BUG_ON(!heads_free_block(mfn, order));                   /* A1 */
    BUG_ON(record(mfn)->free.prev != prev);
    for (i = 1; i < 1ull << order; i++) {
        BUG_ON(word_of(mfn + i) != 0);                       /* A2 */
    }
    BUG_ON(order < PAGE_ORDER_MAX &&
           heads_free_block(mfn ^ (1ull << order), order));  /* A3 */
}

static uint64_t audit_list(enum zone z, unsigned int order)
{
    uint64_t frames = 0;
    uint32_t prev = NO_FRAME;
    uint32_t mfn;

    for (mfn = list_first(z, order); mfn != NO_FRAME;
         mfn = record(mfn)->free.next) {
        audit_block(z, order, mfn, prev);
        frames += 1ull << order;
        BUG_ON(frames > free_frames); /* a cycle would end here */
        prev = mfn;
    }
    return frames;
}

void page_alloc_audit(void)
{
    uint64_t frames = 0;
    unsigned int order;

    spin_lock(&lock);
    for (order = 0; order < ORDERS; order++) {
        frames += audit_list(ZONE_HIGH, order);
        frames += audit_list(ZONE_LOW, order);
    }
    BUG_ON(frames != free_frames);
    spin_unlock(&lock);
}

void *hv_alloc_pages(unsigned int order)
{
    mfn_t mfn = page_alloc(order, INVALID_MFN);
    uint64_t i;

    if (!mfn_valid_number(mfn)) {
        return NULL;
    }
    for (i = 0; i < 1ull << order; i++) {
        arch_frame_zero(MFN(mfn.v + i));
        __atomic_store_n(&record(mfn.v + i)->word, FW_HV | FW_ONE_REF,
                         __ATOMIC_RELEASE);
    }
    return frame_map(mfn);
}

void hv_free_pages(void *block, unsigned int order)
{
    mfn_t mfn = frame_unmap_addr(block);
    uint64_t i;

    /* A guest may still map a shared frame: the last put frees it then. */
    for (i = 0; i < 1ull << order; i++) {
        uint64_t old = __atomic_fetch_and(&record(mfn.v + i)->word, ~FW_HV,
                                          __ATOMIC_RELAXED);

        BUG_ON((old & FW_HV) == 0);
        frame_put(MFN(mfn.v + i));
    }
}
