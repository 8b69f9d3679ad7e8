/* SPDX-License-Identifier: MIT */
/*
 * The scheduler and sched_op: turns and slices, sleeping and waking on one
 * and on two CPUs, the wake-ups that must not be lost, and polls.
 */
#include "test_main.h"
#include "world.h"

#include <pthread.h>
#include <string.h>

#include <hv/evtchn.h>
#include <hv/sched.h>
#include <hv/sched_op.h>

static struct world *w;
static struct domain *d0, *d1;
static struct vcpu *a, *b, *c; /* d0's two, and the first of d1 */

static void setup(void)
{
    w = world_with_cpus(2, 8, 2, 2);
    d0 = w->domains[0];
    d1 = w->domains[1];
    a = d0->vcpus[0];
    b = d0->vcpus[1];
    c = d1->vcpus[0];
    a->periodic_period = 0;
    b->periodic_period = 0;
    c->periodic_period = 0;
    timer_stop(&a->periodic);
    host_effects_clear();
}

static void teardown(void)
{
    sched_audit();
    timer_audit(cpus[0]);
    timer_audit(cpus[1]);
    world_free(w);
}

static void start(struct vcpu *v)
{
    v->initialised = true;
    vcpu_start(v);
}

static void run_on(unsigned int id)
{
    host_set_cpu(id);
    softirq_run();
}

/* a runs on CPU 0 already; b on CPU 1, so that nobody idles. */
static void fill_cpus(void)
{
    start(b);
    run_on(1);
    ck_assert_ptr_eq(cpus[1]->current, b);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
}

static int64_t call(uint32_t cmd, uint64_t arg)
{
    return world_call(__HYPERVISOR_sched_op, cmd, arg, 0, 0, 0);
}

static uint32_t ipi_port(struct domain *d, uint32_t vcpu)
{
    struct evtchn_bind_ipi op = { .vcpu = vcpu };

    ck_assert_int_eq(evtchn_op_bind_ipi(d, &op), 0);
    return op.port;
}

static void mask(struct domain *d, uint32_t port)
{
    d->shared_info->evtchn_mask[port / 64] |= 1ull << (port % 64);
}

/* The guest has dealt with everything. */
static void quiet(struct vcpu *v)
{
    memset(v->domain->shared_info->evtchn_pending, 0,
           sizeof(v->domain->shared_info->evtchn_pending));
    v->info->evtchn_pending_sel = 0;
    v->info->evtchn_upcall_pending = 0;
}

/* --- places --------------------------------------------------------------- */

START_TEST(vcpus_are_spread_over_the_cpus)
{
    ck_assert_uint_eq(a->cpu, 0);
    ck_assert_uint_eq(b->cpu, 1);
    ck_assert_ptr_eq(cpus[0]->current, a);
    ck_assert(cpus[1]->current->is_idle);
}
END_TEST

START_TEST(an_idle_cpu_takes_who_wakes_up_beside_a_busy_one)
{
    ck_assert_uint_eq(c->cpu, 0);
    start(c);
    ck_assert_int_eq(host_effect_count(EFFECT_KICK), 1);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    run_on(1);
    ck_assert_ptr_eq(cpus[1]->current, c);
    ck_assert_uint_eq(c->cpu, 1);
}
END_TEST

/* Two wake up; each idle CPU is told once. */
START_TEST(who_is_told_is_not_told_again)
{
    vcpu_block(a);
    run_on(0);
    start(c);
    start(b);
    ck_assert_int_eq(host_effect_count(EFFECT_KICK), 1); /* CPU 1 */
    run_on(1);
    run_on(0);
    ck_assert(!cpus[0]->current->is_idle && !cpus[1]->current->is_idle);
}
END_TEST

START_TEST(a_cpu_that_turns_idle_takes_who_waits_for_another)
{
    fill_cpus();
    start(c);
    run_on(1);
    ck_assert(!c->on_cpu); /* not yet */
    vcpu_block(b);
    run_on(1);
    ck_assert_ptr_eq(cpus[1]->current, c);
}
END_TEST

START_TEST(three_share_two_cpus)
{
    ns_t had[3] = { 0, 0, 0 };
    struct vcpu *const all[] = { a, b, c };
    unsigned int i, n;

    fill_cpus();
    start(c);
    for (i = 0; i < 3000; i++) {
        host_advance(NS_PER_MS);
        run_on(i % 2);
        run_on(1 - i % 2);
        for (n = 0; n < 3; n++) {
            had[n] += all[n]->on_cpu;
        }
    }
    for (n = 0; n < 3; n++) {
        ck_assert_uint_ge(had[n], 1980);
        ck_assert_uint_le(had[n], 2020);
    }
}
END_TEST

