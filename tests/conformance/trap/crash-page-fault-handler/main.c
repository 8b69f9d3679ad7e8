/* SPDX-License-Identifier: MIT */
/*
 * A page fault handler that is not mapped.
 *
 * Fetching its first byte is the next page fault, for the same handler; frames
 * run down the stack until it ends.  The guest harms nobody but itself.
 */
#include "conformance.h"

CONFORMANCE_CASE("An unmapped page fault handler kills the domain",
                 EXPECT_CRASH)
{
    struct trap_info table[2] = {
        { .vector = VECTOR_PF, .flags = 4, .cs = GUEST_CS64,
          .address = UNMAPPED_VA },
    };
    char *stack = page_alloc();

    mm_unmap(&mm_kernel, (unsigned long)stack);
    hypercall_set_trap_table(table);
    __asm__ volatile("movq %0, %%rsp\n\t movq (%1), %%rax"
                     : : "r"(stack + 4 * PAGE_SIZE), "r"(UNMAPPED_VA)
                     : "memory", "rax");
}
