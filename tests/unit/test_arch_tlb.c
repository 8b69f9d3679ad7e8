/* SPDX-License-Identifier: MIT */
/*
 * Claims about arch/x86/tlb_pure.h, and about the exchange of tlb.c, of which
 * every interleaving of two asking CPUs and one that serves is walked here in
 * steps of one memory access.
 */
#include <string.h>

#include "../../hypervisor/arch/x86/tlb_pure.h"
#include "test_main.h"

#define PAGE_A tlb_page_request(0x1000)
#define PAGE_B tlb_page_request(0xffff880000002000ull)

START_TEST(wishes_merge_into_one_that_serves_both)
{
    ck_assert_uint_eq(tlb_merge(TLB_NOTHING, PAGE_A), PAGE_A);
    ck_assert_uint_eq(tlb_merge(PAGE_A, PAGE_A), PAGE_A);
    ck_assert_uint_eq(tlb_merge(PAGE_A, PAGE_B), TLB_EVERYTHING);
    ck_assert_uint_eq(tlb_merge(PAGE_A, TLB_EVERYTHING), TLB_EVERYTHING);
    ck_assert_uint_eq(tlb_merge(TLB_EVERYTHING, PAGE_A), TLB_EVERYTHING);
    ck_assert_uint_eq(tlb_merge(PAGE_A, TLB_NOTHING), PAGE_A);
    ck_assert_uint_eq(tlb_page_request(0x1fff), PAGE_A);
    ck_assert(PAGE_B & TLB_PAGE_FLAG);
    ck_assert(!(TLB_EVERYTHING & TLB_PAGE_FLAG));
}
END_TEST

START_TEST(a_flush_after_the_stamp_clears_the_cpu)
{
    ck_assert(tlb_may_hold(7, 10, 7));  /* perhaps before the stamp */
    ck_assert(!tlb_may_hold(8, 10, 7)); /* surely after */
    ck_assert(tlb_may_hold(0, 10, 10));
    ck_assert(!tlb_may_hold(TLB_HOLDS_NOTHING, 10, 10));
    ck_assert(!tlb_may_hold(TLB_HOLDS_NOTHING, 5ull << 32, 77));
}
END_TEST

/* Over the wrap of the short stamp the answer may err to one side only. */
START_TEST(short_stamps_wrap_to_the_safe_side)
{
    const uint64_t wrap = 1ull << 32;

    for (uint64_t taken = wrap - 3; taken < wrap + 3; taken++) {
        for (uint64_t now = taken; now < taken + 4; now++) {
            ck_assert_uint_eq(tlb_full_stamp(now, (uint32_t)taken), taken);
        }
    }
    for (uint64_t flushed = 0; flushed < 6; flushed++) {
        bool truth = flushed <= 3;
        bool answer = tlb_may_hold(flushed, wrap + 5, 3);

        ck_assert(answer || !truth);
    }
}
END_TEST

/* --- the exchange --- */

/*
 * Two askers want a page each, one of them perhaps everything; the server
 * runs tlb_flush_service as often as it likes. "Flushed" is told by counting:
 * asker i's wish is fulfilled when a flush that covers it happens after the
 * wish was made (that is when the asker had already changed the page table).
 */
struct model {
    uint64_t wish;
    uint32_t drawn, served;
    struct {
        int at;          /* 0: before, 1: wish left, 2: waits, 3: done */
        uint64_t wants;
        uint32_t ticket;
        bool fulfilled;
    } asker[2];
    int server_at;       /* 0: idle, 1: drawn read, 2: wish taken, 3: flushed */
    uint32_t server_drawn;
    uint64_t server_wish;
    int rounds_left;
};

static unsigned int states, ends;

static bool covers(uint64_t done, uint64_t wanted)
{
    return done == TLB_EVERYTHING || done == wanted;
}

static bool asker_step(struct model *m, int i)
{
    switch (m->asker[i].at) {
    case 0:
        m->wish = tlb_merge(m->wish, m->asker[i].wants);
        break;
    case 1:
        m->asker[i].ticket = ++m->drawn;
        break;
    case 2:
        if ((int32_t)(m->served - m->asker[i].ticket) < 0) {
            return false;
        }
        ck_assert(m->asker[i].fulfilled); /* the claim */
        break;
    default:
        return false;
    }
    m->asker[i].at++;
    return true;
}

static bool server_step(struct model *m)
{
    switch (m->server_at) {
    case 0:
        if (m->rounds_left == 0 || m->drawn == m->served) {
            return false;
        }
        m->rounds_left--;
        m->server_drawn = m->drawn;
        break;
    case 1:
        m->server_wish = m->wish;
        m->wish = TLB_NOTHING;
        break;
    case 2:
        for (int i = 0; i < 2; i++) {
            if (m->asker[i].at >= 1 &&
                covers(m->server_wish, m->asker[i].wants)) {
                m->asker[i].fulfilled = true;
            }
        }
        break;
    default:
        m->served = m->server_drawn;
        m->server_at = 0;
        return true;
    }
    m->server_at++;
    return true;
}

static void walk(struct model m)
{
    bool moved = false;

    states++;
    for (int who = 0; who < 3; who++) {
        struct model next = m;

        if (who < 2 ? asker_step(&next, who) : server_step(&next)) {
            moved = true;
            walk(next);
        }
    }
    if (!moved) {
        ends++;
        /* Nobody may be left waiting, unless the server ran out of turns. */
        ck_assert(m.rounds_left == 0 ||
                  (m.asker[0].at == 3 && m.asker[1].at == 3));
    }
}

static void walk_from(uint64_t first, uint64_t second)
{
    struct model m;

    memset(&m, 0, sizeof(m));
    m.drawn = m.served = UINT32_MAX - 1; /* tickets wrap on the way */
    m.asker[0].wants = first;
    m.asker[1].wants = second;
    m.rounds_left = 4;
    walk(m);
}

START_TEST(no_ticket_is_served_without_its_flush)
{
    walk_from(PAGE_A, PAGE_B);
    walk_from(PAGE_A, PAGE_A);
    walk_from(PAGE_A, TLB_EVERYTHING);
    walk_from(TLB_EVERYTHING, TLB_EVERYTHING);
    ck_assert_uint_gt(states, 300);
    ck_assert_uint_gt(ends, 4);
}
END_TEST

TEST_MAIN("arch_tlb", NULL, NULL, wishes_merge_into_one_that_serves_both,
          a_flush_after_the_stamp_clears_the_cpu,
          short_stamps_wrap_to_the_safe_side,
          no_ticket_is_served_without_its_flush)
