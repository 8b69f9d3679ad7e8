/* SPDX-License-Identifier: MIT */
/*
 * Who runs where (core/sched.c): all CPUs take from one queue, under one lock.
 */
#ifndef HV_SCHED_H
#define HV_SCHED_H

#include <hv/cpu.h>
#include <hv/runqueue.h>
#include <hv/types.h>

struct cpu;
struct vcpu;

/* Who runs and who waits, run states; rank LOCK_SCHED. */
extern struct spinlock sched_lock;

/* Makes the CPU's idle vcpu and leaves it running there. The CPU is given
 * vcpus after its first schedule(). */
void sched_init_cpu(struct cpu *c);

/* An offline vcpu gets its first run state, and a CPU that it prefers. */
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

/* The current vcpu lets all others that wait now go first. */
void vcpu_yield(struct vcpu *v);

/* Takes a vcpu off its CPU for good (crash, shutdown, down): if it runs, at
 * its next exit. */
void vcpu_stop(struct vcpu *v);

/* Makes an initialised vcpu runnable for the first time. */
void vcpu_start(struct vcpu *v);

/* Nested; a paused vcpu leaves its CPU at the next exit. */
void vcpu_pause(struct vcpu *v);
void vcpu_unpause(struct vcpu *v);

/* If v is on a CPU, that one does this softirq. If it is not, it sees what the
 * caller has done before when it comes to one. Takes sched_lock. */
void vcpu_softirq(struct vcpu *v, enum softirq s);

/* For arch_vcpu_switch(), S4: the registers and all else of the vcpu that
 * leaves are in it, and this CPU has left its page table; waits for this to
 * be true of the vcpu that comes. */
void vcpu_set_saved(struct vcpu *v);
void vcpu_await_saved(struct vcpu *v);

/* Panics unless S1, S2 and S5 hold. Takes sched_lock. */
void sched_audit(void);

#endif
