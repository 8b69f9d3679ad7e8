/* SPDX-License-Identifier: MIT */
/*
 * Event channels: what a port is and to what it leads. How it is told to the
 * guest is the business of two forms, evtchn_2l.c and evtchn_fifo.c.
 *
 * A port is a number private to a domain. Behind it stands a record whose
 * state says what may happen to it:
 *
 *   FREE --alloc_unbound--> UNBOUND --(the peer binds)--> INTERDOMAIN
 *   FREE --bind_interdomain--> INTERDOMAIN    FREE --bind_virq--> VIRQ
 *   FREE --bind_ipi--> IPI                    any of these --close--> FREE
 *   INTERDOMAIN --(the peer closes)--> UNBOUND, waiting for the same peer
 *
 * Records come in steps as the lowest free port climbs, and stay until the
 * domain goes, so a record's address never becomes invalid.
 *
 *   E1  port 0 is RESERVED for ever: "0" can mean "none" everywhere
 *   E2  (d, p) INTERDOMAIN to (e, q)  <=>  (e, q) INTERDOMAIN to (d, p)
 *   E3  both ends of a connection change under both domains' locks; so
 *       holding one of them is enough to rely on E2, and sending takes one
 *   E4  v->virq_port[n] == p != 0  <=>  port p is VIRQ n, of that vcpu or,
 *       for global ones, noted at vcpu 0
 *   E5  no port below evtchn_free_hint is FREE
 *   E6  a port that becomes FREE is not pending: its next user starts with
 *       silence, unless the guest itself set the bit
 *
 * Locks: evtchn_lock, of two domains the lower address first. Sending wakes
 * vcpus, so LOCK_SCHED ranks above. Manual: event_channel_op.
 */
#include <hv/arch.h>
#include <hv/console_ring.h>
#include <hv/evtchn.h>
#include <hv/hypercall.h>
#include <hv/subop.h>
#include <hv/trace.h>

STATIC_ASSERT(EVTCHN_PER_BUCKET * sizeof(struct evtchn) == PAGE_SIZE,
              "a bucket is a page");
STATIC_ASSERT(EVTCHN_2L_BUCKETS ==
              ARRAY_SIZE(((struct domain *)0)->evtchn_buckets),
              "the buckets hold the ports of the two-level form");
STATIC_ASSERT((EVTCHN_PORTS_MAX / EVTCHN_PER_BUCKET - EVTCHN_2L_BUCKETS) *
              sizeof(struct evtchn *) <= PAGE_SIZE,
              "one page for the buckets of the others");

/* --- ports ---------------------------------------------------------------- */

static uint32_t ports_max(const struct domain *d)
{
    return evtchn_is_fifo(d) ? EVTCHN_PORTS_MAX : EVTCHN_2L_PORTS_MAX;
}

/* Where the address of the port's bucket stands; NULL: no memory. */
static struct evtchn **bucket_slot(struct domain *d, uint32_t port)
{
    uint32_t bucket = port / EVTCHN_PER_BUCKET;

    if (bucket < EVTCHN_2L_BUCKETS) {
        return &d->evtchn_buckets[bucket];
    }
    if (!d->evtchn_more) {
        d->evtchn_more = hv_alloc_pages(0);
    }
    return d->evtchn_more ? &d->evtchn_more[bucket - EVTCHN_2L_BUCKETS] : NULL;
}

/* Brings EVTCHN_PORT_STEP more ports into being. */
static int add_ports(struct domain *d)
{
    uint32_t first = d->evtchn_port_limit;
    struct evtchn **slot = bucket_slot(d, first);

    if (slot && !*slot) {
        *slot = hv_alloc_pages(0);
    }
    if (!slot || !*slot) {
        return -XEN_ENOMEM;
    }
    __atomic_store_n(&d->evtchn_port_limit, first + EVTCHN_PORT_STEP,
                     __ATOMIC_RELEASE);
    return 0;
}

