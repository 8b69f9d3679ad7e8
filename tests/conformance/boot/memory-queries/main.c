/* SPDX-License-Identifier: MIT */
/*
 * What memory_op tells.
 *
 * A kernel asks how much it has, how far it may grow, where the M2P is, and
 * where the machine's RAM ends.  DOMID_SELF must always do for "which domain".
 */
#include "conformance.h"

static uint64_t query(unsigned int command, void *argument)
{
    return (uint64_t)hypercall_memory_op(command, argument);
}

/* What stands above the command is for those that work by extents. */
static const unsigned int whole[] = {
    XENMEM_maximum_ram_page, XENMEM_current_reservation,
    XENMEM_maximum_reservation, XENMEM_maximum_gpfn,
};

static uint64_t map_query(unsigned int command, unsigned int count,
                          void *buffer)
{
    struct xen_memory_map map = { .nr_entries = count };

    set_xen_guest_handle(map.buffer, buffer);
    return query(command, &map);
}

/* The domain's own word, which it may leave unsaid. */
static void highest_pfn(void)
{
    static const unsigned long counts[] = { 0, 1, 77, ~0ul };
    unsigned long before = shared_info.arch.max_pfn;
    domid_t self = DOMID_SELF;

    for (unsigned int i = 0; i < ARRAY_SIZE(counts); i++) {
        shared_info.arch.max_pfn = counts[i];
        expect_eq("maximum_gpfn", counts[i] != 0 ? counts[i] - 1 : 0,
                  query(XENMEM_maximum_gpfn, &self));
    }
    shared_info.arch.max_pfn = before;
}

/* Of the machine there is a map for the first domain; of itself, none. */
static void memory_maps(void)
{
    static char room[64 * 20];

    expect_eq("memory_map", -XEN_ENOSYS,
              map_query(XENMEM_memory_map, 64, room));
    expect_eq("memory_map-unmapped", -XEN_EFAULT,
              query(XENMEM_memory_map, hostile(UNMAPPED_VA)));
    expect_eq("machine_memory_map", 0,
              map_query(XENMEM_machine_memory_map, 64, room));
    expect_eq("machine_memory_map-no-room", -XEN_EINVAL,
              map_query(XENMEM_machine_memory_map, 1, room));
    expect_eq("machine_memory_map-into-nowhere", -XEN_EFAULT,
              map_query(XENMEM_machine_memory_map, 64, hostile(UNMAPPED_VA)));
    expect_eq("machine_memory_map-unmapped", -XEN_EFAULT,
              query(XENMEM_machine_memory_map, hostile(UNMAPPED_VA)));
}

CONFORMANCE_CASE("Queries of memory_op", 0)
{
    struct xen_machphys_mapping mapping = { 0 };
    struct xen_machphys_mfn_list list = { .max_extents = 0 };
    domid_t self = DOMID_SELF, nobody = 0x7000;
    uint64_t now = query(XENMEM_current_reservation, &self);
    uint64_t most = query(XENMEM_maximum_reservation, &self);
    uint64_t last = query(XENMEM_maximum_ram_page, NULL);

    expect_eq("current_reservation", start_info->nr_pages, now);
    expect_true("maximum_reservation", most >= now);
    expect_true("maximum_ram_page", last > pfn_to_mfn(0));
    expect_eq("current_reservation-of-nobody", -XEN_ESRCH,
              query(XENMEM_current_reservation, &nobody));
    expect_eq("current_reservation-unmapped", -XEN_EFAULT,
              query(XENMEM_current_reservation, hostile(UNMAPPED_VA)));
    expect_eq("machphys_mapping", 0,
              query(XENMEM_machphys_mapping, &mapping));
    expect_eq("m2p-start", HOLE_VA, mapping.v_start);
    expect_true("m2p-covers-the-machine", mapping.max_mfn + 1 >= last);
    expect_eq("machphys_mapping-unmapped", -XEN_EFAULT,
              query(XENMEM_machphys_mapping, hostile(UNMAPPED_VA)));
    expect_eq("machphys_mapping-into-the-hypervisor", -XEN_EFAULT,
              query(XENMEM_machphys_mapping, hostile(HYPERVISOR_VA)));
    expect_eq("machphys_mfn_list", 0, query(XENMEM_machphys_mfn_list, &list));
    expect_eq("machphys_mfn_list-extents", 0, list.nr_extents);
    list.max_extents = 1;
    set_xen_guest_handle(list.extent_start, (xen_pfn_t *)hostile(UNMAPPED_VA));
    expect_eq("machphys_mfn_list-into-nowhere", -XEN_EFAULT,
              query(XENMEM_machphys_mfn_list, &list));
    expect_eq("maximum_reservation-of-nobody", -XEN_ESRCH,
              query(XENMEM_maximum_reservation, &nobody));
    expect_eq("maximum_gpfn-of-nobody", -XEN_ESRCH,
              query(XENMEM_maximum_gpfn, &nobody));
    expect_eq("unknown", -XEN_ENOSYS, query(63, NULL));
    for (unsigned int i = 0; i < ARRAY_SIZE(whole); i++) {
        for (unsigned int bit = 6; bit < 64; bit++) {
            expect_eq("no-extents", -XEN_EINVAL, (uint64_t)
                      hypercall(__HYPERVISOR_memory_op,
                                whole[i] | 1ul << bit, arg(&self), 0, 0, 0));
        }
    }
    highest_pfn();
    expect_eq("unknown-and-no-extents", -XEN_ENOSYS, query(63 | 1 << 6, NULL));
    expect_eq("mapping-no-extents", -XEN_ENOSYS,
              query(XENMEM_machphys_mapping | 1 << 6, &mapping));
    if (start_info->flags & SIF_INITDOMAIN) {
        memory_maps();
    }
}
