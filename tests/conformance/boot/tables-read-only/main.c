/* SPDX-License-Identifier: MIT */
/*
 * The builder's page tables cannot be written.
 *
 * If the first tables were left writable, the guest could write any machine
 * frame into them before it makes its first call.  pt_base is the root; every
 * one of nr_pt_frames frames from there is a table, and a store to it must
 * fault with error code 3 (present, write; not "user", as the fault came from
 * guest kernel mode although ring 3 executed it).
 *
 * For L1 tables a hypervisor may check and perform the store itself (Xen does
 * for the hardware domain, and for all with the writable_pagetables assist);
 * one that puts in a frame of somebody else must not get through even so.
 */
#include "conformance.h"

static bool is_l1(const volatile void *table)
{
    struct walk walk;
    unsigned long end = (unsigned long)pfn_to_virt(mm_builder_end());
    unsigned long step = PAGE_SIZE * PT_ENTRIES;

    for (unsigned long va = (unsigned long)virt_base; va < end; va += step) {
        mm_walk(&mm_kernel, va, &walk);
        if (pte_mfn(walk.entry[2]) == virt_to_mfn(table)) {
            return true;
        }
    }
    return false;
}

CONFORMANCE_CASE("The builder's page tables are read-only", 0)
{
    unsigned long writable = 0;
    struct fault fault;

    for (unsigned long i = 0; i < start_info->nr_pt_frames; i++) {
        writable += (kernel_entry(start_info->pt_base + i * PAGE_SIZE) &
                     PTE_RW) != 0;
    }
    expect_eq("writable-tables", 0, writable);
    for (unsigned long i = 0; i < start_info->nr_pt_frames; i++) {
        volatile uint64_t *table =
            hostile(start_info->pt_base + i * PAGE_SIZE);

        uint64_t old = table[PT_ENTRIES - 1];

        if (!is_l1(table)) {
            fault = probe_write(&table[PT_ENTRIES - 1], old);
            expect_fault("store-to-table", &fault, VECTOR_PF, 3);
            continue;
        }
        fault = probe_write(&table[PT_ENTRIES - 1],
                            pte_make(frame_foreign(), PTE_DATA));
        expect_fault("theft-by-store-to-l1", &fault, VECTOR_PF, 3);
        expect_eq("l1-entry-unchanged", old, table[PT_ENTRIES - 1]);
    }
}
