/* SPDX-License-Identifier: MIT */
#ifndef ARCH_DESC_TABLES_H
#define ARCH_DESC_TABLES_H

#include <hv/cpu.h>

/*
 * Gives the calling CPU its descriptor tables, task state, SYSCALL entry and
 * control registers. c's block exists (percpu_create); any stack.
 */
void cpu_load_tables(struct cpu *c);

/* CPUs that load their tables from now on turn SMAP on. */
void cpu_use_smap(void);

/* Boot: exceptions of this vector go to `handler` (given NULL: where they
 * belong again). */
void idt_redirect(unsigned int vector, const char *handler);

/* The LDT of the calling CPU gets this many entries of its window; 0: none. */
void cpu_set_ldt(struct cpu *c, unsigned int entries);

#endif
