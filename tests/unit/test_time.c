/* SPDX-License-Identifier: MIT */
/*
 * Time as guests see it: versions, wall clock, run-state accounts and their
 * copies in guest memory, the periodic tick, set_timer_op.
 */
#include "test_main.h"
#include "world.h"

#include <string.h>

#include <hv/evtchn.h>
#include <hv/sched.h>
#include <hv/time.h>

#define AREA 0x20000000ull

static struct world *w;
static struct domain *d0;
static struct vcpu *a, *c;   /* both on CPU 0 */
static uint32_t timer_port;
static uint8_t area[4096];   /* the guest's, at AREA */

static void setup(void)
{
    struct evtchn_bind_virq op = { .virq = VIRQ_TIMER };

    memset(area, 0, sizeof(area));
    w = world_with_cpus(2, 8, 2, 1);
    d0 = w->domains[0];
    a = d0->vcpus[0];
    c = w->domains[1]->vcpus[0];
    c->periodic_period = 0;
    host_guest_window(GVA(AREA), area, sizeof(area), true);
    ck_assert_int_eq(evtchn_op_bind_virq(d0, &op), 0);
    timer_port = op.port;
}

static void teardown(void)
{
    timer_audit(cpus[0]);
    sched_audit();
    world_free(w);
}

static void run_at(ns_t now)
{
    host_set_now(now);
    softirq_run();
}

/* Whether the timer VIRQ came; and takes it, as the guest would. */
static bool ticked(void)
{
    bool yes = evtchn_2l_is_pending(d0, timer_port);

    evtchn_2l_clear_pending(d0, timer_port);
    a->info->evtchn_pending_sel = 0;
    a->info->evtchn_upcall_pending = 0;
    return yes;
}

static int64_t set_timer(uint64_t deadline)
{
    return world_call(__HYPERVISOR_set_timer_op, deadline, 0, 0, 0, 0);
}

static void no_periodic(void)
{
    time_set_periodic(a, 0);
    ticked();
}

/* --- clocks --------------------------------------------------------------- */

START_TEST(time_is_valid_before_the_first_instruction)
{
    unsigned int d, i;

    for (d = 0; d < 2; d++) {
        for (i = 0; i < 2; i++) {
            const struct vcpu_time_info *t =
                &w->domains[d]->shared_info->vcpu_info[i].time;

            ck_assert_uint_eq(t->version % 2, 0);
            ck_assert_uint_ne(t->version, 0);
            ck_assert_uint_ne(t->tsc_to_system_mul, 0);
            ck_assert_uint_eq(t->flags, 0);
        }
    }
}
END_TEST

START_TEST(the_time_is_that_of_the_cpu)
{
    const struct vcpu_time_info *t = &c->info->time;
    uint32_t before = t->version;

    world_enter(c);
    ck_assert_uint_eq(t->version, before); /* made on this one */
    world_enter(a);
    host_set_now(123456789);
    c->time_cpu = 1;
    world_enter(c);
    ck_assert_uint_gt(t->version, before);
    ck_assert_uint_eq(t->version % 2, 0);
    ck_assert_uint_eq(t->system_time, 123456789);
    ck_assert_uint_eq(t->tsc_timestamp, 123456789);
}
END_TEST

START_TEST(the_version_can_wrap)
{
    a->info->time.version = ~0u - 1;
    time_update_vcpu(a);
    ck_assert_uint_eq(a->info->time.version, 0);
    a->info->time.version = 7; /* a guest wrote nonsense */
    time_update_vcpu(a);
    ck_assert_uint_eq(a->info->time.version % 2, 0);
}
END_TEST

START_TEST(the_wall_clock_is_in_shared_info)
{
    const struct shared_info *s = d0->shared_info;
    uint64_t sec;
    uint32_t nsec;

    arch_wallclock(&sec, &nsec);
    ck_assert_uint_eq(s->wc_version % 2, 0);
    ck_assert_uint_ne(s->wc_version, 0);
    ck_assert_uint_eq(s->wc_sec, (uint32_t)sec);
    ck_assert_uint_eq(s->wc_sec_hi, sec >> 32);
    ck_assert_uint_eq(s->wc_nsec, nsec);
}
END_TEST

