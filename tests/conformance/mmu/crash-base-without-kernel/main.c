/* SPDX-License-Identifier: MIT */
/*
 * Loading a root that does not contain the kernel.
 *
 * The root is perfectly valid, so the call succeeds, and the next instruction
 * is not mapped, nor is any handler or stack.
 */
#include "conformance.h"

CONFORMANCE_CASE("A root without the kernel kills the domain", EXPECT_CRASH)
{
    void *root = mm_table_alloc();

    mmuext_mfn(MMUEXT_NEW_BASEPTR, virt_to_mfn(root));
}
