/* SPDX-License-Identifier: MIT */
/*
 * Pinning.
 *
 * A pin is a use that keeps the type although nothing refers to the table, so
 * that a kernel can take it out of use and put it back without a new
 * validation.  There is one pin, not a count: twice is an error, and so is
 * taking back what is not there.
 */
#include "conformance.h"

CONFORMANCE_CASE("pin, double pin, unpin, double unpin", 0)
{
    static const unsigned int command[] = {
        MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
        MMUEXT_PIN_L4_TABLE,
    };
    void *page = mm_table_alloc();
    uint64_t mfn = virt_to_mfn(page);

    for (unsigned int i = 0; i < 4; i++) {
        expect_eq("unpin-unpinned", -XEN_EINVAL, (uint64_t)
                  mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn));
        expect_eq("pin", 0, (uint64_t)mmuext_mfn(command[i], mfn));
        expect_eq("pin-twice", -XEN_EINVAL, (uint64_t)
                  mmuext_mfn(command[i], mfn));
        expect_eq("pin-as-another-level", -XEN_EINVAL, (uint64_t)
                  mmuext_mfn(command[(i + 1) % 4], mfn));
        expect_true("pinned-is-not-writable",
                    mm_set_direct(page, PTE_DATA) < 0);
        expect_eq("unpin", 0, (uint64_t)
                  mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn));
    }
    expect_eq("pin-foreign", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L1_TABLE, frame_foreign()));
    expect_eq("pin-absent", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L4_TABLE, FRAME_ABSENT));
    expect_eq("unpin-foreign", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_UNPIN_TABLE, frame_foreign()));
    mm_table_free(page);
}
