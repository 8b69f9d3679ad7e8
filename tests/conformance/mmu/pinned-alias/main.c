/* SPDX-License-Identifier: MIT */
/*
 * A pinned table through another door.
 *
 * A pin makes a table of a page that nothing else refers to as one.  That
 * counts as much as any use: no entry may map it writable, in this address
 * space or another, by whatever call, or by a table that becomes one with such
 * an entry already in it.  The lowest door is a table that is being made.
 */
#include "conformance.h"

static uint64_t *page;
static uint64_t mfn;

static uint64_t by_update(pte_t pte)
{
    struct walk walk;

    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    return (uint64_t)mm_write_entry(walk.entry_address[1], pte);
}

static uint64_t by_preserving_update(pte_t pte)
{
    struct mmu_update request;
    struct walk walk;

    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    request.ptr = walk.entry_address[1] | MMU_PT_UPDATE_PRESERVE_AD;
    request.val = pte;
    return (uint64_t)hypercall_mmu_update(&request, 1, NULL, DOMID_SELF);
}

static uint64_t by_address(pte_t pte)
{
    return (uint64_t)hypercall_update_va_mapping(SCRATCH_VA, pte,
                                                 UVMF_INVLPG);
}

/* As an entry of a page that becomes a table, by a pin of its own. */
static uint64_t by_a_new_table(pte_t pte)
{
    uint64_t *table = page_alloc();
    uint64_t result;

    table[7] = pte;
    page_make_readonly(table);
    result = (uint64_t)mmuext_mfn(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table));
    if (result == 0) {
        mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(table));
    }
    page_make_writable(table);
    page_free(table);
    return result;
}

static void at_level(unsigned int level)
{
    static struct space other;
    pte_t writable = pte_make(mfn, PTE_DATA);
    pte_t readable = pte_make(mfn, PTE_READONLY);
    void *unused = page_alloc();

    page_make_readonly(page);
    REQUIRE(mmuext_mfn(MMUEXT_PIN_L1_TABLE + level - 1, mfn) == 0);
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(unused), PTE_READONLY) == 0);
    expect_eq("update", -XEN_EBUSY, by_update(writable));
    expect_eq("preserving-update", -XEN_EBUSY, by_preserving_update(writable));
    expect_eq("address", -XEN_EBUSY, by_address(writable));
    expect_eq("new-table", -XEN_EBUSY, by_a_new_table(writable));
    expect_eq("still-the-other", virt_to_mfn(unused),
              pte_mfn(kernel_entry(SCRATCH_VA)));
    expect_eq("read-only-in-new-table", 0, by_a_new_table(readable));
    expect_eq("read-only", 0, by_update(readable));
    expect_eq("read-only-to-writable", -XEN_EBUSY, by_update(writable));
    expect_eq("preserving-to-writable", -XEN_EBUSY,
              by_preserving_update(writable));
    expect_eq("address-to-writable", -XEN_EBUSY, by_address(writable));
    expect_eq("direct-map", -XEN_EBUSY, (uint64_t)
              mm_set_direct(page, PTE_DATA));

    space_create(&other);
    expect_eq("other-space", -XEN_EBUSY, (uint64_t)
              mm_map(&other, 0x400000, mfn, PTE_DATA));
    expect_eq("other-space-read-only", 0, (uint64_t)
              mm_map(&other, 0x400000, mfn, PTE_READONLY));
    expect_eq("other-space-unmapped", 0, (uint64_t)
              mm_unmap(&other, 0x400000));
    space_destroy(&other);

    expect_eq("unpin", 0, (uint64_t)mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn));
    expect_eq("writable-after-unpin", 0, by_update(writable));
    expect_eq("pin-through-alias", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L1_TABLE + level - 1, mfn));
    REQUIRE(mm_unmap(&mm_kernel, SCRATCH_VA) == 0);
    page_make_writable(page);
    memset(page, 0, PAGE_SIZE);
    page_free(unused);
}

CONFORMANCE_CASE("No second mapping of a pinned table is writable", 0)
{
    page = page_alloc();
    mfn = virt_to_mfn(page);
    for (unsigned int level = 1; level <= PT_LEVELS; level++) {
        at_level(level);
    }
    scratch_release(SCRATCH_VA);
    page_free(page);
}
