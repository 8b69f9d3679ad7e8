/* SPDX-License-Identifier: MIT */
/*
 * Giving frames back and getting others.
 *
 * decrease_reservation takes frames by machine number and returns how many it
 * took; populate_physmap gives new ones for named pseudo-physical frames and
 * writes their numbers into the same list.  A list that goes wrong is not an
 * error but the end of it: the count says how far it went.
 */
#include "conformance.h"

#define COUNT 4u

static uint64_t reserve(unsigned int command, xen_pfn_t *list,
                        unsigned int count, unsigned int order,
                        domid_t domain)
{
    struct xen_memory_reservation op = {
        .nr_extents = count, .extent_order = order, .domid = domain,
    };

    set_xen_guest_handle(op.extent_start, list);
    return (uint64_t)hypercall_memory_op(command, &op);
}

static uint64_t owned(void)
{
    domid_t self = DOMID_SELF;

    return (uint64_t)hypercall_memory_op(XENMEM_current_reservation, &self);
}

CONFORMANCE_CASE("decrease_reservation and populate_physmap", 0)
{
    uint64_t before = owned();
    uint64_t *page[COUNT];
    xen_pfn_t list[COUNT], foreign = frame_foreign();

    for (unsigned int i = 0; i < COUNT; i++) {
        page[i] = page_alloc();
        list[i] = virt_to_mfn(page[i]);
        REQUIRE(mm_set_direct(page[i], 0) == 0);
    }
    expect_eq("decrease", COUNT, reserve(XENMEM_decrease_reservation, list,
                                         COUNT, 0, DOMID_SELF));
    expect_eq("owned-less", before - COUNT, owned());
    for (unsigned int i = 0; i < COUNT; i++) {
        list[i] = virt_to_pfn(page[i]);
    }
    expect_eq("populate", COUNT, reserve(XENMEM_populate_physmap, list, COUNT,
                                         0, DOMID_SELF));
    expect_eq("owned-again", before, owned());
    for (unsigned int i = 0; i < COUNT; i++) {
        expect_eq("m2p-set", virt_to_pfn(page[i]), mfn_to_pfn(list[i]));
        mm_set_p2m(virt_to_pfn(page[i]), list[i]);
        REQUIRE(mm_set_direct(page[i], PTE_DATA) == 0);
        page_free(page[i]);
    }

    expect_eq("foreign-frame", 0, reserve(XENMEM_decrease_reservation,
                                          &foreign, 1, 0, DOMID_SELF));
    foreign = FRAME_ABSENT;
    expect_eq("absent-frame", 0, reserve(XENMEM_decrease_reservation,
                                         &foreign, 1, 0, DOMID_SELF));
    expect_eq("nobody", 0, reserve(XENMEM_decrease_reservation, list, 1, 0,
                                   0x7000));
    expect_eq("list-unmapped", 0,
              reserve(XENMEM_decrease_reservation, hostile(UNMAPPED_VA), 1, 0,
                      DOMID_SELF));
    expect_eq("list-hypervisor", 0,
              reserve(XENMEM_populate_physmap, hostile(HYPERVISOR_VA), 1, 0,
                      DOMID_SELF));
    expect_eq("huge-order", 0, reserve(XENMEM_populate_physmap, list, 1, 63,
                                       DOMID_SELF));
    expect_eq("struct-unmapped", 0, (uint64_t)
              hypercall_memory_op(XENMEM_populate_physmap,
                                  hostile(UNMAPPED_VA)));
    expect_eq("begun-beyond-the-end", 1ul << 34, (uint64_t)
              hypercall(__HYPERVISOR_memory_op,
                        XENMEM_decrease_reservation | 1ul << 40,
                        arg(hostile(UNMAPPED_VA)), 0, 0, 0));
    expect_eq("owned-at-the-end", before, owned());
}
