/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions of the guest kernel.
 *
 * Some are emulated, because kernels are full of them: control registers
 * above all, where cr3 shows the guest's own root table.  Those that have a
 * hypercall for the purpose are not: they raise #GP, and a kernel that uses
 * them is not one for this ABI.  Changing CR0 in anything but TS is refused.
 */
#include "conformance.h"

#define CR0_PE 0x1ul
#define CR0_TS 0x8ul
#define CR0_PG 0x80000000ul
#define CR4_PAE 0x20ul

CONFORMANCE_CASE("Privileged instructions: emulated and refused", 0)
{
    static char table[10] __attribute__((aligned(16)));
    uint64_t cr0, cr2, cr3, cr4;
    struct fault fault;

    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    expect_eq("cr0", CR0_PE | CR0_PG, cr0 & (CR0_PE | CR0_PG | CR0_TS));
    __asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
    expect_eq("cr3-is-our-root", mm_kernel.root_mfn, xen_cr3_to_pfn(cr3));
    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    expect_eq("cr4-pae", CR4_PAE, cr4 & CR4_PAE);
    probe_read(hostile(UNMAPPED_VA), &cr2);
    __asm__ volatile("movq %%cr2, %0" : "=r"(cr2));
    expect_eq("cr2", UNMAPPED_VA, cr2);
    fault = PROBE("movq %0, %%cr3", "r"(cr3));
    expect_no_fault("cr3-same", &fault);
    fault = PROBE("movq %0, %%cr0", "r"(cr0));
    expect_no_fault("cr0-same", &fault);
    fault = PROBE("movq %0, %%cr0", "r"(cr0 ^ 0x10000));
    expect_fault("cr0-wp-off", &fault, VECTOR_GP, 0);
    fault = PROBE("movq %0, %%cr4", "r"(cr4));
    expect_no_fault("cr4-same", &fault);
    fault = PROBE("clts", "r"(0));
    expect_no_fault("clts", &fault);
    fault = PROBE("movq %0, %%cr8", "r"(0ul));
    expect_fault("cr8", &fault, VECTOR_GP, 0);

    fault = PROBE("hlt", "r"(0));
    expect_fault("hlt", &fault, VECTOR_GP, 0);
    fault = PROBE("lgdt %0", "m"(table));
    expect_fault("lgdt", &fault, VECTOR_GP, 0);
    fault = PROBE("lidt %0", "m"(table));
    expect_fault("lidt", &fault, VECTOR_GP, 0);
    fault = PROBE("invlpg (%0)", "r"(table));
    expect_fault("invlpg", &fault, VECTOR_GP, 0);
    fault = PROBE("invd", "r"(0));
    expect_fault("invd", &fault, VECTOR_GP, 0);
    fault = PROBE("ltr %w0", "r"(0));
    expect_fault("ltr", &fault, VECTOR_GP, 0);
    fault = PROBE("swapgs", "r"(0));
    expect_fault("swapgs", &fault, VECTOR_GP, 0);
    fault = PROBE("rdmsr", "c"(0xdeadbeefu), "a"(0), "d"(0));
    expect_fault("rdmsr-unknown", &fault, VECTOR_GP, 0);
    fault = PROBE("wrmsr", "c"(0xdeadbeefu), "a"(0), "d"(0));
    expect_fault("wrmsr-unknown", &fault, VECTOR_GP, 0);
    fault = PROBE("wrmsr", "c"(0xc0000082u), "a"(0), "d"(0));
    expect_true("lstar-cannot-be-taken", fault.raised ||
                hypercall_xen_version(XENVER_version, NULL) > 0);
}
