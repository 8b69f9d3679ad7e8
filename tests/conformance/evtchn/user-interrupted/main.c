/* SPDX-License-Identifier: MIT */
/*
 * An event interrupts user mode.
 *
 * The vCPU changes to kernel mode and its page table, runs the callback, and
 * goes back by iret; the process, which spins and calls nothing, loses no
 * register.
 */
#include "conformance.h"

USER_CODE(spin, "movl $100000000, %ecx\n"
          "1: decl %ecx\n jz 2f\n movq (%rbx), %rax\n testq %rax, %rax\n"
          "jz 1b\n"
          "2: ud2");

#define FLAG_VA 0x600000ul

static volatile uint64_t *flag;

static void raise_flag(evtchn_port_t port, void *context)
{
    *flag = 1;
}

CONFORMANCE_CASE("A timer event interrupts a spinning process", 0)
{
    struct user user;

    user_create(&user, USER_CODE_ARGS(spin));
    flag = user_add_page(&user, FLAG_VA, PTE_P | PTE_U | PTE_RW | PTE_A);
    user.regs.rbx = FLAG_VA;
    user.regs.rdx = 0x1234567890;
    evtchn_set_handler(time_port, raise_flag, NULL);
    time_set_singleshot(time_now_ns() + 5000000);
    user_run(&user);
    expect_eq("ended-by-its-own-trap", VECTOR_UD, user.regs.vector);
    expect_eq("saw-the-flag", 1, user.regs.rax);
    expect_true("before-it-gave-up", user.regs.rcx != 0);
    expect_eq("registers-kept", 0x1234567890, user.regs.rdx);
    user_destroy(&user);
    time_restore_handler();
}
