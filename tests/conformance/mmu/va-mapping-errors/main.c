/* SPDX-License-Identifier: MIT */
/*
 * Errors of update_va_mapping.
 *
 * The address selects a table of the guest, so one in the hypervisor's range
 * would select a table of the hypervisor.  That range has entries in the very
 * root table the guest runs on.
 */
#include "conformance.h"

/* All ones: what an entry names when its frame was not found. */
#define FRAME_INVALID (PTE_MFN_MASK >> PAGE_SHIFT)

static uint64_t update(unsigned long va, pte_t pte)
{
    return (uint64_t)hypercall_update_va_mapping(va, pte, UVMF_INVLPG);
}

CONFORMANCE_CASE("update_va_mapping: errors", 0)
{
    uint64_t *page = page_alloc();
    pte_t mine = pte_make(virt_to_mfn(page), PTE_DATA);
    unsigned long va = (unsigned long)page;

    expect_eq("no-l1-table", -XEN_EINVAL, update(UNMAPPED_VA, mine));
    expect_eq("m2p", -XEN_EINVAL, update(HOLE_VA, mine));
    expect_eq("hypervisor", -XEN_EINVAL, update(HYPERVISOR_VA, mine));
    expect_eq("foreign-frame", -XEN_EBUSY,
              update(va, pte_make(frame_foreign(), PTE_DATA)));
    expect_eq("foreign-frame-read-only", -XEN_EBUSY,
              update(va, pte_make(frame_foreign(), PTE_READONLY)));
    expect_eq("absent-frame", -XEN_EPERM,
              update(va, pte_make(FRAME_ABSENT, PTE_DATA)));
    expect_eq("no-frame", -XEN_EINVAL,
              update(va, pte_make(FRAME_INVALID, PTE_DATA)));
    expect_eq("table-writable", -XEN_EBUSY,
              update(va, pte_make(mm_kernel.root_mfn, PTE_DATA)));
    expect_eq("entry-unchanged", virt_to_mfn(page),
              pte_mfn(kernel_entry(va)));
    expect_eq("bad-flush-mask", -XEN_EFAULT, (uint64_t)
              hypercall_update_va_mapping(va, mine, UNMAPPED_VA |
                                          UVMF_INVLPG | UVMF_MULTI));
    page_free(page);
}
