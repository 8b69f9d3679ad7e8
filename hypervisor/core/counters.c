/* SPDX-License-Identifier: MIT */
/*
 * Names and sums of the counters (hv/counters.h).
 *
 * A counter is written by its CPU alone and read by anybody: eight bytes at a
 * time, so a reader sees a number that was true a moment ago. Setting it to 0
 * from another CPU may lose to an increment that is under way; who measures
 * resets before he begins.
 *
 * Manual: sysctl.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/counters.h>
#include <hv/hypercall.h>
#include <hv/pv.h>
#include <hv/util.h>
#include <xen/sysctl.h>

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
                               __atomic_load_n(&cpus[i]->counters[counter],
                                               __ATOMIC_RELAXED));
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

/* --- sysctl ------------------------------------------------------------------- */

static bool copy_counter(unsigned int counter, gva_t desc, gva_t values)
{
    struct xen_sysctl_perfc_desc d = { .nr_vals = cpu_count };
    uint32_t value;

    counter_name(counter, d.name, sizeof(d.name));
    if (desc.v != 0 &&
        guest_copy_out(GVA(desc.v + counter * sizeof(d)), &d, sizeof(d))) {
        return false;
    }
    for (unsigned int i = 0; values.v != 0 && i < cpu_count; i++) {
        value = (uint32_t)__atomic_load_n(&cpus[i]->counters[counter],
                                          __ATOMIC_RELAXED);
        if (guest_store32(GVA(values.v + ((uint64_t)counter * cpu_count + i) *
                              sizeof(value)), value)) {
            return false;
        }
    }
    return true;
}

static int perfc_op(struct xen_sysctl_perfc_op *op)
{
    if (op->cmd != XEN_SYSCTL_PERFCOP_query &&
        op->cmd != XEN_SYSCTL_PERFCOP_reset) {
        return -XEN_EINVAL;
    }
    for (unsigned int n = 0; n < COUNTERS_TOTAL; n++) {
        if (!copy_counter(n, GVA(op->desc), GVA(op->val))) {
            return -XEN_EFAULT;
        }
    }
    op->nr_counters = COUNTERS_TOTAL;
    op->nr_vals = COUNTERS_TOTAL * cpu_count;
    return 0;
}

int64_t hc_sysctl(uint64_t arg, uint64_t a1, uint64_t a2, uint64_t a3,
                  uint64_t a4)
{
    struct xen_sysctl op;
    int err;

    if (guest_copy_in(&op, GVA(arg), sizeof(op))) {
        return -XEN_EFAULT;
    }
    if (op.interface_version != XEN_SYSCTL_INTERFACE_VERSION) {
        return -XEN_EACCES;
    }
    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    if (op.cmd != XEN_SYSCTL_perfc_op) {
        return -XEN_ENOSYS;
    }
    err = perfc_op(&op.u.perfc_op);
    if (err == 0 && guest_copy_out(GVA(arg), &op, sizeof(op))) {
        return -XEN_EFAULT;
    }
    /* Not before the caller has all of them. */
    if (err == 0 && op.u.perfc_op.cmd == XEN_SYSCTL_PERFCOP_reset) {
        counters_reset();
    }
    return err;
}
