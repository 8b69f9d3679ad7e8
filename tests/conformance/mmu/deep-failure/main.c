/* SPDX-License-Identifier: MIT */
/*
 * A bad entry deep in a tree.
 *
 * Pinning a root validates four levels at once.  If the last L1 entry is bad,
 * every table on the way must lose its type again, or the guest could never
 * use those frames for anything else.
 */
#include "conformance.h"

CONFORMANCE_CASE("A failed pin of a tree leaves no types behind", 0)
{
    uint64_t *table[5], *data = page_alloc();

    for (unsigned int level = 1; level <= 4; level++) {
        table[level] = page_alloc();
    }
    table[1][0] = pte_make(virt_to_mfn(data), PTE_DATA);
    table[1][7] = pte_make(frame_foreign(), PTE_DATA);
    for (unsigned int level = 2; level <= 4; level++) {
        table[level][0] = pte_make(virt_to_mfn(table[level - 1]), PTE_TABLE);
    }
    for (unsigned int level = 1; level <= 4; level++) {
        page_make_readonly(table[level]);
    }
    expect_eq("pin", -XEN_EBUSY, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L4_TABLE, virt_to_mfn(table[4])));
    for (unsigned int level = 1; level <= 4; level++) {
        expect_eq("data-again", 0, (uint64_t)
                  mm_set_direct(table[level], PTE_DATA));
    }
    table[1][7] = 0;
    for (unsigned int level = 1; level <= 4; level++) {
        page_make_readonly(table[level]);
    }
    expect_eq("pin-repaired", 0, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L4_TABLE, virt_to_mfn(table[4])));
    for (unsigned int level = 1; level <= 4; level++) {
        expect_true("typed-now", mm_set_direct(table[level], PTE_DATA) < 0);
    }
    expect_eq("unpin", 0, (uint64_t)
              mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(table[4])));
    for (unsigned int level = 1; level <= 4; level++) {
        expect_eq("data-after-unpin", 0, (uint64_t)
                  mm_set_direct(table[level], PTE_DATA));
        page_free(table[level]);
    }
    page_free(data);
}
