/* SPDX-License-Identifier: MIT */
/*
 * Recursive entries that are there before the page is a table.
 *
 * A kernel fills a page and then pins it, or hooks it in: its entries are
 * checked then.  An entry for the page itself, or for another table of its
 * level, must be read-only, at every level above the first, whether it is met
 * at validation or by an update.
 */
#include "conformance.h"

#define READ_ONLY (PTE_P | PTE_U | PTE_A)
#define SLOT      9u

static uint64_t pin(unsigned int level, void *table)
{
    return (uint64_t)mmuext_mfn(MMUEXT_PIN_L1_TABLE + level - 1,
                                virt_to_mfn(table));
}

static uint64_t unpin(void *table)
{
    return (uint64_t)mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(table));
}

static void fill(uint64_t *table, unsigned int slot, pte_t entry)
{
    REQUIRE(mm_set_direct(table, PTE_DATA) == 0);
    memset(table, 0, PAGE_SIZE);
    table[slot] = entry;
    page_make_readonly(table);
}

static void itself(unsigned int level, uint64_t *table)
{
    uint64_t self = virt_to_mfn(table);

    fill(table, SLOT, pte_make(self, PTE_TABLE));
    expect_eq("itself-writable", -XEN_EINVAL, pin(level, table));
    expect_eq("still-free", 0, (uint64_t)mm_set_direct(table, PTE_DATA));
    fill(table, SLOT, pte_make(self, READ_ONLY));
    expect_eq("itself", 0, pin(level, table));
    expect_eq("itself-made-writable", -XEN_EINVAL, (uint64_t)
              mm_write_entry(virt_to_maddr(&table[SLOT]),
                             pte_make(self, PTE_TABLE)));
    expect_eq("another-slot", 0, (uint64_t)
              mm_write_entry(virt_to_maddr(&table[SLOT + 1]),
                             pte_make(self, READ_ONLY)));
    expect_true("is-a-table", mm_set_direct(table, PTE_DATA) < 0);
    expect_eq("unpin-itself", 0, unpin(table));
    expect_eq("is-none", 0, (uint64_t)mm_set_direct(table, PTE_DATA));
}

static void one_another(unsigned int level, uint64_t *a, uint64_t *b)
{
    fill(b, SLOT, 0);
    expect_eq("pin-b", 0, pin(level, b));
    fill(a, SLOT, pte_make(virt_to_mfn(b), PTE_TABLE));
    expect_eq("shows-b-writable", -XEN_EINVAL, pin(level, a));
    fill(a, SLOT, pte_make(virt_to_mfn(b), READ_ONLY));
    expect_eq("shows-b", 0, pin(level, a));
    expect_eq("b-shows-itself", 0, (uint64_t)
              mm_write_entry(virt_to_maddr(&b[SLOT + 1]),
                             pte_make(virt_to_mfn(b), READ_ONLY)));
    expect_eq("b-shows-a", -XEN_EINVAL, (uint64_t)
              mm_write_entry(virt_to_maddr(&b[SLOT]),
                             pte_make(virt_to_mfn(a), READ_ONLY)));
    expect_eq("unpin-b", 0, unpin(b));
    expect_true("b-is-still-a-table", mm_set_direct(b, PTE_DATA) < 0);
    expect_eq("unpin-a", 0, unpin(a));
    expect_eq("b-is-free", 0, (uint64_t)mm_set_direct(b, PTE_DATA));
    expect_eq("a-is-free", 0, (uint64_t)mm_set_direct(a, PTE_DATA));
}

CONFORMANCE_CASE("Recursive entries met at validation", 0)
{
    uint64_t *a = page_alloc(), *b = page_alloc();

    for (unsigned int level = 2; level <= PT_LEVELS; level++) {
        itself(level, a);
        one_another(level, a, b);
    }
    /* An L1 has no recursion: it is then plain, and must not be writable. */
    fill(a, SLOT, pte_make(virt_to_mfn(a), PTE_DATA));
    expect_eq("l1-maps-itself-writable", -XEN_EBUSY, pin(1, a));
    fill(a, SLOT, pte_make(virt_to_mfn(a), PTE_READONLY));
    expect_eq("l1-maps-itself", 0, pin(1, a));
    expect_eq("l1-unpin", 0, unpin(a));
    page_make_writable(a);
    page_make_writable(b);
    page_free(a);
    page_free(b);
}
