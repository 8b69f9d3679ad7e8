/* SPDX-License-Identifier: MIT */
/*
 * Event channels: states, errors in their order, delivery, hostile numbers.
 * The last test walks at random through all commands beside a model that
 * knows nothing of buckets, hints and locks.
 */
#include "test_main.h"
#include "world.h"

#include <pthread.h>
#include <string.h>

#include <hv/evtchn.h>

static struct world *w;
static struct domain *d0, *d1;

static void setup(void)
{
    w = world_with_cpus(2, 8, 2, 2);
    d0 = w->domains[0];
    d1 = w->domains[1];
    this_cpu()->work_left = WORK_BUDGET;
}

static void teardown(void)
{
    evtchn_audit(d0);
    evtchn_audit(d1);
    world_free(w);
}

/* --- shorthand ------------------------------------------------------------ */

static int alloc(struct domain *d, domid_t dom, domid_t remote, uint32_t *port)
{
    struct evtchn_alloc_unbound op = { .dom = dom, .remote_dom = remote };
    int err = evtchn_op_alloc_unbound(d, &op);

    *port = op.port;
    return err;
}

static int bind(struct domain *d, domid_t dom, uint32_t there, uint32_t *port)
{
    struct evtchn_bind_interdomain op = { .remote_dom = dom,
                                          .remote_port = there };
    int err = evtchn_op_bind_interdomain(d, &op);

    *port = op.local_port;
    return err;
}

static int bind_virq(struct domain *d, uint32_t virq, uint32_t vcpu,
                     uint32_t *port)
{
    struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
    int err = evtchn_op_bind_virq(d, &op);

    *port = op.port;
    return err;
}

static int bind_ipi(struct domain *d, uint32_t vcpu, uint32_t *port)
{
    struct evtchn_bind_ipi op = { .vcpu = vcpu };
    int err = evtchn_op_bind_ipi(d, &op);

    *port = op.port;
    return err;
}

static int close_port(struct domain *d, uint32_t port)
{
    struct evtchn_close op = { .port = port };

    return evtchn_op_close(d, &op);
}

/* Of the domain that runs, by the hypercall: it has a short way of its own. */
static int send(struct domain *d, uint32_t port)
{
    struct evtchn_send op = { .port = port };
    gva_t arg;
    int err;

    if (d != current_domain()) {
        return evtchn_op_send(d, &op);
    }
    world_args_reset(w);
    arg = world_arg(w, &op, sizeof(op));
    err = (int)world_call(__HYPERVISOR_event_channel_op, EVTCHNOP_send, arg.v,
                          0, 0, 0);
    world_args_reset(w);
    return err;
}

static int unmask(struct domain *d, uint32_t port)
{
    struct evtchn_unmask op = { .port = port };

    return evtchn_op_unmask(d, &op);
}

static int bind_vcpu(struct domain *d, uint32_t port, uint32_t vcpu)
{
    struct evtchn_bind_vcpu op = { .port = port, .vcpu = vcpu };

    return evtchn_op_bind_vcpu(d, &op);
}

static int reset(struct domain *d, domid_t dom)
{
    struct evtchn_reset op = { .dom = dom };

    return evtchn_op_reset(d, &op);
}

static int status(struct domain *d, domid_t dom, uint32_t port,
                  struct evtchn_status *op)
{
    memset(op, 0xff, sizeof(*op));
    op->dom = dom;
    op->port = port;
    return evtchn_op_status(d, op);
}

static uint32_t state_of(struct domain *d, uint32_t port)
{
    struct evtchn_status op;

    ck_assert_int_eq(status(d, DOMID_SELF, port, &op), 0);
    return op.status;
}

/* Connects a port of d0 with one of d1. */
static void connect(uint32_t *p0, uint32_t *p1)
{
    ck_assert_int_eq(alloc(d0, DOMID_SELF, 1, p0), 0);
    ck_assert_int_eq(bind(d1, 0, *p0, p1), 0);
}

/* The guest has dealt with everything. */
static void quiet(struct domain *d)
{
    uint32_t i;

    memset(d->shared_info->evtchn_pending, 0,
           sizeof(d->shared_info->evtchn_pending));
    for (i = 0; i < d->vcpu_count; i++) {
        d->vcpus[i]->info->evtchn_pending_sel = 0;
        d->vcpus[i]->info->evtchn_upcall_pending = 0;
    }
}

static bool selected(struct vcpu *v, uint32_t port)
{
    return (v->info->evtchn_pending_sel >> (port / 64)) & 1;
}

