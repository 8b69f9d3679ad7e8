/* SPDX-License-Identifier: MIT */
/* The hypervisor's end of a lone guest's console ring (core/console_ring.c). */
#ifndef HV_CONSOLE_RING_H
#define HV_CONSOLE_RING_H

#include <hv/domain.h>

/*
 * Gives d a console ring in this frame of its own, and a port for it. The
 * frame gets a use as writable memory that stays as long as the domain does:
 * it can not become a page table under our writes. 0, -XEN_EINVAL,
 * -XEN_ENOSPC or -XEN_ENOMEM.
 */
int console_ring_attach(struct domain *d, mfn_t frame, uint32_t *port)
    MUST_CHECK;

/* Drops the frame again; d does not run any more. */
void console_ring_detach(struct domain *d);

/* Moves what the guest wrote to the console and what was typed to the guest,
 * and tells the guest if anything moved. No-op without a ring. No lock held
 * that ranks above LOCK_CONSOLE. */
void console_ring_service(struct domain *d);

#endif
