/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is: the rules of the scheduler as pure steps, without vcpus,
 * CPUs or locks. core/sched.c is the shell around them; tests run them in a
 * time of their own.
 *
 * Each turn (a vcpu, to the scheduler) has a virtual time: how long it has
 * had a CPU. Who has had least is next. That alone is fair to those that
 * always want to run; a sleeper would come back with all the time that it
 * did not use, and keep the others waiting as long as it had slept. So there
 * is a clock, the latest virtual time that a CPU has been given at, and who
 * joins the waiting again is set forward to it: what was not used is gone.
 * What was used too much is not: nobody is ever set back.
 *
 *   Q1  the clock never goes back, and a turn's time never does
 *   Q2  who waits is not later than `latest`, so that a place behind all who
 *       wait is known without looking for it (yield)
 *   Q3  between two that want to run all the time, the one ahead is at most
 *       one slice ahead
 *
 * From this follows how long one waits at most: on one CPU, until each of
 * the others has had two slices, one to come up to him and one begun just
 * before that. A sleeper that wakes up takes over at once from one that is
 * further ahead than SCHED_LEAD.
 *
 * Weights will divide what turn_charge() adds; a promise for who wakes up
 * will be a time before the clock to join at.
 *
 * The rules are start-time fair queueing (Goyal, Vin, Cheng: SIGCOMM 1996),
 * which is borrowed virtual time (Duda, Cheriton: SOSP 1999; Xen's first
 * scheduler) without the borrowing.
 */
#ifndef HV_RUNQUEUE_H
#define HV_RUNQUEUE_H

#include <hv/heap.h>
#include <hv/types.h>
#include <hv/util.h>

#define SCHED_SLICE (10 * NS_PER_MS)
#define SCHED_LEAD  (1 * NS_PER_MS)

struct turn {
    struct heap_node node;     /* its key is the virtual time */
    bool waits;                /* in the queue */
};

struct runqueue {
    struct heap_node *root;    /* who has had least */
    uint32_t count;            /* atomic: read without the lock */
    uint64_t clock;            /* Q1 */
    uint64_t latest;           /* Q2 */
};

/* --- the queue -------------------------------------------------------------- */

static inline uint32_t runqueue_count(const struct runqueue *q)
{
    return __atomic_load_n(&q->count, __ATOMIC_RELAXED);
}

/* Who is next; NULL: nobody waits. */
static inline struct turn *runqueue_first(const struct runqueue *q)
{
    return q->root ? CONTAINER_OF(q->root, struct turn, node) : NULL;
}

/* t, which has been running, waits for its next turn. */
static inline void runqueue_return(struct runqueue *q, struct turn *t)
{
    t->waits = true;
    q->latest = max_u64(q->latest, t->node.key);
    __atomic_store_n(&q->count, q->count + 1, __ATOMIC_RELAXED);
    heap_insert(&q->root, &t->node);
}

/* t, which has not wanted to run for a while, waits for a turn. */
static inline void runqueue_join(struct runqueue *q, struct turn *t)
{
    t->node.key = max_u64(t->node.key, q->clock);
    runqueue_return(q, t);
}

static inline void runqueue_leave(struct runqueue *q, struct turn *t)
{
    t->waits = false;
    __atomic_store_n(&q->count, q->count - 1, __ATOMIC_RELAXED);
    heap_remove(&q->root, &t->node);
    if (!q->root) {
        q->latest = 0;
    }
}

/* --- a turn ----------------------------------------------------------------- */

/* t gets a CPU, or keeps it for another slice. */
static inline void turn_begin(struct runqueue *q, struct turn *t)
{
    q->clock = max_u64(q->clock, t->node.key);
}

/* It has had the CPU for so long. */
static inline void turn_charge(struct turn *t, ns_t ran)
{
    t->node.key += ran;
}

/* It wants to come behind all who wait now. */
static inline void turn_yield(const struct runqueue *q, struct turn *t)
{
    t->node.key = max_u64(t->node.key, q->latest + 1);
}

/* Whether t need not wait for the end of the slice of one that runs, and has
 * had so much by now. */
static inline bool turn_takes_over(const struct turn *t, uint64_t running)
{
    return t->node.key + SCHED_LEAD < running;
}

/* --- the choice ------------------------------------------------------------- */

enum sched_choice {
    SCHED_KEEP,                /* what runs goes on */
    SCHED_FIRST,               /* the queue's first takes over */
    SCHED_IDLE,                /* nobody can run */
};

/* `running` is charged up to now; NULL: there is none, or it can not go on. */
static inline enum sched_choice sched_pick(const struct runqueue *q,
                                           const struct turn *running,
                                           bool slice_over)
{
    const struct turn *first = runqueue_first(q);

    if (!first) {
        return running ? SCHED_KEEP : SCHED_IDLE;
    }
    if (!running || turn_takes_over(first, running->node.key)) {
        return SCHED_FIRST;
    }
    return slice_over && first->node.key <= running->node.key
               ? SCHED_FIRST : SCHED_KEEP;
}

#endif
