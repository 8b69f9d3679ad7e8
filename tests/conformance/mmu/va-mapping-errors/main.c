/* SPDX-License-Identifier: MIT */
/*
 * Errors of update_va_mapping.
 *
 * The address selects a table of the guest, so one in the hypervisor's range
 * would select a table of the hypervisor.  That range has entries in the very
 * root table the guest runs on.
 */
#include "conformance.h"

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
    expect_true("foreign-frame", (int64_t)
                update(va, pte_make(frame_foreign(), PTE_DATA)) < 0);
    expect_true("foreign-frame-read-only", (int64_t)
                update(va, pte_make(frame_foreign(), PTE_READONLY)) < 0);
    expect_true("absent-frame", (int64_t)
                update(va, pte_make(FRAME_ABSENT, PTE_DATA)) < 0);
    expect_true("table-writable", (int64_t)
                update(va, pte_make(mm_kernel.root_mfn, PTE_DATA)) < 0);
    expect_eq("entry-unchanged", virt_to_mfn(page),
              pte_mfn(kernel_entry(va)));
    expect_eq("bad-flush-mask", -XEN_EFAULT, (uint64_t)
              hypercall_update_va_mapping(va, mine, UNMAPPED_VA |
                                          UVMF_INVLPG | UVMF_MULTI));
    page_free(page);
}