#define LOOKS 1024u /* at ports, before the budget is asked */

int evtchn_find_free(struct domain *d, uint32_t *port)
{
    uint32_t first = d->evtchn_free_hint, p = first;
    int err;

    if (d->is_dying) {
        return -XEN_EINVAL;
    }
    while (p < d->evtchn_port_limit && evtchn_port(d, p)->state != ECS_FREE) {
        p++;
        if ((p - first) % LOOKS == 0 && !work_spend(LOOKS / 4)) {
            d->evtchn_free_hint = p; /* goes on from here */
            *port = 0;
            return (int)hypercall_restart(0, NULL);
        }
    }
    d->evtchn_free_hint = p;
    if (p >= ports_max(d)) {
        return -XEN_ENOSPC;
    }
    if (p == d->evtchn_port_limit) {
        err = add_ports(d);
        if (err) {
            return err;
        }
    }
    *port = p;
    return 0;
}

void evtchn_assign(struct evtchn *e, struct evtchn value)
{
    value.priority = EVTCHN_FIFO_PRIORITY_DEFAULT;
    value.last_vcpu = e->last_vcpu;
    value.last_priority = e->last_priority;
    *e = value;
}

/* E6: what was pending dies with the port. */
static void set_free(struct domain *d, uint32_t port)
{
    if (evtchn_is_fifo(d)) {
        evtchn_fifo_clear_pending(d, port);
    } else {
        evtchn_2l_clear_pending(d, port);
    }
    evtchn_assign(evtchn_port(d, port), (struct evtchn){ .state = ECS_FREE });
    if (port < d->evtchn_free_hint) {
        d->evtchn_free_hint = port;
    }
}

int evtchn_init(struct domain *d)
{
    int err = add_ports(d);

    if (!err) {
        evtchn_port(d, 0)->state = ECS_RESERVED; /* E1 */
    }
    return err;
}

/* --- either form ---------------------------------------------------------- */

void evtchn_wake_pollers(struct domain *d, uint32_t port)
{
    uint32_t left = __atomic_load_n(&d->evtchn_pollers, __ATOMIC_RELAXED);

    while (left != 0) {
        struct vcpu *v = d->vcpus[__builtin_ctz(left)];
        uint32_t single = __atomic_load_n(&v->poll_single, __ATOMIC_RELAXED);

        left &= left - 1;
        if (single == 0 || single == port) {
            vcpu_wake(v);
        }
    }
}

/* --- two domains ---------------------------------------------------------- */

static void lock_both(struct domain *a, struct domain *b)
{
    if (!b || a == b) {
        spin_lock(&a->evtchn_lock);
        return;
    }
    spin_lock(a < b ? &a->evtchn_lock : &b->evtchn_lock);
    spin_lock_second(a < b ? &b->evtchn_lock : &a->evtchn_lock);
}

static void unlock_both(struct domain *a, struct domain *b)
{
    if (b && b != a) {
        spin_unlock(&b->evtchn_lock);
    }
    spin_unlock(&a->evtchn_lock);
}

/*
 * Locks d, and with it the peer of d's port. The peer is known only under
 * d's lock, which must be dropped when the peer's comes first; so look, lock,
 * and look again, until what was locked is what the port leads to. Returns
 * the second domain locked, which unlock_both() needs, or NULL.
 */
static struct domain *lock_with_peer(struct domain *d, uint32_t port)
{
    struct domain *locked = NULL;

    for (;;) {
        const struct evtchn *e;
        struct domain *peer;

        lock_both(d, locked);
        e = evtchn_port(d, port);
        peer = e && e->state == ECS_INTERDOMAIN
                   ? domain_by_id(e->remote_domid) : NULL;
        if (!peer || peer == d || peer == locked) {
            return locked;
        }
        unlock_both(d, locked);
        locked = peer;
    }
}

/* Whether d may ask for something of another domain's. */
static bool may_target(const struct domain *d, const struct domain *target)
{
    return d == target || d->is_privileged;
}

