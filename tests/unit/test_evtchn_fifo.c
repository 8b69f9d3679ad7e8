/* SPDX-License-Identifier: MIT */
/*
 * The FIFO form of events: what a guest finds in its words and queues, and
 * what it can do to them. The guest here is the tests' own consumer, as a
 * kernel would write it; the hostile ones scribble. The file under test is
 * compiled into this one, so that another vcpu can be heard in its middle.
 */
#include "test_main.h"
#include "world.h"

#include <pthread.h>
#include <string.h>

#include <hv/evtchn.h>
#include <hv/sched.h>
#include <xen/memory.h>

/* What happens when a frame is given back next. */
static void (*meanwhile)(void);

static int put_and_type(struct domain *owner, mfn_t mfn)
{
    void (*now)(void) = meanwhile;

    meanwhile = NULL;
    if (now) {
        now();
    }
    return frame_put_and_type(owner, mfn);
}

#define frame_put_and_type put_and_type
#include "../../hypervisor/core/evtchn_fifo.c"
#undef frame_put_and_type

#define DEFAULT EVTCHN_FIFO_PRIORITY_DEFAULT

static struct world *w;
static struct domain *d;
static mfn_t control_frame[2];

static void setup(void)
{
    w = world_with_cpus(2, 300, 2, 2);
    d = w->domains[0];
    control_frame[0] = world_frame(w, 0);
    control_frame[1] = world_frame(w, 0);
    this_cpu()->work_left = WORK_BUDGET;
}

static void teardown(void)
{
    world_free(w);
}

/* --- the guest's side ------------------------------------------------------ */

static struct evtchn_fifo_control_block *control(unsigned int vcpu)
{
    return frame_map(control_frame[vcpu]);
}

static int init_at(uint32_t vcpu, uint64_t gfn, uint32_t offset)
{
    struct evtchn_init_control op = { .control_gfn = gfn, .offset = offset,
                                      .vcpu = vcpu };
    int err = evtchn_op_init_control(d, &op);

    ck_assert(err != 0 || op.link_bits == 17);
    return err;
}

static int init(uint32_t vcpu)
{
    return init_at(vcpu, control_frame[vcpu].v, 0);
}

static int expand(mfn_t mfn)
{
    struct evtchn_expand_array op = { .array_gfn = mfn.v };

    return evtchn_op_expand_array(d, &op);
}

/* The first page of words; the FIFO form is on, for both vcpus. */
static uint32_t *start(void)
{
    mfn_t page = world_frame(w, 0);

    ck_assert_int_eq(init(0), 0);
    ck_assert_int_eq(init(1), 0);
    ck_assert_int_eq(expand(page), 0);
    return frame_map(page);
}

static uint32_t ipi(uint32_t vcpu)
{
    struct evtchn_bind_ipi op = { .vcpu = vcpu };

    ck_assert_int_eq(evtchn_op_bind_ipi(d, &op), 0);
    return op.port;
}

static int send(uint32_t port)
{
    struct evtchn_send op = { .port = port };

    return evtchn_op_send(d, &op);
}

static int priority(uint32_t port, uint32_t p)
{
    struct evtchn_set_priority op = { .port = port, .priority = p };

    return evtchn_op_set_priority(d, &op);
}

static int unmask(uint32_t port)
{
    struct evtchn_unmask op = { .port = port };

    return evtchn_op_unmask(d, &op);
}

static int reset(void)
{
    struct evtchn_reset op = { .dom = DOMID_SELF };

    return evtchn_op_reset(d, &op);
}

/* Takes the head of a queue as a kernel does; 0 when it is empty. */
static uint32_t take(uint32_t *words, uint32_t vcpu, uint32_t p)
{
    struct evtchn_fifo_control_block *c = control(vcpu);
    uint32_t head = c->head[p], link;

    if ((c->ready & 1u << p) == 0) {
        return 0;
    }
    link = words[head] & LINK;
    words[head] &= ~(LINKED | LINK);
    c->head[p] = link;
    if (link == 0) {
        c->ready &= ~(1u << p);
    }
    words[head] &= ~PENDING;
    return head;
}

/* --- setting it up --------------------------------------------------------- */

