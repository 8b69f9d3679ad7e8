/* SPDX-License-Identifier: MIT */
/*
 * SYSCALL from user mode without a callback.
 *
 * A kernel that registered none does not know the instruction, so the process
 * gets #UD at the instruction itself (rip is moved back over its two bytes),
 * as on a machine without SYSCALL.
 */
#include "conformance.h"

USER_CODE(bare, "syscall\n ud2");

CONFORMANCE_CASE("SYSCALL from user mode without a callback is #UD", 0)
{
    struct callback_register none = { .type = CALLBACKTYPE_syscall };
    struct user user;

    REQUIRE(hypercall_callback_op(CALLBACKOP_register, &none) == 0);
    user_create(&user, USER_CODE_ARGS(bare));
    user_run(&user);
    expect_eq("vector", VECTOR_UD, user.regs.vector);
    expect_eq("rip", USER_CODE_VA, user.regs.rip);
    user_destroy(&user);
}
