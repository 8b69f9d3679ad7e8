/* SPDX-License-Identifier: MIT */
/*
 * Deadlines.
 *
 * Each CPU keeps its timers in a pairing heap: a tree in which no timer is
 * earlier than its parent, every node with any number of children. Two heaps
 * are merged by making the later root a child of the earlier one, and that is
 * the only operation there is: inserting merges with a heap of one; removing
 * cuts a subtree off, takes its top away and merges its children pairwise and
 * then into the rest. Inserting is constant, removing logarithmic on average,
 * and the links live in the timers: nothing is allocated, nothing can be
 * full, and a guest with many timers pays only with its own time.
 *
 *   T1  no timer is earlier than its parent
 *   T2  t->cpu names the CPU in whose heap t is; it changes under that CPU's
 *       timer_lock only, so whoever finds it unchanged under the lock is sure
 *   T3  the hardware is programmed no later than the root's deadline, or
 *       SOFTIRQ_TIMER is pending; it may be earlier, when a timer was stopped
 *
 * Lock: timer_lock of a CPU, never two at once; not held while firing.
 */
#include <hv/arch.h>
#include <hv/timer.h>

/* --- the heap ------------------------------------------------------------- */

/* Merges two non-empty heaps whose roots have no siblings. */
static struct timer *merge(struct timer *a, struct timer *b)
{
    if (b->deadline < a->deadline) {
        struct timer *t = a;

        a = b;
        b = t;
    }
    b->prev = a;
    b->next = a->child;
    if (b->next) {
        b->next->prev = b;
    }
    a->child = b;
    return a;
}

/* Merges a list of siblings into one heap: neighbours first, front to back,
 * then the pairs, back to front; this order makes it logarithmic. */
static struct timer *merge_siblings(struct timer *first)
{
    struct timer *pairs = NULL; /* through next, the last pair first */
    struct timer *root = NULL;

    while (first) {
        struct timer *a = first, *b = a->next;

        first = b ? b->next : NULL;
        a->next = NULL;
        if (b) {
            b->next = NULL;
            a = merge(a, b);
        }
        a->next = pairs;
        pairs = a;
    }
    while (pairs) {
        struct timer *a = pairs;

        pairs = a->next;
        a->next = NULL;
        root = root ? merge(root, a) : a;
    }
    if (root) {
        root->prev = NULL;
    }
    return root;
}

static void heap_insert(struct cpu *c, struct timer *t)
{
    t->child = NULL;
    t->next = NULL;
    t->prev = NULL;
    c->timer_root = c->timer_root ? merge(c->timer_root, t) : t;
    c->timer_root->prev = NULL;
    __atomic_store_n(&t->cpu, c->id, __ATOMIC_RELAXED);
}

static void heap_remove(struct cpu *c, struct timer *t)
{
    struct timer *below = merge_siblings(t->child);

    if (t == c->timer_root) {
        c->timer_root = below;
    } else {
        if (t->prev->child == t) {
            t->prev->child = t->next;
        } else {
            t->prev->next = t->next;
        }
        if (t->next) {
            t->next->prev = t->prev;
        }
        if (below) {
            c->timer_root = merge(c->timer_root, below);
        }
    }
    t->child = NULL;
    t->next = NULL;
    t->prev = NULL;
    __atomic_store_n(&t->cpu, TIMER_NO_CPU, __ATOMIC_RELAXED);
}

/* --- setting and stopping ------------------------------------------------- */

void timer_init_cpu(struct cpu *c)
{
    spin_lock_init(&c->timer_lock, LOCK_TIMER);
    c->timer_root = NULL;
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

void timer_stop(struct timer *t)
{
    struct cpu *c = lock_holder(t);

    if (c) {
        heap_remove(c, t);
        spin_unlock(&c->timer_lock);
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

    if (__atomic_load_n(&t->cpu, __ATOMIC_RELAXED) != c->id) {
        timer_stop(t);
    }
    spin_lock(&c->timer_lock);
    if (t->cpu == c->id) {
        heap_remove(c, t);
    }
    t->deadline = deadline;
    if (deadline == NS_NEVER) {
        spin_unlock(&c->timer_lock);
        return;
    }
    heap_insert(c, t);
    is_first = c->timer_root == t;
    spin_unlock(&c->timer_lock);
    if (is_first) {
        expect(c, deadline);
    }
}

/* --- firing --------------------------------------------------------------- */

/* Takes the first timer out if it is due; otherwise says when to come back.
 * `now` is the caller's, and stands still: a timer that sets itself again to
 * a later time waits for the next round, however short that time is. */
static struct timer *take_due(struct cpu *c, ns_t now, ns_t *deadline)
{
    struct timer *t;

    spin_lock(&c->timer_lock);
    t = c->timer_root;
    *deadline = t ? t->deadline : NS_NEVER;
    if (t && t->deadline <= now) {
        heap_remove(c, t);
    } else {
        t = NULL;
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
    }
    if (deadline != c->timer_programmed || deadline != NS_NEVER) {
        c->timer_programmed = deadline;
        arch_timer_program(deadline);
    }
}

/* --- audit ---------------------------------------------------------------- */

/* The timer after t in a walk of the whole tree: down, across, or up and
 * across. Ups are found by prev: of a first child it is the parent. */
static struct timer *next_in_tree(struct timer *t)
{
    if (t->child) {
        return t->child;
    }
    while (t && !t->next) {
        while (t->prev && t->prev->next == t) {
            t = t->prev;
        }
        t = t->prev;
    }
    return t ? t->next : NULL;
}

unsigned int timer_audit(struct cpu *c)
{
    unsigned int count = 0;
    struct timer *t;

    spin_lock(&c->timer_lock);
    BUG_ON(c->timer_root && (c->timer_root->prev || c->timer_root->next));
    for (t = c->timer_root; t; t = next_in_tree(t)) {
        const struct timer *child;

        BUG_ON(t->cpu != c->id);                                    /* T2 */
        BUG_ON(t->next && t->next->prev != t);
        BUG_ON(t->child && t->child->prev != t);
        for (child = t->child; child; child = child->next) {
            BUG_ON(child->deadline < t->deadline);                  /* T1 */
        }
        count++;
    }
    spin_unlock(&c->timer_lock);
    return count;
}
