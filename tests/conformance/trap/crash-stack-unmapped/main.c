/* SPDX-License-Identifier: MIT */
/*
 * A trap without a stack.
 *
 * The frame has to go somewhere.  If the stack pointer leads to nothing the
 * store faults in the hypervisor, and delivering *that* fault would need the
 * same stack: the end of the domain, as a triple fault is the end of a
 * machine.  It must be only the domain's end.
 */
#include "conformance.h"

CONFORMANCE_CASE("A trap with the stack unmapped kills the domain",
                 EXPECT_CRASH)
{
    __asm__ volatile("movq %0, %%rsp\n\t ud2"
                     : : "r"(UNMAPPED_VA) : "memory");
}
