/* SPDX-License-Identifier: MIT */
/* Claims about core/page_ref.c, with two domains that are only an id, a lock
 * and an account. */
#include <host/host.h>
#include <hv/arch.h>
#include <pthread.h>
#include <string.h>

#include "test_main.h"

#define FRAMES 256

static struct domain alice, bob;

static void setup(void)
{
    host_machine_start(FRAMES, 4);
    alice.id = 0; /* the owner field of untouched records, on purpose */
    bob.id = 1;
    alice.frames_max = 100;
    bob.frames_max = 100;
    spin_lock_init(&alice.lock, LOCK_DOMAIN);
    spin_lock_init(&bob.lock, LOCK_DOMAIN);
}

static void teardown(void)
{
    if (host_effect_find(EFFECT_STOP, 0) < 0) {
        host_fail_alloc(0);
        page_alloc_audit();
        ck_assert_uint_eq(host_machine_stop(), 0);
    }
}

static mfn_t must_alloc(struct domain *d)
{
    mfn_t mfn = domain_alloc_frame(d, 0, INVALID_MFN);

    ck_assert(mfn_valid_number(mfn));
    return mfn;
}

static uint64_t refs(mfn_t mfn)
{
    return fw_ref_count(mfn_to_frame(mfn)->word);
}

START_TEST(a_new_frame_is_zeroed_and_has_one_reference)
{
    mfn_t mfn = must_alloc(&alice);
    const uint8_t *p = frame_map(mfn);
    unsigned int i;

    for (i = 0; i < PAGE_SIZE; i++) {
        ck_assert_uint_eq(p[i], 0);
    }
    ck_assert_uint_eq(mfn_to_frame(mfn)->word, FW_ALLOCATED | FW_ONE_REF);
    ck_assert_uint_eq(mfn_to_frame(mfn)->owner, alice.id);
    ck_assert_uint_eq(alice.frames_total, 1);
    ck_assert(domain_release_frame(&alice, mfn));
    ck_assert_uint_eq(alice.frames_total, 0);
}
END_TEST

START_TEST(a_used_frame_is_zero_for_its_next_owner)
{
    mfn_t mfn = must_alloc(&alice);

    memset(frame_map(mfn), 0x77, PAGE_SIZE);
    ck_assert(domain_release_frame(&alice, mfn));
    mfn = must_alloc(&bob);
    ck_assert_uint_eq(*(uint64_t *)frame_map(mfn), 0);
    ck_assert(domain_release_frame(&bob, mfn));
}
END_TEST

START_TEST(only_the_owner_gets_a_reference)
{
    mfn_t mfn = must_alloc(&alice);

    ck_assert(!frame_get(&bob, mfn));
    ck_assert_uint_eq(refs(mfn), 1);
    ck_assert(frame_get(&alice, mfn));
    ck_assert_uint_eq(refs(mfn), 2);
    frame_put(mfn);
    ck_assert(!domain_release_frame(&bob, mfn));
    ck_assert(domain_release_frame(&alice, mfn));
}
END_TEST

START_TEST(no_reference_to_free_memory_holes_or_beyond)
{
    mfn_t mfn = must_alloc(&alice);

    ck_assert(domain_release_frame(&alice, mfn));
    ck_assert(!frame_get(&alice, mfn));
    ck_assert(!frame_get(&alice, MFN(HOST_HOLE_FRAMES + 200)));
    ck_assert(!frame_get(&alice, MFN(0)));
    ck_assert(!frame_get(&alice, MFN(frame_count)));
    ck_assert(!frame_get(&alice, MFN(1ull << 52)));
    ck_assert(!frame_get(&alice, INVALID_MFN));
    ck_assert(!domain_release_frame(&alice, INVALID_MFN));
}
END_TEST

