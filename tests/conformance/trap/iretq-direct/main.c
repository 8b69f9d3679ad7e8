/* SPDX-License-Identifier: MIT */
/*
 * A real IRETQ from ring 3 to ring 3.
 *
 * The public interface allows a kernel to return to itself without a call, by
 * putting ring 3 into the selectors and executing IRETQ, and Linux does so to
 * serialise the CPU.  Nothing traps; but the instruction reads its frame
 * from a user page, which emulators of the SMAP bit have got wrong.
 */
#include "conformance.h"

CONFORMANCE_CASE("IRETQ within the guest kernel", 0)
{
    uint64_t mark = 0;
    struct fault fault;

    fault = PROBE("movq %%rsp, %%rcx\n\t"
                  "pushq %1\n\t pushq %%rcx\n\t pushfq\n\t pushq %2\n\t"
                  "leaq 3f(%%rip), %%rcx\n\t pushq %%rcx\n\t iretq\n"
                  "3:\t movq $1, (%0)",
                  "r"(&mark), "r"((uint64_t)GUEST_SS),
                  "r"((uint64_t)GUEST_CS64), "c"(0));
    expect_no_fault("iretq", &fault);
    expect_eq("arrived", 1, mark);
}
