/* SPDX-License-Identifier: MIT */
/*
 * Floating point and SSE registers survive.
 *
 * Whether the hypervisor saves them lazily or not, a guest sees no difference:
 * not across calls, not across sleeping, and not across a process.
 */
#include "conformance.h"

USER_CODE(use_xmm, "movq %rax, %xmm3\n movq %xmm3, %rbx\n syscall\n ud2");

static uint64_t xmm3(void)
{
    uint64_t value;

    __asm__ volatile("movq %%xmm3, %0" : "=r"(value));
    return value;
}

CONFORMANCE_CASE("XMM registers across calls, sleep and user mode", 0)
{
    uint64_t mark = 0x1020304050607080;
    struct user user;

    __asm__ volatile("movq %0, %%xmm3" : : "r"(mark));
    hypercall_xen_version(XENVER_version, NULL);
    expect_eq("after-a-call", mark, xmm3());
    sched_yield();
    expect_eq("after-yield", mark, xmm3());
    time_sleep_until_ns(time_now_ns() + 5000000);
    expect_eq("after-sleep", mark, xmm3());
    user_create(&user, USER_CODE_ARGS(use_xmm));
    user.regs.rax = 0x55aa;
    user_run(&user);
    expect_eq("user-used-it", 0x55aa, user.regs.rbx);
    expect_eq("same-register-file", 0x55aa, xmm3());
    user_destroy(&user);
}
