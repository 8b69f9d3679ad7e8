/* SPDX-License-Identifier: MIT */
/*
 * The LDT.
 *
 * SET_LDT names an address and a number of entries; nothing is checked but
 * that.  The pages are looked at one by one when the CPU first touches them,
 * and a page that is not fit (not mapped, or writable) is a page fault of the
 * guest at the LDT's own address.
 */
#include "conformance.h"

#define FLAT_DATA 0x00cff3000000fffful
#define LDT_SELECTOR(n) ((n) << 3 | 4 | 3)

CONFORMANCE_CASE("SET_LDT, lazy validation, errors", 0)
{
    uint64_t *page = page_alloc();
    unsigned long base = (unsigned long)page;
    struct fault fault;

    page[3] = FLAT_DATA;
    expect_eq("set-on-writable", 0, ldt_set(base, PT_ENTRIES));
    fault = PROBE("movw %w0, %%es", "r"(LDT_SELECTOR(3)));
    expect_true("writable-page-faults", fault.raised &&
                fault.vector == VECTOR_PF);
    expect_eq("fault-address", base, fault.address & PAGE_MASK);
    page_make_readonly(page);
    expect_eq("set", 0, ldt_set(base, PT_ENTRIES));
    fault = PROBE("movw %w0, %%es", "r"(LDT_SELECTOR(3)));
    expect_no_fault("load", &fault);
    expect_true("in-use-is-not-writable", mm_set_direct(page, PTE_DATA) < 0);
    fault = PROBE("movw %w0, %%es", "r"(LDT_SELECTOR(600)));
    expect_fault("beyond-its-end", &fault, VECTOR_GP,
                 (LDT_SELECTOR(600)) & 0xfffc);
    fault = PROBE("movw %w0, %%es", "r"(0));
    expect_eq("unaligned", -XEN_EINVAL, ldt_set(base + 8, 16));
    expect_eq("too-many", -XEN_EINVAL, ldt_set(base, 8193));
    expect_eq("in-the-hypervisor", -XEN_EINVAL, ldt_set(HYPERVISOR_VA, 16));
    expect_eq("none", 0, ldt_set(0, 0));
    fault = PROBE("movw %w0, %%es", "r"(LDT_SELECTOR(3)));
    expect_fault("load-without", &fault, VECTOR_GP, LDT_SELECTOR(3) & 0xfffc);
    page_make_writable(page);
    page_free(page);
}
