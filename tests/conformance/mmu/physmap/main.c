/* SPDX-License-Identifier: MIT */
/*
 * There is no table between a PV guest's frames and the machine's.
 *
 * A guest in a hardware container puts the hypervisor's pages into its memory
 * with add_to_physmap.  A PV guest maps the machine frame itself, so these
 * calls have nothing to do for it, and kernels that try both ways rely on
 * being told so.
 */
#include "conformance.h"

static uint64_t call(unsigned int command, void *argument)
{
    return (uint64_t)hypercall_memory_op(command, argument);
}

static uint64_t extents(unsigned long command)
{
    return (uint64_t)hypercall(__HYPERVISOR_memory_op, command,
                               arg(hostile(UNMAPPED_VA)), 0, 0, 0);
}

CONFORMANCE_CASE("add_to_physmap and its kin refuse PV guests", 0)
{
    struct xen_add_to_physmap one = { .domid = DOMID_SELF };
    struct xen_add_to_physmap_batch batch = { .domid = DOMID_SELF };
    struct xen_remove_from_physmap gone = { .domid = DOMID_SELF };

    for (unsigned int space = 0; space < 8; space++) {
        one.space = batch.space = (uint16_t)space;
        one.domid = batch.domid = DOMID_SELF;
        expect_eq("one", space == XENMAPSPACE_gmfn_foreign ? -XEN_ENOSYS
                                                           : -XEN_EACCES,
                  call(XENMEM_add_to_physmap, &one));
        expect_eq("batch", space == XENMAPSPACE_gmfn_range ? -XEN_EOPNOTSUPP
                                                           : -XEN_EACCES,
                  call(XENMEM_add_to_physmap_batch, &batch));
        one.domid = batch.domid = 0x7000;
        expect_eq("one-nobody", space == XENMAPSPACE_gmfn_foreign
                                    ? -XEN_ENOSYS : -XEN_ESRCH,
                  call(XENMEM_add_to_physmap, &one));
        expect_eq("batch-nobody", space == XENMAPSPACE_gmfn_range
                                      ? -XEN_EOPNOTSUPP : -XEN_ESRCH,
                  call(XENMEM_add_to_physmap_batch, &batch));
    }
    expect_eq("remove", -XEN_EACCES, call(XENMEM_remove_from_physmap, &gone));
    gone.domid = 0x7000;
    expect_eq("remove-nobody", -XEN_ESRCH,
              call(XENMEM_remove_from_physmap, &gone));
    expect_eq("remove-no-extents", -XEN_EINVAL,
              call(XENMEM_remove_from_physmap | 1 << 6, NULL));
    for (unsigned int bit = 6; bit < 64; bit++) {
        uint64_t want = bit < 6 + 16 ? -XEN_EFAULT : -XEN_EDOM;

        expect_eq("one-extents", want,
                  extents(XENMEM_add_to_physmap | 1ul << bit));
        expect_eq("batch-extents", want,
                  extents(XENMEM_add_to_physmap_batch | 1ul << bit));
    }
    expect_eq("one-unmapped", -XEN_EFAULT,
              call(XENMEM_add_to_physmap, hostile(UNMAPPED_VA)));
    expect_eq("batch-unmapped", -XEN_EFAULT,
              call(XENMEM_add_to_physmap_batch, hostile(UNMAPPED_VA)));
    expect_eq("remove-unmapped", -XEN_EFAULT,
              call(XENMEM_remove_from_physmap, hostile(HYPERVISOR_VA)));
}
