/* SPDX-License-Identifier: MIT */
/*
 * iret with VGCF_in_syscall: back from a system call.
 *
 * The flag promises that nobody needs rcx and r11, so that the hypervisor may
 * leave by SYSRET.  Nothing else may differ: every other register, the flags,
 * the upcall mask and an event that waits are as with any iret, and what SYSRET
 * can not do (an address that is not canonical) is done in another way.  The
 * selectors are the flat ones; a native kernel's 0x33 will do for cs.
 */
#include "conformance.h"

USER_CODE(calls, "1: syscall\n jmp 1b");
USER_CODE(look, "pushfq\n pop %rax\n syscall");

static void back_to(struct user *user, const char *what, uint64_t cs)
{
    struct regs before;

    for (unsigned int i = 0; i < 15; i++) {
        ((uint64_t *)&user->regs)[i] = 0x0303030303030303ul * (i + 1);
    }
    user->regs.cs = cs;
    user->regs.rip = USER_CODE_VA;
    user->regs.rflags = RFLAGS_RESERVED | RFLAGS_IF;
    before = user->regs;
    user_run_answered(user);
    before.rcx = user->regs.rcx;
    before.r11 = user->regs.r11;
    expect_eq(what, 0, (uint64_t)memcmp(&before, &user->regs, 15 * 8));
    expect_eq(what, VECTOR_SYSCALL, user->regs.vector);
    expect_eq(what, USER_CODE_VA + 2, user->regs.rip);
    expect_eq(what, USER_CODE_VA + 2, user->regs.rcx);
    expect_eq(what, before.rsp, user->regs.rsp);
    expect_eq(what, GUEST_CS64, user->regs.cs & 0xffff);
    expect_eq(what, GUEST_SS, user->regs.ss);
    expect_eq(what, 0, user->regs.saved_upcall_mask);
}

static uint64_t flags_seen(struct user *user, uint64_t flags)
{
    user->regs.rip = USER_CODE_VA;
    user->regs.cs = GUEST_CS64;
    user->regs.rflags = flags;
    user_run_answered(user);
    expect_eq("flags-way-in", VECTOR_SYSCALL, user->regs.vector);
    return user->regs.rax & ~RFLAGS_RESERVED;
}

static void flags(void)
{
    struct user user;

    user_create(&user, USER_CODE_ARGS(look));
    expect_eq("flags", RFLAGS_IF | RFLAGS_DF | RFLAGS_AC | 0x8d5, flags_seen(
        &user, RFLAGS_IF | RFLAGS_DF | RFLAGS_AC | 0x8d5));
    expect_eq("not-iopl-vm", RFLAGS_IF,
              flags_seen(&user, RFLAGS_IF | 0x3000 | 1u << 17) & ~0x10000ul);
    expect_eq("open", 0, user.regs.saved_upcall_mask);
    expect_eq("if-is-always-on", RFLAGS_IF, flags_seen(&user, 0));
    expect_eq("but-masked", 1, user.regs.saved_upcall_mask);
    expect_eq("and-shown-so", 0, user.regs.rflags & RFLAGS_IF);
    flags_seen(&user, RFLAGS_IF | 0x10000);
    expect_eq("rf-is-no-harm", VECTOR_SYSCALL, user.regs.vector);
    user_destroy(&user);
}

static void event_waits(struct user *user)
{
    evtchn_port_t port;

    REQUIRE(ear_open(&port));
    upcalls_save_and_disable();
    evtchn_send(port);
    back_to(user, "with-an-event", GUEST_CS64);
    expect_eq("heard", 1, ear_heard);
    upcalls_enable();
    evtchn_close(port);
}

static void bad_rip(struct user *user, uint64_t rip, unsigned int vector)
{
    user->regs.cs = GUEST_CS64;
    user->regs.rip = rip;
    user_run_answered(user);
    expect_eq("bad-rip", vector, user->regs.vector);
    expect_eq("bad-rip-shown", rip, user->regs.rip);
}

CONFORMANCE_CASE("iret after a system call", 0)
{
    struct user user;

    user_create(&user, USER_CODE_ARGS(calls));
    back_to(&user, "flat", GUEST_CS64);
    back_to(&user, "native", 0x33);
    event_waits(&user);
    bad_rip(&user, NON_CANONICAL_VA, VECTOR_GP);
    bad_rip(&user, 0xffff7fffffffffff, VECTOR_GP);
    bad_rip(&user, UNMAPPED_VA, VECTOR_PF);
    bad_rip(&user, HYPERVISOR_VA, VECTOR_PF);
    back_to(&user, "after-all-that", GUEST_CS64);
    user_destroy(&user);
    flags();
}
