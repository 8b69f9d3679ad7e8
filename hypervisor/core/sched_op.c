/* SPDX-License-Identifier: MIT */
/*
 * sched_op: how a guest gives up its CPU.
 *
 * block and poll are the two that sleep. Both avoid the lost wake-up the same
 * way (S3 in sched.c): first become a sleeper, then look for a reason not to
 * be one, and if there is one, wake up again before having slept.
 *
 * block waits for an upcall and therefore unmasks upcalls first; that and the
 * sleep are one step for the guest. poll waits for ports, whether or not
 * upcalls are masked, and so is what code uses that must not be interrupted.
 *
 * Manual: sched_op.
 */
#include <hv/arch.h>
#include <hv/evtchn.h>
#include <hv/hypercall.h>
#include <hv/sched_op.h>
#include <hv/subop.h>

int sched_op_yield(struct domain *d, void *none)
{
    vcpu_yield(current_vcpu());
    return 0;
}

int sched_op_block(struct domain *d, void *none)
{
    struct vcpu *v = current_vcpu();

    __atomic_store_n(&vcpu_info(v)->evtchn_upcall_mask, 0, __ATOMIC_RELAXED);
    if (vcpu_event_deliverable(v)) {
        return 0;
    }
    vcpu_block(v);
    if (vcpu_event_deliverable(v)) {
        vcpu_wake(v);
    }
    return 0;
}

int sched_op_shutdown(struct domain *d, struct sched_shutdown *op)
{
    domain_shutdown(d, (uint8_t)op->reason);
    return 0;
}

int sched_op_shutdown_code(struct domain *d, struct sched_shutdown *op)
{
    domain_announce_reason(d, (uint8_t)op->reason);
    return 0;
}

int sched_op_remote_shutdown(struct domain *d,
                             struct sched_remote_shutdown *op)
{
    struct domain *target = domain_by_id(op->domain_id);

    if (!target) {
        return -XEN_ESRCH;
    }
    if (!d->is_privileged) {
        return -XEN_EPERM;
    }
    domain_shutdown(target, (uint8_t)op->reason);
    return 0;
}

/* --- poll ----------------------------------------------------------------- */

/*
 * Reads, checks and looks at the ports one by one. A pending one ends the call
 * at once, whatever stands behind it in the list: 1 then, otherwise 0 or
 * -XEN_E*.
 */
static int look_at_ports(const struct vcpu *v, const struct sched_poll *op,
                         evtchn_port_t *port)
{
    const struct domain *d = v->domain;
    gva_t list = GVA((uint64_t)(uintptr_t)op->ports.p);
    unsigned int i;

    for (i = 0; i < op->nr_ports; i++) {
        if (guest_load32(GVA(list.v + i * sizeof(*port)), port)) {
            return -XEN_EFAULT;
        }
        if (*port >= evtchn_port_limit(d)) {
            return -XEN_EINVAL;
        }
        if (evtchn_is_pending(d, *port)) {
            return 1;
        }
    }
    return 0;
}

/* Until the ports are known, any of the domain's may wake it up. */
int sched_op_poll(struct domain *d, struct sched_poll *op)
{
    struct vcpu *v = current_vcpu();
    evtchn_port_t port = 0;
    int found;

    if (op->nr_ports > SCHED_POLL_PORTS_MAX) {
        return -XEN_EINVAL;
    }
    if (vcpu_event_deliverable(v)) {
        return 0;
    }

    timer_stop(&v->poll_timer);
    __atomic_store_n(&v->poll_single, 0, __ATOMIC_RELAXED);
    __atomic_fetch_or(&d->evtchn_pollers, 1u << v->id, __ATOMIC_SEQ_CST);
    vcpu_block(v);
    found = look_at_ports(v, op, &port);
    if (found != 0 || vcpu_event_deliverable(v)) {
        vcpu_wake(v);
        return found < 0 ? found : 0;
    }
    if (op->nr_ports == 1) {
        __atomic_store_n(&v->poll_single, port, __ATOMIC_RELAXED);
    }
    if (op->timeout != 0) {
        /* Signed, as every deadline of the ABI. */
        timer_set(&v->poll_timer, (int64_t)op->timeout < 0 ? 0 : op->timeout);
    }
    return 0;
}

/* --- the call ------------------------------------------------------------- */

#undef SUBOP_sched_op
#define SUBOP_sched_op(command, type, direction, handler) \
    SUBOP_CASE_##direction(command, type, arg, handler, d)

int64_t hc_sched_op(uint64_t cmd, uint64_t arg, uint64_t a2, uint64_t a3,
                    uint64_t a4)
{
    struct domain *d = current_domain();

    switch ((uint32_t)cmd) {
#include <subops.def>
    default:
        return -XEN_ENOSYS;
    }
}
