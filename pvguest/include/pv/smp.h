/* SPDX-License-Identifier: MIT */
/*
 * Further vCPUs: see smp.c.
 */
#ifndef PV_SMP_H
#define PV_SMP_H

#include <pv/types.h>

#include <xen/vcpu.h>

#define SMP_VCPUS 4

/* The vCPU that executes this: its stack tells. */
unsigned int smp_vcpu_id(void);

/* Whether the domain has a vCPU with this number. */
bool smp_exists(unsigned int vcpu);

/* Fill a context which makes a vCPU of this library: it waits for work. */
void smp_context(unsigned int vcpu, struct vcpu_guest_context *context);

/* Initialise the vCPU by such a context unless that was done.  0, -XEN_E*. */
int smp_initialise(unsigned int vcpu);
/* For who called VCPUOP_initialise himself, with the result of smp_context. */
void smp_set_initialised(unsigned int vcpu);
bool smp_is_initialised(unsigned int vcpu);

/* Run fn there and return at once; false if it does not begin. */
bool smp_run(unsigned int vcpu, void (*fn)(void *), void *argument);

/* Wait for its end, with a time limit.  The vCPU is down afterwards. */
bool smp_wait(unsigned int vcpu);

/* Wait until *word is at least value; false after a few seconds. */
bool smp_wait_for(const volatile unsigned int *word, unsigned int value);

/* Where vcpu_info is, if it was moved. */
struct vcpu_info *smp_vcpu_info(unsigned int vcpu);
void smp_set_vcpu_info(unsigned int vcpu, struct vcpu_info *info);

/* vcpu_op commands without an argument. */
long smp_vcpu_op(unsigned int command, unsigned int vcpu);

#endif