static void mask(struct domain *d, uint32_t port)
{
    d->shared_info->evtchn_mask[port / 64] |= 1ull << (port % 64);
}

/* --- ports ---------------------------------------------------------------- */

START_TEST(port_zero_is_never_given)
{
    uint32_t port;

    ck_assert_int_eq(alloc(d0, DOMID_SELF, 1, &port), 0);
    ck_assert_uint_eq(port, 1);
    ck_assert_uint_eq(state_of(d0, 0), EVTCHNSTAT_closed);
    ck_assert_int_eq(close_port(d0, 0), -XEN_EINVAL);
    ck_assert_int_eq(send(d0, 0), -XEN_EINVAL);
    ck_assert_int_eq(bind_vcpu(d0, 0, 0), -XEN_EINVAL);
    ck_assert_int_eq(unmask(d0, 0), 0);
    ck_assert_int_eq(bind(d1, 0, 0, &port), -XEN_EINVAL);
}
END_TEST

START_TEST(the_lowest_free_port_is_given)
{
    uint32_t port, i;

    for (i = 1; i <= 70; i++) {
        ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
        ck_assert_uint_eq(port, i);
    }
    ck_assert_int_eq(close_port(d0, 66), 0);
    ck_assert_int_eq(close_port(d0, 3), 0);
    ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
    ck_assert_uint_eq(port, 3);
    ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
    ck_assert_uint_eq(port, 66);
    ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
    ck_assert_uint_eq(port, 71);
}
END_TEST

START_TEST(all_ports_can_be_used_and_no_more)
{
    uint32_t port, i;

    for (i = 1; i < EVTCHN_2L_PORTS_MAX; i++) {
        ck_assert_int_eq(alloc(d1, DOMID_SELF, 0, &port), 0);
        ck_assert_uint_eq(port, i);
    }
    ck_assert_int_eq(alloc(d1, DOMID_SELF, 0, &port), -XEN_ENOSPC);
    ck_assert_int_eq(bind_ipi(d1, 0, &port), -XEN_ENOSPC);
    ck_assert_int_eq(bind_virq(d1, VIRQ_TIMER, 0, &port), -XEN_ENOSPC);
    /* The error of the local port comes before that of the remote one. */
    ck_assert_int_eq(bind(d1, 0, 4000, &port), -XEN_ENOSPC);
    evtchn_audit(d1);
    ck_assert_int_eq(send(d1, EVTCHN_2L_PORTS_MAX - 1), 0);
    ck_assert_int_eq(close_port(d1, EVTCHN_2L_PORTS_MAX - 1), 0);
    ck_assert_int_eq(bind_ipi(d1, 1, &port), 0);
    ck_assert_uint_eq(port, EVTCHN_2L_PORTS_MAX - 1);
    ck_assert_int_eq(send(d1, port), 0);
    ck_assert(evtchn_2l_is_pending(d1, port));
    ck_assert(selected(d1->vcpus[1], port));
}
END_TEST

START_TEST(numbers_that_are_no_ports_are_refused)
{
    static const uint32_t bad[] = { 64, 255, 256, 4095, 4096, 4097, 1u << 16,
                                    0x7fffffff, 0x80000000, 0xfffffffe, ~0u };
    struct evtchn_status op;
    uint32_t port;
    size_t i;

    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_int_eq(close_port(d0, bad[i]), -XEN_EINVAL);
        ck_assert_int_eq(send(d0, bad[i]), -XEN_EINVAL);
        ck_assert_int_eq(unmask(d0, bad[i]), -XEN_EINVAL);
        ck_assert_int_eq(bind_vcpu(d0, bad[i], 0), -XEN_EINVAL);
        ck_assert_int_eq(bind_vcpu(d0, bad[i], 2), -XEN_ENOENT);
        ck_assert_int_eq(status(d0, DOMID_SELF, bad[i], &op), -XEN_EINVAL);
        ck_assert_int_eq(bind(d1, 0, bad[i], &port), -XEN_EINVAL);
    }
}
END_TEST

START_TEST(free_ports_are_closed_and_not_usable)
{
    uint32_t port = 5;

    ck_assert_uint_eq(state_of(d0, port), EVTCHNSTAT_closed);
    ck_assert_int_eq(close_port(d0, port), -XEN_EINVAL);
    ck_assert_int_eq(send(d0, port), -XEN_EINVAL);
    ck_assert_int_eq(bind_vcpu(d0, port, 0), -XEN_EINVAL);
    mask(d0, port);
    ck_assert_int_eq(unmask(d0, port), 0);
    ck_assert_uint_eq(d0->shared_info->evtchn_mask[0], 1ull << port);
}
END_TEST

