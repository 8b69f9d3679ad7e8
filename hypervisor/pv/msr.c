/* SPDX-License-Identifier: MIT */
/*
 * Model-specific registers, as a guest's kernel sees them.
 *
 * No register of the machine is reached but the three segment bases, which
 * are the guest's own. The others are constants: values with which kernels
 * find nothing to do. What is not in the table below faults, as on a CPU that
 * does not have it; kernels that are made for guests expect that.
 *
 *   M1  a row's value is what a read gives
 *   M2  a write of that same value is accepted everywhere
 *   M3  a write of another value is accepted and forgotten where kernels
 *       write by habit (`is_deaf`), else it faults
 *
 * Some rows are of one vendor; a kernel asks for those only after CPUID told
 * it the vendor, so they stand here for all.
 */
#include <hv/arch.h>
#include <hv/util.h>

#include "trap.h"

#define MSR_APIC_BASE 0x1bu
#define MSR_FS_BASE   0xc0000100u
#define MSR_GS_BASE   0xc0000101u
#define MSR_GS_SHADOW 0xc0000102u

#define APIC_BASE_ON  0xfee00800ull
#define APIC_BASE_BSP 0x100ull

struct msr_row {
    uint32_t msr;
    bool is_deaf;
    uint64_t value;
};

static const struct msr_row rows[] = {
    { 0x00000017, true, 0 },                 /* platform id */
    { 0x0000003a, false, 1 },                /* feature control: locked */
    { 0x0000008b, true, 0 },                 /* microcode revision */
    { 0x000000ce, false, 0 },                /* platform info */
    { 0x00000140, true, 0 },                 /* misc features enable */
    { 0x000001a0, true, 0 },                 /* misc enable */
    { 0x00000277, false, 0x050100070406ull },/* PAT: the interface's */
    { 0xc0000080, false, 0xd01 },            /* EFER: SCE LME LMA NXE */
    { 0xc0010015, true, 0 },                 /* AMD: hardware configuration */
    { 0xc0011029, true, 2 },                 /* AMD: LFENCE serialises */
};

static const struct msr_row *find_row(uint32_t msr)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        if (rows[i].msr == msr) {
            return &rows[i];
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
    const struct msr_row *row = find_row(msr);
    int base = base_of_msr(msr);

    if (base >= 0) {
        *value = arch_get_segment_base(v, (unsigned int)base);
        return true;
    }
    if (msr == MSR_APIC_BASE) {
        *value = APIC_BASE_ON | (v->id == 0 ? APIC_BASE_BSP : 0);
        return true;
    }
    if (row == NULL) {
        return false;
    }
    *value = row->value;
    return true;
}

bool pv_write_msr(struct vcpu *v, uint32_t msr, uint64_t value)
{
    const struct msr_row *row = find_row(msr);
    int base = base_of_msr(msr);

    if (base >= 0) {
        if (!gva_is_canonical(value)) {
            return false;
        }
        arch_set_segment_base(v, (unsigned int)base, value);
        return true;
    }
    return row != NULL && (row->is_deaf || row->value == value);
}
