/* SPDX-License-Identifier: MIT */
/*
 * Pending events on the FIFO ABI.
 *
 * The two-level form ends at 4096 ports and knows no order. Here every port
 * has an event word in pages that the guest gives, 1024 to a page, up to
 * 131072; and every vcpu has sixteen queues, one a priority. A queue is a list
 * of ports linked through their words: the guest takes from its head, which
 * stands in the vcpu's control block, and the hypervisor appends at its tail,
 * which stands here. `ready` in the control block says which queues are not
 * empty; its bit going from 0 to 1 is what raises the upcall.
 *
 * The guest clears LINKED of a word when it takes the port. So "is the queue
 * empty?" is the question whether LINKED of the tail is set, and asking it and
 * appending have to be one step: a compare-exchange of the tail's word, which
 * fails when the guest takes the port in between. A guest that changes the
 * word all the time is asked to stop by BUSY, and if it does not, has lost its
 * event: the loop ends.
 *
 *   Q1  words and control blocks are guest memory: each is read once, nothing
 *       in them is believed. No link is ever followed here; ports, tails and
 *       array sizes are the hypervisor's own
 *   Q2  tail[q] is 0 or a port that has a word: where words go, when the
 *       form is given up (EVTCHNOP_reset), all tails go with them. Another
 *       vcpu may have turned the form on again meanwhile
 *   Q3  a port was last linked to the queue (last_vcpu, last_priority). If it
 *       still is that queue's tail when it is linked to another, the old queue
 *       was empty, and its tail is forgotten
 *   Q4  an event for a port without a word is remembered in the port's record,
 *       and raised when the page comes
 *   Q5  each page of words and each control block holds a reference and a
 *       writable use of its frame
 *
 * Lock: the domain's queue lock, taken with or without evtchn_lock (whoever
 * sends from another domain holds only that one's). Waking comes after it.
 * Manual: event_channel_op, "FIFO form".
 */
#include <hv/arch.h>
#include <hv/evtchn.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

#define WORDS_PER_PAGE ((uint32_t)(PAGE_SIZE / sizeof(event_word_t)))
#define PAGES_MAX (EVTCHN_FIFO_NR_CHANNELS / WORDS_PER_PAGE)
#define LINK_TRIES 4

#define PENDING (1u << EVTCHN_FIFO_PENDING)
#define MASKED  (1u << EVTCHN_FIFO_MASKED)
#define LINKED  (1u << EVTCHN_FIFO_LINKED)
#define BUSY    (1u << EVTCHN_FIFO_BUSY)
#define LINK    ((uint32_t)EVTCHN_FIFO_LINK_MASK)

struct vcpu_queues {
    struct evtchn_fifo_control_block *control; /* NULL: none yet */
    uint32_t tail[EVTCHN_FIFO_MAX_QUEUES];
};

/* One page; made once and kept until the domain ends. */
struct evtchn_fifo {
    struct spinlock lock;
    uint32_t word_count;
    event_word_t *pages[PAGES_MAX];
    struct vcpu_queues vcpus[VCPUS_MAX];
};

STATIC_ASSERT(sizeof(struct evtchn_fifo) <= PAGE_SIZE, "one page");
STATIC_ASSERT(EVTCHN_PORTS_MAX == EVTCHN_FIFO_NR_CHANNELS, "a word for each");

/* --- words: under the queue lock ------------------------------------------- */

/* Made once, by whichever vcpu comes first, and there until the domain ends. */
static struct evtchn_fifo *fifo_of(const struct domain *d)
{
    return __atomic_load_n(&d->evtchn_fifo, __ATOMIC_ACQUIRE);
}

static event_word_t *word_of(const struct evtchn_fifo *f, uint32_t port)
{
    if (port >= f->word_count) {
        return NULL;
    }
    return &f->pages[port / WORDS_PER_PAGE][port % WORDS_PER_PAGE];
}

