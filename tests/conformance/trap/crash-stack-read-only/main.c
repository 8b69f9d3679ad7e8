/* SPDX-License-Identifier: MIT */
/*
 * A trap with a page table for a stack.
 *
 * The hypervisor may write what ring 3 may not, so storing a frame without
 * looking at the guest's own rights would let a guest write its page tables:
 * point the stack at one, and trap.
 */
#include "conformance.h"

CONFORMANCE_CASE("A trap with a page table as stack kills the domain",
                 EXPECT_CRASH)
{
    __asm__ volatile("movq %0, %%rsp\n\t ud2"
                     : : "r"(start_info->pt_base + PAGE_SIZE) : "memory");
}