START_TEST(who_wakes_up_goes_back_to_the_cpu_it_knows)
{
    fill_cpus();
    vcpu_block(a);
    run_on(0);
    host_set_cpu(1);
    vcpu_block(b);
    run_on(1);
    vcpu_wake(a);
    run_on(1);
    ck_assert(cpus[1]->current->is_idle);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
}
END_TEST

static void *enter_on_cpu_1(void *unused)
{
    run_on(1);
    return NULL;
}

/* CPU 0 has chosen another and has not saved c yet. */
START_TEST(a_vcpu_is_not_loaded_before_it_is_saved)
{
    pthread_t thread;
    unsigned int i;

    c->saved = false;
    c->regs.rip = 1;
    start(c);
    ck_assert_int_eq(pthread_create(&thread, NULL, enter_on_cpu_1, NULL), 0);
    for (i = 0; i < 1000; i++) {
        arch_relax();
    }
    c->regs.rip = 2; /* with 1 it is loaded too early */
    vcpu_set_saved(c);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    host_set_cpu(1);
    ck_assert_uint_eq(arch_guest_regs()->rip, 2);
    ck_assert(!c->saved);
    vcpu_block(c);
    run_on(1);
    ck_assert(c->saved);
}
END_TEST

/* --- turns ---------------------------------------------------------------- */

START_TEST(a_started_vcpu_runs_where_nobody_does)
{
    start(b);
    ck_assert_int_eq(host_effect_count(EFFECT_KICK), 1);
    ck_assert_int_eq(b->state, VCPU_RUNNABLE);
    run_on(1);
    ck_assert_ptr_eq(cpus[1]->current, b);
    ck_assert_int_eq(b->state, VCPU_RUNNING);
    start(b); /* once */
    ck_assert(!b->turn.waits);
}
END_TEST

START_TEST(a_slice_ends_only_when_others_wait)
{
    unsigned int i;

    fill_cpus();
    for (i = 0; i < 5; i++) {
        host_advance(SCHED_SLICE);
        run_on(1);
        run_on(0);
        ck_assert_ptr_eq(cpus[0]->current, a);
    }
    start(c);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    ck_assert_uint_eq(host_timer_deadline(0), arch_now() + SCHED_SLICE);
    host_advance(SCHED_SLICE);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, c);
    ck_assert_uint_eq(host_timer_deadline(0), arch_now() + SCHED_SLICE);
    host_advance(SCHED_SLICE - 1);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, c);
    host_advance(1);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    ck_assert_int_eq(c->state, VCPU_RUNNABLE);
}
END_TEST

START_TEST(who_wakes_up_takes_over_from_one_that_is_ahead)
{
    fill_cpus();
    start(c);
    vcpu_stop(c);
    host_advance(SCHED_LEAD);
    vcpu_start(c);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    vcpu_stop(c);
    host_advance(1);
    vcpu_start(c);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, c);
    /* a has had less than c soon, but only by little. */
    host_advance(SCHED_LEAD);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, c);
}
END_TEST

/* A second of sleep is no credit. */
START_TEST(a_sleeper_has_no_more_than_its_share_afterwards)
{
    ns_t had = 0;
    unsigned int i;

    fill_cpus();
    for (i = 0; i < 1000; i++) {
        host_advance(NS_PER_MS);
        run_on(1);
        run_on(0);
    }
    start(c);
    for (i = 0; i < 60; i++) {
        run_on(1);
        run_on(0);
        had += c->on_cpu;
        host_advance(NS_PER_MS);
    }
    ck_assert_uint_ge(had, 30);
    ck_assert_uint_le(had, 50); /* two thirds, and a slice */
}
END_TEST

START_TEST(yield_lets_the_others_go_first)
{
    fill_cpus();
    start(c);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    ck_assert_int_eq(call(SCHEDOP_yield, 0), 0);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, c);
    ck_assert_int_eq(call(SCHEDOP_yield, 0xdead), 0); /* no argument */
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
}
END_TEST

START_TEST(yield_alone_goes_on_at_once)
{
    run_on(0);
    ck_assert_int_eq(call(SCHEDOP_yield, 0), 0);
    ck_assert_uint_eq(cpus[0]->softirqs, 0);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    ck_assert_int_eq(a->state, VCPU_RUNNING);
}
END_TEST

/* --- sleeping ------------------------------------------------------------- */

