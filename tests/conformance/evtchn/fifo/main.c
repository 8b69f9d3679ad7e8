/* SPDX-License-Identifier: MIT */
/*
 * Events in queues.
 *
 * The FIFO form keeps the order in which events came, by priorities, and has
 * room for 131072 ports.  Receiving is a walk along a list in shared memory:
 * `ready` says which queues have something, `head` names the first port, and
 * each port's word the next.  EVTCHNOP_reset goes back to two levels; it
 * closes the ports of the console and of time as well, so the case must put
 * these back.
 */
#include "conformance.h"

#include <pv/console.h>

#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED  (1u << EVTCHN_FIFO_MASKED)
#define LINKED  (1u << EVTCHN_FIFO_LINKED)
#define LINK    ((uint32_t)EVTCHN_FIFO_LINK_MASK)
#define DEFAULT EVTCHN_FIFO_PRIORITY_DEFAULT
#define PAGES   128u

static volatile struct evtchn_fifo_control_block *control;
static volatile event_word_t *words;

static uint64_t call(unsigned int command, void *op)
{
    return (uint64_t)hypercall_event_channel_op(command, op);
}

static uint64_t init(void *page)
{
    struct evtchn_init_control op = { .control_gfn = virt_to_mfn(page) };
    uint64_t result = call(EVTCHNOP_init_control, &op);

    expect_eq("link_bits", result == 0 ? 17 : 0, op.link_bits);
    return result;
}

static uint64_t expand(void *page)
{
    struct evtchn_expand_array op = { .array_gfn = virt_to_mfn(page) };

    return call(EVTCHNOP_expand_array, &op);
}

static uint64_t set_priority(evtchn_port_t port, uint32_t priority)
{
    struct evtchn_set_priority op = { .port = port, .priority = priority };

    return call(EVTCHNOP_set_priority, &op);
}

static uint64_t unmask(evtchn_port_t port)
{
    struct evtchn_unmask op = { .port = port };

    return call(EVTCHNOP_unmask, &op);
}

/* The first port of a queue, taken; the queue's next becomes its head. */
static evtchn_port_t take(unsigned int queue)
{
    evtchn_port_t port = control->head[queue];
    uint32_t link;

    if ((control->ready & 1u << queue) == 0) {
        return 0;
    }
    link = words[port] & LINK;
    words[port] &= ~(LINKED | LINK | PENDING);
    control->head[queue] = link;
    if (link == 0) {
        control->ready &= ~(1u << queue);
    }
    return port;
}

static void order(evtchn_port_t a, evtchn_port_t b, evtchn_port_t c)
{
    evtchn_send(b);
    expect_eq("ready", 1u << DEFAULT, control->ready);
    expect_eq("head", b, control->head[DEFAULT]);
    expect_eq("upcall", 1, evtchn_vcpu_info()->evtchn_upcall_pending);
    expect_eq("word", PENDING | LINKED, words[b]);
    evtchn_send(a);
    evtchn_send(c);
    evtchn_send(b);
    expect_eq("first", b, take(DEFAULT));
    evtchn_send(b);
    expect_eq("second", a, take(DEFAULT));
    expect_eq("third", c, take(DEFAULT));
    expect_eq("fourth", b, take(DEFAULT));
    expect_eq("empty", 0, take(DEFAULT));
    evtchn_send(c);
    expect_eq("again", c, take(DEFAULT));
}

static void masking(evtchn_port_t a)
{
    words[a] = MASKED;
    evtchn_send(a);
    expect_eq("masked", MASKED | PENDING, words[a]);
    expect_eq("not-ready", 0, control->ready);
    expect_eq("unmask", 0, unmask(a));
    expect_eq("queued", a, take(DEFAULT));
    expect_eq("unmask-idle", 0, unmask(a));
    expect_eq("still-empty", 0, control->ready);
}

static void priorities(evtchn_port_t a, evtchn_port_t b)
{
    expect_eq("priority-0", 0, set_priority(a, 0));
    expect_eq("priority-15", 0, set_priority(b, 15));
    expect_eq("priority-16", -XEN_EINVAL, set_priority(b, 16));
    evtchn_send(b);
    evtchn_send(a);
    expect_eq("both-ready", 0x8001, control->ready);
    expect_eq("urgent", a, take(0));
    expect_eq("idle", b, take(15));
}

CONFORMANCE_CASE("FIFO events: order, priorities, masks, and the way back", 0)
{
    void *block = page_alloc(), *page = page_alloc();
    struct evtchn_reset reset = { .dom = DOMID_SELF };
    evtchn_port_t a, b, c;
    unsigned int count = 1;
    uint64_t result;

    upcalls_save_and_disable();
    hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    REQUIRE(evtchn_bind_ipi(0, &a) == 0 && evtchn_bind_ipi(0, &b) == 0 &&
            evtchn_bind_ipi(0, &c) == 0);
    control = block;
    words = page;
    evtchn_send(c);
    expect_eq("init", 0, init(block));
    expect_eq("init-twice", -XEN_EINVAL, init(block));
    expect_eq("expand", 0, expand(page));
    expect_eq("pending-before", c, take(DEFAULT));
    order(a, b, c);
    masking(a);
    priorities(a, b);
    while (count < PAGES && expand(page) == 0) {
        count++;
    }
    expect_eq("pages", PAGES, count);
    expect_eq("no-more", -XEN_ENOSPC, expand(page));
    result = call(EVTCHNOP_reset, &reset);
    expect_eq("reset", 0, result);
    evtchn_vcpu_info()->evtchn_upcall_pending = 0;
    expect_eq("two-level-again", -XEN_EOPNOTSUPP, expand(page));
    console_init();
    time_init();
    page_free(page);
    page_free(block);
    upcalls_enable();
}
