/* SPDX-License-Identifier: MIT */
/*
 * The heart of the interface: the numbers of the calls, the arguments of the
 * memory calls, and the two pages on which guest and hypervisor meet
 * (start_info once, shared_info always).
 *
 * Names, numbers and layouts are Xen's, so that source and binaries written
 * for Xen work; tests/abi compares every one of them with Xen's own headers.
 * The words are ours. hypercalls.def says which calls Xenios offers.
 *
 * Words used in the comments of all these headers:
 *   IN, OUT        who fills the field: the caller, or the hypervisor
 *   machine frame  a 4 KiB page of real memory (mfn)
 *   pfn            the guest's own, gapless numbering of its frames
 *   upcall         delivery of events: the guest's one "interrupt"
 */
#ifndef XENIOS_XEN_H
#define XENIOS_XEN_H

#include "xen-compat.h"
#include "arch-x86/xen.h"

DEFINE_XEN_GUEST_HANDLE(char);
__DEFINE_XEN_GUEST_HANDLE(uchar, unsigned char);
DEFINE_XEN_GUEST_HANDLE(int);
__DEFINE_XEN_GUEST_HANDLE(uint, unsigned int);
DEFINE_XEN_GUEST_HANDLE(void);
DEFINE_XEN_GUEST_HANDLE(uint64_t);
DEFINE_XEN_GUEST_HANDLE(xen_pfn_t);
DEFINE_XEN_GUEST_HANDLE(xen_ulong_t);
__DEFINE_XEN_GUEST_HANDLE(uint8, uint8_t);
__DEFINE_XEN_GUEST_HANDLE(uint16, uint16_t);
__DEFINE_XEN_GUEST_HANDLE(uint32, uint32_t);
__DEFINE_XEN_GUEST_HANDLE(uint64, uint64_t);

/*
 * Hypercalls. The number goes into rax, the arguments into rdi, rsi, rdx,
 * r10, r8 and r9, and SYSCALL does the rest; the result comes back in rax.
 * 32-bit guests: eax; ebx, ecx, edx, esi, edi, ebp; INT 0x82. The hypercall
 * page holds one 32-byte stub for each number, which also saves rcx and r11.
 */
#define __HYPERVISOR_set_trap_table 0
#define __HYPERVISOR_mmu_update 1
#define __HYPERVISOR_set_gdt 2
#define __HYPERVISOR_stack_switch 3
#define __HYPERVISOR_set_callbacks 4
#define __HYPERVISOR_fpu_taskswitch 5
#define __HYPERVISOR_sched_op_compat 6          /* arguments by value */
#define __HYPERVISOR_platform_op 7
#define __HYPERVISOR_set_debugreg 8
#define __HYPERVISOR_get_debugreg 9
#define __HYPERVISOR_update_descriptor 10
#define __HYPERVISOR_memory_op 12
#define __HYPERVISOR_multicall 13
#define __HYPERVISOR_update_va_mapping 14
#define __HYPERVISOR_set_timer_op 15
#define __HYPERVISOR_event_channel_op_compat 16 /* struct evtchn_op */
#define __HYPERVISOR_xen_version 17
#define __HYPERVISOR_console_io 18
#define __HYPERVISOR_physdev_op_compat 19       /* struct physdev_op */
#define __HYPERVISOR_grant_table_op 20
#define __HYPERVISOR_vm_assist 21
#define __HYPERVISOR_update_va_mapping_otherdomain 22
#define __HYPERVISOR_iret 23
#define __HYPERVISOR_vcpu_op 24
#define __HYPERVISOR_set_segment_base 25        /* 64-bit guests only */
#define __HYPERVISOR_mmuext_op 26
#define __HYPERVISOR_xsm_op 27
#define __HYPERVISOR_nmi_op 28
#define __HYPERVISOR_sched_op 29
#define __HYPERVISOR_callback_op 30
#define __HYPERVISOR_xenoprof_op 31
#define __HYPERVISOR_event_channel_op 32
#define __HYPERVISOR_physdev_op 33
#define __HYPERVISOR_hvm_op 34
#define __HYPERVISOR_sysctl 35
#define __HYPERVISOR_domctl 36
#define __HYPERVISOR_kexec_op 37
#define __HYPERVISOR_tmem_op 38
#define __HYPERVISOR_argo_op 39
#define __HYPERVISOR_xenpmu_op 40
#define __HYPERVISOR_dm_op 41
#define __HYPERVISOR_hypfs_op 42

