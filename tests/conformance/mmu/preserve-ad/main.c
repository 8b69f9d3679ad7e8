/* SPDX-License-Identifier: MIT */
/*
 * Accessed and dirty bits, and MMU_PT_UPDATE_PRESERVE_AD.
 *
 * Hardware sets these bits in the guest's own tables, behind everybody's back.
 * A kernel that rewrites an entry from an older copy would lose what happened
 * in between; command 2 takes the bits from the live entry, atomically.
 */
#include "conformance.h"

CONFORMANCE_CASE("Hardware sets A and D; updates can keep them", 0)
{
    uint64_t *page = page_alloc();
    pte_t clean = pte_make(virt_to_mfn(page), PTE_P | PTE_RW);
    volatile uint64_t *window = hostile(SCRATCH_VA);
    struct mmu_update request;
    struct walk walk;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_P | PTE_RW) == 0);
    expect_eq("clean", 0, kernel_entry(SCRATCH_VA) & (PTE_A | PTE_D));
    (void)*window;
    expect_eq("accessed", PTE_A, kernel_entry(SCRATCH_VA) & (PTE_A | PTE_D));
    *window = 1;
    expect_eq("dirty", PTE_A | PTE_D,
              kernel_entry(SCRATCH_VA) & (PTE_A | PTE_D));

    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    request.ptr = walk.entry_address[1] | MMU_PT_UPDATE_PRESERVE_AD;
    request.val = clean & ~PTE_RW;
    expect_eq("preserve", 0, (uint64_t)
              hypercall_mmu_update(&request, 1, NULL, DOMID_SELF));
    expect_eq("kept", PTE_A | PTE_D,
              kernel_entry(SCRATCH_VA) & (PTE_A | PTE_D | PTE_RW));
    request.ptr = walk.entry_address[1] | MMU_NORMAL_PT_UPDATE;
    expect_eq("normal", 0, (uint64_t)
              hypercall_mmu_update(&request, 1, NULL, DOMID_SELF));
    expect_eq("gone", 0, kernel_entry(SCRATCH_VA) & (PTE_A | PTE_D));
    scratch_release(SCRATCH_VA);
    page_free(page);
}
