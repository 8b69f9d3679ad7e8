/* SPDX-License-Identifier: MIT */
/*
 * The rules of the scheduler in a time of their own: many guests that work,
 * sleep and yield at random on up to eight CPUs, and what each of them is
 * promised. Then the cost of a choice among up to a thousand that wait.
 *
 * The simulation below is sched.c without vcpus: whoever may have to be
 * replaced is charged, sched_pick() is asked, and its answer done.
 */
#include "test_main.h"

#include <stdio.h>

#include "counted_heap.h"

#include <hv/runqueue.h>

#define GUESTS 40
#define CPUS   8
#define NEVER  UINT64_MAX

struct guest {
    struct turn turn;
    bool always;               /* wants to run all the time */
    bool yields;               /* where others sleep */
    ns_t work_max, sleep_max;
    ns_t work;                 /* until it sleeps or yields; NEVER */
    ns_t wakes_at;             /* NEVER: it is awake */
    ns_t waits_since;
    ns_t had;
    unsigned int cpu;
};

struct place {
    struct guest *running;     /* NULL: it idles */
    ns_t since, slice_end;
};

static struct runqueue queue;
static struct guest guests[GUESTS];
static struct place places[CPUS];
static unsigned int guest_count, cpu_total;
static ns_t now;
static ns_t worst_wait, worst_lead;

static uint32_t seed = 5;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525u + 1013904223u;
    return (seed >> 8) % below;
}

static void setup(void)
{
    queue = (struct runqueue){ .root = NULL };
    now = 0;
    worst_wait = 0;
    worst_lead = 0;
    for (unsigned int i = 0; i < CPUS; i++) {
        places[i] = (struct place){ .running = NULL };
    }
}

static void teardown(void)
{
}

/* --- the shell ------------------------------------------------------------- */

static struct guest *guest_of(struct turn *t)
{
    return CONTAINER_OF(t, struct guest, turn);
}

static void schedule_on(struct place *p);

static void tell_a_cpu(struct guest *g)
{
    struct place *p = &places[g->cpu];
    unsigned int i;

    g->waits_since = now;
    for (i = 0; i < cpu_total; i++) {
        if (!places[i].running) {
            schedule_on(&places[i]);
            return;
        }
    }
    if (turn_takes_over(&g->turn, p->running->turn.node.key +
                                      (now - p->since))) {
        schedule_on(p);
    }
}

/* Returns whether it can go on; work that is done ends in sleep or a yield. */
static bool charge(struct place *p, struct guest *g)
{
    ns_t ran = now - p->since;

    turn_charge(&g->turn, ran);
    g->had += ran;
    p->since = now;
    if (g->work == NEVER) {
        return true;
    }
    g->work -= ran;
    if (g->work > 0) {
        return true;
    }
    g->work = 1 + any((uint32_t)g->work_max);
    if (g->yields) {
        if (queue.count > 0) {
            turn_yield(&queue, &g->turn);
            p->slice_end = 0;
        }
        return true;
    }
    g->wakes_at = now + 1 + any((uint32_t)g->sleep_max);
    return false;
}

static void schedule_on(struct place *p)
{
    struct guest *prev = p->running, *next = NULL;
    bool can_go_on = prev && charge(p, prev);
    bool slice_over = now >= p->slice_end;
    enum sched_choice choice =
        sched_pick(&queue, can_go_on ? &prev->turn : NULL, slice_over);

    if (choice == SCHED_KEEP && !slice_over) {
        return;
    }
    if (choice == SCHED_KEEP) {
        next = prev;
    } else if (choice == SCHED_FIRST) {
        next = guest_of(runqueue_first(&queue));
        runqueue_leave(&queue, &next->turn);
        next->cpu = (unsigned int)(p - places);
        worst_wait = max_u64(worst_wait, now - next->waits_since);
    }
    p->running = next;
    p->since = now;
    p->slice_end = now + SCHED_SLICE;
    if (next) {
        turn_begin(&queue, &next->turn);
    }
    if (can_go_on && next != prev) {
        runqueue_return(&queue, &prev->turn);
        tell_a_cpu(prev);
    }
}

/* --- time ------------------------------------------------------------------- */

static ns_t next_event(void)
{
    ns_t when = NEVER;
    unsigned int i;

    for (i = 0; i < cpu_total; i++) {
        const struct place *p = &places[i];

        if (p->running) {
            when = min_u64(when, max_u64(p->slice_end, now));
            if (p->running->work != NEVER) {
                when = min_u64(when, p->since + p->running->work);
            }
        }
    }
    for (i = 0; i < guest_count; i++) {
        when = min_u64(when, guests[i].wakes_at);
    }
    return when;
}

