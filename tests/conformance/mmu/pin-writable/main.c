/* SPDX-License-Identifier: MIT */
/*
 * A writable page is never a table.
 *
 * The other side of the rule.  What counts is every mapping, not only the
 * direct map's: with a second writable one somewhere the frame must not become
 * a table, however it is tried.
 */
#include "conformance.h"

CONFORMANCE_CASE("A page with a writable mapping cannot become a table", 0)
{
    void *page = page_alloc();
    uint64_t mfn = virt_to_mfn(page);
    struct walk walk;

    for (unsigned int i = 0; i < 4; i++) {
        expect_eq("pin-writable", -XEN_EINVAL, (uint64_t)
                  mmuext_mfn(MMUEXT_PIN_L1_TABLE + i, mfn));
    }
    page_make_readonly(page);
    REQUIRE(scratch_map(SCRATCH_VA, mfn, PTE_DATA) == 0);
    for (unsigned int i = 0; i < 4; i++) {
        expect_eq("pin-writable-elsewhere", -XEN_EINVAL, (uint64_t)
                  mmuext_mfn(MMUEXT_PIN_L1_TABLE + i, mfn));
    }
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    expect_eq("hook-writable-elsewhere", -XEN_EINVAL, (uint64_t)
              mm_write_entry(walk.entry_address[2] + 8,
                             pte_make(mfn, PTE_TABLE)));
    expect_eq("base-writable-elsewhere", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, mfn));
    scratch_release(SCRATCH_VA);
    expect_eq("pin-after-last-mapping", 0, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L1_TABLE, mfn));
    expect_eq("unpin", 0, (uint64_t)mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn));
    page_make_writable(page);
    page_free(page);
}