START_TEST(block_sleeps_until_an_event)
{
    uint32_t port = ipi_port(d0, 0);

    a->info->evtchn_upcall_mask = 1;
    ck_assert_int_eq(call(SCHEDOP_block, 0), 0);
    ck_assert_uint_eq(a->info->evtchn_upcall_mask, 0);
    run_on(0);
    ck_assert(cpus[0]->current->is_idle);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);

    evtchn_2l_set_pending(a, port);
    ck_assert_int_eq(a->state, VCPU_RUNNABLE);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    ck_assert(vcpu_event_deliverable(a));
}
END_TEST

START_TEST(block_with_an_event_pending_does_not_sleep)
{
    uint32_t port = ipi_port(d0, 0);

    a->info->evtchn_upcall_mask = 1;
    evtchn_2l_set_pending(a, port);
    ck_assert_int_eq(call(SCHEDOP_block, 0), 0);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    ck_assert_int_eq(a->state, VCPU_RUNNING);
}
END_TEST

/* The event comes after the vcpu became a sleeper and before it has left. */
START_TEST(an_event_on_the_way_out_is_not_lost)
{
    uint32_t port = ipi_port(d0, 0);

    vcpu_block(a);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
    host_set_cpu(1);
    evtchn_2l_set_pending(a, port);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    ck_assert_int_eq(a->state, VCPU_RUNNING);
    ck_assert(!a->turn.waits);
}
END_TEST

START_TEST(masked_ports_do_not_wake)
{
    uint32_t port = ipi_port(d0, 0);

    mask(d0, port);
    ck_assert_int_eq(call(SCHEDOP_block, 0), 0);
    run_on(0);
    host_set_cpu(1);
    evtchn_2l_set_pending(a, port);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
    evtchn_2l_unmask(a, port);
    ck_assert_int_eq(a->state, VCPU_RUNNABLE);
}
END_TEST

START_TEST(an_event_kicks_a_vcpu_that_runs_elsewhere)
{
    uint32_t port = ipi_port(d0, 1);
    const struct host_effect *kick;

    start(b);
    run_on(1);
    host_set_cpu(0);
    host_effects_clear();
    evtchn_2l_set_pending(b, port);
    kick = host_effect_at(host_effect_find(EFFECT_KICK, 0));
    ck_assert_ptr_nonnull(kick);
    ck_assert_uint_eq(kick->a, 1);
    /* Not when it runs here: the exit path looks anyway. */
    host_effects_clear();
    evtchn_2l_set_pending(a, ipi_port(d0, 0));
    ck_assert_uint_eq(host_effect_count(EFFECT_KICK), 0);
}
END_TEST

START_TEST(an_idle_cpu_is_kicked_for_its_sleeper)
{
    uint32_t port = ipi_port(d0, 1);

    start(b);
    run_on(1);
    b->info->evtchn_upcall_mask = 0;
    vcpu_block(b);
    run_on(1);
    ck_assert(cpus[1]->current->is_idle);
    host_set_cpu(0);
    host_effects_clear();
    evtchn_2l_set_pending(b, port);
    ck_assert_uint_eq(host_effect_count(EFFECT_KICK), 1);
    run_on(1);
    ck_assert_ptr_eq(cpus[1]->current, b);
}
END_TEST

/* --- polling -------------------------------------------------------------- */

static int64_t poll(const uint32_t *ports, unsigned int count, ns_t timeout)
{
    struct sched_poll op = { .nr_ports = count, .timeout = timeout };
    gva_t list = world_arg(w, ports, count * sizeof(*ports) + 4);

    op.ports.p = (void *)(uintptr_t)list.v;
    return call(SCHEDOP_poll, world_arg(w, &op, sizeof(op)).v);
}

START_TEST(poll_sleeps_with_upcalls_masked)
{
    uint32_t ports[3] = { ipi_port(d0, 0), ipi_port(d0, 0) };
    uint32_t other = ipi_port(d0, 0);

    a->info->evtchn_upcall_mask = 1;
    mask(d0, ports[0]);
    mask(d0, ports[1]);
    mask(d0, other);
    ck_assert_int_eq(poll(ports, 1, 0), 0);
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
    evtchn_2l_set_pending(a, other);
    evtchn_2l_set_pending(a, ports[1]);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
    evtchn_2l_set_pending(a, ports[0]);
    ck_assert_int_eq(a->state, VCPU_RUNNABLE);
    ck_assert_uint_eq(d0->evtchn_pollers, 0);
    run_on(0);

    quiet(a);
    ck_assert_int_eq(poll(ports, 2, 0), 0);
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
    evtchn_2l_set_pending(a, ports[1]);
    ck_assert_int_eq(a->state, VCPU_RUNNABLE);
}
END_TEST

