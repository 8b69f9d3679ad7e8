/* SPDX-License-Identifier: MIT */
/*
 * Page faults of the guest kernel.
 *
 * The kernel runs in ring 3, so hardware reports every fault of it as one of
 * user mode.  The hypervisor takes the U bit out again: a kernel asks that
 * bit whether to blame a process or itself.  The address is in
 * vcpu_info.arch.cr2, because CR2 cannot be read in ring 3.
 */
#include "conformance.h"

static void call_page(void *page)
{
    void (*function)(void);

    memcpy(&function, &page, sizeof(function));
    function();
}

CONFORMANCE_CASE("Page faults in kernel mode: error code and cr2", 0)
{
    uint8_t *page = page_alloc();
    uint64_t ignored;
    struct fault fault;

    page[0] = 0xc3;                     /* ret */
    fault = probe_read(hostile(UNMAPPED_VA + 0x123), &ignored);
    expect_fault("read-unmapped", &fault, VECTOR_PF, 0);
    expect_eq("read-unmapped-address", UNMAPPED_VA + 0x123, fault.address);
    expect_eq("read-unmapped-cs-rpl", 0, fault.regs.cs & 3);
    fault = probe_write(hostile(UNMAPPED_VA + 0xff8), 1);
    expect_fault("write-unmapped", &fault, VECTOR_PF, 2);
    expect_eq("write-unmapped-address", UNMAPPED_VA + 0xff8, fault.address);

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_READONLY) == 0);
    fault = probe_write(hostile(SCRATCH_VA + 8), 1);
    expect_fault("write-read-only", &fault, VECTOR_PF, 3);
    expect_eq("write-read-only-address", SCRATCH_VA + 8, fault.address);
    expect_eq("page-unchanged", 0, ((uint64_t *)page)[1]);
    fault = probe_call(call_page, hostile(SCRATCH_VA));
    expect_no_fault("execute", &fault);

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page),
                        PTE_READONLY | PTE_NX) == 0);
    fault = probe_call(call_page, hostile(SCRATCH_VA));
    expect_fault("execute-nx", &fault, VECTOR_PF, 0x11);
    expect_eq("execute-nx-rip", SCRATCH_VA, fault.regs.rip);
    fault = probe_call(call_page, hostile(UNMAPPED_VA));
    expect_fault("execute-unmapped", &fault, VECTOR_PF, 0x10);
    scratch_release(SCRATCH_VA);
    page_free(page);
}
