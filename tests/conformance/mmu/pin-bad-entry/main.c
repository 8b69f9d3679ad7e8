/* SPDX-License-Identifier: MIT */
/*
 * Validation looks at every entry.
 *
 * A table becomes one only if all its entries are fit.  If the last of 512 is
 * not, the 511 references taken for the others must be given back: nothing
 * may remain, or frames become impossible to free.
 */
#include "conformance.h"

static void pin_refused(const char *what, unsigned int command, uint64_t *page,
                        uint64_t bad, uint64_t error)
{
    page[PT_ENTRIES - 1] = bad;
    page_make_readonly(page);
    expect_eq(what, error, (uint64_t)mmuext_mfn(command, virt_to_mfn(page)));
    expect_eq("data-again", 0, (uint64_t)mm_set_direct(page, PTE_DATA));
}

CONFORMANCE_CASE("Pinning validates all entries, or leaves nothing", 0)
{
    uint64_t *page = page_alloc(), *data = page_alloc();
    uint64_t *l1 = mm_table_alloc();
    uint64_t mine = virt_to_mfn(data), table = virt_to_mfn(l1);

    page[0] = pte_make(mine, PTE_DATA);
    pin_refused("l1-foreign", MMUEXT_PIN_L1_TABLE, page,
                pte_make(frame_foreign(), PTE_DATA), -XEN_EBUSY);
    pin_refused("l1-absent", MMUEXT_PIN_L1_TABLE, page,
                pte_make(FRAME_ABSENT, PTE_DATA), -XEN_EPERM);
    pin_refused("l1-maps-table-writable", MMUEXT_PIN_L1_TABLE, page,
                pte_make(mm_kernel.root_mfn, PTE_DATA), -XEN_EBUSY);
    pin_refused("l1-maps-itself-writable", MMUEXT_PIN_L1_TABLE, page,
                pte_make(virt_to_mfn(page), PTE_DATA), -XEN_EBUSY);

    page[0] = pte_make(table, PTE_TABLE);
    pin_refused("l2-points-to-writable", MMUEXT_PIN_L2_TABLE, page,
                pte_make(mine, PTE_TABLE), -XEN_EINVAL);
    pin_refused("l2-foreign", MMUEXT_PIN_L2_TABLE, page,
                pte_make(frame_foreign(), PTE_TABLE), -XEN_EINVAL);
    pin_refused("l2-large-page", MMUEXT_PIN_L2_TABLE, page,
                pte_make(0, PTE_TABLE | PTE_PSE), -XEN_EINVAL);
    pin_refused("l2-points-to-root", MMUEXT_PIN_L2_TABLE, page,
                pte_make(mm_kernel.root_mfn, PTE_READONLY | PTE_U),
                -XEN_EINVAL);
    expect_eq("l1-table-is-free-again", 0, (uint64_t)
              mm_set_direct(l1, PTE_DATA));
    page[PT_ENTRIES - 1] = 0;
    page_free(l1);
    page_free(data);
    page_free(page);
}
