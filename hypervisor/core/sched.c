/* SPDX-License-Identifier: MIT */
/*
 * Who runs.
 *
 * Each CPU has a queue of vcpus that could run and takes turns: a vcpu keeps
 * the CPU until it sleeps, yields, or has had its slice while others waited.
 * A slice that passed while nobody waited is not renewed, so a vcpu that
 * wakes up beside a busy one does not wait for a whole slice.
 *
 * Changing to another vcpu happens at one point only, schedule(), called on
 * the exit path with no lock held. There the guest's registers are in one
 * frame on the CPU's stack, which arch_vcpu_switch() exchanges; the
 * hypervisor has no other context that would have to be kept.
 *
 *   S1  v is queued  <=>  state RUNNABLE, pause_count 0 and not on_cpu
 *   S2  state RUNNING implies on_cpu; a vcpu that is on_cpu and in another
 *       state leaves at the next schedule(), unless it is woken before
 *   S3  who makes a vcpu wait sets BLOCKED first and looks for a reason to be
 *       awake afterwards; who gives a reason does so first and looks at the
 *       state afterwards; with a full barrier between, on both sides, one of
 *       them sees the other, and no wake-up is lost
 *   S4  a vcpu never changes its CPU, so nobody restores what another CPU
 *       has not saved yet
 *
 * Lock: the CPU's sched_lock. Guest memory is not touched under it.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/sched.h>
#include <hv/time.h>
#include <hv/trace.h>
#include <xen/sched.h>

/* Idle vcpus want a domain, so that nobody has to ask whether there is one. */
static struct domain idle_domain = { .id = DOMID_IDLE };

struct idle_page {
    struct vcpu vcpu;
    struct vcpu_info info;
};
STATIC_ASSERT(sizeof(struct idle_page) <= PAGE_SIZE, "one page for both");

/* --- the queue: under sched_lock ------------------------------------------ */

static void queue_add(struct cpu *c, struct vcpu *v)
{
    ASSERT(!v->queued);
    v->queued = true;
    v->next_queued = NULL;
    if (c->runqueue_tail) {
        c->runqueue_tail->next_queued = v;
    } else {
        c->runqueue_head = v;
    }
    c->runqueue_tail = v;
    c->runqueue_count++;
}

static void queue_remove(struct cpu *c, struct vcpu *v)
{
    struct vcpu *before = NULL, *at = c->runqueue_head;

    while (at != v) {
        BUG_ON(!at); /* a queued vcpu is in its CPU's queue */
        before = at;
        at = at->next_queued;
    }
    if (before) {
        before->next_queued = v->next_queued;
    } else {
        c->runqueue_head = v->next_queued;
    }
    if (c->runqueue_tail == v) {
        c->runqueue_tail = before;
    }
    v->queued = false;
    v->next_queued = NULL;
    c->runqueue_count--;
}

/* What a vcpu that is not running is doing, for its accounts. */
static int runstate_of(const struct vcpu *v)
{
    if (v->state == VCPU_BLOCKED) {
        return RUNSTATE_blocked;
    }
    return v->state == VCPU_RUNNABLE && v->pause_count == 0
               ? RUNSTATE_runnable : RUNSTATE_offline;
}

/* S1, after the state or pause_count of a vcpu that is not on_cpu changed.
 * The first to wait makes the CPU look: it may be idle, or have to give the
 * running vcpu an end of its slice. */
static void settle(struct cpu *c, struct vcpu *v)
{
    bool can_run = v->state == VCPU_RUNNABLE && v->pause_count == 0;

    runstate_set(v, runstate_of(v), arch_now());
    if (can_run && !v->queued) {
        queue_add(c, v);
        if (c->runqueue_count == 1) {
            softirq_raise(c, SOFTIRQ_SCHEDULE);
        }
    } else if (!can_run && v->queued) {
        queue_remove(c, v);
    }
}

/* --- changes of state ----------------------------------------------------- */

/* Under sched_lock, but read without it by vcpu_wake() and by anyone who only
 * wants to know. */
static void set_state(struct vcpu *v, enum vcpu_state state)
{
    __atomic_store_n(&v->state, state, __ATOMIC_RELEASE);
}

static struct cpu *lock_cpu_of(const struct vcpu *v)
{
    struct cpu *c = cpus[v->cpu];

    spin_lock(&c->sched_lock);
    return c;
}

/*
 * A poll ends with the sleep. It must have ended when the state says so: the
 * vcpu, if it is still on its way out, sees the state without the lock, goes
 * on, and may poll again; that poll is not to be ended.
 */
