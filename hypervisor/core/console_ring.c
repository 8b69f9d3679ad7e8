/* SPDX-License-Identifier: MIT */
/*
 * The console of a guest that runs alone.
 *
 * An ordinary domain talks to a ring in a page of its own, and a console
 * daemon in the control domain reads it. A first domain started as a plain
 * guest (d0=guest) has no control domain, so the hypervisor itself is at the
 * other end and joins the ring to the UART. It is the one ring that the
 * hypervisor touches.
 *
 *   K1  the guest owns the page and writes anything into it at any time: an
 *       index is read once, and a distance that no honest producer can make
 *       is taken for "start again here"
 *   K2  the page is held as writable memory while it is our ring, so it can
 *       not become a table that we would write into
 *   K3  the guest is told when anything moved, in either direction: a writer
 *       may wait for room, a reader for text
 *
 * Both ends run on the same machine with the same byte order; barriers as the
 * protocol wants them (xen/io/console.h): data before index when producing,
 * index before data when consuming.
 *
 * Two CPUs may service the ring at once (a vcpu that sends, and the UART's
 * softirq); console_ring_lock makes them one. It ranks below the console's
 * lock, which is taken inside.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/console_ring.h>
#include <hv/evtchn.h>
#include <hv/pv.h>
#include <hv/util.h>
#include <xen/io/console.h>

int console_ring_attach(struct domain *d, mfn_t frame, uint32_t *port)
{
    int err = frame_get_and_type(d, frame, PT_WRITABLE); /* K2 */

    if (err) {
        return err;
    }
    err = evtchn_bind_hv(d, port);
    if (err) {
        BUG_ON(frame_put_and_type(d, frame) != 0);
        return err;
    }
    spin_lock_init(&d->console_ring_lock, LOCK_CONSOLE_RING);
    d->console_port = *port;
    d->console_ring = frame_map(frame);
    return 0;
}

void console_ring_detach(struct domain *d)
{
    if (d->console_ring != NULL) {
        mfn_t frame = frame_unmap_addr(d->console_ring);

        d->console_ring = NULL;
        BUG_ON(frame_put_and_type(d, frame) != 0);
    }
}

/* Everything between the indices, at most one buffer full. */
static bool drain(struct xencons_interface *ring)
{
    uint32_t prod = __atomic_load_n(&ring->out_prod, __ATOMIC_ACQUIRE);
    uint32_t cons = __atomic_load_n(&ring->out_cons, __ATOMIC_RELAXED);
    uint32_t count = prod - cons;

    if (count > sizeof(ring->out)) {
        count = 0; /* K1 */
    }
    while (count > 0) {
        uint32_t at = MASK_XENCONS_IDX(prod - count, ring->out);
        uint32_t n = (uint32_t)min_u64(count, sizeof(ring->out) - at);
        char text[64];

        /* A copy, for the text may change while it is looked at. */
        n = (uint32_t)min_u64(n, sizeof(text));
        memcpy(text, &ring->out[at], n);
        console_guest_write(text, n);
        count -= n;
    }
    __atomic_store_n(&ring->out_cons, prod, __ATOMIC_RELEASE);
    return prod != cons;
}

/* As much of what was typed as there is room for. */
static bool fill(struct xencons_interface *ring)
{
    uint32_t cons = __atomic_load_n(&ring->in_cons, __ATOMIC_ACQUIRE);
    uint32_t prod = __atomic_load_n(&ring->in_prod, __ATOMIC_RELAXED);
    uint32_t first = prod;
    char c;

    while (prod - cons < sizeof(ring->in) && console_guest_read(&c, 1) == 1) {
        ring->in[MASK_XENCONS_IDX(prod, ring->in)] = c;
        prod++;
    }
    __atomic_store_n(&ring->in_prod, prod, __ATOMIC_RELEASE);
    return prod != first;
}

void console_ring_service(struct domain *d)
{
    bool moved;

    if (d->console_ring == NULL) {
        return;
    }
    spin_lock(&d->console_ring_lock);
    moved = drain(d->console_ring);
    moved |= fill(d->console_ring);
    spin_unlock(&d->console_ring_lock);
    if (moved) {
        evtchn_set_pending(d->vcpus[0], d->console_port); /* K3 */
    }
}
