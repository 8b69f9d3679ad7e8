/* SPDX-License-Identifier: MIT */
/*
 * Every word that the steps of pv/type_word.h can reach.
 *
 * The lesson: decisions that are pure functions of one word can be checked
 * not on examples but on all there is. A frame here is its word and, beside
 * it, what the engine around the steps keeps in its head: which of the
 * "CPUs" has the frame busy, and how many uses and pins have been handed
 * out. From the idle word, every step that an engine may take is taken, with
 * every type wanted, until no new state appears; small counts stand in for
 * the large ones (the limit is tested apart). In each state reached the
 * claims W1-W4 and F2, F3 are checked.
 */
#include "../../hypervisor/pv/type_word.h"

#include <check.h>
#include <string.h>

#include "test_main.h"

#define USES_MAX 4
#define STATES_MAX 4096

/* The wants of both formats; each pair of them excludes each other. */
static const uint64_t wants[] = {
    (uint64_t)PT_L1 << FW_TYPE_SHIFT,
    (uint64_t)PT_L2 << FW_TYPE_SHIFT,
    (uint64_t)PT_L3 << FW_TYPE_SHIFT,
    (uint64_t)PT_L4 << FW_TYPE_SHIFT,
    (uint64_t)PT_L1 << FW_TYPE_SHIFT | FW_PAE,
    (uint64_t)PT_L2 << FW_TYPE_SHIFT | FW_PAE,
    (uint64_t)PT_L2 << FW_TYPE_SHIFT | FW_PAE | FW_PAE_XEN_L2,
    (uint64_t)PT_L3 << FW_TYPE_SHIFT | FW_PAE,
    (uint64_t)PT_SEGDESC << FW_TYPE_SHIFT,
    (uint64_t)PT_WRITABLE << FW_TYPE_SHIFT,
    (uint64_t)PT_SHARED << FW_TYPE_SHIFT,
};

#define WANTS (sizeof(wants) / sizeof(wants[0]))

enum work { WORK_NONE, WORK_GET, WORK_PUT };

struct state {
    uint64_t word;
    enum work work;      /* what the CPU that has it busy is doing */
    unsigned int uses;   /* handed out, and not yet put */
};

static struct state states[STATES_MAX];
static unsigned int state_count;

static void visit(struct state s)
{
    unsigned int i;

    for (i = 0; i < state_count; i++) {
        if (memcmp(&states[i], &s, sizeof(s)) == 0) {
            return;
        }
    }
    ck_assert_uint_lt(state_count, STATES_MAX);
    states[state_count++] = s;
}

static struct state state_of(uint64_t word, enum work work, unsigned int uses)
{
    struct state s;

    memset(&s, 0, sizeof(s)); /* compared as bytes */
    s.word = word;
    s.work = work;
    s.uses = uses;
    return s;
}

static bool is_busy(uint64_t word)
{
    return fw_type_count(word) > 0 &&
           (word & (FW_VALIDATED | FW_PARTIAL)) == 0;
}

static void check_state(const struct state *s)
{
    uint64_t count = fw_type_count(s->word);
    bool stopped = (s->word & FW_PARTIAL) != 0;
    bool ready = (s->word & FW_VALIDATED) != 0;

    ck_assert(!(stopped && ready));
    ck_assert_int_eq(s->work != WORK_NONE, is_busy(s->word));   /* W1 */
    if (is_busy(s->word) || stopped) {
        ck_assert_uint_eq(count, 1);
    }
    if (count == 0) {
        ck_assert(!ready && !stopped);
    }
    /* every use handed out is counted; a busy or stopped frame counts one
     * that is nobody's to rely on */
    ck_assert_uint_eq(count, s->uses + (is_busy(s->word) || stopped));
    /* the bits that are not the type's stay as they were */
    ck_assert_uint_eq(s->word & (FW_ALLOCATED | FW_HV | FW_FREE),
                      FW_ALLOCATED);
    ck_assert_uint_eq(fw_ref_count(s->word), 1);
}

static void check_type_change(uint64_t now, uint64_t next)
{
    if ((now ^ next) & FW_TYPE_BITS) {                          /* F3, W2 */
        ck_assert_uint_eq(fw_type_count(now), 0);
        ck_assert(is_busy(next));                               /* W3 */
    }
}