START_TEST(control_blocks_must_be_the_guests)
{
    mfn_t foreign = world_frame(w, 1);

    ck_assert_int_eq(expand(control_frame[0]), -XEN_EOPNOTSUPP);
    ck_assert_int_eq(init_at(2, control_frame[0].v, 0), -XEN_ENOENT);
    ck_assert_int_eq(init_at(0, control_frame[0].v, 4), -XEN_EINVAL);
    ck_assert_int_eq(init_at(0, control_frame[0].v, PAGE_SIZE - 64),
                     -XEN_EINVAL);
    ck_assert_int_eq(init_at(0, control_frame[0].v, ~7u), -XEN_EINVAL);
    ck_assert_int_eq(init_at(0, foreign.v, 0), -XEN_EINVAL);
    ck_assert_int_eq(init_at(0, ~0ull, 0), -XEN_EINVAL);
    ck_assert(!evtchn_is_fifo(d));
    ck_assert_int_eq(init_at(0, control_frame[0].v, PAGE_SIZE - 72), 0);
    ck_assert(evtchn_is_fifo(d));
    ck_assert_int_eq(init(0), -XEN_EINVAL); /* it has one */
    ck_assert_int_eq(init(1), 0);
    ck_assert_int_eq(expand(foreign), -XEN_EINVAL);
    world_audit(w);
}
END_TEST

START_TEST(shortage_leaves_the_two_level_form)
{
    host_fail_alloc(1);
    ck_assert_int_eq(init(0), -XEN_ENOMEM);
    ck_assert(!evtchn_is_fifo(d));
    ck_assert_int_eq(init(0), 0);
}
END_TEST

START_TEST(a_hundred_and_twenty_eight_pages_and_no_more)
{
    mfn_t page = world_frame(w, 0);
    unsigned int i;

    ck_assert_int_eq(init(0), 0);
    for (i = 0; i < 128; i++) {
        ck_assert_int_eq(expand(page), 0); /* one frame will do */
    }
    ck_assert_int_eq(expand(page), -XEN_ENOSPC);
    ck_assert_int_eq(expand(INVALID_MFN), -XEN_ENOSPC);
    world_audit(w);
}
END_TEST

START_TEST(priorities_have_limits)
{
    uint32_t port = ipi(0);

    ck_assert_int_eq(priority(port, 0), -XEN_ENOSYS);
    ck_assert_int_eq(priority(9999, 0), -XEN_EINVAL);
    start();
    ck_assert_int_eq(priority(port, 15), 0);
    ck_assert_int_eq(priority(port, 16), -XEN_EINVAL);
    ck_assert_int_eq(priority(9999, 0), -XEN_EINVAL);
}
END_TEST

/* --- events ---------------------------------------------------------------- */

START_TEST(events_come_in_order)
{
    uint32_t a = ipi(0), b = ipi(0), c = ipi(0);
    uint32_t *words = start();

    ck_assert_int_eq(send(b), 0);
    ck_assert(d->vcpus[0]->info->evtchn_upcall_pending);
    ck_assert_uint_eq(control(0)->ready, 1u << DEFAULT);
    ck_assert_int_eq(send(a), 0);
    ck_assert_int_eq(send(c), 0);
    ck_assert_int_eq(send(b), 0); /* once is enough */
    ck_assert(evtchn_is_pending(d, a));
    ck_assert_uint_eq(take(words, 0, DEFAULT), b);
    ck_assert_uint_eq(take(words, 0, DEFAULT), a);
    ck_assert_int_eq(send(b), 0); /* behind the last */
    ck_assert_uint_eq(take(words, 0, DEFAULT), c);
    ck_assert_uint_eq(take(words, 0, DEFAULT), b);
    ck_assert_uint_eq(take(words, 0, DEFAULT), 0);
    ck_assert_int_eq(send(b), 0); /* into an empty queue */
    ck_assert_uint_eq(take(words, 0, DEFAULT), b);
    ck_assert_uint_eq(words[b], 0);
}
END_TEST

START_TEST(a_masked_port_waits_outside)
{
    uint32_t port = ipi(0);
    uint32_t *words = start();

    words[port] = MASKED;
    ck_assert_int_eq(send(port), 0);
    ck_assert_uint_eq(words[port], MASKED | PENDING);
    ck_assert_uint_eq(control(0)->ready, 0);
    ck_assert(evtchn_is_masked(d, port) && evtchn_is_pending(d, port));
    ck_assert_int_eq(unmask(port), 0);
    ck_assert_uint_eq(take(words, 0, DEFAULT), port);
    ck_assert_int_eq(unmask(port), 0);
    ck_assert_uint_eq(control(0)->ready, 0);
}
END_TEST

