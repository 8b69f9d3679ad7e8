/* SPDX-License-Identifier: MIT */
/* Claims about core/memory_exchange.c. */
#include <string.h>

#include <xen/memory.h>

#include "test_main.h"
#include "world.h"

#define FRAMES 64u

static struct world *w;

static void setup(void)
{
    w = world_with(2, FRAMES);
}

static void teardown(void)
{
    world_free(w);
}

static struct xen_memory_exchange e;
static gva_t in_list, out_list, at;

static const struct xen_memory_exchange *result(void)
{
    return world_arg_at(w, at);
}

static int64_t exchange(void)
{
    e.in.extent_start.p = (xen_pfn_t *)(uintptr_t)in_list.v;
    e.out.extent_start.p = (xen_pfn_t *)(uintptr_t)out_list.v;
    at = world_arg(w, &e, sizeof(e));
    return world_call(__HYPERVISOR_memory_op, XENMEM_exchange, at.v, 0, 0, 0);
}

/* n frames of the domain, 2^order each, for as many of the other order. */
static void prepare(unsigned int in_count, unsigned int in_order,
                    unsigned int out_order)
{
    unsigned int out_count = (in_count << in_order) >> out_order;
    uint64_t list[FRAMES];

    for (unsigned int i = 0; i < in_count; i++) {
        list[i] = domain_alloc_frame(w->domains[0], in_order, INVALID_MFN).v;
    }
    in_list = world_arg(w, list, in_count * sizeof(list[0]));
    for (unsigned int i = 0; i < out_count; i++) {
        list[i] = 100 + (uint64_t)(i << out_order);
    }
    out_list = world_arg(w, list, out_count * sizeof(list[0]));
    memset(&e, 0, sizeof(e));
    e.in.domid = e.out.domid = DOMID_SELF;
    e.in.nr_extents = in_count;
    e.in.extent_order = in_order;
    e.out.nr_extents = out_count;
    e.out.extent_order = out_order;
}

static uint64_t *in_at(unsigned int i)
{
    return (uint64_t *)world_arg_at(w, in_list) + i;
}

static uint64_t *out_at(unsigned int i)
{
    return (uint64_t *)world_arg_at(w, out_list) + i;
}

START_TEST(frames_are_exchanged_one_for_one)
{
    uint64_t total, free;

    prepare(4, 0, 0);
    memset(frame_map(MFN(*in_at(0))), 0x55, PAGE_SIZE);
    total = w->domains[0]->frames_total;
    free = page_alloc_free_frames();
    ck_assert_int_eq(exchange(), 0);
    ck_assert_uint_eq(result()->nr_exchanged, 4);
    ck_assert_uint_eq(w->domains[0]->frames_total, total);
    ck_assert_uint_eq(page_alloc_free_frames(), free);
    for (unsigned int i = 0; i < 4; i++) {
        const uint8_t *page = frame_map(MFN(*out_at(i)));

        ck_assert_uint_eq(arch_m2p_get(MFN(*out_at(i))), 100 + i);
        ck_assert_int_eq(page[0] | page[4095], 0);
        ck_assert(frame_get(w->domains[0], MFN(*out_at(i))));
        frame_put(MFN(*out_at(i)));
    }
}
END_TEST

START_TEST(many_small_ones_become_one_large_one_and_back)
{
    prepare(16, 0, 3);
    ck_assert_int_eq(exchange(), 0);
    ck_assert_uint_eq(result()->nr_exchanged, 16);
    ck_assert_uint_eq(*out_at(1) & 7, 0);
    ck_assert_uint_eq(arch_m2p_get(MFN(*out_at(1) + 7)), 115);
    prepare(2, 3, 1);
    ck_assert_int_eq(exchange(), 0);
    ck_assert_uint_eq(result()->nr_exchanged, 2);
    ck_assert_uint_eq(arch_m2p_get(MFN(*out_at(7) + 1)), 115);
    ck_assert_uint_eq(w->domains[0]->frames_total, 32);
}
END_TEST

START_TEST(a_domain_at_its_maximum_may_exchange)
{
    prepare(FRAMES, 0, 0);
    ck_assert_uint_eq(w->domains[0]->frames_total, FRAMES);
    ck_assert_int_eq(exchange(), 0);
}
END_TEST

