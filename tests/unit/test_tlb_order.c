/* SPDX-License-Identifier: MIT */
/*
 * When TLBs are flushed, seen from a frame's life.
 *
 * A guest removes a mapping and may or may not flush; its CPUs go on using
 * what they remember. So the hypervisor flushes at two moments, and at no
 * other of its own accord: before a frame is trusted as something else
 * (test_page_type.c), and before it is anybody else's, which is here. Both
 * are as late as they can be, since by then the CPUs mostly have flushed for
 * other reasons, and then nothing is to be done.
 *
 * The TLBs of the fake machine forget nothing that they are not told to, and
 * each test ends in an audit of them.
 */
#include <host/host.h>
#include <xen/memory.h>

#include "test_main.h"
#include "world.h"

#define FRAMES 96u
#define CPU(n) (1ull << (n))

static struct world *w;
static struct domain *d;
static struct world_guest g;

static void setup(void)
{
    w = world_with_cpus(2, FRAMES, 2, 2);
    d = w->domains[0];
    g = world_boot_guest(w, 0);
    host_tlb_enable(true);
}

static void teardown(void)
{
    host_tlb_audit();
    host_tlb_enable(false);
    world_free(w);
}

static uint64_t data_va(unsigned int i)
{
    return WORLD_DATA + (uint64_t)i * PAGE_SIZE;
}

/* The vcpu, on its CPU, writes to a data page: the TLB has it now. */
static void touch(unsigned int vcpu, unsigned int i)
{
    world_enter(d->vcpus[vcpu]);
    if (vcpu != 0 && d->vcpus[vcpu]->pv.kernel_cr3 == 0) {
        ck_assert_int_eq(pv_set_kernel_table(d->vcpus[vcpu], g.l4), 0);
    }
    ck_assert(!guest_store64(GVA(data_va(i)), 2));
    world_enter(d->vcpus[0]);
}

static int64_t unmap(unsigned int i, uint64_t flags)
{
    return world_call(__HYPERVISOR_update_va_mapping, data_va(i), 0, flags, 0,
                      0);
}

static int64_t give_back(mfn_t mfn)
{
    struct xen_memory_reservation r = {
        .nr_extents = 1, .domid = DOMID_SELF,
    };
    gva_t list = world_arg(w, &mfn.v, sizeof(mfn.v));

    r.extent_start.p = (xen_pfn_t *)(uintptr_t)list.v;
    return world_call(__HYPERVISOR_memory_op, XENMEM_decrease_reservation,
                      world_arg(w, &r, sizeof(r)).v, 0, 0, 0);
}

/* Allocates for the other domain until it has that very frame. */
static void other_domain_gets(mfn_t wanted)
{
    mfn_t mfn;

    do {
        mfn = domain_alloc_frame(w->domains[1], 0, INVALID_MFN);
        ck_assert(mfn_valid_number(mfn));
    } while (!mfn_eq(mfn, wanted));
}

/* Place in the log where the frame left or came; -1. */
static int place_of(enum host_effect_kind kind, mfn_t mfn)
{
    int at = -1;

    do {
        at = host_effect_find(kind, at + 1);
    } while (at >= 0 && host_effect_at(at)->a != mfn.v);
    return at;
}

static unsigned int flushes(void)
{
    return host_effect_count(EFFECT_TLB_FLUSH) +
           host_effect_count(EFFECT_TLB_FLUSH_PAGE);
}

START_TEST(a_frame_is_flushed_between_two_owners_and_not_before)
{
    int came, flushed;

    touch(0, 0);
    host_effects_clear();
    ck_assert_int_eq(unmap(0, 0), 0);
    ck_assert_int_eq(give_back(g.data[0]), 1);
    came = place_of(EFFECT_FRAMES_CAME, g.data[0]);
    ck_assert_int_ge(came, 0);
    ck_assert_uint_eq(flushes(), 0); /* free, but nobody's: it can wait */
    other_domain_gets(g.data[0]);
    flushed = host_effect_find(EFFECT_TLB_FLUSH, came);
    ck_assert_int_gt(flushed, came);
    ck_assert(host_effect_at(flushed)->a & CPU(0));
    host_tlb_audit();
}
END_TEST

START_TEST(a_guest_that_flushed_by_itself_is_not_flushed_again)
{
    touch(0, 0);
    ck_assert_int_eq(unmap(0, 0), 0);
    ck_assert_int_eq(give_back(g.data[0]), 1);
    arch_tlb_flush(CPU(0) | CPU(1)); /* for whatever reason, later */
    host_effects_clear();
    other_domain_gets(g.data[0]);
    ck_assert_uint_eq(flushes(), 0);
}
END_TEST