START_TEST(priorities_and_vcpus_have_queues)
{
    uint32_t a = ipi(0), b = ipi(1);
    uint32_t *words = start();

    ck_assert_int_eq(priority(a, 0), 0);
    ck_assert_int_eq(send(a), 0);
    ck_assert_int_eq(send(b), 0);
    ck_assert_uint_eq(control(0)->ready, 1);
    ck_assert_uint_eq(control(1)->ready, 1u << DEFAULT);
    /* A port that moves away while it is the old queue's tail. */
    ck_assert_uint_eq(take(words, 0, 0), a);
    ck_assert_int_eq(priority(a, 3), 0);
    ck_assert_int_eq(send(a), 0);
    ck_assert_uint_eq(take(words, 0, 3), a);
    ck_assert_int_eq(priority(a, 0), 0);
    ck_assert_int_eq(send(a), 0);
    ck_assert_uint_eq(take(words, 0, 0), a);
    ck_assert_uint_eq(take(words, 1, DEFAULT), b);
}
END_TEST

START_TEST(what_was_pending_before_is_raised_when_its_page_comes)
{
    struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = 1 };
    uint32_t port = ipi(0), i;
    mfn_t second;
    uint32_t *words;

    ck_assert_int_eq(send(port), 0); /* two-level */
    words = start();
    ck_assert_uint_eq(take(words, 0, DEFAULT), port);
    for (i = 0; i < 1024; i++) {
        ck_assert_int_eq(evtchn_op_alloc_unbound(d, &op), 0);
    }
    port = ipi(1);
    ck_assert_uint_ge(port, 1024);
    ck_assert_int_eq(send(port), 0);
    ck_assert(!evtchn_is_pending(d, port));
    second = world_frame(w, 0);
    ck_assert_int_eq(expand(second), 0);
    ck_assert(evtchn_is_pending(d, port));
    ck_assert_uint_eq(control(1)->head[DEFAULT], port);
}
END_TEST

START_TEST(closing_takes_the_event_along)
{
    struct evtchn_close op = { .port = ipi(0) };
    uint32_t *words = start();

    ck_assert_int_eq(send(op.port), 0);
    ck_assert_int_eq(evtchn_op_close(d, &op), 0);
    ck_assert_uint_eq(words[op.port], LINKED);
    /* Anew, while the old link is still in the queue. */
    ck_assert_uint_eq(ipi(0), op.port);
    ck_assert_int_eq(send(op.port), 0);
    ck_assert_uint_eq(take(words, 0, DEFAULT), op.port);
    ck_assert_uint_eq(take(words, 0, DEFAULT), 0);
}
END_TEST

START_TEST(there_are_more_ports_than_on_two_levels)
{
    struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = 1 };
    uint32_t i;

    start();
    for (i = 1; i <= EVTCHN_2L_PORTS_MAX; i++) {
        ck_assert_int_eq(evtchn_op_alloc_unbound(d, &op), 0);
    }
    ck_assert_uint_eq(op.port, EVTCHN_2L_PORTS_MAX);
    ck_assert_uint_eq(ipi(1), EVTCHN_2L_PORTS_MAX + 1);
    ck_assert_int_eq(send(EVTCHN_2L_PORTS_MAX + 1), 0);
    world_audit(w);
}
END_TEST

/* A port is closed far below, taken, and then the next one is far above. */
START_TEST(the_search_for_a_port_is_made_in_pieces)
{
    struct evtchn_bind_ipi op = { .vcpu = 0 };
    struct evtchn_close close = { .port = 1 };
    gva_t arg = world_arg(w, &op, sizeof(op));
    uint32_t i;

    start();
    for (i = 1; i <= 40000; i++) {
        ck_assert_uint_eq(ipi(0), i);
    }
    ck_assert_int_eq(evtchn_op_close(d, &close), 0);
    ck_assert_uint_eq(ipi(0), 1);
    ck_assert_int_eq(world_call(__HYPERVISOR_event_channel_op,
                                EVTCHNOP_bind_ipi, arg.v, 0, 0, 0), 0);
    memcpy(&op, world_arg_at(w, arg), sizeof(op));
    ck_assert_uint_eq(op.port, 40001);
    ck_assert_uint_eq(world_restarts(), 2);
    this_cpu()->work_left = 1 << 20;
}
END_TEST