static void step_get(const struct state *s, uint64_t want)
{
    uint64_t next;

    switch (type_word_get(s->word, want, &next)) {
    case TYPE_TAKEN:
        ck_assert(next & FW_VALIDATED);
        ck_assert_uint_eq(next & FW_TYPE_BITS, want);
        ck_assert_uint_eq(fw_type_count(next), fw_type_count(s->word) + 1);
        if (s->uses < USES_MAX) {
            visit(state_of(next, s->work, s->uses + 1));
        }
        break;
    case TYPE_MUST_VALIDATE:
        ck_assert_uint_eq(fw_type_count(s->word), 0);
        ck_assert_uint_eq(next & FW_TYPE_BITS, want);
        visit(state_of(next, WORK_GET, s->uses));
        break;
    case TYPE_MUST_RESUME:
        ck_assert(s->word & FW_PARTIAL);
        ck_assert_uint_eq(next & FW_TYPE_BITS, want);
        visit(state_of(next, WORK_GET, s->uses));
        break;
    case TYPE_MUST_WAIT:
        ck_assert(is_busy(s->word));
        ck_assert_uint_eq(s->word & FW_TYPE_BITS, want);
        ck_assert_uint_eq(next, s->word);
        break;
    case TYPE_REFUSED:
        ck_assert_uint_ne(s->word & FW_TYPE_BITS, want);
        ck_assert_uint_ne(fw_type_count(s->word), 0);
        ck_assert_uint_eq(next, s->word);
        break;
    default:
        ck_abort_msg("a get can not drop");
    }
    check_type_change(s->word, next);
}

static void step_hold(const struct state *s)
{
    uint64_t next;
    enum verdict v = type_word_hold(s->word, &next);

    ck_assert_int_eq(v == TYPE_TAKEN, (s->word & FW_VALIDATED) != 0);
    check_type_change(s->word, next);
    if (v == TYPE_TAKEN && s->uses < USES_MAX) {
        visit(state_of(next, s->work, s->uses + 1));
    }
}

static void step_put(const struct state *s)
{
    uint64_t next;
    enum verdict v = type_word_put(s->word, &next);

    if (s->uses == 0) {
        ck_assert_int_eq(v, TYPE_REFUSED);
        return;
    }
    if (s->uses > 1) {
        ck_assert_int_eq(v, TYPE_DROPPED);
        visit(state_of(next, s->work, s->uses - 1));
    } else {
        ck_assert_int_eq(v, TYPE_MUST_INVALIDATE);              /* W4 */
        ck_assert(is_busy(next));
        visit(state_of(next, WORK_PUT, 0));
    }
    check_type_change(s->word, next);
}

/* The common cases, which page_type.h decides by one look, are those that
 * the steps above would count. */
static void check_one_look(const struct state *s)
{
    bool others = s->uses > 0 &&
                  type_word_put(s->word, &(uint64_t){ 0 }) == TYPE_DROPPED;
    unsigned int w;

    ck_assert_int_eq(type_word_has_others(s->word), others);
    ck_assert_int_eq((s->word & (FW_VALIDATED | FW_FULL)) == FW_VALIDATED,
                     type_word_hold(s->word, &(uint64_t){ 0 }) == TYPE_TAKEN);
    for (w = 0; w < WANTS; w++) {
        uint64_t next;
        bool taken = fw_type_count(s->word) > 0 &&
                     type_word_get(s->word, wants[w], &next) == TYPE_TAKEN;

        ck_assert_int_eq(type_word_ready_as(s->word, wants[w]), taken);
    }
}

/* The ends of busy, in both directions, and an inheritance for undoing. */
static void step_work(const struct state *s)
{
    uint64_t next;

    if (s->work == WORK_GET) {
        visit(state_of(type_word_validated(s->word), WORK_NONE, s->uses + 1));
    }
    if (s->work != WORK_NONE) {
        visit(state_of(type_word_idle(s->word), WORK_NONE, s->uses));
        visit(state_of(type_word_stopped(s->word), WORK_NONE, s->uses));
    }
    if (type_word_inherit(s->word, &next) == TYPE_MUST_RESUME) {
        ck_assert(is_busy(next));
        visit(state_of(next, WORK_PUT, s->uses));
    } else {
        ck_assert((s->word & FW_PARTIAL) == 0);
    }
}

START_TEST(every_reachable_word_obeys_the_rules)
{
    unsigned int i, w;

    state_count = 0;
    visit(state_of(FW_ALLOCATED | FW_ONE_REF, WORK_NONE, 0));
    for (i = 0; i < state_count; i++) {
        struct state s = states[i];

        check_state(&s);
        check_one_look(&s);
        for (w = 0; w < WANTS; w++) {
            step_get(&s, wants[w]);
        }
        step_hold(&s);
        step_put(&s);
        step_work(&s);
    }
    /* the untyped word, and for each type: idle, busy each way, stopped, and
     * ready with 1 to USES_MAX uses */
    ck_assert_uint_eq(state_count, 1 + WANTS * (1 + 2 + 1 + USES_MAX));
}
END_TEST

