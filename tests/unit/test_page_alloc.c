/* SPDX-License-Identifier: MIT */
/* Claims about core/page_alloc.c. */
#include <host/host.h>
#include <hv/arch.h>
#include <pthread.h>
#include <string.h>

#include "test_main.h"

#define FRAMES 1024

static void setup(void)
{
    host_machine_start(FRAMES, 4);
}

static void teardown(void)
{
    host_fail_alloc(0);
    page_alloc_audit();
    ck_assert_uint_eq(host_machine_stop(), 0);
}

static mfn_t must_alloc(unsigned int order)
{
    mfn_t mfn = page_alloc(order, INVALID_MFN);

    ck_assert(mfn_valid_number(mfn));
    return mfn;
}

START_TEST(every_frame_of_ram_comes_out_once)
{
    static uint8_t seen[FRAMES + HOST_HOLE_FRAMES];
    unsigned int i;

    for (i = 0; i < FRAMES; i++) {
        mfn_t mfn = must_alloc(0);

        ck_assert_uint_ge(mfn.v, HOST_HOLE_FRAMES);
        ck_assert_uint_lt(mfn.v, frame_count);
        ck_assert_uint_eq(seen[mfn.v], 0);
        seen[mfn.v] = 1;
    }
    ck_assert(!mfn_valid_number(page_alloc(0, INVALID_MFN)));
    ck_assert_uint_eq(page_alloc_free_frames(), 0);
    for (i = HOST_HOLE_FRAMES; i < frame_count; i++) {
        page_free(MFN(i), 0);
    }
}
END_TEST

START_TEST(a_block_is_aligned_to_its_size)
{
    unsigned int order;

    for (order = 0; order <= 8; order++) {
        mfn_t mfn = must_alloc(order);

        ck_assert_uint_eq(mfn.v & ((1ull << order) - 1), 0);
        page_free(mfn, order);
        page_alloc_audit();
    }
}
END_TEST

START_TEST(a_new_block_has_clean_records)
{
    mfn_t mfn = must_alloc(3);
    unsigned int i;

    for (i = 0; i < 8; i++) {
        const struct frame *f = mfn_to_frame(MFN(mfn.v + i));

        ck_assert_uint_eq(f->word, 0);
        ck_assert_uint_eq(f->owner, FRAME_OWNER_NONE);
        ck_assert_int_eq(f->linear, 0);
    }
    page_free(mfn, 3);
}
END_TEST

START_TEST(freed_single_frames_join_to_large_blocks)
{
    mfn_t frames[FRAMES];
    unsigned int i;

    for (i = 0; i < FRAMES; i++) {
        frames[i] = must_alloc(0);
    }
    for (i = 0; i < FRAMES; i += 2) { /* every other first: no buddies */
        page_free(frames[i], 0);
    }
    page_alloc_audit();
    for (i = 1; i < FRAMES; i += 2) {
        page_free(frames[i], 0);
    }
    page_alloc_audit();
    /* 16..1039 holds the aligned block 512..1023 */
    page_free(must_alloc(9), 9);
}
END_TEST

START_TEST(a_large_block_may_be_freed_in_parts)
{
    mfn_t mfn = must_alloc(4);
    unsigned int i;

    for (i = 0; i < 16; i++) {
        page_free(MFN(mfn.v + i), 0);
        page_alloc_audit();
    }
}
END_TEST

START_TEST(a_limit_is_kept_or_the_request_fails)
{
    mfn_t mfn = page_alloc(0, MFN(HOST_HOLE_FRAMES + 1));

    ck_assert_uint_eq(mfn.v, HOST_HOLE_FRAMES);
    ck_assert(!mfn_valid_number(page_alloc(0, MFN(HOST_HOLE_FRAMES + 1))));
    ck_assert(!mfn_valid_number(page_alloc(4, MFN(40))));
    page_free(mfn, 0);
    mfn = page_alloc(3, MFN(32));
    ck_assert_uint_le(mfn.v + 8, 32);
    page_free(mfn, 3);
}
END_TEST

START_TEST(more_than_there_is_fails)
{
    ck_assert(!mfn_valid_number(page_alloc(10, INVALID_MFN)));
    ck_assert(!mfn_valid_number(page_alloc(PAGE_ORDER_MAX, INVALID_MFN)));
    ck_assert(!mfn_valid_number(page_alloc(PAGE_ORDER_MAX + 1, INVALID_MFN)));
}
END_TEST

