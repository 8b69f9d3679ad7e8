/* SPDX-License-Identifier: MIT */
/*
 * No large pages.
 *
 * One entry for 512 frames would need 512 type checks at once, so the PSE bit
 * is refused in every table above L1, and CPUID does not offer it.
 */
#include "conformance.h"

CONFORMANCE_CASE("PSE is refused at every level", 0)
{
    uint64_t *data = page_alloc();
    struct walk walk;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(data), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    for (unsigned int level = 2; level <= PT_LEVELS; level++) {
        expect_eq("large-page", -XEN_EINVAL, (uint64_t)
                  mm_write_entry(walk.entry_address[level] + 8,
                                 pte_make(virt_to_mfn(data) & ~511ull,
                                          PTE_TABLE | PTE_PSE)));
        expect_eq("existing-made-large", -XEN_EINVAL, (uint64_t)
                  mm_write_entry(walk.entry_address[level],
                                 walk.entry[level] | PTE_PSE));
    }
    scratch_release(SCRATCH_VA);
    page_free(data);
}