START_TEST(growing_without_memory_changes_nothing)
{
    uint32_t port, i;

    for (i = 1; i < EVTCHN_PER_BUCKET; i++) {
        ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
    }
    host_fail_alloc(1);
    ck_assert_int_eq(bind_ipi(d0, 0, &port), -XEN_ENOMEM);
    host_fail_alloc(1);
    ck_assert_int_eq(alloc(d0, DOMID_SELF, 1, &port), -XEN_ENOMEM);
    host_fail_alloc(1);
    ck_assert_int_eq(bind(d0, 1, 0, &port), -XEN_ENOMEM);
    host_fail_alloc(1);
    ck_assert_int_eq(bind_virq(d0, VIRQ_TIMER, 0, &port), -XEN_ENOMEM);
    host_fail_alloc(0);
    evtchn_audit(d0);
    ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
    ck_assert_uint_eq(port, EVTCHN_PER_BUCKET);
}
END_TEST

/* --- connections ---------------------------------------------------------- */

START_TEST(a_connection_carries_events_both_ways)
{
    uint32_t p0, p1;

    connect(&p0, &p1);
    /* Something may have been sent before: the binder looks once. */
    ck_assert(evtchn_2l_is_pending(d1, p1));
    ck_assert(!evtchn_2l_is_pending(d0, p0));
    quiet(d1);

    ck_assert_int_eq(send(d0, p0), 0);
    ck_assert(evtchn_2l_is_pending(d1, p1));
    ck_assert(selected(d1->vcpus[0], p1));
    ck_assert_uint_eq(d1->vcpus[0]->info->evtchn_upcall_pending, 1);
    ck_assert(!evtchn_2l_is_pending(d0, p0));

    ck_assert_int_eq(send(d1, p1), 0);
    ck_assert(evtchn_2l_is_pending(d0, p0));
}
END_TEST

START_TEST(status_describes_both_ends)
{
    struct evtchn_status op;
    uint32_t p0, p1, spare;

    ck_assert_int_eq(alloc(d1, DOMID_SELF, 0, &spare), 0);
    connect(&p0, &p1);
    ck_assert_int_eq(status(d1, DOMID_SELF, p1, &op), 0);
    ck_assert_uint_eq(op.status, EVTCHNSTAT_interdomain);
    ck_assert_uint_eq(op.u.interdomain.dom, 0);
    ck_assert_uint_eq(op.u.interdomain.port, p0);
    ck_assert_uint_eq(op.vcpu, 0);
    /* Privilege sees another domain's. */
    ck_assert_int_eq(status(d0, 1, p1, &op), 0);
    ck_assert_uint_eq(op.u.interdomain.port, p0);
    ck_assert_int_eq(status(d0, 1, spare, &op), 0);
    ck_assert_uint_eq(op.status, EVTCHNSTAT_unbound);
    ck_assert_uint_eq(op.u.unbound.dom, 0);
}
END_TEST

START_TEST(only_the_invited_domain_may_bind)
{
    uint32_t for_self, for_1, port;

    ck_assert_int_eq(alloc(d0, DOMID_SELF, DOMID_SELF, &for_self), 0);
    ck_assert_int_eq(alloc(d0, DOMID_SELF, 1, &for_1), 0);
    ck_assert_int_eq(bind(d1, 0, for_self, &port), -XEN_EINVAL);
    ck_assert_int_eq(bind(d0, DOMID_SELF, for_1, &port), -XEN_EINVAL);
    ck_assert_int_eq(bind(d1, 7, for_1, &port), -XEN_ESRCH);
    ck_assert_int_eq(bind(d1, 64, for_1, &port), -XEN_ESRCH);
    ck_assert_int_eq(bind(d1, DOMID_XEN, for_1, &port), -XEN_ESRCH);
    ck_assert_int_eq(bind(d1, 0, for_1, &port), 0);
    ck_assert_int_eq(bind(d1, 0, for_1, &port), -XEN_EINVAL);
}
END_TEST