/* For the use of each architecture; x86 has one, machine check, at arch_0. */
#define __HYPERVISOR_arch_0 48
#define __HYPERVISOR_arch_1 49
#define __HYPERVISOR_arch_2 50
#define __HYPERVISOR_arch_3 51
#define __HYPERVISOR_arch_4 52
#define __HYPERVISOR_arch_5 53
#define __HYPERVISOR_arch_6 54
#define __HYPERVISOR_arch_7 55

/*
 * Virtual interrupts, bound to a port by EVTCHNOP_bind_virq.
 * Per-vCPU ones may be bound once on each vCPU and stay there. Global ones
 * are bound once per domain, on vCPU 0, and may be moved by bind_vcpu; most
 * are for the control domain only.
 */
#define VIRQ_TIMER 0            /* per vCPU: a timer of this vCPU has fired */
#define VIRQ_DEBUG 1            /* per vCPU: somebody asks for a dump */
#define VIRQ_CONSOLE 2          /* global: input waits for CONSOLEIO_read */
#define VIRQ_DOM_EXC 3          /* global: a domain died or shut down */
#define VIRQ_TBUF 4             /* global: trace buffers are half full */
#define VIRQ_DEBUGGER 6         /* global: a domain stopped for its debugger */
#define VIRQ_XENOPROF 7         /* per vCPU: a profiling sample */
#define VIRQ_CON_RING 8         /* global: the hypervisor has printed */
#define VIRQ_PCPU_STATE 9       /* global: a CPU came or went */
#define VIRQ_MEM_EVENT 10       /* global */
#define VIRQ_ARGO 11            /* global */
#define VIRQ_ENOMEM 12          /* global: free memory is low */
#define VIRQ_XENPMU 13          /* per vCPU: a performance counter */
#define VIRQ_ARCH_0 16
#define VIRQ_ARCH_1 17
#define VIRQ_ARCH_2 18
#define VIRQ_ARCH_3 19
#define VIRQ_ARCH_4 20
#define VIRQ_ARCH_5 21
#define VIRQ_ARCH_6 22
#define VIRQ_ARCH_7 23
#define NR_VIRQS 24

/*
 * mmu_update(reqs, count, done, foreigndom). Bits 0-1 of mmu_update.ptr say
 * what is meant; the rest is a machine address, which must be 8-aligned.
 * foreigndom bits 0-15: owner of the frames mapped; bits 16-31: owner of the
 * tables changed, plus one, or 0 for the caller.
 */
#define MMU_NORMAL_PT_UPDATE 0          /* validate val, store it at ptr */
#define MMU_MACHPHYS_UPDATE 1           /* M2P entry of ptr's frame := val */
#define MMU_PT_UPDATE_PRESERVE_AD 2     /* as 0, but keep A and D as found */
#define MMU_PT_UPDATE_NO_TRANSLATE 3    /* as 0, val is taken as it stands */

struct mmu_update {
    uint64_t ptr;   /* IN: machine address, with MMU_* in bits 0-1 */
    uint64_t val;   /* IN: new entry, or pfn for MMU_MACHPHYS_UPDATE */
};
typedef struct mmu_update mmu_update_t;
DEFINE_XEN_GUEST_HANDLE(mmu_update_t);

/*
 * mmuext_op(ops, count, done, foreigndom). Each line: what arg1 / arg2 hold.
 * A pin keeps a table validated although nothing refers to it.
 */
