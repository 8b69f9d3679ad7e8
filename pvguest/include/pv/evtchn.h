/* SPDX-License-Identifier: MIT */
/*
 * Event channels, the guest's side of the 2-level ABI: see evtchn.c.
 */
#ifndef PV_EVTCHN_H
#define PV_EVTCHN_H

#include <pv/types.h>

typedef void evtchn_handler(evtchn_port_t port, void *context);

/* Mask every port and allow upcalls. */
void evtchn_init(void);

/* Deliver everything pending and unmasked; called by the event callback. */
void evtchn_dispatch(void);

/* Who hears of a port; NULL removes.  Neither binds nor unmasks. */
void evtchn_set_handler(evtchn_port_t port, evtchn_handler *handler,
                        void *context);

/* Binding calls: 0 and *port, or -XEN_E*.  The port is left masked. */
int evtchn_bind_virq(unsigned int virq, unsigned int vcpu,
                     evtchn_port_t *port);
int evtchn_bind_ipi(unsigned int vcpu, evtchn_port_t *port);
int evtchn_alloc_unbound(domid_t domain, domid_t remote, evtchn_port_t *port);
int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port,
                            evtchn_port_t *port);
int evtchn_close(evtchn_port_t port);
int evtchn_send(evtchn_port_t port);

void evtchn_mask(evtchn_port_t port);
void evtchn_unmask(evtchn_port_t port);
bool evtchn_is_pending(evtchn_port_t port);
void evtchn_clear_pending(evtchn_port_t port);

/* The virtual interrupt flag of this vCPU.  save returns the old mask. */
bool upcalls_save_and_disable(void);
void upcalls_restore(bool were_masked);
void upcalls_enable(void);

/* How often the callback ran, and how many events it delivered. */
extern unsigned long evtchn_upcall_count, evtchn_event_count;

struct vcpu_info *evtchn_vcpu_info(void);

#endif
