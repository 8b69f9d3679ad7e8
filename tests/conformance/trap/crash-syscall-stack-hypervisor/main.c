/* SPDX-License-Identifier: MIT */
/*
 * A system call with the hypervisor's memory as the kernel's stack.
 *
 * stack_switch takes any address: the comparison is made when the frame is
 * stored.
 */
#include "conformance.h"

USER_CODE(call, "syscall");

CONFORMANCE_CASE("A system call with a stack in the hypervisor kills it",
                 EXPECT_CRASH)
{
    struct user user;

    user_create(&user, USER_CODE_ARGS(call));
    hypercall_stack_switch(GUEST_SS, HYPERVISOR_VA + PAGE_SIZE);
    user_run(&user);
}