#define MMUEXT_PIN_L1_TABLE 0       /* mfn */
#define MMUEXT_PIN_L2_TABLE 1       /* mfn */
#define MMUEXT_PIN_L3_TABLE 2       /* mfn */
#define MMUEXT_PIN_L4_TABLE 3       /* mfn */
#define MMUEXT_UNPIN_TABLE 4        /* mfn */
#define MMUEXT_NEW_BASEPTR 5        /* mfn: kernel's top table, loaded now */
#define MMUEXT_TLB_FLUSH_LOCAL 6    /* - */
#define MMUEXT_INVLPG_LOCAL 7       /* linear_addr */
#define MMUEXT_TLB_FLUSH_MULTI 8    /* - / vcpumask */
#define MMUEXT_INVLPG_MULTI 9       /* linear_addr / vcpumask */
#define MMUEXT_TLB_FLUSH_ALL 10     /* - */
#define MMUEXT_INVLPG_ALL 11        /* linear_addr */
#define MMUEXT_FLUSH_CACHE 12       /* - ; needs a device of one's own */
#define MMUEXT_SET_LDT 13           /* linear_addr, page aligned / nr_ents */
#define MMUEXT_NEW_USER_BASEPTR 15  /* mfn: user's top table, or 0 for none */
#define MMUEXT_CLEAR_PAGE 16        /* mfn: filled with zero */
#define MMUEXT_COPY_PAGE 17         /* mfn: destination / src_mfn */
#define MMUEXT_FLUSH_CACHE_GLOBAL 18
#define MMUEXT_MARK_SUPER 19        /* mfn; refused for PV guests */
#define MMUEXT_UNMARK_SUPER 20      /* mfn; refused for PV guests */

struct mmuext_op {
    unsigned int cmd;                   /* IN: MMUEXT_* */
    union {
        xen_pfn_t mfn;                  /* IN: a machine frame */
        unsigned long linear_addr;      /* IN: an address of the guest */
    } arg1;
    union {
        unsigned int nr_ents;           /* IN: 8-byte descriptors */
        XEN_GUEST_HANDLE(const_void) vcpumask;  /* IN: bit n is vCPU n */
        xen_pfn_t src_mfn;              /* IN: a machine frame */
    } arg2;
};
typedef struct mmuext_op mmuext_op_t;
DEFINE_XEN_GUEST_HANDLE(mmuext_op_t);

/*
 * update_va_mapping(va, val, flags): what to flush afterwards, and where.
 * MULTI means that the rest of flags is the address of a vCPU bitmap; LOCAL
 * is MULTI with no bitmap, which is why both are 0.
 */
#define UVMF_NONE (xen_mk_ulong(0) << 0)
#define UVMF_TLB_FLUSH (xen_mk_ulong(1) << 0)   /* everything */
#define UVMF_INVLPG (xen_mk_ulong(2) << 0)      /* only va */
#define UVMF_FLUSHTYPE_MASK (xen_mk_ulong(3) << 0)
#define UVMF_MULTI (xen_mk_ulong(0) << 2)
#define UVMF_LOCAL (xen_mk_ulong(0) << 2)
#define UVMF_ALL (xen_mk_ulong(1) << 2)         /* on all CPUs */

/* console_io(command, count, buffer): the hypervisor's own console. */
#define CONSOLEIO_write 0   /* 0 when all is written */
#define CONSOLEIO_read 1    /* number of bytes that were there */

/* vm_assist(command, type) */
#define VMASST_CMD_enable 0
#define VMASST_CMD_disable 1
#define VMASST_TYPE_4gb_segments 0          /* 32 bits: emulate TLS segments */
#define VMASST_TYPE_4gb_segments_notify 1   /* 32 bits: and tell by vector 15 */
#define VMASST_TYPE_writable_pagetables 2   /* emulate stores to L1 tables */
#define VMASST_TYPE_pae_extended_cr3 3      /* 32 bits: L3 above 4 GiB */
#define VMASST_TYPE_architectural_iopl 4    /* IOPL behaves as on a CPU */
#define VMASST_TYPE_runstate_update_flag 5  /* use XEN_RUNSTATE_UPDATE */
#define VMASST_TYPE_m2p_strict 32           /* no M2P for user mode */

/*
 * Domain numbers from 0x7FF0 up name a role, not a domain; a call accepts
 * those roles which its manual page lists.
 */
#define DOMID_FIRST_RESERVED xen_mk_uint(0x7FF0)
#define DOMID_SELF xen_mk_uint(0x7FF0)      /* the caller */
#define DOMID_IO xen_mk_uint(0x7FF1)        /* owner of device memory */
#define DOMID_XEN xen_mk_uint(0x7FF2)       /* the hypervisor's shared pages */
#define DOMID_COW xen_mk_uint(0x7FF3)       /* owner of shared copies */
#define DOMID_INVALID xen_mk_uint(0x7FF4)   /* nobody, as a result */
#define DOMID_IDLE xen_mk_uint(0x7FFF)      /* an idle CPU, in traces */
#define DOMID_MASK xen_mk_uint(0x7FFF)

