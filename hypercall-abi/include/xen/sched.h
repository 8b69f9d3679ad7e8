/* SPDX-License-Identifier: MIT */
/*
 * sched_op(cmd, argument): how a guest gives up the CPU, for a while or for
 * good. A guest that waits must say so; a loop around HLT is not possible.
 */
#ifndef XENIOS_XEN_SCHED_H
#define XENIOS_XEN_SCHED_H

#include "event_channel.h"

/* Let others run; runnable again at once. No argument. */
#define SCHEDOP_yield 0

/*
 * Unmask upcalls, then sleep until one is pending. Both in one step, so
 * that an event between test and sleep is not lost. No argument.
 */
#define SCHEDOP_block 1

/* End of the domain, with a reason. Does not return, suspend excepted. */
#define SCHEDOP_shutdown 2
struct sched_shutdown {
    unsigned int reason;    /* IN: SHUTDOWN_* */
};
typedef struct sched_shutdown sched_shutdown_t;
DEFINE_XEN_GUEST_HANDLE(sched_shutdown_t);

/*
 * Sleep until a listed port is pending or the time has come, whether or not
 * upcalls are masked. At most 128 ports.
 */
#define SCHEDOP_poll 3
struct sched_poll {
    XEN_GUEST_HANDLE(evtchn_port_t) ports;  /* IN: array */
    unsigned int nr_ports;                  /* IN */
    uint64_t timeout;   /* IN: system time in ns; 0 waits without end */
};
typedef struct sched_poll sched_poll_t;
DEFINE_XEN_GUEST_HANDLE(sched_poll_t);

/* The control domain declares that another domain has shut down. */
#define SCHEDOP_remote_shutdown 4
struct sched_remote_shutdown {
    domid_t domain_id;      /* IN */
    unsigned int reason;    /* IN: SHUTDOWN_* */
};
typedef struct sched_remote_shutdown sched_remote_shutdown_t;
DEFINE_XEN_GUEST_HANDLE(sched_remote_shutdown_t);

/* Announce the reason (struct sched_shutdown) before the shutdown itself. */
#define SCHEDOP_shutdown_code 5

/* A timer that shuts the domain down unless it is set again in time. */
#define SCHEDOP_watchdog 6
struct sched_watchdog {
    uint32_t id;        /* IN: 0 makes one, and its number is returned */
    uint32_t timeout;   /* IN: seconds from now; 0 removes it */
};
typedef struct sched_watchdog sched_watchdog_t;
DEFINE_XEN_GUEST_HANDLE(sched_watchdog_t);

/* Tie the calling vCPU to one CPU, for the first domain's firmware calls. */
#define SCHEDOP_pin_override 7
struct sched_pin_override {
    int32_t pcpu;       /* IN: negative ends it */
};
typedef struct sched_pin_override sched_pin_override_t;
DEFINE_XEN_GUEST_HANDLE(sched_pin_override_t);

#define SHUTDOWN_poweroff 0
#define SHUTDOWN_reboot 1
#define SHUTDOWN_suspend 2      /* saved; may go on elsewhere */
#define SHUTDOWN_crash 3        /* the guest gave up */
#define SHUTDOWN_watchdog 4     /* its watchdog did */
#define SHUTDOWN_soft_reset 5   /* start again with the same memory */
#define SHUTDOWN_MAX 5

#endif /* XENIOS_XEN_SCHED_H */
