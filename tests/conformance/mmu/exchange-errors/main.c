/* SPDX-License-Identifier: MIT */
/*
 * What XENMEM_exchange refuses, and how far it got.
 *
 * A frame that goes must have no user left: not a mapping, not a pin.  The
 * list ends at the first chunk that fails; those before it are done, and the
 * number of them is in the structure, so the caller knows what it owns.
 */
#include "conformance.h"

#define COUNT 8u

static void *page[COUNT];
static xen_pfn_t in[COUNT], out[COUNT];
static struct xen_memory_exchange op;

/* A sound exchange of COUNT frames; cases break one thing of it. */
static void sound(void)
{
    op = (struct xen_memory_exchange){
        .in = { .nr_extents = COUNT, .domid = DOMID_SELF },
        .out = { .nr_extents = COUNT, .domid = DOMID_SELF },
    };
    set_xen_guest_handle(op.in.extent_start, in);
    set_xen_guest_handle(op.out.extent_start, out);
    for (unsigned int i = 0; i < COUNT; i++) {
        in[i] = virt_to_mfn(page[i]);
        out[i] = virt_to_pfn(page[i]);
    }
}

static uint64_t exchange(void)
{
    return (uint64_t)hypercall_memory_op(XENMEM_exchange, &op);
}

/* A chunk of one frame, which is the given one. */
static void frame_refused(const char *what, uint64_t mfn)
{
    sound();
    op.in.nr_extents = op.out.nr_extents = 1;
    in[0] = mfn;
    expect_eq(what, -XEN_EINVAL, exchange());
    expect_eq("out-untouched", virt_to_pfn(page[0]), out[0]);
}

static void structure(void)
{
    sound();
    op.in.extent_order = 30;
    op.in.domid = 0x7000;
    expect_eq("order-in", -XEN_EPERM, exchange());
    sound();
    op.out.extent_order = 64;
    expect_eq("order-out", -XEN_EPERM, exchange());
    sound();
    op.out.nr_extents = COUNT - 1;
    expect_eq("sizes", -XEN_EINVAL, exchange());
    sound();
    op.nr_exchanged = COUNT + 1;
    expect_eq("more-than-all", -XEN_EINVAL, exchange());
    expect_eq("more-than-all-kept", COUNT + 1, op.nr_exchanged);
    sound();
    op.nr_exchanged = COUNT;
    set_xen_guest_handle(op.in.extent_start,
                         (xen_pfn_t *)hostile(HYPERVISOR_VA));
    expect_eq("all-done", 0, exchange());
    sound();
    op.in.nr_extents = op.out.nr_extents = 0;
    expect_eq("nothing", 0, exchange());
    sound();
    op.in.nr_extents = op.out.nr_extents = ~0ul;
    op.in.extent_order = op.out.extent_order = 1;
    expect_eq("overflow", -XEN_EINVAL, exchange());
    op.in.extent_order = op.out.extent_order = 0;
    expect_eq("endless", -XEN_EFAULT, exchange());
    sound();
    op.out.domid = 0x7000;
    expect_eq("two-domains", -XEN_EINVAL, exchange());
    op.in.domid = 0x7000;
    expect_eq("nobody", -XEN_ESRCH, exchange());
    sound();
    op.out.mem_flags = XENMEMF_node(64) | XENMEMF_exact_node_request;
    expect_eq("node", -XEN_EINVAL, exchange());
}

/* The progress has no place to be told. */
static void read_only(void)
{
    struct xen_memory_exchange *e = page_alloc();

    sound();
    *e = op;
    e->nr_exchanged = COUNT;
    page_make_readonly(e);
    expect_eq("all-done-read-only", 0, (uint64_t)
              hypercall_memory_op(XENMEM_exchange, e));
    page_make_writable(e);
    e->nr_exchanged = COUNT + 1;
    page_make_readonly(e);
    expect_eq("more-than-all-read-only", -XEN_EFAULT, (uint64_t)
              hypercall_memory_op(XENMEM_exchange, e));
    page_make_writable(e);
    page_free(e);
}

