/* SPDX-License-Identifier: MIT */
/*
 * Recursive tables through other tables.
 *
 * A root may show another root, read-only.  A chain of such entries could be
 * made as long as the guest has frames, and taking it down would recurse as
 * deep, in the hypervisor's stack: so a table that shows another one cannot
 * itself be shown.
 */
#include "conformance.h"

CONFORMANCE_CASE("Root tables that show each other", 0)
{
    struct space a, b, c;
    uint64_t slot = 8 * 100;
    const uint64_t flags = PTE_P | PTE_U | PTE_A;

    space_create(&a);
    space_create(&b);
    space_create(&c);
    expect_eq("a-shows-b", 0, (uint64_t)
              mm_write_entry((a.root_mfn << PAGE_SHIFT) + slot,
                             pte_make(b.root_mfn, flags)));
    expect_eq("c-shows-a", -XEN_EINVAL, (uint64_t)
              mm_write_entry((c.root_mfn << PAGE_SHIFT) + slot,
                             pte_make(a.root_mfn, flags)));
    expect_eq("b-shows-c", -XEN_EINVAL, (uint64_t)
              mm_write_entry((b.root_mfn << PAGE_SHIFT) + slot,
                             pte_make(c.root_mfn, flags)));
    expect_eq("b-shows-a", -XEN_EINVAL, (uint64_t)
              mm_write_entry((b.root_mfn << PAGE_SHIFT) + slot,
                             pte_make(a.root_mfn, flags)));
    expect_true("b-is-in-use", mm_set_direct(mfn_to_virt(b.root_mfn),
                                             PTE_DATA) < 0);
    expect_eq("a-lets-go", 0, (uint64_t)
              mm_write_entry((a.root_mfn << PAGE_SHIFT) + slot, 0));
    expect_eq("b-shows-c-now", 0, (uint64_t)
              mm_write_entry((b.root_mfn << PAGE_SHIFT) + slot,
                             pte_make(c.root_mfn, flags)));
    expect_eq("b-lets-go", 0, (uint64_t)
              mm_write_entry((b.root_mfn << PAGE_SHIFT) + slot, 0));
    space_destroy(&a);
    space_destroy(&b);
    space_destroy(&c);
}
