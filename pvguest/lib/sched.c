/* SPDX-License-Identifier: MIT */
/*
 * Giving the CPU away.
 *
 * HLT does not exist in ring 3; an idle guest calls SCHEDOP_block.  The race
 * every idle loop must win is "check for work, find none, sleep, and miss the
 * event that came in between".  A native kernel relies on STI taking effect
 * one instruction late.  Here the call does it: block clears the upcall mask
 * and then sleeps only if nothing is pending.  So:
 *
 *   S1  whoever waits for a condition masks upcalls, checks, and only then
 *       calls sched_block(); an event in between makes block return at once.
 *
 * SCHEDOP_poll sleeps on named ports and leaves the mask alone, for code
 * which cannot take an upcall at all.
 */
#include <pv/console.h>
#include <pv/hypercall.h>
#include <pv/sched.h>

void sched_yield(void)
{
    hypercall_sched_op(SCHEDOP_yield, NULL);
}

void sched_block(void)
{
    hypercall_sched_op(SCHEDOP_block, NULL);
}

int sched_poll(evtchn_port_t *ports, unsigned int count, uint64_t deadline_ns)
{
    struct sched_poll poll = { .nr_ports = count, .timeout = deadline_ns };

    set_xen_guest_handle(poll.ports, ports);
    return (int)hypercall_sched_op(SCHEDOP_poll, &poll);
}

_Noreturn void sched_shutdown(unsigned int reason)
{
    struct sched_shutdown shutdown = { .reason = reason };

    console_drain();
    for (;;) {
        hypercall_sched_op(SCHEDOP_shutdown, &shutdown);
    }
}
