/* SPDX-License-Identifier: MIT */
/*
 * Tools of a privileged domain read the hypervisor's counters by a call whose
 * structure says which version of the interface they were built for. A tool of
 * another version must be told so before anything is done; one that asks for
 * more than there is must not be taken for one that succeeded.
 */
#include <xen/sysctl.h>

#include "conformance.h"

#define COUNTERS_MOST 1000
#define VALUES_MOST 4000

static struct xen_sysctl_perfc_desc desc[COUNTERS_MOST];
static uint32_t values[VALUES_MOST];
static struct xen_sysctl op;

static uint64_t sysctl(void *argument)
{
    return (uint64_t)hypercall(__HYPERVISOR_sysctl, (uint64_t)argument, 0, 0,
                               0, 0);
}

static uint64_t perfc(uint32_t cmd, void *d, void *v)
{
    op = (struct xen_sysctl){
        .cmd = XEN_SYSCTL_perfc_op,
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
        .u.perfc_op = { .cmd = cmd, .desc = (uint64_t)d, .val = (uint64_t)v },
    };
    return sysctl(&op);
}

/* The sum of all values of the counter whose name ends so. */
static uint64_t count_of(const char *name)
{
    uint32_t *next = values;

    for (uint32_t i = 0; i < op.u.perfc_op.nr_counters; i++) {
        uint64_t sum = 0;

        for (uint32_t n = 0; n < desc[i].nr_vals; n++) {
            sum += *next++;
        }
        if (strcmp(desc[i].name, name) == 0) {
            return sum;
        }
    }
    return 0;
}

static void counters(void)
{
    uint64_t before;

    expect_true("there-are-some", op.u.perfc_op.nr_counters > 0 &&
                op.u.perfc_op.nr_counters <= COUNTERS_MOST &&
                op.u.perfc_op.nr_vals <= VALUES_MOST);
    expect_eq("query", 0, perfc(XEN_SYSCTL_PERFCOP_query, desc, values));
    before = count_of("hypercall 35 sysctl");
    expect_true("counted", before > 0);
    expect_eq("again", 0, perfc(XEN_SYSCTL_PERFCOP_query, desc, values));
    expect_eq("counts-each", before + 1, count_of("hypercall 35 sysctl"));
    expect_eq("reset", 0, perfc(XEN_SYSCTL_PERFCOP_reset, desc, values));
    expect_eq("reset-tells", before + 2, count_of("hypercall 35 sysctl"));
    expect_eq("after", 0, perfc(XEN_SYSCTL_PERFCOP_query, desc, values));
    expect_eq("begins-again", 1, count_of("hypercall 35 sysctl"));
    expect_eq("bad-command", -XEN_EINVAL, perfc(0, NULL, NULL));
    expect_eq("no-array", -XEN_EFAULT,
              perfc(XEN_SYSCTL_PERFCOP_query, hostile(UNMAPPED_VA), values));
    expect_eq("no-values", -XEN_EFAULT,
              perfc(XEN_SYSCTL_PERFCOP_query, desc, hostile(UNMAPPED_VA)));
}

CONFORMANCE_CASE("Counters by sysctl", 0)
{
    uint64_t result;

    expect_eq("unmapped", -XEN_EFAULT, sysctl(hostile(UNMAPPED_VA)));
    op = (struct xen_sysctl){ .interface_version = 1 };
    expect_eq("another-version", -XEN_EACCES, sysctl(&op));
    op.interface_version = XEN_SYSCTL_INTERFACE_VERSION;
    op.cmd = 9999;
    expect_eq("unknown", -XEN_ENOSYS, sysctl(&op));
    result = perfc(XEN_SYSCTL_PERFCOP_query, NULL, NULL);
    if (result == (uint64_t)-XEN_ENOSYS) {
        case_skip("this Xen was built without its counters");
        return;
    }
    expect_eq("how-many", 0, result);
    counters();
}