START_TEST(privilege_is_asked_for_after_existence)
{
    struct evtchn_status op;
    uint32_t port, theirs;

    ck_assert_int_eq(alloc(d1, 7, 0, &port), -XEN_ESRCH);
    ck_assert_int_eq(alloc(d1, 0, 1, &port), -XEN_EPERM);
    ck_assert_int_eq(alloc(d0, 1, 0, &theirs), 0);
    ck_assert_uint_eq(state_of(d1, theirs), EVTCHNSTAT_unbound);
    ck_assert_int_eq(status(d1, 7, 1, &op), -XEN_ESRCH);
    ck_assert_int_eq(status(d1, 0, 4096, &op), -XEN_EINVAL);
    ck_assert_int_eq(status(d1, 0, 1, &op), -XEN_EPERM);
    ck_assert_int_eq(reset(d1, 7), -XEN_ESRCH);
    ck_assert_int_eq(reset(d1, 0), -XEN_EPERM);
    ck_assert_int_eq(reset(d0, 1), -XEN_EINVAL);
    /* A domain that does not exist may be invited. */
    ck_assert_int_eq(alloc(d0, DOMID_SELF, 33, &port), 0);
    ck_assert_int_eq(send(d0, port), 0);
}
END_TEST

START_TEST(closing_one_end_leaves_the_other_waiting)
{
    struct evtchn_status op;
    uint32_t p0, p1, again;

    connect(&p0, &p1);
    ck_assert_int_eq(close_port(d1, p1), 0);
    ck_assert_uint_eq(state_of(d1, p1), EVTCHNSTAT_closed);
    ck_assert_int_eq(status(d0, DOMID_SELF, p0, &op), 0);
    ck_assert_uint_eq(op.status, EVTCHNSTAT_unbound);
    ck_assert_uint_eq(op.u.unbound.dom, 1);
    ck_assert_int_eq(send(d0, p0), 0); /* swallowed */
    ck_assert_int_eq(bind(d1, 0, p0, &again), 0);
    ck_assert_int_eq(close_port(d0, p0), 0);
    ck_assert_uint_eq(state_of(d1, again), EVTCHNSTAT_unbound);
}
END_TEST

START_TEST(a_domain_can_talk_to_itself)
{
    uint32_t a, b;

    ck_assert_int_eq(alloc(d1, DOMID_SELF, DOMID_SELF, &a), 0);
    ck_assert_int_eq(bind(d1, DOMID_SELF, a, &b), 0);
    ck_assert_uint_ne(a, b);
    quiet(d1);
    ck_assert_int_eq(send(d1, a), 0);
    ck_assert(evtchn_2l_is_pending(d1, b));
    ck_assert(!evtchn_2l_is_pending(d1, a));
    ck_assert_int_eq(close_port(d1, a), 0);
    ck_assert_uint_eq(state_of(d1, b), EVTCHNSTAT_unbound);
    ck_assert_int_eq(close_port(d1, b), 0);
}
END_TEST

START_TEST(a_port_cannot_be_bound_to_itself)
{
    uint32_t a, b;

    ck_assert_int_eq(alloc(d1, DOMID_SELF, DOMID_SELF, &a), 0);
    /* The port that the call itself would take is FREE when it looks. */
    ck_assert_int_eq(bind(d1, DOMID_SELF, a + 1, &b), -XEN_EINVAL);
    ck_assert_uint_eq(state_of(d1, a + 1), EVTCHNSTAT_closed);
}
END_TEST

START_TEST(a_closed_port_is_silent_for_its_next_user)
{
    uint32_t port;

    ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
    ck_assert_int_eq(send(d0, port), 0);
    ck_assert(evtchn_2l_is_pending(d0, port));
    ck_assert_int_eq(close_port(d0, port), 0);
    ck_assert(!evtchn_2l_is_pending(d0, port));
}
END_TEST

/* --- delivery ------------------------------------------------------------- */

START_TEST(a_masked_port_gets_its_bit_only)
{
    struct vcpu *v = d0->vcpus[0];
    uint32_t port;

    ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
    mask(d0, port);
    ck_assert_int_eq(send(d0, port), 0);
    ck_assert(evtchn_2l_is_pending(d0, port));
    ck_assert(!selected(v, port));
    ck_assert_uint_eq(v->info->evtchn_upcall_pending, 0);

    ck_assert_int_eq(unmask(d0, port), 0);
    ck_assert(selected(v, port));
    ck_assert_uint_eq(v->info->evtchn_upcall_pending, 1);
    quiet(d0);
    mask(d0, port);
    ck_assert_int_eq(unmask(d0, port), 0); /* nothing behind the mask */
    ck_assert_uint_eq(v->info->evtchn_upcall_pending, 0);
}
END_TEST

START_TEST(a_pending_port_is_not_announced_twice)
{
    struct vcpu *v = d0->vcpus[0];
    uint32_t port;

    ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
    ck_assert_int_eq(send(d0, port), 0);
    v->info->evtchn_pending_sel = 0;
    v->info->evtchn_upcall_pending = 0;
    ck_assert_int_eq(send(d0, port), 0);
    ck_assert_uint_eq(v->info->evtchn_upcall_pending, 0);
}
END_TEST

