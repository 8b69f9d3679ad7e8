/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op: what a domain may ask about, or do to, one of its vcpus.
 *
 * A number that is no vcpu gives -XEN_ENOENT, for every command and before
 * anything else is looked at: kernels count their vcpus by asking is_up for
 * one number after another until that stops. Timers and registered areas
 * belong to the vcpu that asks; other vcpus can be named where the ABI lets a
 * boot processor prepare them.
 *
 * Manual: vcpu_op.
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/sched_op.h>
#include <hv/subop.h>
#include <hv/time.h>

/* The longest period that can be added to a system time without a thought. */
#define PERIODIC_MAX (1ull << 62)

int vcpu_op_is_up(struct domain *d, unsigned int vcpuid, void *none)
{
    return __atomic_load_n(&d->vcpus[vcpuid]->state, __ATOMIC_RELAXED) !=
           VCPU_OFFLINE;
}

int vcpu_op_get_runstate_info(struct domain *d, unsigned int vcpuid,
                              struct vcpu_runstate_info *op)
{
    runstate_read(d->vcpus[vcpuid], op);
    return 0;
}

int vcpu_op_register_runstate_memory_area(
    struct domain *d, unsigned int vcpuid,
    struct vcpu_register_runstate_memory_area *op)
{
    if (!gva_ok(GVA(op->addr.p))) {
        return -XEN_EFAULT;
    }
    time_register_runstate(d->vcpus[vcpuid], GVA(op->addr.p));
    return 0;
}

int vcpu_op_register_vcpu_time_memory_area(
    struct domain *d, unsigned int vcpuid,
    struct vcpu_register_time_memory_area *op)
{
    if (!gva_ok(GVA(op->addr.p))) {
        return -XEN_EFAULT;
    }
    time_register_time(d->vcpus[vcpuid], GVA(op->addr.p));
    return 0;
}

int vcpu_op_set_periodic_timer(struct domain *d, unsigned int vcpuid,
                               struct vcpu_set_periodic_timer *op)
{
    if (op->period_ns < PERIODIC_MIN || op->period_ns > PERIODIC_MAX) {
        return -XEN_EINVAL;
    }
    time_set_periodic(d->vcpus[vcpuid], op->period_ns);
    return 0;
}

int vcpu_op_stop_periodic_timer(struct domain *d, unsigned int vcpuid,
                                void *none)
{
    time_set_periodic(d->vcpus[vcpuid], 0);
    return 0;
}

int vcpu_op_set_singleshot_timer(struct domain *d, unsigned int vcpuid,
                                 struct vcpu_set_singleshot_timer *op)
{
    struct vcpu *v = d->vcpus[vcpuid];

    if (v != current_vcpu()) {
        return -XEN_EINVAL;
    }
    /* A deadline is a signed number: what looks negative is past. */
    time_set_singleshot(v, (int64_t)op->timeout_abs_ns < 0
                               ? 0 : op->timeout_abs_ns);
    return 0;
}

int vcpu_op_stop_singleshot_timer(struct domain *d, unsigned int vcpuid,
                                  void *none)
{
    struct vcpu *v = d->vcpus[vcpuid];

    if (v != current_vcpu()) {
        return -XEN_EINVAL;
    }
    timer_stop(&v->singleshot);
    return 0;
}

int vcpu_op_register_vcpu_info(struct domain *d, unsigned int vcpuid,
                               struct vcpu_register_vcpu_info *op)
{
    struct vcpu *v = d->vcpus[vcpuid];
    int err;

    if (op->offset > PAGE_SIZE - sizeof(struct vcpu_info) ||
        op->offset % _Alignof(struct vcpu_info) != 0) {
        return -XEN_ENXIO;
    }
    if ((v != current_vcpu() &&
         __atomic_load_n(&v->state, __ATOMIC_RELAXED) != VCPU_OFFLINE) ||
        __atomic_exchange_n(&v->info_claimed, true, __ATOMIC_ACQUIRE)) {
        return -XEN_EINVAL;
    }
    err = vcpu_info_register(v, MFN(op->mfn), op->offset);
    if (err) {
        __atomic_store_n(&v->info_claimed, false, __ATOMIC_RELEASE);
    }
    if (err == -XEN_ERESTART_CALL) {
        return (int)hypercall_restart(0, NULL);
    }
    return err;
}

int vcpu_op_get_physid(struct domain *d, unsigned int vcpuid,
                       struct vcpu_get_physid *op)
{
    return -XEN_EINVAL;
}

int vcpu_op_send_nmi(struct domain *d, unsigned int vcpuid, gva_t arg)
{
    struct vcpu *v = d->vcpus[vcpuid];

    if (arg.v != 0) {
        return -XEN_EINVAL;
    }
    if (!__atomic_exchange_n(&v->nmi_pending, true, __ATOMIC_SEQ_CST)) {
        vcpu_softirq(v, SOFTIRQ_NMI);
        vcpu_wake(v);
    }
    return 0;
}

/* --- the call ------------------------------------------------------------- */

#undef SUBOP_vcpu_op
#define SUBOP_vcpu_op(command, type, direction, handler) \
    SUBOP_CASE_##direction(command, type, arg, handler, d, vcpuid)

int64_t hc_vcpu_op(uint64_t cmd, uint64_t id, uint64_t arg, uint64_t a3,
                   uint64_t a4)
{
    struct domain *d = current_domain();
    unsigned int vcpuid = (uint32_t)id;

    if (vcpuid >= d->vcpu_count) {
        return -XEN_ENOENT;
    }
    switch ((uint32_t)cmd) {
#include <subops.def>
    default:
        return -XEN_ENOSYS;
    }
}
