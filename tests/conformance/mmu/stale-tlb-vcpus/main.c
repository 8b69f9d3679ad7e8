/* SPDX-License-Identifier: MIT */
/*
 * A stale writable TLB entry on another vCPU.
 *
 * One vCPU writes through a mapping, so that its CPU's TLB has it.  Another
 * removes the mapping, without any flush, and makes the page a table.  The
 * hypervisor must flush the first CPU before the page counts as a table, or
 * that vCPU goes on writing into it.
 */
#include "conformance.h"

#define ROUNDS 20u

static volatile unsigned int written, may_store, stored, may_go_on;
static volatile bool faulted;

static void writer(void *unused)
{
    volatile uint64_t *window = hostile(SCRATCH_VA);
    struct fault fault;

    for (unsigned int round = 1; round <= ROUNDS; round++) {
        window[1] = 0;                  /* into the TLB */
        __atomic_store_n(&written, round, __ATOMIC_SEQ_CST);
        smp_wait_for(&may_store, round);
        fault = probe_write(window, pte_make(0, PTE_DATA));
        faulted = fault.raised;
        __atomic_store_n(&stored, round, __ATOMIC_SEQ_CST);
        smp_wait_for(&may_go_on, round);
    }
}

static void round_trip(unsigned int round, uint64_t *page,
                       uint64_t entry_address)
{
    REQUIRE(smp_wait_for(&written, round));
    expect_eq("unmap", 0, (uint64_t)mm_write_entry(entry_address, 0));
    expect_eq("pin", 0, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L1_TABLE + round % 3,
                         virt_to_mfn(page)));
    __atomic_store_n(&may_store, round, __ATOMIC_SEQ_CST);
    REQUIRE(smp_wait_for(&stored, round));
    expect_true("stale-store-faults", faulted);
    expect_eq("table-unchanged", 0, *page);
    expect_eq("unpin", 0, (uint64_t)
              mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(page)));
    expect_eq("map-again", 0, (uint64_t)
              mm_write_entry(entry_address, pte_make(virt_to_mfn(page),
                                                     PTE_DATA)));
    __atomic_store_n(&may_go_on, round, __ATOMIC_SEQ_CST);
}

CONFORMANCE_CASE("A change of type flushes other vCPUs, too", 0)
{
    uint64_t *page = page_alloc();
    struct walk walk;

    if (!smp_exists(1)) {
        page_free(page);
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    page_make_readonly(page);
    written = may_store = stored = may_go_on = 0;
    REQUIRE(smp_run(1, writer, NULL));
    for (unsigned int round = 1; round <= ROUNDS; round++) {
        round_trip(round, page, walk.entry_address[1]);
    }
    REQUIRE(smp_wait(1));
    page_make_writable(page);
    scratch_release(SCRATCH_VA);
    page_free(page);
}