static void run_until(ns_t end, void (*check)(void))
{
    unsigned int i;

    while ((now = next_event()) < end) {
        for (i = 0; i < guest_count; i++) {
            if (guests[i].wakes_at <= now) {
                guests[i].wakes_at = NEVER;
                runqueue_join(&queue, &guests[i].turn);
                tell_a_cpu(&guests[i]);
            }
        }
        for (i = 0; i < cpu_total; i++) {
            const struct place *p = &places[i];

            if (p->running &&
                (now >= p->slice_end ||
                 (p->running->work != NEVER &&
                  now >= p->since + p->running->work))) {
                schedule_on(&places[i]);
            }
        }
        check();
    }
}

static struct guest *add_guest(void)
{
    struct guest *g = &guests[guest_count++];

    *g = (struct guest){ .work = NEVER, .wakes_at = 0, .always = true };
    return g;
}

/* --- what is promised -------------------------------------------------------- */

static ns_t had_by_now(const struct guest *g)
{
    const struct place *p = &places[g->cpu];

    return g->had + (p->running == g ? now - p->since : 0);
}

/* No CPU idles while somebody waits; nobody has had much more than one that
 * always wanted to run. */
static void check_promises(void)
{
    ns_t least = NEVER;
    unsigned int i;

    for (i = 0; i < cpu_total; i++) {
        if (!places[i].running && queue.count != 0) {
            ck_abort_msg("CPU %u idles while somebody waits", i);
        }
    }
    for (i = 0; i < guest_count; i++) {
        if (guests[i].always) {
            least = min_u64(least, had_by_now(&guests[i]));
        }
    }
    for (i = 0; i < guest_count && least != NEVER; i++) {
        ns_t had = had_by_now(&guests[i]);

        if (had > least) {
            worst_lead = max_u64(worst_lead, had - least);
        }
    }
}

static void random_guests(unsigned int count)
{
    unsigned int i;

    guest_count = 0;
    for (i = 0; i < count; i++) {
        struct guest *g = add_guest();

        g->cpu = any(cpu_total);
        g->always = any(3) == 0;
        if (!g->always) {
            g->yields = any(4) == 0;
            g->work_max = 1u << (15 + any(9));
            g->sleep_max = 1u << (15 + any(13));
            g->work = 1 + any((uint32_t)g->work_max);
        }
    }
}

/* Somebody who waits has at most two slices of each of the others before him:
 * he is at most one behind the first, and a turn that begins just before his
 * own time lasts one more. */
START_TEST(nobody_starves_and_nobody_gains)
{
    static ns_t waits[CPUS + 1], leads[CPUS + 1];
    unsigned int round, i;

    for (round = 0; round < 400; round++) {
        ns_t most;

        setup();
        cpu_total = 1 + round % CPUS;
        random_guests(1 + any(GUESTS));
        run_until(NS_PER_S, check_promises);
        heap_audit(queue.root);
        most = (2 * guest_count / cpu_total + 1) * SCHED_SLICE;
        ck_assert_uint_le(worst_wait, most);
        ck_assert_uint_le(worst_lead, SCHED_SLICE + SCHED_LEAD);
        waits[cpu_total] = max_u64(waits[cpu_total],
                                   worst_wait * 100 / most);
        leads[cpu_total] = max_u64(leads[cpu_total], worst_lead);
    }
    for (i = 1; i <= CPUS; i++) {
        printf("runqueue, %u CPUs: longest wait %3llu %% of the bound, "
               "greatest lead %llu us\n", i, (unsigned long long)waits[i],
               (unsigned long long)(leads[i] / NS_PER_US));
    }
}
END_TEST

START_TEST(equal_guests_have_equal_shares)
{
    unsigned int n, i;

    for (n = 1; n <= GUESTS; n++) {
        setup();
        cpu_total = 1 + n % 4;
        guest_count = 0;
        for (i = 0; i < n; i++) {
            add_guest();
        }
        run_until(4 * NS_PER_S, check_promises);
        ck_assert_uint_le(worst_lead, SCHED_SLICE + SCHED_LEAD);
        ck_assert_uint_le(worst_wait, (2 * n / cpu_total + 1) * SCHED_SLICE);
    }
}
END_TEST

