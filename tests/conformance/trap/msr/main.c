/* SPDX-License-Identifier: MIT */
/*
 * RDMSR and WRMSR of the guest kernel.
 *
 * Both trap.  The three segment bases are the guest's own and work; EFER shows
 * a machine in long mode and cannot be changed; everything unknown is #GP.
 * Reading any number whatever must not hurt the hypervisor: at least once it
 * did, by a register that only some CPUs have.
 */
#include "conformance.h"

#define MSR_EFER           0xc0000080u
#define MSR_FS_BASE        0xc0000100u
#define MSR_GS_BASE        0xc0000101u
#define MSR_KERNEL_GS_BASE 0xc0000102u
#define EFER_LMA           0x400ul

static struct fault rdmsr(uint32_t msr, uint64_t *value)
{
    uint32_t low = 0, high = 0;

    probe_begin();
    __asm__ volatile("1: rdmsr\n2:\n\t" EXTABLE("1b", "2b")
                     : "+a"(low), "+d"(high) : "c"(msr) : "memory");
    *value = (uint64_t)high << 32 | low;
    return probe_end();
}

static struct fault wrmsr(uint32_t msr, uint64_t value)
{
    return PROBE("wrmsr", "c"(msr), "a"((uint32_t)value),
                 "d"((uint32_t)(value >> 32)));
}

static unsigned int sweep(uint32_t from, uint32_t count)
{
    unsigned int odd = 0;
    uint64_t value;

    for (uint32_t msr = from; msr < from + count; msr++) {
        struct fault fault = rdmsr(msr, &value);

        odd += fault.raised && (fault.vector != VECTOR_GP ||
                                fault.error != 0);
    }
    return odd;
}

CONFORMANCE_CASE("Model-specific registers", 0)
{
    struct fault fault;
    uint64_t value;

    fault = wrmsr(MSR_FS_BASE, 0x123456789000);
    expect_no_fault("write-fs-base", &fault);
    fault = rdmsr(MSR_FS_BASE, &value);
    expect_no_fault("read-fs-base", &fault);
    expect_eq("fs-base", 0x123456789000, value);
    fault = wrmsr(MSR_GS_BASE, 0xffff900000001000);
    expect_no_fault("write-gs-base", &fault);
    fault = rdmsr(MSR_GS_BASE, &value);
    expect_eq("gs-base", 0xffff900000001000, value);
    fault = wrmsr(MSR_KERNEL_GS_BASE, 0x2000);
    expect_no_fault("write-user-gs-base", &fault);
    fault = rdmsr(MSR_KERNEL_GS_BASE, &value);
    expect_eq("user-gs-base", 0x2000, value);
    fault = wrmsr(MSR_FS_BASE, NON_CANONICAL_VA);
    expect_fault("fs-base-non-canonical", &fault, VECTOR_GP, 0);
    fault = wrmsr(MSR_KERNEL_GS_BASE, NON_CANONICAL_VA);
    expect_fault("user-gs-base-non-canonical", &fault, VECTOR_GP, 0);
    fault = rdmsr(MSR_EFER, &value);
    expect_no_fault("read-efer", &fault);
    expect_eq("long-mode-active", EFER_LMA, value & EFER_LMA);
    fault = wrmsr(MSR_EFER, 0);
    fault = rdmsr(MSR_EFER, &value);
    expect_eq("efer-unchanged", EFER_LMA, value & EFER_LMA);
    expect_eq("odd-low", 0, sweep(0, 0x900));
    expect_eq("odd-long-mode", 0, sweep(0xc0000080, 0x90));
    expect_eq("odd-amd", 0, sweep(0xc0010000, 0x200));
    wrmsr(MSR_FS_BASE, 0);
    wrmsr(MSR_GS_BASE, 0);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
}
