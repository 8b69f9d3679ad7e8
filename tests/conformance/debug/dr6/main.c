/* SPDX-License-Identifier: MIT */
/*
 * DR6 is the vcpu's own.
 *
 * The CPU adds bits to it and never takes one away: that is software's to do.
 * A single step leaves BS there until the guest clears it, and sleeping, when
 * others use the CPU, changes nothing.
 */
#include "conformance.h"

#define DR6_NONE 0xffff0ff0ul
#define DR6_BS   0x4000ul

static volatile unsigned int steps;

static bool step(struct regs *regs)
{
    steps++;
    regs->rflags &= ~RFLAGS_TF;
    return true;
}

static uint64_t dr6(void)
{
    return (uint64_t)hypercall_get_debugreg(6);
}

CONFORMANCE_CASE("DR6 keeps its bits until they are cleared", 0)
{
    hypercall_set_debugreg(6, DR6_NONE);
    expect_eq("clear", DR6_NONE, dr6());
    trap_set_handler(VECTOR_DB, step);
    __asm__ volatile("pushfq\n\torq $0x100, (%%rsp)\n\tpopfq\n\tnop"
                     : : : "memory", "cc");
    trap_set_handler(VECTOR_DB, NULL);
    expect_eq("one-step", 1, steps);
    expect_eq("step-bit", DR6_BS, dr6() & DR6_BS);
    time_sleep_until_ns(time_now_ns() + 3000000);
    expect_eq("step-bit-after-sleep", DR6_BS, dr6() & DR6_BS);
    expect_eq("set", 0, (uint64_t)hypercall_set_debugreg(6, DR6_NONE));
    expect_eq("cleared", DR6_NONE, dr6());
}
