/* SPDX-License-Identifier: MIT */
/*
 * Event channels (core/evtchn.c states, evtchn_2l.c and evtchn_fifo.c the two
 * forms of pending and masked, virq.c). A domain begins with the two-level
 * form and may choose FIFO.
 */
#ifndef HV_EVTCHN_H
#define HV_EVTCHN_H

#include <hv/bug.h>
#include <hv/domain.h>

#define EVTCHN_PORTS_MAX 131072u /* FIFO: 17 bits of link */
#define EVTCHN_2L_PORTS_MAX 4096u /* 64 words of 64 bits */
#define EVTCHN_PER_BUCKET 256u  /* one page */
#define EVTCHN_PORT_STEP 64u    /* ports come into being so many at a time */
#define EVTCHN_2L_BUCKETS (EVTCHN_2L_PORTS_MAX / EVTCHN_PER_BUCKET)
#define EVTCHN_FIFO_FRAMES_MAX (128 + VCPUS_MAX)

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
    /* FIFO; the last three under the queue lock */
    uint8_t priority;          /* atomic */
    uint8_t last_vcpu, last_priority; /* Q3 in evtchn_fifo.c; never reset */
    bool pending;              /* as long as the port has no word */
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
    if (UNLIKELY(port >= EVTCHN_2L_PORTS_MAX)) {
        return &d->evtchn_more[port / EVTCHN_PER_BUCKET - EVTCHN_2L_BUCKETS]
                              [port % EVTCHN_PER_BUCKET];
    }
    return &d->evtchn_buckets[port / EVTCHN_PER_BUCKET]
                             [port % EVTCHN_PER_BUCKET];
}

/* Finds the lowest free port, making room for it if need be: the caller
 * changes its state. 0, -XEN_EINVAL (dying), -XEN_ENOSPC, -XEN_ENOMEM; or
 * what hypercall_restart() returned, when there are very many. Under
 * evtchn_lock. */
int evtchn_find_free(struct domain *d, uint32_t *port) MUST_CHECK;

/* Gives the record a new state, with everything else as a new port has it. */
void evtchn_assign(struct evtchn *e, struct evtchn value);

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
 * Restartable: closed ports stay closed. The form is two-level again. */
int evtchn_op_reset(struct domain *d, struct evtchn_reset *op);

/* core/evtchn_fifo.c. -XEN_ENOENT: no such vcpu; -XEN_EINVAL: a bad offset, a
 * frame that is not the domain's to write, or the vcpu has one; -XEN_ENOMEM.
 * The first one turns the FIFO form on. */
int evtchn_op_init_control(struct domain *d, struct evtchn_init_control *op);
/* -XEN_EOPNOTSUPP: two-level; -XEN_ENOSPC: 128 pages; -XEN_EINVAL: a frame
 * that is not the domain's to write. */
int evtchn_op_expand_array(struct domain *d, struct evtchn_expand_array *op);
/* -XEN_EINVAL: no such port; -XEN_ENOSYS: two-level; -XEN_EINVAL: no such
 * priority. */
int evtchn_op_set_priority(struct domain *d, struct evtchn_set_priority *op);

/* Panics unless the domain's ports obey E1-E5 of evtchn.c; for audit, with
 * every domain at rest. Takes no lock. */
void evtchn_audit(const struct domain *d);

/* Whether a VIRQ belongs to the domain instead of to each vcpu. */
bool virq_is_global(unsigned int virq);

/* Raises a virtual interrupt; nothing happens when it is not bound. */
void virq_raise_vcpu(struct vcpu *v, unsigned int virq);
void virq_raise_global(struct domain *d, unsigned int virq);

/* --- the two forms --------------------------------------------------------- */

static inline bool evtchn_is_fifo(const struct domain *d)
{
    return __atomic_load_n(&d->evtchn_is_fifo, __ATOMIC_ACQUIRE);
}

/* Our caller needs no waking, unless it is just about to block: it looks at
 * upcall_pending before it runs again. */
static inline bool evtchn_needs_no_waking(const struct vcpu *v)
{
    return v == current_vcpu() &&
           __atomic_load_n(&v->state, __ATOMIC_RELAXED) == VCPU_RUNNING;
}

/* upcall_pending 0 -> 1 wakes the vcpu. */
static inline void evtchn_raise_upcall(struct vcpu *v)
{
    struct vcpu_info *info = vcpu_info(v);

    if (evtchn_needs_no_waking(v)) {
        __atomic_store_n(&info->evtchn_upcall_pending, 1, __ATOMIC_RELEASE);
        return;
    }
    if (__atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_RELAXED) == 0 &&
        __atomic_exchange_n(&info->evtchn_upcall_pending, 1,
                            __ATOMIC_SEQ_CST) == 0) {
        vcpu_wake(v);
    }
}

/* Who polls several ports is woken by any of the domain's. */
void evtchn_wake_pollers(struct domain *d, uint32_t port);

