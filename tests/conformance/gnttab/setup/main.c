/* SPDX-License-Identifier: MIT */
/*
 * A domain gets its grant table.
 *
 * The table's frames are the hypervisor's, lent to the domain: it may map them
 * writable, with its numbers as the only way to know them.  The status in the
 * structure says how it went; the call fails only if there is nowhere to put
 * the status.
 */
#include "conformance.h"

#include <xen/grant_table.h>

static uint64_t list[4];

static long grant_op(unsigned int command, void *argument, unsigned int count)
{
    return hypercall(__HYPERVISOR_grant_table_op, command, arg(argument),
                     count, 0, 0);
}

/* The status, or the error if the call itself failed. */
static long setup(domid_t domain, unsigned int frames, void *where)
{
    struct gnttab_setup_table op = { .dom = domain, .nr_frames = frames };
    long err;

    set_xen_guest_handle(op.frame_list, where);
    err = grant_op(GNTTABOP_setup_table, &op, 1);
    return err ? err : op.status;
}

CONFORMANCE_CASE("Grant table: size, frames and mapping", 0)
{
    struct gnttab_query_size size = { .dom = DOMID_SELF };
    volatile uint64_t *entries = hostile(SCRATCH_VA);

    expect_eq("query", 0, (uint64_t)grant_op(GNTTABOP_query_size, &size, 1));
    expect_eq("query-status", GNTST_okay, (uint64_t)size.status);
    expect_true("has-a-frame", size.nr_frames >= 1);
    expect_true("may-grow", size.max_nr_frames >= 4);
    expect_eq("setup", GNTST_okay, (uint64_t)setup(DOMID_SELF, 2, list));
    expect_true("two-numbers", list[0] != 0 && list[0] != list[1]);
    expect_eq("no-third", 0, list[2]);
    expect_eq("map", 0, (uint64_t)scratch_map(SCRATCH_VA, list[1],
                                              PTE_DATA));
    expect_eq("grants-nothing", 0, entries[5]);
    entries[5] = 0x1234;
    expect_eq("writable", 0x1234, entries[5]);
    entries[5] = 0;
    scratch_release(SCRATCH_VA);
    list[3] = list[0];
    expect_eq("again", GNTST_okay, (uint64_t)setup(DOMID_SELF, 1, list));
    expect_eq("same-frame", list[3], list[0]);
    expect_eq("too-many", GNTST_general_error,
              (uint64_t)setup(DOMID_SELF, size.max_nr_frames + 1, list));
    expect_eq("no-such-domain", GNTST_bad_domain,
              (uint64_t)setup(0x7123, 1, list));
    expect_eq("list-unmapped", GNTST_bad_virt_addr,
              (uint64_t)setup(DOMID_SELF, 1, hostile(UNMAPPED_VA)));
    expect_eq("list-in-the-hole", -XEN_EFAULT,
              (uint64_t)setup(DOMID_SELF, 1, hostile(HYPERVISOR_VA)));
    expect_eq("no-list-in-the-hole", -XEN_EFAULT,
              (uint64_t)setup(DOMID_SELF, 0, hostile(HYPERVISOR_VA)));
    expect_eq("list-into-the-gap", GNTST_bad_virt_addr,
              (uint64_t)setup(DOMID_SELF, 2, hostile(LAST_VA)));
    expect_eq("list-wraps", GNTST_bad_virt_addr,
              (uint64_t)setup(DOMID_SELF, 2, hostile(~7ul)));
    expect_eq("endless-list", GNTST_general_error,
              (uint64_t)setup(DOMID_SELF, ~0u, list));
    expect_eq("argument-unmapped", -XEN_EFAULT,
              (uint64_t)grant_op(GNTTABOP_query_size, hostile(UNMAPPED_VA),
                                 1));
    expect_eq("two-structures", -XEN_EINVAL,
              (uint64_t)grant_op(GNTTABOP_query_size, &size, 2));
    expect_eq("huge-count", -XEN_EINVAL,
              (uint64_t)grant_op(99, &size, 1u << 31));
    expect_eq("unknown", -XEN_ENOSYS, (uint64_t)grant_op(99, &size, 1));
    for (unsigned int bit = 12; bit < 32; bit++) {
        expect_eq("restarted-by-the-guest", -XEN_EINVAL,
                  (uint64_t)grant_op(GNTTABOP_query_size | 1u << bit, &size,
                                     1));
    }
}
