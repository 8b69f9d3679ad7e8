/* SPDX-License-Identifier: MIT */
/*
 * MMU_MACHPHYS_UPDATE.
 *
 * The M2P is read-only but its entries are the guest's statement about its own
 * frames: a kernel that moves a frame in its pseudo-physical space says so.
 * Only the owner may.
 */
#include "conformance.h"

static uint64_t say(uint64_t mfn, uint64_t pfn)
{
    struct mmu_update request = {
        mfn << PAGE_SHIFT | MMU_MACHPHYS_UPDATE, pfn,
    };

    return (uint64_t)hypercall_mmu_update(&request, 1, NULL, DOMID_SELF);
}

CONFORMANCE_CASE("A guest edits the M2P for its own frames", 0)
{
    void *page = page_alloc();
    uint64_t mfn = virt_to_mfn(page), foreign = frame_foreign();
    unsigned long pfn = virt_to_pfn(page), theirs = mfn_to_pfn(foreign);
    struct fault fault;

    expect_eq("change", 0, say(mfn, 0x12345));
    expect_eq("changed", 0x12345, mfn_to_pfn(mfn));
    expect_eq("change-back", 0, say(mfn, pfn));
    expect_eq("changed-back", pfn, mfn_to_pfn(mfn));
    expect_eq("foreign", -XEN_EINVAL, say(foreign, 1));
    expect_eq("foreign-unchanged", theirs, mfn_to_pfn(foreign));
    expect_eq("absent", -XEN_EINVAL, say(FRAME_ABSENT, 1));
    fault = probe_write((volatile void *)(uintptr_t)&mm_m2p()[mfn], 1);
    expect_fault("store-to-m2p", &fault, VECTOR_PF, 3);
    page_free(page);
}