START_TEST(the_notified_vcpu_can_be_chosen)
{
    uint32_t p0, p1, ipi, timer, console;

    connect(&p0, &p1);
    quiet(d1);
    ck_assert_int_eq(bind_vcpu(d1, p1, 1), 0);
    ck_assert_int_eq(send(d0, p0), 0);
    ck_assert(!selected(d1->vcpus[0], p1));
    ck_assert(selected(d1->vcpus[1], p1));

    ck_assert_int_eq(bind_ipi(d1, 1, &ipi), 0);
    ck_assert_int_eq(bind_virq(d1, VIRQ_TIMER, 1, &timer), 0);
    ck_assert_int_eq(bind_virq(d1, VIRQ_CONSOLE, 0, &console), 0);
    ck_assert_int_eq(bind_vcpu(d1, ipi, 0), -XEN_EINVAL);
    ck_assert_int_eq(bind_vcpu(d1, timer, 0), -XEN_EINVAL);
    ck_assert_int_eq(bind_vcpu(d1, console, 1), 0);
    quiet(d1);
    virq_raise_global(d1, VIRQ_CONSOLE);
    ck_assert(selected(d1->vcpus[1], console));
    ck_assert_int_eq(close_port(d1, console), 0);
    ck_assert_uint_eq(d1->vcpus[0]->virq_port[VIRQ_CONSOLE], 0);
    ck_assert_int_eq(close_port(d1, timer), 0);
    ck_assert_uint_eq(d1->vcpus[1]->virq_port[VIRQ_TIMER], 0);
}
END_TEST

START_TEST(virqs_are_bound_once_for_each_vcpu)
{
    uint32_t port, other;
    struct evtchn_status op;

    ck_assert_int_eq(bind_virq(d0, NR_VIRQS, 0, &port), -XEN_EINVAL);
    ck_assert_int_eq(bind_virq(d0, ~0u, 0, &port), -XEN_EINVAL);
    ck_assert_int_eq(bind_virq(d0, VIRQ_CONSOLE, 1, &port), -XEN_EINVAL);
    ck_assert_int_eq(bind_virq(d0, VIRQ_CONSOLE, 9, &port), -XEN_EINVAL);
    ck_assert_int_eq(bind_virq(d0, VIRQ_TIMER, 2, &port), -XEN_ENOENT);
    ck_assert_int_eq(bind_virq(d0, VIRQ_TIMER, ~0u, &port), -XEN_ENOENT);
    ck_assert_int_eq(bind_virq(d0, VIRQ_TIMER, 0, &port), 0);
    ck_assert_int_eq(bind_virq(d0, VIRQ_TIMER, 0, &other), -XEN_EEXIST);
    ck_assert_int_eq(bind_virq(d0, VIRQ_TIMER, 1, &other), 0);
    ck_assert_int_eq(status(d0, DOMID_SELF, other, &op), 0);
    ck_assert_uint_eq(op.status, EVTCHNSTAT_virq);
    ck_assert_uint_eq(op.u.virq, VIRQ_TIMER);
    ck_assert_uint_eq(op.vcpu, 1);
    ck_assert_int_eq(send(d0, port), -XEN_EINVAL);

    virq_raise_vcpu(d0->vcpus[1], VIRQ_TIMER);
    ck_assert(evtchn_2l_is_pending(d0, other));
    ck_assert(!evtchn_2l_is_pending(d0, port));
    ck_assert_int_eq(close_port(d0, port), 0);
    virq_raise_vcpu(d0->vcpus[0], VIRQ_TIMER); /* nobody listens */
    ck_assert_int_eq(bind_virq(d0, VIRQ_TIMER, 0, &port), 0);
    ck_assert(!evtchn_2l_is_pending(d0, port));
}
END_TEST

START_TEST(ipis_reach_their_vcpu)
{
    uint32_t port;

    ck_assert_int_eq(bind_ipi(d0, 2, &port), -XEN_ENOENT);
    ck_assert_int_eq(bind_ipi(d0, ~0u, &port), -XEN_ENOENT);
    ck_assert_int_eq(bind_ipi(d0, 1, &port), 0);
    ck_assert_uint_eq(state_of(d0, port), EVTCHNSTAT_ipi);
    ck_assert_int_eq(send(d0, port), 0);
    ck_assert(selected(d0->vcpus[1], port));
    ck_assert(!selected(d0->vcpus[0], port));
}
END_TEST

