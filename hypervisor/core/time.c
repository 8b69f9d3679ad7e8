/* SPDX-License-Identifier: MIT */
/*
 * Time, as guests see it.
 *
 * A guest reads the time-stamp counter itself and converts it with the
 * numbers in its vcpu_time_info: system time = system_time +
 * ((tsc - tsc_timestamp) << tsc_shift) * tsc_to_system_mul >> 32. They are
 * valid before a vcpu's first instruction, because the first thing some
 * kernels do with them is a division by the multiplier, and are written anew
 * when it comes to another CPU, whose counter may be another. The guest's own
 * reads may come in between from another vcpu, so a version counter is odd
 * while the numbers change.
 *
 * Run states are accounted on the way: how long a vcpu ran, could have run
 * but did not ("stolen"), slept, was offline. A guest may register linear
 * addresses for a copy of that, and of its time. Linear addresses mean
 * something only in guest kernel mode and only with the vcpu's own page table
 * loaded, so these copies are written when it comes in and when it leaves. If
 * it is in user mode then, areas_stale remembers it for later.
 *
 *   C1  an even version means that the numbers beside it belong together
 *   C2  the four times of a run state, with the running state's share up to
 *       now, add up to the time since the vcpu was made
 *   C3  the periodic tick comes only while its vcpu runs. Its timer is left
 *       where it was when the vcpu leaves; if it fires without it, that was
 *       all. The vcpu takes it along when it comes in, or sets it again; a
 *       tick missed meanwhile is delivered once. A sleeping vcpu is not woken
 *       by it: as on Xen, it needs the one-shot
 *
 * Locks: sched_lock for run states, as in sched.c. Manual: vcpu_op,
 * set_timer_op.
 */
#include <hv/arch.h>
#include <hv/evtchn.h>
#include <hv/hypercall.h>
#include <hv/time.h>
#include <hv/trace.h>

/* --- clocks --------------------------------------------------------------- */

