/* SPDX-License-Identifier: MIT */
/*
 * What a 64-bit PV guest sees of the machine: its selectors, the address
 * hole it does not own, and its register frame. Included by arch-x86/xen.h.
 */
#ifndef XENIOS_ARCH_X86_XEN_X86_64_H
#define XENIOS_ARCH_X86_XEN_X86_64_H

#include "../xen-compat.h"

/*
 * Flat segments which lie in every guest's GDT, in the pages that belong to
 * the hypervisor. All have RPL 3, because on x86-64 ring 1 and ring 2 count
 * as supervisor for paging and would give no protection: the guest's kernel
 * runs in ring 3 and is kept from its user programs by a second page table.
 */
#define FLAT_RING3_CS32 0xe023
#define FLAT_RING3_CS64 0xe033
#define FLAT_RING3_DS32 0xe02b
#define FLAT_RING3_DS64 0x0000  /* long mode lets DS, ES be null... */
#define FLAT_RING3_SS32 0xe02b
#define FLAT_RING3_SS64 0xe02b  /* ...but SS in ring 3 may not */

#define FLAT_KERNEL_DS64 FLAT_RING3_DS64
#define FLAT_KERNEL_DS32 FLAT_RING3_DS32
#define FLAT_KERNEL_DS FLAT_KERNEL_DS64
#define FLAT_KERNEL_CS64 FLAT_RING3_CS64
#define FLAT_KERNEL_CS32 FLAT_RING3_CS32
#define FLAT_KERNEL_CS FLAT_KERNEL_CS64
#define FLAT_KERNEL_SS64 FLAT_RING3_SS64
#define FLAT_KERNEL_SS32 FLAT_RING3_SS32
#define FLAT_KERNEL_SS FLAT_KERNEL_SS64

#define FLAT_USER_DS64 FLAT_RING3_DS64
#define FLAT_USER_DS32 FLAT_RING3_DS32
#define FLAT_USER_DS FLAT_USER_DS64
#define FLAT_USER_CS64 FLAT_RING3_CS64
#define FLAT_USER_CS32 FLAT_RING3_CS32
#define FLAT_USER_CS FLAT_USER_CS64
#define FLAT_USER_SS64 FLAT_RING3_SS64
#define FLAT_USER_SS32 FLAT_RING3_SS32
#define FLAT_USER_SS FLAT_USER_SS64

/*
 * The hole: L4 slots 256 to 271, the first sixteen of the upper half. The
 * machine-to-physical table fills its beginning and is readable by the
 * guest; entry n is the pseudo-physical number of machine frame n.
 */
#define __HYPERVISOR_VIRT_START 0xFFFF800000000000
#define __HYPERVISOR_VIRT_END 0xFFFF880000000000
#define __MACH2PHYS_VIRT_START 0xFFFF800000000000
#define __MACH2PHYS_VIRT_END 0xFFFF804000000000

#ifndef HYPERVISOR_VIRT_START
#define HYPERVISOR_VIRT_START xen_mk_ulong(__HYPERVISOR_VIRT_START)
#define HYPERVISOR_VIRT_END xen_mk_ulong(__HYPERVISOR_VIRT_END)
#endif

#define MACH2PHYS_VIRT_START xen_mk_ulong(__MACH2PHYS_VIRT_START)
#define MACH2PHYS_VIRT_END xen_mk_ulong(__MACH2PHYS_VIRT_END)
#define MACH2PHYS_NR_ENTRIES \
    ((MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 3)

#ifndef machine_to_phys_mapping
#define machine_to_phys_mapping ((unsigned long *)HYPERVISOR_VIRT_START)
#endif

/*
 * set_segment_base: which base. The GS pair follows the mode: while the
 * guest's kernel runs, GS_KERNEL is live and GS_USER is in the shadow
 * register. GS_USER_SEL loads the user %gs selector, not a base.
 */
#define SEGBASE_FS 0
#define SEGBASE_GS_USER 1
#define SEGBASE_GS_KERNEL 2
#define SEGBASE_GS_USER_SEL 3

/*
 * iret_context.flags: the return goes to a place entered by SYSCALL, where
 * rcx and r11 hold nothing of value and need not be restored.
 */
#define _VGCF_in_syscall 8
#define VGCF_in_syscall (1 << _VGCF_in_syscall)
#define VGCF_IN_SYSCALL VGCF_in_syscall

/*
 * The frame that the iret hypercall pops, lowest address first; the guest's
 * rsp points to it. (The hypercall page's stub pushes rcx, r11 and rax, so a
 * guest that jumps to the stub pushes only flags and what follows.)
 * cs with RPL 3 returns to user mode, any other RPL to kernel mode; both
 * really run in ring 3. rflags.IF clear leaves upcalls masked.
 */
struct iret_context {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

/*
 * A register under its 64-bit name, under its 32-bit spelling (a full-width
 * alias, for source shared with 32-bit guests), and its true low half.
 */
#define __DECL_REG(name) \
    union { \
        uint64_t r##name, e##name; \
        uint32_t _e##name; \
    }

/*
 * All registers of a vCPU, in the order of the hypervisor's own trap frame.
 * error_code and entry_vector are that frame's private business; a guest
 * that builds one of these (VCPUOP_initialise) leaves them 0.
 */
struct cpu_user_regs {
    uint64_t r15;
    uint64_t r14;
    uint64_t r13;
    uint64_t r12;
    __DECL_REG(bp);
    __DECL_REG(bx);
    uint64_t r11;
    uint64_t r10;
    uint64_t r9;
    uint64_t r8;
    __DECL_REG(ax);
    __DECL_REG(cx);
    __DECL_REG(dx);
    __DECL_REG(si);
    __DECL_REG(di);
    uint32_t error_code;
    uint32_t entry_vector;
    __DECL_REG(ip);
    uint16_t cs, _pad0[1];
    uint8_t saved_upcall_mask;  /* in the upper half of the pushed CS slot */
    uint8_t _pad1[3];
    __DECL_REG(flags);          /* IF is shown as !saved_upcall_mask */
    __DECL_REG(sp);
    uint16_t ss, _pad2[3];
    uint16_t es, _pad3[3];
    uint16_t ds, _pad4[3];
    uint16_t fs, _pad5[3];      /* selectors; the bases are elsewhere */
    uint16_t gs, _pad6[3];
};
typedef struct cpu_user_regs cpu_user_regs_t;
DEFINE_XEN_GUEST_HANDLE(cpu_user_regs_t);

#undef __DECL_REG

/* CR3 as a guest sees it holds a machine frame number in the usual place. */
#define xen_pfn_to_cr3(pfn) ((unsigned long)(pfn) << 12)
#define xen_cr3_to_pfn(cr3) ((unsigned long)(cr3) >> 12)

struct arch_vcpu_info {
    unsigned long cr2;  /* faulting address of the last #PF delivered */
    unsigned long pad;
};
typedef struct arch_vcpu_info arch_vcpu_info_t;

/* Where a callback is entered: an address is enough, the CS is FLAT. */
typedef unsigned long xen_callback_t;

#endif /* XENIOS_ARCH_X86_XEN_X86_64_H */
