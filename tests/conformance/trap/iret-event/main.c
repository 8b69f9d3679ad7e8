/* SPDX-License-Identifier: MIT */
/*
 * iret opens the mask and delivers what waits, in one step.
 *
 * The event must come before the first instruction of the context returned to,
 * on its stack: if it waited for the next call, an idle loop could sleep on
 * it.
 */
#include "conformance.h"

static bool masked_send(struct regs *regs)
{
    evtchn_port_t port = (evtchn_port_t)regs->rdi;

    evtchn_send(port);
    ear_heard += ear_heard != 0 ? 100 : 0;      /* masked: nothing yet */
    regs->rip += 2;
    return true;
}

CONFORMANCE_CASE("An event pending at iret arrives before the next instruction",
                 0)
{
    evtchn_port_t port;
    unsigned int at_return;

    REQUIRE(ear_open(&port));
    trap_set_handler(VECTOR_UD, masked_send);
    __asm__ volatile("ud2\n\t movl %1, %0"
                     : "=r"(at_return) : "m"(ear_heard), "D"(port) : "memory");
    expect_eq("heard-at-return", 1, at_return);
    evtchn_close(port);
}
