/* SPDX-License-Identifier: MIT */
/*
 * Types of frames: the one rule that isolates guests.
 *
 * A guest may read and write its own memory as it likes and builds its own
 * page tables in it; the hypervisor only sees to it that no frame is written
 * freely and trusted as a table at the same time. Each frame has one type and
 * a count of the uses that rely on it, and the type changes only while the
 * count is zero. type_word.h holds the decisions; here is the shell around
 * them: atomic operations, waiting, flushing, and what stops half-way.
 *
 *   T1  a type use is taken together with a general reference and dropped
 *       together with it, type first (F6)
 *   T2  frames without rules for their contents get and lose uses by one
 *       compare-and-exchange; only a change of type does more
 *   T3  on a change of type, CPUs that may hold a TLB entry made before the
 *       last use ended are flushed while the frame is busy: after the last
 *       chance for such an entry to appear, before anybody trusts or writes
 *       the frame. The page-table cache of a CPU is why this goes for every
 *       change, not only for those away from writable; but where the frame was
 *       a table that cache is all: the pages that its entries led to have
 *       stamps of their own, drawn when it was undone
 *   T4  the stamp is the TLB clock as read while the frame was busy on its
 *       way to idle (W4)
 *   T5  a stopped frame holds its own use and reference. The call that
 *       stopped returns -XEN_ERESTART_CALL and holds nothing; made again, it
 *       inherits them. If it never is, nothing dangles: the frame stays typed
 *       until somebody validates it, its vcpu calls again (pin.c), or the
 *       domain ends
 *   T6  the owner is compared before a combined get, so that no domain
 *       disturbs another's counts, and once more after it (F5)
 *
 * No locks. A CPU waits only for a frame that another has busy; that is a
 * bounded time, and arch_relax() answers the flush it may need meanwhile.
 *
 * Manual: mmu_update, mmuext_op.
 */
#include "page_type.h"
#include "pte.h"

#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/pv.h>
#include <hv/trace.h>

/* --- busy: the contents --------------------------------------------------- */

static int contents_validate(struct domain *d, mfn_t mfn, enum page_type type)
{
    if (page_type_is_table(type)) {
        return pt_validate(d, mfn);
    }
    if (type == PT_SEGDESC && !desc_page_validate(d, mfn)) {
        return -XEN_EINVAL;
    }
    return 0;
}

static int contents_invalidate(struct domain *d, mfn_t mfn,
                               enum page_type type)
{
    return page_type_is_table(type) ? pt_invalidate(d, mfn) : 0;
}

/* T4. The subtraction publishes the stamp. */
static void busy_to_idle(struct frame *f)
{
    f->stamp = arch_tlb_clock();
    __atomic_fetch_sub(&f->word, FW_ONE_TYPE, __ATOMIC_SEQ_CST);
}

/* T5: the caller's use and reference become the frame's own. */
static void busy_to_stopped(struct frame *f)
{
    __atomic_fetch_or(&f->word, FW_PARTIAL, __ATOMIC_SEQ_CST);
}

/* T3 */
static void flush_stale_entries(struct domain *d, struct frame *f,
                                enum page_type was)
{
    cpumask_t mask = arch_tlb_filter(domain_cpus(d), f->stamp);

    if (mask && page_type_is_table(was)) {
        arch_tlb_flush_tables(mask);
    } else if (mask) {
        arch_tlb_flush(mask);
    }
}

/*
 * Validates a frame that the caller has made busy; the caller's are a use and
 * a reference. On an error they are gone.
 */
static int busy_get(struct domain *d, mfn_t mfn, enum page_type type)
{
    struct frame *f = mfn_to_frame(mfn);
    int err = contents_validate(d, mfn, type);

    if (err == 0) {
        __atomic_fetch_or(&f->word, FW_VALIDATED, __ATOMIC_SEQ_CST);
        if (type != PT_WRITABLE) {
            COUNT(promote);
            TRACE(PROMOTE, mfn.v, type);
        }
        return 0;
    }
    if (err == -XEN_ERESTART_CALL || contents_invalidate(d, mfn, type)) {
        busy_to_stopped(f);
        return err;
    }
    busy_to_idle(f);
    frame_put(mfn);
    return err;
}

/*
 * Undoes a frame that the caller has made busy; a use and a reference go.
 * linear_table: the table whose linear entry this use was, or NULL.
 */
static int busy_put(struct domain *d, mfn_t mfn, struct frame *linear_table)
{
    struct frame *f = mfn_to_frame(mfn);
    enum page_type type = fw_type(word_read(f));
    int err = contents_invalidate(d, mfn, type);

    if (linear_table) {
        page_type_linear_dropped(f, linear_table);
    }
    if (err) {
        busy_to_stopped(f);
        return err;
    }
    if (type != PT_WRITABLE) {
        COUNT(demote);
        TRACE(DEMOTE, mfn.v, type);
    }
    busy_to_idle(f);
    frame_put(mfn);
    return 0;
}

/* --- get ------------------------------------------------------------------ */

/* T6: a frame changed hands between the look at its owner and the get; its
 * new owner's table may have had its last use dropped meanwhile, so ours has
 * to be put with all that may follow. */
