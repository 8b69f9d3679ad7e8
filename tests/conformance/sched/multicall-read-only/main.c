/* SPDX-License-Identifier: MIT */
/*
 * A multicall list which cannot be written.
 *
 * The results have no place to go.  That is known only after a call has been
 * made, so the multicall stops there with an error, and the calls behind it
 * are not made.
 */
#include "conformance.h"

CONFORMANCE_CASE("multicall with a read-only list", 0)
{
    struct multicall_entry *page = page_alloc();

    page[0] = (struct multicall_entry){
        .op = __HYPERVISOR_xen_version, .args = { XENVER_version },
    };
    page[1] = (struct multicall_entry){
        .op = __HYPERVISOR_sched_op, .args = { SCHEDOP_yield },
    };
    page_make_readonly(page);
    expect_eq("read-only", -XEN_EFAULT,
              (uint64_t)hypercall_multicall(page, 2));
    expect_eq("unchanged", 0, page[0].result);
    page_make_writable(page);
    page_free(page);
}