START_TEST(poll_returns_at_once_when_there_is_something)
{
    uint32_t ports[3] = { ipi_port(d0, 0), 4000 };

    a->info->evtchn_upcall_mask = 1;
    mask(d0, ports[0]);
    evtchn_2l_set_pending(a, ports[0]);
    ck_assert_int_eq(poll(ports, 1, 0), 0);
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_RUNNING);
    /* What stands behind a pending port is not looked at. */
    ck_assert_int_eq(poll(ports, 2, 0), 0);
    ck_assert_int_eq(a->state, VCPU_RUNNING);
    /* Nor is anything when an upcall is due. */
    a->info->evtchn_upcall_mask = 0;
    a->info->evtchn_upcall_pending = 1;
    ck_assert_int_eq(poll(&ports[1], 1, 0), 0);
    ck_assert_int_eq(a->state, VCPU_RUNNING);
    ck_assert_uint_eq(d0->evtchn_pollers, 0);
}
END_TEST

START_TEST(poll_ends_when_the_time_has_come)
{
    uint32_t ports[2] = { ipi_port(d0, 0) };

    a->info->evtchn_upcall_mask = 1;
    ck_assert_int_eq(poll(ports, 1, 5000), 0);
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
    host_set_now(4999);
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
    host_set_now(5000);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
    ck_assert_uint_eq(d0->evtchn_pollers, 0);

    ck_assert_int_eq(poll(ports, 0, 6000), 0); /* a plain sleep */
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
    host_set_now(6000);
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_RUNNING);

    ck_assert_int_eq(poll(ports, 1, 10), 0); /* past */
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_RUNNING);
    ck_assert_int_eq(poll(ports, 1, ~0ull), 0); /* negative, so past too */
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_RUNNING);
}
END_TEST

START_TEST(a_timer_left_from_a_poll_does_not_end_a_block)
{
    uint32_t ports[2] = { ipi_port(d0, 0) };

    a->info->evtchn_upcall_mask = 1;
    mask(d0, ports[0]);
    ck_assert_int_eq(poll(ports, 1, 5000), 0);
    run_on(0);
    evtchn_2l_set_pending(a, ports[0]);
    run_on(0);
    quiet(a);
    ck_assert_int_eq(call(SCHEDOP_block, 0), 0);
    run_on(0);
    host_set_now(6000);
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
}
END_TEST

START_TEST(a_timer_left_from_a_poll_does_not_end_the_next)
{
    uint32_t ports[2] = { ipi_port(d0, 0) };

    a->info->evtchn_upcall_mask = 1;
    mask(d0, ports[0]);
    ck_assert_int_eq(poll(ports, 1, 5000), 0);
    run_on(0);
    evtchn_2l_set_pending(a, ports[0]);
    run_on(0);
    quiet(a);
    ck_assert_int_eq(poll(ports, 1, 0), 0);
    run_on(0);
    host_set_now(6000);
    run_on(0);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
}
END_TEST

START_TEST(a_deliverable_event_ends_a_poll)
{
    uint32_t ports[2] = { ipi_port(d0, 0) };
    uint32_t other = ipi_port(d0, 0);

    a->info->evtchn_upcall_mask = 0;
    ck_assert_int_eq(poll(ports, 1, 0), 0);
    run_on(0);
    evtchn_2l_set_pending(a, other);
    ck_assert_int_eq(a->state, VCPU_RUNNABLE);
    ck_assert_uint_eq(d0->evtchn_pollers, 0);
}
END_TEST

START_TEST(a_stopped_vcpu_does_not_poll)
{
    uint32_t ports[2] = { ipi_port(d0, 0) };

    a->info->evtchn_upcall_mask = 1;
    mask(d0, ports[0]);
    vcpu_stop(a); /* by another CPU, while the call is on its way */
    ck_assert_int_eq(poll(ports, 1, 0), 0);
    ck_assert_uint_eq(d0->evtchn_pollers, 0);
    run_on(0);
    vcpu_start(a);
    run_on(0);
    a->info->evtchn_upcall_mask = 0;
    ck_assert_int_eq(call(SCHEDOP_block, 0), 0);
    run_on(0);
    evtchn_2l_set_pending(a, ports[0]);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
}
END_TEST

