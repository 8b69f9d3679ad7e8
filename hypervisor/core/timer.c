/* SPDX-License-Identifier: MIT */
/*
 * Deadlines.
 *
 * Each CPU keeps its timers in a heap (heap.c) with the earliest on top. The
 * links live in the timers: nothing is allocated, nothing can be full, and a
 * guest with many timers pays only with its own time.
 *
 *   T1  a timer that is set is in one heap, and its key there is the deadline
 *   T2  t->cpu names the CPU in whose heap t is; it changes under that CPU's
 *       timer_lock only, so whoever finds it unchanged under the lock is sure.
 *       In no heap, t is its setter's: who took it out has let go of it before
 *   T3  the hardware is programmed no later than the root's deadline, or
 *       SOFTIRQ_TIMER is pending; it may be earlier, when a timer was stopped
 *   T4  a timer that was taken out to fire is its CPU's timer_firing, from
 *       before it is out until fire() has returned
 *
 * Lock: timer_lock of a CPU, never two at once; not held while firing.
 */
#include <hv/arch.h>
#include <hv/timer.h>

/* --- the heap: under timer_lock -------------------------------------------- */

static struct timer *timer_of(struct heap_node *n)
{
    return CONTAINER_OF(n, struct timer, node);
}

static void insert(struct cpu *c, struct timer *t)
{
    heap_insert(&c->timers, &t->node);
    __atomic_store_n(&t->cpu, c->id, __ATOMIC_RELAXED);
}

static void take_out(struct cpu *c, struct timer *t)
{
    heap_remove(&c->timers, &t->node);
    __atomic_store_n(&t->cpu, TIMER_NO_CPU, __ATOMIC_RELEASE); /* T2 */
}

/* Gives t, which is here or nowhere, this deadline; false: it is NS_NEVER. Most
 * timers that are set again can stay in their place. */
static bool place(struct cpu *c, struct timer *t, ns_t deadline)
{
    if (t->cpu == c->id) {
        if (deadline != NS_NEVER && heap_rekey(&t->node, deadline)) {
            return true;
        }
        take_out(c, t);
    }
    t->node.key = deadline;
    if (deadline != NS_NEVER) {
        insert(c, t);
    }
    return deadline != NS_NEVER;
}

/* --- setting and stopping ------------------------------------------------- */

void timer_init_cpu(struct cpu *c)
{
    spin_lock_init(&c->timer_lock, LOCK_TIMER);
    c->timers = NULL;
    c->timer_firing = NULL;
    c->timer_programmed = NS_NEVER;
}

void timer_init(struct timer *t, void (*fire)(void *), void *arg)
{
    *t = (struct timer){ .fire = fire, .arg = arg, .cpu = TIMER_NO_CPU };
}

/* T2: locks the CPU that has t, or returns NULL when none has. */
static struct cpu *lock_holder(const struct timer *t)
{
    for (;;) {
        uint32_t id = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
        struct cpu *c;

        if (id == TIMER_NO_CPU) {
            return NULL;
        }
        c = cpus[id];
        spin_lock(&c->timer_lock);
        if (__atomic_load_n(&t->cpu, __ATOMIC_RELAXED) == id) {
            return c;
        }
        spin_unlock(&c->timer_lock);
    }
}

void timer_stop_active(struct timer *t)
{
    struct cpu *c = lock_holder(t);

    if (c) {
        take_out(c, t);
        spin_unlock(&c->timer_lock);
    }
}

void timer_retire(struct timer *t)
{
    unsigned int i;

    timer_stop(t);
    for (i = 0; i < cpu_count; i++) {
        struct cpu *c = cpus[i];

        while (c != this_cpu() &&
               __atomic_load_n(&c->timer_firing, __ATOMIC_ACQUIRE) == t) {
            arch_relax();
        }
    }
}

/* T3, after the root of this CPU has become earlier. */
static void expect(struct cpu *c, ns_t deadline)
{
    if (deadline <= arch_now()) {
        softirq_raise(c, SOFTIRQ_TIMER);
    } else if (deadline < c->timer_programmed) {
        c->timer_programmed = deadline;
        arch_timer_program(deadline);
    }
}

void timer_set(struct timer *t, ns_t deadline)
{
    struct cpu *c = this_cpu();
    bool is_first;

    if (__atomic_load_n(&t->cpu, __ATOMIC_ACQUIRE) != c->id) {
        timer_stop(t);
    }
    spin_lock(&c->timer_lock);
    is_first = place(c, t, deadline) && c->timers == &t->node;
    spin_unlock(&c->timer_lock);
    if (is_first) {
        expect(c, deadline);
    }
}

void timer_bring(struct timer *t)
{
    uint32_t id = __atomic_load_n(&t->cpu, __ATOMIC_RELAXED);
    struct cpu *from;

    if (id == TIMER_NO_CPU || id == this_cpu()->id) {
        return;
    }
    from = lock_holder(t);
    if (from) { /* it did not fire meanwhile */
        take_out(from, t);
        spin_unlock(&from->timer_lock);
        timer_set(t, t->node.key);
    }
}

/* --- firing --------------------------------------------------------------- */

/* Takes the first timer out if it is due; otherwise says when to come back.
 * `now` is the caller's, and stands still: a timer that sets itself again to
 * a later time waits for the next round, however short that time is. */
static struct timer *take_due(struct cpu *c, ns_t now, ns_t *deadline)
{
    struct timer *t = NULL;

    spin_lock(&c->timer_lock);
    *deadline = c->timers ? c->timers->key : NS_NEVER;
    if (c->timers && *deadline <= now) {
        t = timer_of(c->timers);
        __atomic_store_n(&c->timer_firing, t, __ATOMIC_RELAXED);
        take_out(c, t);                                             /* T4 */
    }
    spin_unlock(&c->timer_lock);
    return t;
}

void timer_softirq(void)
{
    struct cpu *c = this_cpu();
    ns_t now = arch_now();
    ns_t deadline;
    struct timer *t;

    while ((t = take_due(c, now, &deadline)) != NULL) {
        t->fire(t->arg);
        __atomic_store_n(&c->timer_firing, NULL, __ATOMIC_RELEASE);
    }
    if (deadline != c->timer_programmed || deadline != NS_NEVER) {
        c->timer_programmed = deadline;
        arch_timer_program(deadline);
    }
}

/* --- audit ---------------------------------------------------------------- */

unsigned int timer_audit(struct cpu *c)
{
    unsigned int count;
    struct heap_node *n;

    spin_lock(&c->timer_lock);
    count = heap_audit(c->timers);
    for (n = c->timers; n; n = heap_next(n)) {
        BUG_ON(timer_of(n)->cpu != c->id);                          /* T2 */
    }
    spin_unlock(&c->timer_lock);
    return count;
}