/* core/evtchn_fifo.c; the FIFO form is on. */
void evtchn_fifo_set_pending(struct vcpu *v, uint32_t port);
void evtchn_fifo_unmask(struct vcpu *v, uint32_t port);
void evtchn_fifo_clear_pending(struct domain *d, uint32_t port);
/* The port's event word; masked and nothing else when it has none. */
uint32_t evtchn_fifo_word(const struct domain *d, uint32_t port);
/* Back to two-level, with all ports closed. Takes evtchn_lock. */
void evtchn_fifo_leave(struct domain *d);
void evtchn_fifo_destroy(struct domain *d);
/* For audit: the frames held, n below EVTCHN_FIFO_FRAMES_MAX; INVALID_MFN
 * where there is none. */
mfn_t evtchn_fifo_frame(const struct domain *d, unsigned int n);

/*
 * core/evtchn_2l.c. A port above its range, left from the FIFO form, is never
 * pending.
 */

/* Who is still to be told of an event. */
enum evtchn_told {
    EVTCHN_OLD,                /* nobody: it was pending already */
    EVTCHN_TOLD,               /* nobody */
    EVTCHN_POLLERS,            /* vcpus of the domain that poll */
    EVTCHN_UPCALL,             /* the vcpu, which may sleep; and who polls */
};

/*
 * Sets the pending bit and, unless the port is masked, the selector, and
 * upcall_pending where nobody has to be woken by it. v is d's, and the port
 * in range. Takes no lock.
 */
static ALWAYS_INLINE enum evtchn_told
evtchn_2l_mark(struct domain *d, struct vcpu *v, uint32_t port)
{
    struct shared_info *shared = d->shared_info;
    struct vcpu_info *info;

    if (arch_bit_set(shared->evtchn_pending, port)) {
        return EVTCHN_OLD;
    }
    info = vcpu_info(v);
    /* P1. The guest clears upcall_pending before it takes the selector, so a
     * bit that is set there is still to be read. */
    if (!arch_bit_is_set(shared->evtchn_mask, port) &&
        !arch_bit_set(&info->evtchn_pending_sel, port / 64)) {
        if (UNLIKELY(!evtchn_needs_no_waking(v))) {
            return EVTCHN_UPCALL;
        }
        __atomic_store_n(&info->evtchn_upcall_pending, 1, __ATOMIC_RELEASE);
    }
    return __atomic_load_n(&d->evtchn_pollers, __ATOMIC_RELAXED) != 0
               ? EVTCHN_POLLERS : EVTCHN_TOLD;
}

/* Tells them. */
void evtchn_2l_tell(struct vcpu *v, uint32_t port, enum evtchn_told told);

/* Both of them; a port out of range is left alone. */
void evtchn_2l_set_pending(struct vcpu *v, uint32_t port);

/* Clears the mask bit and makes up for an event that came behind it. */
void evtchn_2l_unmask(struct vcpu *v, uint32_t port);

void evtchn_2l_clear_pending(struct domain *d, uint32_t port);

static inline bool evtchn_2l_is_pending(const struct domain *d, uint32_t port)
{
    return port < EVTCHN_2L_PORTS_MAX &&
           arch_bit_is_set(d->shared_info->evtchn_pending, port);
}

static inline bool evtchn_2l_is_masked(const struct domain *d, uint32_t port)
{
    return port < EVTCHN_2L_PORTS_MAX &&
           arch_bit_is_set(d->shared_info->evtchn_mask, port);
}

/* Of a port that exists. Takes at most the queue lock. */
static inline bool evtchn_is_pending(const struct domain *d, uint32_t port)
{
    if (evtchn_is_fifo(d)) {
        return (evtchn_fifo_word(d, port) >> EVTCHN_FIFO_PENDING & 1) != 0;
    }
    return evtchn_2l_is_pending(d, port);
}

static inline bool evtchn_is_masked(const struct domain *d, uint32_t port)
{
    if (evtchn_is_fifo(d)) {
        return (evtchn_fifo_word(d, port) >> EVTCHN_FIFO_MASKED & 1) != 0;
    }
    return evtchn_2l_is_masked(d, port);
}

/* Makes the port pending for v, in the form that the domain has. */
static inline void evtchn_set_pending(struct vcpu *v, uint32_t port)
{
    if (evtchn_is_fifo(v->domain)) {
        evtchn_fifo_set_pending(v, port);
    } else {
        evtchn_2l_set_pending(v, port);
    }
}

/* Whether the exit path must deliver: pending and not masked. */
static inline bool vcpu_event_deliverable(const struct vcpu *v)
{
    const struct vcpu_info *info = vcpu_info(v);

    return __atomic_load_n(&info->evtchn_upcall_pending,
                           __ATOMIC_RELAXED) != 0 &&
           __atomic_load_n(&info->evtchn_upcall_mask, __ATOMIC_RELAXED) == 0;
}

#endif
