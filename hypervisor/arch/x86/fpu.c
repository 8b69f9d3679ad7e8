/* SPDX-License-Identifier: MIT */
/*
 * x87, SSE and AVX state of vcpus.
 *
 * It is switched eagerly: whatever CR0.TS says, the registers never hold
 * another vcpu's state, so there is nothing to be read by speculation and no
 * trap to be taken. One page a vcpu holds the image, by XSAVE in its standard
 * format where the CPU has it, else by FXSAVE; the components offered
 * (x87, SSE, AVX, AVX-512) take 2688 bytes at most.
 *
 *   X1  a guest's XCR0 is loaded only while it runs; from fpu_save() to
 *       fpu_load() XCR0 holds everything we offer, or XSAVE would leave out
 *       what the guest has disabled and another could enable
 *   X2  the header of an image is only ever written by XSAVE and by us: a
 *       guest's own image is FXSAVE's 512 bytes, with the one field that can
 *       fault (MXCSR) masked
 *   X3  AMD's CPUs restore the last instruction's pointers only with a
 *       pending exception; otherwise they keep the one before: they are
 *       overwritten by an instruction of ours first
 *   X4  what is offered is decided once, on the first CPU
 *
 * SDM 1 chapter 13 (XSAVE), 10.5 (FXSAVE); APM 2 11.4.4.
 */
#include "fpu.h"
#include "fpu_pure.h"

#include <arch/cr.h>
#include <hv/arch.h>
#include <hv/util.h>

#define MXCSR_OFFSET      24
#define MXCSR_MASK_OFFSET 28
#define MXCSR_DEFAULT     0x1f80u
#define MXCSR_MASK_OLD    0xffbfu /* where the CPU does not say (10.5.1.2) */
#define HEADER_OFFSET     512     /* XSTATE_BV, XCOMP_BV, zeroes */

static bool is_decided;            /* X4 */
static uint64_t features;          /* of XCR0; 0: no XSAVE */
static uint32_t mxcsr_mask = MXCSR_MASK_OLD;
static bool pointers_stay;         /* X3 */

/* --- what the machine has ------------------------------------------------- */

static uint64_t offered(void)
{
    uint32_t leaf1[4], leafd[4];

    cpuid(1, 0, leaf1);
    if ((leaf1[2] & (1u << 26)) == 0 || cpuid_max(0) < 0xd) {
        return 0;
    }
    cpuid(0xd, 0, leafd);
    return xcr0_offer(leafd[0]);
}

static uint32_t read_mxcsr_mask(void)
{
    static uint8_t image[512] __attribute__((aligned(16)));
    uint32_t mask;

    __asm__ volatile("fxsave64 %0" : "=m"(image));
    memcpy(&mask, image + MXCSR_MASK_OFFSET, sizeof(mask));
    return mask != 0 ? mask : MXCSR_MASK_OLD;
}

static void decide(void)
{
    pointers_stay = cpu_vendor_is_amd();
    features = offered();
    mxcsr_mask = read_mxcsr_mask();
    is_decided = true;
}

static void xsetbv(uint64_t value)
{
    __asm__ volatile("xsetbv"
                     : : "c"(0), "a"((uint32_t)value),
                       "d"((uint32_t)(value >> 32)) : "memory");
}

void fpu_cpu_init(void)
{
    if (!is_decided) {
        decide();
    }
    if (features != 0) {
        write_cr4(read_cr4() | CR4_OSXSAVE);
        xsetbv(features);
    }
}

/* --- images ------------------------------------------------------------------ */

static void set_field(struct vcpu *v, size_t offset, uint64_t value,
                      size_t size)
{
    memcpy((char *)v->fpu + offset, &value, size);
}

/* The state after FNINIT and with MXCSR's default (SDM 1 10.5.1). To XRSTOR,
 * an image with an empty XSTATE_BV says so already, except for MXCSR. */
void fpu_image_reset(struct vcpu *v)
{
    set_field(v, 0, 0x037f, 2);
    set_field(v, MXCSR_OFFSET, MXCSR_DEFAULT, 4);
    v->pv.xcr0 = features != 0 ? XCR0_X87 : 0;
}

/* X2 */
void arch_set_fpu_image(struct vcpu *v, const void *image)
{
    uint32_t mxcsr;

    memcpy(v->fpu, image, HEADER_OFFSET);
    memcpy(&mxcsr, (const char *)image + MXCSR_OFFSET, sizeof(mxcsr));
    set_field(v, MXCSR_OFFSET, mxcsr & mxcsr_mask, 4);
    memset((char *)v->fpu + HEADER_OFFSET, 0, PAGE_SIZE - HEADER_OFFSET);
    set_field(v, HEADER_OFFSET, features & (XCR0_X87 | XCR0_SSE), 8);
}

/* --- switching ------------------------------------------------------------------ */

void fpu_save(struct vcpu *v)
{
    clts();
    if (features == 0) {
        __asm__ volatile("fxsave64 (%0)" : : "r"(v->fpu) : "memory");
        return;
    }
    if (v->pv.xcr0 != features) {
        xsetbv(features); /* X1 */
    }
    __asm__ volatile("xsave64 (%0)"
                     : : "r"(v->fpu), "a"((uint32_t)features),
                       "d"((uint32_t)(features >> 32)) : "memory");
}

/* X3. The pointers become those of the FILD, its operand the image itself. */
static void overwrite_pointers(const struct vcpu *v)
{
    __asm__ volatile("fnclex\n\t"
                     "ffree %%st(7)\n\t"
                     "fildl (%0)" : : "r"(v->fpu) : "memory");
}

void fpu_load(struct vcpu *v)
{
    clts();
    if (pointers_stay) {
        overwrite_pointers(v);
    }
    if (features == 0) {
        __asm__ volatile("fxrstor64 (%0)" : : "r"(v->fpu) : "memory");
    } else {
        __asm__ volatile("xrstor64 (%0)"
                         : : "r"(v->fpu), "a"((uint32_t)features),
                           "d"((uint32_t)(features >> 32)) : "memory");
        if (v->pv.xcr0 != features) {
            xsetbv(v->pv.xcr0);
        }
    }
    if (v->pv.task_switched) {
        write_cr0(read_cr0() | CR0_TS);
    }
}

void arch_set_task_switched(struct vcpu *v, bool ts)
{
    v->pv.task_switched = ts;
    if (ts) {
        write_cr0(read_cr0() | CR0_TS);
    } else {
        clts();
    }
}

/* --- XCR0 -------------------------------------------------------------------------- */

uint64_t arch_xcr0_offered(void)
{
    return features;
}

bool arch_set_xcr0(struct vcpu *v, uint64_t value)
{
    if (!xcr0_may_be_set(value, features)) {
        return false;
    }
    v->pv.xcr0 = value;
    xsetbv(value);
    return true;
}
