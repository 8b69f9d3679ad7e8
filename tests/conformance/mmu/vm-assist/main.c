/* SPDX-License-Identifier: MIT */
/*
 * vm_assist: names and errors.
 *
 * A kernel tries what it knows and lives with a refusal; a hypervisor that
 * accepts what it does not do would be believed.
 */
#include "conformance.h"

static uint64_t assist(unsigned int command, unsigned int type)
{
    return (uint64_t)hypercall_vm_assist(command, type);
}

CONFORMANCE_CASE("vm_assist: errors", 0)
{
    expect_eq("writable-on", 0, assist(VMASST_CMD_enable,
                                       VMASST_TYPE_writable_pagetables));
    expect_eq("writable-off", 0, assist(VMASST_CMD_disable,
                                        VMASST_TYPE_writable_pagetables));
    for (unsigned int type = 0; type < 6; type++) {
        expect_eq("known-on", 0, assist(VMASST_CMD_enable, type));
        expect_eq("known-off", 0, assist(VMASST_CMD_disable, type));
    }
    expect_eq("unknown-type", -XEN_EINVAL, assist(VMASST_CMD_enable, 31));
    expect_eq("huge-type", -XEN_EINVAL, assist(VMASST_CMD_enable, ~0u));
    expect_eq("unknown-command", -XEN_ENOSYS,
              assist(99, VMASST_TYPE_writable_pagetables));
}