/* --- reset, dying --------------------------------------------------------- */

START_TEST(reset_closes_everything)
{
    uint32_t p0, p1, port, i;
    int64_t result;

    connect(&p0, &p1);
    for (i = 0; i < 300; i++) {
        ck_assert_int_eq(bind_ipi(d0, 0, &port), 0);
    }
    ck_assert_int_eq(bind_virq(d0, VIRQ_CONSOLE, 0, &port), 0);
    world_set_budget(64);
    result = world_call(__HYPERVISOR_event_channel_op, EVTCHNOP_reset,
                        world_arg(w, &(struct evtchn_reset){ DOMID_SELF },
                                  sizeof(struct evtchn_reset)).v, 0, 0, 0);
    ck_assert_int_eq(result, 0);
    ck_assert_uint_gt(world_restarts(), 10);
    world_set_budget(0);
    ck_assert_uint_eq(state_of(d1, p1), EVTCHNSTAT_unbound);
    for (i = 0; i < d0->evtchn_port_limit; i++) {
        ck_assert_uint_eq(state_of(d0, i), EVTCHNSTAT_closed);
    }
    ck_assert_int_eq(bind_virq(d0, VIRQ_CONSOLE, 0, &port), 0);
    ck_assert_uint_eq(port, 1);
}
END_TEST

START_TEST(a_dying_domain_gets_no_ports)
{
    uint32_t port;

    d1->is_dying = true;
    ck_assert_int_eq(bind_ipi(d1, 0, &port), -XEN_EINVAL);
    ck_assert_int_eq(alloc(d0, 1, 0, &port), -XEN_EINVAL);
}
END_TEST

/* --- the call ------------------------------------------------------------- */

static int64_t call(uint32_t cmd, uint64_t arg)
{
    return world_call(__HYPERVISOR_event_channel_op, cmd, arg, 0, 0, 0);
}

START_TEST(bad_pointers_are_refused)
{
    static const uint64_t bad[] = { 0, 8, 0x800000000000ull,
                                    0xffff800000000000ull,
                                    0xffff87fffffffffcull, ~0ull, ~0ull - 2 };
    static const uint32_t commands[] = {
        EVTCHNOP_bind_interdomain, EVTCHNOP_bind_virq, EVTCHNOP_close,
        EVTCHNOP_send, EVTCHNOP_status, EVTCHNOP_alloc_unbound,
        EVTCHNOP_bind_ipi, EVTCHNOP_bind_vcpu, EVTCHNOP_unmask,
        EVTCHNOP_reset,
    };
    size_t i, j;

    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        for (j = 0; j < ARRAY_SIZE(commands); j++) {
            ck_assert_int_eq(call(commands[j], bad[i]), -XEN_EFAULT);
        }
    }
}
END_TEST

START_TEST(a_port_is_not_lost_when_its_number_cannot_be_told)
{
    static uint8_t memory[4096];
    struct evtchn_bind_ipi op = { .vcpu = 0 };
    gva_t read_only = GVA(0x10000000);

    memcpy(memory, &op, sizeof(op));
    host_guest_window(read_only, memory, sizeof(memory), false);
    ck_assert_int_eq(call(EVTCHNOP_bind_ipi, read_only.v), -XEN_EFAULT);
    ck_assert_uint_eq(state_of(d0, 1), EVTCHNSTAT_closed);
}
END_TEST

START_TEST(unknown_commands_are_not_offered)
{
    gva_t arg = world_arg(w, &(uint64_t[8]){ 0 }, 64);

    ck_assert_int_eq(call(EVTCHNOP_bind_pirq, arg.v), -XEN_ENOSYS);
    ck_assert_int_eq(call(14, arg.v), -XEN_ENOSYS);
    ck_assert_int_eq(call(~0u, 0), -XEN_ENOSYS);
}
END_TEST

START_TEST(results_come_back_in_the_structure)
{
    struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = 1,
                                       .port = 77 };
    gva_t arg = world_arg(w, &op, sizeof(op));
    const struct evtchn_alloc_unbound *back = world_arg_at(w, arg);

    ck_assert_int_eq(call(EVTCHNOP_alloc_unbound, arg.v), 0);
    ck_assert_uint_eq(back->port, 1);
    ck_assert_uint_eq(back->dom, DOMID_SELF);
}
END_TEST

/* --- at random, beside a model -------------------------------------------- */

#define MODEL_PORTS 24

struct model_port {
    uint32_t status, vcpu, dom, port, virq;
};

