/* SPDX-License-Identifier: MIT */
/*
 * Which frames, and how far a list got.
 *
 * mem_flags ask for frames below an address, or of a node.  What cannot be had
 * is not an error but the end of the list, and so is a bad address half-way:
 * the count says what was done.  A frame that was given back while it is still
 * mapped or pinned leaves with its last user.
 */
#include "conformance.h"

static xen_pfn_t frame;

static uint64_t change(unsigned int command, xen_pfn_t *list,
                       unsigned long count, unsigned int order,
                       unsigned int flags)
{
    struct xen_memory_reservation op = {
        .nr_extents = count, .extent_order = order, .mem_flags = flags,
        .domid = DOMID_SELF,
    };

    set_xen_guest_handle(op.extent_start, list);
    return (uint64_t)hypercall_memory_op(command, &op);
}

/* One frame with these flags, and back. */
static uint64_t one(unsigned int command, unsigned int flags)
{
    uint64_t result;

    frame = 0x12345;
    result = change(command, &frame, 1, 0, flags);
    if (result == 1) {
        expect_eq("pfn", command == XENMEM_populate_physmap ? 0x12345 : ~0ul,
                  mfn_to_pfn(frame));
        expect_eq("back", 1, change(XENMEM_decrease_reservation, &frame, 1, 0,
                                    flags));
    }
    return result;
}

static void flags(bool privileged)
{
    static const unsigned int get[] = {
        XENMEM_populate_physmap, XENMEM_increase_reservation,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(get); i++) {
        expect_eq("plain", 1, one(get[i], 0));
        expect_eq("below-4k", 0, one(get[i], XENMEMF_address_bits(12)));
        expect_eq("below-8k", 0, one(get[i], XENMEMF_address_bits(13)));
        expect_eq("below-256m", 1, one(get[i], XENMEMF_address_bits(28)));
        expect_true("is-below", frame < 1ul << (28 - PAGE_SHIFT));
        expect_eq("anywhere", 1, one(get[i], XENMEMF_address_bits(64)));
        expect_eq("everywhere", 1, one(get[i], XENMEMF_address_bits(255)));
        expect_eq("node-0", 1, one(get[i], XENMEMF_node(0)));
        expect_eq("node-64", !privileged, one(get[i], XENMEMF_node(64)));
        expect_eq("exact-node", privileged, one(get[i], XENMEMF_exact_node(0)));
        expect_eq("unknown-flag", 1, one(get[i], 1u << 31));
        expect_eq("on-demand", i, one(get[i], XENMEMF_populate_on_demand));
    }
}

static void orders(void)
{
    frame = 0x1000;
    expect_eq("order-3", 1,
              change(XENMEM_populate_physmap, &frame, 1, 3, 0));
    expect_eq("order-3-aligned", 0, frame % 8);
    expect_eq("order-3-m2p", 0x1007, mfn_to_pfn(frame + 7));
    expect_eq("order-3-back", 1,
              change(XENMEM_decrease_reservation, &frame, 1, 3, 0));
    expect_eq("order-30", 0,
              change(XENMEM_populate_physmap, &frame, 1, 30, 0));
    frame = ~0ul;
    expect_eq("any-pfn", 1, change(XENMEM_populate_physmap, &frame, 1, 0, 0));
    expect_eq("any-pfn-back", 1,
              change(XENMEM_decrease_reservation, &frame, 1, 0, 0));
    expect_eq("uncountable", 0,
              change(XENMEM_decrease_reservation, &frame, 1ul << 58, 0, 0));
}

/* The list goes on where nothing is mapped. */
static void over_the_edge(void)
{
    xen_pfn_t *list = (xen_pfn_t *)hostile(SCRATCH_VA) + 510;
    xen_pfn_t *behind = page_alloc();

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(behind), PTE_DATA) == 0);
    list[0] = 0x10000;
    list[1] = 0x10001;
    expect_eq("populate-edge", 2,
              change(XENMEM_populate_physmap, list, 4, 0, 0));
    expect_eq("decrease-edge", 2,
              change(XENMEM_decrease_reservation, list, 4, 0, 0));
    scratch_release(SCRATCH_VA);
    page_free(behind);
    expect_eq("wraps", 0, change(XENMEM_populate_physmap, hostile(~7ul), 3, 0,
                                 0));
}

static void in_use(void)
{
    uint64_t *page = page_alloc();
    uint64_t mfn = virt_to_mfn(page);
    xen_pfn_t pfn = virt_to_pfn(page);

    page_make_readonly(page);
    REQUIRE(mmuext_mfn(MMUEXT_PIN_L1_TABLE, mfn) == 0);
    frame = mfn;
    expect_eq("pinned-goes", 1,
              change(XENMEM_decrease_reservation, &frame, 1, 0, 0));
    expect_eq("and-again", 1,
              change(XENMEM_decrease_reservation, &frame, 1, 0, 0));
    expect_eq("its-pin-is-left", 0, (uint64_t)
              mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn));
    expect_eq("its-mapping-is-left", 0, (uint64_t)
              mm_set_direct(page, PTE_DATA));
    REQUIRE(mm_set_direct(page, 0) == 0);
    expect_true("then-it-is-gone", mm_set_direct(page, PTE_DATA) < 0);
    expect_eq("another-one", 1,
              change(XENMEM_populate_physmap, &pfn, 1, 0, 0));
    mm_set_p2m(virt_to_pfn(page), pfn);
    REQUIRE(mm_set_direct(page, PTE_DATA) == 0);
    page_free(page);
    frame = start_info->shared_info >> PAGE_SHIFT;
    expect_eq("lent-frame", 1,
              change(XENMEM_decrease_reservation, &frame, 1, 0, 0));
}

CONFORMANCE_CASE("Reservations: flags, orders, and lists that end early", 0)
{
    domid_t self = DOMID_SELF;
    void *given[8];
    xen_pfn_t list[8];
    long before = hypercall_memory_op(XENMEM_current_reservation, &self);

    for (unsigned int i = 0; i < 8; i++) { /* room below the maximum */
        given[i] = page_alloc();
        list[i] = virt_to_mfn(given[i]);
        REQUIRE(mm_set_direct(given[i], 0) == 0);
    }
    REQUIRE(change(XENMEM_decrease_reservation, list, 8, 0, 0) == 8);
    flags(start_info->flags & SIF_INITDOMAIN);
    orders();
    over_the_edge();
    in_use();
    for (unsigned int i = 0; i < 8; i++) {
        list[i] = virt_to_pfn(given[i]);
    }
    REQUIRE(change(XENMEM_populate_physmap, list, 8, 0, 0) == 8);
    for (unsigned int i = 0; i < 8; i++) {
        mm_set_p2m(virt_to_pfn(given[i]), list[i]);
        REQUIRE(mm_set_direct(given[i], PTE_DATA) == 0);
        page_free(given[i]);
    }
    expect_eq("owned", (uint64_t)before, (uint64_t)
              hypercall_memory_op(XENMEM_current_reservation, &self));
}
