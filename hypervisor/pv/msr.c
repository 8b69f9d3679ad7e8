/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers, as a guest's kernel sees them.
 *
 * No register of the machine is reached but the TSC, for reading, and the
 * three segment bases, which are the guest's own. The others are constants:
 * values with which kernels find nothing to do. What is not in the table below
 * faults, as on a CPU that does not have it; kernels that are made for guests
 * expect that.
 *
 *   M1  a row's value is what a read gives
 *   M2  a write faults (NO), or is accepted of that same value (SAME), or of
 *       any value, and forgotten (ANY), as Xen does it
 *   M3  a row of one vendor is not there on a CPU of another
 *
 * docs/design/0018 says what is different from Xen.
 */
#include <hv/arch.h>
#include <hv/util.h>

#include "cpuid.h"
#include "trap.h"

#define MSR_TSC       0x10u
#define MSR_APIC_BASE 0x1bu
#define MSR_FS_BASE   0xc0000100u
#define MSR_GS_BASE   0xc0000101u
#define MSR_GS_SHADOW 0xc0000102u

#define APIC_BASE_ON  0xfee00800ull
#define APIC_BASE_BSP 0x100ull

enum vendor { ANYBODYS, INTELS, AMDS };
enum writes { NO, SAME, ANY };

struct msr_row {
    uint32_t msr;
    enum vendor vendor;
    enum writes writes;
    uint64_t value;
};

/* Searched from the top: what kernels read again and again comes first. */
static const struct msr_row rows[] = {
    { 0xc0000080, ANYBODYS, SAME, 0xd01 },   /* EFER: SCE LME LMA NXE */
    { 0x00000000, ANYBODYS, NO, 0 },         /* machine check of the P5 */
    { 0x00000001, ANYBODYS, NO, 0 },
    { 0x00000017, INTELS, NO, 0 },           /* platform id */
    { 0x0000003a, INTELS, NO, 1 },           /* feature control: locked */
    { 0x0000008b, ANYBODYS, ANY, 0 },        /* microcode: not as Xen does */
    { 0x000000ce, ANYBODYS, NO, 0 },         /* platform info */
    { 0x00000140, ANYBODYS, SAME, 0 },       /* misc features enable */
    { 0x000001a0, ANYBODYS, ANY, 0x1801 },   /* fast strings; no BTS, PEBS */
    { 0x00000277, ANYBODYS, NO, 0x050100070406ull }, /* the interface's PAT */
    { 0x00000345, ANYBODYS, NO, 0 },         /* performance capabilities */
    { 0x40000000, ANYBODYS, NO, 0 },         /* another hypervisor's */
    { 0xc0010015, AMDS, ANY, 0 },            /* hardware configuration */
    { 0xc0011029, AMDS, ANY, 2 },            /* LFENCE serialises */
};

static const struct msr_row *find_row(uint32_t msr)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].msr == msr) {
            bool here = rows[i].vendor == ANYBODYS ||
                        (rows[i].vendor == AMDS) == pv_cpu_is_amd(); /* M3 */

            return here ? &rows[i] : NULL;
        }
    }
    return NULL;
}

/* Which base a register is, or -1. Only a kernel gets here, and in kernel
 * mode the active GS base is the kernel's, the hidden one the user's. */
static int base_of_msr(uint32_t msr)
{
    switch (msr) {
    case MSR_FS_BASE:
        return SEGBASE_FS;
    case MSR_GS_BASE:
        return SEGBASE_GS_KERNEL;
    case MSR_GS_SHADOW:
        return SEGBASE_GS_USER;
    default:
        return -1;
    }
}

bool pv_read_msr(struct vcpu *v, uint32_t msr, uint64_t *value)
{
    int base = base_of_msr(msr);
    const struct msr_row *row;

    if (base >= 0) {
        *value = arch_get_segment_base(v, (unsigned int)base);
        return true;
    }
    if (msr == MSR_APIC_BASE) {
        *value = APIC_BASE_ON | (v->id == 0 ? APIC_BASE_BSP : 0);
        return true;
    }
    if (msr == MSR_TSC) {
        *value = arch_tsc();
        return true;
    }
    row = find_row(msr);
    if (row == NULL) {
        return false;
    }
    *value = row->value;
    return true;
}

bool pv_write_msr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    int base = base_of_msr(msr);
    const struct msr_row *row;

    if (base >= 0) {
        if (!gva_is_canonical(value)) {
            return false;
        }
        arch_set_segment_base(v, (unsigned int)base, value);
        return true;
    }
    row = find_row(msr);
    return row != NULL && (row->writes == ANY ||
                           (row->writes == SAME && row->value == value));
}
