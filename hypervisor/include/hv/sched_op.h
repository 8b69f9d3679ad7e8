/* SPDX-License-Identifier: MIT */
/* The commands of sched_op and vcpu_op (hypercall-abi/subops.def). */
#ifndef HV_SCHED_OP_H
#define HV_SCHED_OP_H

#include <hv/domain.h>
#include <xen/sched.h>
#include <xen/vcpu.h>

#define SCHED_POLL_PORTS_MAX 128

/* --- core/sched_op.c; all act on the current vcpu ---------------------------- */

int sched_op_yield(struct domain *d, void *none);
int sched_op_block(struct domain *d, void *none);
int sched_op_shutdown(struct domain *d, struct sched_shutdown *op);
int sched_op_shutdown_code(struct domain *d, struct sched_shutdown *op);
/* -XEN_ESRCH, -XEN_EPERM. */
int sched_op_remote_shutdown(struct domain *d,
                             struct sched_remote_shutdown *op);
/* core/watchdog.c. The number of a new one; -XEN_ENOSPC: there are two;
 * -XEN_EINVAL: no such number, or it is free. */
int sched_op_watchdog(struct domain *d, struct sched_watchdog *op);
/* -XEN_EINVAL: more than 128 ports; nothing else is looked at when an upcall
 * is due; -XEN_EFAULT and -XEN_EINVAL (no such port) in the list's order. */
int sched_op_poll(struct domain *d, struct sched_poll *op);

/* --- core/vcpu_op.c; vcpuid is below d->vcpu_count ----------------------------- */

/* pv/vcpu_context.c. -XEN_ENOMEM, -XEN_EFAULT, -XEN_EEXIST, -XEN_EINVAL. */
int vcpu_op_initialise(struct domain *d, unsigned int vcpuid, gva_t arg);
/* -XEN_EINVAL: it has no context yet. */
int vcpu_op_up(struct domain *d, unsigned int vcpuid, void *none);
/* Of itself too: then the call returns when another vcpu says up. The last one
 * up ends the domain. */
int vcpu_op_down(struct domain *d, unsigned int vcpuid, void *none);
/* 1 or 0. */
int vcpu_op_is_up(struct domain *d, unsigned int vcpuid, void *none);
int vcpu_op_get_runstate_info(struct domain *d, unsigned int vcpuid,
                              struct vcpu_runstate_info *op);
/* -XEN_EFAULT: not an address of the guest's. 0 ends the copying. */
int vcpu_op_register_runstate_memory_area(
    struct domain *d, unsigned int vcpuid,
    struct vcpu_register_runstate_memory_area *op);
int vcpu_op_register_vcpu_time_memory_area(
    struct domain *d, unsigned int vcpuid,
    struct vcpu_register_time_memory_area *op);
/* -XEN_EINVAL: shorter than 1 ms, or absurdly long. */
int vcpu_op_set_periodic_timer(struct domain *d, unsigned int vcpuid,
                               struct vcpu_set_periodic_timer *op);
int vcpu_op_stop_periodic_timer(struct domain *d, unsigned int vcpuid,
                                void *none);
/* -XEN_EINVAL: not the calling vcpu. VCPU_SSHOTTMR_future is ignored. */
int vcpu_op_set_singleshot_timer(struct domain *d, unsigned int vcpuid,
                                 struct vcpu_set_singleshot_timer *op);
/* -XEN_EINVAL: not the calling vcpu. */
int vcpu_op_stop_singleshot_timer(struct domain *d, unsigned int vcpuid,
                                  void *none);
/* -XEN_ENXIO: the structure would not fit in the frame, or not be aligned;
 * -XEN_EINVAL: the vcpu has one already, is up and not the caller, or the
 * frame is not the domain's to write. */
int vcpu_op_register_vcpu_info(struct domain *d, unsigned int vcpuid,
                               struct vcpu_register_vcpu_info *op);
/* -XEN_EINVAL: there is an argument. */
int vcpu_op_send_nmi(struct domain *d, unsigned int vcpuid, gva_t arg);
/* -XEN_EINVAL: no vcpu is pinned. */
int vcpu_op_get_physid(struct domain *d, unsigned int vcpuid,
                       struct vcpu_get_physid *op);

#endif
