/* SPDX-License-Identifier: MIT */
/*
 * Gets and puts of a frame's type, the common case in line.
 *
 * Nearly every change of a page table counts one use more of a frame that is
 * already what it is wanted as, and one less of a frame with others left.
 * Either is a look at the word and one compare-and-exchange; the rest of
 * page_type.c (types that change, walks, waiting) is a call away.
 */
#ifndef PV_PAGE_TYPE_H
#define PV_PAGE_TYPE_H

#include "type_word.h"

#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/domain.h>
#include <hv/pv.h>

static inline uint64_t word_read(const struct frame *f)
{
    return __atomic_load_n(&f->word, __ATOMIC_ACQUIRE);
}

static inline bool word_replace(struct frame *f, uint64_t *now, uint64_t next)
{
    return __atomic_compare_exchange_n(&f->word, now, next, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
}

static inline bool frame_owned_by(const struct frame *f,
                                  const struct domain *d)
{
    return __atomic_load_n(&f->owner, __ATOMIC_RELAXED) == d->id;
}

/* The general cases, in page_type.c. */
int frame_get_any(struct domain *d, mfn_t mfn, uint64_t want) MUST_CHECK;
int frame_put_any(struct domain *d, mfn_t mfn) MUST_CHECK;
/* Puts what was got of a frame that had changed hands; -XEN_EINVAL. */
int frame_return_foreign(mfn_t mfn);

/* frame_get_and_type() for a value of type_word_want(). */
static inline __attribute__((always_inline)) int
frame_get_and_want(struct domain *d, mfn_t mfn, uint64_t want)
{
    struct frame *f;
    uint64_t now;

    if (UNLIKELY(!mfn_valid(mfn))) {
        return -XEN_EINVAL;
    }
    f = mfn_to_frame(mfn);
    if (UNLIKELY(!frame_owned_by(f, d))) { /* T6 */
        return -XEN_EINVAL;
    }
    now = word_read(f);
    do {
        if (UNLIKELY(!type_word_ready_as(now, want))) {
            return frame_get_any(d, mfn, want);
        }
    } while (UNLIKELY(!word_replace(f, &now,
                                    now + FW_ONE_TYPE + FW_ONE_REF)));
    return LIKELY(frame_owned_by(f, d)) ? 0 : frame_return_foreign(mfn);
}

/* A reference and a use of a frame of d whose word has these bits as given:
 * true, and *now is the word as it was. A frame with other bits is let be. */
static inline __attribute__((always_inline)) bool
frame_hold_if(struct domain *d, mfn_t mfn, uint64_t mask, uint64_t bits,
              uint64_t *now)
{
    struct frame *f;

    if (UNLIKELY(!mfn_valid(mfn))) {
        return false;
    }
    f = mfn_to_frame(mfn);
    if (UNLIKELY(!frame_owned_by(f, d))) {
        return false;
    }
    *now = word_read(f);
    do {
        if (UNLIKELY((*now & mask) != bits)) {
            return false;
        }
    } while (UNLIKELY(!word_replace(f, now,
                                    *now + FW_ONE_TYPE + FW_ONE_REF)));
    return LIKELY(frame_owned_by(f, d)) || frame_return_foreign(mfn) == 0;
}

/* Of a frame that is ready, as whatever it is: *type says. Dropped by
 * frame_drop(), as the next. */
static inline __attribute__((always_inline)) bool
frame_hold(struct domain *d, mfn_t mfn, enum page_type *type)
{
    uint64_t now;

    if (!frame_hold_if(d, mfn, FW_VALIDATED | FW_FULL, FW_VALIDATED, &now)) {
        return false;
    }
    *type = fw_type(now);
    return true;
}

/* Of an L1 table of either format. */
static inline __attribute__((always_inline)) bool
frame_hold_l1(struct domain *d, mfn_t mfn)
{
    uint64_t now;

    return frame_hold_if(d, mfn, FW_TYPE_MASK | FW_VALIDATED | FW_FULL,
                         type_word_want(PT_L1, 0) | FW_VALIDATED, &now);
}

/* frame_put_and_type() */
static inline __attribute__((always_inline)) int
frame_drop(struct domain *d, mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t now = word_read(f);

    do {
        if (UNLIKELY(!type_word_has_others(now))) {
            return frame_put_any(d, mfn);
        }
        ASSERT(fw_ref_count(now) > 1);
    } while (UNLIKELY(!word_replace(f, &now,
                                    now - FW_ONE_TYPE - FW_ONE_REF)));
    return 0;
}

/* A reference less of a frame that has others and is no descriptor page (which
 * pv_forget_ldt_frame() may have to know of); false: it was left alone. */
static inline __attribute__((always_inline)) bool frame_put_plain(mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t now = word_read(f);

    return fw_ref_count(now) > 1 && LIKELY(fw_type(now) != PT_SEGDESC) &&
           LIKELY(word_replace(f, &now, now - FW_ONE_REF));
}

/* A use less, where others are left: false, if it is the last. */
static inline __attribute__((always_inline)) bool frame_drop_use(mfn_t mfn)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t now = word_read(f);

    do {
        if (UNLIKELY(!type_word_has_others(now))) {
            return false;
        }
    } while (UNLIKELY(!word_replace(f, &now, now - FW_ONE_TYPE)));
    return true;
}

#endif