START_TEST(a_reset_gives_everything_back)
{
    struct evtchn_alloc_unbound op = { .dom = DOMID_SELF, .remote_dom = 1 };
    uint32_t i, port;

    start();
    for (i = 0; i < 5000; i++) {
        ck_assert_int_eq(evtchn_op_alloc_unbound(d, &op), 0);
    }
    world_set_budget(64);
    ck_assert_int_eq(world_call(__HYPERVISOR_event_channel_op, EVTCHNOP_reset,
                                world_arg(w, &(struct evtchn_reset){
                                    .dom = DOMID_SELF },
                                    sizeof(struct evtchn_reset)).v, 0, 0, 0),
                     0);
    ck_assert_uint_gt(world_restarts(), 100);
    world_set_budget(0);
    ck_assert(!evtchn_is_fifo(d));
    world_audit(w);
    port = ipi(0);
    ck_assert_uint_eq(port, 1);
    ck_assert_int_eq(send(port), 0);
    ck_assert(evtchn_2l_is_pending(d, port));
    for (i = 2; i < EVTCHN_2L_PORTS_MAX; i++) {
        ck_assert_int_eq(evtchn_op_alloc_unbound(d, &op), 0);
    }
    ck_assert_int_eq(evtchn_op_alloc_unbound(d, &op), -XEN_ENOSPC);
    ck_assert(!evtchn_is_pending(d, 4999));
    this_cpu()->work_left = 1 << 20;
    ck_assert_int_eq(reset(), 0);
    start(); /* and once more */
}
END_TEST

static void turn_on_again(void)
{
    uint32_t port;

    ck_assert_int_eq(init(0), 0);
    do {
        port = ipi(0);
    } while (port <= WORDS_PER_PAGE);
    ck_assert_int_eq(send(port), 0);
}

/* The pages of words go while a queue of the second time ends in them. */
START_TEST(a_reset_may_be_overtaken)
{
    uint32_t *words;
    mfn_t page;

    start();
    ck_assert_int_eq(expand(world_frame(w, 0)), 0);
    meanwhile = turn_on_again;
    ck_assert_int_eq(reset(), 0);
    ck_assert(evtchn_is_fifo(d));
    page = world_frame(w, 0);
    words = frame_map(page);
    ck_assert_int_eq(expand(page), 0);
    ck_assert_int_eq(send(1), 0);
    ck_assert_uint_eq(words[1], PENDING | LINKED);
    ck_assert_uint_eq(take(words, 0, DEFAULT), 1);
    world_audit(w);
}
END_TEST

START_TEST(the_frame_may_be_given_up_meanwhile)
{
    mfn_t page = world_frame(w, 0);
    uint64_t pfn = page.v;
    struct xen_memory_reservation r = {
        .nr_extents = 1, .domid = DOMID_SELF,
    };

    ck_assert_int_eq(init(0), 0);
    ck_assert_int_eq(expand(page), 0);
    r.extent_start.p =
        (xen_pfn_t *)(uintptr_t)world_arg(w, &pfn, sizeof(pfn)).v;
    ck_assert_int_eq(world_call(__HYPERVISOR_memory_op,
                                XENMEM_decrease_reservation,
                                world_arg(w, &r, sizeof(r)).v, 0, 0, 0), 1);
    ck_assert_int_eq(send(ipi(0)), 0);
    this_cpu()->work_left = WORK_BUDGET;
    ck_assert_int_eq(reset(), 0); /* drops the last reference */
    world_audit(w);
}
END_TEST

/* --- hostile guests -------------------------------------------------------- */

START_TEST(words_full_of_nonsense_hurt_nobody)
{
    uint32_t ports[16], i, round, seed = 1;
    uint32_t *words = start();

    for (i = 0; i < 16; i++) {
        ports[i] = ipi(i % 2);
    }
    for (round = 0; round < 20000; round++) {
        seed = seed * 1103515245 + 12345;
        words[ports[seed >> 8 & 15]] = seed ^ seed << 13;
        seed = seed * 1103515245 + 12345;
        memset(control(seed & 1), (int)(seed >> 16), 72);
        i = seed >> 12 & 15;
        ck_assert_int_eq(send(ports[i]), 0);
        ck_assert_int_eq(unmask(ports[seed >> 20 & 15]), 0);
        (void)priority(ports[i], seed >> 24 & 15);
    }
    world_audit(w);
}
END_TEST

