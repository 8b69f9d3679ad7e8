/* SPDX-License-Identifier: MIT */
/*
 * Unpinning the root one runs on.
 *
 * The pin is only one of its uses; being loaded is another.  Kernels give up
 * the builder's root in just this way.
 */
#include "conformance.h"

CONFORMANCE_CASE("The root in use can be unpinned and pinned again", 0)
{
    void *root = mfn_to_virt(mm_kernel.root_mfn);

    expect_eq("unpin", 0, (uint64_t)
              mmuext_mfn(MMUEXT_UNPIN_TABLE, mm_kernel.root_mfn));
    expect_eq("unpin-again", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_UNPIN_TABLE, mm_kernel.root_mfn));
    expect_true("still-a-table", mm_set_direct(root, PTE_DATA) < 0);
    expect_eq("pin", 0, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L4_TABLE, mm_kernel.root_mfn));
}
