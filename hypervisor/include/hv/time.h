/* SPDX-License-Identifier: MIT */
/*
 * Time as guests see it (core/time.c): vcpu_time_info, wall clock, run-state
 * accounting, and the two timers of a vcpu.
 */
#ifndef HV_TIME_H
#define HV_TIME_H

#include <hv/domain.h>
#include <hv/trace.h>

#define PERIODIC_DEFAULT (10 * NS_PER_MS)
#define PERIODIC_MIN NS_PER_MS

/* Prepares the timers of a new vcpu. */
void time_init_vcpu(struct vcpu *v);

/* Writes the vcpu's vcpu_time_info, version odd meanwhile. The vcpu is
 * current, or does not run. */
void time_update_vcpu(struct vcpu *v);

/* Writes the wall clock into shared_info. */
void time_update_wallclock(struct domain *d);

/* The vcpu has begun to run here: its clock, timers and areas. */
void time_vcpu_in(struct vcpu *v);
/* The scheduler looked, and it goes on. */
void time_vcpu_kept(struct vcpu *v);
/* The current vcpu is about to leave; its page table is still loaded. */
void time_vcpu_out(struct vcpu *v);

/*
 * Copies run state and time to the areas that the current vcpu registered.
 * They are kernel addresses, so in user mode only areas_stale is set: whoever
 * switches such a vcpu to kernel mode calls this again.
 */
void time_refresh_areas(struct vcpu *v);

/*
 * Registers an area of the current domain's kernel for v, which may be another
 * vcpu than the current one, and fills it; 0 ends the copying. An area that
 * can not be written is left alone.
 */
void time_register_runstate(struct vcpu *v, gva_t area);
void time_register_time(struct vcpu *v, gva_t area);

/* Enters a run state; under sched_lock, or before v is seen. */
static inline void runstate_set(struct vcpu *v, int state, ns_t now)
{
    struct vcpu_runstate_info *r = &v->runstate;
    int before = r->state;

    if (before == state) {
        return;
    }
    r->state = state;
    /* Clocks of two CPUs may differ a little: never count backwards. */
    if (now > r->state_entry_time) {
        r->time[before] += now - r->state_entry_time;
        r->state_entry_time = now;
    }
    if (UNLIKELY(trace_mask != 0)) {
        trace_runstate(v->domain->id, v->id, before, state);
    }
}

/* The accounts up to now, the running state included. Takes sched_lock. */
void runstate_read(struct vcpu *v, struct vcpu_runstate_info *out);

/* The vcpu's periodic tick; period 0 stops it. */
void time_set_periodic(struct vcpu *v, ns_t period);

/* The one-shot timer of the current vcpu: VIRQ_TIMER at this system time. */
void time_set_singleshot(struct vcpu *v, ns_t deadline);

/* Stops everything that could still fire for v. */
void time_stop_vcpu(struct vcpu *v);

#endif
