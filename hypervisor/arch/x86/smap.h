/* SPDX-License-Identifier: MIT */
#ifndef ARCH_SMAP_H
#define ARCH_SMAP_H

/*
 * Turns SMAP on for all CPUs that load their tables from now on, if the CPU
 * has it, the option no-smap is absent, and a ring-3 IRET survives it on this
 * machine. Once, on the boot CPU, after cpu_load_tables.
 */
void smap_init(void);

#endif
