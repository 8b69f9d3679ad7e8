/* SPDX-License-Identifier: MIT */
/*
 * Entering user mode without a user page table.
 *
 * There is nothing to load into CR3.  Staying on the kernel's tables would run
 * the process with the kernel's memory open.
 */
#include "conformance.h"

CONFORMANCE_CASE("User mode without a user root kills the domain",
                 EXPECT_CRASH)
{
    struct regs regs = {
        .cs = GUEST_CS64, .ss = GUEST_SS, .rip = USER_CODE_VA,
        .rflags = RFLAGS_RESERVED | RFLAGS_IF, .rsp = USER_STACK_TOP,
    };

    mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0);
    user_enter(&regs);
}
