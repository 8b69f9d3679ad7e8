/* SPDX-License-Identifier: MIT */
/*
 * The interface as a 32-bit guest lays it out, for a 64-bit reader.
 *
 * A structure here is called compat_<tag> and stands beside <tag> of the
 * other headers, which explain the fields. Only structures which differ are
 * here; compat32.def lists both kinds, and a test proves the list right.
 *
 * They differ for three reasons: a word, a frame number, a handle or an
 * address has 4 bytes; a 64-bit number needs only 4-byte alignment (i386
 * psABI), which moves it or shortens the structure; a callback is a far
 * pointer. These types are for the dispatch edge alone: behind it there are
 * only native structures.
 */
#ifndef XENIOS_XEN_COMPAT32_H
#define XENIOS_XEN_COMPAT32_H

#include "xen-compat.h"
#include "event_channel.h"
#include "grant_table.h"
#include "memory.h"
#include "xen.h"

/* 64-bit numbers as i386 places them. */
typedef uint64_t u64_compat __attribute__((aligned(4)));

typedef uint32_t compat_ulong_t;    /* xen_ulong_t, unsigned long */
typedef uint32_t compat_pfn_t;      /* xen_pfn_t: 16 TiB can be named */
typedef uint32_t compat_handle_t;   /* a guest handle or pointer */

/*
 * Selectors and address hole (arch-x86/xen-x86_32.h has them under their own
 * names, which mean something else to a 64-bit guest).
 */
#define COMPAT_FLAT_RING1_CS 0xe019
#define COMPAT_FLAT_RING1_DS 0xe021
#define COMPAT_FLAT_RING1_SS 0xe021
#define COMPAT_FLAT_RING3_CS 0xe02b
#define COMPAT_FLAT_RING3_DS 0xe033
#define COMPAT_FLAT_RING3_SS 0xe033
#define COMPAT_HYPERVISOR_VIRT_START 0xF5800000U
#define COMPAT_MACH2PHYS_VIRT_START 0xF5800000U
#define COMPAT_MACH2PHYS_VIRT_END 0xF6800000U

/* 32 words of 32 ports. */
#define COMPAT_EVTCHN_2L_NR_CHANNELS 1024

/* A PAE CR3: the frame number rotated, so that 32 bits of it fit. */
#define compat_pfn_to_cr3(pfn) \
    (((uint32_t)(pfn) << 12) | ((uint32_t)(pfn) >> 20))
#define compat_cr3_to_pfn(cr3) \
    (((uint32_t)(cr3) >> 12) | ((uint32_t)(cr3) << 20))

/* ---- arch-x86/xen.h ---------------------------------------------------- */

struct compat_cpu_user_regs {
    uint32_t ebx;
    uint32_t ecx;
    uint32_t edx;
    uint32_t esi;
    uint32_t edi;
    uint32_t ebp;
    uint32_t eax;
    uint16_t error_code;
    uint16_t entry_vector;
    uint32_t eip;
    uint16_t cs;
    uint8_t saved_upcall_mask;
    uint8_t _pad0;
    uint32_t eflags;
    uint32_t esp;
    uint16_t ss, _pad1;
    uint16_t es, _pad2;
    uint16_t ds, _pad3;
    uint16_t fs, _pad4;
    uint16_t gs, _pad5;
};

struct compat_arch_vcpu_info {
    compat_ulong_t cr2;
    compat_ulong_t pad[5];
};

struct compat_xen_callback {
    compat_ulong_t cs;
    compat_ulong_t eip;
};

struct compat_trap_info {
    uint8_t vector;
    uint8_t flags;
    uint16_t cs;
    compat_ulong_t address;
};

struct compat_vcpu_guest_context {
    struct {
        char x[512];
    } fpu_ctxt;
    compat_ulong_t flags;
    struct compat_cpu_user_regs user_regs;
    struct compat_trap_info trap_ctxt[256];
    compat_ulong_t ldt_base, ldt_ents;
    compat_ulong_t gdt_frames[16], gdt_ents;
    compat_ulong_t kernel_ss, kernel_sp;
    compat_ulong_t ctrlreg[8];
    compat_ulong_t debugreg[8];
    compat_ulong_t event_callback_cs;       /* far pointers, */
    compat_ulong_t event_callback_eip;
    compat_ulong_t failsafe_callback_cs;    /* and no syscall callback */
    compat_ulong_t failsafe_callback_eip;
    compat_ulong_t vm_assist;
};

