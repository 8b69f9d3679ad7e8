/* SPDX-License-Identifier: MIT */
/*
 * Single-stepping over a hypercall.
 *
 * SYSCALL with TF set must not let the hypervisor step through itself: the
 * step ends behind the call, in the guest, and the call's result is there.
 */
#include "conformance.h"

static volatile unsigned int steps, outside;

static bool step(struct regs *regs)
{
    outside += regs->rip < (uint64_t)image_start ||
        regs->rip >= (uint64_t)image_end;
    if (++steps == 3) {
        regs->rflags &= ~RFLAGS_TF;
    }
    return true;
}

CONFORMANCE_CASE("The trap flag across SYSCALL", 0)
{
    uint64_t result;

    steps = outside = 0;
    trap_set_handler(VECTOR_DB, step);
    __asm__ volatile("pushfq\n\t orq $0x100, (%%rsp)\n\t popfq\n\t"
                     "syscall\n\t nop\n\t nop\n\t nop\n\t nop\n\t nop"
                     : "=a"(result)
                     : "a"(__HYPERVISOR_xen_version), "D"(XENVER_version),
                       "S"(0)
                     : "rcx", "r11", "memory", "cc");
    expect_eq("steps", 3, steps);
    expect_eq("outside-the-guest", 0, outside);
    expect_eq("result", (uint64_t)hypercall_xen_version(XENVER_version, NULL),
              result);
    hypercall_set_debugreg(6, 0xffff0ff0);
}
