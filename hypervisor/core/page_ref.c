/* SPDX-License-Identifier: MIT */
/*
 * Owner and general reference of a frame.
 *
 * Who may hold on to a frame, and when does it return to the allocator? Each
 * use of a frame by anyone (an entry in a page table, a base pointer, a
 * descriptor window, the domain that was given it) is one reference in the
 * upper count of frame.word; when the last one goes, the frame is free.
 *
 *   R1  FW_ALLOCATED and FW_HV each stand for one reference of their own:
 *       the domain's, and the hypervisor's. Clearing the bit and dropping
 *       that reference belong together.
 *   R2  a count of 0 never rises here: a frame at 0 is free, or on its way to
 *       the allocator, or no memory; only its allocation sets the count
 *   R3  the owner is written only while nobody can take a reference (R2) or
 *       by frame_share_with() on the hypervisor's own frame; so whoever holds
 *       a reference reads a stable owner (F5), and frame_get() looks at it
 *       after taking the reference, never before
 *   R4  d->frames_total counts the frames with d's FW_ALLOCATED; d->lock
 *   R5  a frame is zeroed before its new owner is written: no data of one
 *       domain reaches another. Only before the first guest runs, when no
 *       frame has been anyone's, may a domain get frames as they are.
 *   R6  a detached frame has no reference at all, so nobody can take one (R2),
 *       and is not in the allocator's lists either: it is its detacher's.
 *       Owner and leftovers stay, so that it can become again what it was
 *
 * frame_get() and frame_put() take no lock; any CPU may call them at any time
 * for any number. A put which frees takes the allocator's lock.
 */
#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/domain.h>
#include <hv/frame.h>
#include <hv/lock.h>

/* Bits that go when the last reference does: a type whose count is 0 says
 * only what the frame was last. */
#define WORD_LEFTOVERS (FW_TYPE_MASK | FW_VALIDATED | FW_PAE | FW_PAE_XEN_L2)

static void frame_to_allocator(mfn_t mfn, uint64_t word)
{
    struct frame *f = mfn_to_frame(mfn);

    /* F2 and R1: neither a type use nor an owner's bit without reference. */
    BUG_ON((word & ~WORD_LEFTOVERS) != 0);
    arch_m2p_set(mfn, M2P_INVALID);
    __atomic_store_n(&f->word, 0, __ATOMIC_RELAXED);
    page_free(mfn, 0);
}

/* R2 and the wrap check; the whole of a get but for the owner. */
static bool reference_take(struct frame *f)
{
    uint64_t word = __atomic_load_n(&f->word, __ATOMIC_RELAXED);

    do {
        uint64_t count = fw_ref_count(word);

        if (count == 0 || count >= FW_COUNT_MAX) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&f->word, &word, word + FW_ONE_REF,
                                          true, __ATOMIC_ACQUIRE,
                                          __ATOMIC_RELAXED));
    return true;
}

bool frame_get(struct domain *d, mfn_t mfn)
{
    struct frame *f;

    if (!mfn_valid(mfn)) {
        return false;
    }
    f = mfn_to_frame(mfn);
    if (!reference_take(f)) {
        return false;
    }
    if (__atomic_load_n(&f->owner, __ATOMIC_ACQUIRE) != d->id) { /* R3 */
        frame_put(mfn);
        return false;
    }
    return true;
}

void frame_put(mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t old = __atomic_fetch_sub(&f->word, FW_ONE_REF, __ATOMIC_ACQ_REL);

    BUG_ON(fw_ref_count(old) == 0);
    if (fw_ref_count(old) == 1) {
        frame_to_allocator(mfn, old - FW_ONE_REF);
    }
}

/* R4; d->lock is held. Atomic for those who read the total without it. */
static void total_set(struct domain *d, uint64_t total)
{
    __atomic_store_n(&d->frames_total, total, __ATOMIC_RELAXED);
}

/* R4: reserves room for n more frames; false at the domain's maximum. */
static bool total_add(struct domain *d, uint64_t n)
{
    bool fits;

    spin_lock(&d->lock);
    fits = d->frames_total <= d->frames_max &&
           n <= d->frames_max - d->frames_total;
    if (fits) {
        total_set(d, d->frames_total + n);
    }
    spin_unlock(&d->lock);
    return fits;
}

static void total_sub(struct domain *d, uint64_t n)
{
    spin_lock(&d->lock);
    BUG_ON(d->frames_total < n);
    total_set(d, d->frames_total - n);
    spin_unlock(&d->lock);
}

