/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret with half its frame mapped.
 *
 * rax, r11, rcx and the flags can be read, and what follows can not: what was
 * read must not have become anybody's registers.
 */
#include "conformance.h"

CONFORMANCE_CASE("iret from half a frame kills the domain", EXPECT_CRASH)
{
    uint64_t *page = page_alloc();

    page[511] = VGCF_in_syscall;
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    __asm__ volatile("movq %0, %%rsp\n\t movl %1, %%eax\n\t syscall"
                     : : "r"(SCRATCH_VA + PAGE_SIZE - 32),
                         "i"(__HYPERVISOR_iret)
                     : "memory");
}
