/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op(cmd, vcpuid, argument): operations on one vCPU of the caller's
 * own domain. The one-shot timer obeys only the vCPU which owns it.
 */
#ifndef XENIOS_XEN_VCPU_H
#define XENIOS_XEN_VCPU_H

#include "xen.h"

/* Give a vCPU its first state (vcpu_guest_context). It stays down. */
#define VCPUOP_initialise 0

#define VCPUOP_up 1     /* let an initialised vCPU run; no argument */
#define VCPUOP_down 2   /* stop it; no argument */
#define VCPUOP_is_up 3  /* returns 1 or 0; no argument */

/* OUT: how long the vCPU has been in each state. */
#define VCPUOP_get_runstate_info 4
struct vcpu_runstate_info {
    int state;                  /* RUNSTATE_* now */
    uint64_t state_entry_time;  /* system time in ns of its beginning */
/*
 * With VMASST_TYPE_runstate_update_flag this bit of state_entry_time is set
 * while a registered area is being rewritten.
 */
#define XEN_RUNSTATE_UPDATE (xen_mk_ullong(1) << 63)
    uint64_t time[4];           /* ns spent in each RUNSTATE_* */
};
typedef struct vcpu_runstate_info vcpu_runstate_info_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_runstate_info_t);

#define RUNSTATE_running 0
#define RUNSTATE_runnable 1     /* would run, but has no CPU: "stolen" time */
#define RUNSTATE_blocked 2
#define RUNSTATE_offline 3

/* Keep a copy of the above in guest memory, refreshed when it runs. */
#define VCPUOP_register_runstate_memory_area 5
struct vcpu_register_runstate_memory_area {
    union {
        XEN_GUEST_HANDLE(vcpu_runstate_info_t) h;   /* IN: linear address */
        struct vcpu_runstate_info *v;
        uint64_t p;
    } addr;
};
typedef struct vcpu_register_runstate_memory_area
    vcpu_register_runstate_memory_area_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_register_runstate_memory_area_t);

/*
 * The periodic timer, which raises VIRQ_TIMER. It is ON when a vCPU starts,
 * with 10 ms; a guest that uses one-shot timers stops it first.
 */
#define VCPUOP_set_periodic_timer 6
#define VCPUOP_stop_periodic_timer 7    /* no argument */
struct vcpu_set_periodic_timer {
    uint64_t period_ns;     /* IN: at least 1 ms */
};
typedef struct vcpu_set_periodic_timer vcpu_set_periodic_timer_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_set_periodic_timer_t);

/* The one-shot timer: the same one which set_timer_op sets. */
#define VCPUOP_set_singleshot_timer 8
#define VCPUOP_stop_singleshot_timer 9  /* no argument */
struct vcpu_set_singleshot_timer {
    uint64_t timeout_abs_ns;    /* IN: system time */
    uint32_t flags;             /* IN: VCPU_SSHOTTMR_* */
};
typedef struct vcpu_set_singleshot_timer vcpu_set_singleshot_timer_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_set_singleshot_timer_t);

#define _VCPU_SSHOTTMR_future (0)   /* once: refuse a past time; ignored */
#define VCPU_SSHOTTMR_future (1U << _VCPU_SSHOTTMR_future)

/*
 * Move vcpu_info out of shared_info to a place of the guest's choice. Once
 * for the life of a vCPU. A vCPU number of 32 or more has no other place.
 */
#define VCPUOP_register_vcpu_info 10
struct vcpu_register_vcpu_info {
    uint64_t mfn;       /* IN: machine frame of the caller */
    uint32_t offset;    /* IN: bytes; vcpu_info must not cross the frame */
    uint32_t rsvd;      /* unused */
};
typedef struct vcpu_register_vcpu_info vcpu_register_vcpu_info_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_register_vcpu_info_t);

/* Raise the guest's NMI callback on a vCPU; no argument. */
#define VCPUOP_send_nmi 11

/* The CPU under a vCPU, for a first domain that is pinned. */
#define VCPUOP_get_physid 12
struct vcpu_get_physid {
    uint64_t phys_id;   /* OUT: APIC id low, ACPI processor id high */
};
typedef struct vcpu_get_physid vcpu_get_physid_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_get_physid_t);
#define xen_vcpu_physid_to_x86_apicid(physid) ((uint32_t)(physid))
#define xen_vcpu_physid_to_x86_acpiid(physid) ((uint32_t)((physid) >> 32))

/* A second copy of vcpu_time_info, readable by user programs if mapped so. */
#define VCPUOP_register_vcpu_time_memory_area 13
DEFINE_XEN_GUEST_HANDLE(vcpu_time_info_t);
struct vcpu_register_time_memory_area {
    union {
        XEN_GUEST_HANDLE(vcpu_time_info_t) h;       /* IN: linear address */
        struct vcpu_time_info *v;
        uint64_t p;
    } addr;
};
typedef struct vcpu_register_time_memory_area
    vcpu_register_time_memory_area_t;
DEFINE_XEN_GUEST_HANDLE(vcpu_register_time_memory_area_t);

#endif /* XENIOS_XEN_VCPU_H */
