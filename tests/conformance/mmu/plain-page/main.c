/* SPDX-License-Identifier: MIT */
/*
 * mmu_update on a frame that is no page table.
 *
 * Kernels prepare tables with the same function they use on live ones, without
 * knowing whether the frame has its type yet.  On an ordinary frame the call
 * is a plain 8-byte store, of any value at all.
 */
#include "conformance.h"

CONFORMANCE_CASE("mmu_update on an ordinary page is a store", 0)
{
    uint64_t *page = page_alloc();

    expect_eq("store", 0, (uint64_t)
              mm_write_entry(virt_to_maddr(&page[5]), 0xfeedfacecafef00d));
    expect_eq("stored", 0xfeedfacecafef000 | 0xd, page[5]);
    expect_eq("foreign-entry-as-data", 0, (uint64_t)
              mm_write_entry(virt_to_maddr(&page[6]),
                             pte_make(frame_foreign(), PTE_DATA)));
    page_make_readonly(page);
    expect_eq("store-while-read-only", 0, (uint64_t)
              mm_write_entry(virt_to_maddr(&page[7]), 7));
    expect_eq("stored-while-read-only", 7, page[7]);
    page_make_writable(page);
    page_free(page);
}