struct compat_arch_shared_info {
    compat_ulong_t max_pfn;
    compat_pfn_t pfn_to_mfn_frame_list_list;
    compat_ulong_t nmi_reason;
    compat_ulong_t p2m_cr3;
    compat_ulong_t p2m_vaddr;
    compat_ulong_t p2m_generation;
    uint32_t wc_sec_hi;     /* moved here; see shared_info */
};

/* ---- xen.h ------------------------------------------------------------- */

struct compat_mmuext_op {
    unsigned int cmd;
    union {
        compat_pfn_t mfn;
        compat_ulong_t linear_addr;
    } arg1;
    union {
        unsigned int nr_ents;
        compat_handle_t vcpumask;
        compat_pfn_t src_mfn;
    } arg2;
};

struct compat_multicall_entry {
    compat_ulong_t op, result;
    compat_ulong_t args[6];
};

/* vcpu_time_info is the same for both. */
struct compat_vcpu_info {
    uint8_t evtchn_upcall_pending;
    uint8_t evtchn_upcall_mask;
    compat_ulong_t evtchn_pending_sel;
    struct compat_arch_vcpu_info arch;
    vcpu_time_info_t time;
};

/* Half as many pending words, each half as wide: a quarter of the ports. */
struct compat_shared_info {
    struct compat_vcpu_info vcpu_info[XEN_LEGACY_MAX_VCPUS];
    compat_ulong_t evtchn_pending[sizeof(compat_ulong_t) * 8];
    compat_ulong_t evtchn_mask[sizeof(compat_ulong_t) * 8];
    uint32_t wc_version;
    uint32_t wc_sec;
    uint32_t wc_nsec;
    struct compat_arch_shared_info arch;
};

struct compat_start_info {
    char magic[32];
    compat_ulong_t nr_pages;
    compat_ulong_t shared_info;     /* so that page lies below 4 GiB */
    uint32_t flags;
    compat_pfn_t store_mfn;
    uint32_t store_evtchn;
    union {
        struct {
            compat_pfn_t mfn;
            uint32_t evtchn;
        } domU;
        struct {
            uint32_t info_off;
            uint32_t info_size;
        } dom0;
    } console;
    compat_ulong_t pt_base;
    compat_ulong_t nr_pt_frames;
    compat_ulong_t mfn_list;
    compat_ulong_t mod_start;
    compat_ulong_t mod_len;
    int8_t cmd_line[MAX_GUEST_CMDLINE];
    compat_ulong_t first_p2m_pfn;
    compat_ulong_t nr_p2m_frames;
};

/* ---- sched.h, vcpu.h, callback.h, nmi.h, version.h --------------------- */

struct compat_sched_poll {
    compat_handle_t ports;
    unsigned int nr_ports;
    u64_compat timeout;
};

/* 44 bytes, not 48: no hole after state. Linux reads it so. */
struct compat_vcpu_runstate_info {
    int state;
    u64_compat state_entry_time;
    u64_compat time[4];
};

struct compat_vcpu_register_runstate_memory_area {
    union {
        compat_handle_t h;
        compat_handle_t v;
        u64_compat p;       /* only the low half counts */
    } addr;
};

/* 12 bytes, not 16. */
struct compat_vcpu_set_singleshot_timer {
    u64_compat timeout_abs_ns;
    uint32_t flags;
};

struct compat_vcpu_register_time_memory_area {
    union {
        compat_handle_t h;
        compat_handle_t v;
        u64_compat p;
    } addr;
};

struct compat_callback_register {
    uint16_t type;
    uint16_t flags;
    struct compat_xen_callback address;
};

struct compat_xennmi_callback {
    compat_ulong_t handler_address;
    compat_ulong_t pad;
};

struct compat_xen_platform_parameters {
    compat_ulong_t virt_start;
};

/* ---- memory.h ---------------------------------------------------------- */

struct compat_xen_memory_reservation {
    compat_handle_t extent_start;   /* array of compat_pfn_t */
    compat_ulong_t nr_extents;
    unsigned int extent_order;
    unsigned int mem_flags;
    domid_t domid;
};

