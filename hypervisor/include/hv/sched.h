/* SPDX-License-Identifier: MIT */
/*
 * Who runs where (core/sched.c). A vcpu belongs to one CPU, vcpu id modulo
 * number of CPUs. `current` and `state` change under the CPU's sched_lock.
 */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include <hv/types.h>

struct cpu;
struct vcpu;

#define SCHED_SLICE (10 * NS_PER_MS)

/* Makes the CPU's idle vcpu and leaves it running there. */
void sched_init_cpu(struct cpu *c);

/* An offline vcpu gets its CPU and its first run state. */
void sched_init_vcpu(struct vcpu *v);

/* SOFTIRQ_SCHEDULE: picks what runs next here, and switches to it. */
void schedule(void);

/*
 * Something happened that the vcpu should look at: if it is blocked or
 * polling it may run again, and if it runs on another CPU it passes through
 * the exit path there. Any CPU; takes sched_lock.
 */
void vcpu_wake(struct vcpu *v);

/* The current vcpu sleeps until vcpu_wake(), from its next exit on. The
 * caller looks afterwards whether it has a reason to be awake (S3). */
void vcpu_block(struct vcpu *v);

/* The current vcpu lets others go first. */
void vcpu_yield(struct vcpu *v);

/* Takes a vcpu off its CPU for good (crash, shutdown, down): if it runs, at
 * its next exit. */
void vcpu_stop(struct vcpu *v);

/* Makes an initialised vcpu runnable for the first time. */
void vcpu_start(struct vcpu *v);

/* Nested; a paused vcpu leaves its CPU at the next exit. */
void vcpu_pause(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);

/* The pure part: whether the running vcpu goes on, the queue's first takes
 * over, or nobody can run. */
enum sched_choice { SCHED_KEEP, SCHED_FIRST, SCHED_IDLE };

struct sched_view {
    bool may_continue;     /* the current vcpu is no idle one and can run */
    bool slice_over;       /* its slice has passed, or it yielded */
    bool others_wait;      /* the queue is not empty */
};

static inline enum sched_choice sched_pick(struct sched_view view)
{
    if (view.may_continue && (!view.others_wait || !view.slice_over)) {
        return SCHED_KEEP;
    }
    return view.others_wait ? SCHED_FIRST : SCHED_IDLE;
}

/* Panics unless the queue obeys S1 and S2; for audit. */
void sched_audit(struct cpu *c);

#endif