static domid_t resolve_id(const struct domain *d, domid_t id)
{
    return id == DOMID_SELF ? d->id : id;
}

/* --- commands: making ports ----------------------------------------------- */

int evtchn_op_alloc_unbound(struct domain *d, struct evtchn_alloc_unbound *op)
{
    struct domain *owner = domain_resolve(d, op->dom);
    uint32_t port;
    int err;

    if (!owner) {
        return -XEN_ESRCH;
    }
    spin_lock(&owner->evtchn_lock);
    err = evtchn_find_free(owner, &port);
    if (!err && !may_target(d, owner)) {
        err = -XEN_EPERM;
    }
    if (!err) {
        evtchn_assign(evtchn_port(owner, port), (struct evtchn){
            .state = ECS_UNBOUND,
            .remote_domid = resolve_id(d, op->remote_dom),
        });
        op->port = port;
    }
    spin_unlock(&owner->evtchn_lock);
    return err;
}

int evtchn_op_bind_interdomain(struct domain *d,
                               struct evtchn_bind_interdomain *op)
{
    struct domain *peer = domain_resolve(d, op->remote_dom);
    struct evtchn *there;
    uint32_t port;
    int err;

    if (!peer) {
        return -XEN_ESRCH;
    }
    lock_both(d, peer);
    err = evtchn_find_free(d, &port);
    if (err) {
        goto out_unlock;
    }
    there = evtchn_port(peer, op->remote_port);
    if (!there || there->state != ECS_UNBOUND ||
        there->remote_domid != d->id) {
        err = -XEN_EINVAL;
        goto out_unlock;
    }
    evtchn_assign(evtchn_port(d, port), (struct evtchn){
        .state = ECS_INTERDOMAIN,
        .remote_domid = peer->id,
        .remote_port = op->remote_port,
    });
    there->state = ECS_INTERDOMAIN;
    there->remote_port = port;
    /* The peer may have sent before there was anyone to hear it. */
    evtchn_set_pending(d->vcpus[0], port);
    op->local_port = port;
out_unlock:
    unlock_both(d, peer);
    return err;
}

int evtchn_bind_hv(struct domain *d, uint32_t *port)
{
    int err;

    spin_lock(&d->evtchn_lock);
    err = evtchn_find_free(d, port);
    if (!err) {
        evtchn_assign(evtchn_port(d, *port),
                      (struct evtchn){ .state = ECS_HV });
    }
    spin_unlock(&d->evtchn_lock);
    return err;
}

int evtchn_op_bind_ipi(struct domain *d, struct evtchn_bind_ipi *op)
{
    uint32_t port;
    int err;

    if (op->vcpu >= d->vcpu_count) {
        return -XEN_ENOENT;
    }
    spin_lock(&d->evtchn_lock);
    err = evtchn_find_free(d, &port);
    if (!err) {
        evtchn_assign(evtchn_port(d, port), (struct evtchn){
            .state = ECS_IPI,
            .notify_vcpu = op->vcpu,
        });
        op->port = port;
    }
    spin_unlock(&d->evtchn_lock);
    return err;
}

/* --- commands: unmaking ports --------------------------------------------- */

/* E4: the vcpu at which a VIRQ port is noted. */
static struct vcpu *virq_holder(struct domain *d, const struct evtchn *e)
{
    return d->vcpus[virq_is_global(e->virq) ? 0 : e->notify_vcpu];
}

int evtchn_op_close(struct domain *d, struct evtchn_close *op)
{
    struct domain *locked = lock_with_peer(d, op->port);
    struct evtchn *e = evtchn_port(d, op->port);
    int err = 0;

    if (!e || e->state == ECS_FREE || e->state == ECS_RESERVED ||
        e->state == ECS_HV) {
        err = -XEN_EINVAL;
        goto out_unlock;
    }
    if (e->state == ECS_INTERDOMAIN) {
        struct domain *peer = domain_by_id(e->remote_domid);
        struct evtchn *there = evtchn_port(peer, e->remote_port);

        ASSERT(there && there->state == ECS_INTERDOMAIN &&
               there->remote_port == op->port);                     /* E2 */
        there->state = ECS_UNBOUND;
        there->remote_domid = d->id;
        there->remote_port = 0;
    } else if (e->state == ECS_VIRQ) {
        virq_holder(d, e)->virq_port[e->virq] = 0;
    }
    set_free(d, op->port);
out_unlock:
    unlock_both(d, locked);
    return err;
}

