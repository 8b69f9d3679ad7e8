/* SPDX-License-Identifier: MIT */
/*
 * One table, several uses.
 *
 * An L1 table may hang in two L2 tables (a kernel's direct map and its image
 * overlap so).  Its type is counted: it stays a table until the last use has
 * gone.
 */
#include "conformance.h"

#define OTHER_VA (SCRATCH_VA + (1ul << 30))

CONFORMANCE_CASE("A table in use twice stays a table until both are gone", 0)
{
    uint64_t *page = page_alloc(), *other = page_alloc();
    struct walk first, second;
    pte_t hook;

    *page = 0x7171;
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    REQUIRE(scratch_map(OTHER_VA, virt_to_mfn(other), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &first);
    mm_walk(&mm_kernel, OTHER_VA, &second);
    hook = first.entry[2];
    expect_eq("hook-twice", 0, (uint64_t)
              mm_write_entry(second.entry_address[2] + 8, hook));
    expect_eq("same-page", 0x7171, *(volatile uint64_t *)
              hostile(OTHER_VA + PT_ENTRIES * PAGE_SIZE));
    expect_eq("unhook-first", 0, (uint64_t)
              mm_write_entry(first.entry_address[2], 0));
    expect_true("still-a-table", mm_set_direct(mfn_to_virt(pte_mfn(hook)),
                                               PTE_DATA) < 0);
    expect_eq("hook-first-again", 0, (uint64_t)
              mm_write_entry(first.entry_address[2], hook));
    expect_eq("unhook-second", 0, (uint64_t)
              mm_write_entry(second.entry_address[2] + 8, 0));
    mm_flush_tlb();
    scratch_release(OTHER_VA);
    scratch_release(SCRATCH_VA);
    page_free(page);
    page_free(other);
}