/* A guest that works for 100 us every 5 ms beside three that never stop. */
START_TEST(who_sleeps_much_need_not_wait_long)
{
    struct guest *g;
    ns_t start;
    unsigned int i;

    setup();
    cpu_total = 1;
    guest_count = 0;
    for (i = 0; i < 3; i++) {
        add_guest();
    }
    run_until(NS_PER_S, check_promises);
    g = add_guest();
    g->always = false;
    g->work = 100 * NS_PER_US;
    g->work_max = 200 * NS_PER_US;
    g->sleep_max = 5 * NS_PER_MS;
    g->wakes_at = now;
    start = now;
    worst_wait = 0;
    run_until(start + 2 * NS_PER_S, check_promises);
    printf("runqueue: it had %llu us in 2 s\n",
           (unsigned long long)(g->had / NS_PER_US));
    ck_assert_uint_le(worst_lead, SCHED_SLICE + SCHED_LEAD);
}
END_TEST

START_TEST(who_yields_comes_after_all_others)
{
    struct turn turns[6] = { 0 };
    unsigned int i;

    setup();
    for (i = 0; i < 6; i++) {
        turns[i].node.key = any(1000);
    }
    for (i = 1; i < 6; i++) {
        runqueue_join(&queue, &turns[i]);
    }
    turn_yield(&queue, &turns[0]);
    runqueue_return(&queue, &turns[0]);
    for (i = 1; i < 6; i++) {
        struct turn *first = runqueue_first(&queue);

        ck_assert_ptr_ne(first, &turns[0]);
        runqueue_leave(&queue, first);
    }
    ck_assert_ptr_eq(runqueue_first(&queue), &turns[0]);
    ck_assert_int_eq(sched_pick(&queue, NULL, false), SCHED_FIRST);
}
END_TEST

START_TEST(the_choice_keeps_replaces_or_idles)
{
    struct turn waits = { .node.key = 50 * NS_PER_MS };
    struct turn runs = { .node.key = 50 * NS_PER_MS };

    setup();
    ck_assert_int_eq(sched_pick(&queue, NULL, true), SCHED_IDLE);
    ck_assert_int_eq(sched_pick(&queue, &runs, true), SCHED_KEEP);
    runqueue_join(&queue, &waits);
    ck_assert_int_eq(sched_pick(&queue, NULL, false), SCHED_FIRST);
    ck_assert_int_eq(sched_pick(&queue, &runs, false), SCHED_KEEP);
    ck_assert_int_eq(sched_pick(&queue, &runs, true), SCHED_FIRST);
    turn_charge(&runs, SCHED_LEAD);
    ck_assert_int_eq(sched_pick(&queue, &runs, false), SCHED_KEEP);
    turn_charge(&runs, 1);
    ck_assert_int_eq(sched_pick(&queue, &runs, false), SCHED_FIRST);
    runs.node.key = waits.node.key - 1; /* it has had less: another slice */
    ck_assert_int_eq(sched_pick(&queue, &runs, true), SCHED_KEEP);
}
END_TEST

/* --- cost --------------------------------------------------------------------- */

#define MANY 1000

/* One turn after the other: the steps of choosing, and of going back. */
START_TEST(a_choice_costs_a_logarithm)
{
    static struct turn turns[MANY];
    static const unsigned int sizes[] = { 1, 10, 100, 1000 };
    unsigned int i, n, worst = 0, total;

    for (i = 0; i < ARRAY_SIZE(sizes); i++) {
        unsigned int log = 0;

        setup();
        while ((1u << log) < sizes[i] + 1) {
            log++;
        }
        for (n = 0; n < sizes[i]; n++) {
            turns[n] = (struct turn){ .waits = false };
            runqueue_join(&queue, &turns[n]);
        }
        worst = total = 0;
        for (n = 0; n < 20000; n++) {
            struct turn *t = runqueue_first(&queue);

            steps = 0;
            runqueue_leave(&queue, t);
            turn_begin(&queue, t);
            turn_charge(t, SCHED_SLICE - any(SCHED_SLICE));
            runqueue_return(&queue, t);
            total += steps;
            worst = steps > worst ? steps : worst;
        }
        printf("runqueue of %4u: a turn costs %2u steps, %3u at most\n",
               sizes[i], total / 20000, worst);
        ck_assert_uint_le(worst, 12 * (log + 1));
    }
}
END_TEST

TEST_MAIN("runqueue", setup, teardown,
          nobody_starves_and_nobody_gains,
          equal_guests_have_equal_shares,
          who_sleeps_much_need_not_wait_long,
          who_yields_comes_after_all_others,
          the_choice_keeps_replaces_or_idles,
          a_choice_costs_a_logarithm)
