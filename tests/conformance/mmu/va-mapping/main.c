/* SPDX-License-Identifier: MIT */
/*
 * update_va_mapping.
 *
 * The shortest way to change one L1 entry of the current address space: no
 * machine address to compute.  The L1 table must exist; the call makes none.
 * Flags say what to flush with it.
 */
#include "conformance.h"

static uint64_t update(unsigned long va, pte_t pte, unsigned long flags)
{
    return (uint64_t)hypercall_update_va_mapping(va, pte, flags);
}

CONFORMANCE_CASE("update_va_mapping: remap, unmap, flush", 0)
{
    uint64_t *a = page_alloc(), *b = page_alloc();
    pte_t to_a = pte_make(virt_to_mfn(a), PTE_DATA);
    pte_t to_b = pte_make(virt_to_mfn(b), PTE_DATA);
    volatile uint64_t *window = hostile(SCRATCH_VA);
    struct fault fault;
    struct walk walk;
    uint64_t value;

    *a = 0xaaaa;
    *b = 0xbbbb;
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(a), PTE_DATA) == 0);
    expect_eq("see-a", 0xaaaa, *window);
    expect_eq("to-b-invlpg", 0, update(SCRATCH_VA, to_b, UVMF_INVLPG));
    expect_eq("see-b", 0xbbbb, *window);
    expect_eq("to-a-flush", 0, update(SCRATCH_VA, to_a, UVMF_TLB_FLUSH));
    expect_eq("see-a-again", 0xaaaa, *window);
    expect_eq("to-b-all", 0, update(SCRATCH_VA, to_b,
                                    UVMF_INVLPG | UVMF_ALL));
    expect_eq("see-b-again", 0xbbbb, *window);
    expect_eq("offset-ignored", 0, update(SCRATCH_VA + 0xabc, to_a,
                                          UVMF_INVLPG));
    expect_eq("see-a-third", 0xaaaa, *window);
    expect_eq("unmap", 0, update(SCRATCH_VA, 0, UVMF_INVLPG));
    fault = probe_read(window, &value);
    expect_fault("unmapped", &fault, VECTOR_PF, 0);
    expect_eq("not-present-is-free-form", 0,
              update(SCRATCH_VA, 0x123456789abcdef0, 0));
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    expect_eq("free-form-kept", 0x123456789abcdef0, walk.entry[1]);
    expect_eq("clear", 0, update(SCRATCH_VA, 0, 0));
    scratch_release(SCRATCH_VA);
    page_free(a);
    page_free(b);
}