/* --- run states ----------------------------------------------------------- */

static uint64_t total(const struct vcpu_runstate_info *r)
{
    return r->time[0] + r->time[1] + r->time[2] + r->time[3];
}

START_TEST(run_states_account_for_all_time)
{
    struct vcpu_runstate_info r;

    no_periodic();
    c->initialised = true;
    vcpu_start(c);             /* at 0: waits beside a */
    run_at(4000);
    runstate_read(c, &r);
    ck_assert_int_eq(r.state, RUNSTATE_runnable);
    ck_assert_uint_eq(r.time[RUNSTATE_runnable], 4000);
    ck_assert_uint_eq(total(&r), 4000);

    vcpu_block(a);
    softirq_run();             /* c runs from 4000 */
    ck_assert_ptr_eq(current_vcpu(), c);
    run_at(10000);
    runstate_read(c, &r);
    ck_assert_int_eq(r.state, RUNSTATE_running);
    ck_assert_uint_eq(r.state_entry_time, 4000);
    ck_assert_uint_eq(r.time[RUNSTATE_running], 6000);
    runstate_read(a, &r);
    ck_assert_int_eq(r.state, RUNSTATE_blocked);
    ck_assert_uint_eq(r.time[RUNSTATE_running], 4000);
    ck_assert_uint_eq(r.time[RUNSTATE_blocked], 6000);

    vcpu_wake(a);
    run_at(11000);
    vcpu_stop(c);
    run_at(12000);
    ck_assert_ptr_eq(current_vcpu(), a);
    runstate_read(a, &r);
    ck_assert_uint_eq(r.time[RUNSTATE_runnable], 2000);
    ck_assert_uint_eq(total(&r), 12000);
    run_at(15000);
    runstate_read(c, &r);
    ck_assert_int_eq(r.state, RUNSTATE_offline);
    ck_assert_uint_eq(total(&r), 15000);
}
END_TEST

START_TEST(a_clock_that_goes_back_does_not_count_backwards)
{
    struct vcpu_runstate_info r;

    host_set_now(5000);
    runstate_set(c, RUNSTATE_runnable, 5000);
    runstate_set(c, RUNSTATE_running, 4000);
    ck_assert_uint_eq(c->runstate.time[RUNSTATE_runnable], 0);
    ck_assert_uint_eq(c->runstate.state_entry_time, 5000);
    host_set_now(4500);
    runstate_read(c, &r);
    ck_assert_uint_eq(r.time[RUNSTATE_running], 0);
}
END_TEST

/* --- areas ---------------------------------------------------------------- */

static const struct vcpu_runstate_info *shown(void)
{
    return (const struct vcpu_runstate_info *)area;
}

/* a leaves for c, and comes back at `now`. */
static void away_until(ns_t now)
{
    world_enter(c);
    host_set_now(now);
    world_enter(a);
}

START_TEST(the_run_state_is_copied_on_the_way_in_and_out)
{
    no_periodic();
    a->runstate_guest = GVA(AREA);
    host_set_now(1000);
    world_enter(c);
    ck_assert_int_eq(shown()->state, RUNSTATE_runnable);
    ck_assert_uint_eq(shown()->state_entry_time, 1000);
    ck_assert_uint_eq(shown()->time[RUNSTATE_running], 1000);
    host_set_now(5000);
    world_enter(a);
    ck_assert_int_eq(shown()->state, RUNSTATE_running);
    ck_assert_uint_eq(shown()->state_entry_time, 5000);
    ck_assert_uint_eq(shown()->time[RUNSTATE_runnable], 4000);
}
END_TEST

