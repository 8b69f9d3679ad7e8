/* SPDX-License-Identifier: MIT */
/*
 * Virtual time: it stands still until a test moves it. A one-shot timer that
 * is due raises SOFTIRQ_TIMER on its CPU, as the timer interrupt's handler
 * does on the real machine; the test then calls softirq_run() there.
 *
 * The fake TSC runs at 1 GHz, so it equals system time.
 */
#include "internal.h"

#define HOST_EPOCH 1700000000ull /* UTC seconds at system time 0 */

static ns_t now;

ns_t arch_now(void)
{
    return __atomic_load_n(&now, __ATOMIC_RELAXED);
}

static void fire_if_due(struct host_cpu *hc)
{
    ns_t deadline = __atomic_load_n(&hc->deadline, __ATOMIC_RELAXED);

    if (deadline <= arch_now() &&
        __atomic_compare_exchange_n(&hc->deadline, &deadline, NS_NEVER, false,
                                    __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
        softirq_raise(&hc->cpu, SOFTIRQ_TIMER);
    }
}

void arch_timer_program(ns_t deadline)
{
    struct host_cpu *hc = host_cpu(this_cpu());

    host_effect_add(EFFECT_TIMER, deadline, 0);
    __atomic_store_n(&hc->deadline, deadline, __ATOMIC_RELAXED);
    if (deadline != NS_NEVER) {
        fire_if_due(hc);
    }
}

void host_set_now(ns_t t)
{
    unsigned int id;

    __atomic_store_n(&now, t, __ATOMIC_RELAXED);
    for (id = 0; id < cpu_count; id++) {
        fire_if_due(host_cpu(cpus[id]));
    }
}

void host_advance(ns_t by)
{
    host_set_now(arch_now() + by);
}

ns_t host_timer_deadline(unsigned int id)
{
    return __atomic_load_n(&host_cpu(cpus[id])->deadline, __ATOMIC_RELAXED);
}

void clock_reset(void)
{
    now = 0;
}

void arch_clock_params(struct clock_params *p)
{
    ns_t t = arch_now();

    p->tsc_stamp = t;
    p->system_time = t;
    p->mul = 0x80000000u; /* half, and shifted left by one */
    p->shift = 1;
}

void arch_wallclock(uint64_t *sec, uint32_t *nsec)
{
    *sec = HOST_EPOCH;
    *nsec = 0;
}
