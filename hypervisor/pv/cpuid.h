/* SPDX-License-Identifier: MIT */
#ifndef PV_CPUID_H
#define PV_CPUID_H

#include <hv/domain.h>

/* What v's kernel is told by CPUID: eax, ebx, ecx, edx in out[]. */
void pv_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
              uint32_t out[4]);

/* For what differs by vendor and has no bit. */
bool pv_cpu_is_amd(void);

#endif
