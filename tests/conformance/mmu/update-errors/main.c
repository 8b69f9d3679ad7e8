/* SPDX-License-Identifier: MIT */
/*
 * Errors of mmu_update.
 *
 * A list with a count, two pointers, a domain, and requests that name any
 * machine address: everything here can be a lie.  The count of requests done
 * is reported also when one fails, because those before it have been done; and
 * when it cannot be stored, they have been done all the same.
 */
#include "conformance.h"

static uint64_t one(uint64_t pointer, uint64_t value, domid_t domain)
{
    struct mmu_update request = { pointer, value };

    return (uint64_t)hypercall_mmu_update(&request, 1, NULL, domain);
}

CONFORMANCE_CASE("mmu_update: errors", 0)
{
    uint64_t *page = page_alloc();
    struct walk walk;
    struct mmu_update list[3];
    unsigned int done = 77;
    uint64_t entry;
    pte_t old;

    mm_walk(&mm_kernel, (unsigned long)page, &walk);
    entry = walk.entry_address[1];
    old = walk.entry[1];
    expect_eq("empty", 0, (uint64_t)
              hypercall_mmu_update(NULL, 0, &done, DOMID_SELF));
    expect_eq("empty-done", 0, done);
    expect_eq("list-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_mmu_update(hostile(UNMAPPED_VA), 1, NULL,
                                   DOMID_SELF));
    expect_eq("list-hypervisor", -XEN_EFAULT, (uint64_t)
              hypercall_mmu_update(hostile(HYPERVISOR_VA), 1, NULL,
                                   DOMID_SELF));
    expect_eq("list-m2p", -XEN_EFAULT, (uint64_t)
              hypercall_mmu_update(hostile(HOLE_VA), 1, NULL, DOMID_SELF));
    expect_eq("huge-count-wraps", -XEN_EFAULT, (uint64_t)
              hypercall_mmu_update(hostile(UNMAPPED_VA), 0x7fffffff, NULL,
                                   DOMID_SELF));
    expect_eq("nobody", -XEN_ESRCH, one(entry, old, 0x7000));
    if (start_info->flags & SIF_INITDOMAIN) { /* a domU has another one */
        expect_eq("itself-by-number", -XEN_ESRCH, one(entry, old, 0));
    }
    for (unsigned int command = 4; command < 8; command++) {
        expect_eq("unknown-command", -XEN_ENOSYS,
                  one(entry | command, old, DOMID_SELF));
    }
    list[0] = (struct mmu_update){ entry, old };
    expect_eq("done-unmapped", 0, (uint64_t)
              hypercall_mmu_update(list, 1, hostile(UNMAPPED_VA),
                                   DOMID_SELF));
    expect_eq("done-hypervisor", 0, (uint64_t)
              hypercall_mmu_update(list, 1, hostile(HYPERVISOR_VA),
                                   DOMID_SELF));
    expect_eq("foreign-frame", -XEN_EINVAL,
              one(frame_foreign() << PAGE_SHIFT, old, DOMID_SELF));
    expect_eq("absent-frame", -XEN_EINVAL,
              one(FRAME_ABSENT << PAGE_SHIFT, old, DOMID_SELF));
    expect_eq("theft", -XEN_EBUSY,
              one(entry, pte_make(frame_foreign(), PTE_DATA), DOMID_SELF));
    expect_eq("entry-unchanged", old, kernel_entry((unsigned long)page));

    list[0] = (struct mmu_update){ entry, old };
    list[1] = (struct mmu_update){ entry, pte_make(frame_foreign(),
                                                   PTE_DATA) };
    list[2] = list[0];
    expect_eq("second-fails", -XEN_EBUSY, (uint64_t)
              hypercall_mmu_update(list, 3, &done, DOMID_SELF));
    expect_eq("one-done", 1, done);
    page_free(page);
}