static struct model_port model[2][MODEL_PORTS];
static uint32_t seed = 1;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static uint32_t model_free(unsigned int d)
{
    uint32_t p = 1;

    while (model[d][p].status != EVTCHNSTAT_closed) {
        p++;
    }
    return p;
}

static void walk_alloc(unsigned int d)
{
    uint32_t p = model_free(d), remote = any(2), port;

    if (p < MODEL_PORTS - 1) {
        ck_assert_int_eq(alloc(w->domains[d], DOMID_SELF, (domid_t)remote,
                               &port), 0);
        ck_assert_uint_eq(port, p);
        model[d][p] = (struct model_port){ .status = EVTCHNSTAT_unbound,
                                           .dom = remote };
    }
}

static void walk_bind(unsigned int d)
{
    uint32_t p = model_free(d), rd = any(2), rp = any(MODEL_PORTS), port;
    struct model_port *there = &model[rd][rp];
    int want = there->status == EVTCHNSTAT_unbound && there->dom == d
                   ? 0 : -XEN_EINVAL;

    if (p >= MODEL_PORTS - 1) {
        return;
    }
    ck_assert_int_eq(bind(w->domains[d], (domid_t)rd, rp, &port), want);
    if (want == 0) {
        ck_assert_uint_eq(port, p);
        model[d][p] = (struct model_port){
            .status = EVTCHNSTAT_interdomain, .dom = rd, .port = rp };
        there->status = EVTCHNSTAT_interdomain;
        there->port = p;
    }
}

static void walk_virq(unsigned int d)
{
    uint32_t p = model_free(d), virq = any(3), vcpu = any(2), i, port;
    int want = virq == VIRQ_CONSOLE && vcpu != 0 ? -XEN_EINVAL : 0;

    if (p >= MODEL_PORTS - 1) {
        return;
    }
    for (i = 0; i < MODEL_PORTS && want == 0; i++) {
        if (model[d][i].status == EVTCHNSTAT_virq &&
            model[d][i].virq == virq &&
            (virq == VIRQ_CONSOLE || model[d][i].vcpu == vcpu)) {
            want = -XEN_EEXIST;
        }
    }
    ck_assert_int_eq(bind_virq(w->domains[d], virq, vcpu, &port), want);
    if (want == 0) {
        ck_assert_uint_eq(port, p);
        model[d][p] = (struct model_port){ .status = EVTCHNSTAT_virq,
                                           .virq = virq, .vcpu = vcpu };
    }
}

static void walk_ipi(unsigned int d)
{
    uint32_t p = model_free(d), vcpu = any(2), port;

    if (p < MODEL_PORTS - 1) {
        ck_assert_int_eq(bind_ipi(w->domains[d], vcpu, &port), 0);
        ck_assert_uint_eq(port, p);
        model[d][p] = (struct model_port){ .status = EVTCHNSTAT_ipi,
                                           .vcpu = vcpu };
    }
}

static void walk_close(unsigned int d)
{
    uint32_t p = any(MODEL_PORTS);
    struct model_port *m = &model[d][p];
    int want = m->status == EVTCHNSTAT_closed ? -XEN_EINVAL : 0;

    ck_assert_int_eq(close_port(w->domains[d], p), want);
    if (m->status == EVTCHNSTAT_interdomain) {
        struct model_port *there = &model[m->dom][m->port];

        there->status = EVTCHNSTAT_unbound;
        there->dom = d;
        there->port = 0;
    }
    *m = (struct model_port){ 0 };
}

static void walk_move(unsigned int d)
{
    uint32_t p = any(MODEL_PORTS), vcpu = any(2);
    struct model_port *m = &model[d][p];
    bool can = m->status == EVTCHNSTAT_unbound ||
               m->status == EVTCHNSTAT_interdomain ||
               (m->status == EVTCHNSTAT_virq && m->virq == VIRQ_CONSOLE);

    ck_assert_int_eq(bind_vcpu(w->domains[d], p, vcpu),
                     can ? 0 : -XEN_EINVAL);
    if (can) {
        m->vcpu = vcpu;
    }
}