START_TEST(a_full_count_refuses_one_more)
{
    mfn_t mfn = must_alloc(&alice);
    struct frame *f = mfn_to_frame(mfn);

    f->word = FW_ALLOCATED | FW_COUNT_MAX << FW_REF_COUNT_SHIFT;
    ck_assert(!frame_get(&alice, mfn));
    ck_assert_uint_eq(refs(mfn), FW_COUNT_MAX);
    f->word = FW_ALLOCATED | FW_ONE_REF;
    ck_assert(domain_release_frame(&alice, mfn));
}
END_TEST

START_TEST(a_released_frame_stays_while_it_is_referenced)
{
    mfn_t mfn = must_alloc(&alice);
    uint64_t before = page_alloc_free_frames();

    ck_assert(frame_get(&alice, mfn));
    ck_assert(domain_release_frame(&alice, mfn));
    ck_assert_uint_eq(alice.frames_total, 0);
    ck_assert_uint_eq(page_alloc_free_frames(), before);
    ck_assert(frame_get(&alice, mfn)); /* still alice's */
    frame_put(mfn);
    frame_put(mfn);
    ck_assert_uint_eq(page_alloc_free_frames(), before + 1);
}
END_TEST

START_TEST(a_frame_is_released_once)
{
    mfn_t mfn = must_alloc(&alice);

    ck_assert(frame_get(&alice, mfn));
    ck_assert(domain_release_frame(&alice, mfn));
    ck_assert(!domain_release_frame(&alice, mfn));
    ck_assert_uint_eq(refs(mfn), 1);
    frame_put(mfn);
}
END_TEST

START_TEST(a_frame_that_leaves_has_no_pseudo_physical_number)
{
    mfn_t mfn = must_alloc(&alice);

    arch_m2p_set(mfn, 5);
    ck_assert(domain_release_frame(&alice, mfn));
    ck_assert(arch_m2p_get(mfn) == M2P_INVALID);
}
END_TEST

START_TEST(the_maximum_is_kept)
{
    mfn_t a;

    alice.frames_max = 5;
    a = domain_alloc_frame(&alice, 2, INVALID_MFN);
    ck_assert(mfn_valid_number(a));
    ck_assert(!mfn_valid_number(domain_alloc_frame(&alice, 1, INVALID_MFN)));
    ck_assert_uint_eq(alice.frames_total, 4);
    alice.frames_max = 2; /* below what it has: nothing more, no wrap */
    ck_assert(!mfn_valid_number(domain_alloc_frame(&alice, 0, INVALID_MFN)));
    while (alice.frames_total > 0) {
        ck_assert(domain_release_frame(&alice, a));
        a.v++;
    }
}
END_TEST

START_TEST(a_shortage_leaves_the_account_as_it_was)
{
    host_fail_alloc(1);
    ck_assert(!mfn_valid_number(domain_alloc_frame(&alice, 0, INVALID_MFN)));
    ck_assert_uint_eq(alice.frames_total, 0);
    ck_assert(!mfn_valid_number(
        domain_alloc_frame(&alice, PAGE_ORDER_MAX + 1, INVALID_MFN)));
    ck_assert_uint_eq(alice.frames_total, 0);
}
END_TEST

START_TEST(an_adopted_frame_keeps_its_contents)
{
    mfn_t mfn = page_alloc(0, INVALID_MFN);

    strcpy(frame_map(mfn), "a boot module");
    domain_adopt_frame(&alice, mfn);
    ck_assert_str_eq(frame_map(mfn), "a boot module");
    ck_assert_uint_eq(alice.frames_total, 1);
    ck_assert(domain_release_frame(&alice, mfn));
}
END_TEST

START_TEST(the_hypervisors_frame_is_nobodys_until_shared)
{
    void *page = hv_alloc_pages(0);
    mfn_t mfn = frame_unmap_addr(page);

    ck_assert(!frame_get(&alice, mfn));
    frame_share_with(&alice, mfn);
    ck_assert(frame_get(&alice, mfn));
    ck_assert(!frame_get(&bob, mfn));
    ck_assert(!domain_release_frame(&alice, mfn));
    ck_assert_uint_eq(alice.frames_total, 0);
    frame_put(mfn);
    hv_free_pages(page, 0);
}
END_TEST

