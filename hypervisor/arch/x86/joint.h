/* SPDX-License-Identifier: MIT */
/* Joint tables: from user to kernel without another CR3 (joint.c). */
#ifndef ARCH_X86_JOINT_H
#define ARCH_X86_JOINT_H

#include <hv/arch.h>

/* Before the vcpu first runs, and when it never will again. 0 or
 * -XEN_ENOMEM. */
int joint_init(struct vcpu *v) MUST_CHECK;
void joint_free(struct vcpu *v);

/* v, which is current and saved by whoever had it, is about to load one of
 * its own tables, or has. */
static inline void joint_leave(struct vcpu *v)
{
    __atomic_store_n(&v->joint.state, JOINT_BEHIND, __ATOMIC_SEQ_CST);
}

/* A page fault of ours in the memory of the current vcpu: true when nothing
 * but a slot of its joint table was missing; try again. A second fault at the
 * same place is told from it. */
bool joint_fault(struct vcpu *v, uint64_t va);

/* The same for a fault of the guest itself, which is to see nothing of a
 * table that has fallen behind either. */
bool joint_fault_of_guest(struct vcpu *v, uint64_t va);

#endif
