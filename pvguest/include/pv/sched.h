/* SPDX-License-Identifier: MIT */
#ifndef PV_SCHED_H
#define PV_SCHED_H

#include <pv/types.h>

#include <xen/sched.h>

void sched_yield(void);

/* Unmask events and sleep until one is pending; they are handled then. */
void sched_block(void);

/*
 * Sleep until one of the ports is pending or the deadline (absolute ns, 0 for
 * none) has passed; works with upcalls masked.
 */
int sched_poll(evtchn_port_t *ports, unsigned int count, uint64_t deadline_ns);

/* Once the console has been read (console_drain()). */
_Noreturn void sched_shutdown(unsigned int reason);

#endif
