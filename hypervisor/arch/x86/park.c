/* SPDX-License-Identifier: MIT */
/*
 * A machine at rest, with one CPU at work: what an audit needs.
 *
 * A CPU that holds no lock and is in no guest disturbs nobody. Each comes to
 * such a place by itself, before it enters a guest again: so the asking CPU
 * leaves a softirq with all others and waits until each says that it is
 * there. No CPU is stopped anywhere else, and none has to be asked twice.
 *
 * The wait is a round with a number, odd while it lasts:
 *
 *   I1  `round` becomes odd by one CPU's cmpxchg, and even by the same CPU
 *   I2  a CPU is parked when the round's number stands in its entry of
 *       `parked`, and stays so until `round` is another. An entry from an
 *       earlier round is no number of a later one, so it never has to be
 *       taken back
 *   I3  who waits for his own round is parked in that of another: he is in
 *       a softirq or at the beginning of a hypercall, with no lock
 *
 * Whoever waits serves TLB flushes (arch_relax).
 */
#include <hv/arch.h>

static uint32_t round;
static uint32_t parked[CPUS_MAX];

void arch_park_here(void)
{
    uint32_t now = __atomic_load_n(&round, __ATOMIC_ACQUIRE);

    if ((now & 1) == 0) {
        return; /* over before we came */
    }
    __atomic_store_n(&parked[this_cpu()->id], now, __ATOMIC_RELEASE); /* I2 */
    while (__atomic_load_n(&round, __ATOMIC_ACQUIRE) == now) {
        arch_relax();
    }
}

/* I1; the round's number. */
static uint32_t begin_round(void)
{
    uint32_t now = __atomic_load_n(&round, __ATOMIC_RELAXED) & ~1u;

    while (!__atomic_compare_exchange_n(&round, &now, now + 1, false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        arch_park_here(); /* I3 */
        now &= ~1u;
    }
    return now + 1;
}

static bool takes_part(const struct cpu *c)
{
    return c != this_cpu() && __atomic_load_n(&c->online, __ATOMIC_ACQUIRE);
}

bool arch_park_others(void)
{
    uint32_t now = begin_round();

    for (unsigned int i = 0; i < cpu_count; i++) {
        if (takes_part(cpus[i])) {
            softirq_raise(cpus[i], SOFTIRQ_PARK);
        }
    }
    for (unsigned int i = 0; i < cpu_count; i++) {
        while (takes_part(cpus[i]) &&
               __atomic_load_n(&parked[i], __ATOMIC_ACQUIRE) != now) {
            arch_relax();
        }
    }
    return true;
}

void arch_release_others(void)
{
    __atomic_fetch_add(&round, 1, __ATOMIC_RELEASE); /* I1 */
}