static uint32_t *hostile_words;
static bool stop;

static void *scribble(void *unused)
{
    uint32_t x = 1;

    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        x = x * 1103515245 + 12345;
        __atomic_store_n(&hostile_words[1 + (x >> 16) % 4],
                         x | LINKED, __ATOMIC_RELAXED);
    }
    return NULL;
}

START_TEST(a_guest_that_never_rests_loses_its_events_only)
{
    uint32_t i;
    pthread_t thread;

    for (i = 1; i <= 4; i++) {
        ck_assert_uint_eq(ipi(0), i);
    }
    hostile_words = start();
    ck_assert_int_eq(pthread_create(&thread, NULL, scribble, NULL), 0);
    for (i = 0; i < 20000; i++) {
        ck_assert_int_eq(send(1 + i % 4), 0);
        __atomic_fetch_and(&hostile_words[1 + i % 4], ~(LINKED | PENDING |
                                                        MASKED | BUSY),
                           __ATOMIC_RELAXED);
    }
    __atomic_store_n(&stop, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
}
END_TEST

/* --- two CPUs -------------------------------------------------------------- */

#define EVENTS 20000u

static void *sender(void *unused)
{
    uint32_t i;

    host_set_cpu(1);
    for (i = 0; i < EVENTS; i++) {
        send(1 + i % 3);
    }
    __atomic_store_n(&stop, true, __ATOMIC_SEQ_CST);
    return NULL;
}

/* As take(), beside a sender: ready is taken whole, and the head of a queue
 * that is being emptied is remembered here, for the block's may be newer. Also
 * returns ports that are not pending any more. */
static uint32_t take_live(uint32_t *words)
{
    static uint32_t ready, next;
    struct evtchn_fifo_control_block *c = control(0);
    uint32_t port = next, now;

    ready |= __atomic_exchange_n(&c->ready, 0, __ATOMIC_SEQ_CST);
    if (ready == 0) {
        return 0;
    }
    if (port == 0) {
        port = __atomic_load_n(&c->head[DEFAULT], __ATOMIC_ACQUIRE);
    }
    now = __atomic_load_n(&words[port], __ATOMIC_RELAXED);
    do {
        now &= ~BUSY;
    } while (!__atomic_compare_exchange_n(&words[port], &now,
                                          now & ~(LINKED | LINK), false,
                                          __ATOMIC_SEQ_CST,
                                          __ATOMIC_RELAXED));
    next = now & LINK;
    if (next == 0) {
        ready = 0;
    }
    __atomic_fetch_and(&words[port], ~PENDING, __ATOMIC_SEQ_CST);
    return port;
}

START_TEST(nothing_is_lost_between_a_sender_and_a_taker)
{
    uint32_t *words, i;
    pthread_t thread;

    for (i = 1; i <= 3; i++) {
        ck_assert_uint_eq(ipi(0), i);
    }
    words = start();
    world_enter(d->vcpus[1]);
    host_set_cpu(0);
    ck_assert_int_eq(pthread_create(&thread, NULL, sender, NULL), 0);
    while (!__atomic_load_n(&stop, __ATOMIC_SEQ_CST)) {
        (void)take_live(words);
    }
    pthread_join(thread, NULL);
    for (i = 0; i < 16; i++) {
        (void)take_live(words);
    }
    for (i = 1; i <= 3; i++) {
        ck_assert_uint_eq(words[i] & (PENDING | LINKED), 0);
        ck_assert_int_eq(send(i), 0);
        ck_assert_uint_eq(take_live(words), i);
    }
}
END_TEST

TEST_MAIN("evtchn_fifo", setup, teardown,
          control_blocks_must_be_the_guests,
          shortage_leaves_the_two_level_form,
          a_hundred_and_twenty_eight_pages_and_no_more,
          priorities_have_limits,
          events_come_in_order,
          a_masked_port_waits_outside,
          priorities_and_vcpus_have_queues,
          what_was_pending_before_is_raised_when_its_page_comes,
          closing_takes_the_event_along,
          there_are_more_ports_than_on_two_levels,
          the_search_for_a_port_is_made_in_pieces,
          a_reset_gives_everything_back,
          a_reset_may_be_overtaken,
          the_frame_may_be_given_up_meanwhile,
          words_full_of_nonsense_hurt_nobody,
          a_guest_that_never_rests_loses_its_events_only,
          nothing_is_lost_between_a_sender_and_a_taker)