static inline uint32_t word_read(const event_word_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static inline uint32_t word_set(event_word_t *word, uint32_t bits)
{
    return __atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
}

static inline uint32_t word_clear(event_word_t *word, uint32_t bits)
{
    return __atomic_fetch_and(word, ~bits, __ATOMIC_SEQ_CST);
}

enum link_result { LINK_DONE, LINK_EMPTY, LINK_AGAIN };

/* Lets the tail's word name the port, unless the guest has taken the tail. */
static enum link_result try_link(event_word_t *tail, uint32_t port)
{
    uint32_t now = word_read(tail);

    if ((now & LINKED) == 0) {
        return LINK_EMPTY;
    }
    return __atomic_compare_exchange_n(tail, &now,
                                       (now & ~(BUSY | LINK)) | port, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
               ? LINK_DONE : LINK_AGAIN;
}

/* True when the port is in the queue behind the tail; false when the queue is
 * empty. A guest that never lets go loses the event (Q1). */
static bool append(event_word_t *tail, uint32_t port)
{
    enum link_result result = LINK_AGAIN;
    unsigned int i;

    for (i = 0; i < 2 * LINK_TRIES && result == LINK_AGAIN; i++) {
        if (i == LINK_TRIES) {
            word_set(tail, BUSY);
        }
        result = try_link(tail, port);
    }
    if (i > LINK_TRIES && result != LINK_DONE) {
        word_clear(tail, BUSY);
    }
    return result != LINK_EMPTY;
}

/* Puts the port into the queue of its vcpu and priority, if it may be there
 * and is not. True when the upcall must be raised. */
static bool enqueue(struct evtchn_fifo *f, const struct vcpu *v,
                    struct evtchn *e, uint32_t port, event_word_t *word)
{
    struct vcpu_queues *queues = &f->vcpus[v->id];
    uint8_t priority = __atomic_load_n(&e->priority, __ATOMIC_RELAXED);
    uint32_t *last = &f->vcpus[e->last_vcpu].tail[e->last_priority];
    uint32_t bit = 1u << priority;
    uint32_t tail;

    if ((word_read(word) & (MASKED | LINKED)) != 0 || !queues->control ||
        (word_set(word, LINKED) & LINKED) != 0) {
        return false;
    }
    if (*last == port) {
        *last = 0;                                                  /* Q3 */
    }
    e->last_vcpu = (uint8_t)v->id;
    e->last_priority = priority;
    tail = queues->tail[priority];
    queues->tail[priority] = port;
    if (tail != 0 && append(word_of(f, tail), port)) {
        return false;
    }
    __atomic_store_n(&queues->control->head[priority], port, __ATOMIC_RELEASE);
    return (__atomic_fetch_or(&queues->control->ready, bit, __ATOMIC_SEQ_CST) &
            bit) == 0;
}

/* --- what evtchn.c asks for ------------------------------------------------- */

void evtchn_fifo_set_pending(struct vcpu *v, uint32_t port)
{
    struct evtchn_fifo *f = fifo_of(v->domain);
    struct evtchn *e = evtchn_port(v->domain, port);
    bool raise = false, was_pending = true;
    event_word_t *word;

    spin_lock(&f->lock);
    word = word_of(f, port);
    if (word) {
        was_pending = (word_set(word, PENDING) & PENDING) != 0;
        raise = enqueue(f, v, e, port, word);
    } else {
        e->pending = true;                                          /* Q4 */
    }
    spin_unlock(&f->lock);
    if (raise) {
        evtchn_raise_upcall(v);
    }
    if (!was_pending) {
        evtchn_wake_pollers(v->domain, port);
    }
}

void evtchn_fifo_unmask(struct vcpu *v, uint32_t port)
{
    struct evtchn_fifo *f = fifo_of(v->domain);
    bool pending = false;
    event_word_t *word;

    spin_lock(&f->lock);
    word = word_of(f, port);
    if (word) {
        pending = (word_clear(word, MASKED) & PENDING) != 0;
    }
    spin_unlock(&f->lock);
    if (pending) {
        evtchn_fifo_set_pending(v, port);
    }
}

/* It stays linked: the guest takes it, and finds that it is not pending. */
void evtchn_fifo_clear_pending(struct domain *d, uint32_t port)
{
    struct evtchn_fifo *f = fifo_of(d);
    event_word_t *word;

    spin_lock(&f->lock);
    word = word_of(f, port);
    if (word) {
        word_clear(word, PENDING);
    }
    evtchn_port(d, port)->pending = false;
    spin_unlock(&f->lock);
}

uint32_t evtchn_fifo_word(const struct domain *d, uint32_t port)
{
    struct evtchn_fifo *f = fifo_of(d);
    const event_word_t *word;
    uint32_t value = MASKED;

    spin_lock(&f->lock);
    word = word_of(f, port);
    if (word) {
        value = word_read(word);
    }
    spin_unlock(&f->lock);
    return value;
}

/* --- setting it up ----------------------------------------------------------- */

/* Q5. 0, -XEN_EINVAL, -XEN_ERESTART_CALL. */
static int take_page(struct domain *d, uint64_t gfn, void **page)
{
    int err = frame_get_and_type(d, MFN(gfn), PT_WRITABLE);

    if (!err) {
        *page = frame_map(MFN(gfn));
    }
    return err;
}

/* Writable memory is plain: dropping a use of it never has to stop. */
static void drop_page(struct domain *d, const void *address)
{
    const char *page = (const char *)((uintptr_t)address & PAGE_MASK);

    BUG_ON(frame_put_and_type(d, frame_unmap_addr(page)) != 0);
}

static int make_fifo(struct domain *d)
{
    struct evtchn_fifo *f, *none = NULL;

    if (fifo_of(d)) {
        return 0;
    }
    f = hv_alloc_pages(0);
    if (!f) {
        return -XEN_ENOMEM;
    }
    spin_lock_init(&f->lock, LOCK_EVTCHN_QUEUE);
    if (!__atomic_compare_exchange_n(&d->evtchn_fifo, &none, f, false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
        hv_free_pages(f, 0); /* another vcpu was faster */
    }
    return 0;
}

/* What is pending in the two-level form is remembered (Q4): there is no page
 * of words yet. Ports out of its range, left from an earlier time, are never
 * pending. Under evtchn_lock. */
static void turn_on(struct domain *d)
{
    uint32_t end = (uint32_t)min_u64(d->evtchn_port_limit,
                                     EVTCHN_2L_PORTS_MAX);
    uint32_t port;

    if (evtchn_is_fifo(d)) {
        return;
    }
    for (port = 1; port < end; port++) {
        evtchn_port(d, port)->pending = evtchn_2l_is_pending(d, port);
    }
    __atomic_store_n(&d->evtchn_is_fifo, true, __ATOMIC_RELEASE);
}

/* Under evtchn_lock. */
static int set_control(struct domain *d, uint32_t vcpu, void *block)
{
    struct evtchn_fifo *f = fifo_of(d);
    int err = -XEN_EINVAL;

    spin_lock(&f->lock);
    if (!f->vcpus[vcpu].control) {
        f->vcpus[vcpu].control = block;
        err = 0;
    }
    spin_unlock(&f->lock);
    return err;
}

int evtchn_op_init_control(struct domain *d, struct evtchn_init_control *op)
{
    void *page;
    int err;

    if (op->vcpu >= d->vcpu_count) {
        return -XEN_ENOENT;
    }
    if (op->offset > PAGE_SIZE - sizeof(struct evtchn_fifo_control_block) ||
        op->offset % 8 != 0) {
        return -XEN_EINVAL;
    }
    err = make_fifo(d);
    if (!err) {
        err = take_page(d, op->control_gfn, &page);
    }
    if (err) {
        return err == -XEN_ERESTART_CALL ? (int)hypercall_restart(0, NULL)
                                         : err;
    }
    spin_lock(&d->evtchn_lock);
    err = set_control(d, op->vcpu, (char *)page + op->offset);
    if (!err) {
        turn_on(d);
    }
    spin_unlock(&d->evtchn_lock);
    if (err) {
        drop_page(d, page);
    }
    op->link_bits = EVTCHN_FIFO_LINK_BITS;
    return err;
}

/* --- more words ---------------------------------------------------------------- */

/* Under evtchn_lock. */
static int add_page(struct domain *d, event_word_t *page)
{
    struct evtchn_fifo *f = fifo_of(d);
    int err = -XEN_ENOSPC;

    spin_lock(&f->lock);
    if (f->word_count < EVTCHN_FIFO_NR_CHANNELS) {
        f->pages[f->word_count / WORDS_PER_PAGE] = page;
        __atomic_store_n(&f->word_count, f->word_count + WORDS_PER_PAGE,
                         __ATOMIC_RELAXED);
        err = 0;
    }
    spin_unlock(&f->lock);
    return err;
}

/* Q4, for the page that came last. Under evtchn_lock. */
static void raise_remembered(struct domain *d)
{
    uint32_t end = __atomic_load_n(&fifo_of(d)->word_count, __ATOMIC_RELAXED);
    uint32_t port;

    for (port = end - WORDS_PER_PAGE; port < end; port++) {
        struct evtchn *e = evtchn_port(d, port);

        if (e && e->pending) {
            e->pending = false;
            evtchn_fifo_set_pending(d->vcpus[e->notify_vcpu], port);
        }
    }
}

int evtchn_op_expand_array(struct domain *d, struct evtchn_expand_array *op)
{
    void *page;
    int err;

    if (!evtchn_is_fifo(d)) {
        return -XEN_EOPNOTSUPP;
    }
    if (__atomic_load_n(&fifo_of(d)->word_count, __ATOMIC_RELAXED) ==
        EVTCHN_FIFO_NR_CHANNELS) {
        return -XEN_ENOSPC;
    }
    err = take_page(d, op->array_gfn, &page);
    if (err) {
        return err == -XEN_ERESTART_CALL ? (int)hypercall_restart(0, NULL)
                                         : err;
    }
    spin_lock(&d->evtchn_lock);
    err = evtchn_is_fifo(d) ? add_page(d, page) : -XEN_EOPNOTSUPP;
    if (!err) {
        raise_remembered(d);
    }
    spin_unlock(&d->evtchn_lock);
    if (err) {
        drop_page(d, page);
    }
    return err;
}

static int set_priority(const struct domain *d, uint32_t port,
                        uint32_t priority)
{
    struct evtchn *e = evtchn_port(d, port);

    if (!e) {
        return -XEN_EINVAL;
    }
    if (!evtchn_is_fifo(d)) {
        return -XEN_ENOSYS;
    }
    if (priority > EVTCHN_FIFO_PRIORITY_MIN) {
        return -XEN_EINVAL;
    }
    __atomic_store_n(&e->priority, (uint8_t)priority, __ATOMIC_RELAXED);
    return 0;
}

int evtchn_op_set_priority(struct domain *d, struct evtchn_set_priority *op)
{
    int err;

    spin_lock(&d->evtchn_lock);
    err = set_priority(d, op->port, op->priority);
    spin_unlock(&d->evtchn_lock);
    return err;
}

/* --- giving it up ---------------------------------------------------------------- */

/* Takes the last page of words out; NULL when there is none. */
static void *pop_page(struct evtchn_fifo *f)
{
    void *page = NULL;
    uint32_t i;

    spin_lock(&f->lock);
    if (f->word_count > 0) {
        __atomic_store_n(&f->word_count, f->word_count - WORDS_PER_PAGE,
                         __ATOMIC_RELAXED);
        page = f->pages[f->word_count / WORDS_PER_PAGE];
        for (i = 0; i < VCPUS_MAX; i++) {
            memset(f->vcpus[i].tail, 0, sizeof(f->vcpus[i].tail));  /* Q2 */
        }
    }
    spin_unlock(&f->lock);
    return page;
}

/* The same for a vcpu's control block. */
static void *take_control(struct evtchn_fifo *f, uint32_t vcpu)
{
    void *control;

    spin_lock(&f->lock);
    control = f->vcpus[vcpu].control;
    f->vcpus[vcpu] = (struct vcpu_queues){ .control = NULL };
    spin_unlock(&f->lock);
    return control;
}

/* Without a lock: who drops a frame's last reference takes the domain's. */
static void release_frames(struct domain *d, struct evtchn_fifo *f)
{
    void *page;
    uint32_t i;

    for (i = 0; i < VCPUS_MAX; i++) {
        page = take_control(f, i);
        if (page) {
            drop_page(d, page);
        }
    }
    while ((page = pop_page(f)) != NULL) {
        drop_page(d, page);
    }
}

void evtchn_fifo_leave(struct domain *d)
{
    bool was_on;

    spin_lock(&d->evtchn_lock);
    was_on = evtchn_is_fifo(d);
    __atomic_store_n(&d->evtchn_is_fifo, false, __ATOMIC_RELEASE);
    spin_unlock(&d->evtchn_lock);
    if (was_on) {
        release_frames(d, d->evtchn_fifo);
    }
}

void evtchn_fifo_destroy(struct domain *d)
{
    evtchn_fifo_leave(d);
    if (d->evtchn_fifo) {
        hv_free_pages(d->evtchn_fifo, 0);
        d->evtchn_fifo = NULL;
    }
}

mfn_t evtchn_fifo_frame(const struct domain *d, unsigned int n)
{
    const struct evtchn_fifo *f = fifo_of(d);
    const void *at = NULL;

    if (!f) {
        return INVALID_MFN;
    }
    if (n < PAGES_MAX) {
        at = n < f->word_count / WORDS_PER_PAGE ? f->pages[n] : NULL;
    } else if (n - PAGES_MAX < VCPUS_MAX) {
        at = f->vcpus[n - PAGES_MAX].control;
    }
    if (!at) {
        return INVALID_MFN;
    }
    return frame_unmap_addr((const char *)((uintptr_t)at & PAGE_MASK));
}

STATIC_ASSERT(EVTCHN_FIFO_FRAMES_MAX == PAGES_MAX + VCPUS_MAX, "all holders");
