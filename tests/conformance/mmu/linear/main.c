/* SPDX-License-Identifier: MIT */
/*
 * Linear (recursive) page tables.
 *
 * A root with an entry for itself shows all tables as one array; many kernels
 * are built on that.  It is allowed if the entry is read-only: the table is
 * then used one level lower than its own, and the missing RW bit covers all
 * that is seen through it.  A writable one would be a window through which the
 * guest edits its tables unseen.  Of the advisories on direct paging, several
 * are about exactly this.
 */
#include "conformance.h"

/* The hypervisor may be built or started without linear tables. */
static void at_level(struct walk *walk, unsigned int level)
{
    uint64_t table = walk->entry_address[level] >> PAGE_SHIFT;
    uint64_t slot = walk->entry_address[level] + 8;

    expect_eq("writable-refused", -XEN_EINVAL, (uint64_t)
              mm_write_entry(slot, pte_make(table, PTE_TABLE)));
    expect_eq("read-only-accepted", 0, (uint64_t)
              mm_write_entry(slot, pte_make(table, PTE_P | PTE_U | PTE_A)));
    expect_eq("made-writable-later", -XEN_EINVAL, (uint64_t)
              mm_write_entry(slot, pte_make(table, PTE_TABLE)));
    if (level == PT_LEVELS) {
        unsigned long i = (slot & ~PAGE_MASK) / 8;
        uint64_t *self = hostile(0xffff000000000000 | i << 39 | i << 30 |
                                 i << 21 | i << 12);
        struct fault fault;
        uint64_t value;

        fault = probe_read(&self[i], &value);
        expect_no_fault("self-readable", &fault);
        expect_eq("self-shows-itself", table, pte_mfn(value));
        fault = probe_write(&self[i], 0);
        expect_fault("self-not-writable", &fault, VECTOR_PF, 3);
    }
    expect_eq("cleared", 0, (uint64_t)mm_write_entry(slot, 0));
    mm_flush_tlb();
}

CONFORMANCE_CASE("Recursive tables: read-only yes, writable no", 0)
{
    uint64_t *page = page_alloc();
    struct walk walk;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    for (unsigned int level = 2; level <= PT_LEVELS; level++) {
        at_level(&walk, level);
    }
    /* Two levels apart is not "linear", it is a table as another type. */
    expect_eq("root-as-l1", -XEN_EINVAL, (uint64_t)
              mm_write_entry(walk.entry_address[2] + 8,
                             pte_make(mm_kernel.root_mfn,
                                      PTE_P | PTE_U | PTE_A)));
    scratch_release(SCRATCH_VA);
    page_free(page);
}
