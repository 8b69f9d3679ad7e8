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

enum writes { NO, SAME, ANY };
enum vendor { ALL, INTEL, AMD };

static const struct {
    uint32_t msr;
    enum vendor vendor;
    enum writes writes;
} readable[] = {
    { 0x10, ALL, NO },              /* TSC */
    { 0x17, INTEL, NO },            /* platform id */
    { 0x1b, ALL, NO },              /* APIC base */
    { 0x3a, INTEL, NO },            /* feature control */
    { 0xce, ALL, NO },              /* platform info */
    { 0x140, ALL, SAME },           /* misc features */
    { 0x1a0, ALL, ANY },            /* misc enable */
    { 0x277, ALL, NO },             /* PAT */
    { 0x40000000, ALL, NO },
    { MSR_EFER, ALL, SAME },
    { 0xc0010015, AMD, ANY },       /* HWCR */
    { 0xc0011029, AMD, ANY },       /* DE_CFG */
};

static const struct {
    uint32_t from, to;
} absent[] = {
    { 0x3b, 0x3b }, { 0x48, 0x49 }, { 0xfe, 0xfe }, { 0x10b, 0x10b },
    { 0x174, 0x176 }, { 0x1d9, 0x1d9 }, { 0x1db, 0x1de }, { 0x200, 0x20f },
    { 0x250, 0x26f }, { 0x2ff, 0x2ff }, { 0x480, 0x491 }, { 0x600, 0x600 },
    { 0x6e0, 0x6e0 }, { 0x800, 0x83f }, { 0xda0, 0xda0 },
    { 0xc0000081, 0xc0000084 }, { 0xc0000104, 0xc0000104 },
    { 0xc0010114, 0xc0010117 }, { 0xc0010140, 0xc0010141 },
};

static bool is_amd(void)
{
    uint32_t eax = 0, ebx, ecx, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return ebx == 0x68747541;
}

static void expect_access(uint32_t msr, const char *access, bool ok,
                          const struct fault *fault)
{
    char what[32];

    snprintf(what, sizeof(what), "%s-%x", access, msr);
    if (ok) {
        expect_no_fault(what, fault);
    } else {
        expect_fault(what, fault, VECTOR_GP, 0);
    }
}

static void table(void)
{
    struct fault fault;
    uint64_t value;

    for (unsigned int i = 0; i < ARRAY_SIZE(readable); i++) {
        uint32_t msr = readable[i].msr;
        bool here = readable[i].vendor == ALL ||
                    (readable[i].vendor == AMD) == is_amd();
        enum writes writes = here ? readable[i].writes : NO;

        fault = rdmsr(msr, &value);
        expect_access(msr, "read", here, &fault);
        fault = wrmsr(msr, value);
        expect_access(msr, "write-same", writes != NO, &fault);
        fault = wrmsr(msr, value + 1);
        expect_access(msr, "write-other", writes == ANY, &fault);
        wrmsr(msr, value);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(absent); i++) {
        for (uint32_t m = absent[i].from; m <= absent[i].to; m++) {
            fault = rdmsr(m, &value);
            expect_access(m, "read", false, &fault);
            fault = wrmsr(m, 0);
            expect_access(m, "write", false, &fault);
        }
    }
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
    table();
    expect_eq("odd-low", 0, sweep(0, 0x900));
    expect_eq("odd-long-mode", 0, sweep(0xc0000080, 0x90));
    expect_eq("odd-amd", 0, sweep(0xc0010000, 0x200));
    wrmsr(MSR_FS_BASE, 0);
    wrmsr(MSR_GS_BASE, 0);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
}