typedef uint16_t domid_t;

/* multicall(entries, count): one entry of a batch, done in order. */
struct multicall_entry {
    xen_ulong_t op;         /* IN: a __HYPERVISOR_* number */
    xen_ulong_t result;     /* OUT: what the call returned */
    xen_ulong_t args[6];    /* IN: its arguments; overwritten on a restart */
};
typedef struct multicall_entry multicall_entry_t;
DEFINE_XEN_GUEST_HANDLE(multicall_entry_t);

/*
 * The guest's clock on one vCPU. All fields belong together: version is odd
 * while they change, so a reader repeats until it reads the same even value
 * before and after. With delta = rdtsc - tsc_timestamp:
 *
 *   now = system_time + (((delta << tsc_shift) * tsc_to_system_mul) >> 32)
 *
 * where a negative tsc_shift shifts right and the product has 96 bits.
 */
struct vcpu_time_info {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;     /* counter value at the last refresh */
    uint64_t system_time;       /* ns since start of the hypervisor, then */
    uint32_t tsc_to_system_mul; /* ns per tick, times 2^32 */
    int8_t tsc_shift;
    uint8_t flags;              /* XEN_PVCLOCK_* */
    uint8_t pad1[2];
};
typedef struct vcpu_time_info vcpu_time_info_t;

#define XEN_PVCLOCK_TSC_STABLE_BIT (1 << 0)     /* all vCPUs agree */
#define XEN_PVCLOCK_GUEST_STOPPED (1 << 1)      /* never set for PV guests */

/*
 * What the hypervisor and one vCPU share. It lies in shared_info for the
 * first 32 vCPUs, until VCPUOP_register_vcpu_info moves it.
 *
 * Delivery: a port becomes pending in shared_info, the bit of its word is
 * set in evtchn_pending_sel, then evtchn_upcall_pending. The guest's event
 * callback runs on the next way into the guest at which evtchn_upcall_mask
 * is 0; the mask is the guest's "interrupts off". It starts as 1.
 */
struct vcpu_info {
    uint8_t evtchn_upcall_pending;
    uint8_t evtchn_upcall_mask;
    xen_ulong_t evtchn_pending_sel;     /* bit n: look at pending word n */
    struct arch_vcpu_info arch;
    vcpu_time_info_t time;
}; /* 64 bytes on both widths, so that one never straddles a cache line */
typedef struct vcpu_info vcpu_info_t;

/*
 * One page per domain. The bit of a port in evtchn_pending is set by the
 * hypervisor and cleared by the guest; the bit in evtchn_mask is the
 * guest's, and keeps a pending port from causing an upcall.
 * Wall-clock time at system_time 0 is wc_sec and wc_nsec since 1970;
 * wc_version works as vcpu_time_info.version does.
 */
struct shared_info {
    struct vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    xen_ulong_t evtchn_pending[sizeof(xen_ulong_t) * 8];
    xen_ulong_t evtchn_mask[sizeof(xen_ulong_t) * 8];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
#if defined(__i386__)
#define xen_wc_sec_hi arch.wc_sec_hi
#else
    uint32_t wc_sec_hi;         /* bits 32-63 of the seconds */
#define xen_wc_sec_hi wc_sec_hi
#endif
    struct arch_shared_info arch;
};
typedef struct shared_info shared_info_t;

/*
 * Handed to the guest's entry point in rsi (esi). Numbers named mfn are
 * machine frames, shared_info is a machine address, and the others are
 * linear addresses in the initial mapping or counts of frames.
 */
