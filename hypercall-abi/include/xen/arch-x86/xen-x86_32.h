/* SPDX-License-Identifier: MIT */
/*
 * What a 32-bit PAE guest sees of the machine. Included by arch-x86/xen.h
 * when the compiler targets i386; the 64-bit hypervisor describes the same
 * layouts, under other names, in compat32.h.
 *
 * Here the guest's kernel has a ring of its own, ring 1, between user
 * programs (ring 3) and the hypervisor (ring 0). Paging sees ring 1 as
 * supervisor, so the kernel is fenced off by segment limits in Xen's days of
 * 32 bits, and by the 4 GiB reach of its registers under a 64-bit hypervisor.
 */
#ifndef XENIOS_ARCH_X86_XEN_X86_32_H
#define XENIOS_ARCH_X86_XEN_X86_32_H

#include "../xen-compat.h"

#define FLAT_RING1_CS 0xe019
#define FLAT_RING1_DS 0xe021
#define FLAT_RING1_SS 0xe021
#define FLAT_RING3_CS 0xe02b
#define FLAT_RING3_DS 0xe033
#define FLAT_RING3_SS 0xe033

#define FLAT_KERNEL_CS FLAT_RING1_CS
#define FLAT_KERNEL_DS FLAT_RING1_DS
#define FLAT_KERNEL_SS FLAT_RING1_SS
#define FLAT_USER_CS FLAT_RING3_CS
#define FLAT_USER_DS FLAT_RING3_DS
#define FLAT_USER_SS FLAT_RING3_SS

/* The hole starts 168 MiB below 4 GiB; M2P entries here have 4 bytes. */
#define __HYPERVISOR_VIRT_START_PAE 0xF5800000
#define __MACH2PHYS_VIRT_START_PAE 0xF5800000
#define __MACH2PHYS_VIRT_END_PAE 0xF6800000
#define HYPERVISOR_VIRT_START_PAE xen_mk_ulong(__HYPERVISOR_VIRT_START_PAE)
#define MACH2PHYS_VIRT_START_PAE xen_mk_ulong(__MACH2PHYS_VIRT_START_PAE)
#define MACH2PHYS_VIRT_END_PAE xen_mk_ulong(__MACH2PHYS_VIRT_END_PAE)

#define __HYPERVISOR_VIRT_START __HYPERVISOR_VIRT_START_PAE
#define __MACH2PHYS_VIRT_START __MACH2PHYS_VIRT_START_PAE
#define __MACH2PHYS_VIRT_END __MACH2PHYS_VIRT_END_PAE

/* The real start may differ: ask XENVER_platform_parameters. */
#ifndef HYPERVISOR_VIRT_START
#define HYPERVISOR_VIRT_START xen_mk_ulong(__HYPERVISOR_VIRT_START)
#endif
#define MACH2PHYS_VIRT_START xen_mk_ulong(__MACH2PHYS_VIRT_START)
#define MACH2PHYS_VIRT_END xen_mk_ulong(__MACH2PHYS_VIRT_END)
#define MACH2PHYS_NR_ENTRIES \
    ((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 2)
#ifndef machine_to_phys_mapping
#define machine_to_phys_mapping ((unsigned long *)MACH2PHYS_VIRT_START)
#endif

struct cpu_user_regs {
    uint32_t ebx;
    uint32_t ecx;
    uint32_t edx;
    uint32_t esi;
    uint32_t edi;
    uint32_t ebp;
    uint32_t eax;
    uint16_t error_code;        /* private to the hypervisor, as is... */
    uint16_t entry_vector;      /* ...the vector */
    uint32_t eip;
    uint16_t cs;
    uint8_t saved_upcall_mask;  /* in the upper half of the pushed CS slot */
    uint8_t _pad0;
    uint32_t eflags;
    uint32_t esp;
    uint16_t ss, _pad1;
    uint16_t es, _pad2;
    uint16_t ds, _pad3;
    uint16_t fs, _pad4;
    uint16_t gs, _pad5;
};
typedef struct cpu_user_regs cpu_user_regs_t;
DEFINE_XEN_GUEST_HANDLE(cpu_user_regs_t);

/*
 * A PAE CR3 has room for 20 bits of frame number only. A rotation keeps the
 * low ones in their place and hides bits 20 and up in the low 12.
 */
#define xen_pfn_to_cr3(pfn) \
    (((unsigned)(pfn) << 12) | ((unsigned)(pfn) >> 20))
#define xen_cr3_to_pfn(cr3) \
    (((unsigned)(cr3) >> 12) | ((unsigned)(cr3) << 20))

struct arch_vcpu_info {
    unsigned long cr2;          /* faulting address of the last #PF */
    unsigned long pad[5];       /* makes vcpu_info 64 bytes, as on 64 bits */
};
typedef struct arch_vcpu_info arch_vcpu_info_t;

/* A callback is a far pointer: the kernel may live in a segment of its own. */
struct xen_callback {
    unsigned long cs;
    unsigned long eip;
};
typedef struct xen_callback xen_callback_t;

#endif /* XENIOS_ARCH_X86_XEN_X86_32_H */
