/* SPDX-License-Identifier: MIT */
/*
 * The LDT lives in an address space.
 *
 * Its pages were found through the page tables of the moment, so a new root
 * forgets them, and giving the LDT up frees its pages: afterwards they can be
 * writable again.
 */
#include "conformance.h"

#define FLAT_DATA 0x00cff3000000fffful
#define SELECTOR (3 << 3 | 4 | 3)

CONFORMANCE_CASE("LDT pages are released with the LDT and with the root", 0)
{
    const uint64_t *old = mfn_to_virt(mm_kernel.root_mfn);
    uint64_t *page = page_alloc(), *root = page_alloc();
    struct fault fault;

    page[3] = FLAT_DATA;
    page_make_readonly(page);
    REQUIRE(ldt_set((unsigned long)page, PT_ENTRIES) == 0);
    fault = PROBE("movw %w0, %%es", "r"(SELECTOR));
    expect_no_fault("load", &fault);
    fault = PROBE("movw %w0, %%es", "r"(0));
    expect_true("in-use", mm_set_direct(page, PTE_DATA) < 0);
    for (unsigned int i = PT_HOLE_LAST + 1; i < PT_ENTRIES; i++) {
        root[i] = old[i];
    }
    page_make_readonly(root);
    expect_eq("other-root", 0, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_BASEPTR, virt_to_mfn(root)));
    expect_eq("first-root", 0, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_BASEPTR, mm_kernel.root_mfn));
    page_make_writable(root);
    expect_eq("free-after-the-root", 0, (uint64_t)
              mm_set_direct(page, PTE_DATA));
    page_make_readonly(page);
    fault = PROBE("movw %w0, %%es", "r"(SELECTOR));
    expect_no_fault("found-again", &fault);
    fault = PROBE("movw %w0, %%es", "r"(0));
    expect_eq("no-ldt", 0, ldt_set(0, 0));
    expect_eq("free-after-the-ldt", 0, (uint64_t)
              mm_set_direct(page, PTE_DATA));
    page_free(root);
    page_free(page);
}