static mfn_t victim;

static void free_victim(void *arg)
{
    page_free(victim, *(unsigned int *)arg);
}

START_TEST(a_double_free_is_our_bug)
{
    unsigned int order = 0;
    mfn_t keep = must_alloc(0);

    victim = must_alloc(0);
    page_free(victim, 0);
    ck_assert_int_eq(host_run(free_victim, &order), HOST_PANIC);
    (void)keep;
}
END_TEST

START_TEST(a_double_free_inside_a_joined_block_is_our_bug)
{
    unsigned int order = 0;

    victim = must_alloc(2);
    page_free(victim, 2);
    victim.v++;
    ck_assert_int_eq(host_run(free_victim, &order), HOST_PANIC);
}
END_TEST

START_TEST(freeing_a_referenced_frame_is_our_bug)
{
    unsigned int order = 1;

    victim = must_alloc(1);
    mfn_to_frame(MFN(victim.v + 1))->word = FW_ONE_REF;
    ck_assert_int_eq(host_run(free_victim, &order), HOST_PANIC);
}
END_TEST

START_TEST(freeing_a_misaligned_block_is_our_bug)
{
    unsigned int order = 1;

    victim = must_alloc(2);
    victim.v++;
    ck_assert_int_eq(host_run(free_victim, &order), HOST_PANIC);
}
END_TEST

START_TEST(hypervisor_pages_are_zeroed_and_marked)
{
    uint8_t *p = hv_alloc_pages(1);
    mfn_t mfn = frame_unmap_addr(p);
    unsigned int i;

    for (i = 0; i < 2 * PAGE_SIZE; i++) {
        ck_assert_uint_eq(p[i], 0);
    }
    ck_assert_uint_eq(mfn_to_frame(mfn)->word, FW_HV | FW_ONE_REF);
    ck_assert_uint_eq(mfn_to_frame(MFN(mfn.v + 1))->word, FW_HV | FW_ONE_REF);
    ck_assert_uint_eq(mfn_to_frame(mfn)->owner, FRAME_OWNER_NONE);
    memset(p, 0x5a, 2 * PAGE_SIZE);
    hv_free_pages(p, 1);
    ck_assert_uint_eq(page_alloc_free_frames(), FRAMES);
}
END_TEST

START_TEST(an_injected_failure_is_a_shortage)
{
    host_fail_alloc(2);
    page_free(must_alloc(0), 0);
    ck_assert_ptr_null(hv_alloc_pages(0));
    page_free(must_alloc(0), 0);
}
END_TEST

START_TEST(a_domains_frame_is_flushed_before_it_is_used_again)
{
    mfn_t mfn = must_alloc(0);

    mfn_to_frame(mfn)->owner = 7;
    page_free(mfn, 0);
    host_effects_clear();
    mfn = must_alloc(0);
    ck_assert_int_ge(host_effect_find(EFFECT_TLB_FLUSH, 0), 0);
    ck_assert_uint_eq(host_effect_at(host_effect_find(EFFECT_TLB_FLUSH, 0))->a,
                      0xf);
    host_effects_clear();
    page_free(mfn, 0);
    page_free(must_alloc(0), 0); /* nobody's since: no second flush */
    ck_assert_int_lt(host_effect_find(EFFECT_TLB_FLUSH, 0), 0);
}
END_TEST


#define GIB_4 (1ull << 20) /* frames below 4 GiB */

static void restart_with(uint64_t frames)
{
    ck_assert_uint_eq(host_machine_stop(), 0);
    host_machine_start(frames, 1);
}

START_TEST(memory_below_4_gib_is_given_away_last)
{
    mfn_t high[64];
    mfn_t mfn;
    unsigned int i;

    restart_with(GIB_4 + 64 - HOST_HOLE_FRAMES);
    for (i = 0; i < 64; i++) {
        high[i] = must_alloc(0);
        ck_assert_uint_ge(high[i].v, GIB_4);
    }
    mfn = must_alloc(0);
    ck_assert_uint_lt(mfn.v, GIB_4);
    page_free(mfn, 0);
    for (i = 0; i < 64; i++) {
        page_free(high[i], 0);
    }
    mfn = page_alloc(0, MFN(GIB_4));
    ck_assert_uint_lt(mfn.v, GIB_4);
    page_free(mfn, 0);
    mfn = page_alloc(0, MFN(GIB_4 + 1));
    ck_assert_uint_le(mfn.v, GIB_4);
    page_free(mfn, 0);
}
END_TEST

