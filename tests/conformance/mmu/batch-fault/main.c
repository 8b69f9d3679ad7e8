/* SPDX-License-Identifier: MIT */
/*
 * A list that faults half-way.
 *
 * The list of a batched call may reach into a page that is not there.  What
 * stands before the fault is done, and the count says so; nothing is done
 * twice and nothing forgotten, so the caller can map the rest and go on.
 */
#include "conformance.h"

#define FIRST_HALF 5u

static struct walk target;

static void updates(void)
{
    struct mmu_update *list =
        (struct mmu_update *)hostile(SCRATCH_VA + PAGE_SIZE) - FIRST_HALF;
    uint64_t plain = virt_to_maddr(page_alloc());
    volatile uint64_t *words = mfn_to_virt(plain >> PAGE_SHIFT);
    unsigned int done = 77;

    for (unsigned int i = 0; i < FIRST_HALF; i++) {
        list[i] = (struct mmu_update){ plain + 8 * i, 100 + i };
    }
    expect_eq("mmu_update", -XEN_EFAULT, (uint64_t)
              hypercall_mmu_update(list, 2 * FIRST_HALF, &done, DOMID_SELF));
    expect_eq("mmu_update-done", FIRST_HALF, done);
    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        if (words[i] != (i < FIRST_HALF ? 100 + i : 0)) {
            expect_eq("mmu_update-word", i < FIRST_HALF ? 100 + i : 0,
                      words[i]);
        }
    }
    page_free((void *)(unsigned long)words);
}

static void extended(void)
{
    struct mmuext_op *list =
        (struct mmuext_op *)hostile(SCRATCH_VA + PAGE_SIZE) - FIRST_HALF;
    void *page[FIRST_HALF];
    unsigned int done = 77;

    for (unsigned int i = 0; i < FIRST_HALF; i++) {
        page[i] = page_alloc();
        memset(page[i], 0xff, PAGE_SIZE);
        list[i] = (struct mmuext_op){ .cmd = MMUEXT_CLEAR_PAGE,
                                      .arg1.mfn = virt_to_mfn(page[i]) };
    }
    expect_eq("mmuext_op", -XEN_EFAULT, (uint64_t)
              hypercall_mmuext_op(list, 2 * FIRST_HALF, &done, DOMID_SELF));
    expect_eq("mmuext_op-done", FIRST_HALF, done);
    for (unsigned int i = 0; i < FIRST_HALF; i++) {
        expect_eq("mmuext_op-cleared", 0, *(uint64_t *)page[i]);
        page_free(page[i]);
    }
}

static void calls(void)
{
    struct multicall_entry *list =
        (struct multicall_entry *)hostile(SCRATCH_VA + PAGE_SIZE) -
        FIRST_HALF;
    uint64_t version = (uint64_t)hypercall_xen_version(XENVER_version, NULL);

    for (unsigned int i = 0; i < FIRST_HALF; i++) {
        list[i] = (struct multicall_entry){
            .op = __HYPERVISOR_xen_version, .result = 77,
            .args = { XENVER_version },
        };
    }
    expect_eq("multicall", -XEN_EFAULT, (uint64_t)
              hypercall_multicall(list, 2 * FIRST_HALF));
    for (unsigned int i = 0; i < FIRST_HALF; i++) {
        expect_eq("multicall-done", version, list[i].result);
    }
}

/* An element that lies across the two pages, of which the second is missing. */
static void across(void)
{
    struct mmu_update *list = (struct mmu_update *)
        hostile(SCRATCH_VA + PAGE_SIZE - sizeof(*list) - 8);
    unsigned int done = 77;

    list[0] = (struct mmu_update){ target.entry_address[1] + 8, 0 };
    expect_eq("across", -XEN_EFAULT, (uint64_t)
              hypercall_mmu_update(list, 2, &done, DOMID_SELF));
    expect_eq("across-done", 1, done);
}

CONFORMANCE_CASE("A list that leads into nowhere half-way", 0)
{
    void *page = page_alloc();

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &target);
    updates();
    extended();
    calls();
    across();
    scratch_release(SCRATCH_VA);
    page_free(page);
}