/* False when the budget is spent: go on, from where it was. */
static bool close_all(struct domain *d)
{
    uint32_t port = __atomic_load_n(&d->evtchn_reset_next, __ATOMIC_RELAXED);
    bool go_on = true;

    for (; go_on && port < evtchn_port_limit(d); port++) {
        struct evtchn_close close = { .port = port };

        go_on = work_spend(evtchn_op_close(d, &close) == 0 ? 8 : 1);
    }
    __atomic_store_n(&d->evtchn_reset_next, go_on ? 0 : port,
                     __ATOMIC_RELAXED);
    return go_on;
}

int evtchn_op_reset(struct domain *d, struct evtchn_reset *op)
{
    struct domain *target = domain_resolve(d, op->dom);

    if (!target) {
        return -XEN_ESRCH;
    }
    if (!may_target(d, target)) {
        return -XEN_EPERM;
    }
    if (target != d) {
        return -XEN_EINVAL; /* nobody can pause another domain yet */
    }
    if (!close_all(d)) {
        return (int)hypercall_restart(0, NULL);
    }
    evtchn_fifo_leave(d);
    return 0;
}

static void free_buckets(struct evtchn **slots, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++) {
        if (slots[i]) {
            hv_free_pages(slots[i], 0);
            slots[i] = NULL;
        }
    }
}

void evtchn_destroy(struct domain *d)
{
    uint32_t port;

    for (port = 1; port < evtchn_port_limit(d); port++) {
        struct evtchn_close close = { .port = port };

        evtchn_op_close(d, &close);
    }
    evtchn_fifo_destroy(d);
    d->evtchn_port_limit = 0;
    free_buckets(d->evtchn_buckets, EVTCHN_2L_BUCKETS);
    if (d->evtchn_more) {
        free_buckets(d->evtchn_more, EVTCHN_PORTS_MAX / EVTCHN_PER_BUCKET -
                                         EVTCHN_2L_BUCKETS);
        hv_free_pages(d->evtchn_more, 0);
        d->evtchn_more = NULL;
    }
}

/* --- commands: using ports ------------------------------------------------ */

/* E3: with our own lock held the peer's record is ours, and its domain can
 * not be gone; only notify_vcpu may change meanwhile. */
static void send_to_peer(const struct evtchn *e)
{
    struct domain *peer = domain_by_id(e->remote_domid);
    const struct evtchn *there = evtchn_port(peer, e->remote_port);
    uint32_t vcpu = __atomic_load_n(&there->notify_vcpu, __ATOMIC_RELAXED);

    evtchn_set_pending(peer->vcpus[vcpu], e->remote_port);
}

/* Any send; unlocks d. */
static __attribute__((noinline))
int64_t send_locked(struct domain *d, uint32_t port)
{
    const struct evtchn *e = evtchn_port(d, port);
    bool to_hv = false;
    int64_t err = 0;

    switch (e ? e->state : ECS_FREE) {
    case ECS_HV:
        to_hv = true;
        break;
    case ECS_INTERDOMAIN:
        send_to_peer(e);
        break;
    case ECS_IPI:
        evtchn_set_pending(d->vcpus[e->notify_vcpu], port);
        break;
    case ECS_UNBOUND:
        break;
    default:
        err = -XEN_EINVAL;
        break;
    }
    spin_unlock(&d->evtchn_lock);
    if (to_hv) {
        console_ring_service(d);
    }
    return err;
}

