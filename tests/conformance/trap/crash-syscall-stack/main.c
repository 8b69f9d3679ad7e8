/* SPDX-License-Identifier: MIT */
/*
 * A system call whose frame fits the kernel's stack by half.
 *
 * The lower words are stored before the upper ones fault.  Nobody can be told
 * any more: the mode has changed, and the frame is not there.
 */
#include "conformance.h"

USER_CODE(call, "syscall");

CONFORMANCE_CASE("A system call with half a stack kills the domain",
                 EXPECT_CRASH)
{
    struct user user;
    void *page = page_alloc();

    user_create(&user, USER_CODE_ARGS(call));
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    hypercall_stack_switch(GUEST_SS, SCRATCH_VA + PAGE_SIZE + 16);
    user_run(&user);
}
