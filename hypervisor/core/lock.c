/* SPDX-License-Identifier: MIT */
/*
 * Ticket locks with ranks: the code behind hv/lock.h.
 *
 * A comer takes the next ticket and waits until it is served, so waiters get
 * the lock in the order in which they came, and no CPU starves.
 *
 *   L1  the lock is free exactly when next == owner
 *   L2  only the holder writes `owner` and `cpu`, so that giving the lock
 *       back needs no locked instruction
 *   L3  a CPU which holds a lock of rank r takes only locks of rank > r, or,
 *       by spin_lock_second(), one more of rank r at a higher address; so
 *       the graph of who waits for whom has no cycle
 *   L4  whoever waits turns arch_relax(), which answers TLB-flush requests:
 *       the holder may itself be waiting for this CPU to flush
 *
 * Debug and host builds keep the list of locks that each CPU holds and check
 * L3 before they wait, so a wrong order is found when it is first executed,
 * not when two CPUs meet in it. A release build has neither list nor check.
 *
 * Tickets are 16 bits and wrap; that is sound while fewer than 65,536 CPUs
 * wait (CPUS_MAX is far below).
 */
#include <hv/domain.h>
#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/lock.h>
#include <hv/util.h>

#ifdef HV_DEBUG

/* L3 for one lock already held. */
static bool order_ok(const struct spinlock *held, const struct spinlock *l,
                     bool second)
{
    if (held->rank < l->rank) {
        return true;
    }
    return second && held->rank == l->rank &&
           (uintptr_t)held < (uintptr_t)l;
}

static void check_order(const struct spinlock *l, bool second)
{
    const struct cpu *c = this_cpu();
    unsigned int i;

    for (i = 0; i < c->locks_held_count; i++) {
        const struct spinlock *held = c->locks_held[i];

        if (!order_ok(held, l, second)) {
            panic("lock order: rank %u (%p) wanted, rank %u (%p) held",
                  (unsigned int)l->rank, (const void *)l,
                  (unsigned int)held->rank, (const void *)held);
        }
    }
}

static void note_taken(struct spinlock *l)
{
    struct cpu *c = this_cpu();

    __atomic_store_n(&l->cpu, (uint16_t)(c->id + 1), __ATOMIC_RELAXED);
    BUG_ON(c->locks_held_count == ARRAY_SIZE(c->locks_held));
    c->locks_held[c->locks_held_count++] = l;
}

/* Locks need not be released in the reverse order of taking. */
static void note_released(struct spinlock *l)
{
    struct cpu *c = this_cpu();
    unsigned int i;

    __atomic_store_n(&l->cpu, 0, __ATOMIC_RELAXED);
    for (i = c->locks_held_count; i > 0; i--) {
        if (c->locks_held[i - 1] == l) {
            break;
        }
    }
    BUG_ON(i == 0);
    for (; i < c->locks_held_count; i++) {
        c->locks_held[i - 1] = c->locks_held[i];
    }
    c->locks_held_count--;
}

bool spin_is_held(const struct spinlock *l)
{
    return __atomic_load_n(&l->cpu, __ATOMIC_RELAXED) ==
           (uint16_t)(this_cpu()->id + 1);
}

#else

static inline void check_order(const struct spinlock *l, bool second)
{
}

static inline void note_taken(struct spinlock *l)
{
}

static inline void note_released(struct spinlock *l)
{
}

#endif

void spin_lock_init(struct spinlock *l, enum lock_rank rank)
{
    l->next = 0;
    l->owner = 0;
    l->rank = (uint16_t)rank;
    l->cpu = 0;
}

/* Apart, so that who need not wait has no registers to save. */
static __attribute__((noinline)) void wait_for(struct spinlock *l, uint16_t ticket)
{
    do {
        arch_relax();
    } while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket);
}

static bool take_ticket(struct spinlock *l, uint16_t *ticket)
{
    *ticket = __atomic_fetch_add(&l->next, 1, __ATOMIC_RELAXED);
    return LIKELY(__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) == *ticket);
}

static ALWAYS_INLINE void take(struct spinlock *l)
{
    uint16_t ticket;

    if (!take_ticket(l, &ticket)) {
        wait_for(l, ticket);
    }
    note_taken(l);
}

void spin_lock(struct spinlock *l)
{
    check_order(l, false);
    take(l);
}

void spin_lock_second(struct spinlock *l)
{
    check_order(l, true);
    take(l);
}

bool spin_lock_begin(struct spinlock *l, uint16_t *ticket)
{
    check_order(l, false);
    if (!take_ticket(l, ticket)) {
        return false;
    }
    note_taken(l);
    return true;
}

void spin_lock_wait(struct spinlock *l, uint16_t ticket)
{
    wait_for(l, ticket);
    note_taken(l);
}

void spin_unlock(struct spinlock *l)
{
    ASSERT(spin_is_held(l));
    note_released(l);
    arch_count_release(&l->owner);                                  /* L2 */
}