int evtchn_op_send(struct domain *d, struct evtchn_send *op)
{
    spin_lock(&d->evtchn_lock);
    return (int)send_locked(d, op->port);
}

static COLD int64_t send_wait(struct domain *d, uint32_t port, uint16_t ticket)
{
    spin_lock_wait(&d->evtchn_lock, ticket);
    return send_locked(d, port);
}

static __attribute__((noinline))
int64_t send_tell(struct domain *d, struct vcpu *v, uint32_t port,
                  enum evtchn_told told)
{
    evtchn_2l_tell(v, port, told);
    spin_unlock(&d->evtchn_lock);
    return 0;
}

/*
 * The same for the call that kernels make most, to a vcpu of their own: one
 * piece, that goes over to others only where nothing is left to do for it.
 * So it has no registers to save.
 */
static ALWAYS_INLINE int64_t send(struct domain *d, uint32_t port)
{
    enum evtchn_told told;
    const struct evtchn *e;
    uint16_t ticket;
    struct vcpu *v;

    if (UNLIKELY(!spin_lock_begin(&d->evtchn_lock, &ticket))) {
        return send_wait(d, port, ticket);
    }
    if (UNLIKELY(port >= evtchn_port_limit(d) ||
                 port >= EVTCHN_2L_PORTS_MAX || evtchn_is_fifo(d) ||
                 trace_mask != 0)) {
        return send_locked(d, port);
    }
    e = &d->evtchn_buckets[port / EVTCHN_PER_BUCKET]
                          [port % EVTCHN_PER_BUCKET];
    if (e->state != ECS_IPI) {
        return send_locked(d, port);
    }
    v = d->vcpus[e->notify_vcpu];
    told = evtchn_2l_mark(d, v, port);
    if (told >= EVTCHN_POLLERS) {
        return send_tell(d, v, port, told);
    }
    spin_unlock(&d->evtchn_lock);
    return 0;
}

/* What a port's state is called outside, and what is told with it. */
static void describe(const struct evtchn *e, struct evtchn_status *op)
{
    op->vcpu = e->notify_vcpu;
    memset(&op->u, 0, sizeof(op->u));
    switch (e->state) {
    case ECS_UNBOUND:
        op->status = EVTCHNSTAT_unbound;
        op->u.unbound.dom = e->remote_domid;
        break;
    case ECS_INTERDOMAIN:
        op->status = EVTCHNSTAT_interdomain;
        op->u.interdomain.dom = e->remote_domid;
        op->u.interdomain.port = e->remote_port;
        break;
    case ECS_VIRQ:
        op->status = EVTCHNSTAT_virq;
        op->u.virq = e->virq;
        break;
    case ECS_HV: /* a guest sees a connection like any other */
        op->status = EVTCHNSTAT_interdomain;
        break;
    case ECS_IPI:
        op->status = EVTCHNSTAT_ipi;
        break;
    default:
        op->status = EVTCHNSTAT_closed;
        break;
    }
}

int evtchn_op_status(struct domain *d, struct evtchn_status *op)
{
    struct domain *owner = domain_resolve(d, op->dom);
    const struct evtchn *e;
    int err = 0;

    if (!owner) {
        return -XEN_ESRCH;
    }
    spin_lock(&owner->evtchn_lock);
    e = evtchn_port(owner, op->port);
    if (!e) {
        err = -XEN_EINVAL;
    } else if (!may_target(d, owner)) {
        err = -XEN_EPERM;
    } else {
        describe(e, op);
    }
    spin_unlock(&owner->evtchn_lock);
    return err;
}

/* IPIs and VIRQs of one vcpu stay where they were bound. */
static bool may_move(const struct evtchn *e)
{
    return e->state == ECS_UNBOUND || e->state == ECS_INTERDOMAIN ||
           e->state == ECS_HV ||
           (e->state == ECS_VIRQ && virq_is_global(e->virq));
}

