/* SPDX-License-Identifier: MIT */
/*
 * The layout of grant entries.
 *
 * Version 1 is there from the start and stays; a hypervisor may have no other.
 * Whatever the answer, the structure says which one is in force.
 */
#include "conformance.h"

#include <xen/grant_table.h>

static long set_version(uint32_t wanted, uint32_t *in_force)
{
    struct gnttab_set_version op = { .version = wanted };
    long result = hypercall(__HYPERVISOR_grant_table_op,
                            GNTTABOP_set_version, arg(&op), 1, 0, 0);

    *in_force = op.version;
    return result;
}

CONFORMANCE_CASE("Grant table: version 1, and no unknown one", 0)
{
    struct gnttab_get_version get = { .dom = DOMID_SELF };
    uint32_t in_force;
    long two;

    expect_eq("set-1", 0, (uint64_t)set_version(1, &in_force));
    expect_eq("in-force", 1, in_force);
    expect_eq("set-0", -XEN_EINVAL, (uint64_t)set_version(0, &in_force));
    expect_eq("in-force-after-0", 1, in_force);
    expect_eq("set-3", -XEN_EINVAL, (uint64_t)set_version(3, &in_force));
    expect_eq("in-force-after-3", 1, in_force);
    two = set_version(2, &in_force);
    expect_true("set-2-or-not", two == 0 ? in_force == 2
                                         : two == -XEN_ENOSYS &&
                                               in_force == 1);
    expect_eq("back-to-1", 0, (uint64_t)set_version(1, &in_force));
    expect_eq("get", 0, (uint64_t)hypercall(__HYPERVISOR_grant_table_op,
                                            GNTTABOP_get_version, arg(&get),
                                            1, 0, 0));
    expect_eq("got", 1, get.version);
    get.dom = 0x7123;
    expect_eq("get-no-such-domain", -XEN_ESRCH,
              (uint64_t)hypercall(__HYPERVISOR_grant_table_op,
                                  GNTTABOP_get_version, arg(&get), 1, 0, 0));
}
