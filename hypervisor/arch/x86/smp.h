/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs; smp.c. */
#ifndef ARCH_X86_SMP_H
#define ARCH_X86_SMP_H

#include <hv/cpu.h>

/* Makes c, the calling CPU's block, cpus[0] and the only CPU so far. */
void smp_init_boot_cpu(struct cpu *c);

/* Sets a page below 1 MiB aside. Before the allocator gives such memory
 * away; without one the machine has one CPU. */
void smp_reserve_trampoline(void);

/*
 * Starts the CPUs that the firmware names, up to options.cpus_limit, one
 * after the other. One that does not come is reported and left out; numbers
 * stay dense. On the boot CPU, once, with the allocator, clock_init()
 * and apic_init() done.
 */
void smp_boot_all(void);

/* The first C function of a secondary CPU, on its own stack. */
__attribute__((noreturn)) void ap_main(struct cpu *c);

#endif