START_TEST(hostile_polls_are_refused)
{
    static uint32_t many[130];
    static const uint64_t bad[] = { 0, 0x7ffffffffffeull,
                                    0xffff800000000000ull, ~0ull - 3 };
    struct sched_poll op;
    size_t i;

    a->info->evtchn_upcall_mask = 1;
    for (i = 0; i < ARRAY_SIZE(many); i++) {
        many[i] = ipi_port(d0, 0);
    }
    ck_assert_int_eq(poll(many, 129, 0), -XEN_EINVAL);
    op = (struct sched_poll){ .nr_ports = ~0u };
    ck_assert_int_eq(call(SCHEDOP_poll, world_arg(w, &op, sizeof(op)).v),
                     -XEN_EINVAL);
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        op = (struct sched_poll){ .nr_ports = 1 };
        op.ports.p = (void *)(uintptr_t)bad[i];
        ck_assert_int_eq(call(SCHEDOP_poll, world_arg(w, &op, sizeof(op)).v),
                         -XEN_EFAULT);
        ck_assert_int_eq(call(SCHEDOP_poll, bad[i]), -XEN_EFAULT);
    }
    many[3] = 4095;
    ck_assert_int_eq(poll(many, 8, 0), -XEN_EINVAL);
    many[3] = ~0u;
    ck_assert_int_eq(poll(many, 8, 0), -XEN_EINVAL);
    ck_assert_int_eq(a->state, VCPU_RUNNING);
    ck_assert_uint_eq(d0->evtchn_pollers, 0);
    many[3] = many[4];
    ck_assert_int_eq(poll(many, 128, 0), 0);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
}
END_TEST

START_TEST(unknown_commands_are_not_offered)
{
    ck_assert_int_eq(call(SCHEDOP_pin_override, 0), -XEN_ENOSYS);
    ck_assert_int_eq(call(99, 0), -XEN_ENOSYS);
    ck_assert_int_eq(call(SCHEDOP_shutdown, 0), -XEN_EFAULT);
}
END_TEST

/* --- stopping ------------------------------------------------------------- */

START_TEST(a_paused_vcpu_leaves_and_comes_back)
{
    vcpu_pause(a);
    vcpu_pause(a);
    run_on(0);
    ck_assert(cpus[0]->current->is_idle);
    vcpu_unpause(a);
    run_on(0);
    ck_assert(cpus[0]->current->is_idle);
    vcpu_unpause(a);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);

    start(c);
    vcpu_pause(c); /* queued */
    ck_assert(!c->turn.waits);
    vcpu_unpause(c);
    ck_assert(c->turn.waits);
}
END_TEST

START_TEST(a_wakeup_while_paused_waits)
{
    uint32_t port = ipi_port(d0, 0);

    ck_assert_int_eq(call(SCHEDOP_block, 0), 0);
    run_on(0);
    vcpu_pause(a);
    evtchn_2l_set_pending(a, port);
    ck_assert_int_eq(a->state, VCPU_RUNNABLE);
    run_on(0);
    ck_assert(cpus[0]->current->is_idle);
    vcpu_unpause(a);
    run_on(0);
    ck_assert_ptr_eq(cpus[0]->current, a);
}
END_TEST

START_TEST(a_stopped_vcpu_leaves_at_its_next_exit)
{
    start(b);
    run_on(1);
    host_set_cpu(0);
    host_effects_clear();
    vcpu_stop(b);
    ck_assert_uint_eq(host_effect_count(EFFECT_KICK), 1);
    ck_assert_ptr_eq(cpus[1]->current, b);
    run_on(1);
    ck_assert(cpus[1]->current->is_idle);
    vcpu_wake(b); /* too late */
    run_on(1);
    ck_assert(cpus[1]->current->is_idle);
    vcpu_stop(b);
    vcpu_start(b);
    run_on(1);
    ck_assert_ptr_eq(cpus[1]->current, b);
}
END_TEST

/* --- the end of a domain -------------------------------------------------- */

static void softirqs(void *unused)
{
    softirq_run();
}

static int64_t shutdown(unsigned int reason)
{
    struct sched_shutdown op = { .reason = reason };

    return call(SCHEDOP_shutdown, world_arg(w, &op, sizeof(op)).v);
}

static int64_t watchdog(uint32_t id, uint32_t seconds)
{
    struct sched_watchdog op = { .id = id, .timeout = seconds };

    return call(SCHEDOP_watchdog, world_arg(w, &op, sizeof(op)).v);
}

