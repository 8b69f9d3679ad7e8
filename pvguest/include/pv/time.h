/* SPDX-License-Identifier: MIT */
#ifndef PV_TIME_H
#define PV_TIME_H

#include <pv/types.h>

/* Binds VIRQ_TIMER and stops the periodic tick. */
void time_init(void);

/* Count ticks again, after somebody else has listened to time_port. */
void time_restore_handler(void);

/* Nanoseconds of system time, never running backwards. */
uint64_t time_now_ns(void);

/* Seconds since the epoch, as the hypervisor tells it. */
uint64_t time_wallclock_s(void);

/* Sleep (blocked, not spinning) until the given moment. */
void time_sleep_until_ns(uint64_t deadline_ns);

/* Arm this vCPU's one-shot timer; the past fires at once. */
int time_set_singleshot(uint64_t deadline_ns);

extern volatile unsigned long time_tick_count;
extern evtchn_port_t time_port;

/* Raw clock record of this vCPU and its evaluation at a TSC value. */
uint64_t time_scale(const struct vcpu_time_info *time, uint64_t tsc);

#endif
