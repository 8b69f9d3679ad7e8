/* SPDX-License-Identifier: MIT */
/* What the machine's CPU says of itself, for the policy in pv/cpuid.c. */
#include <arch/cr.h>
#include <hv/arch.h>

void arch_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    cpuid(leaf, subleaf, out);
}

uint64_t arch_tsc(void)
{
    return rdtsc();
}
