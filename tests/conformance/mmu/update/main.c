/* SPDX-License-Identifier: MIT */
/*
 * mmu_update at every level.
 *
 * Each request names an entry by its machine address and a new value.  The
 * frame of the entry tells which level it is, because it has that type; so
 * building a tree from the top works as well as from the bottom.
 */
#include "conformance.h"

CONFORMANCE_CASE("mmu_update builds and takes down a tree", 0)
{
    uint64_t *data = page_alloc();
    void *l3 = mm_table_alloc(), *l2 = mm_table_alloc();
    void *l1 = mm_table_alloc();
    uint64_t at4 = (mm_kernel.root_mfn << PAGE_SHIFT) +
        8 * pt_index(SCRATCH_VA, 4);
    uint64_t at3 = virt_to_maddr(l3) + 8 * pt_index(SCRATCH_VA, 3);
    uint64_t at2 = virt_to_maddr(l2) + 8 * pt_index(SCRATCH_VA, 2);
    uint64_t at1 = virt_to_maddr(l1) + 8 * pt_index(SCRATCH_VA, 1);
    struct mmu_update batch[4] = {
        { at4, pte_make(virt_to_mfn(l3), PTE_TABLE) },
        { at3, pte_make(virt_to_mfn(l2), PTE_TABLE) },
        { at2, pte_make(virt_to_mfn(l1), PTE_TABLE) },
        { at1, pte_make(virt_to_mfn(data), PTE_DATA) },
    };
    struct fault fault;
    unsigned int done = 77;
    uint64_t value;

    *data = 0xd00d;
    expect_eq("batch", 0, (uint64_t)
              hypercall_mmu_update(batch, 4, &done, DOMID_SELF));
    expect_eq("done", 4, done);
    fault = probe_read(hostile(SCRATCH_VA), &value);
    expect_no_fault("read", &fault);
    expect_eq("value", 0xd00d, value);

    expect_eq("unhook-l4", 0, (uint64_t)mm_write_entry(at4, 0));
    mm_flush_tlb();
    fault = probe_read(hostile(SCRATCH_VA), &value);
    expect_fault("unhooked", &fault, VECTOR_PF, 0);
    /* Untyped now: the same store is plain data for the hypervisor. */
    mm_table_free(l3);
    mm_table_free(l2);
    mm_table_free(l1);
    page_free(data);
}
