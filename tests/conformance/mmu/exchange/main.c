/* SPDX-License-Identifier: MIT */
/*
 * Frames for better ones.
 *
 * A driver needs adjacent frames, or low ones.  XENMEM_exchange takes frames
 * that nobody uses and puts others in the place of named pfns; the domain is
 * neither larger nor smaller afterwards, not even for a moment.  The lists may
 * be cut into extents of different sizes.
 */
#include "conformance.h"

#define COUNT 16u

static void *page[COUNT];
static xen_pfn_t in[COUNT], out[COUNT];
static struct xen_memory_exchange op;

static uint64_t exchange(unsigned int in_order, unsigned int out_order,
                         unsigned int flags)
{
    op = (struct xen_memory_exchange){
        .in = { .nr_extents = COUNT >> in_order, .extent_order = in_order,
                .domid = DOMID_SELF },
        .out = { .nr_extents = COUNT >> out_order, .extent_order = out_order,
                 .mem_flags = flags, .domid = DOMID_SELF },
    };
    set_xen_guest_handle(op.in.extent_start, in);
    set_xen_guest_handle(op.out.extent_start, out);
    return (uint64_t)hypercall_memory_op(XENMEM_exchange, &op);
}

/* The lists for the next exchange; the pages are adjacent pfns. */
static void lists(unsigned int in_order, unsigned int out_order)
{
    for (unsigned int i = 0; i < COUNT >> in_order; i++) {
        in[i] = virt_to_mfn(page[i << in_order]);
    }
    for (unsigned int i = 0; i < COUNT >> out_order; i++) {
        out[i] = virt_to_pfn(page[i << out_order]);
    }
}

static void check_and_take_over(const char *what, unsigned int out_order)
{
    for (unsigned int i = 0; i < COUNT; i++) {
        uint64_t mfn = out[i >> out_order] + i % (1u << out_order);

        expect_eq(what, virt_to_pfn(page[i]), mfn_to_pfn(mfn));
        mm_set_p2m(virt_to_pfn(page[i]), mfn);
    }
}

static uint64_t owned(void)
{
    domid_t self = DOMID_SELF;

    return (uint64_t)hypercall_memory_op(XENMEM_current_reservation, &self);
}

CONFORMANCE_CASE("XENMEM_exchange with extents of all sizes", 0)
{
    static const unsigned int order[][2] = {
        { 0, 0 }, { 0, 4 }, { 4, 2 }, { 2, 3 }, { 3, 0 },
    };
    uint64_t before = owned();
    uint64_t old;

    for (unsigned int i = 0; i < COUNT; i++) {
        page[i] = page_alloc();
        *(uint64_t *)page[i] = 0x5ecc;
        REQUIRE(i == 0 || virt_to_pfn(page[i]) == virt_to_pfn(page[0]) + i);
        REQUIRE(mm_set_direct(page[i], 0) == 0);
    }
    for (unsigned int n = 0; n < ARRAY_SIZE(order); n++) {
        lists(order[n][0], order[n][1]);
        old = in[0];
        expect_eq("exchange", 0, exchange(order[n][0], order[n][1], 0));
        expect_eq("done", COUNT >> order[n][0], op.nr_exchanged);
        expect_true("old-frame-has-left", mfn_to_pfn(old) != out[0]);
        expect_eq("aligned", 0, out[0] % (1u << order[n][1]));
        check_and_take_over("m2p", order[n][1]);
        expect_eq("owned", before, owned());
    }
    lists(0, 0);
    expect_eq("low", 0, exchange(0, 0, XENMEMF_address_bits(28)));
    for (unsigned int i = 0; i < COUNT; i++) {
        expect_true("is-low", out[i] < 1ul << (28 - PAGE_SHIFT));
    }
    check_and_take_over("low-m2p", 0);
    for (unsigned int i = 0; i < COUNT; i++) {
        REQUIRE(mm_set_direct(page[i], PTE_DATA) == 0);
        expect_eq("zeroed", 0, *(uint64_t *)page[i]);
        page_free(page[i]);
    }
}