START_TEST(a_watchdog_ends_a_domain_that_forgets_it)
{
    ck_assert_int_eq(watchdog(1, 5), -XEN_EINVAL);
    ck_assert_int_eq(watchdog(3, 5), -XEN_EINVAL);
    ck_assert_int_eq(watchdog(0, 5), 1);
    ck_assert_int_eq(watchdog(0, ~0u), 2); /* 136 years */
    ck_assert_uint_eq(timer_deadline(&d0->watchdogs[1]),
                      arch_now() + 4294967295ull * 1000 * NS_PER_MS);
    ck_assert_int_eq(watchdog(0, 9), -XEN_ENOSPC);
    ck_assert_int_eq(watchdog(2, 0), 0);
    ck_assert_int_eq(watchdog(2, 0), -XEN_EINVAL);
    host_set_now(4000 * NS_PER_MS);
    softirq_run();
    ck_assert_int_eq(watchdog(1, 5), 0);
    host_set_now(8000 * NS_PER_MS);
    softirq_run();
    ck_assert(!d0->is_shut_down);
    host_set_now(10000 * NS_PER_MS);
    ck_assert_int_eq(host_run(softirqs, NULL), HOST_POWEROFF);
    ck_assert_uint_eq(d0->shutdown_reason, SHUTDOWN_watchdog);
}
END_TEST

START_TEST(an_announced_reason_counts)
{
    struct sched_shutdown op = { .reason = SHUTDOWN_reboot };

    ck_assert_int_eq(call(SCHEDOP_shutdown_code,
                          world_arg(w, &op, sizeof(op)).v), 0);
    op.reason = SHUTDOWN_crash;
    ck_assert_int_eq(call(SCHEDOP_shutdown_code,
                          world_arg(w, &op, sizeof(op)).v), 0);
    ck_assert(!d0->is_shut_down);
    ck_assert_int_eq(shutdown(SHUTDOWN_poweroff), 0);
    ck_assert_int_eq(host_run(softirqs, NULL), HOST_REBOOT);
}
END_TEST

START_TEST(old_calls_lead_to_the_new_ones)
{
    struct evtchn_op op = { .cmd = EVTCHNOP_bind_ipi };
    gva_t arg = world_arg(w, &op, sizeof(op));
    const struct evtchn_op *there = world_arg_at(w, arg);

    ck_assert_int_eq(world_call(__HYPERVISOR_event_channel_op_compat, arg.v,
                                0, 0, 0, 0), 0);
    ck_assert_uint_ne(there->u.bind_ipi.port, 0);
    ck_assert_int_eq(world_call(__HYPERVISOR_event_channel_op_compat, 0, 0, 0,
                                0, 0), -XEN_EFAULT);
    ck_assert_int_eq(world_call(__HYPERVISOR_sched_op_compat, SCHEDOP_poll, 0,
                                0, 0, 0), -XEN_ENOSYS);
    ck_assert_int_eq(world_call(__HYPERVISOR_sched_op_compat,
                                SCHEDOP_shutdown, SHUTDOWN_reboot, 0, 0, 0),
                     0);
    ck_assert_int_eq(host_run(softirqs, NULL), HOST_REBOOT);
}
END_TEST

START_TEST(shutdown_of_the_first_domain_ends_the_machine)
{
    static const struct {
        unsigned int reason;
        enum host_stop stop;
        const char *line;
    } ends[] = {
        { SHUTDOWN_poweroff, HOST_POWEROFF, "(xenios) d0 powered off\n" },
        { SHUTDOWN_reboot, HOST_REBOOT, "(xenios) d0 rebooted\n" },
        { SHUTDOWN_crash, HOST_POWEROFF, "(xenios) d0 crashed: guest asked "
                                         "for it (SHUTDOWN_crash)\n" },
        { SHUTDOWN_watchdog, HOST_POWEROFF, "(xenios) d0 crashed: " },
        { 200, HOST_POWEROFF, "(xenios) d0 crashed: " },
    };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(ends); i++) {
        host_console_clear();
        ck_assert_int_eq(shutdown(ends[i].reason), 0);
        ck_assert_int_eq(host_run(softirqs, NULL), ends[i].stop);
        ck_assert_ptr_nonnull(strstr(host_console_text(), ends[i].line));
        ck_assert((strstr(host_console_text(), "rip ") != NULL) ==
                  (ends[i].reason == SHUTDOWN_crash));
        /* As if nothing had been. */
        d0->is_shut_down = false;
        d0->announced_reason = 0;
        vcpu_unpause(a);
        vcpu_unpause(b);
        run_on(0);
        ck_assert_ptr_eq(cpus[0]->current, a);
    }
}
END_TEST