/* The moment from which others may take references (R3). */
static void give_to_domain(struct domain *d, mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);

    __atomic_store_n(&f->owner, d->id, __ATOMIC_RELAXED);
    __atomic_store_n(&f->word, FW_ALLOCATED | FW_ONE_REF, __ATOMIC_RELEASE);
}

/* R5 */
static void zero_frames(mfn_t mfn, unsigned int order)
{
    for (uint64_t i = 0; i < 1ull << order; i++) {
        arch_frame_zero(MFN(mfn.v + i));
    }
}

mfn_t frame_alloc_zeroed(unsigned int order, mfn_t below)
{
    mfn_t mfn = page_alloc(order, below);

    if (mfn_valid_number(mfn)) {
        zero_frames(mfn, order);
    }
    return mfn;
}

void domain_give_frames(struct domain *d, mfn_t mfn, unsigned int order)
{
    for (uint64_t i = 0; i < 1ull << order; i++) {
        give_to_domain(d, MFN(mfn.v + i));
    }
}

/* R4; nobody owns the block yet. */
static mfn_t take_block(struct domain *d, unsigned int order, mfn_t below)
{
    mfn_t mfn;

    if (order > PAGE_ORDER_MAX || !total_add(d, 1ull << order)) {
        return INVALID_MFN;
    }
    mfn = page_alloc(order, below);
    if (!mfn_valid_number(mfn)) {
        total_sub(d, 1ull << order);
    }
    return mfn;
}

mfn_t domain_alloc_frame(struct domain *d, unsigned int order, mfn_t below)
{
    mfn_t mfn = take_block(d, order, below);

    if (mfn_valid_number(mfn)) {
        zero_frames(mfn, order);
        domain_give_frames(d, mfn, order);
    }
    return mfn;
}

mfn_t domain_alloc_frame_as_is(struct domain *d, unsigned int order)
{
    mfn_t mfn = take_block(d, order, INVALID_MFN);

    if (mfn_valid_number(mfn)) {
        domain_give_frames(d, mfn, order);
    }
    return mfn;
}

void domain_adopt_frame(struct domain *d, mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);

    BUG_ON(!mfn_valid(mfn) || f->word != 0);
    spin_lock(&d->lock);
    total_set(d, d->frames_total + 1);
    spin_unlock(&d->lock);
    f->linear = 0;
    f->stamp = 0;
    give_to_domain(d, mfn);
}

bool domain_release_frame(struct domain *d, mfn_t mfn)
{
    uint64_t old;

    if (!frame_get(d, mfn)) {
        return false;
    }
    old = __atomic_fetch_and(&mfn_to_frame(mfn)->word, ~FW_ALLOCATED,
                             __ATOMIC_RELAXED);
    if ((old & FW_ALLOCATED) == 0) {
        frame_put(mfn);
        return false;
    }
    total_sub(d, 1);
    arch_m2p_set(mfn, M2P_INVALID);
    frame_put(mfn); /* R1: the domain's own */
    frame_put(mfn); /* the one taken above */
    return true;
}

/* --- detached frames (R6) --------------------------------------------------- */

#define WORD_OURS_ALONE (FW_ALLOCATED | 2 * FW_ONE_REF)

bool domain_detach_frame(struct domain *d, mfn_t mfn)
{
    struct frame *f;
    uint64_t word;

    if (!frame_get(d, mfn)) {
        return false;
    }
    f = mfn_to_frame(mfn);
    word = __atomic_load_n(&f->word, __ATOMIC_RELAXED);
    do {
        if ((word & ~WORD_LEFTOVERS) != WORD_OURS_ALONE) {
            frame_put(mfn);
            return false;
        }
    } while (!__atomic_compare_exchange_n(&f->word, &word,
                                          word & WORD_LEFTOVERS, true,
                                          __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));
    return true;
}

void domain_reattach_frame(mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t word = __atomic_load_n(&f->word, __ATOMIC_RELAXED);

    BUG_ON((word & ~WORD_LEFTOVERS) != 0);
    f->stamp = arch_tlb_clock();
    __atomic_store_n(&f->word, word | FW_ALLOCATED | FW_ONE_REF,
                     __ATOMIC_RELEASE);
}

void frame_free_detached(mfn_t mfn)
{
    frame_to_allocator(mfn, __atomic_load_n(&mfn_to_frame(mfn)->word,
                                            __ATOMIC_RELAXED));
}

void frame_share_with(struct domain *d, mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);

    BUG_ON((__atomic_load_n(&f->word, __ATOMIC_RELAXED) & FW_HV) == 0);
    /* From here on d may map it: what is in it was stored before. */
    __atomic_store_n(&f->owner, d->id, __ATOMIC_RELEASE);
}
