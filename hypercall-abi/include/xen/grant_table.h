/* SPDX-License-Identifier: MIT */
/*
 * Grants: how one domain lets another use a frame. The owner writes an entry
 * of its own table, in memory which both it and the hypervisor can see; the
 * other names (domain, reference) in a grant_table_op, and the hypervisor
 * checks the entry and marks it in use.
 *
 * grant_table_op(cmd, array, count). The call returns 0 if the array could
 * be read; how each element fared is in its status, GNTST_*.
 */
#ifndef XENIOS_XEN_GRANT_TABLE_H
#define XENIOS_XEN_GRANT_TABLE_H

#include "xen.h"

typedef uint32_t grant_ref_t;   /* index into the owner's table */

/*
 * Entry, version 1. To grant: write frame and domid, barrier, then flags.
 * To revoke: exchange flags with 0 only while reading and writing are clear.
 */
struct grant_entry_v1 {
    uint16_t flags;     /* GTF_* */
    domid_t domid;      /* who may use it */
    uint32_t frame;     /* a machine frame; for transfer, where to put one */
};
typedef struct grant_entry_v1 grant_entry_v1_t;

/* The first entries belong to the tool stack that builds a domain. */
#define GNTTAB_NR_RESERVED_ENTRIES 8
#define GNTTAB_RESERVED_CONSOLE 0
#define GNTTAB_RESERVED_XENSTORE 1

/* flags: what kind of entry */
#define GTF_invalid (0U << 0)
#define GTF_permit_access (1U << 0)
#define GTF_accept_transfer (2U << 0)
#define GTF_transitive (3U << 0)        /* version 2: a grant of a grant */
#define GTF_type_mask (3U << 0)

/* flags of permit_access; reading and writing are the hypervisor's */
#define _GTF_readonly (2)
#define GTF_readonly (1U << _GTF_readonly)
#define _GTF_reading (3)
#define GTF_reading (1U << _GTF_reading)
#define _GTF_writing (4)
#define GTF_writing (1U << _GTF_writing)
#define _GTF_PWT (5)
#define GTF_PWT (1U << _GTF_PWT)
#define _GTF_PCD (6)
#define GTF_PCD (1U << _GTF_PCD)
#define _GTF_PAT (7)
#define GTF_PAT (1U << _GTF_PAT)
#define _GTF_sub_page (8)               /* version 2: only for copies */
#define GTF_sub_page (1U << _GTF_sub_page)

/* flags of accept_transfer; both are the hypervisor's */
#define _GTF_transfer_committed (2)     /* a frame will come */
#define GTF_transfer_committed (1U << _GTF_transfer_committed)
#define _GTF_transfer_completed (3)     /* it is in the frame field */
#define GTF_transfer_completed (1U << _GTF_transfer_completed)

/* Entry, version 2: wider frames; use is marked in a separate array. */
struct grant_entry_header {
    uint16_t flags;
    domid_t domid;
};
typedef struct grant_entry_header grant_entry_header_t;

union grant_entry_v2 {
    grant_entry_header_t hdr;
    struct {
        grant_entry_header_t hdr;
        uint32_t pad0;
        uint64_t frame;
    } full_page;
    struct {
        grant_entry_header_t hdr;
        uint16_t page_off;      /* bytes */
        uint16_t length;        /* bytes */
        uint64_t frame;
    } sub_page;
    struct {
        grant_entry_header_t hdr;
        domid_t trans_domid;    /* whose grant is passed on */
        uint16_t pad0;
        grant_ref_t gref;
    } transitive;
    uint32_t __spacer[4];       /* 16 bytes, whatever comes */
};
typedef union grant_entry_v2 grant_entry_v2_t;

typedef uint16_t grant_status_t;    /* reading and writing of one entry */