static void end_poll(struct vcpu *v)
{
    uint32_t bit = 1u << v->id;

    if (__atomic_load_n(&v->domain->evtchn_pollers, __ATOMIC_RELAXED) & bit) {
        __atomic_fetch_and(&v->domain->evtchn_pollers, ~bit,
                           __ATOMIC_SEQ_CST);
    }
}

void vcpu_wake(struct vcpu *v)
{
    enum vcpu_state state = __atomic_load_n(&v->state, __ATOMIC_SEQ_CST);
    struct cpu *c;

    if (state == VCPU_RUNNING) {
        c = cpus[v->cpu];
        if (c != this_cpu()) {
            arch_kick(c);
        }
        return;
    }
    if (state != VCPU_BLOCKED) {
        return;
    }
    c = lock_cpu_of(v);
    if (v->state == VCPU_BLOCKED) {
        TRACE(WAKE, v->domain->id, v->id);
        end_poll(v);
        set_state(v, v->on_cpu ? VCPU_RUNNING : VCPU_RUNNABLE);
        if (!v->on_cpu) {
            settle(c, v);
        }
    }
    spin_unlock(&c->sched_lock);
}

void vcpu_block(struct vcpu *v)
{
    struct cpu *c = lock_cpu_of(v);

    ASSERT(v == current_vcpu());
    TRACE(BLOCK, v->domain->id, v->id);
    if (v->state == VCPU_RUNNING) {
        __atomic_exchange_n(&v->state, VCPU_BLOCKED, __ATOMIC_SEQ_CST);
        softirq_raise(c, SOFTIRQ_SCHEDULE);                         /* S3 */
    }
    spin_unlock(&c->sched_lock);
}

void vcpu_yield(struct vcpu *v)
{
    struct cpu *c = cpus[v->cpu];

    ASSERT(v == current_vcpu());
    TRACE(YIELD, v->domain->id, v->id);
    c->slice_end = 0;
    softirq_raise(c, SOFTIRQ_SCHEDULE);
}

void vcpu_stop(struct vcpu *v)
{
    struct cpu *c = lock_cpu_of(v);

    end_poll(v);
    set_state(v, VCPU_OFFLINE);
    if (v->on_cpu) {
        softirq_raise(c, SOFTIRQ_SCHEDULE);
    } else {
        settle(c, v);
    }
    spin_unlock(&c->sched_lock);
}

void vcpu_start(struct vcpu *v)
{
    struct cpu *c = lock_cpu_of(v);

    ASSERT(v->initialised);
    if (v->state == VCPU_OFFLINE) {
        set_state(v, v->on_cpu ? VCPU_RUNNING : VCPU_RUNNABLE);
        if (!v->on_cpu) {
            settle(c, v);
        }
    }
    spin_unlock(&c->sched_lock);
}

static void add_pause(struct vcpu *v, int n)
{
    struct cpu *c = lock_cpu_of(v);

    v->pause_count += n;
    ASSERT(v->pause_count >= 0);
    if (v->on_cpu) {
        softirq_raise(c, SOFTIRQ_SCHEDULE);
    } else {
        settle(c, v);
    }
    spin_unlock(&c->sched_lock);
}

void vcpu_pause(struct vcpu *v)
{
    add_pause(v, 1);
}

void vcpu_unpause(struct vcpu *v)
{
    add_pause(v, -1);
}

/* --- the switch ----------------------------------------------------------- */

/* Chooses, and does all of the bookkeeping of the change. */
static struct vcpu *choose(struct cpu *c, struct vcpu *prev, ns_t now)
{
    struct sched_view view = {
        .may_continue = !prev->is_idle && prev->state == VCPU_RUNNING &&
                        prev->pause_count == 0,
        .slice_over = now >= c->slice_end,
        .others_wait = c->runqueue_head != NULL,
    };
    enum sched_choice choice = sched_pick(view);
    struct vcpu *next;

    if (choice == SCHED_KEEP) {
        return prev;
    }
    next = choice == SCHED_FIRST ? c->runqueue_head : c->idle;
    if (next == prev) {
        return prev;
    }
    if (!prev->is_idle) {
        prev->on_cpu = false;
        if (prev->state == VCPU_RUNNING) {
            set_state(prev, VCPU_RUNNABLE);
        }
        if (view.may_continue) {
            queue_add(c, prev);
        }
    }
    if (!next->is_idle) {
        queue_remove(c, next);
        next->on_cpu = true;
        set_state(next, VCPU_RUNNING);
    }
    runstate_set(prev, prev->is_idle ? RUNSTATE_runnable : runstate_of(prev),
                 now);
    runstate_set(next, RUNSTATE_running, now);
    c->slice_end = now + SCHED_SLICE;
    return next;
}

