/* SPDX-License-Identifier: MIT */
/*
 * Page tables as an array.
 *
 * With an entry of the root for itself, the entries of all memory are an array
 * at a fixed place; kernels for real machines read and change them there.  A
 * PV guest may read it.  A store faults even with the assist
 * writable_pagetables: what maps an L1 table there is an L2 entry, and that is
 * writable; it is the root's entry for itself that is not.  The assist is for
 * read-only mappings of the table.
 */
#include "conformance.h"

static unsigned long slot;

/* Where the entry of this level for va is seen. */
static volatile pte_t *seen(unsigned long va, unsigned int level)
{
    unsigned long at = va & 0xffffffffffff;

    for (unsigned int n = 0; n < level; n++) {
        at = slot << 39 | at >> 9;
    }
    at &= ~7ul;
    return hostile((at & 1ul << 47) ? at | 0xffff000000000000 : at);
}

CONFORMANCE_CASE("Linear tables are seen, and never stored to", 0)
{
    uint64_t *a = page_alloc(), *b = page_alloc();
    uint64_t root_slot;
    struct fault fault;
    struct walk walk;

    *a = 0xa;
    *b = 0xb;
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(a), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    slot = pt_index(SCRATCH_VA, PT_LEVELS) + 1;
    root_slot = (mm_kernel.root_mfn << PAGE_SHIFT) + slot * 8;
    expect_eq("hook", 0, (uint64_t)
              mm_write_entry(root_slot, pte_make(mm_kernel.root_mfn,
                                                 PTE_P | PTE_U | PTE_A)));
    for (unsigned int level = 1; level <= PT_LEVELS; level++) {
        uint64_t value = 0;

        fault = probe_read(seen(SCRATCH_VA, level), &value);
        expect_no_fault("read", &fault);
        expect_eq("shows", walk.entry[level] | PTE_A | PTE_D,
                  value | PTE_A | PTE_D);
    }
    fault = probe_write(seen(SCRATCH_VA, 1), pte_make(virt_to_mfn(b),
                                                      PTE_DATA));
    expect_fault("without-assist", &fault, VECTOR_PF, 3);
    expect_eq("enable", 0, (uint64_t)
              hypercall_vm_assist(VMASST_CMD_enable,
                                  VMASST_TYPE_writable_pagetables));
    fault = probe_write(seen(SCRATCH_VA, 1), pte_make(virt_to_mfn(b),
                                                      PTE_DATA));
    expect_fault("with-assist", &fault, VECTOR_PF, 3);
    mm_flush_tlb();
    expect_eq("sees-a", 0xa, *(volatile uint64_t *)hostile(SCRATCH_VA));
    fault = probe_write(seen(SCRATCH_VA, 1), pte_make(frame_foreign(),
                                                      PTE_DATA));
    expect_fault("theft", &fault, VECTOR_PF, 3);
    fault = probe_write(seen(SCRATCH_VA, 1), pte_make(mm_kernel.root_mfn,
                                                      PTE_DATA));
    expect_fault("root-writable", &fault, VECTOR_PF, 3);
    for (unsigned int level = 2; level <= PT_LEVELS; level++) {
        fault = probe_write(seen(SCRATCH_VA, level), 0);
        expect_fault("upper-level", &fault, VECTOR_PF, 3);
    }
    hypercall_vm_assist(VMASST_CMD_disable, VMASST_TYPE_writable_pagetables);
    expect_eq("unhook", 0, (uint64_t)mm_write_entry(root_slot, 0));
    mm_flush_tlb();
    scratch_release(SCRATCH_VA);
    page_free(a);
    page_free(b);
}
