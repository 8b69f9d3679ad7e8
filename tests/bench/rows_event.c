/* SPDX-License-Identifier: MIT */
/*
 * Events of one vCPU to itself.
 *
 * The rows of the last group bind more and more ports first and use the one
 * bound last: what is bound must not cost anything.
 */
#include "bench.h"
#include "call.h"

#define PORTS_MAX 1000u

static evtchn_port_t ports[PORTS_MAX];

static void ports_bind(unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        CHECK(evtchn_bind_ipi(0, &ports[i]) == 0);
    }
}

static void ports_close(unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        evtchn_close(ports[i]);
    }
}

static void send_masked(void)
{
    ports_bind(1);
    REPEAT {
        struct evtchn_send op = { .port = ports[0] };
        long result;

        evtchn_clear_pending(ports[0]);
        TIMED(result = call_send(&op));
        CHECK(result == 0 && evtchn_is_pending(ports[0]));
    }
    ports_close(1);
}

static void send_pending(void)
{
    ports_bind(1);
    evtchn_send(ports[0]);
    REPEAT {
        struct evtchn_send op = { .port = ports[0] };
        long result;

        TIMED(result = call_send(&op));
        CHECK(result == 0 && evtchn_is_pending(ports[0]));
    }
    ports_close(1);
}

/* Send, upcall, handler, iret, with this many ports bound. */
static void send_upcall(unsigned int bound)
{
    struct evtchn_send op;
    uint64_t expected = 0;

    ports_bind(bound);
    fast_port = op.port = ports[bound - 1];
    fast_callback(CALLBACKTYPE_event, fast_event);
    evtchn_unmask(op.port);
    REPEAT {
        long result;

        TIMED(result = call_send(&op));
        CHECK(result == 0 && fast_count == ++expected);
    }
    fast_end();
    ports_close(bound);
}

static void send_upcall_1(void)
{
    send_upcall(1);
}

static void send_upcall_10(void)
{
    send_upcall(10);
}

static void send_upcall_100(void)
{
    send_upcall(100);
}

static void send_upcall_1000(void)
{
    send_upcall(1000);
}

/*
 * Pending before the call, which has nothing to do with it: what is left of
 * the row above without the send.  The guest sets the words by itself, as it
 * may: nobody looks at them until the next way into the guest.
 */
static void null_call_pending(void)
{
    struct vcpu_info *info = evtchn_vcpu_info();
    uint64_t expected = 0;

    ports_bind(1);
    fast_port = ports[0];
    fast_callback(CALLBACKTYPE_event, fast_event);
    REPEAT {
        long result;

        __atomic_store_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
        TIMED(result = call_version());
        CHECK(result > 0 && fast_count == ++expected);
    }
    fast_end();
    ports_close(1);
}

const struct row rows_event[] = {
    { "event/pending-call", "null hypercall with an event pending",
      null_call_pending },
    { "event/masked", "event to self, masked", send_masked },
    { "event/again", "event to self, already pending", send_pending },
    { "event/upcall", "event to self, upcall and iret", send_upcall_1 },
    { "event/upcall-10", "event to self, 10 ports bound", send_upcall_10 },
    { "event/upcall-100", "event to self, 100 ports bound", send_upcall_100 },
    { "event/upcall-1000", "event to self, 1000 ports bound", send_upcall_1000 },
    { NULL, NULL, NULL },
};
