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
    expect_eq("unknown", -XEN_ENOSYS, query(63, NULL));
}