START_TEST(a_chunk_goes_as_a_whole_or_not_at_all)
{
    uint64_t kept[8];

    prepare(8, 0, 2);
    memcpy(kept, in_at(0), sizeof(kept));
    *in_at(6) = 0; /* nobody's */
    ck_assert_int_eq(exchange(), -XEN_EINVAL);
    ck_assert_uint_eq(result()->nr_exchanged, 4);
    ck_assert_uint_eq(*out_at(1), 104);
    for (unsigned int i = 4; i < 8; i++) {
        ck_assert(frame_get(w->domains[0], MFN(kept[i])));
        frame_put(MFN(kept[i]));
    }
    *in_at(6) = kept[6];
    e.nr_exchanged = 4; /* and it goes on from there */
    ck_assert_int_eq(exchange(), 0);
    ck_assert_uint_eq(result()->nr_exchanged, 8);
    ck_assert_uint_eq(w->domains[0]->frames_total, 8);
}
END_TEST

START_TEST(the_same_frame_twice_in_a_chunk_is_refused)
{
    prepare(2, 0, 1);
    *in_at(1) = *in_at(0);
    ck_assert_int_eq(exchange(), -XEN_EINVAL);
    ck_assert_uint_eq(result()->nr_exchanged, 0);
}
END_TEST

START_TEST(a_frame_that_is_in_use_is_refused)
{
    struct world_guest g = world_boot_guest(w, 0);
    const uint64_t used[] = {
        g.data[0].v, g.l4.v, g.l1.v, w->domains[0]->shared_info_mfn.v,
        world_frame(w, 1).v, 1ull << 40, ~0ull,
    };

    for (size_t i = 0; i < ARRAY_SIZE(used); i++) {
        prepare(1, 0, 0);
        *in_at(0) = used[i];
        ck_assert_int_eq(exchange(), -XEN_EINVAL);
        ck_assert_uint_eq(*out_at(0), 100);
    }
}
END_TEST

/* X3: what the frame was, and that a TLB may know it so, is not forgotten. */
START_TEST(a_frame_that_comes_back_is_flushed_before_it_is_a_table)
{
    struct domain *d = w->domains[0];
    uint64_t mfn;

    prepare(2, 0, 1);
    mfn = *in_at(0);
    ck_assert_int_eq(frame_get_and_type(d, MFN(mfn), PT_WRITABLE), 0);
    ck_assert_int_eq(frame_put_and_type(d, MFN(mfn)), 0);
    *in_at(1) = 0;
    ck_assert_int_eq(exchange(), -XEN_EINVAL);
    d->dirty_cpus = 1;
    host_effects_clear();
    ck_assert_int_eq(frame_get_and_type(d, MFN(mfn), PT_L1), 0);
    ck_assert_uint_ge(host_effect_count(EFFECT_TLB_FLUSH), 1);
    ck_assert_int_eq(frame_put_and_type(d, MFN(mfn)), 0);
}
END_TEST

START_TEST(address_bits_bound_the_new_frames)
{
    prepare(1, 0, 0);
    e.out.mem_flags = XENMEMF_address_bits(12);
    ck_assert_int_eq(exchange(), -XEN_ENOMEM);
    e.out.mem_flags = XENMEMF_address_bits(13);
    ck_assert_int_eq(exchange(), -XEN_ENOMEM);
    e.out.mem_flags = XENMEMF_node(64);
    ck_assert_int_eq(exchange(), -XEN_EINVAL);
    e.out.mem_flags = XENMEMF_address_bits(32);
    e.in.mem_flags = XENMEMF_address_bits(12); /* means nothing */
    ck_assert_int_eq(exchange(), 0);
}
END_TEST

START_TEST(sizes_must_agree_and_be_countable)
{
    prepare(2, 1, 1);
    e.in.extent_order = 10;
    e.in.domid = 5; /* the order is looked at first */
    ck_assert_int_eq(exchange(), -XEN_EPERM);
    e.in.extent_order = 1;
    e.out.extent_order = ~0u;
    ck_assert_int_eq(exchange(), -XEN_EPERM);
    e.out.extent_order = 1;
    ck_assert_int_eq(exchange(), -XEN_EINVAL); /* two domains */
    e.in.domid = DOMID_SELF;
    e.out.nr_extents = 1;
    ck_assert_int_eq(exchange(), -XEN_EINVAL);
    e.in.nr_extents = e.out.nr_extents = ~0ull;
    ck_assert_int_eq(exchange(), -XEN_EINVAL);
    e.in.extent_order = e.out.extent_order = 0;
    ck_assert_int_eq(exchange(), -XEN_EFAULT);
    e.nr_exchanged = ~0ull;
    ck_assert_int_eq(exchange(), 0);
    e.in.nr_extents = e.out.nr_extents = 1;
    ck_assert_int_eq(exchange(), -XEN_EINVAL); /* more done than there are */
}
END_TEST