/* C1. An x86 processor keeps the order of stores; the compiler has to. */
static void version_begin(uint32_t *version)
{
    __atomic_store_n(version, (*version + 1) | 1, __ATOMIC_RELAXED);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void version_end(uint32_t *version)
{
    __atomic_store_n(version, *version + 1, __ATOMIC_RELEASE);
}

void time_update_vcpu(struct vcpu *v)
{
    struct vcpu_time_info *time = &vcpu_info(v)->time;
    struct clock_params params;

    v->time_cpu = this_cpu()->id;
    arch_clock_params(&params);
    version_begin(&time->version);
    time->tsc_timestamp = params.tsc_stamp;
    time->system_time = params.system_time;
    time->tsc_to_system_mul = params.mul;
    time->tsc_shift = params.shift;
    time->flags = 0;
    version_end(&time->version);
}

void time_update_wallclock(struct domain *d)
{
    struct shared_info *shared = d->shared_info;
    uint64_t sec;
    uint32_t nsec;

    arch_wallclock(&sec, &nsec);
    version_begin(&shared->wc_version);
    shared->wc_sec = (uint32_t)sec;
    shared->xen_wc_sec_hi = (uint32_t)(sec >> 32);
    shared->wc_nsec = nsec;
    version_end(&shared->wc_version);
}

/* --- run states ----------------------------------------------------------- */

static void runstate_snapshot(struct vcpu *v, struct vcpu_runstate_info *out)
{
    spin_lock(&sched_lock);
    *out = v->runstate;
    spin_unlock(&sched_lock);
}

void runstate_read(struct vcpu *v, struct vcpu_runstate_info *out)
{
    ns_t now;

    runstate_snapshot(v, out);
    now = arch_now();
    if (now > out->state_entry_time) {
        out->time[out->state] += now - out->state_entry_time;
    }
}

/* --- registered areas ----------------------------------------------------- */

/* Any vcpu may register any other's areas, so their addresses are read once. */
static gva_t area_read(const gva_t *area)
{
    return GVA(__atomic_load_n(&area->v, __ATOMIC_RELAXED));
}

static void area_write(gva_t *area, gva_t va)
{
    __atomic_store_n(&area->v, va.v, __ATOMIC_RELAXED);
}

/*
 * With the update flag a reader knows an incomplete copy by the top bit of
 * state_entry_time; without it, by luck. The stores are in this order.
 */
static void copy_runstate(const struct vcpu *v, gva_t area,
                          struct vcpu_runstate_info copy)
{
    gva_t entry = GVA(area.v +
                      offsetof(struct vcpu_runstate_info, state_entry_time));
    uint32_t assists = __atomic_load_n(&v->domain->vm_assist,
                                       __ATOMIC_RELAXED);
    bool flagged = (assists >> VMASST_TYPE_runstate_update_flag) & 1;
    uint64_t mark = flagged ? XEN_RUNSTATE_UPDATE : 0;

    copy.state_entry_time |= mark;
    if (flagged && guest_store64(entry, copy.state_entry_time)) {
        return;
    }
    if (guest_copy_out(area, &copy, sizeof(copy)) || !flagged) {
        return;
    }
    (void)guest_store64(entry, copy.state_entry_time & ~mark);
}

static void copy_time(const struct vcpu *v, gva_t area)
{
    struct vcpu_time_info copy = vcpu_info(v)->time;
    uint32_t version = copy.version;

    copy.version = version | 1;
    if (guest_store32(area, copy.version) ||
        guest_copy_out(area, &copy, sizeof(copy))) {
        return;
    }
    (void)guest_store32(area, version & ~1u);
}

void time_refresh_areas(struct vcpu *v)
{
    gva_t runstate = area_read(&v->runstate_guest);
    gva_t time = area_read(&v->time_guest);

    if (runstate.v == 0 && time.v == 0) {
        return;
    }
    v->areas_stale = !v->kernel_mode;
    if (v->areas_stale) {
        return;
    }
    if (runstate.v != 0) {
        struct vcpu_runstate_info copy;

        /* A vcpu on its way out may be woken meanwhile. */
        runstate_snapshot(v, &copy);
        copy_runstate(v, runstate, copy);
    }
    if (time.v != 0) {
        copy_time(v, time);
    }
}

void time_register_runstate(struct vcpu *v, gva_t area)
{
    struct vcpu_runstate_info now;

    area_write(&v->runstate_guest, area);
    if (area.v != 0) {
        runstate_read(v, &now);
        copy_runstate(v, area, now);
    }
}

void time_register_time(struct vcpu *v, gva_t area)
{
    area_write(&v->time_guest, area);
    if (area.v != 0) {
        copy_time(v, area);
    }
}

/* --- the periodic tick ---------------------------------------------------- */

/* C3. Ticks that were missed are not made up for. */
static void tick(struct vcpu *v)
{
    ns_t period = __atomic_load_n(&v->periodic_period, __ATOMIC_RELAXED);
    ns_t now;

    if (period == 0) {
        return;
    }
    now = arch_now();
    if (now >= v->periodic_last + period) { /* clocks may differ a little */
        v->periodic_last = now;
        virq_raise_vcpu(v, VIRQ_TIMER);
    }
    timer_set(&v->periodic, v->periodic_last + period);
}

static void periodic_fired(void *arg)
{
    struct vcpu *v = arg;

    if (v == current_vcpu()) {
        tick(v);
    }
}

static void singleshot_fired(void *arg)
{
    virq_raise_vcpu(arg, VIRQ_TIMER);
}

/* Ends a poll, and nothing else: the timer may be left over from a poll that
 * an event ended. */
static void poll_timer_fired(void *arg)
{
    struct vcpu *v = arg;

    if (__atomic_load_n(&v->domain->evtchn_pollers, __ATOMIC_RELAXED) &
        (1u << v->id)) {
        vcpu_wake(v);
    }
}

void time_init_vcpu(struct vcpu *v)
{
    timer_init(&v->periodic, periodic_fired, v);
    timer_init(&v->singleshot, singleshot_fired, v);
    timer_init(&v->poll_timer, poll_timer_fired, v);
    v->periodic_period = PERIODIC_DEFAULT;
    time_update_vcpu(v);
}

void time_stop_vcpu(struct vcpu *v)
{
    timer_retire(&v->periodic);
    timer_retire(&v->singleshot);
    timer_retire(&v->poll_timer);
}

void time_set_periodic(struct vcpu *v, ns_t period)
{
    __atomic_store_n(&v->periodic_period, period, __ATOMIC_SEQ_CST);
    if (v == current_vcpu()) {
        timer_stop(&v->periodic);
        v->periodic_last = arch_now();
        tick(v);
        return;
    }
    /* A timer is set by its own CPU only: let that one pass time_vcpu_kept(). */
    timer_stop(&v->periodic);
    vcpu_softirq(v, SOFTIRQ_SCHEDULE);
}

/* --- coming and going ----------------------------------------------------- */

void time_vcpu_kept(struct vcpu *v)
{
    if (timer_is_active(&v->periodic)) {
        timer_bring(&v->periodic);
    } else {
        tick(v);
    }
}

static bool has_areas(const struct vcpu *v)
{
    return (area_read(&v->runstate_guest).v | area_read(&v->time_guest).v) != 0;
}

void time_vcpu_in(struct vcpu *v)
{
    if (v->time_cpu != this_cpu()->id) {
        time_update_vcpu(v);
    }
    timer_bring(&v->singleshot);
    time_vcpu_kept(v);
    if (has_areas(v)) {
        time_refresh_areas(v);
    }
}

void time_vcpu_out(struct vcpu *v)
{
    if (has_areas(v)) {
        time_refresh_areas(v);
    }
}

/* --- set_timer_op --------------------------------------------------------- */

void time_set_singleshot(struct vcpu *v, ns_t deadline)
{
    timer_set(&v->singleshot, deadline);
}

#define FAR_FUTURE (1ull << 50) /* 13 days */

/*
 * Kernels were seen that ask for a deadline far away or (it is a signed
 * number to the ABI, so that is the same) for a negative one: some because of
 * pending work, some because they have none. A tenth of a second serves both.
 */
int64_t hc_set_timer_op(uint64_t deadline, uint64_t a1, uint64_t a2,
                        uint64_t a3, uint64_t a4)
{
    struct vcpu *v = current_vcpu();
    ns_t now;

    if (deadline == 0) {
        timer_stop(&v->singleshot);
        return 0;
    }
    now = arch_now();
    if (deadline > now && deadline - now >= FAR_FUTURE) {
        deadline = now + 100 * NS_PER_MS;
    }
    time_set_singleshot(v, deadline);
    return 0;
}
