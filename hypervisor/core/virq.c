/* SPDX-License-Identifier: MIT */
/*
 * Virtual interrupts: event channels whose other end is the hypervisor.
 *
 * Some belong to each vcpu (its timer), others to the domain (console input).
 * v->virq_port[n] names the port to which VIRQ n of vcpu v is bound; the
 * global ones are noted at vcpu 0, wherever bind_vcpu sends them (E4 in
 * evtchn.c). Raising one that is not bound does nothing, and is normal: a
 * guest that wants to know binds first.
 *
 * Lock: evtchn_lock, so that a port is not closed and given to somebody else
 * between looking it up and making it pending. Manual: EVTCHNOP_bind_virq.
 */
#include <hv/arch.h>
#include <hv/evtchn.h>
#include <xen/errno.h>

STATIC_ASSERT(ARRAY_SIZE(((struct vcpu *)0)->virq_port) == NR_VIRQS,
              "one slot for each VIRQ");

bool virq_is_global(unsigned int virq)
{
    switch (virq) {
    case VIRQ_TIMER:
    case VIRQ_DEBUG:
    case VIRQ_XENOPROF:
    case VIRQ_XENPMU:
        return false;
    default:
        return true;
    }
}

int evtchn_op_bind_virq(struct domain *d, struct evtchn_bind_virq *op)
{
    struct vcpu *v;
    uint32_t port;
    int err;

    if (op->virq >= NR_VIRQS || (virq_is_global(op->virq) && op->vcpu != 0)) {
        return -XEN_EINVAL;
    }
    if (op->vcpu >= d->vcpu_count) {
        return -XEN_ENOENT;
    }
    v = d->vcpus[op->vcpu];
    spin_lock(&d->evtchn_lock);
    if (v->virq_port[op->virq] != 0) {
        err = -XEN_EEXIST;
        goto out_unlock;
    }
    err = evtchn_find_free(d, &port);
    if (err) {
        goto out_unlock;
    }
    evtchn_assign(evtchn_port(d, port), (struct evtchn){
        .state = ECS_VIRQ,
        .virq = (uint8_t)op->virq,
        .notify_vcpu = op->vcpu,
    });
    v->virq_port[op->virq] = port;
    op->port = port;
out_unlock:
    spin_unlock(&d->evtchn_lock);
    return err;
}

void virq_raise_vcpu(struct vcpu *v, unsigned int virq)
{
    struct domain *d = v->domain;

    ASSERT(!virq_is_global(virq));
    spin_lock(&d->evtchn_lock);
    if (v->virq_port[virq] != 0) {
        evtchn_set_pending(v, v->virq_port[virq]);
    }
    spin_unlock(&d->evtchn_lock);
}

void virq_raise_global(struct domain *d, unsigned int virq)
{
    uint32_t port;

    ASSERT(virq_is_global(virq));
    spin_lock(&d->evtchn_lock);
    port = d->vcpus[0]->virq_port[virq];
    if (port != 0) {
        const struct evtchn *e = evtchn_port(d, port);

        evtchn_set_pending(d->vcpus[e->notify_vcpu], port);
    }
    spin_unlock(&d->evtchn_lock);
}