#define GNTTABOP_map_grant_ref 0
#define GNTTABOP_unmap_grant_ref 1
#define GNTTABOP_setup_table 2
#define GNTTABOP_dump_table 3
#define GNTTABOP_transfer 4
#define GNTTABOP_copy 5
#define GNTTABOP_query_size 6
#define GNTTABOP_unmap_and_replace 7
#define GNTTABOP_set_version 8
#define GNTTABOP_get_status_frames 9
#define GNTTABOP_get_version 10
#define GNTTABOP_swap_grant_ref 11
#define GNTTABOP_cache_flush 12

typedef uint32_t grant_handle_t;    /* names a mapping, for its end */

/* Map a granted frame, where host_addr says, as flags say. */
struct gnttab_map_grant_ref {
    uint64_t host_addr;     /* IN: linear address, or machine address of a
                             * page-table entry with contains_pte */
    uint32_t flags;         /* IN: GNTMAP_* */
    grant_ref_t ref;        /* IN */
    domid_t dom;            /* IN: who granted */
    int16_t status;         /* OUT: GNTST_* */
    grant_handle_t handle;  /* OUT */
    uint64_t dev_bus_addr;  /* OUT: machine address of the frame */
};
typedef struct gnttab_map_grant_ref gnttab_map_grant_ref_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_map_grant_ref_t);

/* End a mapping. An address of 0 is not touched. */
struct gnttab_unmap_grant_ref {
    uint64_t host_addr;     /* IN */
    uint64_t dev_bus_addr;  /* IN */
    grant_handle_t handle;  /* IN */
    int16_t status;         /* OUT */
};
typedef struct gnttab_unmap_grant_ref gnttab_unmap_grant_ref_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_unmap_grant_ref_t);

/* Make the table at least nr_frames long, and learn its frames. */
struct gnttab_setup_table {
    domid_t dom;            /* IN */
    uint32_t nr_frames;     /* IN */
    int16_t status;         /* OUT */
    XEN_GUEST_HANDLE(xen_pfn_t) frame_list; /* OUT: array */
};
typedef struct gnttab_setup_table gnttab_setup_table_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_setup_table_t);

/* Print a domain's table on the hypervisor's console. */
struct gnttab_dump_table {
    domid_t dom;            /* IN */
    int16_t status;         /* OUT */
};
typedef struct gnttab_dump_table gnttab_dump_table_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_dump_table_t);

/* Give a frame away, to an entry which accepts a transfer. */
struct gnttab_transfer {
    xen_pfn_t mfn;          /* IN */
    domid_t domid;          /* IN */
    grant_ref_t ref;        /* IN */
    int16_t status;         /* OUT */
};
typedef struct gnttab_transfer gnttab_transfer_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_transfer_t);

/* Copy bytes within a page; each side is a grant or a frame of one's own. */
#define _GNTCOPY_source_gref (0)
#define GNTCOPY_source_gref (1 << _GNTCOPY_source_gref)
#define _GNTCOPY_dest_gref (1)
#define GNTCOPY_dest_gref (1 << _GNTCOPY_dest_gref)
struct gnttab_copy {
    struct gnttab_copy_ptr {
        union {
            grant_ref_t ref;
            xen_pfn_t gmfn;
        } u;
        domid_t domid;      /* IN: DOMID_SELF with a frame */
        uint16_t offset;    /* IN: bytes; offset + len <= 4096 */
    } source, dest;
    uint16_t len;           /* IN: bytes */
    uint16_t flags;         /* IN: GNTCOPY_* */
    int16_t status;         /* OUT */
};
typedef struct gnttab_copy gnttab_copy_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_copy_t);

struct gnttab_query_size {
    domid_t dom;            /* IN */
    uint32_t nr_frames;     /* OUT: now */
    uint32_t max_nr_frames; /* OUT: limit */
    int16_t status;         /* OUT */
};
typedef struct gnttab_query_size gnttab_query_size_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_query_size_t);

/* End a mapping, and put the entry that maps new_addr into its place. */
struct gnttab_unmap_and_replace {
    uint64_t host_addr;     /* IN */
    uint64_t new_addr;      /* IN: its own entry is cleared */
    grant_handle_t handle;  /* IN */
    int16_t status;         /* OUT */
};
typedef struct gnttab_unmap_and_replace gnttab_unmap_and_replace_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_unmap_and_replace_t);

