/* SPDX-License-Identifier: MIT */
/*
 * A long list of updates.
 *
 * The hypervisor must not stay in one call for as long as a guest likes, so a
 * long one is interrupted and started again where it stopped.  The guest must
 * not be able to tell: all requests are done, once, and the count says so.
 */
#include "conformance.h"

#define REQUESTS 4000u

CONFORMANCE_CASE("Thousands of requests in one mmu_update", 0)
{
    static struct mmu_update requests[REQUESTS];
    uint64_t *page = page_alloc();
    volatile uint64_t *window = hostile(SCRATCH_VA);
    struct walk walk;
    unsigned int done = 0;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    for (unsigned int i = 0; i < REQUESTS; i++) {
        requests[i] = (struct mmu_update){
            walk.entry_address[1] + 8 * (i % (PT_ENTRIES / 2)),
            pte_make(virt_to_mfn(page), i % 2 ? PTE_DATA : PTE_READONLY),
        };
    }
    time_set_singleshot(time_now_ns() + 1000000);
    expect_eq("update", 0, (uint64_t)
              hypercall_mmu_update(requests, REQUESTS, &done, DOMID_SELF));
    expect_eq("done", REQUESTS, done);
    *page = 9;
    expect_eq("mapped-by-the-batch", 9, window[5 * PT_ENTRIES]);
    for (unsigned int i = 0; i < PT_ENTRIES / 2; i++) {
        requests[i] = (struct mmu_update){ walk.entry_address[1] + 8 * i, 0 };
    }
    expect_eq("clear", 0, (uint64_t)
              hypercall_mmu_update(requests, PT_ENTRIES / 2, &done,
                                   DOMID_SELF));
    mm_flush_tlb();
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    scratch_release(SCRATCH_VA);
    page_free(page);
}
