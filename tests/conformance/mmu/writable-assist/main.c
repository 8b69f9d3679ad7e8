/* SPDX-License-Identifier: MIT */
/*
 * The writable_pagetables assist.
 *
 * Kernels written for real machines store into L1 tables directly.  With the
 * assist the hypervisor performs such a store after checking it like an
 * mmu_update; what would be refused there is a page fault here.  Upper levels
 * are never helped.
 */
#include "conformance.h"

CONFORMANCE_CASE("Stores to L1 tables are emulated, thefts are not", 0)
{
    uint64_t *a = page_alloc(), *b = page_alloc();
    volatile uint64_t *entry, *l2_entry;
    struct fault fault;
    struct walk walk;
    pte_t old;

    *a = 0xa;
    *b = 0xb;
    expect_eq("enable", 0, (uint64_t)
              hypercall_vm_assist(VMASST_CMD_enable,
                                  VMASST_TYPE_writable_pagetables));
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(a), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    entry = (volatile uint64_t *)
        mfn_to_virt(walk.entry_address[1] >> PAGE_SHIFT) +
        pt_index(SCRATCH_VA, 1);
    l2_entry = (volatile uint64_t *)
        mfn_to_virt(walk.entry_address[2] >> PAGE_SHIFT) +
        pt_index(SCRATCH_VA, 2);
    fault = probe_write(entry, pte_make(virt_to_mfn(b), PTE_DATA));
    expect_no_fault("store", &fault);
    mm_flush_tlb();
    expect_eq("sees-b", 0xb, *(volatile uint64_t *)hostile(SCRATCH_VA));
    old = *entry;
    fault = PROBE("xchgq %0, (%1)",
                  "a"(pte_make(virt_to_mfn(a), PTE_DATA)), "r"(entry));
    expect_no_fault("xchg", &fault);
    mm_flush_tlb();
    expect_eq("sees-a", 0xa, *(volatile uint64_t *)hostile(SCRATCH_VA));
    fault = PROBE("lock andb $0xfd, (%0)", "r"(entry));
    expect_no_fault("byte-and", &fault);
    expect_eq("read-only-now", 0, *entry & PTE_RW);
    fault = probe_write(entry, pte_make(frame_foreign(), PTE_DATA));
    expect_fault("theft", &fault, VECTOR_PF, 3);
    fault = probe_write(entry, pte_make(mm_kernel.root_mfn, PTE_DATA));
    expect_fault("table-writable", &fault, VECTOR_PF, 3);
    fault = probe_write(l2_entry, 0);
    expect_fault("l2-store", &fault, VECTOR_PF, 3);
    expect_true("old-was-b", pte_mfn(old) == virt_to_mfn(b));
    hypercall_vm_assist(VMASST_CMD_disable, VMASST_TYPE_writable_pagetables);
    scratch_release(SCRATCH_VA);
    page_free(a);
    page_free(b);
}
