/* SPDX-License-Identifier: MIT */
/*
 * Each reason to refuse a page-table entry has its own error number.
 *
 * Kernels read them: -EBUSY says that the frame is somebody else's or in use
 * as a table, so that another one may do; -EPERM that there is no memory
 * behind it; -EINVAL that the entry could never be accepted.  Of the bits of an
 * L1 entry nothing is said here: which are allowed depends on whether the
 * domain has devices.
 */
#include "conformance.h"

/* All ones: what an entry names when its frame was not found. */
#define FRAME_INVALID (PTE_MFN_MASK >> PAGE_SHIFT)

#define FLAT_DATA 0x00cff3000000fffful

static void refused(const char *what, uint64_t error, uint64_t slot,
                    uint64_t value)
{
    expect_eq(what, error, (uint64_t)mm_write_entry(slot, value));
}

static void tables(const struct walk *walk)
{
    static const uint64_t bits[] = { PTE_PWT, PTE_PCD, PTE_G };

    for (unsigned int level = 2; level <= PT_LEVELS; level++) {
        uint64_t slot = walk->entry_address[level] + 8;
        uint64_t good = walk->entry[level];

        for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
            refused("table-bit", -XEN_EINVAL, slot, good | bits[i]);
        }
        refused("table-foreign", -XEN_EINVAL, slot,
                pte_make(frame_foreign(), PTE_TABLE));
        refused("table-absent", -XEN_EINVAL, slot,
                pte_make(FRAME_ABSENT, PTE_TABLE));
        refused("table-no-frame", -XEN_EINVAL, slot,
                pte_make(FRAME_INVALID, PTE_TABLE));
    }
}

static void pages(uint64_t slot)
{
    refused("page-absent", -XEN_EPERM, slot,
            pte_make(FRAME_ABSENT, PTE_READONLY));
    refused("page-no-frame", -XEN_EINVAL, slot,
            pte_make(FRAME_INVALID, PTE_READONLY));
    refused("page-foreign", -XEN_EBUSY, slot,
            pte_make(frame_foreign(), PTE_READONLY));
    refused("page-table-writable", -XEN_EBUSY, slot,
            pte_make(mm_kernel.root_mfn, PTE_DATA));
    refused("absent-entries-may-hold-anything", 0, slot,
            pte_make(frame_foreign(), PTE_RW | PTE_PSE));
    refused("cleared", 0, slot, 0);
}

CONFORMANCE_CASE("mmu_update: the error of each bad entry", 0)
{
    uint64_t *data = page_alloc(), *descriptors = page_alloc();
    unsigned long frame = virt_to_mfn(descriptors);
    uint64_t root = mm_kernel.root_mfn << PAGE_SHIFT;
    struct walk walk;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(data), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    tables(&walk);
    pages(walk.entry_address[1] + 8);
    refused("hypervisor-slot", -XEN_EINVAL, root + 8 * PT_HOLE_FIRST, 0);
    refused("hypervisor-slot", -XEN_EINVAL, root + 8 * PT_HOLE_LAST,
            walk.entry[PT_LEVELS]);

    page_make_readonly(descriptors);
    REQUIRE(hypercall_set_gdt(&frame, PT_ENTRIES) == 0);
    refused("descriptor-page", -XEN_EINVAL, frame << PAGE_SHIFT, FLAT_DATA);
    REQUIRE(hypercall_set_gdt(NULL, 0) == 0);
    page_make_writable(descriptors);

    scratch_release(SCRATCH_VA);
    page_free(descriptors);
    page_free(data);
}
