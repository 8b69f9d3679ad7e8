/* SPDX-License-Identifier: MIT */
/*
 * Root slots 256 to 271.
 *
 * The hypervisor's own, in every root table: it fills them in when a page
 * becomes a root, whatever the guest had there, and lets nobody change them.
 */
#include "conformance.h"

CONFORMANCE_CASE("The hypervisor's root slots cannot be changed", 0)
{
    uint64_t *data = page_alloc(), *root = page_alloc();
    uint64_t base = mm_kernel.root_mfn << PAGE_SHIFT;
    const volatile uint64_t *entries = mfn_to_virt(mm_kernel.root_mfn);
    unsigned int accepted = 0, kept = 0;
    uint64_t mfn = virt_to_mfn(root);
    uint64_t value;
    struct fault fault;

    for (unsigned int i = PT_HOLE_FIRST; i <= PT_HOLE_LAST; i++) {
        accepted += mm_write_entry(base + 8 * i, 0) == 0;
        accepted += mm_write_entry(base + 8 * i,
                                   pte_make(mm_kernel.root_mfn,
                                            PTE_READONLY | PTE_U)) == 0;
    }
    expect_eq("updates-accepted", 0, accepted);
    fault = probe_read((const void *)(uintptr_t)mm_m2p(), &value);
    expect_no_fault("m2p-still-there", &fault);

    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        root[i] = i >= PT_HOLE_FIRST && i <= PT_HOLE_LAST
            ? pte_make(virt_to_mfn(data), PTE_TABLE) : 0;
    }
    page_make_readonly(root);
    expect_eq("pin-with-garbage-there", 0, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L4_TABLE, mfn));
    for (unsigned int i = PT_HOLE_FIRST; i <= PT_HOLE_LAST; i++) {
        kept += (root[i] & PTE_P) && pte_mfn(root[i]) == virt_to_mfn(data);
    }
    expect_eq("garbage-kept", 0, kept);
    expect_true("m2p-slot-filled", entries[PT_HOLE_FIRST] & PTE_P);
    expect_eq("unpin", 0, (uint64_t)mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn));
    page_make_writable(root);
    page_free(root);
    page_free(data);
}