START_TEST(shutdown_of_another_domain_tells_the_first)
{
    struct evtchn_bind_virq op = { .virq = VIRQ_DOM_EXC };

    ck_assert_int_eq(evtchn_op_bind_virq(d0, &op), 0);
    world_enter(c);
    ck_assert_int_eq(shutdown(SHUTDOWN_poweroff), 0);
    run_on(0);
    ck_assert(d1->is_shut_down);
    ck_assert_uint_eq(d1->shutdown_reason, SHUTDOWN_poweroff);
    ck_assert_ptr_ne(cpus[0]->current, c);
    ck_assert(evtchn_2l_is_pending(d0, op.port));
}
END_TEST

START_TEST(a_crash_is_told_once_with_its_registers)
{
    const char *text;

    world_enter(c);
    arch_guest_regs()->rip = 0x1234567890ull;
    host_console_clear();
    domain_crash(d1, "it did %s", "this");
    domain_crash(d1, "and that");
    run_on(0);
    ck_assert_ptr_ne(cpus[0]->current, c);
    text = host_console_text();
    ck_assert_ptr_nonnull(strstr(text, "domain 1 crashed: it did this\n"));
    ck_assert_ptr_nonnull(strstr(text, "0000001234567890"));
    ck_assert_ptr_null(strstr(text, "and that"));
}
END_TEST

START_TEST(a_crash_of_the_first_domain_ends_the_machine)
{
    host_console_clear();
    domain_crash(d0, "it did this");
    ck_assert_int_eq(host_run(softirqs, NULL), HOST_POWEROFF);
    ck_assert_ptr_nonnull(strstr(host_console_text(),
                                 "(xenios) d0 crashed: it did this\n"));
}
END_TEST

/* --- at random ------------------------------------------------------------ */

static uint32_t seed = 3;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

START_TEST(any_sequence_keeps_the_queues_in_order)
{
    struct vcpu *const all[] = { a, b, c, d1->vcpus[1] };
    int pauses[4] = { 0 };
    unsigned int i;

    for (i = 0; i < 20000; i++) {
        unsigned int n = any(4);
        struct vcpu *v = all[n];

        host_set_cpu(any(2));
        switch (any(8)) {
        case 0:
            start(v);
            break;
        case 1:
            vcpu_wake(v);
            break;
        case 2:
            vcpu_stop(v);
            break;
        case 3:
            if (pauses[n] < 3) {
                vcpu_pause(v);
                pauses[n]++;
            }
            break;
        case 4:
            if (pauses[n] > 0) {
                vcpu_unpause(v);
                pauses[n]--;
            }
            break;
        case 5:
            if (!current_vcpu()->is_idle) {
                vcpu_block(current_vcpu());
            }
            break;
        case 6:
            host_advance(any(2 * SCHED_SLICE));
            break;
        default:
            softirq_run();
            ck_assert(current_vcpu()->is_idle ||
                      (current_vcpu()->state == VCPU_RUNNING &&
                       current_vcpu()->pause_count == 0));
            break;
        }
        sched_audit();
    }
    for (i = 0; i < 4; i++) {
        while (pauses[i]-- > 0) {
            vcpu_unpause(all[i]);
        }
    }
}
END_TEST

/* --- two CPUs at once ----------------------------------------------------- */

/*
 * a sends b an event and waits for its answer; c yields all the time, so that
 * nobody stays where he is. Two threads play the CPUs: each does what the vcpu
 * would do that it finds itself to be. A wake-up that is lost, or a vcpu that
 * runs on both, stops them.
 */
#define ROUNDS 5000

struct player {
    struct vcpu *v;
    uint32_t own_port, other_port;
    bool polls;
    bool sends;             /* now; else it waits for an answer */
    uint32_t rounds;
    uint32_t random;
    unsigned int playing;   /* CPUs that do so */
};

static struct player players[3];

