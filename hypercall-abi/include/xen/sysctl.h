/* SPDX-License-Identifier: MIT */
/*
 * sysctl(op): what tools of a privileged domain ask of the hypervisor as a
 * whole. One structure, whose head says which operation and which version of
 * this interface. Only the operations that are offered stand here.
 */
#ifndef XENIOS_XEN_SYSCTL_H
#define XENIOS_XEN_SYSCTL_H

#include "xen.h"

#define XEN_SYSCTL_INTERFACE_VERSION 0x00000015

/* The hypervisor's own counters. */
#define XEN_SYSCTL_perfc_op 5
#define XEN_SYSCTL_PERFCOP_reset 1  /* query, then all begin again from 0 */
#define XEN_SYSCTL_PERFCOP_query 2

struct xen_sysctl_perfc_desc {
    char name[80];
    uint32_t nr_vals;       /* how many of the values are this counter's */
};
typedef struct xen_sysctl_perfc_desc xen_sysctl_perfc_desc_t;
DEFINE_XEN_GUEST_HANDLE(xen_sysctl_perfc_desc_t);
typedef uint32_t xen_sysctl_perfc_val_t;
DEFINE_XEN_GUEST_HANDLE(xen_sysctl_perfc_val_t);

struct xen_sysctl_perfc_op {
    uint32_t cmd;           /* IN: XEN_SYSCTL_PERFCOP_* */
    uint32_t nr_counters;   /* OUT: descriptions */
    uint32_t nr_vals;       /* OUT: values of all of them */
    /* IN: addresses of arrays that hold as many, or 0 to be told how many;
     * 64 bits wide for 32-bit guests as well. */
    uint64_t desc __attribute__((aligned(8)));
    uint64_t val __attribute__((aligned(8)));
};

struct xen_sysctl {
    uint32_t cmd;           /* XEN_SYSCTL_* */
    uint32_t interface_version;
    union {
        struct xen_sysctl_perfc_op perfc_op;
        uint8_t pad[128];
    } u;
};
typedef struct xen_sysctl xen_sysctl_t;
DEFINE_XEN_GUEST_HANDLE(xen_sysctl_t);

#endif
