/* SPDX-License-Identifier: MIT */
/*
 * Failures on demand.
 *
 * An error path that is never executed does not work. A test runs its
 * operation once to learn how many allocations and guest accesses it makes,
 * then again once for each, with that one failing, and looks at what is left
 * behind.
 */
#include "internal.h"

#include <arch/alloc_hooks.h>

struct injection {
    unsigned int seen;
    unsigned int fail_at;   /* value of `seen` that fails; 0: none */
};

static struct injection allocs, accesses;

static bool must_fail(struct injection *in)
{
    unsigned int n = __atomic_add_fetch(&in->seen, 1, __ATOMIC_RELAXED);

    return n == __atomic_load_n(&in->fail_at, __ATOMIC_RELAXED);
}

static void arm(struct injection *in, unsigned int n)
{
    unsigned int seen = __atomic_load_n(&in->seen, __ATOMIC_RELAXED);

    __atomic_store_n(&in->fail_at, n == 0 ? 0 : seen + n, __ATOMIC_RELAXED);
}

bool alloc_refused(void)
{
    return must_fail(&allocs);
}

bool guest_access_refused(void)
{
    return must_fail(&accesses);
}

void host_fail_alloc(unsigned int n)
{
    arm(&allocs, n);
}

void host_fail_guest_access(unsigned int n)
{
    arm(&accesses, n);
}

unsigned int host_alloc_count(void)
{
    return __atomic_load_n(&allocs.seen, __ATOMIC_RELAXED);
}

unsigned int host_guest_access_count(void)
{
    return __atomic_load_n(&accesses.seen, __ATOMIC_RELAXED);
}

void inject_reset(void)
{
    allocs.seen = 0;
    allocs.fail_at = 0;
    accesses.seen = 0;
    accesses.fail_at = 0;
}
