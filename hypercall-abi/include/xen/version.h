/* SPDX-License-Identifier: MIT */
/*
 * xen_version(cmd, argument): who is there. All buffers are OUT. Strings
 * end with a zero byte; those that could help an attacker say "<denied>"
 * to a guest without privilege.
 */
#ifndef XENIOS_XEN_VERSION_H
#define XENIOS_XEN_VERSION_H

#include "features.h"
#include "xen.h"

/* Returns major << 16 | minor. No argument. The cheapest call there is. */
#define XENVER_version 0

#define XENVER_extraversion 1
typedef char xen_extraversion_t[16];
#define XEN_EXTRAVERSION_LEN (sizeof(xen_extraversion_t))

#define XENVER_compile_info 2
struct xen_compile_info {
    char compiler[64];
    char compile_by[16];
    char compile_domain[32];
    char compile_date[32];
};
typedef struct xen_compile_info xen_compile_info_t;

/* Kinds of guest that can run, as "xen-3.0-x86_64", separated by spaces. */
#define XENVER_capabilities 3
typedef char xen_capabilities_info_t[1024];
#define XEN_CAPABILITIES_INFO_LEN (sizeof(xen_capabilities_info_t))

#define XENVER_changeset 4
typedef char xen_changeset_info_t[64];
#define XEN_CHANGESET_INFO_LEN (sizeof(xen_changeset_info_t))

#define XENVER_platform_parameters 5
struct xen_platform_parameters {
    xen_ulong_t virt_start;     /* OUT: where the hole begins */
};
typedef struct xen_platform_parameters xen_platform_parameters_t;

#define XENVER_get_features 6
struct xen_feature_info {
    unsigned int submap_idx;    /* IN: which word of 32 features */
    uint32_t submap;            /* OUT: bit n is feature 32 * idx + n */
};
typedef struct xen_feature_info xen_feature_info_t;

/* Returns the size of a page in bytes. No argument. */
#define XENVER_pagesize 7

/* The caller's own xen_domain_handle_t. */
#define XENVER_guest_handle 8

/* The hypervisor's command line. */
#define XENVER_commandline 9
typedef char xen_commandline_t[1024];

/*
 * The identity of the hypervisor's binary. Returns its length, and copies
 * it if there is an argument with room for it.
 */
#define XENVER_build_id 10
struct xen_build_id {
    uint32_t len;               /* IN: room in buf, bytes */
    unsigned char buf[XEN_FLEX_ARRAY_DIM];
};
typedef struct xen_build_id xen_build_id_t;

#endif /* XENIOS_XEN_VERSION_H */
