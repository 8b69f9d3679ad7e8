/* SPDX-License-Identifier: MIT */
/*
 * What a PV kernel is told about the CPU (manual: CPUID policy).
 *
 * A kernel in ring 3 must not find features that only ring 0 can use, or it
 * uses them and dies. It asks through the "xen" prefix (its user programs,
 * and a plain CPUID, see the bare CPU: on most machines that can not be
 * trapped; CR4 keeps them from what needs a kernel's support).
 *
 * Everything is hidden but what is listed as shown, so that a feature which
 * was invented after this was written is hidden too. The reasons:
 *
 *   shown    computation: SSE and its kin, CX16, POPCNT, AES; what a kernel
 *            needs to run at all: PAE, SYSCALL, LM, NX, FXSR, TSC, MSR
 *   hidden   what needs CR4, CR0 or MSRs of the real CPU: large pages, global
 *            pages, MTRR, MCE and MCA (whose faults are fatal by design),
 *            SMEP, SMAP, UMIP, PKU, FSGSBASE, PCID, x2APIC, VMX, SVM, CET;
 *            counters, RDTSCP, speculation controls, topology
 *   SYSENTER is shown where it works in long mode: not on AMD's CPUs
 *   XSAVE    and what lives in its area (AVX, AVX-512) are shown where the
 *            machine has them. CR4.OSXSAVE is on for all, so user programs
 *            see it too, and XGETBV tells them what their kernel enabled
 *   APIC     is shown although there is none: Linux then takes its PV APIC
 *            driver, the quieter way
 *
 * The hypervisor's own leaves are Xen's; without them Linux would not believe
 * that it is on Xen at all.
 */
#include <hv/arch.h>
#include <hv/util.h>
#include <xen/arch-x86/cpuid.h>

#include "cpuid.h"

enum { EAX, EBX, ECX, EDX };

#define BIT(n) (1u << (n))

#define LEAF_XSTATE       0xdu
#define LEAF_MAX_BASIC    LEAF_XSTATE
#define LEAF_EXTENDED     0x80000000u
#define LEAF_MAX_EXTENDED 0x80000008u

/* SDM 2A, CPUID, table 3-11 */
#define SHOWN_1_EDX (BIT(0)  /* FPU */ | BIT(2)  /* DE */ | \
                     BIT(4)  /* TSC */ | BIT(5)  /* MSR */ | \
                     BIT(6)  /* PAE */ | BIT(8)  /* CX8 */ | \
                     BIT(9)  /* APIC */ | BIT(15) /* CMOV */ | \
                     BIT(16) /* PAT */ | BIT(19) /* CLFSH */ | \
                     BIT(23) /* MMX */ | BIT(24) /* FXSR */ | \
                     BIT(25) /* SSE */ | BIT(26) /* SSE2 */)
#define SYSENTER_1_EDX BIT(11) /* AMD's CPUs do not have it in long mode */
/* table 3-10 */
#define SHOWN_1_ECX (BIT(0)  /* SSE3 */ | BIT(1)  /* PCLMULQDQ */ | \
                     BIT(9)  /* SSSE3 */ | BIT(13) /* CX16 */ | \
                     BIT(19) /* SSE4.1 */ | BIT(20) /* SSE4.2 */ | \
                     BIT(22) /* MOVBE */ | BIT(23) /* POPCNT */ | \
                     BIT(25) /* AES */ | BIT(30) /* RDRAND */)
#define HYPERVISOR_PRESENT BIT(31) /* leaf 1 ecx */
/* with XSAVE, and with AVX enabled in XCR0 */
#define XSAVE_1_ECX (BIT(26) /* XSAVE */ | BIT(27) /* OSXSAVE */)
#define AVX_1_ECX   (BIT(12) /* FMA */ | BIT(28) /* AVX */ | \
                     BIT(29) /* F16C */)

/* leaf 7 */
#define SHOWN_7_EBX (BIT(3)  /* BMI1 */ | BIT(8)  /* BMI2 */ | \
                     BIT(9)  /* ERMS */ | BIT(18) /* RDSEED */ | \
                     BIT(19) /* ADX */ | BIT(23) /* CLFLUSHOPT */ | \
                     BIT(24) /* CLWB */ | BIT(29) /* SHA */)
