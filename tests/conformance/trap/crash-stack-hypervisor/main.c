/* SPDX-License-Identifier: MIT */
/*
 * A trap with the hypervisor's memory as stack.
 *
 * The store is executed in ring 0, where that memory is writable.  Only an
 * explicit comparison with the hypervisor's range stands between a guest's
 * stack pointer and the hypervisor's data.
 */
#include "conformance.h"

CONFORMANCE_CASE("A trap with a stack in the hypervisor kills the domain",
                 EXPECT_CRASH)
{
    __asm__ volatile("movq %0, %%rsp\n\t ud2"
                     : : "r"(HYPERVISOR_VA + PAGE_SIZE) : "memory");
}
