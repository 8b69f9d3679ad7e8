/* SPDX-License-Identifier: MIT */
/*
 * An event channel between two ports of one domain.
 *
 * A port is first offered (unbound, naming who may bind), then bound from the
 * other side; after that either end notifies the other.  When one end closes,
 * the other is back to "offered to the same domain", so a peer that restarts
 * can bind again.
 */
#include "conformance.h"

static void count(evtchn_port_t port, void *context)
{
    (*(volatile unsigned int *)context)++;
}

static struct evtchn_status status_of(evtchn_port_t port)
{
    struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

    expect_eq("status", 0, (uint64_t)
              hypercall_event_channel_op(EVTCHNOP_status, &op));
    return op;
}

CONFORMANCE_CASE("alloc_unbound, bind_interdomain, send, close", 0)
{
    volatile unsigned int at_a = 0, at_b = 0;
    struct evtchn_status s;
    evtchn_port_t a, b;

    expect_eq("alloc", 0,
              (uint64_t)evtchn_alloc_unbound(DOMID_SELF, DOMID_SELF, &a));
    s = status_of(a);
    expect_eq("offered", EVTCHNSTAT_unbound, s.status);
    expect_eq("bind", 0, (uint64_t)evtchn_bind_interdomain(DOMID_SELF, a, &b));
    expect_true("two-ports", a != b && a != 0 && b != 0);
    expect_true("binding-raises-the-new-end", evtchn_is_pending(b));
    s = status_of(a);
    expect_eq("a-bound", EVTCHNSTAT_interdomain, s.status);
    expect_eq("a-peer", b, s.u.interdomain.port);
    s = status_of(b);
    expect_eq("b-bound", EVTCHNSTAT_interdomain, s.status);
    expect_eq("b-peer", a, s.u.interdomain.port);

    evtchn_set_handler(a, count, (void *)&at_a);
    evtchn_set_handler(b, count, (void *)&at_b);
    evtchn_clear_pending(a);
    evtchn_clear_pending(b);
    evtchn_unmask(a);
    evtchn_unmask(b);
    at_a = at_b = 0;
    expect_eq("send-b", 0, (uint64_t)evtchn_send(b));
    expect_eq("heard-at-a", 1, at_a);
    expect_eq("not-at-b", 0, at_b);
    expect_eq("send-a", 0, (uint64_t)evtchn_send(a));
    expect_eq("heard-at-b", 1, at_b);

    expect_eq("close-b", 0, (uint64_t)evtchn_close(b));
    s = status_of(a);
    expect_eq("a-offered-again", EVTCHNSTAT_unbound, s.status);
    expect_eq("send-to-nobody", 0, (uint64_t)evtchn_send(a));
    expect_eq("close-a", 0, (uint64_t)evtchn_close(a));
    s = status_of(a);
    expect_eq("closed", EVTCHNSTAT_closed, s.status);
}
