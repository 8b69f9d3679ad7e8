/* SPDX-License-Identifier: MIT */
/*
 * A count that wraps.
 *
 * How often a table is shown by others as a recursive one is counted, and the
 * count is small: 15 bits.  A guest can make more entries than that.  If the
 * count wrapped the table would be let go while entries still lead to it; so
 * the entry which would be too many is refused (Xen takes 32768).
 */
#include "conformance.h"

#define USES_MAX   32767u
#define PER_TABLE  (PT_ENTRIES - (PT_HOLE_LAST - PT_HOLE_FIRST + 1))
#define TABLES     (USES_MAX / PER_TABLE + 1)
#define LEFT       (USES_MAX % PER_TABLE)

static uint64_t *tables[TABLES];

static void fill(uint64_t *table, pte_t entry)
{
    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        if (i < PT_HOLE_FIRST || i > PT_HOLE_LAST) {
            table[i] = entry;
        }
    }
    page_make_readonly(table);
}

CONFORMANCE_CASE("The count of recursive uses cannot wrap", 0)
{
    uint64_t *shown = page_alloc();
    pte_t entry = pte_make(virt_to_mfn(shown), PTE_P | PTE_U | PTE_A);
    unsigned int more = 0;
    uint64_t *last;

    page_make_readonly(shown);
    REQUIRE(mmuext_mfn(MMUEXT_PIN_L4_TABLE, virt_to_mfn(shown)) == 0);
    for (unsigned int i = 0; i < TABLES; i++) {
        tables[i] = page_alloc();
        fill(tables[i], entry);
    }
    for (unsigned int i = 0; i < TABLES - 1; i++) {
        expect_eq("pin", 0, (uint64_t)
                  mmuext_mfn(MMUEXT_PIN_L4_TABLE, virt_to_mfn(tables[i])));
    }

    /* One by one, up to the limit. */
    last = page_alloc();
    page_make_readonly(last);
    REQUIRE(mmuext_mfn(MMUEXT_PIN_L4_TABLE, virt_to_mfn(last)) == 0);
    while (more < PT_HOLE_FIRST &&
           mm_write_entry(virt_to_maddr(&last[more]), entry) == 0) {
        more++;
    }
    expect_true("the-limit-is-15-bits", more == LEFT || more == LEFT + 1);
    expect_eq("one-more", -XEN_EINVAL, (uint64_t)
              mm_write_entry(virt_to_maddr(&last[more]), entry));
    expect_eq("one-less", 0, (uint64_t)
              mm_write_entry(virt_to_maddr(&last[0]), 0));
    expect_eq("one-more-again", 0, (uint64_t)
              mm_write_entry(virt_to_maddr(&last[more]), entry));
    expect_eq("unpin-last", 0, (uint64_t)
              mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(last)));
    page_make_writable(last);
    page_free(last);

    expect_eq("pin-too-many", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_PIN_L4_TABLE,
                         virt_to_mfn(tables[TABLES - 1])));
    page_make_writable(tables[TABLES - 1]);
    page_free(tables[TABLES - 1]);
    for (unsigned int i = 0; i < TABLES - 1; i++) {
        expect_eq("unpin", 0, (uint64_t)
                  mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(tables[i])));
        page_make_writable(tables[i]);
        page_free(tables[i]);
    }
    expect_eq("unpin-shown", 0, (uint64_t)
              mmuext_mfn(MMUEXT_UNPIN_TABLE, virt_to_mfn(shown)));
    page_make_writable(shown);
    page_free(shown);
}
