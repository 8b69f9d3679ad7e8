/* SPDX-License-Identifier: MIT */
/*
 * Who runs, and where.
 *
 * All CPUs take from one queue. Whose turn it is, and when the running one's
 * is over, are the rules of hv/runqueue.h; this file is the shell around
 * them: states of vcpus, CPUs that are to be told, and the change from one
 * vcpu to another.
 *
 * That happens at one point only, schedule(), called on the exit path with no
 * lock held. There the guest's registers are in one frame on the CPU's stack,
 * which arch_vcpu_switch() exchanges; the hypervisor has no other context
 * that would have to be kept.
 *
 *   S1  v is in the queue  <=>  state RUNNABLE, pause_count 0 and not on_cpu
 *   S2  state RUNNING implies on_cpu; a vcpu that is on_cpu and in another
 *       state leaves at the next schedule(), unless it is woken before
 *   S3  who makes a vcpu wait sets BLOCKED first and looks for a reason to be
 *       awake afterwards; who gives a reason does so first and looks at the
 *       state afterwards; with a full barrier between, on both sides, one of
 *       them sees the other, and no wake-up is lost
 *   S4  a vcpu that has left a CPU may be chosen by another before the first
 *       has saved it. `saved` says when: the newcomer's CPU waits for it, and
 *       the first sets it before it waits for anything itself
 *   S5  no CPU idles while a vcpu waits: who puts one into the queue takes a
 *       CPU out of `idle`, if there is one, and has it look; so more wait
 *       than CPUs are about to look only where no CPU is in `idle`
 *
 * A busy CPU looks at least once in a slice, by a timer of its own. The timer
 * is armed when it is found not to be, and otherwise left alone: it fires
 * early for a vcpu that came meanwhile, and is then set to the end of its
 * slice. So changing vcpus does not touch it.
 *
 * Lock: sched_lock, one for all. Guest memory is not touched under it.
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

struct spinlock sched_lock = SPINLOCK(LOCK_SCHED);
static struct runqueue queue;
static cpumask_t idle; /* CPUs that have nothing to do, and were not told (S5) */

static struct vcpu *vcpu_of(struct turn *t)
{
    return CONTAINER_OF(t, struct vcpu, turn);
}

static cpumask_t bit_of(const struct cpu *c)
{
    return (cpumask_t)1 << c->id;
}

/* --- the queue: under sched_lock ------------------------------------------ */

/*
 * S5, after v has come into the queue. A CPU that idles is best, and best of
 * those the one that v knows, then the one that we are on. If all are busy,
 * v takes over from who runs where it ran, or waits for the end of a slice.
 */
