/* SPDX-License-Identifier: MIT */
/*
 * stack_switch: where traps from user mode land.
 *
 * Native kernels write it into the TSS; here it is a call, made at every
 * context switch.  The selector is stored with RPL 3, whatever was asked.
 */
#include "conformance.h"

USER_CODE(trap_now, "ud2");

CONFORMANCE_CASE("stack_switch names the stack for traps from user mode", 0)
{
    uint64_t *stack = page_alloc();
    uint64_t *top = stack + PAGE_SIZE / sizeof(*stack);
    struct user user;

    user_create(&user, USER_CODE_ARGS(trap_now));
    expect_eq("stack_switch", 0, (uint64_t)
              hypercall_stack_switch(GUEST_SS & ~3u, (unsigned long)top));
    user_run(&user);
    expect_eq("vector", VECTOR_UD, user.regs.vector);
    /* The library has rewritten rip and below; ss and rsp it has, too. */
    expect_true("frame-on-that-stack", top[-1] == GUEST_SS &&
                top[-4] >> 32 == 0 && top[-2] != 0);
    expect_eq("below-the-page-is-not-needed", 0, stack[0]);
    trap_register();
    user_destroy(&user);
    page_free(stack);
}