__attribute__((noinline)) int frame_return_foreign(mfn_t mfn)
{
    struct domain *owner = domain_by_id(mfn_to_frame(mfn)->owner);

    BUG_ON(owner == NULL);
    (void)frame_drop(owner, mfn); /* stopped: it holds itself (T5) */
    return -XEN_EINVAL;
}

/* All that is not counting one more, and the races with it. */
__attribute__((noinline)) int frame_get_any(struct domain *d, mfn_t mfn,
                                            uint64_t want)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t now, next;
    enum verdict verdict;

    if (!frame_get(d, mfn)) {
        return -XEN_EINVAL;
    }
    now = word_read(f);
    for (;;) {
        verdict = type_word_get(now, want, &next);
        if (verdict == TYPE_REFUSED) {
            frame_put(mfn);
            return -XEN_EINVAL;
        }
        if (verdict == TYPE_MUST_WAIT) {
            arch_relax();
            now = word_read(f);
            continue;
        }
        if (word_replace(f, &now, next)) {
            break;
        }
    }
    if (verdict == TYPE_TAKEN) {
        return 0;
    }
    if (verdict == TYPE_MUST_RESUME) {
        frame_put(mfn); /* T5: the frame's own reference is ours now */
    } else {
        if (((now ^ next) & FW_TYPE_BITS) != 0 && fw_type(now) != PT_NONE) {
            flush_stale_entries(d, f, fw_type(now));
        }
        pt_progress_none(mfn);
    }
    return busy_get(d, mfn, fw_type(next));
}

static uint64_t want_of(const struct domain *d, enum page_type type)
{
    uint64_t variant =
        page_type_is_table(type) ? pt_format_of(d)->variant : 0;

    return type_word_want(type, variant);
}

int frame_get_and_type(struct domain *d, mfn_t mfn, enum page_type type)
{
    return frame_get_and_want(d, mfn, want_of(d, type));
}

int page_type_get(struct domain *d, mfn_t mfn, enum page_type type)
{
    int err = frame_get_and_type(d, mfn, type);

    if (err == 0) {
        frame_put(mfn); /* the caller has a reference of its own */
    }
    return err;
}

bool page_type_hold_as(struct domain *d, mfn_t mfn, enum page_type type)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t now = word_read(f), next;
    uint64_t want = want_of(d, type);

    do {
        if (((now ^ want) & (FW_TYPE_MASK | FW_PAE)) != 0 ||
            type_word_hold(now, &next) != TYPE_TAKEN) {
            return false;
        }
    } while (!word_replace(f, &now, next));
    return true;
}

/* --- put ------------------------------------------------------------------ */

/* linear_table: the table whose linear entry this use was, or NULL. */
static int put_any(struct domain *d, mfn_t mfn, struct frame *linear_table)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t now = word_read(f), next;
    enum verdict verdict;

    do {
        verdict = type_word_put(now, &next);
        BUG_ON(verdict == TYPE_REFUSED);
    } while (!word_replace(f, &now, next));
    if (verdict == TYPE_DROPPED) {
        if (linear_table) {
            page_type_linear_dropped(f, linear_table);
        }
        frame_put(mfn);
        return 0;
    }
    if (page_type_is_table(fw_type(next))) {
        pt_progress_full(d, mfn);
    }
    return busy_put(d, mfn, linear_table);
}

__attribute__((noinline)) int frame_put_any(struct domain *d, mfn_t mfn)
{
    return put_any(d, mfn, NULL);
}

int frame_put_and_type(struct domain *d, mfn_t mfn)
{
    return frame_drop(d, mfn);
}

int frame_put_linear(struct domain *d, mfn_t mfn, struct frame *table)
{
    return put_any(d, mfn, table);
}

int page_type_put(struct domain *d, mfn_t mfn)
{
    /* A put drops both; the caller keeps its reference, so one more is
     * needed. Near the limit there is none to be had: then nobody can get
     * one either, and the use goes alone, if need be without a pause. */
    struct frame *f = mfn_to_frame(mfn);
    uint64_t now = word_read(f), next;
    enum verdict verdict;

    if (frame_get(d, mfn)) {
        return frame_put_and_type(d, mfn);
    }
    do {
        verdict = type_word_put(now, &next);
        BUG_ON(verdict == TYPE_REFUSED);
    } while (!word_replace(f, &now, next));
    if (verdict == TYPE_DROPPED) {
        return 0;
    }
    if (page_type_is_table(fw_type(next))) {
        pt_progress_full(d, mfn);
    }
    while (contents_invalidate(d, mfn, fw_type(next)) != 0) {
        arch_relax();
    }
    busy_to_idle(f);
    return 0;
}

/* --- what stopped half-way (T5) ------------------------------------------- */

int page_type_undo_stopped(struct domain *d, mfn_t mfn, enum page_type type,
                           bool leave_linear)
{
    struct frame *f;
    uint64_t now, next;

    if (!frame_get(d, mfn)) {
        return 0;
    }
    f = mfn_to_frame(mfn);
    now = word_read(f);
    do {
        if ((type != PT_NONE && fw_type(now) != type) ||
            type_word_inherit(now, &next) != TYPE_MUST_RESUME) {
            frame_put(mfn);
            return 0;
        }
    } while (!word_replace(f, &now, next));
    if (leave_linear && pt_progress_in_linear(f)) {
        busy_to_stopped(f);
        frame_put(mfn);
        return 0;
    }
    frame_put(mfn);
    return busy_put(d, mfn, NULL);
}
