/* SPDX-License-Identifier: MIT */
#ifndef ARCH_EX_TABLE_H
#define ARCH_EX_TABLE_H

#include <hv/cpu_regs.h>

/*
 * A fault inside the hypervisor at regs->rip: if that instruction is one that
 * may fault, continues at its fix-up address and returns true.
 */
bool ex_table_fixup(struct cpu_regs *regs);

#endif
