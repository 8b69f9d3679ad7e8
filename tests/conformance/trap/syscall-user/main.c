/* SPDX-License-Identifier: MIT */
/*
 * SYSCALL from user mode.
 *
 * In kernel mode it is a hypercall, in user mode a system call of the guest:
 * the hypervisor's mode flag decides, not the ring, which is 3 in both.  A
 * process that puts a hypercall number into rax gets nowhere.  The frame
 * reports rcx and r11 as SYSCALL leaves them, the user's rip and rflags, and
 * every other register is as the process had it.
 */
#include "conformance.h"

USER_CODE(call, "syscall\n ud2");

CONFORMANCE_CASE("SYSCALL from user mode reaches the guest kernel", 0)
{
    struct user user;
    struct regs before;

    user_create(&user, USER_CODE_ARGS(call));
    for (unsigned int i = 0; i < 15; i++) {
        ((uint64_t *)&user.regs)[i] = 0x0202020202020202ul * (i + 1);
    }
    user.regs.rax = __HYPERVISOR_xen_version;
    user.regs.rdi = XENVER_version;
    user.regs.rflags |= RFLAGS_DF;
    before = user.regs;
    user_run(&user);
    expect_eq("way-in", VECTOR_SYSCALL, user.regs.vector);
    expect_eq("rip", USER_CODE_VA + 2, user.regs.rip);
    expect_eq("rcx-is-rip", USER_CODE_VA + 2, user.regs.rcx);
    expect_eq("r11-is-rflags", before.rflags, user.regs.r11 & ~0x10000ul);
    expect_eq("frame-rflags", before.rflags, user.regs.rflags & ~0x10000ul);
    expect_eq("rsp", before.rsp, user.regs.rsp);
    expect_eq("cs-rpl", 3, user.regs.cs & 3);
    before.rcx = user.regs.rcx;
    before.r11 = user.regs.r11;
    expect_eq("other-registers", 0,
              (uint64_t)memcmp(&before, &user.regs, 15 * 8));
    user_run(&user);
    expect_eq("goes-on-behind-it", VECTOR_UD, user.regs.vector);
    expect_eq("goes-on-rip", USER_CODE_VA + 2, user.regs.rip);
    expect_eq("rax-returned", __HYPERVISOR_xen_version, user.regs.rax);
    user_destroy(&user);
}