START_TEST(a_reader_is_warned_when_it_asked_to_be)
{
    no_periodic();
    a->runstate_guest = GVA(AREA);
    d0->vm_assist |= 1u << VMASST_TYPE_runstate_update_flag;
    away_until(5000);
    ck_assert_uint_eq(shown()->state_entry_time, 5000); /* mark removed */
    /* The second store fails: the mark stays and tells of the torn copy. */
    host_set_now(6000);
    host_fail_guest_access(2);
    time_refresh_areas(a);
    host_fail_guest_access(0);
    ck_assert_uint_eq(shown()->state_entry_time, 5000 | XEN_RUNSTATE_UPDATE);
}
END_TEST

START_TEST(areas_wait_for_kernel_mode)
{
    no_periodic();
    a->runstate_guest = GVA(AREA);
    a->time_guest = GVA(AREA + 256);
    a->kernel_mode = false;
    away_until(5000);
    ck_assert_uint_eq(shown()->state_entry_time, 0);
    ck_assert(a->areas_stale);
    a->kernel_mode = true;
    time_refresh_areas(a);
    ck_assert_uint_eq(shown()->state_entry_time, 5000);
    ck_assert(!a->areas_stale);
}
END_TEST

START_TEST(the_second_time_area_has_the_same_numbers)
{
    const struct vcpu_time_info *copy =
        (const struct vcpu_time_info *)(area + 256);

    no_periodic();
    a->time_guest = GVA(AREA + 256);
    a->time_cpu = 1;
    away_until(7777);
    ck_assert_uint_eq(copy->version % 2, 0);
    ck_assert_uint_eq(copy->system_time, 7777);
    ck_assert_uint_eq(copy->tsc_to_system_mul,
                      a->info->time.tsc_to_system_mul);
    /* The last store fails: an odd version tells that it is unfinished. */
    host_fail_guest_access(3);
    time_refresh_areas(a);
    host_fail_guest_access(0);
    ck_assert_uint_eq(copy->version % 2, 1);
}
END_TEST

START_TEST(areas_that_are_not_there_harm_nobody)
{
    no_periodic();
    a->runstate_guest = GVA(0xdead0000);
    a->time_guest = GVA(AREA + sizeof(area) - 8); /* crosses the end */
    away_until(5000);
    ck_assert_ptr_eq(current_vcpu(), a);
}
END_TEST

/* --- ticks ---------------------------------------------------------------- */

START_TEST(the_periodic_tick_is_on_from_the_start)
{
    ns_t first = arch_now() + PERIODIC_DEFAULT;
    unsigned int i;

    ticked();
    for (i = 0; i < 5; i++) {
        run_at(first + i * PERIODIC_DEFAULT - 1);
        ck_assert(!ticked());
        run_at(first + i * PERIODIC_DEFAULT);
        ck_assert(ticked());
    }
    time_set_periodic(a, 0);
    run_at(10 * PERIODIC_DEFAULT);
    ck_assert(!ticked());
}
END_TEST

START_TEST(missed_ticks_come_once)
{
    ns_t start = 100 * PERIODIC_DEFAULT;

    ticked();
    run_at(start);
    ck_assert(ticked());
    run_at(start + PERIODIC_DEFAULT - 1);
    ck_assert(!ticked());
    run_at(start + PERIODIC_DEFAULT);
    ck_assert(ticked());
}
END_TEST

START_TEST(a_clock_that_is_behind_brings_no_tick)
{
    host_set_now(5 * PERIODIC_DEFAULT);
    time_set_periodic(a, PERIODIC_DEFAULT);
    timer_stop(&a->periodic); /* it is with another CPU, and fires there */
    ticked();
    run_at(5 * PERIODIC_DEFAULT - 10);
    time_vcpu_kept(a);
    ck_assert(!ticked());
    ck_assert_uint_eq(timer_deadline(&a->periodic), 6 * PERIODIC_DEFAULT);
}
END_TEST

START_TEST(a_vcpu_that_waits_gets_its_tick_on_coming_in)
{
    ticked();
    world_enter(c);
    host_set_now(5 * PERIODIC_DEFAULT);
    timer_softirq();
    ck_assert(!ticked());
    ck_assert(!timer_is_active(&a->periodic)); /* once, for nothing */
    world_enter(a);
    ck_assert(ticked());
    run_at(6 * PERIODIC_DEFAULT);
    ck_assert(ticked());
}
END_TEST

