/* SPDX-License-Identifier: MIT */
/*
 * The GDT.
 *
 * The guest gives frames, not an address: up to 14 of them, the rest of the
 * table belongs to the hypervisor.  Each becomes of descriptor type, so it may
 * not be writable, and each of its 512 entries is examined.
 */
#include "conformance.h"

#define FLAT_DATA 0x00cff3000000fffful
#define RING_0_DATA 0x00cf93000000fffful
#define TSS_AVAILABLE 0x0000890000000067ul

static uint64_t set(const unsigned long *frames, unsigned int entries)
{
    return (uint64_t)hypercall_set_gdt(frames, entries);
}

CONFORMANCE_CASE("set_gdt: frames, use, errors", 0)
{
    uint64_t *page = page_alloc();
    unsigned long frame = virt_to_mfn(page), foreign = frame_foreign();
    unsigned long root = mm_kernel.root_mfn;
    struct fault fault;

    page[8] = FLAT_DATA;
    page[9] = RING_0_DATA;
    expect_eq("writable-frame", -XEN_EINVAL, set(&frame, PT_ENTRIES));
    page_make_readonly(page);
    expect_eq("set", 0, set(&frame, PT_ENTRIES));
    fault = PROBE("movw %w0, %%es", "r"(8 << 3 | 3));
    expect_no_fault("load", &fault);
    fault = PROBE("movw %w0, %%es", "r"(9 << 3 | 3));
    expect_no_fault("load-dpl-raised", &fault);
    expect_eq("dpl-raised-in-memory", 3, page[9] >> 45 & 3);
    fault = PROBE("movw %w0, %%es", "r"(10 << 3 | 3));
    expect_fault("load-empty", &fault, VECTOR_GP, 10 << 3);
    fault = PROBE("movw %w0, %%es", "r"(0));
    expect_true("in-use-is-not-writable", mm_set_direct(page, PTE_DATA) < 0);
    expect_true("in-use-is-no-table",
                mmuext_mfn(MMUEXT_PIN_L1_TABLE, frame) < 0);

    expect_eq("too-many", -XEN_EINVAL, set(&frame, 7169));
    expect_eq("huge", -XEN_EINVAL, set(&frame, ~0u));
    expect_eq("list-unmapped", -XEN_EFAULT, set(hostile(UNMAPPED_VA), 1));
    expect_eq("list-hypervisor", -XEN_EFAULT, set(hostile(HYPERVISOR_VA),
                                                  1));
    expect_eq("foreign", -XEN_EINVAL, set(&foreign, 1));
    expect_eq("page-table", -XEN_EINVAL, set(&root, 1));
    fault = PROBE("movw %w0, %%es", "r"(8 << 3 | 3));
    expect_no_fault("old-one-still-there", &fault);
    fault = PROBE("movw %w0, %%es", "r"(0));
    expect_eq("none", 0, set(NULL, 0));
    expect_eq("free-again", 0, (uint64_t)mm_set_direct(page, PTE_DATA));
    page[9] = TSS_AVAILABLE;
    page_make_readonly(page);
    expect_eq("bad-descriptor", -XEN_EINVAL, set(&frame, PT_ENTRIES));
    page_make_writable(page);
    page_free(page);
}
