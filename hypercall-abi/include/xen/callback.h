/* SPDX-License-Identifier: MIT */
/*
 * callback_op(cmd, argument): where the hypervisor enters the guest's kernel
 * when something other than an exception happens.
 */
#ifndef XENIOS_XEN_CALLBACK_H
#define XENIOS_XEN_CALLBACK_H

#include "xen.h"

#define CALLBACKTYPE_event 0        /* an event is pending and unmasked */
#define CALLBACKTYPE_failsafe 1     /* a return to the guest itself faulted */
#define CALLBACKTYPE_syscall 2      /* SYSCALL in user mode; 64 bits only */
#define CALLBACKTYPE_sysenter_deprecated 3
#define CALLBACKTYPE_nmi 4
#define CALLBACKTYPE_sysenter 5     /* SYSENTER in user mode */
#define CALLBACKTYPE_syscall32 7    /* SYSCALL from a 32-bit code segment */

/* Enter with upcalls masked. Events are always entered so. */
#define _CALLBACKF_mask_events 0
#define CALLBACKF_mask_events (1U << _CALLBACKF_mask_events)

#define CALLBACKOP_register 0
struct callback_register {
    uint16_t type;              /* IN: CALLBACKTYPE_* */
    uint16_t flags;             /* IN: CALLBACKF_* */
    xen_callback_t address;     /* IN */
};
typedef struct callback_register callback_register_t;
DEFINE_XEN_GUEST_HANDLE(callback_register_t);

/* Only the NMI callback and nothing else can be given back. */
#define CALLBACKOP_unregister 1
struct callback_unregister {
    uint16_t type;              /* IN: CALLBACKTYPE_* */
    uint16_t _unused;
};
typedef struct callback_unregister callback_unregister_t;
DEFINE_XEN_GUEST_HANDLE(callback_unregister_t);

#endif /* XENIOS_XEN_CALLBACK_H */