START_TEST(counts_do_not_wrap)
{
    uint64_t word = type_word_want(PT_WRITABLE, 0) | FW_VALIDATED |
                    FW_COUNT_MAX << FW_TYPE_COUNT_SHIFT |
                    FW_COUNT_MAX << FW_REF_COUNT_SHIFT;
    uint64_t next;

    ck_assert_int_eq(type_word_get(word, type_word_want(PT_WRITABLE, 0),
                                   &next), TYPE_REFUSED);
    ck_assert_uint_eq(next, word);
    ck_assert_int_eq(type_word_hold(word, &next), TYPE_REFUSED);
    ck_assert(!ref_word_get(word, &next));
    ck_assert_uint_eq(next, word);
    ck_assert_int_eq(type_word_put(word, &next), TYPE_DROPPED);
    ck_assert_uint_eq(word - next, FW_ONE_TYPE);
    ck_assert_int_eq(type_word_get(next, type_word_want(PT_WRITABLE, 0),
                                   &next), TYPE_TAKEN);
    ck_assert_uint_eq(next, word);
}
END_TEST

START_TEST(one_look_sees_that_either_count_is_full)
{
    uint64_t want = type_word_want(PT_L1, 0);
    uint64_t ready = want | FW_VALIDATED | FW_ONE_TYPE | FW_ONE_REF;
    uint64_t types = (FW_COUNT_MAX - 1) << FW_TYPE_COUNT_SHIFT;
    uint64_t refs = (FW_COUNT_MAX - 1) << FW_REF_COUNT_SHIFT;

    ck_assert(type_word_ready_as(ready, want));
    ck_assert(type_word_ready_as(ready + types - FW_ONE_TYPE, want));
    ck_assert(type_word_ready_as(ready + refs - FW_ONE_REF, want));
    ck_assert(!type_word_ready_as(ready + types, want));
    ck_assert(!type_word_ready_as(ready + refs, want));
    ck_assert_uint_ne((ready + types) & FW_FULL, 0);
    ck_assert_uint_ne((ready + refs) & FW_FULL, 0);
    ck_assert_uint_eq((ready + types + refs - FW_ONE_TYPE - FW_ONE_REF) &
                      FW_FULL, 0);
}
END_TEST

START_TEST(a_frame_without_references_gets_none)
{
    uint64_t next;

    ck_assert(!ref_word_get(0, &next));
    ck_assert(!ref_word_get(FW_FREE | 5, &next));
    ck_assert(ref_word_get(FW_ALLOCATED | FW_ONE_REF, &next));
    ck_assert_uint_eq(fw_ref_count(next), 2);
}
END_TEST

START_TEST(variants_of_l2_exclude_each_other)
{
    uint64_t plain = type_word_want(PT_L2, FW_PAE);
    uint64_t hv = type_word_want(PT_L2, FW_PAE | FW_PAE_XEN_L2);
    uint64_t word, next;

    ck_assert_int_eq(type_word_get(FW_ONE_REF, hv, &word),
                     TYPE_MUST_VALIDATE);
    word = type_word_validated(word);
    ck_assert_int_eq(type_word_get(word, plain, &next), TYPE_REFUSED);
    ck_assert_int_eq(type_word_get(word, hv, &next), TYPE_TAKEN);
    ck_assert_int_eq(type_word_get(word, type_word_want(PT_L2, 0), &next),
                     TYPE_REFUSED);
}
END_TEST

START_TEST(only_contents_without_rules_are_ready_at_once)
{
    unsigned int w;

    for (w = 0; w < WANTS; w++) {
        uint64_t idle = FW_ONE_REF | wants[w];
        bool plain = fw_type(wants[w]) == PT_WRITABLE ||
                     fw_type(wants[w]) == PT_SHARED;
        uint64_t next;

        ck_assert_int_eq(type_word_get(idle, wants[w], &next),
                         plain ? TYPE_TAKEN : TYPE_MUST_VALIDATE);
        ck_assert_int_eq(type_word_get(FW_ONE_REF, wants[w], &next),
                         TYPE_MUST_VALIDATE);
    }
}
END_TEST

START_TEST(the_hypervisors_frames_are_never_tables)
{
    unsigned int w;

    for (w = 0; w < WANTS; w++) {
        bool rules = page_type_has_rules(fw_type(wants[w]));
        uint64_t next;

        ck_assert_int_eq(type_word_get(FW_HV | FW_ONE_REF, wants[w], &next) ==
                             TYPE_REFUSED, rules);
    }
}
END_TEST

TEST_MAIN("type_word", NULL, NULL, every_reachable_word_obeys_the_rules,
          counts_do_not_wrap, one_look_sees_that_either_count_is_full,
          a_frame_without_references_gets_none,
          variants_of_l2_exclude_each_other,
          only_contents_without_rules_are_ready_at_once,
          the_hypervisors_frames_are_never_tables)
