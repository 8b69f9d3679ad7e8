/* SPDX-License-Identifier: MIT */
/*
 * A breakpoint on an instruction of a process.
 *
 * The kernel sets it by hypercall; the process stops before the instruction,
 * the kernel finds in DR6 which breakpoint it was, and with RF the process
 * goes on over it.
 */
#include "conformance.h"

#define DR6_NONE 0xffff0ff0ul
#define RF       0x10000ul

USER_CODE(walk, "nop\n nop\n movl $7, %ebx\n ud2");

CONFORMANCE_CASE("Instruction breakpoint in user mode", 0)
{
    struct user user;

    user_create(&user, USER_CODE_ARGS(walk));
    expect_eq("address", 0, (uint64_t)hypercall_set_debugreg(
        1, USER_CODE_VA + 2));
    hypercall_set_debugreg(6, DR6_NONE);
    expect_eq("on", 0, (uint64_t)hypercall_set_debugreg(7, 1 << 3));
    user_run(&user);
    expect_eq("stopped", VECTOR_DB, user.regs.vector);
    expect_eq("before-it", USER_CODE_VA + 2, user.regs.rip);
    expect_eq("which-one", 2, (uint64_t)hypercall_get_debugreg(6) & 15);
    user.regs.rflags |= RF;
    user_run(&user);
    expect_eq("went-on", VECTOR_UD, user.regs.vector);
    expect_eq("executed-it", 7, user.regs.rbx);
    expect_eq("off", 0, (uint64_t)hypercall_set_debugreg(7, 0));
    hypercall_set_debugreg(1, 0);
    hypercall_set_debugreg(6, DR6_NONE);
    user_destroy(&user);
}
