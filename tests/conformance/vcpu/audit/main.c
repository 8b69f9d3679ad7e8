/* SPDX-License-Identifier: MIT */
/*
 * A hypervisor that can say whether its own counts are right.
 *
 * Debug builds of Xenios have a call that recomputes every count; there is
 * none on Xen, nor in a release build.  It needs a machine at rest, so it
 * stops every other CPU between two instructions of its guest: also those that
 * change page tables at this moment, and those that ask for the same.
 */
#include "conformance.h"

#define ROUNDS 8u

static volatile bool stop_it;
static unsigned long results_of_other[ROUNDS];

/* Makes and takes back a table, and all that goes with it. */
static void change_tables(void *unused)
{
    while (!stop_it) {
        scratch_map(SCRATCH_VA, virt_to_mfn(results_of_other), PTE_READONLY);
        scratch_release(SCRATCH_VA);
    }
}

static void audit_too(void *unused)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        results_of_other[i] = (unsigned long)hypercall_audit();
    }
}

CONFORMANCE_CASE("an audit, if offered, agrees at any moment", 0)
{
    long offered = hypercall_audit();

    expect_true("absent-or-agrees", offered == 0 || offered == -XEN_ENOSYS);
    if (!smp_exists(1)) {
        return;
    }
    REQUIRE(smp_initialise(1) == 0);

    stop_it = false;
    REQUIRE(smp_run(1, change_tables, NULL));
    for (unsigned int i = 0; i < ROUNDS; i++) {
        expect_eq("while-tables-change", (uint64_t)offered,
                  (uint64_t)hypercall_audit());
    }
    stop_it = true;
    REQUIRE(smp_wait(1));

    REQUIRE(smp_run(1, audit_too, NULL));
    for (unsigned int i = 0; i < ROUNDS; i++) {
        expect_eq("of-two", (uint64_t)offered, (uint64_t)hypercall_audit());
    }
    REQUIRE(smp_wait(1));
    for (unsigned int i = 0; i < ROUNDS; i++) {
        expect_eq("of-the-other", (uint64_t)offered, results_of_other[i]);
    }
}