#define SHOWN_7_EDX (BIT(4)  /* FSRM */)
#define AVX_7_EBX   (BIT(5) /* AVX2 */)
#define AVX512_7_EBX (BIT(16) /* F */ | BIT(17) /* DQ */ | BIT(28) /* CD */ | \
                      BIT(30) /* BW */ | BIT(31) /* VL */)

/* leaf 0xd; XSAVEC and XSAVES would need the compacted sizes of IA32_XSS */
#define SHOWN_D1_EAX (BIT(0) /* XSAVEOPT */)
#define XCR0_AVX     0x04ull
#define XCR0_AVX512  0xe0ull
#define XSAVE_LEGACY_BYTES 576u /* with the header */

/* APM 3, CPUID Fn8000_0001; AMD repeats bits of leaf 1 in edx */
#define SHOWN_EXT1_EDX (BIT(11) /* SYSCALL */ | BIT(20) /* NX */ | \
                        BIT(22) /* MMXEXT */ | BIT(29) /* LM */)
#define REPEATED_EXT1_EDX 0x0183f3ffu
#define SHOWN_EXT1_ECX (BIT(0) /* LAHF in 64 bits */ | BIT(5) /* LZCNT */ | \
                        BIT(6) /* SSE4A */ | BIT(7) /* MISALIGNSSE */ | \
                        BIT(8) /* PREFETCHW */)

#define LINEAR_BITS 48u /* no 5-level paging */

/* As vendor strings read in ebx: AMD's and its licensee's. */
#define VENDOR_AMD_EBX   0x68747541u /* "Auth" */
#define VENDOR_HYGON_EBX 0x6f677948u /* "Hygo" */

static void clear(uint32_t out[4])
{
    out[EAX] = out[EBX] = out[ECX] = out[EDX] = 0;
}

bool pv_cpu_is_amd(void)
{
    uint32_t r[4];

    arch_cpuid(0, 0, r);
    return r[EBX] == VENDOR_AMD_EBX || r[EBX] == VENDOR_HYGON_EBX;
}

/* What lives in components of XCR0 is shown when they can be enabled. */
static uint32_t shown_1_ecx(void)
{
    uint64_t xcr0 = arch_xcr0_offered();

    return SHOWN_1_ECX | (xcr0 != 0 ? XSAVE_1_ECX : 0) |
           ((xcr0 & XCR0_AVX) != 0 ? AVX_1_ECX : 0);
}

static uint32_t shown_7_ebx(void)
{
    uint64_t xcr0 = arch_xcr0_offered();

    return SHOWN_7_EBX | ((xcr0 & XCR0_AVX) != 0 ? AVX_7_EBX : 0) |
           ((xcr0 & XCR0_AVX512) != 0 ? AVX512_7_EBX : 0);
}

/* Bytes of an XSAVE area with these components (SDM 1 13.4). */
static uint32_t xsave_bytes(uint64_t xcr0)
{
    uint32_t bytes = XSAVE_LEGACY_BYTES;

    for (unsigned int i = 2; i < 63; i++) {
        uint32_t r[4];

        if ((xcr0 >> i & 1) != 0) {
            arch_cpuid(LEAF_XSTATE, i, r);
            bytes = (uint32_t)max_u64(bytes, r[EAX] + r[EBX]);
        }
    }
    return bytes;
}

static void xstate_leaf(const struct vcpu *v, uint32_t subleaf,
                        uint32_t out[4])
{
    uint64_t xcr0 = arch_xcr0_offered();

    if (subleaf == 0) {
        out[EAX] = (uint32_t)xcr0;
        out[EBX] = xsave_bytes(v->pv.xcr0);
        out[ECX] = xsave_bytes(xcr0);
        out[EDX] = (uint32_t)(xcr0 >> 32);
    } else if (subleaf == 1) {
        out[EAX] &= SHOWN_D1_EAX;
        out[EBX] = out[ECX] = out[EDX] = 0;
    } else if (subleaf >= 63 || (xcr0 >> subleaf & 1) == 0) {
        clear(out);
    } else {
        out[ECX] = out[EDX] = 0; /* a user component, not aligned */
    }
}

