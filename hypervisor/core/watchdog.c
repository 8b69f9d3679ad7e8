/* SPDX-License-Identifier: MIT */
/*
 * Watchdogs: a domain that hangs ends itself.
 *
 * A kernel, or a daemon that stands for the health of all its user space,
 * sets a time some seconds ahead and sets it anew before it has come. When it
 * does come, the domain is shut down with SHUTDOWN_watchdog. A domain has two,
 * each with a number from 1; 0 asks for one that is free.
 *
 * Lock: d->lock. Manual: SCHEDOP_watchdog.
 */
#include <hv/arch.h>
#include <hv/sched_op.h>
#include <xen/errno.h>

static void bark(void *arg)
{
    domain_shutdown(arg, SHUTDOWN_watchdog);
}

void watchdog_init(struct domain *d)
{
    unsigned int i;

    for (i = 0; i < WATCHDOGS; i++) {
        timer_init(&d->watchdogs[i], bark, d);
    }
}

void watchdog_stop(struct domain *d)
{
    unsigned int i;

    for (i = 0; i < WATCHDOGS; i++) {
        timer_retire(&d->watchdogs[i]);
    }
}

/* Seconds to a deadline; 2^32 of them are far from wrapping. */
static void set(struct domain *d, unsigned int n, uint32_t seconds)
{
    timer_set(&d->watchdogs[n], arch_now() + 1000 * NS_PER_MS * seconds);
}

static int take_free(struct domain *d, uint32_t seconds)
{
    unsigned int n;

    for (n = 0; n < WATCHDOGS; n++) {
        if ((d->watchdogs_used & 1u << n) == 0) {
            d->watchdogs_used |= 1u << n;
            set(d, n, seconds);
            return (int)n + 1;
        }
    }
    return -XEN_ENOSPC;
}

static int change(struct domain *d, unsigned int n, uint32_t seconds)
{
    if ((d->watchdogs_used & 1u << n) == 0) {
        return -XEN_EINVAL;
    }
    if (seconds != 0) {
        set(d, n, seconds);
        return 0;
    }
    timer_stop(&d->watchdogs[n]);
    d->watchdogs_used &= ~(1u << n);
    return 0;
}

int sched_op_watchdog(struct domain *d, struct sched_watchdog *op)
{
    int result;

    if (op->id > WATCHDOGS) {
        return -XEN_EINVAL;
    }
    spin_lock(&d->lock);
    result = op->id == 0 ? take_free(d, op->timeout)
                         : change(d, op->id - 1, op->timeout);
    spin_unlock(&d->lock);
    return result;
}
