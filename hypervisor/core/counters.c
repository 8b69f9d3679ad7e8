/* SPDX-License-Identifier: MIT */
/*
 * Names and sums of the counters (hv/counters.h).
 *
 * A counter is written by its CPU alone and read by anybody: eight bytes at a
 * time, so a reader sees a number that was true a moment ago. Setting it to 0
 * from another CPU may lose to an increment that is under way; who measures
 * resets before he begins.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/counters.h>
#include <hv/hypercall.h>
#include <hv/pv.h>
#include <hv/util.h>

#define COUNTERS(name, count) [COUNTER_##name] = NULL,
#define COUNTER(name, text) [COUNTER_##name] = text,
static const char *const texts[COUNTERS_TOTAL] = {
#include <hv/counters.def>
};
#undef COUNTERS
#undef COUNTER

#define HYPERCALL(nr, name, kind, restartable) [nr] = #name,
#define HYPERCALL_ABSENT(nr, name) [nr] = #name,
const char *const hypercall_names[HYPERCALL_MAX] = {
#include <hypercalls.def>
};

STATIC_ASSERT(COUNTER_hypercall_last - COUNTER_hypercall + 1 == HYPERCALL_MAX,
              "a counter for each number");

void counter_name(unsigned int counter, char *buf, size_t size)
{
    if (counter <= COUNTER_hypercall_last) {
        unsigned int nr = counter - COUNTER_hypercall;
        const char *name = hypercall_names[nr];

        snprintk(buf, size, "hypercall %u %s", nr, name != NULL ? name : "");
    } else if (counter <= COUNTER_exception_last) {
        unsigned int vector = counter - COUNTER_exception;

        snprintk(buf, size, "exception %u %s", vector,
                 pv_vector_name(vector));
    } else {
        snprintk(buf, size, "%s", texts[counter]);
    }
}

uint64_t counter_sum(unsigned int counter)
{
    uint64_t sum = 0;

    for (unsigned int i = 0; i < cpu_count; i++) {
        sum += __atomic_load_n(&cpus[i]->counters[counter], __ATOMIC_RELAXED);
    }
    return sum;
}

void counters_reset(void)
{
    for (unsigned int i = 0; i < cpu_count; i++) {
        for (unsigned int n = 0; n < COUNTERS_TOTAL; n++) {
            __atomic_store_n(&cpus[i]->counters[n], 0, __ATOMIC_RELAXED);
        }
    }
}

static void print_counter(unsigned int counter)
{
    char name[48], line[160];
    size_t at;

    counter_name(counter, name, sizeof(name));
    at = (size_t)snprintk(line, sizeof(line), "%-40s %12lu:", name,
                          counter_sum(counter));
    for (unsigned int i = 0; i < cpu_count && at < sizeof(line); i++) {
        at += (size_t)snprintk(line + at, sizeof(line) - at, " %lu",
                               cpus[i]->counters[counter]);
    }
    printk("%s", line);
}

void counters_dump(void)
{
    printk("counters that are not 0: all CPUs, and each");
    for (unsigned int n = 0; n < COUNTERS_TOTAL; n++) {
        if (counter_sum(n) != 0) {
            print_counter(n);
        }
    }
}
