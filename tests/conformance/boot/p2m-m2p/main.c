/* SPDX-License-Identifier: MIT */
/*
 * The two translation tables agree.
 *
 * p2m is the guest's own memory, filled by the builder; M2P is the
 * hypervisor's, shared by all domains and read-only.  Guests follow M2P for
 * every entry they read from a page table, and believe it if p2m leads back,
 * so a stale M2P entry would make two frames of a guest one.
 */
#include "conformance.h"

CONFORMANCE_CASE("p2m and m2p are inverse to each other", 0)
{
    unsigned long bad = 0, holes = 0;

    for (unsigned long pfn = 0; pfn < start_info->nr_pages; pfn++) {
        uint64_t mfn = pfn_to_mfn(pfn);

        if (mfn == ~0ull) {
            holes++;
        } else {
            bad += mfn_to_pfn(mfn) != pfn;
        }
    }
    expect_eq("disagreeing-frames", 0, bad);
    expect_eq("holes", 0, holes);
    expect_true("shared_info-has-no-pfn",
                !mfn_is_mine(start_info->shared_info >> PAGE_SHIFT));
}
