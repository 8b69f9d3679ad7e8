/* SPDX-License-Identifier: MIT */
/*
 * The x86 part of the interface that both kinds of guest share: words of
 * native width, trap tables, the image of a vCPU, the tail of shared_info.
 */
#ifndef XENIOS_ARCH_X86_XEN_H
#define XENIOS_ARCH_X86_XEN_H

#include "../xen-compat.h"

#if defined(__i386__)
#include "xen-x86_32.h"
#else
#include "xen-x86_64.h"
#endif

/* A frame number (machine or pseudo-physical: the field's comment says). */
typedef unsigned long xen_pfn_t;
#define PRI_xen_pfn "lx"
#define PRIu_xen_pfn "lu"

/* A word of the guest's width, where the interface follows the guest. */
typedef unsigned long xen_ulong_t;
#define PRI_xen_ulong "lx"

/* start_info exists, and vcpu_info has an upcall mask: both only for PV. */
#define XEN_HAVE_PV_GUEST_ENTRY 1
#define XEN_HAVE_PV_UPCALL_MASK 1

/* set_gdt: pages 0 to 13 are the guest's, from 14 on the hypervisor's. */
#define FIRST_RESERVED_GDT_PAGE 14
#define FIRST_RESERVED_GDT_BYTE (FIRST_RESERVED_GDT_PAGE * 4096)
#define FIRST_RESERVED_GDT_ENTRY (FIRST_RESERVED_GDT_BYTE / 8)

/* vCPUs with a vcpu_info inside shared_info; the others must register one. */
#define XEN_LEGACY_MAX_VCPUS 32

/*
 * One exception or software interrupt of set_trap_table. The table ends at
 * the first entry whose address is 0.
 */
#define TI_GET_DPL(_ti) ((_ti)->flags & 3)
#define TI_GET_IF(_ti) ((_ti)->flags & 4)
#define TI_SET_DPL(_ti, _dpl) ((_ti)->flags |= (_dpl))
#define TI_SET_IF(_ti, _if) ((_ti)->flags |= ((!!(_if)) << 2))
struct trap_info {
    uint8_t vector;         /* 0-255 */
    uint8_t flags;          /* bits 0-1: lowest privilege that may INT here;
                             * bit 2: mask upcalls on entry */
    uint16_t cs;            /* handler: selector, RPL is corrected... */
    unsigned long address;  /* ...and offset */
};
typedef struct trap_info trap_info_t;
DEFINE_XEN_GUEST_HANDLE(trap_info_t);

typedef uint64_t tsc_timestamp_t;   /* a value of the time-stamp counter */

/* vcpu_guest_context.flags */
#define _VGCF_i387_valid 0                  /* fpu_ctxt holds something */
#define VGCF_i387_valid (1 << _VGCF_i387_valid)
#define _VGCF_in_kernel 2                   /* starts in kernel mode */
#define VGCF_in_kernel (1 << _VGCF_in_kernel)
#define _VGCF_failsafe_disables_events 3    /* as gate flag 4, for failsafe */
#define VGCF_failsafe_disables_events (1 << _VGCF_failsafe_disables_events)
#define _VGCF_syscall_disables_events 4     /* the same for syscall */
#define VGCF_syscall_disables_events (1 << _VGCF_syscall_disables_events)
#define _VGCF_online 5                      /* runs at once, without _up */
#define VGCF_online (1 << _VGCF_online)
#define VGCF_I387_VALID (1 << 0)            /* older spelling */
#define VGCF_IN_KERNEL (1 << 2)             /* older spelling */

/*
 * The whole state of a vCPU: IN for VCPUOP_initialise, and what the builder
 * of a domain sets and reads. Everything is validated as if the guest had
 * asked for it by the ordinary calls.
 */
struct vcpu_guest_context {
    struct {
        char x[512];                /* FXSAVE image */
    } fpu_ctxt;
    unsigned long flags;            /* VGCF_* */
    struct cpu_user_regs user_regs;
    struct trap_info trap_ctxt[256];        /* index is the vector */
    unsigned long ldt_base, ldt_ents;       /* linear address; entries */
    unsigned long gdt_frames[16], gdt_ents; /* machine frames; entries */
    unsigned long kernel_ss, kernel_sp;     /* as stack_switch */
    unsigned long ctrlreg[8];       /* 1: user base (64 bits), 3: kernel base */
    unsigned long debugreg[8];
#if defined(__i386__)
    unsigned long event_callback_cs;
    unsigned long event_callback_eip;
    unsigned long failsafe_callback_cs;
    unsigned long failsafe_callback_eip;
#else
    unsigned long event_callback_eip;
    unsigned long failsafe_callback_eip;
    unsigned long syscall_callback_eip;
#endif
    unsigned long vm_assist;        /* bit n: VMASST_TYPE n is on */
#if !defined(__i386__)
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;
#endif
};
typedef struct vcpu_guest_context vcpu_guest_context_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_guest_context_t);

/*
 * Written by the guest, for whoever saves or inspects it; the hypervisor
 * itself trusts none of it. The p2m is described twice: as a three-level
 * tree of frame lists, and (p2m_cr3 != 0) as a linear array in an address
 * space. p2m_generation is odd while the guest changes the linear form.
 */
struct arch_shared_info {
    unsigned long max_pfn;                  /* number of p2m entries */
    xen_pfn_t pfn_to_mfn_frame_list_list;   /* machine frame, root of tree */
    unsigned long nmi_reason;               /* XEN_NMIREASON_*, for dom0 */
    unsigned long p2m_cr3;
    unsigned long p2m_vaddr;
    unsigned long p2m_generation;
#if defined(__i386__)
    uint32_t wc_sec_hi;     /* no room beside its low half on 32 bits */
#endif
};
typedef struct arch_shared_info arch_shared_info_t;

/* One leaf of a CPUID policy; subleaf may be "does not matter". */
typedef struct xen_cpuid_leaf {
#define XEN_CPUID_NO_SUBLEAF 0xffffffffu
    uint32_t leaf, subleaf;
    uint32_t a, b, c, d;
} xen_cpuid_leaf_t;
DEFINE_XEN_GUEST_HANDLE(xen_cpuid_leaf_t);

/* One MSR of a policy. */
typedef struct xen_msr_entry {
    uint32_t idx;
    uint32_t flags;     /* must be 0 */
    uint64_t val;
} xen_msr_entry_t;
DEFINE_XEN_GUEST_HANDLE(xen_msr_entry_t);

/*
 * CPUID does not fault in ring 3, so a guest that runs it sees the bare
 * machine. Behind this prefix (UD2 and the letters "xen") it traps and is
 * answered by the hypervisor.
 */
#define XEN_EMULATE_PREFIX ".byte 0x0f,0x0b,0x78,0x65,0x6e ; "
#define XEN_CPUID XEN_EMULATE_PREFIX "cpuid"

/* A port that prints a byte, for guests in hardware containers. */
#define XEN_HVM_DEBUGCONS_IOPORT 0xe9

#endif /* XENIOS_ARCH_X86_XEN_H */
