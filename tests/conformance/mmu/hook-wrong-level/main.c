/* SPDX-License-Identifier: MIT */
/*
 * A table in the wrong place.
 *
 * An L1 table hung where an L2 belongs would be read by the CPU with its data
 * addresses taken for tables.  A frame in use at one level is refused at any
 * other, however it is offered.
 */
#include "conformance.h"

CONFORMANCE_CASE("A table is used at its own level only", 0)
{
    uint64_t *data = page_alloc();
    struct walk walk;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(data), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    for (unsigned int at = 2; at <= PT_LEVELS; at++) {
        for (unsigned int level = 1; level <= PT_LEVELS; level++) {
            uint64_t table = walk.entry_address[level] >> PAGE_SHIFT;
            uint64_t slot = walk.entry_address[at] + 16;

            if (level == at - 1) {
                continue;
            }
            expect_eq("hook-with-rw", -XEN_EINVAL, (uint64_t)
                      mm_write_entry(slot, pte_make(table, PTE_TABLE)));
            if (level != at) {
                expect_eq("hook-read-only", -XEN_EINVAL, (uint64_t)
                          mm_write_entry(slot, pte_make(table, PTE_P |
                                                        PTE_U)));
            }
        }
    }
    scratch_release(SCRATCH_VA);
    page_free(data);
}
