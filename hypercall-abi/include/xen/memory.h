/* SPDX-License-Identifier: MIT */
/*
 * memory_op(cmd, argument): how much memory a domain has, which frames, and
 * how it finds the machine-to-physical table.
 *
 * Bits 6 and up of cmd are private: on a restart the hypervisor keeps there
 * how many extents are done. A caller passes 0.
 */
#ifndef XENIOS_XEN_MEMORY_H
#define XENIOS_XEN_MEMORY_H

#include "physdev.h"
#include "xen.h"

/*
 * Get or give back frames, in extents of 2^extent_order. All three return
 * the number of extents that were done, which may be less than asked for;
 * only an argument that is wrong from the start is an error.
 */
#define XENMEM_increase_reservation 0   /* OUT list: new machine frames */
#define XENMEM_decrease_reservation 1   /* IN list: machine frames to free */
#define XENMEM_populate_physmap 6       /* IN: pfns; OUT: machine frames */

/* mem_flags */
#define XENMEMF_address_bits(x) (x)     /* below 2^x bytes; 0: anywhere */
#define XENMEMF_get_address_bits(x) ((x) & 0xffu)
#define XENMEMF_node(x) (((x) + 1) << 8)    /* preferred NUMA node */
#define XENMEMF_get_node(x) ((((x) >> 8) - 1) & 0xffu)
#define XENMEMF_populate_on_demand (1 << 16)
#define XENMEMF_exact_node_request (1 << 17)
#define XENMEMF_exact_node(n) (XENMEMF_node(n) | XENMEMF_exact_node_request)
#define XENMEMF_vnode (1 << 18)         /* the node is a virtual one */

struct xen_memory_reservation {
    XEN_GUEST_HANDLE(xen_pfn_t) extent_start;   /* IN/OUT: array, as above;
                                                 * may be null for increase */
    xen_ulong_t nr_extents;         /* IN */
    unsigned int extent_order;      /* IN: log2 of frames per extent */
    unsigned int mem_flags;         /* IN: XENMEMF_* */
    domid_t domid;                  /* IN: DOMID_SELF, or with privilege */
};
typedef struct xen_memory_reservation xen_memory_reservation_t;
DEFINE_XEN_GUEST_HANDLE(xen_memory_reservation_t);

/*
 * Swap frames for others with better properties, the total unchanged:
 * in.nr_extents << in.extent_order must equal the same of out. in lists
 * machine frames; out lists pfns, which are replaced by machine frames.
 */
#define XENMEM_exchange 11
struct xen_memory_exchange {
    struct xen_memory_reservation in;
    struct xen_memory_reservation out;
    xen_ulong_t nr_exchanged;   /* IN: 0. OUT: extents of in, done */
};
typedef struct xen_memory_exchange xen_memory_exchange_t;
DEFINE_XEN_GUEST_HANDLE(xen_memory_exchange_t);

/* Returns the highest machine frame number that is memory. No argument. */
#define XENMEM_maximum_ram_page 2

/* Argument of the three queries below. */
struct xen_memory_domain {
    domid_t domid;      /* IN */
};

/* Frames that the domain has, that it may have, its highest pfn. */
#define XENMEM_current_reservation 3
#define XENMEM_maximum_reservation 4
#define XENMEM_maximum_gpfn 14

/*
 * The frames under the machine-to-physical table, one for each 2 MiB of it,
 * for a control domain that wants its own mapping.
 */
#define XENMEM_machphys_mfn_list 5
struct xen_machphys_mfn_list {
    unsigned int max_extents;                   /* IN: room in the array */
    XEN_GUEST_HANDLE(xen_pfn_t) extent_start;   /* OUT: array */
    unsigned int nr_extents;                    /* OUT */
};
typedef struct xen_machphys_mfn_list xen_machphys_mfn_list_t;
DEFINE_XEN_GUEST_HANDLE(xen_machphys_mfn_list_t);

/* The same for the table with 4-byte entries that 32-bit guests see. */
#define XENMEM_machphys_compat_mfn_list 25

/* OUT: where the table lies, and the last machine frame it covers. */
#define XENMEM_machphys_mapping 12
struct xen_machphys_mapping {
    xen_ulong_t v_start, v_end;     /* linear addresses, end excluded */
    xen_ulong_t max_mfn;
};
typedef struct xen_machphys_mapping xen_machphys_mapping_t;
DEFINE_XEN_GUEST_HANDLE(xen_machphys_mapping_t);

/* Put a page of the hypervisor's into a translated guest's memory. */
#define XENMAPSPACE_shared_info 0
#define XENMAPSPACE_grant_table 1
#define XENMAPSPACE_gmfn 2
#define XENMAPSPACE_gmfn_range 3
#define XENMAPSPACE_gmfn_foreign 4  /* in batches only */
#define XENMAPSPACE_dev_mmio 5      /* not on x86 */

#define XENMEM_add_to_physmap 7
struct xen_add_to_physmap {
    domid_t domid;          /* IN */
    uint16_t size;          /* IN: pages, for gmfn_range */
    unsigned int space;     /* IN: XENMAPSPACE_* */
#define XENMAPIDX_grant_table_status 0x80000000
    xen_ulong_t idx;        /* IN: which page of that space */
    xen_pfn_t gpfn;         /* IN: where to */
};
typedef struct xen_add_to_physmap xen_add_to_physmap_t;
DEFINE_XEN_GUEST_HANDLE(xen_add_to_physmap_t);