START_TEST(only_cpus_that_may_remember_are_flushed)
{
    int flushed;

    touch(1, 0);
    ck_assert_int_eq(unmap(0, 0), 0);
    ck_assert_int_eq(give_back(g.data[0]), 1);
    arch_tlb_flush(CPU(0));
    host_effects_clear();
    other_domain_gets(g.data[0]);
    flushed = host_effect_find(EFFECT_TLB_FLUSH, 0);
    ck_assert_int_ge(flushed, 0);
    ck_assert_uint_eq(host_effect_at(flushed)->a, CPU(1));
}
END_TEST

START_TEST(one_flush_serves_many_frames)
{
    for (unsigned int i = 0; i < 6; i++) {
        touch(0, i);
        ck_assert_int_eq(unmap(i, 0), 0);
        ck_assert_int_eq(give_back(g.data[i]), 1);
    }
    host_effects_clear();
    for (unsigned int i = 0; i < 6; i++) {
        ck_assert(mfn_valid_number(domain_alloc_frame(w->domains[1], 0,
                                                      INVALID_MFN)));
    }
    ck_assert_uint_eq(flushes(), 1);
}
END_TEST

/* The last reference goes with the mapping: the guest's own flush is after
 * that, and would be too late for another owner, but there is none yet. */
START_TEST(a_mapping_that_was_the_last_use_frees_before_its_own_flush)
{
    int came, flushed;

    touch(0, 0);
    ck_assert_int_eq(give_back(g.data[0]), 1);
    host_effects_clear();
    ck_assert_int_eq(unmap(0, UVMF_INVLPG | UVMF_ALL), 0);
    came = place_of(EFFECT_FRAMES_CAME, g.data[0]);
    flushed = host_effect_find(EFFECT_TLB_FLUSH_PAGE, 0);
    ck_assert_int_ge(came, 0);
    ck_assert_int_gt(flushed, came);
    ck_assert_int_lt(place_of(EFFECT_FRAMES_LEFT, g.data[0]), 0);
    other_domain_gets(g.data[0]);
    ck_assert_int_ge(host_effect_find(EFFECT_TLB_FLUSH, flushed), 0);
}
END_TEST

/* A page's flush does not count for the clock: it says nothing of others. */
START_TEST(a_page_flush_is_no_flush_of_a_frame)
{
    touch(0, 0);
    ck_assert_int_eq(unmap(0, UVMF_INVLPG | UVMF_ALL), 0);
    host_effects_clear();
    ck_assert_int_eq(page_type_pin(d, g.data[0], PT_L1), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_TLB_FLUSH), 1);
    ck_assert_int_eq(page_type_unpin(d, g.data[0]), 0);
}
END_TEST

/* What CPUs remember of the table goes, here without what they remember of
 * pages; others are flushed whole. */
START_TEST(a_table_that_ends_takes_no_pages_along)
{
    ck_assert_int_eq(unmap(0, 0), 0);
    ck_assert_int_eq(page_type_pin(d, g.data[0], PT_L1), 0);
    touch(0, 1);
    touch(1, 1);
    ck_assert_int_eq(page_type_unpin(d, g.data[0]), 0);
    host_effects_clear();
    ck_assert_int_eq(frame_get_and_type(d, g.data[0], PT_WRITABLE), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_TLB_FLUSH), 1);
    ck_assert_uint_eq(host_effect_at(host_effect_find(EFFECT_TLB_FLUSH, 0))->a,
                      CPU(0) | CPU(1));
    ck_assert_int_eq(unmap(1, 0), 0);
    ck_assert(!guest_store64(GVA(data_va(1)), 2));
    world_enter(d->vcpus[1]);
    ck_assert(guest_store64(GVA(data_va(1)), 2));
    world_enter(d->vcpus[0]);
    ck_assert_int_eq(frame_put_and_type(d, g.data[0]), 0);
}
END_TEST

/* A root that is given back while it is loaded stays until another one is:
 * the CPU never runs on a free frame. */
