/* SPDX-License-Identifier: MIT */
/*
 * update_descriptor and what may be a descriptor.
 *
 * Code and data segments, with their privilege forced to the guest's ring.  Of
 * system descriptors none but call gates: a task gate or an LDT of the guest's
 * own making would be read by hardware with the hypervisor's rights.  What is
 * not present may be anything.
 */
#include "conformance.h"

static const struct {
    const char *what;
    uint64_t descriptor;
    int64_t result;
} rows[] = {
    { "empty", 0, 0 },
    { "data", 0x00cff3000000fffful, 0 },
    { "code-32", 0x00cffb000000fffful, 0 },
    { "code-64", 0x00affb000000fffful, 0 },
    { "data-ring-0", 0x00cf93000000fffful, 0 },
    { "conforming-code", 0x00cffe000000fffful, 0 },
    { "ldt", 0x0000e20000000fff, -XEN_EINVAL },
    { "tss-available", 0x0000890000000067, -XEN_EINVAL },
    { "tss-busy", 0x00008b0000000067, -XEN_EINVAL },
    { "task-gate", 0x0000850000280000, -XEN_EINVAL },
    { "interrupt-gate", 0x00008e0000330000, -XEN_EINVAL },
    { "trap-gate", 0x00008f0000330000, -XEN_EINVAL },
    { "not-present-tss", 0x0000090000000067, 0 },
};

static uint64_t update(uint64_t address, uint64_t descriptor)
{
    return (uint64_t)hypercall_update_descriptor(address, descriptor);
}

CONFORMANCE_CASE("update_descriptor: types and errors", 0)
{
    uint64_t *page = page_alloc();
    unsigned long frame = virt_to_mfn(page);
    uint64_t slot = virt_to_maddr(&page[20]);

    page_make_readonly(page);
    REQUIRE(hypercall_set_gdt(&frame, PT_ENTRIES) == 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        expect_eq(rows[i].what, (uint64_t)rows[i].result,
                  update(slot, rows[i].descriptor));
        if (rows[i].result == 0 && (rows[i].descriptor >> 47 & 1)) {
            expect_eq("dpl-raised", 3, page[20] >> 45 & 3);
        }
    }
    expect_eq("unaligned", -XEN_EINVAL, update(slot + 4, 0));
    expect_eq("foreign", -XEN_EINVAL,
              update(frame_foreign() << PAGE_SHIFT, 0));
    expect_eq("absent", -XEN_EINVAL, update(FRAME_ABSENT << PAGE_SHIFT, 0));
    expect_eq("page-table", -XEN_EINVAL,
              update(mm_kernel.root_mfn << PAGE_SHIFT, 0));
    REQUIRE(hypercall_set_gdt(NULL, 0) == 0);
    page_make_writable(page);
    expect_eq("plain-page", 0, update(slot, 0x00cff3000000fffful));
    expect_eq("plain-page-stored", 0x00cff3000000fffful, page[20]);
    page_free(page);
}