static bool take_event(struct vcpu *v, uint32_t port)
{
    __atomic_store_n(&v->info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    __atomic_store_n(&v->info->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
    if (!evtchn_2l_is_pending(v->domain, port)) {
        return false;
    }
    evtchn_2l_clear_pending(v->domain, port);
    return true;
}

/* What a guest's poll does, without guest memory to pass the port in. */
static void poll_for(struct vcpu *v, uint32_t port)
{
    __atomic_store_n(&v->poll_single, 0, __ATOMIC_RELAXED);
    __atomic_fetch_or(&v->domain->evtchn_pollers, 1u << v->id,
                      __ATOMIC_SEQ_CST);
    vcpu_block(v);
    if (evtchn_2l_is_pending(v->domain, port)) {
        vcpu_wake(v);
    } else {
        __atomic_store_n(&v->poll_single, port, __ATOMIC_RELAXED);
    }
}

/* A while of another length each time, so that the event comes at every
 * point of the other's way to sleep. */
static void dawdle(struct player *p)
{
    volatile uint32_t n;

    p->random = p->random * 1664525u + 1013904223u;
    for (n = (p->random >> 16) % 2048; n > 0; n--) {
    }
}

static void step(struct player *p)
{
    struct evtchn_send op = { .port = p->other_port };

    dawdle(p);
    if (p->v == c) {
        vcpu_yield(c);
    } else if (p->sends) {
        p->sends = false;
        evtchn_op_send(p->v->domain, &op);
    } else if (take_event(p->v, p->own_port)) {
        p->sends = true;
        __atomic_store_n(&p->rounds, p->rounds + 1, __ATOMIC_RELAXED);
    } else if (p->polls) {
        poll_for(p->v, p->own_port);
    } else {
        sched_op_block(p->v->domain, NULL);
    }
}

static void *play_cpu(void *id)
{
    host_set_cpu((unsigned int)(uintptr_t)id);
    while (__atomic_load_n(&players[0].rounds, __ATOMIC_RELAXED) < ROUNDS) {
        struct vcpu *v = current_vcpu();
        struct player *p = v == a ? &players[0] : v == b ? &players[1]
                                                         : &players[2];

        if (!v->is_idle) {
            ck_assert_uint_eq(p->playing++, 0);
            step(p);
            p->playing--;
        }
        softirq_run();
        arch_relax();
    }
    return NULL;
}

static void play_both(bool polls)
{
    uint32_t to_a = ipi_port(d0, 0), to_b = ipi_port(d0, 1);
    pthread_t thread;

    players[0] = (struct player){ a, to_a, to_b, polls, true, 0, 1, 0 };
    players[1] = (struct player){ b, to_b, to_a, polls, false, 0, 2, 0 };
    players[2] = (struct player){ .v = c, .random = 3 };
    if (polls) {
        mask(d0, to_a);
        mask(d0, to_b);
    }
    start(b);
    start(c);
    ck_assert_int_eq(pthread_create(&thread, NULL, play_cpu, (void *)1), 0);
    play_cpu((void *)0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    host_set_cpu(0);
}

START_TEST(no_wakeup_is_lost_between_two_cpus)
{
    play_both(false);
}
END_TEST

START_TEST(no_poll_misses_its_port_between_two_cpus)
{
    play_both(true);
}
END_TEST

TEST_MAIN("sched", setup, teardown,
          vcpus_are_spread_over_the_cpus,
          an_idle_cpu_takes_who_wakes_up_beside_a_busy_one,
          who_is_told_is_not_told_again,
          a_cpu_that_turns_idle_takes_who_waits_for_another,
          three_share_two_cpus,
          who_wakes_up_goes_back_to_the_cpu_it_knows,
          a_vcpu_is_not_loaded_before_it_is_saved,
          a_started_vcpu_runs_where_nobody_does,
          a_slice_ends_only_when_others_wait,
          who_wakes_up_takes_over_from_one_that_is_ahead,
          a_sleeper_has_no_more_than_its_share_afterwards,
          yield_lets_the_others_go_first,
          yield_alone_goes_on_at_once,
          block_sleeps_until_an_event,
          block_with_an_event_pending_does_not_sleep,
          an_event_on_the_way_out_is_not_lost,
          masked_ports_do_not_wake,
          an_event_kicks_a_vcpu_that_runs_elsewhere,
          an_idle_cpu_is_kicked_for_its_sleeper,
          poll_sleeps_with_upcalls_masked,
          poll_returns_at_once_when_there_is_something,
          poll_ends_when_the_time_has_come,
          a_timer_left_from_a_poll_does_not_end_a_block,
          a_timer_left_from_a_poll_does_not_end_the_next,
          a_deliverable_event_ends_a_poll,
          a_stopped_vcpu_does_not_poll,
          hostile_polls_are_refused,
          unknown_commands_are_not_offered,
          a_paused_vcpu_leaves_and_comes_back,
          a_wakeup_while_paused_waits,
          a_stopped_vcpu_leaves_at_its_next_exit,
          a_watchdog_ends_a_domain_that_forgets_it,
          an_announced_reason_counts,
          old_calls_lead_to_the_new_ones,
          shutdown_of_the_first_domain_ends_the_machine,
          shutdown_of_another_domain_tells_the_first,
          a_crash_is_told_once_with_its_registers,
          a_crash_of_the_first_domain_ends_the_machine,
          any_sequence_keeps_the_queues_in_order,
          no_wakeup_is_lost_between_two_cpus,
          no_poll_misses_its_port_between_two_cpus)
