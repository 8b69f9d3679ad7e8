/* SPDX-License-Identifier: MIT */
/*
 * Ticket locks with ranks.
 *
 * The hypervisor runs with interrupts off from its first instruction after
 * the guest to its last before it, so a lock never needs an irq-save form.
 * While a CPU waits it keeps answering TLB-flush requests (arch_relax), or
 * two CPUs, one waiting for a lock and one for a flush, would wait for ever.
 *
 * enum lock_rank IS the lock order: a CPU may take a lock only of a higher
 * rank than all it holds. Two locks of one rank: lower address first, by
 * spin_lock_second(). Debug and host builds panic on a violation.
 */
#ifndef HV_LOCK_H
#define HV_LOCK_H

#include <hv/bug.h>
#include <hv/types.h>

enum lock_rank {
    LOCK_DOMAIN_LIST = 1, /* the table of domains */
    LOCK_DOMAIN,          /* a domain's life cycle and its pages' totals */
    LOCK_EVTCHN,          /* a domain's ports */
    LOCK_EVTCHN_QUEUE,    /* a domain's FIFO queues of ports */
    LOCK_SCHED,           /* the queue of all CPUs, and what runs there */
    LOCK_TIMER,           /* a CPU's deadline heap */
    LOCK_PAGE_ALLOC,      /* the frame allocator */
    LOCK_CONSOLE_RING,    /* the hypervisor's end of a guest's console */
    LOCK_CONSOLE,         /* the UART and the console buffers */
    LOCK_TEST,            /* for tests */
    LOCK_RANKS
};

struct spinlock {
    uint16_t next;  /* ticket given to the next comer */
    uint16_t owner; /* ticket being served */
    uint16_t rank;  /* enum lock_rank */
    uint16_t cpu;   /* holder + 1, for panic's list; 0 when free */
};

#define SPINLOCK(r) { 0, 0, (r), 0 }

void spin_lock_init(struct spinlock *l, enum lock_rank rank);

/* Takes the lock; every lock already held by this CPU must rank lower. */
void spin_lock(struct spinlock *l);

/*
 * spin_lock() in two halves, for code that can not afford a call in its
 * middle: true: the lock is held; false: spin_lock_wait() is next, with the
 * ticket.
 */
bool spin_lock_begin(struct spinlock *l, uint16_t *ticket) MUST_CHECK;
void spin_lock_wait(struct spinlock *l, uint16_t ticket);

/* Takes a second lock of the same rank; its address must be the higher. */
void spin_lock_second(struct spinlock *l);

void spin_unlock(struct spinlock *l);

/* Whether this CPU holds the lock; for ASSERT only. */
bool spin_is_held(const struct spinlock *l);

#endif