/* Exactly the port that should becomes pending, at the right vcpu. */
static void walk_send(unsigned int d)
{
    uint32_t p = any(MODEL_PORTS), rd = d, rp = p;
    struct model_port *m = &model[d][p];
    int want = -XEN_EINVAL;
    bool arrives = false;

    if (m->status == EVTCHNSTAT_interdomain) {
        rd = m->dom;
        rp = m->port;
        want = 0;
        arrives = true;
    } else if (m->status == EVTCHNSTAT_ipi) {
        want = 0;
        arrives = true;
    } else if (m->status == EVTCHNSTAT_unbound) {
        want = 0;
    }
    quiet(d0);
    quiet(d1);
    ck_assert_int_eq(send(w->domains[d], p), want);
    ck_assert(evtchn_2l_is_pending(w->domains[rd], rp) == arrives);
    ck_assert(selected(w->domains[rd]->vcpus[model[rd][rp].vcpu], rp) ==
              arrives);
}

static void compare(void)
{
    unsigned int d;
    uint32_t p;

    for (d = 0; d < 2; d++) {
        for (p = 0; p < MODEL_PORTS; p++) {
            const struct model_port *m = &model[d][p];
            struct evtchn_status op;

            ck_assert_int_eq(status(w->domains[d], DOMID_SELF, p, &op), 0);
            ck_assert_uint_eq(op.status, m->status);
            ck_assert_uint_eq(op.vcpu, m->vcpu);
            if (m->status == EVTCHNSTAT_interdomain) {
                ck_assert_uint_eq(op.u.interdomain.dom, m->dom);
                ck_assert_uint_eq(op.u.interdomain.port, m->port);
            } else if (m->status == EVTCHNSTAT_unbound) {
                ck_assert_uint_eq(op.u.unbound.dom, m->dom);
            } else if (m->status == EVTCHNSTAT_virq) {
                ck_assert_uint_eq(op.u.virq, m->virq);
            }
        }
    }
    evtchn_audit(d0);
    evtchn_audit(d1);
}

START_TEST(any_sequence_agrees_with_the_model)
{
    static void (*const step[])(unsigned int) = {
        walk_alloc, walk_bind, walk_virq, walk_ipi, walk_close, walk_close,
        walk_move, walk_send,
    };
    unsigned int i;

    for (i = 0; i < 20000; i++) {
        step[any(ARRAY_SIZE(step))](any(2));
        if (i % 16 == 0) {
            compare();
        }
    }
}
END_TEST

/* --- two CPUs at once ----------------------------------------------------- */

/* Opens, connects, sends and closes without regard to the other, who does the
 * same with the same few ports. */
static void *quarrel(void *arg)
{
    struct domain *d = arg;
    domid_t other = d == d0 ? 1 : 0;
    uint32_t mine = d->id + 5, i, port;

    host_set_cpu(d->id);
    for (i = 0; i < 20000; i++) {
        mine = mine * 1664525u + 1013904223u;
        port = (mine >> 12) % 6;
        switch ((mine >> 24) % 6) {
        case 0:
            (void)alloc(d, DOMID_SELF, other, &port);
            break;
        case 1:
            (void)bind(d, other, port, &port);
            break;
        case 2:
            (void)close_port(d, port);
            break;
        case 3:
            (void)bind_vcpu(d, port, port % 2);
            break;
        default:
            (void)send(d, port);
            break;
        }
        if (i % 64 == 0) {
            (void)reset(d, DOMID_SELF);
        }
        this_cpu()->work_left = WORK_BUDGET;
    }
    return NULL;
}

START_TEST(both_ends_may_change_their_minds_at_once)
{
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, quarrel, d1), 0);
    quarrel(d0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    host_set_cpu(0);
}
END_TEST

TEST_MAIN("evtchn", setup, teardown,
          port_zero_is_never_given,
          the_lowest_free_port_is_given,
          all_ports_can_be_used_and_no_more,
          numbers_that_are_no_ports_are_refused,
          free_ports_are_closed_and_not_usable,
          growing_without_memory_changes_nothing,
          a_connection_carries_events_both_ways,
          status_describes_both_ends,
          only_the_invited_domain_may_bind,
          privilege_is_asked_for_after_existence,
          closing_one_end_leaves_the_other_waiting,
          a_domain_can_talk_to_itself,
          a_port_cannot_be_bound_to_itself,
          a_closed_port_is_silent_for_its_next_user,
          a_masked_port_gets_its_bit_only,
          a_pending_port_is_not_announced_twice,
          the_notified_vcpu_can_be_chosen,
          virqs_are_bound_once_for_each_vcpu,
          ipis_reach_their_vcpu,
          reset_closes_everything,
          a_dying_domain_gets_no_ports,
          bad_pointers_are_refused,
          a_port_is_not_lost_when_its_number_cannot_be_told,
          unknown_commands_are_not_offered,
          results_come_back_in_the_structure,
          any_sequence_agrees_with_the_model,
          both_ends_may_change_their_minds_at_once)