struct start_info {
    char magic[32];             /* "xen-<version>-<platform>" */
    unsigned long nr_pages;     /* frames of the domain = p2m entries */
    unsigned long shared_info;  /* machine address; the guest maps it */
    uint32_t flags;             /* SIF_* */
    xen_pfn_t store_mfn;        /* the ring of the store, and its port */
    uint32_t store_evtchn;
    union {
        struct {
            xen_pfn_t mfn;      /* the console ring, and its port */
            uint32_t evtchn;
        } domU;
        struct {                /* with SIF_INITDOMAIN: */
            uint32_t info_off;  /* dom0_vga_console_info, counted from the */
            uint32_t info_size; /* beginning of this page; bytes */
        } dom0;
    } console;
    unsigned long pt_base;      /* the top page table */
    unsigned long nr_pt_frames; /* page tables, consecutive from pt_base */
    unsigned long mfn_list;     /* the p2m: array of nr_pages frames */
    unsigned long mod_start;    /* ramdisk, or a list: see SIF_M*; else 0 */
    unsigned long mod_len;      /* bytes */
#define MAX_GUEST_CMDLINE 1024
    int8_t cmd_line[MAX_GUEST_CMDLINE]; /* ends with a zero byte */
    /* Only if note INIT_P2M moved the p2m out of the initial mapping: */
    unsigned long first_p2m_pfn;
    unsigned long nr_p2m_frames;
};
typedef struct start_info start_info_t;

#define SIF_PRIVILEGED (1 << 0)         /* may do what a control domain does */
#define SIF_INITDOMAIN (1 << 1)         /* the first domain */
#define SIF_MULTIBOOT_MOD (1 << 2)      /* mod_start: xen_multiboot_mod_list */
#define SIF_MOD_START_PFN (1 << 3)      /* mod_start is a pfn, not mapped */
#define SIF_VIRT_P2M_4TOOLS (1 << 4)    /* a linear p2m is understood */
#define SIF_PM_MASK (0xFF << 8)         /* power management options */

/*
 * Several modules: an array at mod_start, ended by an entry of zeros. Each
 * number is an offset from mod_start, of the module and of its command line.
 */
struct xen_multiboot_mod_list {
    uint32_t mod_start;
    uint32_t mod_end;       /* first byte after the module */
    uint32_t cmdline;
    uint32_t pad;
};

/* How the first domain finds the screen. */
typedef struct dom0_vga_console_info {
    uint8_t video_type;     /* selects the member of u */
#define XEN_VGATYPE_TEXT_MODE_3 0x03
#define XEN_VGATYPE_VESA_LFB 0x23
#define XEN_VGATYPE_EFI_LFB 0x70    /* also vesa_lfb; no text mode behind */
    union {
        struct {
            uint16_t font_height;           /* scan lines of a character */
            uint16_t cursor_x, cursor_y;    /* where the firmware left it */
            uint16_t rows, columns;
        } text_mode_3;
        struct {
            uint16_t width, height;         /* pixels */
            uint16_t bytes_per_line;
            uint16_t bits_per_pixel;
            uint32_t lfb_base;              /* machine address, low half */
            uint32_t lfb_size;              /* in units of 64 KiB */
            uint8_t red_pos, red_size;      /* bit position and width */
            uint8_t green_pos, green_size;
            uint8_t blue_pos, blue_size;
            uint8_t rsvd_pos, rsvd_size;
            uint32_t gbl_caps;              /* as the VESA BIOS says it */
            uint16_t mode_attrs;
            uint16_t pad;
            uint32_t ext_lfb_base;          /* machine address, high half */
        } vesa_lfb;
    } u;
} dom0_vga_console_info_t;
#define xen_vga_console_info dom0_vga_console_info
#define xen_vga_console_info_t dom0_vga_console_info_t

/* A name for a domain that stays the same when it moves. */
typedef uint8_t xen_domain_handle_t[16];

typedef struct {
    uint8_t a[16];
} xen_uuid_t;

/* The bytes of a UUID from its five printed groups, first byte first. */
#define XEN_DEFINE_UUID_(a, b, c, d, e1, e2, e3, e4, e5, e6) \
    {{ ((a) >> 24) & 0xFF, ((a) >> 16) & 0xFF, ((a) >> 8) & 0xFF, \
       ((a) >> 0) & 0xFF, ((b) >> 8) & 0xFF, ((b) >> 0) & 0xFF, \
       ((c) >> 8) & 0xFF, ((c) >> 0) & 0xFF, ((d) >> 8) & 0xFF, \
       ((d) >> 0) & 0xFF, e1, e2, e3, e4, e5, e6 }}
#define XEN_DEFINE_UUID(a, b, c, d, e1, e2, e3, e4, e5, e6) \
    ((xen_uuid_t)XEN_DEFINE_UUID_(a, b, c, d, e1, e2, e3, e4, e5, e6))

#endif /* XENIOS_XEN_H */
