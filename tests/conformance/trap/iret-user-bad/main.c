/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret to a user context that cannot be.
 *
 * A debugger or a signal frame can put anything into a process's cs, ss and
 * rip.  The fault happens on the hypervisor's own IRET, in ring 0, and must be
 * the guest's problem and not the hypervisor's.  The guest kernel is told with
 * the context it tried to load: by the exception itself (so does Xen 4.17, with
 * the selector as error code), or by the failsafe callback.
 */
#include "conformance.h"

USER_CODE(spin, "nop\n ud2");

static struct regs run(uint16_t cs, uint64_t ss, uint64_t rip)
{
    struct user user;
    struct regs regs;

    user_create(&user, USER_CODE_ARGS(spin));
    user.regs.cs = cs;
    user.regs.ss = ss;
    user.regs.rip = rip;
    user_run(&user);
    regs = user.regs;
    user_destroy(&user);
    return regs;
}

static void expect_gp(const char *what, uint64_t error,
                      const struct regs *regs)
{
    if (regs->vector != VECTOR_FAILSAFE) {
        expect_eq(what, VECTOR_GP, regs->vector);
        expect_eq(what, error, regs->error);
    }
    expect_eq(what, USER_STACK_TOP - 8, regs->rsp);
}

CONFORMANCE_CASE("iret to user mode with impossible selectors", 0)
{
    struct regs regs;

    regs = run(GUEST_CS64, GUEST_SS, USER_CODE_VA);
    expect_eq("good-context", VECTOR_UD, regs.vector);
    regs = run(0x0f03, GUEST_SS, USER_CODE_VA);
    expect_gp("bad-cs", 0x0f00, &regs);
    expect_eq("bad-cs-reported", 0x0f03, regs.cs);
    regs = run(GUEST_CS64, 0x0f03, USER_CODE_VA);
    expect_gp("bad-ss", 0x0f00, &regs);
    regs = run(GUEST_SS, GUEST_SS, USER_CODE_VA);
    expect_gp("cs-is-data", GUEST_SS & ~3u, &regs);
    regs = run(GUEST_CS64, GUEST_CS64, USER_CODE_VA);
    expect_gp("ss-is-code", GUEST_CS64 & ~3u, &regs);
    regs = run(GUEST_CS64, GUEST_SS, NON_CANONICAL_VA);
    expect_gp("rip-non-canonical", 0, &regs);
    regs = run(GUEST_CS64, GUEST_SS, HYPERVISOR_VA);
    expect_eq("rip-in-hypervisor", VECTOR_PF, regs.vector);
    expect_eq("rip-in-hypervisor-user-bit", 4, regs.error & 4);
}