/* Choose the form of one's table. Only while no entry is in use. */
struct gnttab_set_version {
    uint32_t version;       /* IN: 1 or 2; OUT: the one in force */
};
typedef struct gnttab_set_version gnttab_set_version_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_set_version_t);

/* Version 2: the frames which hold the status array. */
struct gnttab_get_status_frames {
    uint32_t nr_frames;     /* IN */
    domid_t dom;            /* IN */
    int16_t status;         /* OUT */
    XEN_GUEST_HANDLE(uint64_t) frame_list;  /* OUT: array */
};
typedef struct gnttab_get_status_frames gnttab_get_status_frames_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_get_status_frames_t);

struct gnttab_get_version {
    domid_t dom;            /* IN */
    uint16_t pad;
    uint32_t version;       /* OUT */
};
typedef struct gnttab_get_version gnttab_get_version_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_get_version_t);

/* Exchange the contents of two of one's own entries. */
struct gnttab_swap_grant_ref {
    grant_ref_t ref_a;      /* IN */
    grant_ref_t ref_b;      /* IN */
    int16_t status;         /* OUT */
};
typedef struct gnttab_swap_grant_ref gnttab_swap_grant_ref_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_swap_grant_ref_t);

/* For machines whose devices do not see the caches; not x86. */
struct gnttab_cache_flush {
    union {
        uint64_t dev_bus_addr;
        grant_ref_t ref;
    } a;
    uint16_t offset;        /* IN: bytes into the page */
    uint16_t length;        /* IN: bytes */
#define GNTTAB_CACHE_CLEAN (1u << 0)
#define GNTTAB_CACHE_INVAL (1u << 1)
#define GNTTAB_CACHE_SOURCE_GREF (1u << 31)
    uint32_t op;            /* IN: GNTTAB_CACHE_* */
};
typedef struct gnttab_cache_flush gnttab_cache_flush_t;
DEFINE_XEN_GUEST_HANDLE(gnttab_cache_flush_t);

/* Flags of a mapping. */
#define _GNTMAP_device_map (0)      /* for a device to use */
#define GNTMAP_device_map (1 << _GNTMAP_device_map)
#define _GNTMAP_host_map (1)        /* for the CPU to use */
#define GNTMAP_host_map (1 << _GNTMAP_host_map)
#define _GNTMAP_readonly (2)
#define GNTMAP_readonly (1 << _GNTMAP_readonly)
#define _GNTMAP_application_map (3) /* in user mode too */
#define GNTMAP_application_map (1 << _GNTMAP_application_map)
#define _GNTMAP_contains_pte (4)    /* host_addr is that of an entry */
#define GNTMAP_contains_pte (1 << _GNTMAP_contains_pte)
#define _GNTMAP_guest_avail0 (16)   /* software bits of the new entry */
#define GNTMAP_guest_avail_mask ((uint32_t)~0 << _GNTMAP_guest_avail0)

#define GNTST_okay (0)
#define GNTST_general_error (-1)
#define GNTST_bad_domain (-2)
#define GNTST_bad_gntref (-3)
#define GNTST_bad_handle (-4)
#define GNTST_bad_virt_addr (-5)
#define GNTST_bad_dev_addr (-6)
#define GNTST_no_device_space (-7)
#define GNTST_permission_denied (-8)
#define GNTST_bad_page (-9)
#define GNTST_bad_copy_arg (-10)
#define GNTST_address_too_big (-11)
#define GNTST_eagain (-12)
#define GNTST_no_space (-13)

/* One text per status, in order, for an array indexed by -status. */
#define GNTTABOP_error_msgs \
    { \
        "done", "failed", "no such domain", "no such grant", \
        "no such mapping", "bad linear address", "bad device address", \
        "no room in the IOMMU", "not permitted", "bad frame", \
        "copy crosses a page", "address too wide", "try again", "no room" \
    }

#endif /* XENIOS_XEN_GRANT_TABLE_H */
