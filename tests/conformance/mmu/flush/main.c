/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes.
 *
 * INVLPG and CR3 reloads by call, for this vCPU, for a set of vCPUs, for all.
 * The set is a bitmap in the guest's memory: one more pointer to check.
 */
#include "conformance.h"

static uint64_t flush(unsigned int command, unsigned long va, void *mask)
{
    struct mmuext_op op = { .cmd = command, .arg1.linear_addr = va };

    set_xen_guest_handle(op.arg2.vcpumask, mask);
    return (uint64_t)hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

CONFORMANCE_CASE("All kinds of TLB flush", 0)
{
    uint64_t self = 1, nobody = 0;
    uint64_t *a = page_alloc(), *b = page_alloc();
    volatile uint64_t *window = hostile(SCRATCH_VA);
    struct walk walk;

    *a = 1;
    *b = 2;
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(a), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    expect_eq("before", 1, *window);
    mm_write_entry(walk.entry_address[1], pte_make(virt_to_mfn(b),
                                                   PTE_DATA));
    expect_eq("tlb-local", 0, flush(MMUEXT_TLB_FLUSH_LOCAL, 0, NULL));
    expect_eq("after-tlb-local", 2, *window);
    mm_write_entry(walk.entry_address[1], pte_make(virt_to_mfn(a),
                                                   PTE_DATA));
    expect_eq("invlpg-local", 0, flush(MMUEXT_INVLPG_LOCAL, SCRATCH_VA,
                                       NULL));
    expect_eq("after-invlpg-local", 1, *window);
    mm_write_entry(walk.entry_address[1], pte_make(virt_to_mfn(b),
                                                   PTE_DATA));
    expect_eq("tlb-multi", 0, flush(MMUEXT_TLB_FLUSH_MULTI, 0, &self));
    expect_eq("after-tlb-multi", 2, *window);
    mm_write_entry(walk.entry_address[1], pte_make(virt_to_mfn(a),
                                                   PTE_DATA));
    expect_eq("invlpg-multi", 0, flush(MMUEXT_INVLPG_MULTI, SCRATCH_VA,
                                       &self));
    expect_eq("after-invlpg-multi", 1, *window);
    expect_eq("tlb-all", 0, flush(MMUEXT_TLB_FLUSH_ALL, 0, NULL));
    expect_eq("invlpg-all", 0, flush(MMUEXT_INVLPG_ALL, SCRATCH_VA, NULL));
    expect_eq("empty-set", 0, flush(MMUEXT_TLB_FLUSH_MULTI, 0, &nobody));
    expect_eq("set-unmapped", -XEN_EINVAL,
              flush(MMUEXT_TLB_FLUSH_MULTI, 0, hostile(UNMAPPED_VA)));
    expect_eq("set-hypervisor", -XEN_EINVAL,
              flush(MMUEXT_INVLPG_MULTI, SCRATCH_VA,
                    hostile(HYPERVISOR_VA)));
    expect_eq("invlpg-hypervisor-is-harmless", 0,
              flush(MMUEXT_INVLPG_LOCAL, HYPERVISOR_VA, NULL));
    expect_eq("invlpg-non-canonical-is-harmless", 0,
              flush(MMUEXT_INVLPG_LOCAL, NON_CANONICAL_VA, NULL));
    if (start_info->flags & SIF_PRIVILEGED) {
        expect_eq("cache", 0, flush(MMUEXT_FLUSH_CACHE, 0, NULL));
        expect_eq("cache-global", 0, flush(MMUEXT_FLUSH_CACHE_GLOBAL, 0,
                                           NULL));
    }
    scratch_release(SCRATCH_VA);
    page_free(a);
    page_free(b);
}
