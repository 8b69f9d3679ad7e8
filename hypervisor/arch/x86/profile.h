/* SPDX-License-Identifier: MIT */
/* A sampling profile of the hypervisor; profile.c. */
#ifndef ARCH_X86_PROFILE_H
#define ARCH_X86_PROFILE_H

#include <hv/cpu_regs.h>
#include <hv/types.h>

/* Begins to sample all CPUs so many times a second; after smp_boot_all(). */
void profile_start(uint32_t hz);

/* An NMI came and found this. */
void profile_sample(const struct cpu_regs *regs);

#endif
