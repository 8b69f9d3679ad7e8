/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of user mode.
 *
 * They arrive on the kernel's stack with cs of RPL 3, and page faults keep
 * their U bit: the same fault in kernel mode has it cleared.  The kernel's
 * memory and the hypervisor's tables (the M2P is open to the kernel) are
 * simply not there for a process.
 */
#include "conformance.h"

USER_CODE(read_rbx, "movq (%rbx), %rax\n ud2");
USER_CODE(write_rbx, "movq %rax, (%rbx)\n ud2");
USER_CODE(halt, "hlt\n ud2");
USER_CODE(divide, "xorl %edx, %edx\n xorl %ecx, %ecx\n divl %ecx\n ud2");

static struct regs run(const char *start, const char *end, uint64_t rbx)
{
    struct user user;
    struct regs regs;

    user_create(&user, start, (size_t)(end - start));
    user.regs.rbx = rbx;
    user_run(&user);
    regs = user.regs;
    user_destroy(&user);
    return regs;
}

static void expect_pf(const char *what, uint64_t error, uint64_t address,
                      const struct regs *regs)
{
    expect_eq(what, VECTOR_PF, regs->vector);
    expect_eq(what, error, regs->error);
    expect_eq(what, address, evtchn_vcpu_info()->arch.cr2);
    expect_eq("cs-rpl", 3, regs->cs & 3);
}

CONFORMANCE_CASE("Exceptions in user mode", 0)
{
    struct regs regs;

    regs = run(read_rbx_start, read_rbx_end, (uint64_t)start_info);
    expect_pf("read-kernel", 4, (uint64_t)start_info, &regs);
    regs = run(write_rbx_start, write_rbx_end, (uint64_t)start_info);
    expect_pf("write-kernel", 6, (uint64_t)start_info, &regs);
    regs = run(write_rbx_start, write_rbx_end, USER_CODE_VA);
    expect_pf("write-own-code", 7, USER_CODE_VA, &regs);
    regs = run(read_rbx_start, read_rbx_end, HYPERVISOR_VA);
    expect_eq("read-hypervisor", VECTOR_PF, regs.vector);
    expect_eq("read-hypervisor-user-bit", 4, regs.error & 4);
    regs = run(write_rbx_start, write_rbx_end, HOLE_VA);
    expect_eq("write-m2p", VECTOR_PF, regs.vector);
    regs = run(read_rbx_start, read_rbx_end, NON_CANONICAL_VA);
    expect_eq("non-canonical", VECTOR_GP, regs.vector);
    regs = run(halt_start, halt_end, 0);
    expect_eq("hlt", VECTOR_GP, regs.vector);
    regs = run(divide_start, divide_end, 0);
    expect_eq("divide", VECTOR_DE, regs.vector);
}