static void basic_leaf(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    switch (leaf) {
    case 0:
        out[EAX] = (uint32_t)min_u64(out[EAX], LEAF_MAX_BASIC);
        if (arch_xcr0_offered() == 0) {
            out[EAX] = (uint32_t)min_u64(out[EAX], LEAF_XSTATE - 1);
        }
        break;
    case 1:
        out[EBX] &= 0x00ffffff; /* no APIC number */
        out[ECX] = (out[ECX] & shown_1_ecx()) | HYPERVISOR_PRESENT;
        out[EDX] &= SHOWN_1_EDX | (pv_cpu_is_amd() ? 0 : SYSENTER_1_EDX);
        break;
    case 2: /* caches, in Intel's codes */
        break;
    case 4: /* caches; without who shares them */
        out[EAX] &= 0x3fff;
        break;
    case 7:
        if (subleaf != 0) {
            clear(out);
            break;
        }
        out[EAX] = 0; /* no more sub-leaves */
        out[EBX] &= shown_7_ebx();
        out[ECX] = 0;
        out[EDX] &= SHOWN_7_EDX;
        break;
    default:
        clear(out);
        break;
    }
}

static void extended_leaf(uint32_t leaf, uint32_t out[4])
{
    uint32_t edx;

    switch (leaf) {
    case 0x80000000u:
        out[EAX] = (uint32_t)min_u64(out[EAX], LEAF_MAX_EXTENDED);
        break;
    case 0x80000001u:
        edx = SHOWN_EXT1_EDX;
        if (pv_cpu_is_amd()) {
            edx |= SHOWN_1_EDX & REPEATED_EXT1_EDX;
        }
        out[ECX] &= SHOWN_EXT1_ECX;
        out[EDX] &= edx;
        break;
    case 0x80000002u: /* the name */
    case 0x80000003u:
    case 0x80000004u:
    case 0x80000005u: /* caches */
    case 0x80000006u:
        break;
    case 0x80000008u: /* address widths */
        out[EAX] = (out[EAX] & 0xff) | (LINEAR_BITS << 8);
        out[EBX] = out[ECX] = out[EDX] = 0;
        break;
    default:
        clear(out);
        break;
    }
}

/* Width of the largest machine address there is. */
static uint32_t machine_address_bits(void)
{
    uint32_t bits = PAGE_SHIFT;

    while ((frame_count - 1) >> (bits - PAGE_SHIFT) != 0) {
        bits++;
    }
    return bits;
}

static void xen_leaf(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    clear(out);
    switch (leaf - XEN_CPUID_FIRST_LEAF) {
    case 0:
        out[EAX] = XEN_CPUID_LEAF(XEN_CPUID_MAX_NUM_LEAVES);
        out[EBX] = XEN_CPUID_SIGNATURE_EBX;
        out[ECX] = XEN_CPUID_SIGNATURE_ECX;
        out[EDX] = XEN_CPUID_SIGNATURE_EDX;
        break;
    case 1:
        out[EAX] = (4 << 16) | 17; /* as xen_version says */
        break;
    case 2:
        out[EAX] = 1;
        out[EBX] = XEN_CPUID_FIRST_LEAF;
        out[ECX] = XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD;
        break;
    case 5:
        out[EBX] = subleaf == 0 ? machine_address_bits() : 0;
        break;
    default:
        break;
    }
}

void pv_cpuid(const struct vcpu *v, uint32_t leaf, uint32_t subleaf,
              uint32_t out[4])
{
    if (leaf >= XEN_CPUID_FIRST_LEAF && leaf < XEN_CPUID_FIRST_LEAF + 0x100) {
        xen_leaf(leaf, subleaf, out);
        return;
    }
    arch_cpuid(leaf, subleaf, out);
    if (leaf == LEAF_XSTATE && arch_xcr0_offered() != 0) {
        xstate_leaf(v, subleaf, out);
    } else if (leaf < LEAF_MAX_BASIC) {
        basic_leaf(leaf, subleaf, out);
    } else if (leaf >= LEAF_EXTENDED && leaf <= LEAF_MAX_EXTENDED) {
        extended_leaf(leaf, out);
    } else {
        clear(out);
    }
}
