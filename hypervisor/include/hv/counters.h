/* SPDX-License-Identifier: MIT */
/*
 * How often things happened, by CPU.
 *
 * Each CPU counts in its own struct cpu, interrupts off, so COUNT() is one
 * instruction without a lock. Readers see a moment's numbers. The counters
 * stand in hv/counters.def; the entry code counts hypercalls itself.
 */
#ifndef HV_COUNTERS_H
#define HV_COUNTERS_H

#include <hv/types.h>

#define COUNTERS(name, count) \
    COUNTER_##name, COUNTER_##name##_last = COUNTER_##name + (count) - 1,
#define COUNTER(name, text) COUNTER_##name,
enum counter {
#include <hv/counters.def>
    COUNTERS_TOTAL
};
#undef COUNTERS
#undef COUNTER

/* Counts an event of this CPU: COUNT(upcall); COUNT_AT(exception, vector) */
#define COUNT(name) COUNT_AT(name, 0)
#define COUNT_AT(name, index) \
    arch_count(&this_cpu()->counters[COUNTER_##name + (index)])

/* Its name, in buf. */
void counter_name(unsigned int counter, char *buf, size_t size);

/* Over all CPUs. */
uint64_t counter_sum(unsigned int counter);

/* All counters of all CPUs begin again from 0; what is counted meanwhile may
 * be lost. */
void counters_reset(void);

/* Prints those that are not 0: the sum, and each CPU's. */
void counters_dump(void);

#endif
