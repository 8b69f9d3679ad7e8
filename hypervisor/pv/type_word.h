/* SPDX-License-Identifier: MIT */
/*
 * The decisions about a frame's type, as pure steps on its word.
 *
 * Each function looks at one value of frame.word and says what a get or put
 * does to it: a verdict, and the word to store instead. Nothing here reads or
 * writes memory. page_type.c wraps each step in a compare-and-exchange, and
 * tests/unit/test_type_word.c visits every reachable word instead.
 *
 * The type part of a word is in one of these states (count = type count):
 *
 *   idle      count 0                       the type says what it was last
 *   ready     count > 0, VALIDATED          rely on it
 *   busy      count 1, neither flag         one CPU works on the contents
 *   stopped   count 1, PARTIAL              work half done, nobody at it
 *
 *   idle -> ready     a get of plain memory that was plain memory before
 *   idle -> busy      any other get: the getter flushes stale TLB entries and
 *                     validates, then makes it ready, or idle on a failure
 *   ready -> busy     the last put: the putter takes back what the entries
 *                     hold and notes the TLB clock, then makes it idle
 *   busy -> stopped   the work budget is spent. The use (and one reference)
 *                     belong to the frame itself, whoever began the work
 *   stopped -> busy   whoever comes next inherits that use and reference and
 *                     goes on in either direction
 *
 *   W1  at most one CPU has a frame busy, and only by a step of its own
 *   W2  the type changes only on the way out of idle (F3)
 *   W3  ready is entered only from busy, or from an idle frame of a type that
 *       has no rules for its contents
 *   W4  even a last put of plain memory passes through busy: the clock must
 *       be read after the last mapping went and stored before the type can
 *       change, and no other order of two stores gives both
 *   W5  a frame that the hypervisor itself writes (FW_HV: shared_info) never
 *       gets a type with rules, which those writes would not obey
 */
#ifndef PV_TYPE_WORD_H
#define PV_TYPE_WORD_H

#include <hv/frame.h>

enum verdict {
    TYPE_TAKEN,           /* counted; next is ready */
    TYPE_MUST_VALIDATE,   /* counted; next is busy, and ours to finish */
    TYPE_MUST_RESUME,     /* a stopped frame inherited; next is busy */
    TYPE_MUST_WAIT,       /* another CPU has it busy; look again */
    TYPE_REFUSED,         /* in use as something else, or too often */
    TYPE_DROPPED,         /* a use less; still ready */
    TYPE_MUST_INVALIDATE, /* the last use; next is busy, ours to finish */
};

/* What makes two uses of a frame the same use. */
#define FW_TYPE_BITS (FW_TYPE_MASK | FW_PAE | FW_PAE_XEN_L2)

static inline uint64_t type_word_want(enum page_type type, uint64_t variant)
{
    return ((uint64_t)type << FW_TYPE_SHIFT) | variant;
}

static inline bool page_type_is_table(enum page_type type)
{
    return type >= PT_L1 && type <= PT_L4;
}

/* Whether frames of this type must obey rules for what they contain. */
static inline bool page_type_has_rules(enum page_type type)
{
    return page_type_is_table(type) || type == PT_SEGDESC;
}

/* One use more as `want`, a value of type_word_want(). */
static inline enum verdict type_word_get(uint64_t now, uint64_t want,
                                         uint64_t *next)
{
    *next = now;
    if (fw_type_count(now) >= FW_COUNT_MAX) {
        return TYPE_REFUSED;
    }
    if (fw_type_count(now) == 0) {
        if ((now & FW_HV) && page_type_has_rules(fw_type(want))) {
            return TYPE_REFUSED; /* W5 */
        }
        *next = ((now & ~(FW_TYPE_BITS | FW_VALIDATED)) | want) + FW_ONE_TYPE;
        if ((now & FW_TYPE_BITS) == want &&
            !page_type_has_rules(fw_type(want))) {
            *next |= FW_VALIDATED;
            return TYPE_TAKEN;
        }
        return TYPE_MUST_VALIDATE;
    }
    if ((now & FW_TYPE_BITS) != want) {
        return TYPE_REFUSED;
    }
    if (now & FW_VALIDATED) {
        *next = now + FW_ONE_TYPE;
        return TYPE_TAKEN;
    }
    if (now & FW_PARTIAL) {
        *next = now & ~FW_PARTIAL;
        return TYPE_MUST_RESUME;
    }
    return TYPE_MUST_WAIT;
}

/* One use more as whatever it is, if it is ready: for those who only must be
 * sure that it does not change under their hands. */
static inline enum verdict type_word_hold(uint64_t now, uint64_t *next)
{
    *next = now;
    if (fw_type_count(now) == 0 || fw_type_count(now) >= FW_COUNT_MAX ||
        (now & FW_VALIDATED) == 0) {
        return TYPE_REFUSED;
    }
    *next = now + FW_ONE_TYPE;
    return TYPE_TAKEN;
}

/* One use less of a frame that is ready; the caller has that use. */
static inline enum verdict type_word_put(uint64_t now, uint64_t *next)
{
    *next = now;
    if (fw_type_count(now) == 0 || (now & FW_VALIDATED) == 0) {
        return TYPE_REFUSED; /* our own mistake: nobody can have a use */
    }
    if (fw_type_count(now) > 1) {
        *next = now - FW_ONE_TYPE;
        return TYPE_DROPPED;
    }
    *next = now & ~FW_VALIDATED;
    return TYPE_MUST_INVALIDATE;
}

/* Inherits a stopped frame in order to undo it. */
static inline enum verdict type_word_inherit(uint64_t now, uint64_t *next)
{
    *next = now;
    if ((now & FW_PARTIAL) == 0) {
        return TYPE_REFUSED;
    }
    *next = now & ~FW_PARTIAL;
    return TYPE_MUST_RESUME;
}

/* The ends of busy; each is one atomic operation on a word that may change
 * meanwhile, but never in its type part. */
static inline uint64_t type_word_validated(uint64_t now)
{
    return now | FW_VALIDATED;
}

static inline uint64_t type_word_idle(uint64_t now)
{
    return now - FW_ONE_TYPE;
}

static inline uint64_t type_word_stopped(uint64_t now)
{
    return now | FW_PARTIAL;
}

/*
 * The common cases, each one comparison. VALIDATED stands only where the type
 * count is above 0, and that only where there are references (F2), so it
 * answers for both; and a count above 1 is only found on a frame that is
 * ready.
 */

/* One use and one reference more as `want` may simply be counted. */
static inline bool type_word_ready_as(uint64_t now, uint64_t want)
{
    return (now & (FW_TYPE_BITS | FW_VALIDATED | FW_FULL)) ==
           (want | FW_VALIDATED);
}

/* One use and one reference less leaves it ready. */
static inline bool type_word_has_others(uint64_t now)
{
    return (now & (FW_COUNT_MASK - 1)) != 0;
}

/* The reference part. A count of 0 never rises (F1); false when refused. */
static inline bool ref_word_get(uint64_t now, uint64_t *next)
{
    *next = now;
    if (fw_ref_count(now) == 0 || fw_ref_count(now) >= FW_COUNT_MAX) {
        return false;
    }
    *next = now + FW_ONE_REF;
    return true;
}

#endif
