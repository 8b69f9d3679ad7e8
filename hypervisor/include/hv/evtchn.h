/* SPDX-License-Identifier: MIT */
/*
 * Event channels on the 2-level ABI (core/evtchn.c states, evtchn_2l.c
 * pending and mask words, virq.c).
 */
#ifndef HV_EVTCHN_H
#define HV_EVTCHN_H

#include <hv/bug.h>
#include <hv/domain.h>

#define EVTCHN_PORTS_MAX 4096u  /* 64 words of 64 bits */
#define EVTCHN_PER_BUCKET 256u  /* one page */
#define EVTCHN_PORT_STEP 64u    /* ports come into being so many at a time */

enum evtchn_state {
    ECS_FREE = 0, ECS_RESERVED, ECS_UNBOUND, ECS_INTERDOMAIN,
    ECS_PIRQ, ECS_VIRQ, ECS_IPI,
    ECS_HV,                    /* to the hypervisor's end of a console ring */
};

struct evtchn {
    uint8_t state;             /* enum evtchn_state */
    uint8_t virq;
    domid_t remote_domid;      /* UNBOUND, INTERDOMAIN */
    uint32_t remote_port;      /* INTERDOMAIN */
    uint32_t notify_vcpu;      /* atomic: read by the peer without our lock */
    uint32_t unused;           /* makes it 16 bytes, 256 in a page */
};

/* Makes the first ports; port 0 is reserved for ever. 0 or -XEN_ENOMEM. */
int evtchn_init(struct domain *d) MUST_CHECK;
/* Closes every port and frees the buckets. */
void evtchn_destroy(struct domain *d);

/* How many ports exist, be they free. It only grows, so it may be read
 * without the lock; what is below stays. */
static inline uint32_t evtchn_port_limit(const struct domain *d)
{
    return __atomic_load_n(&d->evtchn_port_limit, __ATOMIC_ACQUIRE);
}

/* The port's record, or NULL when the domain has no such port. Under
 * evtchn_lock, or a peer's as E3 of evtchn.c allows. */
static inline struct evtchn *evtchn_port(const struct domain *d, uint32_t port)
{
    if (port >= evtchn_port_limit(d)) {
        return NULL;
    }
    return &d->evtchn_buckets[port / EVTCHN_PER_BUCKET]
                             [port % EVTCHN_PER_BUCKET];
}

/* Finds the lowest free port, making room for it if need be: the caller
 * changes its state. 0, -XEN_EINVAL (dying), -XEN_ENOSPC, -XEN_ENOMEM. Under
 * evtchn_lock. */
int evtchn_find_free(struct domain *d, uint32_t *port) MUST_CHECK;

/* A port whose other end is the hypervisor: what is sent there makes it
 * service the domain's console ring. 0, or the errors of evtchn_find_free. */
int evtchn_bind_hv(struct domain *d, uint32_t *port) MUST_CHECK;

/*
 * The commands. Each takes evtchn_lock, those that touch a peer both; errors
 * in the order in which they are looked for.
 */

/* -XEN_ESRCH, the errors of evtchn_find_free, -XEN_EPERM. */
int evtchn_op_alloc_unbound(struct domain *d, struct evtchn_alloc_unbound *op);
/* -XEN_ESRCH, those of evtchn_find_free, -XEN_EINVAL: the remote port does
 * not wait for d. */
int evtchn_op_bind_interdomain(struct domain *d,
                               struct evtchn_bind_interdomain *op);
/* -XEN_EINVAL: no such VIRQ, or a global one elsewhere than on vcpu 0;
 * -XEN_ENOENT: no such vcpu; -XEN_EEXIST; those of evtchn_find_free. */
int evtchn_op_bind_virq(struct domain *d, struct evtchn_bind_virq *op);
/* -XEN_ENOENT: no such vcpu; those of evtchn_find_free. */
int evtchn_op_bind_ipi(struct domain *d, struct evtchn_bind_ipi *op);
/* -XEN_EINVAL: not a port in use. */
int evtchn_op_close(struct domain *d, struct evtchn_close *op);
/* -XEN_EINVAL: nothing can be sent there. An unbound port swallows it. */
int evtchn_op_send(struct domain *d, struct evtchn_send *op);
/* -XEN_ESRCH, -XEN_EINVAL: no such port, -XEN_EPERM. */
int evtchn_op_status(struct domain *d, struct evtchn_status *op);
/* -XEN_ENOENT: no such vcpu; -XEN_EINVAL: no such port, or bound for good. */
int evtchn_op_bind_vcpu(struct domain *d, struct evtchn_bind_vcpu *op);
/* -XEN_EINVAL: no such port. */
int evtchn_op_unmask(struct domain *d, struct evtchn_unmask *op);
/* -XEN_ESRCH, -XEN_EPERM, -XEN_EINVAL: another domain that is not paused.
 * Restartable: closed ports stay closed. */
int evtchn_op_reset(struct domain *d, struct evtchn_reset *op);

/* Panics unless the domain's ports obey E1-E5 of evtchn.c; for audit, with
 * every domain at rest. Takes no lock. */
void evtchn_audit(const struct domain *d);

/* Whether a VIRQ belongs to the domain instead of to each vcpu. */
bool virq_is_global(unsigned int virq);

/* Raises a virtual interrupt; nothing happens when it is not bound. */
void virq_raise_vcpu(struct vcpu *v, unsigned int virq);
void virq_raise_global(struct domain *d, unsigned int virq);

/* Sets the pending bit, selector and upcall_pending, wakes the vcpu; a
 * masked port only gets its bit. Takes no lock. */
void evtchn_2l_set_pending(struct vcpu *v, uint32_t port);

/* Clears the mask bit and makes up for an event that came behind it. */
void evtchn_2l_unmask(struct vcpu *v, uint32_t port);

void evtchn_2l_clear_pending(struct domain *d, uint32_t port);
bool evtchn_2l_is_pending(const struct domain *d, uint32_t port);

/* Whether the exit path must deliver: pending and not masked. */
static inline bool vcpu_event_deliverable(const struct vcpu *v)
{
    const struct vcpu_info *info = vcpu_info(v);

    return __atomic_load_n(&info->evtchn_upcall_pending,
                           __ATOMIC_RELAXED) != 0 &&
           __atomic_load_n(&info->evtchn_upcall_mask, __ATOMIC_RELAXED) == 0;
}

#endif