static void find_cpu(const struct vcpu *v, ns_t now)
{
    struct cpu *c = cpus[v->cpu];

    if (idle != 0) {
        if ((idle & bit_of(c)) == 0) {
            c = idle & bit_of(this_cpu())
                    ? this_cpu() : cpus[__builtin_ctzll(idle)];
        }
        idle &= ~bit_of(c);
        softirq_raise(c, SOFTIRQ_SCHEDULE);
    } else if (!c->scheduled->is_idle && now > c->since &&
               turn_takes_over(&v->turn, c->scheduled->turn.node.key +
                                             (now - c->since))) {
        softirq_raise(c, SOFTIRQ_SCHEDULE);
    }
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

/* It has not waited, and may run. */
static ALWAYS_INLINE void line_up(struct vcpu *v, ns_t now)
{
    runstate_set(v, RUNSTATE_runnable, now);
    runqueue_join(&queue, &v->turn);
    find_cpu(v, now);
}

/* S1 and S2, after the state or pause_count of a vcpu changed: if it is on a
 * CPU, that one sees to it. */
static void settle(struct vcpu *v)
{
    ns_t now;

    if (v->on_cpu) {
        softirq_raise(cpus[v->cpu], SOFTIRQ_SCHEDULE);
        return;
    }
    now = arch_now();
    if (v->state != VCPU_RUNNABLE || v->pause_count != 0) {
        runstate_set(v, runstate_of(v), now);
        if (v->turn.waits) {
            runqueue_leave(&queue, &v->turn);
        }
    } else if (!v->turn.waits) {
        line_up(v, now);
    }
}

/* --- changes of state ----------------------------------------------------- */

/* Under sched_lock, but read without it by vcpu_wake() and by anyone who only
 * wants to know; and the vcpu itself goes from RUNNING to BLOCKED without. */
static enum vcpu_state state_of(const struct vcpu *v)
{
    return __atomic_load_n(&v->state, __ATOMIC_RELAXED);
}

static void set_state(struct vcpu *v, enum vcpu_state state)
{
    __atomic_store_n(&v->state, state, __ATOMIC_RELEASE);
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

/* Back from BLOCKED or OFFLINE. One that has not left its CPU yet stays. */
static ALWAYS_INLINE void make_runnable(struct vcpu *v)
{
    if (v->on_cpu) {
        set_state(v, VCPU_RUNNING);
        return;
    }
    set_state(v, VCPU_RUNNABLE);
    if (v->pause_count == 0) {
        line_up(v, arch_now());
    } else {
        settle(v);
    }
}

/*
 * The vcpu may change CPUs between our two looks. Then its new CPU has passed,
 * or will pass, its exit path after the reason was given, and the kick of
 * another does no harm.
 */
void vcpu_wake(struct vcpu *v)
{
    enum vcpu_state state = __atomic_load_n(&v->state, __ATOMIC_SEQ_CST);

    if (state == VCPU_RUNNING) {
        struct cpu *c = cpus[__atomic_load_n(&v->cpu, __ATOMIC_RELAXED)];

        if (c != this_cpu()) {
            arch_kick(c);
        }
        return;
    }
    if (state != VCPU_BLOCKED) {
        return;
    }
    spin_lock(&sched_lock);
    if (state_of(v) == VCPU_BLOCKED) {
        TRACE(WAKE, v->domain->id, v->id);
        end_poll(v);
        make_runnable(v);
    }
    spin_unlock(&sched_lock);
}

/* No lock: only the vcpu itself goes from RUNNING to BLOCKED, and a change
 * that somebody else makes meanwhile wins. */
void vcpu_block(struct vcpu *v)
{
    enum vcpu_state running = VCPU_RUNNING;

    ASSERT(v == current_vcpu());
    TRACE(BLOCK, v->domain->id, v->id);
    if (__atomic_compare_exchange_n(&v->state, &running, VCPU_BLOCKED, false,
                                    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
        softirq_raise(this_cpu(), SOFTIRQ_SCHEDULE);                /* S3 */
    } else {
        end_poll(v); /* stopped before it began */
    }
}

void vcpu_yield(struct vcpu *v)
{
    struct cpu *c = this_cpu();

    ASSERT(v == c->current);
    TRACE(YIELD, v->domain->id, v->id);
    if (runqueue_count(&queue) != 0) {
        c->slice_end = 0;
        softirq_raise(c, SOFTIRQ_SCHEDULE);
    }
}

void vcpu_stop(struct vcpu *v)
{
    spin_lock(&sched_lock);
    end_poll(v);
    set_state(v, VCPU_OFFLINE);
    settle(v);
    spin_unlock(&sched_lock);
}

void vcpu_start(struct vcpu *v)
{
    ASSERT(v->initialised);
    spin_lock(&sched_lock);
    if (state_of(v) == VCPU_OFFLINE) {
        make_runnable(v);
    }
    spin_unlock(&sched_lock);
}

static void add_pause(struct vcpu *v, int n)
{
    spin_lock(&sched_lock);
    v->pause_count += n;
    ASSERT(v->pause_count >= 0);
    settle(v);
    spin_unlock(&sched_lock);
}

void vcpu_pause(struct vcpu *v)
{
    add_pause(v, 1);
}

void vcpu_unpause(struct vcpu *v)
{
    add_pause(v, -1);
}

void vcpu_softirq(struct vcpu *v, enum softirq s)
{
    spin_lock(&sched_lock);
    if (v->on_cpu) {
        softirq_raise(cpus[v->cpu], s);
    }
    spin_unlock(&sched_lock);
}

/* --- the switch ----------------------------------------------------------- */

/* S5: an idle vcpu comes and goes with its CPU's bit. */
static void leave(struct cpu *c, struct vcpu *v, bool can_run, ns_t now)
{
    if (v->is_idle) {
        idle &= ~bit_of(c);
        runstate_set(v, RUNSTATE_runnable, now);
        return;
    }
    v->on_cpu = false;
    if (can_run) {
        set_state(v, VCPU_RUNNABLE);
        runstate_set(v, RUNSTATE_runnable, now);
        runqueue_return(&queue, &v->turn);
        find_cpu(v, now);
        return;
    }
    if (v->state == VCPU_RUNNING) { /* paused */
        set_state(v, VCPU_RUNNABLE);
    }
    runstate_set(v, runstate_of(v), now);
}

static void enter(struct cpu *c, struct vcpu *v, ns_t now)
{
    runstate_set(v, RUNSTATE_running, now);
    if (v->is_idle) {
        idle |= bit_of(c);
        return;
    }
    __atomic_store_n(&v->cpu, c->id, __ATOMIC_RELAXED);
    v->on_cpu = true;
    set_state(v, VCPU_RUNNING);
    turn_begin(&queue, &v->turn);
}

/* prev has had the CPU until now. NULL: it can not go on. */
static struct turn *charge(struct cpu *c, struct vcpu *prev, ns_t now)
{
    if (prev->is_idle) {
        return NULL;
    }
    turn_charge(&prev->turn, now - c->since);
    if (c->slice_end == 0) {
        turn_yield(&queue, &prev->turn);
    }
    return prev->state == VCPU_RUNNING && prev->pause_count == 0
               ? &prev->turn : NULL;
}

/* Chooses, and does all of the bookkeeping of the change. */
static struct vcpu *choose(struct cpu *c, struct vcpu *prev, ns_t now)
{
    struct turn *running = charge(c, prev, now);
    bool slice_over = now >= c->slice_end;
    enum sched_choice choice = sched_pick(&queue, running, slice_over);
    struct vcpu *next;

    c->since = now;
    if (choice == SCHED_KEEP && !slice_over) {
        return prev;
    }
    c->slice_end = now + SCHED_SLICE;
    if (choice == SCHED_KEEP) {
        turn_begin(&queue, running);
        return prev;
    }
    if (choice == SCHED_FIRST) {
        next = vcpu_of(runqueue_first(&queue));
        runqueue_leave(&queue, &next->turn);
    } else if (!prev->is_idle) {
        next = c->idle;
    } else {
        idle |= bit_of(c); /* it was told, and found nothing */
        return prev;
    }
    leave(c, prev, running != NULL, now);
    enter(c, next, now);
    c->scheduled = next;
    return next;
}

void vcpu_set_saved(struct vcpu *v)
{
    __atomic_store_n(&v->saved, true, __ATOMIC_RELEASE);
}

void vcpu_await_saved(struct vcpu *v)
{
    while (!__atomic_load_n(&v->saved, __ATOMIC_ACQUIRE)) {
        arch_relax();
    }
    __atomic_store_n(&v->saved, false, __ATOMIC_RELAXED);
}

/* A vcpu of a domain that crashed, or says so, has left its CPU: now its
 * registers are at hand. */
static void show_crash(struct vcpu *v)
{
    struct domain *d = v->domain;

    if (__atomic_load_n(&d->is_shut_down, __ATOMIC_SEQ_CST) &&
        __atomic_load_n(&d->shutdown_reason, __ATOMIC_RELAXED) ==
            SHUTDOWN_crash &&
        !__atomic_exchange_n(&d->crash_shown, true, __ATOMIC_SEQ_CST)) {
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

    spin_lock(&sched_lock);
    next = choose(c, prev, now);
    spin_unlock(&sched_lock);

    if (!next->is_idle && !timer_is_active(&c->slice_timer)) {
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

    if (c->id == 0) {
        queue = (struct runqueue){ .root = NULL };
        idle = 0;
    }
    timer_init_cpu(c);
    timer_init(&c->slice_timer, slice_over, c);
    c->slice_end = 0;
    c->idle = v;
    c->current = v;
    c->scheduled = v;
}

void sched_init_vcpu(struct vcpu *v)
{
    v->cpu = v->id % cpu_count;
    v->saved = true;
    v->state = VCPU_OFFLINE;
    v->runstate.state = RUNSTATE_offline;
    v->runstate.state_entry_time = arch_now();
}

/* --- audit: under sched_lock ---------------------------------------------- */

static void audit_queue(void)
{
    const struct heap_node *n;

    BUG_ON(heap_audit(queue.root) != queue.count);
    for (n = queue.root; n; n = heap_next(n)) {
        BUG_ON(n->key > queue.latest);                              /* Q2 */
    }
}

static void audit_domain(const struct domain *d)
{
    unsigned int i;

    for (i = 0; i < d->vcpu_count; i++) {
        const struct vcpu *v = d->vcpus[i];
        bool can_run = v->state == VCPU_RUNNABLE && v->pause_count == 0;

        BUG_ON(v->turn.waits != (can_run && !v->on_cpu));           /* S1 */
        BUG_ON(v->on_cpu != (cpus[v->cpu]->scheduled == v));
        BUG_ON(v->state == VCPU_RUNNING && !v->on_cpu);             /* S2 */
    }
}

/* S5. Who idles and is not in the mask has been told to look. */
static void audit_idle(void)
{
    uint32_t looking = 0;
    unsigned int i;

    for (i = 0; i < cpu_count; i++) {
        bool idles = cpus[i]->scheduled->is_idle;
        bool is_in_mask = (idle & bit_of(cpus[i])) != 0;

        BUG_ON(is_in_mask && !idles);
        looking += idles && !is_in_mask;
    }
    BUG_ON(idle != 0 && queue.count > looking);
}

void sched_audit(void)
{
    unsigned int i;

    spin_lock(&sched_lock);
    audit_queue();
    audit_idle();
    for (i = 0; i < DOMAINS_MAX; i++) {
        if (domains[i]) {
            audit_domain(domains[i]);
        }
    }
    spin_unlock(&sched_lock);
}
