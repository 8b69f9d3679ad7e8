/* SPDX-License-Identifier: MIT */
/*
 * Entries read back differ from entries written.
 *
 * Ring 3 can use only entries with the U bit, so the hypervisor adds it to
 * those a kernel made for itself.  Kernels must compare entries without it.
 * The software bits 9 to 11 and NX are the guest's.
 */
#include "conformance.h"

CONFORMANCE_CASE("The U bit is added; software bits are kept", 0)
{
    uint64_t *page = page_alloc();
    struct walk walk;
    pte_t bare;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page),
                        PTE_P | PTE_RW | PTE_AVAIL | PTE_NX) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    expect_eq("l1-u-added", PTE_U, walk.entry[1] & PTE_U);
    expect_eq("avail-kept", PTE_AVAIL, walk.entry[1] & PTE_AVAIL);
    expect_eq("nx-kept", PTE_NX, walk.entry[1] & PTE_NX);
    for (unsigned int level = 2; level <= PT_LEVELS; level++) {
        bare = pte_make(pte_mfn(walk.entry[level]), PTE_P | PTE_RW);
        expect_eq("write-without-u", 0, (uint64_t)
                  mm_write_entry(walk.entry_address[level], bare));
        mm_flush_tlb();
        mm_walk(&mm_kernel, SCRATCH_VA, &walk);
        expect_eq("u-added", PTE_U, walk.entry[level] & PTE_U);
    }
    expect_eq("g-accepted", 0, (uint64_t)
              mm_write_entry(walk.entry_address[1],
                             pte_make(virt_to_mfn(page), PTE_DATA | PTE_G)));
    *(volatile uint64_t *)hostile(SCRATCH_VA) = 1;
    scratch_release(SCRATCH_VA);
    page_free(page);
}