int evtchn_op_bind_vcpu(struct domain *d, struct evtchn_bind_vcpu *op)
{
    struct evtchn *e;
    int err = 0;

    if (op->vcpu >= d->vcpu_count) {
        return -XEN_ENOENT;
    }
    spin_lock(&d->evtchn_lock);
    e = evtchn_port(d, op->port);
    if (!e || !may_move(e)) {
        err = -XEN_EINVAL;
    } else {
        __atomic_store_n(&e->notify_vcpu, op->vcpu, __ATOMIC_RELAXED);
    }
    spin_unlock(&d->evtchn_lock);
    return err;
}

int evtchn_op_unmask(struct domain *d, struct evtchn_unmask *op)
{
    const struct evtchn *e;
    int err = 0;

    spin_lock(&d->evtchn_lock);
    e = evtchn_port(d, op->port);
    if (!e) {
        err = -XEN_EINVAL;
    } else if (e->state == ECS_FREE || e->state == ECS_RESERVED) {
        /* nobody's: nothing to deliver */
    } else if (evtchn_is_fifo(d)) {
        evtchn_fifo_unmask(d->vcpus[e->notify_vcpu], op->port);
    } else {
        evtchn_2l_unmask(d->vcpus[e->notify_vcpu], op->port);
    }
    spin_unlock(&d->evtchn_lock);
    return err;
}

/* --- audit ---------------------------------------------------------------- */

static void audit_port(const struct domain *d, uint32_t port)
{
    const struct evtchn *e = evtchn_port(d, port), *there;
    const struct domain *peer;

    BUG_ON(e->notify_vcpu >= d->vcpu_count);
    BUG_ON((port == 0) != (e->state == ECS_RESERVED));              /* E1 */
    switch (e->state) {
    case ECS_FREE:
        BUG_ON(port < d->evtchn_free_hint);                         /* E5 */
        break;
    case ECS_INTERDOMAIN:
        peer = domain_by_id(e->remote_domid);
        BUG_ON(!peer);
        there = evtchn_port(peer, e->remote_port);
        BUG_ON(!there || there->state != ECS_INTERDOMAIN ||
               there->remote_domid != d->id || there->remote_port != port);
        break;                                                      /* E2 */
    case ECS_VIRQ:
        BUG_ON(d->vcpus[virq_is_global(e->virq) ? 0 : e->notify_vcpu]
                   ->virq_port[e->virq] != port);                   /* E4 */
        break;
    default:
        break;
    }
}

void evtchn_audit(const struct domain *d)
{
    uint32_t port, virq, id;

    for (port = 0; port < d->evtchn_port_limit; port++) {
        audit_port(d, port);
    }
    for (id = 0; id < d->vcpu_count; id++) {
        for (virq = 0; virq < NR_VIRQS; virq++) {
            uint32_t bound = d->vcpus[id]->virq_port[virq];
            const struct evtchn *e = bound ? evtchn_port(d, bound) : NULL;

            BUG_ON(bound && (!e || e->state != ECS_VIRQ ||
                             e->virq != virq));                     /* E4 */
        }
    }
}

/* --- the call ------------------------------------------------------------- */

#undef SUBOP_event_channel_op
#define SUBOP_event_channel_op(command, type, direction, handler) \
    SUBOP_CASE_##direction(command, type, arg, handler, d)

static __attribute__((noinline))
int64_t other_op(struct domain *d, uint32_t cmd, uint64_t arg)
{
    switch (cmd) {
#include <subops.def>
    default:
        return -XEN_ENOSYS;
    }
}

int64_t hc_event_channel_op(uint64_t cmd, uint64_t arg, uint64_t a2,
                            uint64_t a3, uint64_t a4)
{
    struct domain *d = current_domain();
    evtchn_port_t port;

    if ((uint32_t)cmd != EVTCHNOP_send) {
        return other_op(d, (uint32_t)cmd, arg);
    }
    return guest_load32(GVA(arg), &port) ? -XEN_EFAULT : send(d, port);
}