START_TEST(lists_are_the_guests)
{
    gva_t in, out;

    prepare(2, 0, 0);
    in = in_list;
    out = out_list;
    in_list = GVA(HV_HOLE_START);
    e.in.domid = e.out.domid = 5;
    ck_assert_int_eq(exchange(), -XEN_EFAULT);
    e.in.domid = e.out.domid = DOMID_SELF;
    in_list = in;
    out_list = GVA(0x900000000000);
    ck_assert_int_eq(exchange(), -XEN_EFAULT);
    out_list = GVA(WORLD_ARGS_BASE + WORLD_ARGS_SIZE); /* not mapped */
    ck_assert_int_eq(exchange(), -XEN_EFAULT);
    ck_assert_uint_eq(result()->nr_exchanged, 0);
    in_list = out_list;
    out_list = out;
    ck_assert_int_eq(exchange(), -XEN_EFAULT);
    ck_assert_int_eq(world_call(__HYPERVISOR_memory_op, XENMEM_exchange, 0, 0,
                                0, 0), -XEN_EFAULT);
    ck_assert_uint_eq(w->domains[0]->frames_total, 2);
}
END_TEST

START_TEST(every_failure_leaves_the_total)
{
    for (unsigned int n = 1; n < 16; n++) {
        prepare(4, 0, 1);
        host_fail_guest_access(n);
        exchange();
        host_fail_guest_access(0);
        ck_assert_uint_eq(w->domains[0]->frames_total, 4 * n);
    }
}
END_TEST

START_TEST(without_memory_the_old_frames_stay)
{
    prepare(4, 0, 1);
    host_fail_alloc(2);
    ck_assert_int_eq(exchange(), -XEN_ENOMEM);
    ck_assert_uint_eq(result()->nr_exchanged, 2);
    ck_assert_uint_eq(w->domains[0]->frames_total, 4);
}
END_TEST

START_TEST(it_restarts_and_ends_complete)
{
    prepare(FRAMES, 0, 0);
    world_set_budget(100);
    ck_assert_int_eq(exchange(), 0);
    ck_assert_uint_gt(world_restarts(), 10);
    world_set_budget(0);
    ck_assert_uint_eq(result()->nr_exchanged, FRAMES);
    for (unsigned int i = 0; i < FRAMES; i++) {
        ck_assert_uint_eq(arch_m2p_get(MFN(*out_at(i))), 100 + i);
    }
}
END_TEST

START_TEST(another_domain_is_for_the_privileged)
{
    prepare(1, 0, 0);
    e.in.domid = e.out.domid = 5;
    ck_assert_int_eq(exchange(), -XEN_ESRCH);
    e.in.domid = e.out.domid = 1;
    *in_at(0) = domain_alloc_frame(w->domains[1], 0, INVALID_MFN).v;
    ck_assert_int_eq(exchange(), 0);
    ck_assert_uint_eq(mfn_to_frame(MFN(*out_at(0)))->owner, 1);
    world_enter(world_vcpu(w, 1));
    prepare(1, 0, 0);
    e.in.domid = e.out.domid = 0;
    ck_assert_int_eq(exchange(), -XEN_EPERM);
}
END_TEST

TEST_MAIN("memory_exchange", setup, teardown,
          frames_are_exchanged_one_for_one,
          many_small_ones_become_one_large_one_and_back,
          a_domain_at_its_maximum_may_exchange,
          a_chunk_goes_as_a_whole_or_not_at_all,
          the_same_frame_twice_in_a_chunk_is_refused,
          a_frame_that_is_in_use_is_refused,
          a_frame_that_comes_back_is_flushed_before_it_is_a_table,
          address_bits_bound_the_new_frames,
          sizes_must_agree_and_be_countable,
          lists_are_the_guests,
          every_failure_leaves_the_total,
          without_memory_the_old_frames_stay,
          it_restarts_and_ends_complete,
          another_domain_is_for_the_privileged)