#define XENMEM_add_to_physmap_batch 23
union xen_add_to_physmap_batch_extra {
    domid_t foreign_domid;      /* IN: for gmfn_foreign */
    uint16_t res0;              /* IN: else 0 */
};
struct xen_add_to_physmap_batch {
    domid_t domid;          /* IN */
    uint16_t space;         /* IN */
    uint16_t size;          /* IN: length of the three arrays */
    union xen_add_to_physmap_batch_extra u;
    XEN_GUEST_HANDLE(xen_ulong_t) idxs;     /* IN */
    XEN_GUEST_HANDLE(xen_pfn_t) gpfns;      /* IN */
    XEN_GUEST_HANDLE(int) errs;             /* OUT: 0 or an error each */
};
typedef struct xen_add_to_physmap_batch xen_add_to_physmap_batch_t;
DEFINE_XEN_GUEST_HANDLE(xen_add_to_physmap_batch_t);

#define XENMEM_remove_from_physmap 15
struct xen_remove_from_physmap {
    domid_t domid;          /* IN */
    xen_pfn_t gpfn;         /* IN */
};
typedef struct xen_remove_from_physmap xen_remove_from_physmap_t;
DEFINE_XEN_GUEST_HANDLE(xen_remove_from_physmap_t);

/*
 * The guest's own memory map, in the firmware's E820 form: entries of 20
 * bytes, address and length (8 bytes each) and type (4 bytes).
 */
#define XENMEM_memory_map 9
struct xen_memory_map {
    unsigned int nr_entries;        /* IN: room; OUT: entries there are */
    XEN_GUEST_HANDLE(void) buffer;  /* OUT: the entries */
};
typedef struct xen_memory_map xen_memory_map_t;
DEFINE_XEN_GUEST_HANDLE(xen_memory_map_t);

/* The real machine's map, for the first domain; same argument. */
#define XENMEM_machine_memory_map 10

/* Set what XENMEM_memory_map will answer to a domain. */
#define XENMEM_set_memory_map 13
struct xen_foreign_memory_map {
    domid_t domid;                  /* IN */
    struct xen_memory_map map;      /* IN: at most 128 entries */
};
typedef struct xen_foreign_memory_map xen_foreign_memory_map_t;
DEFINE_XEN_GUEST_HANDLE(xen_foreign_memory_map_t);

/* Populate on demand: for hardware containers, and not offered. */
#define XENMEM_set_pod_target 16
#define XENMEM_get_pod_target 17
struct xen_pod_target {
    uint64_t target_pages;      /* IN */
    uint64_t tot_pages;         /* OUT, as all that follows... */
    uint64_t pod_cache_pages;
    uint64_t pod_entries;
    domid_t domid;              /* ...but this: IN */
};
typedef struct xen_pod_target xen_pod_target_t;

/* Tool stack operations on hardware containers; numbers only. */
#define XENMEM_get_sharing_freed_pages 18
#define XENMEM_get_sharing_shared_pages 19
#define XENMEM_paging_op 20
#define XENMEM_access_op 21
#define XENMEM_sharing_op 22
#define XENMEM_claim_pages 24
#define XENMEM_reserved_device_memory_map 27

/* Map pages that exist only on behalf of a domain, as its grant table. */
#define XENMEM_acquire_resource 28
struct xen_mem_acquire_resource {
    domid_t domid;          /* IN */
    uint16_t type;          /* IN: XENMEM_resource_* */
#define XENMEM_resource_ioreq_server 0
#define XENMEM_resource_grant_table 1
#define XENMEM_resource_vmtrace_buf 2
    uint32_t id;            /* IN: meaning depends on type */
#define XENMEM_resource_grant_table_id_shared 0
#define XENMEM_resource_grant_table_id_status 1
    uint32_t nr_frames;     /* IN; OUT: how many there are, if no list */
    uint32_t pad;           /* IN: 0 */
    uint64_t frame;         /* IN: first frame of the resource */
#define XENMEM_resource_ioreq_server_frame_bufioreq 0
#define XENMEM_resource_ioreq_server_frame_ioreq(n) (1 + (n))
    XEN_GUEST_HANDLE(xen_pfn_t) frame_list; /* OUT for PV: machine frames */
};
typedef struct xen_mem_acquire_resource xen_mem_acquire_resource_t;
DEFINE_XEN_GUEST_HANDLE(xen_mem_acquire_resource_t);

/* OUT: the virtual NUMA layout that the control domain gave the caller. */
#define XENMEM_get_vnumainfo 26
struct xen_vmemrange {
    uint64_t start, end;    /* pseudo-physical addresses, end excluded */
    unsigned int flags;
    unsigned int nid;       /* virtual node */
};
typedef struct xen_vmemrange xen_vmemrange_t;
DEFINE_XEN_GUEST_HANDLE(xen_vmemrange_t);

struct xen_vnuma_topology_info {
    domid_t domid;                  /* IN */
    uint16_t pad;
    unsigned int nr_vnodes;         /* IN: room; OUT: number */
    unsigned int nr_vcpus;          /* IN: room; OUT: number */
    unsigned int nr_vmemranges;     /* IN: room; OUT: number */
    union {
        XEN_GUEST_HANDLE(uint) h;   /* OUT: nr_vnodes squared */
        uint64_t pad;
    } vdistance;
    union {
        XEN_GUEST_HANDLE(uint) h;   /* OUT: nr_vcpus */
        uint64_t pad;
    } vcpu_to_vnode;
    union {
        XEN_GUEST_HANDLE(xen_vmemrange_t) h;    /* OUT: nr_vmemranges */
        uint64_t pad;
    } vmemrange;
};
typedef struct xen_vnuma_topology_info xen_vnuma_topology_info_t;
DEFINE_XEN_GUEST_HANDLE(xen_vnuma_topology_info_t);

#endif /* XENIOS_XEN_MEMORY_H */
