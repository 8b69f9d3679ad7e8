/* SPDX-License-Identifier: MIT */
#ifndef ARCH_TRAPS_H
#define ARCH_TRAPS_H

#include <hv/cpu_regs.h>

/* Drops everything on this CPU's stack and returns to the guest whose frame
 * is at the stack's end, by way of softirqs and events (entry.asm). */
__attribute__((noreturn)) void resume_guest(struct cpu_regs *frame);

/* Where a CPU is when no vcpu wants it. Entered with interrupts off. */
__attribute__((noreturn)) void idle_loop(void);

#endif
