/* SPDX-License-Identifier: MIT */
/*
 * Writable uses are counted.
 *
 * Two writable mappings are two uses: a frame with one left is not free to
 * become a table.  Read-only mappings do not matter.  A non-present entry with
 * the same bits is no mapping at all.
 */
#include "conformance.h"

CONFORMANCE_CASE("Writable mappings are counted, read-only ones are not", 0)
{
    void *page = page_alloc();
    uint64_t mfn = virt_to_mfn(page);
    unsigned long va = SCRATCH_VA;
    struct walk walk;

    page_make_readonly(page);
    for (unsigned int i = 0; i < 3; i++) {
        REQUIRE(scratch_map(va + i * PAGE_SIZE, mfn, PTE_DATA) == 0);
    }
    for (unsigned int i = 2; i > 0; i--) {
        expect_eq("unmap", 0, (uint64_t)
                  mm_unmap(&mm_kernel, va + i * PAGE_SIZE));
        expect_eq("one-left", -XEN_EINVAL, (uint64_t)
                  mmuext_mfn(MMUEXT_PIN_L1_TABLE, mfn));
    }
    expect_eq("to-read-only", 0, (uint64_t)
              scratch_map(va, mfn, PTE_READONLY));
    expect_eq("not-present", 0, (uint64_t)
              scratch_map(va + PAGE_SIZE, mfn, PTE_DATA & ~PTE_P));
    expect_eq("none-left", 0, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L1_TABLE, mfn));
    expect_true("back-to-writable", scratch_map(va, mfn, PTE_DATA) < 0);
    expect_eq("unpin", 0, (uint64_t)mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn));
    expect_eq("writable-after-unpin", 0, (uint64_t)
              scratch_map(va, mfn, PTE_DATA));
    mm_walk(&mm_kernel, va + PAGE_SIZE, &walk);
    mm_write_entry(walk.entry_address[1], 0);
    page_make_writable(page);
    scratch_release(va);
    page_free(page);
}