START_TEST(the_tick_does_not_wake_a_sleeper)
{
    ticked();
    vcpu_block(a);
    softirq_run();
    run_at(5 * PERIODIC_DEFAULT);
    ck_assert_int_eq(a->state, VCPU_BLOCKED);
    ck_assert(!ticked());
}
END_TEST

START_TEST(a_period_can_be_set_for_another_vcpu)
{
    no_periodic();
    c->initialised = true;
    vcpu_start(c);
    time_set_periodic(c, 2 * NS_PER_MS);
    ck_assert(!timer_is_active(&c->periodic));
    vcpu_block(a);
    softirq_run();
    ck_assert_ptr_eq(current_vcpu(), c);
    ck_assert(timer_is_active(&c->periodic));
    time_set_periodic(c, 0);
    ck_assert(!timer_is_active(&c->periodic));
}
END_TEST

/* --- set_timer_op --------------------------------------------------------- */

START_TEST(set_timer_op_fires_once)
{
    no_periodic();
    ck_assert_int_eq(set_timer(5000), 0);
    run_at(4999);
    ck_assert(!ticked());
    run_at(5000);
    ck_assert(ticked());
    run_at(10000);
    ck_assert(!ticked());
    ck_assert_int_eq(set_timer(3), 0); /* past */
    softirq_run();
    ck_assert(ticked());
    ck_assert_int_eq(set_timer(20000), 0);
    ck_assert_int_eq(set_timer(0), 0); /* cancelled */
    run_at(30000);
    ck_assert(!ticked());
}
END_TEST

START_TEST(set_timer_op_wakes_a_sleeper)
{
    no_periodic();
    set_timer(5000);
    a->info->evtchn_upcall_mask = 0;
    vcpu_block(a);
    softirq_run();
    ck_assert(current_vcpu()->is_idle);
    run_at(5000);
    ck_assert_ptr_eq(current_vcpu(), a);
}
END_TEST

START_TEST(absurd_deadlines_come_in_a_tenth_of_a_second)
{
    static const uint64_t absurd[] = { ~0ull, 1ull << 63, NS_NEVER - 1,
                                       1ull << 51, 1ull << 62 };
    size_t i;
    ns_t now = 1000;

    no_periodic();
    for (i = 0; i < ARRAY_SIZE(absurd); i++) {
        run_at(now);
        ck_assert_int_eq(set_timer(absurd[i]), 0);
        softirq_run();
        ck_assert(!ticked());
        run_at(now + 100 * NS_PER_MS - 1);
        ck_assert(!ticked());
        now += 100 * NS_PER_MS;
        run_at(now);
        ck_assert(ticked());
    }
    /* The last that is taken at its word. */
    ck_assert_int_eq(set_timer(now + (1ull << 50) - 1), 0);
    run_at(now + NS_PER_S);
    ck_assert(!ticked());
    ck_assert_uint_eq(timer_deadline(&a->singleshot), now + (1ull << 50) - 1);
}
END_TEST

TEST_MAIN("time", setup, teardown,
          time_is_valid_before_the_first_instruction,
          the_time_is_that_of_the_cpu,
          the_version_can_wrap,
          the_wall_clock_is_in_shared_info,
          run_states_account_for_all_time,
          a_clock_that_goes_back_does_not_count_backwards,
          the_run_state_is_copied_on_the_way_in_and_out,
          a_reader_is_warned_when_it_asked_to_be,
          areas_wait_for_kernel_mode,
          the_second_time_area_has_the_same_numbers,
          areas_that_are_not_there_harm_nobody,
          the_periodic_tick_is_on_from_the_start,
          missed_ticks_come_once,
          a_clock_that_is_behind_brings_no_tick,
          a_vcpu_that_waits_gets_its_tick_on_coming_in,
          the_tick_does_not_wake_a_sleeper,
          a_period_can_be_set_for_another_vcpu,
          set_timer_op_fires_once,
          set_timer_op_wakes_a_sleeper,
          absurd_deadlines_come_in_a_tenth_of_a_second)