START_TEST(a_root_is_freed_after_the_next_is_loaded)
{
    struct world_guest next = world_build_guest(w, 0);
    struct vcpu *v = d->vcpus[0];
    int loaded;

    ck_assert_int_eq(page_type_pin(d, next.l4, PT_L4), 0);
    ck_assert_int_eq(page_type_unpin(d, g.l4), 0);
    ck_assert_int_eq(give_back(g.l4), 1);
    host_effects_clear();
    ck_assert_int_eq(pv_set_kernel_table(v, next.l4), 0);
    loaded = host_effect_find(EFFECT_CR3, 0);
    ck_assert_int_ge(loaded, 0);
    ck_assert_int_gt(place_of(EFFECT_FRAMES_CAME, g.l4), loaded);
}
END_TEST

/* The tree below goes with it, and each of its frames is flushed before it
 * is other memory: CPUs keep upper entries, too. */
START_TEST(tables_are_flushed_before_they_are_anothers)
{
    struct world_guest next = world_build_guest(w, 0);
    const mfn_t tables[] = { g.l4, g.l3, g.l2, g.l1 };
    int came;

    touch(0, 0);
    ck_assert_int_eq(page_type_pin(d, next.l4, PT_L4), 0);
    ck_assert_int_eq(pv_set_kernel_table(d->vcpus[0], next.l4), 0);
    ck_assert_int_eq(page_type_unpin(d, g.l4), 0);
    host_effects_clear();
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        world_args_reset(w);
        ck_assert_int_eq(give_back(tables[i]), 1);
    }
    came = place_of(EFFECT_FRAMES_CAME, g.l1);
    ck_assert_int_ge(came, 0);
    ck_assert_int_lt(host_effect_find(EFFECT_TLB_FLUSH, 0), 0);
    other_domain_gets(g.l1);
    ck_assert_int_gt(host_effect_find(EFFECT_TLB_FLUSH, came), came);
}
END_TEST

START_TEST(exchanged_frames_are_flushed_like_all_others)
{
    struct xen_memory_exchange e = {
        .in = { .nr_extents = 1, .domid = DOMID_SELF },
        .out = { .nr_extents = 1, .domid = DOMID_SELF },
    };
    uint64_t pfn = 50;
    gva_t in = world_arg(w, &g.data[0].v, 8), out = world_arg(w, &pfn, 8);

    touch(0, 0);
    ck_assert_int_eq(unmap(0, 0), 0);
    e.in.extent_start.p = (xen_pfn_t *)(uintptr_t)in.v;
    e.out.extent_start.p = (xen_pfn_t *)(uintptr_t)out.v;
    host_effects_clear();
    ck_assert_int_eq(world_call(__HYPERVISOR_memory_op, XENMEM_exchange,
                                world_arg(w, &e, sizeof(e)).v, 0, 0, 0), 0);
    ck_assert_int_ge(place_of(EFFECT_FRAMES_CAME, g.data[0]), 0);
    ck_assert_uint_eq(flushes(), 0);
    other_domain_gets(g.data[0]);
    ck_assert_uint_eq(host_effect_count(EFFECT_TLB_FLUSH), 1);
}
END_TEST

/* What the guest asked for is done when the call returns, on all CPUs that
 * it named, and on no other. */
START_TEST(a_flush_that_was_asked_for_is_done_at_return)
{
    touch(0, 0);
    touch(1, 0);
    host_effects_clear();
    ck_assert_int_eq(unmap(0, UVMF_TLB_FLUSH | UVMF_LOCAL), 0);
    ck_assert_uint_eq(host_effect_at(host_effect_find(EFFECT_TLB_FLUSH, 0))->a,
                      CPU(0));
    ck_assert(guest_store64(GVA(data_va(0)), 2)); /* here it is gone */
    world_enter(d->vcpus[1]);
    ck_assert(!guest_store64(GVA(data_va(0)), 2)); /* there it may stay */
    ck_assert_int_eq(unmap(0, UVMF_INVLPG | UVMF_ALL), 0);
    ck_assert(guest_store64(GVA(data_va(0)), 2));
    world_enter(d->vcpus[0]);
}
END_TEST

TEST_MAIN("tlb_order", setup, teardown,
          a_frame_is_flushed_between_two_owners_and_not_before,
          a_guest_that_flushed_by_itself_is_not_flushed_again,
          only_cpus_that_may_remember_are_flushed,
          one_flush_serves_many_frames,
          a_mapping_that_was_the_last_use_frees_before_its_own_flush,
          a_page_flush_is_no_flush_of_a_frame,
          a_table_that_ends_takes_no_pages_along,
          a_root_is_freed_after_the_next_is_loaded,
          tables_are_flushed_before_they_are_anothers,
          exchanged_frames_are_flushed_like_all_others,
          a_flush_that_was_asked_for_is_done_at_return)
