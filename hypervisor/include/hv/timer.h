/* SPDX-License-Identifier: MIT */
/*
 * Deadlines. Each CPU has one heap of timers and one hardware timer,
 * programmed for the earliest. A timer belongs to the CPU it was set on until
 * it fires or is stopped; setting it again moves it to the CPU that does so.
 * The heap's links are in the timers, so setting one can not fail.
 */
#ifndef HV_TIMER_H
#define HV_TIMER_H

#include <hv/heap.h>
#include <hv/types.h>

#define TIMER_NO_CPU (~0u)

struct timer {
    struct heap_node node;     /* under the lock of the CPU that has it; its
                                  key is the deadline, in system time */
    void (*fire)(void *arg);   /* runs in SOFTIRQ_TIMER, no lock held; may
                                  set timers, but to the future only */
    void *arg;
    uint32_t cpu;              /* whose heap, or TIMER_NO_CPU: inactive */
};

struct cpu;
void timer_init_cpu(struct cpu *c);

void timer_init(struct timer *t, void (*fire)(void *), void *arg);

/*
 * (Re)arms t on this CPU. A deadline in the past fires at the next softirq;
 * NS_NEVER never does. One caller at a time for each timer: its owner. Takes
 * timer_lock.
 */
void timer_set(struct timer *t, ns_t deadline);

/* When an active timer fires. */
static inline ns_t timer_deadline(const struct timer *t)
{
    return t->node.key;
}

/* Who sees that it is not also sees where it fires (T4). */
static inline bool timer_is_active(const struct timer *t)
{
    return __atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE) != TIMER_NO_CPU;
}

/* After return t is in no heap; it may still be firing on another CPU. */
void timer_stop_active(struct timer *t);

static inline void timer_stop(struct timer *t)
{
    if (timer_is_active(t)) {
        timer_stop_active(t);
    }
}

/* Before t is freed: stops it, and waits until it does not fire on another
 * CPU. It must not set itself again; no lock is held that fire() takes. */
void timer_retire(struct timer *t);

/* Moves t to this CPU's heap if it is in another's; the deadline stays. The
 * caller is its owner. */
void timer_bring(struct timer *t);

/* SOFTIRQ_TIMER: fires all that is due, reprograms the hardware. */
void timer_softirq(void);

/* Panics unless the CPU's heap is one and each timer in it names this CPU;
 * returns their number. For audit and tests. */
unsigned int timer_audit(struct cpu *c);

#endif
