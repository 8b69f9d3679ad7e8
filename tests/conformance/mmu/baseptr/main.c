/* SPDX-License-Identifier: MIT */
/*
 * NEW_BASEPTR and NEW_USER_BASEPTR.
 *
 * CR3 by hypercall.  The frame must be an L4 or be able to become one; being
 * loaded is a use, so a root in use is no data even when nobody has pinned it.
 * Zero means "none" for the user's root.
 */
#include "conformance.h"

static uint64_t current_root(void)
{
    uint64_t cr3;

    __asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
    return xen_cr3_to_pfn(cr3);
}

CONFORMANCE_CASE("Loading root tables, and what is not one", 0)
{
    const uint64_t *old = mfn_to_virt(mm_kernel.root_mfn);
    uint64_t *root = page_alloc(), *data = page_alloc();
    void *user_root = mm_table_alloc(), *l1 = mm_table_alloc();
    uint64_t mfn = virt_to_mfn(root);

    for (unsigned int i = PT_HOLE_LAST + 1; i < PT_ENTRIES; i++) {
        root[i] = old[i];
    }
    page_make_readonly(root);
    expect_eq("load", 0, (uint64_t)mmuext_mfn(MMUEXT_NEW_BASEPTR, mfn));
    expect_eq("loaded", mfn, current_root());
    expect_true("in-use-is-not-writable", mm_set_direct(root, PTE_DATA) < 0);
    expect_eq("load-old", 0, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_BASEPTR, mm_kernel.root_mfn));
    expect_eq("free-again", 0, (uint64_t)mm_set_direct(root, PTE_DATA));

    expect_eq("load-data", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_BASEPTR, virt_to_mfn(data)));
    REQUIRE(mmuext_mfn(MMUEXT_PIN_L1_TABLE, virt_to_mfn(l1)) == 0);
    expect_eq("load-l1", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_BASEPTR, virt_to_mfn(l1)));
    expect_eq("user-load-l1", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, virt_to_mfn(l1)));
    expect_eq("load-foreign", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_BASEPTR, frame_foreign()));
    expect_eq("load-absent", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_BASEPTR, FRAME_ABSENT));
    expect_eq("user-load-foreign", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, frame_foreign()));
    expect_eq("user-load-absent", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, FRAME_ABSENT));
    expect_eq("still-on-ours", mm_kernel.root_mfn, current_root());

    expect_eq("user-load", 0, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, virt_to_mfn(user_root)));
    expect_true("user-in-use", mm_set_direct(user_root, PTE_DATA) < 0);
    expect_eq("user-none", 0, (uint64_t)
              mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0));
    mm_table_free(user_root);
    REQUIRE(mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(l1)) == 0);
    mm_table_free(l1);
    page_free(data);
    page_free(root);
}