START_TEST(a_shared_frame_outlives_its_release_while_it_is_mapped)
{
    void *page = hv_alloc_pages(0);
    mfn_t mfn = frame_unmap_addr(page);
    uint64_t before = page_alloc_free_frames();

    frame_share_with(&alice, mfn);
    ck_assert(frame_get(&alice, mfn));
    hv_free_pages(page, 0);
    ck_assert_uint_eq(page_alloc_free_frames(), before);
    frame_put(mfn);
    ck_assert_uint_eq(page_alloc_free_frames(), before + 1);
}
END_TEST

static mfn_t victim;

static void put_victim(void *arg)
{
    frame_put(victim);
}

START_TEST(a_put_too_many_is_our_bug)
{
    victim = must_alloc(&alice);
    ck_assert(domain_release_frame(&alice, victim));
    ck_assert_int_eq(host_run(put_victim, NULL), HOST_PANIC);
}
END_TEST

START_TEST(the_last_put_of_a_frame_with_type_uses_is_our_bug)
{
    victim = must_alloc(&alice);
    mfn_to_frame(victim)->word = FW_ONE_REF | FW_ONE_TYPE;
    ck_assert_int_eq(host_run(put_victim, NULL), HOST_PANIC);
}
END_TEST

static mfn_t contested[4];

/* Gets and puts of frames which another CPU releases and allocates. */
static void *hammer(void *arg)
{
    unsigned int me = (unsigned int)(uintptr_t)arg;
    struct domain *d = me % 2 == 0 ? &alice : &bob;
    unsigned int i;

    host_set_cpu(me);
    for (i = 0; i < 5000; i++) {
        mfn_t mfn = MFN(__atomic_load_n(&contested[i % 4].v,
                                        __ATOMIC_RELAXED));

        if (frame_get(d, mfn)) {
            ck_assert_uint_eq(mfn_to_frame(mfn)->owner, d->id);
            frame_put(mfn);
        }
        if (i % 8 == me) {
            mfn_t mine = domain_alloc_frame(d, 0, INVALID_MFN);

            if (mfn_valid_number(mine)) {
                __atomic_store_n(&contested[me].v, mine.v, __ATOMIC_RELAXED);
                ck_assert(domain_release_frame(d, mine));
            }
        }
    }
    return NULL;
}

START_TEST(four_cpus_get_and_put_while_frames_change_owner)
{
    pthread_t threads[4];
    uintptr_t i;

    for (i = 0; i < 4; i++) {
        pthread_create(&threads[i], NULL, hammer, (void *)i);
    }
    for (i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    ck_assert_uint_eq(alice.frames_total + bob.frames_total, 0);
    ck_assert_uint_eq(page_alloc_free_frames(), FRAMES);
}
END_TEST

TEST_MAIN("page_ref", setup, teardown,
          a_new_frame_is_zeroed_and_has_one_reference,
          a_used_frame_is_zero_for_its_next_owner,
          only_the_owner_gets_a_reference,
          no_reference_to_free_memory_holes_or_beyond,
          a_full_count_refuses_one_more,
          a_released_frame_stays_while_it_is_referenced,
          a_frame_is_released_once,
          a_frame_that_leaves_has_no_pseudo_physical_number,
          the_maximum_is_kept, a_shortage_leaves_the_account_as_it_was,
          an_adopted_frame_keeps_its_contents,
          the_hypervisors_frame_is_nobodys_until_shared,
          a_shared_frame_outlives_its_release_while_it_is_mapped,
          a_put_too_many_is_our_bug,
          the_last_put_of_a_frame_with_type_uses_is_our_bug,
          four_cpus_get_and_put_while_frames_change_owner)