static void pointers(void)
{
    static const unsigned long bad[] = {
        UNMAPPED_VA, HYPERVISOR_VA, HOLE_VA, NON_CANONICAL_VA,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
        sound();
        set_xen_guest_handle(op.in.extent_start, (xen_pfn_t *)hostile(bad[i]));
        expect_eq("in-list", -XEN_EFAULT, exchange());
        expect_eq("in-list-done", 0, op.nr_exchanged);
    }
    for (unsigned int i = 1; i < ARRAY_SIZE(bad); i++) {
        sound();
        set_xen_guest_handle(op.out.extent_start, (xen_pfn_t *)hostile(bad[i]));
        op.in.domid = op.out.domid = 0x7000;
        expect_eq("out-list", -XEN_EFAULT, exchange());
    }
    expect_eq("structure", -XEN_EFAULT, (uint64_t)
              hypercall_memory_op(XENMEM_exchange, hostile(UNMAPPED_VA)));
    expect_eq("command", -XEN_EINVAL, (uint64_t)
              hypercall_memory_op(XENMEM_exchange | 1 << 6,
                                  hostile(UNMAPPED_VA)));
}

static void frames(void)
{
    uint64_t *mapped = page_alloc(), *table = page_alloc();

    frame_refused("absent", FRAME_ABSENT);
    frame_refused("foreign", frame_foreign());
    frame_refused("mapped", virt_to_mfn(mapped));
    page_make_readonly(mapped);
    frame_refused("mapped-read-only", virt_to_mfn(mapped));
    page_make_writable(mapped);
    frame_refused("root", mm_kernel.root_mfn);
    frame_refused("shared_info", start_info->shared_info >> PAGE_SHIFT);
    page_make_readonly(table);
    REQUIRE(mmuext_mfn(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table)) == 0);
    REQUIRE(mm_set_direct(table, 0) == 0);
    frame_refused("pinned", virt_to_mfn(table));
    REQUIRE(mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(table)) == 0);
    page_make_writable(table);
    page_free(mapped);
    page_free(table);
}

/* The fifth frame is wrong: what came before is done, in whole chunks. */
static void half_way(unsigned int out_order, unsigned int done)
{
    sound();
    op.out.extent_order = out_order;
    op.out.nr_extents = COUNT >> out_order;
    for (unsigned int i = 0; i < op.out.nr_extents; i++) {
        out[i] = virt_to_pfn(page[i << out_order]);
    }
    in[5] = FRAME_ABSENT;
    expect_eq("half-way", -XEN_EINVAL, exchange());
    expect_eq("half-way-done", done, op.nr_exchanged);
    for (unsigned int i = 0; i < done; i++) {
        uint64_t mfn = out[i >> out_order] + i % (1u << out_order);

        expect_eq("done-m2p", virt_to_pfn(page[i]), mfn_to_pfn(mfn));
        mm_set_p2m(virt_to_pfn(page[i]), mfn);
    }
    for (unsigned int i = done; i < COUNT; i++) {
        expect_eq("rest-m2p", virt_to_pfn(page[i]),
                  mfn_to_pfn(virt_to_mfn(page[i])));
    }
    expect_eq("rest-out", virt_to_pfn(page[done]), out[done >> out_order]);
}

CONFORMANCE_CASE("XENMEM_exchange: errors, and an end half-way", 0)
{
    domid_t self = DOMID_SELF;
    long before = hypercall_memory_op(XENMEM_current_reservation, &self);

    for (unsigned int i = 0; i < COUNT; i++) {
        page[i] = page_alloc();
        REQUIRE(i == 0 || virt_to_pfn(page[i]) == virt_to_pfn(page[0]) + i);
        REQUIRE(mm_set_direct(page[i], 0) == 0);
    }
    structure();
    read_only();
    pointers();
    frames();
    half_way(0, 5);
    half_way(2, 4);
    sound();
    op.out.mem_flags = XENMEMF_address_bits(13);
    expect_eq("no-such-memory", -XEN_ENOMEM, exchange());
    expect_eq("no-such-memory-done", 0, op.nr_exchanged);
    sound();
    in[1] = in[0];
    op.out.extent_order = 1;
    op.out.nr_extents = COUNT / 2;
    expect_eq("twice-in-a-chunk", -XEN_EINVAL, exchange());
    expect_eq("owned", (uint64_t)before, (uint64_t)
              hypercall_memory_op(XENMEM_current_reservation, &self));
    for (unsigned int i = 0; i < COUNT; i++) {
        REQUIRE(mm_set_direct(page[i], PTE_DATA) == 0);
        page_free(page[i]);
    }
}
