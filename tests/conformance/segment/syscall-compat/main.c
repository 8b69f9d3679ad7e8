/* SPDX-License-Identifier: MIT */
/*
 * SYSCALL from a 32-bit process.
 *
 * Only AMD's CPUs have it there.  It has a callback of its own
 * (CALLBACKTYPE_syscall32); before that is registered, the instruction is
 * undefined, as if the CPU did not have it.
 */
#include "conformance.h"

#define GUEST_CS32 0xe023u

USER_CODE(call, "syscall\n ud2");

static bool is_amd(void)
{
    uint32_t eax = 0, ebx, ecx, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return ebx == 0x68747541;
}

CONFORMANCE_CASE("SYSCALL from compatibility mode", 0)
{
    struct callback_register op = {
        .type = CALLBACKTYPE_syscall32, .flags = CALLBACKF_mask_events,
        .address = (unsigned long)syscall_stub,
    };
    struct user user;

    if (!is_amd()) {
        case_skip("this CPU has no SYSCALL in compatibility mode");
        return;
    }
    user_create(&user, USER_CODE_ARGS(call));
    user.regs.cs = GUEST_CS32;
    user_run(&user);
    expect_eq("unregistered", VECTOR_UD, user.regs.vector);
    expect_eq("unregistered-rip", USER_CODE_VA, user.regs.rip);
    expect_eq("register", 0, (uint64_t)hypercall_callback_op(
        CALLBACKOP_register, &op));
    user_run(&user);
    expect_eq("registered", VECTOR_SYSCALL, user.regs.vector);
    expect_eq("registered-rip", USER_CODE_VA + 2, user.regs.rip);
    expect_eq("rcx-is-rip", USER_CODE_VA + 2, user.regs.rcx);
    expect_eq("rsp", USER_STACK_TOP - 8, user.regs.rsp);
    user.regs.cs = GUEST_CS32;
    user_run(&user);
    expect_eq("goes-on", VECTOR_UD, user.regs.vector);
    expect_eq("goes-on-rip", USER_CODE_VA + 2, user.regs.rip);
    user_destroy(&user);
}
