/* SPDX-License-Identifier: MIT */
/* x87, SSE and AVX state of vcpus; see fpu.c. */
#ifndef ARCH_X86_FPU_H
#define ARCH_X86_FPU_H

#include <hv/domain.h>

/* Once on each CPU, when its control registers are set. */
void fpu_cpu_init(void);

/* The image of a new vcpu; its page is zero. */
void fpu_image_reset(struct vcpu *v);

/* Registers to image, and image to registers. Between a save and the next
 * load, the registers are the hypervisor's to forget. */
void fpu_save(struct vcpu *v);
void fpu_load(struct vcpu *v);

#endif