START_TEST(a_gib_is_one_block_and_no_larger_exists)
{
    mfn_t mfn;

    restart_with(3ull << PAGE_ORDER_MAX);
    mfn = must_alloc(PAGE_ORDER_MAX);
    ck_assert_uint_eq(mfn.v & ((1ull << PAGE_ORDER_MAX) - 1), 0);
    page_free(mfn, PAGE_ORDER_MAX);
    ck_assert_uint_eq(page_alloc_free_frames(), 3ull << PAGE_ORDER_MAX);
}
END_TEST

/* Adding memory stores to a record a block, so that boot does not depend on
 * the amount of memory. */
START_TEST(adding_memory_touches_few_records)
{
    uint64_t touched = 0;
    uint64_t i;

    restart_with(GIB_4);
    for (i = 0; i < frame_count; i++) {
        touched += mfn_to_frame(MFN(i))->word != 0;
    }
    ck_assert_uint_le(touched, 4 + 2 * PAGE_ORDER_MAX);
}
END_TEST

/* Blocks of all sizes come and go in an order that a seed decides. */
START_TEST(any_order_of_use_keeps_the_invariants)
{
    mfn_t held[40];
    unsigned int orders[40];
    uint32_t x = 12345;
    unsigned int i;

    memset(held, 0xff, sizeof(held));
    for (i = 0; i < 3000; i++) {
        unsigned int slot;

        x = x * 1664525 + 1013904223;
        slot = (x >> 8) % 40;
        if (mfn_valid_number(held[slot])) {
            page_free(held[slot], orders[slot]);
            held[slot] = INVALID_MFN;
        } else {
            orders[slot] = (x >> 20) % 7;
            held[slot] = page_alloc(orders[slot], (x >> 28) == 0
                                                      ? MFN(400)
                                                      : INVALID_MFN);
        }
        page_alloc_audit();
    }
    for (i = 0; i < 40; i++) {
        if (mfn_valid_number(held[i])) {
            page_free(held[i], orders[i]);
        }
    }
}
END_TEST

static void *alloc_and_free(void *arg)
{
    unsigned int seed = (unsigned int)(uintptr_t)arg;
    mfn_t held[16];
    unsigned int orders[16];
    unsigned int i;

    host_set_cpu(seed);
    memset(held, 0xff, sizeof(held));
    for (i = 0; i < 4000; i++) {
        unsigned int slot = (i * 7 + seed) % 16;

        if (mfn_valid_number(held[slot])) {
            memset(frame_map(held[slot]), (int)seed, 64);
            page_free(held[slot], orders[slot]);
            held[slot] = INVALID_MFN;
        } else {
            orders[slot] = (i + seed) % 4;
            held[slot] = page_alloc(orders[slot], INVALID_MFN);
        }
    }
    for (i = 0; i < 16; i++) {
        if (mfn_valid_number(held[i])) {
            page_free(held[i], orders[i]);
        }
    }
    return NULL;
}

START_TEST(four_cpus_never_get_the_same_frame)
{
    pthread_t threads[4];
    uintptr_t i;

    for (i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, alloc_and_free, (void *)i);
    }
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(page_alloc_free_frames(), FRAMES);
}
END_TEST

static void teardown_or_panicked(void)
{
    if (host_effect_find(EFFECT_STOP, 0) < 0) {
        teardown();
    }
}

TEST_MAIN("page_alloc", setup, teardown_or_panicked,
          every_frame_of_ram_comes_out_once, a_block_is_aligned_to_its_size,
          a_new_block_has_clean_records,
          freed_single_frames_join_to_large_blocks,
          a_large_block_may_be_freed_in_parts,
          a_limit_is_kept_or_the_request_fails, more_than_there_is_fails,
          a_double_free_is_our_bug,
          a_double_free_inside_a_joined_block_is_our_bug,
          freeing_a_referenced_frame_is_our_bug,
          freeing_a_misaligned_block_is_our_bug,
          hypervisor_pages_are_zeroed_and_marked,
          an_injected_failure_is_a_shortage,
          a_domains_frame_is_flushed_before_it_is_used_again,
          memory_below_4_gib_is_given_away_last,
          a_gib_is_one_block_and_no_larger_exists,
          adding_memory_touches_few_records,
          any_order_of_use_keeps_the_invariants,
          four_cpus_never_get_the_same_frame)
