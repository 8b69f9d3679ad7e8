/* SPDX-License-Identifier: MIT */
/*
 * A fault handler which itself faults.
 *
 * Each fault pushes another frame until the stack runs into something that is
 * not writable.  The hypervisor must neither loop nor run out of anything of
 * its own on the way.
 */
#include "conformance.h"

static bool fault_again(struct regs *regs)
{
    __asm__ volatile("ud2");
    return true;
}

CONFORMANCE_CASE("A handler that faults until its stack ends", EXPECT_CRASH)
{
    char *stack = page_alloc();

    mm_unmap(&mm_kernel, (unsigned long)stack);
    trap_set_handler(VECTOR_UD, fault_again);
    __asm__ volatile("movq %0, %%rsp\n\t ud2"
                     : : "r"(stack + 16 * PAGE_SIZE) : "memory");
}
