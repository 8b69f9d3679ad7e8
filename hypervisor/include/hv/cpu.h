/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU data.
 *
 * GS belongs to the guest, so a CPU finds its own data from the stack
 * pointer: one aligned block per CPU holds this structure at its start and
 * the stacks above it (docs/memory-map.md). Fields named in
 * arch/x86/asm_offsets.c are used by the entry code.
 */
#ifndef HV_CPU_H
#define HV_CPU_H

#include <hv/bug.h>
#include <hv/counters.h>
#include <hv/lock.h>
#include <hv/timer.h>
#include <hv/types.h>

#define CPUS_MAX 64

struct vcpu;

enum softirq {
    SOFTIRQ_TIMER = 0,    /* a deadline may have passed */
    SOFTIRQ_SCHEDULE = 1, /* pick another vcpu */
    SOFTIRQ_CONSOLE = 2,  /* console input arrived */
    SOFTIRQ_POWER = 3,    /* the first domain is over: so is the machine */
    SOFTIRQ_NMI = 4,      /* the current vcpu may have an NMI to take */
    SOFTIRQ_PARK = 5,     /* another CPU wants the machine at rest */
    SOFTIRQ_COUNT
};

struct cpu {
    struct vcpu *current;      /* what runs here; never NULL after set-up */
    uint32_t softirqs;         /* bits of enum softirq; any CPU may set one */
    int32_t work_left;         /* entries this call may still process */
    struct multicall *multicall; /* hv/hypercall.h; NULL: in none */

    uint32_t id;               /* 0 .. cpu_count-1 */
    uint32_t apic_id;
    bool online;
    bool in_idle;              /* between sti and cli of the idle loop */
    bool flush_wanted;         /* written by others, see arch TLB code */
    uint8_t locks_held_count;
    const struct spinlock *locks_held[8];

    struct vcpu *idle;         /* this CPU's idle vcpu */

    /* sched.c, under sched_lock */
    struct vcpu *scheduled;    /* the chosen one; `current` once it is here */
    ns_t since;                /* it is charged up to here */
    /* this CPU's alone */
    ns_t slice_end;            /* 0: it yielded */
    struct timer slice_timer;

    /* deadline heap: timer.c; under timer_lock */
    struct spinlock timer_lock;
    struct heap_node *timers;  /* the earliest; NULL: no timer is set */
    struct timer *timer_firing; /* read without the lock by timer_retire() */
    ns_t timer_programmed;     /* what the hardware waits for; NS_NEVER */

    uint64_t tlb_stamp;        /* TLB clock at this CPU's last full flush */

    uint64_t counters[COUNTERS_TOTAL]; /* hv/counters.h */
};

/* All CPUs; entries at and above cpu_count are NULL. */
extern struct cpu *cpus[CPUS_MAX];
extern unsigned int cpu_count;

/* One bit a CPU. */
typedef uint64_t cpumask_t;
STATIC_ASSERT(CPUS_MAX <= 64, "cpumask_t is one word");

static inline struct cpu *this_cpu(void); /* arch/inline.h */

static inline struct vcpu *current_vcpu(void);

/*
 * Marks work to be done on a CPU before it returns to a guest, and kicks it
 * if that is another one. Any context.
 */
void softirq_raise(struct cpu *c, enum softirq s);

/* Runs all pending softirqs of this CPU; may change current. */
void softirq_run(void);

/*
 * Long work is bounded by a budget, not by a clock: each hypercall starts
 * with WORK_BUDGET units (one is about one page-table entry), and returns
 * -XEN_ERESTART when they are spent. The guest then executes the call again,
 * and interrupts get in between. A budget instead of a timer makes
 * restarting deterministic, so the host tests can force it at every point.
 */
#define WORK_BUDGET 4096

static inline bool work_spend(int32_t units);

#include <hv/domain.h> /* and with it the INLINE part of hv/arch.h */

#endif
