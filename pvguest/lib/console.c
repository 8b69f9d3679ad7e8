/* SPDX-License-Identifier: MIT */
/*
 * The console, in its two forms.
 *
 * The initial domain talks to the hypervisor: console_io(write) prints,
 * VIRQ_CONSOLE announces input, console_io(read) fetches it.  It works from
 * the first instruction on, which is why the very first words of any bring-up
 * go through it.
 *
 * An ordinary domain has a page shared with whoever serves its console: two
 * rings of bytes (shared-ring/include/ring) and an event channel that says
 * "look".
 *
 *   C1  a full ring is waited out by yielding: the other side must run
 *   C2  the ring is the guest's memory and goes with it: a toolstack destroys
 *       a domain that shut down, and does not ask whether its last words were
 *       read. So they are waited for, but not for ever: nobody may be there
 */
#include <pv/console.h>
#include <pv/evtchn.h>
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/sched.h>
#include <pv/start.h>
#include <pv/time.h>

#include <ring/console.h>

#define DRAIN_MAX_NS 1000000000ull      /* C2 */

static struct xencons_interface *ring;
static evtchn_port_t console_port;

static bool is_initial_domain(void)
{
    return (start_info->flags & SIF_INITDOMAIN) != 0;
}

static void ring_put(char c)
{
    while (!console_ring_put(ring, c)) {
        evtchn_send(console_port);
        sched_yield();                                          /* C1 */
    }
}

static int ring_get(void)
{
    int c = console_ring_get(ring);

    if (c >= 0) {
        evtchn_send(console_port);
    }
    return c;
}

void console_write(const char *text, size_t length)
{
    if (ring == NULL) {
        hypercall_console_io(CONSOLEIO_write, (unsigned int)length,
                             (char *)(uintptr_t)text);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n') {
            ring_put('\r');
        }
        ring_put(text[i]);
    }
    evtchn_send(console_port);
}

void console_drain(void)
{
    uint64_t deadline;

    if (ring == NULL || console_ring_is_read(ring)) {
        return;
    }
    deadline = time_now_ns() + DRAIN_MAX_NS;
    do {
        sched_yield();                                          /* C2 */
    } while (!console_ring_is_read(ring) && time_now_ns() < deadline);
}

int console_try_read(void)
{
    char c;

    if (ring != NULL) {
        return ring_get();
    }
    if (hypercall_console_io(CONSOLEIO_read, 1, &c) != 1) {
        return -1;
    }
    return (unsigned char)c;
}

int console_read(void)
{
    bool were_masked = upcalls_save_and_disable();
    int c;

    while ((c = console_try_read()) < 0) {
        sched_block();
        upcalls_save_and_disable();
    }
    upcalls_restore(were_masked);
    return c;
}

/* The event's whole message is "look again"; waking up is all it does. */
static void input_ready(evtchn_port_t port, void *context)
{
}

void console_init(void)
{
    if (is_initial_domain()) {
        if (evtchn_bind_virq(VIRQ_CONSOLE, 0, &console_port) != 0) {
            return;                     /* output still works */
        }
    } else {
        ring = mfn_to_virt(start_info->console.domU.mfn);
        console_port = start_info->console.domU.evtchn;
    }
    evtchn_set_handler(console_port, input_ready, NULL);
    evtchn_unmask(console_port);
}
