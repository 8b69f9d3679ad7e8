/* SPDX-License-Identifier: MIT */
/*
 * Work that waits for a safe moment.
 *
 * An interrupt or another CPU only sets a bit; the work is done on the exit
 * path, before a guest is entered again, where no lock is held and the vcpu
 * may be changed. One word of bits for each CPU; bits are set by locked
 * operations by anybody and taken, all at once, by their CPU.
 *
 * Order within a round: what may make vcpus runnable comes before the
 * scheduler; a CPU rests for another's audit after it, so that a vcpu which
 * was stopped has left; and the end of the machine comes last, so that
 * everything that wanted to be said has been said.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/pv.h>
#include <hv/sched.h>
#include <hv/timer.h>

void softirq_raise(struct cpu *c, enum softirq s)
{
    uint32_t bit = 1u << s;
    uint32_t before = __atomic_fetch_or(&c->softirqs, bit, __ATOMIC_SEQ_CST);

    if (c != this_cpu() && (before & bit) == 0) {
        arch_kick(c);
    }
}

/* After the scheduler, so that the frame on this CPU is the vcpu's. What the
 * handler's end lets through is raised again by it. */
static void nmi_softirq(void)
{
    struct vcpu *v = current_vcpu();

    if (!v->is_idle && !v->nmi_masked && vcpu_may_go_on(v) &&
        __atomic_exchange_n(&v->nmi_pending, false, __ATOMIC_ACQUIRE)) {
        pv_deliver_nmi(v, arch_guest_regs());
    }
}

#define RUN_LATE \
    (1u << SOFTIRQ_NMI | 1u << SOFTIRQ_PARK | 1u << SOFTIRQ_POWER)

/* What hardly ever is, after the scheduler. */
static void run_late(uint32_t work)
{
    if (work & (1u << SOFTIRQ_NMI)) {
        nmi_softirq();
    }
    if (work & (1u << SOFTIRQ_PARK)) {
        arch_park_here();
    }
    if (work & (1u << SOFTIRQ_POWER)) {
        domain_power_softirq();
    }
}

void softirq_run(void)
{
    /* The CPU stays the same, though the vcpu may not. */
    struct cpu *c = this_cpu();

    do {
        uint32_t work = __atomic_exchange_n(&c->softirqs, 0,
                                            __ATOMIC_SEQ_CST);

        if (work & (1u << SOFTIRQ_TIMER)) {
            timer_softirq();
        }
        if (work & (1u << SOFTIRQ_CONSOLE)) {
            console_input_softirq();
        }
        if (work & (1u << SOFTIRQ_SCHEDULE)) {
            schedule();
        }
        if (UNLIKELY(work & RUN_LATE)) {
            run_late(work);
        }
    } while (__atomic_load_n(&c->softirqs, __ATOMIC_RELAXED) != 0);
}
