/* SPDX-License-Identifier: MIT */
/*
 * Single-stepping.
 *
 * TF set by POPF or by iret makes the instruction after it trap with #DB
 * behind it; DR6.BS says why.  The handler runs with TF clear, and the frame
 * holds it set.  A hypercall executed under TF must not make the hypervisor
 * step itself.
 */
#include "conformance.h"

static unsigned int steps;
static uint64_t first_rip, dr6;

static bool step(struct regs *regs)
{
    if (steps == 0) {
        first_rip = regs->rip;
        dr6 = (uint64_t)hypercall_get_debugreg(6);
    }
    if (++steps == 3) {
        regs->rflags &= ~RFLAGS_TF;
    }
    return true;
}

CONFORMANCE_CASE("The trap flag steps the guest", 0)
{
    uint64_t after_first;

    hypercall_set_debugreg(6, 0xffff0ff0);
    trap_set_handler(VECTOR_DB, step);
    __asm__ volatile("leaq 1f(%%rip), %0\n\t"
                     "pushfq\n\t orq $0x100, (%%rsp)\n\t popfq\n\t"
                     "nop\n1:\t nop\n\t nop\n\t nop\n\t nop"
                     : "=&r"(after_first) : : "memory", "cc");
    expect_eq("steps", 3, steps);
    expect_eq("first-stop", after_first, first_rip);
    expect_eq("dr6-bs", 1ul << 14, dr6 & (1ul << 14));
    hypercall_set_debugreg(6, 0xffff0ff0);
}
