/* SPDX-License-Identifier: MIT */
/*
 * The CPUID leaves by which a guest knows where it is. A PV guest reads them
 * with XEN_CPUID (arch-x86/xen.h); the plain instruction shows the machine.
 */
#ifndef XENIOS_ARCH_X86_CPUID_H
#define XENIOS_ARCH_X86_CPUID_H

#define XEN_CPUID_FIRST_LEAF 0x40000000
#define XEN_CPUID_LEAF(i) (XEN_CPUID_FIRST_LEAF + (i))

/*
 * Leaf +0: eax = highest leaf, ebx ecx edx = the signature "XenVMMXenVMM".
 * Leaf +1: eax = version, major in the upper and minor in the lower half.
 * Leaf +2: eax = number of hypercall pages, ebx = MSR that fills them,
 *          ecx, edx = features, XEN_CPUID_FEAT1_*.
 * Leaf +3: time: how the TSC is presented; sub-leaves 0 to 2.
 * Leaf +4: hardware containers only: ebx = vCPU number, ecx = domain.
 * Leaf +5: PV only: ebx bits 0-7 = width of machine addresses.
 */
#define XEN_CPUID_SIGNATURE_EBX 0x566e6558
#define XEN_CPUID_SIGNATURE_ECX 0x65584d4d
#define XEN_CPUID_SIGNATURE_EDX 0x4d4d566e

/* MMU_PT_UPDATE_PRESERVE_AD is understood. */
#define _XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD 0
#define XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD (1u << 0)

/* Leaf +4, eax, in a hardware container; a PV guest never sees these. */
#define XEN_HVM_CPUID_APIC_ACCESS_VIRT (1u << 0)
#define XEN_HVM_CPUID_X2APIC_VIRT (1u << 1)
#define XEN_HVM_CPUID_IOMMU_MAPPINGS (1u << 2)
#define XEN_HVM_CPUID_VCPU_ID_PRESENT (1u << 3)
#define XEN_HVM_CPUID_DOMID_PRESENT (1u << 4)
#define XEN_HVM_CPUID_EXT_DEST_ID (1u << 5)
#define XEN_HVM_CPUID_UPCALL_VECTOR (1u << 6)

#define XEN_CPUID_MACHINE_ADDRESS_WIDTH_MASK (0xffu << 0)

/* The highest i of XEN_CPUID_LEAF(i) that means anything. */
#define XEN_CPUID_MAX_NUM_LEAVES 5

#endif /* XENIOS_ARCH_X86_CPUID_H */
