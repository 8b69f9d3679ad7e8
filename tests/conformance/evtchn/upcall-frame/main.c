/* SPDX-License-Identifier: MIT */
/*
 * The event callback.
 *
 * It is entered like an exception, with the upcall mask set by the entry and
 * the old one in the frame; interrupts of user and of kernel are told apart by
 * the RPL of cs.  While it runs, further events only become pending.
 */
#include "conformance.h"

static volatile unsigned int heard, nested;
static volatile uint8_t mask_inside;
static evtchn_port_t port;

static void hear(evtchn_port_t p, void *context)
{
    unsigned int before = heard;

    mask_inside = evtchn_vcpu_info()->evtchn_upcall_mask;
    heard++;
    if (heard == 1) {
        evtchn_send(p);                 /* must wait until we are done */
        nested = heard != before + 1;
    }
}

CONFORMANCE_CASE("The event callback runs masked and does not nest", 0)
{
    REQUIRE(evtchn_bind_ipi(0, &port) == 0);
    evtchn_set_handler(port, hear, NULL);
    evtchn_unmask(port);
    heard = 0;
    evtchn_send(port);
    expect_eq("mask-inside", 1, mask_inside);
    expect_eq("nested", 0, nested);
    expect_eq("both-heard", 2, heard);
    expect_eq("mask-after", 0, evtchn_vcpu_info()->evtchn_upcall_mask);
    evtchn_close(port);
}