struct compat_xen_memory_exchange {
    struct compat_xen_memory_reservation in;
    struct compat_xen_memory_reservation out;
    compat_ulong_t nr_exchanged;
};

struct compat_xen_machphys_mfn_list {
    unsigned int max_extents;
    compat_handle_t extent_start;
    unsigned int nr_extents;
};

struct compat_xen_machphys_mapping {
    compat_ulong_t v_start, v_end;
    compat_ulong_t max_mfn;
};

struct compat_xen_add_to_physmap {
    domid_t domid;
    uint16_t size;
    unsigned int space;
    compat_ulong_t idx;
    compat_pfn_t gpfn;
};

struct compat_xen_add_to_physmap_batch {
    domid_t domid;
    uint16_t space;
    uint16_t size;
    union xen_add_to_physmap_batch_extra u;
    compat_handle_t idxs;
    compat_handle_t gpfns;
    compat_handle_t errs;
};

struct compat_xen_remove_from_physmap {
    domid_t domid;
    compat_pfn_t gpfn;
};

struct compat_xen_memory_map {
    unsigned int nr_entries;
    compat_handle_t buffer;     /* its 20-byte entries are the same */
};

struct compat_xen_foreign_memory_map {
    domid_t domid;
    struct compat_xen_memory_map map;
};

struct compat_xen_pod_target {
    u64_compat target_pages;
    u64_compat tot_pages;
    u64_compat pod_cache_pages;
    u64_compat pod_entries;
    domid_t domid;
};

struct compat_xen_mem_acquire_resource {
    domid_t domid;
    uint16_t type;
    uint32_t id;
    uint32_t nr_frames;
    uint32_t pad;
    u64_compat frame;
    compat_handle_t frame_list;
};

/* The handles here have 8 bytes reserved on both widths. */
struct compat_xen_vnuma_topology_info {
    domid_t domid;
    uint16_t pad;
    unsigned int nr_vnodes;
    unsigned int nr_vcpus;
    unsigned int nr_vmemranges;
    union {
        compat_handle_t h;
        u64_compat pad;
    } vdistance;
    union {
        compat_handle_t h;
        u64_compat pad;
    } vcpu_to_vnode;
    union {
        compat_handle_t h;
        u64_compat pad;
    } vmemrange;
};

/* ---- physdev.h --------------------------------------------------------- */

struct compat_physdev_pirq_eoi_gmfn {
    compat_pfn_t gmfn;
};

struct compat_physdev_set_iobitmap {
    compat_handle_t bitmap;
    uint32_t nr_ports;
};

struct compat_physdev_apic {
    compat_ulong_t apic_physbase;
    uint32_t reg;
    uint32_t value;
};

struct compat_physdev_map_pirq {
    domid_t domid;
    int type;
    int index;
    int pirq;
    int bus;
    int devfn;
    int entry_nr;
    u64_compat table_base;
};

struct compat_physdev_op {
    uint32_t cmd;
    union {
        physdev_irq_status_query_t irq_status_query;
        physdev_set_iopl_t set_iopl;
        struct compat_physdev_set_iobitmap set_iobitmap;
        struct compat_physdev_apic apic_op;
        physdev_irq_t irq_op;
    } u;
};

/* ---- grant_table.h ----------------------------------------------------- */

struct compat_gnttab_setup_table {
    domid_t dom;
    uint32_t nr_frames;
    int16_t status;
    compat_handle_t frame_list;     /* array of compat_pfn_t */
};

struct compat_gnttab_transfer {
    compat_pfn_t mfn;
    domid_t domid;
    grant_ref_t ref;
    int16_t status;
};

struct compat_gnttab_copy_ptr {
    union {
        grant_ref_t ref;
        compat_pfn_t gmfn;
    } u;
    domid_t domid;
    uint16_t offset;
};

struct compat_gnttab_copy {
    struct compat_gnttab_copy_ptr source, dest;
    uint16_t len;
    uint16_t flags;
    int16_t status;
};

struct compat_gnttab_get_status_frames {
    uint32_t nr_frames;
    domid_t dom;
    int16_t status;
    compat_handle_t frame_list;     /* array of uint64_t, as on 64 bits */
};

#endif /* XENIOS_XEN_COMPAT32_H */
