/* SPDX-License-Identifier: MIT */
/*
 * A stale writable TLB entry must not outlive a change of type.
 *
 * The guest maps a page writable, writes through the mapping (so the TLB has
 * it), clears the entry without a flush, and makes the page a table.  No entry
 * says "writable" any more, but the CPU still believes it: the hypervisor has
 * to flush at the change of type.  Forgetting this lets a guest write a live
 * page table.
 */
#include "conformance.h"

CONFORMANCE_CASE("A change of type flushes stale writable entries", 0)
{
    uint64_t *page = page_alloc();
    volatile uint64_t *window = hostile(SCRATCH_VA);
    struct fault fault;
    struct walk walk;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    page_make_readonly(page);
    *window = 0;
    REQUIRE(mm_write_entry(walk.entry_address[1], 0) == 0);
    REQUIRE(mmuext_mfn(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page)) == 0);
    fault = probe_write(window, pte_make(frame_foreign(), PTE_DATA));
    expect_true("store-through-stale-entry", fault.raised);
    expect_eq("table-unchanged", 0, *page);
    REQUIRE(mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(page)) == 0);
    page_make_writable(page);
    scratch_release(SCRATCH_VA);
    page_free(page);
}
