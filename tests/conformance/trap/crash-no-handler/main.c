/* SPDX-License-Identifier: MIT */
/*
 * An exception nobody handles.
 *
 * An empty trap table entry is not "ignore": the instruction would fault for
 * ever.
 */
#include "conformance.h"

CONFORMANCE_CASE("An exception without a handler kills the domain",
                 EXPECT_CRASH)
{
    hypercall_set_trap_table(NULL);
    __asm__ volatile("ud2");
}
