/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret with its frame unmapped.
 *
 * The call has nowhere to return an error to: the caller's context is in the
 * frame that cannot be read.
 */
#include "conformance.h"

CONFORMANCE_CASE("iret from an unmapped frame kills the domain", EXPECT_CRASH)
{
    __asm__ volatile("movq %0, %%rsp\n\t movl %1, %%eax\n\t syscall"
                     : : "r"(UNMAPPED_VA), "i"(__HYPERVISOR_iret)
                     : "memory");
}