/* A vcpu of a domain that crashed, or says so, has left its CPU: now its
 * registers are at hand. */
static void show_crash(struct vcpu *v)
{
    struct domain *d = v->domain;

    if (__atomic_load_n(&d->is_shut_down, __ATOMIC_SEQ_CST) &&
        __atomic_load_n(&d->shutdown_reason, __ATOMIC_RELAXED) ==
            SHUTDOWN_crash &&
        !__atomic_exchange_n(&d->crash_shown, true,
                                           __ATOMIC_SEQ_CST)) {
        vcpu_show(v);
    }
}

static void switch_vcpu(struct cpu *c, struct vcpu *prev, struct vcpu *next)
{
    if (!prev->is_idle) {
        time_vcpu_out(prev);
    }
    if (next->is_idle) {
        COUNT(switch_idle);
    } else {
        COUNT(switch_vcpu);
    }
    TRACE(SWITCH, prev->domain->id, prev->id, next->domain->id, next->id);
    c->current = next;
    arch_vcpu_switch(prev, next);
    if (!next->is_idle) {
        time_vcpu_in(next);
    }
    if (UNLIKELY(__atomic_load_n(&next->nmi_pending, __ATOMIC_RELAXED))) {
        softirq_raise(c, SOFTIRQ_NMI);
    }
    show_crash(prev);
}

void schedule(void)
{
    struct cpu *c = this_cpu();
    struct vcpu *prev = c->current, *next;
    ns_t now = arch_now();
    bool others_wait;

    spin_lock(&c->sched_lock);
    next = choose(c, prev, now);
    others_wait = c->runqueue_head != NULL;
    spin_unlock(&c->sched_lock);

    if (others_wait && !timer_is_active(&c->slice_timer)) {
        timer_set(&c->slice_timer, c->slice_end);
    }
    if (next != prev) {
        switch_vcpu(c, prev, next);
    } else if (!next->is_idle) {
        time_vcpu_kept(next);
    }
}

/* --- set-up --------------------------------------------------------------- */

static void slice_over(void *arg)
{
    softirq_raise(arg, SOFTIRQ_SCHEDULE);
}

void sched_init_cpu(struct cpu *c)
{
    struct idle_page *page = hv_alloc_pages(0);
    struct vcpu *v;

    if (!page) {
        panic("no memory for the idle vcpu of CPU %u", c->id);
    }
    page->info.evtchn_upcall_mask = 1;
    v = &page->vcpu;
    v->info = &page->info;
    v->is_idle = true;
    v->kernel_mode = true;
    v->domain = &idle_domain;
    v->id = c->id;
    v->cpu = c->id;
    v->state = VCPU_RUNNING;
    v->on_cpu = true;
    v->info_frame = INVALID_MFN;
    v->pv.kernel_table = INVALID_MFN;
    v->pv.user_table = INVALID_MFN;

    spin_lock_init(&c->sched_lock, LOCK_SCHED);
    c->runqueue_head = NULL;
    c->runqueue_tail = NULL;
    c->runqueue_count = 0;
    c->slice_end = 0;
    timer_init_cpu(c);
    timer_init(&c->slice_timer, slice_over, c);
    c->idle = v;
    c->current = v;
}

void sched_init_vcpu(struct vcpu *v)
{
    v->cpu = v->id % cpu_count;
    v->state = VCPU_OFFLINE;
    v->runstate.state = RUNSTATE_offline;
    v->runstate.state_entry_time = arch_now();
}

void sched_audit(struct cpu *c)
{
    const struct vcpu *v;
    uint32_t count = 0;

    spin_lock(&c->sched_lock);
    for (v = c->runqueue_head; v; v = v->next_queued) {
        BUG_ON(!v->queued || v->state != VCPU_RUNNABLE ||
               v->pause_count != 0 || v->on_cpu);                   /* S1 */
        BUG_ON(v->cpu != c->id);                                    /* S4 */
        BUG_ON(!v->next_queued && v != c->runqueue_tail);
        count++;
    }
    BUG_ON(count != c->runqueue_count);
    BUG_ON(!c->current->on_cpu);                                    /* S2 */
    spin_unlock(&c->sched_lock);
}
