/* SPDX-License-Identifier: MIT */
/*
 * A table is never writable.
 *
 * The one rule on which the isolation of domains rests.  A frame has one type
 * at a time; while it is a table of any level, no entry may map it writable,
 * and reading it stays free.  When the last use as a table ends, it is data
 * again.
 */
#include "conformance.h"

CONFORMANCE_CASE("No table of any level can be mapped writable", 0)
{
    struct walk walk;
    uint64_t *page = page_alloc();

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    for (unsigned int level = PT_LEVELS; level >= 1; level--) {
        uint64_t table = walk.entry_address[level] >> PAGE_SHIFT;

        expect_true("writable", scratch_map(SCRATCH_VA + PAGE_SIZE, table,
                                            PTE_DATA) < 0);
        expect_eq("read-only", 0, (uint64_t)
                  scratch_map(SCRATCH_VA + PAGE_SIZE, table, PTE_READONLY));
        expect_eq("shows-its-entry", walk.entry[level], *(uint64_t *)
                  hostile(SCRATCH_VA + PAGE_SIZE +
                          (walk.entry_address[level] & ~PAGE_MASK)) |
                  (walk.entry[level] & (PTE_A | PTE_D)));
        expect_true("made-writable-later",
                    scratch_map(SCRATCH_VA + PAGE_SIZE, table,
                                PTE_DATA) < 0);
    }
    mm_unmap(&mm_kernel, SCRATCH_VA + PAGE_SIZE);
    scratch_release(SCRATCH_VA);
    page_free(page);
}
