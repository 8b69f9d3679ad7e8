/* SPDX-License-Identifier: MIT */
/*
 * The life of a domain.
 *
 * domain_create() makes the parts that every domain has: the structure, the
 * shared page, its vcpus (offline), the first ports. Memory comes later, by
 * the builder or by memory_op. A domain ends by shutting down, which is its
 * own wish, or by a crash, which is what happens to a guest that broke a rule
 * and can not be told. Either way its vcpus leave their CPUs, its memory
 * stays to be looked at, and somebody is told: the first domain by
 * VIRQ_DOM_EXC, or, if it was the first domain itself, the person at the
 * console, and the machine goes with it.
 *
 * Crashing can be necessary in the middle of an operation, with locks held
 * and another domain's page table loaded. So domain_crash() only prints the
 * sentence and takes the vcpus off the queues; registers are shown when the
 * vcpu has left its CPU (sched.c), and the rest waits for SOFTIRQ_POWER.
 *
 *   D1  domains[id % DOMAINS_MAX] is the only place where a domain with this
 *       id can be: looking one up is one comparison
 *   D2  a domain ends once: `is_shut_down` goes from false to true by one
 *       atomic exchange, whatever comes later is ignored
 *
 * Lock: domain_list_lock for making and destroying; looking up needs none.
 */
#include <hv/arch.h>
#include <hv/audit.h>
#include <hv/console.h>
#include <hv/console_ring.h>
#include <hv/evtchn.h>
#include <hv/gnttab.h>
#include <hv/memory.h>
#include <hv/pv.h>
#include <hv/time.h>
#include <hv/options.h>
#include <hv/trace.h>
#include <xen/sched.h>

#define DOMAIN_ORDER 1
STATIC_ASSERT(sizeof(struct domain_block) <= PAGE_SIZE << DOMAIN_ORDER,
              "a domain and its first vcpu take two pages");
STATIC_ASSERT(offsetof(struct domain_block, first.traps[32]) <= PAGE_SIZE,
              "what faults and updates need of both is in the first");

struct domain *domains[DOMAINS_MAX];
static struct spinlock domain_list_lock = SPINLOCK(LOCK_DOMAIN_LIST);

/* --- finding -------------------------------------------------------------- */

struct domain *domain_by_id(domid_t id)
{
    struct domain *d =
        __atomic_load_n(&domains[id % DOMAINS_MAX], __ATOMIC_ACQUIRE);

    return d && d->id == id ? d : NULL;                             /* D1 */
}

struct domain *domain_resolve(struct domain *d, domid_t id)
{
    return id == DOMID_SELF ? d : domain_by_id(id);
}

/* --- making --------------------------------------------------------------- */

/* All parts but the entry in the table. On failure domain_free() gives back
 * those that are there. */
static int make_parts(struct domain *d, unsigned int vcpu_count)
{
    int err = shared_info_create(d);

    if (!err) {
        err = evtchn_init(d);
    }
    while (!err && d->vcpu_count < vcpu_count) {
        d->vcpus[d->vcpu_count] = vcpu_create(d, d->vcpu_count);
        if (!d->vcpus[d->vcpu_count]) {
            return -XEN_ENOMEM;
        }
        d->vcpu_count++;
    }
    return err;
}

static void free_parts(struct domain *d)
{
    evtchn_destroy(d);
    while (d->vcpu_count > 0) {
        d->vcpu_count--;
        vcpu_destroy(d->vcpus[d->vcpu_count]);
        d->vcpus[d->vcpu_count] = NULL;
    }
}

/* Puts d into the table; false when the place is taken. */
static bool publish(struct domain *d)
{
    struct domain **slot = &domains[d->id % DOMAINS_MAX];
    bool is_free;

    spin_lock(&domain_list_lock);
    is_free = *slot == NULL;
    if (is_free) {
        __atomic_store_n(slot, d, __ATOMIC_RELEASE);
    }
    spin_unlock(&domain_list_lock);
    return is_free;
}

struct domain *domain_create(domid_t id, unsigned int vcpu_count,
                             uint64_t frames_max, bool is_privileged)
{
    struct domain *d;

    if (vcpu_count == 0 || vcpu_count > VCPUS_MAX ||
        id >= DOMID_FIRST_RESERVED) {
        return NULL;
    }
    d = hv_alloc_pages(DOMAIN_ORDER);
    if (!d) {
        return NULL;
    }
    d->id = id;
    d->is_privileged = is_privileged;
    d->frames_max = frames_max;
    spin_lock_init(&d->lock, LOCK_DOMAIN);
    spin_lock_init(&d->evtchn_lock, LOCK_EVTCHN);
    watchdog_init(d);
    if (make_parts(d, vcpu_count) || !publish(d)) {
        d->is_dying = true;
        free_parts(d);
        shared_info_destroy(d);
        hv_free_pages(d, DOMAIN_ORDER);
        return NULL;
    }
    TRACE(DOMAIN_ADD, d->id);
    return d;
}

/* --- destroying ----------------------------------------------------------- */

/* Tables and pins first: they refer to frames. */
static void release_tables(struct domain *d)
{
    do {
        this_cpu()->work_left = WORK_BUDGET;
    } while (page_type_relinquish(d) == -XEN_ERESTART_CALL);
}

/* The domain's own references, the last ones. */
static void release_frames(struct domain *d)
{
    uint64_t mfn;

    for (mfn = 0; mfn < frame_count && d->frames_total > 0; mfn++) {
        const struct frame *f = mfn_to_frame(MFN(mfn));

        if ((f->word & FW_ALLOCATED) && f->owner == d->id) {
            domain_release_frame(d, MFN(mfn));
        }
    }
}

void domain_destroy(struct domain *d)
{
    unsigned int i;

    d->is_dying = true;
    for (i = 0; i < d->vcpu_count; i++) {
        vcpu_stop(d->vcpus[i]);
    }
    watchdog_stop(d);
    console_ring_detach(d);
    release_tables(d);
    free_parts(d);
    release_frames(d);
    spin_lock(&domain_list_lock);
    domains[d->id % DOMAINS_MAX] = NULL;
    spin_unlock(&domain_list_lock);
    gnttab_destroy(d);
    memory_map_destroy(d);
    shared_info_destroy(d);
    hv_free_pages(d, DOMAIN_ORDER);
}

/* --- ending --------------------------------------------------------------- */

/* Why the machine goes down; one writer, by D2. */
static char last_sentence[160];

/* D2; then nothing of the domain runs any more, and the softirq tells. */
static bool begin_end(struct domain *d, uint8_t reason)
{
    unsigned int i;

    if (__atomic_exchange_n(&d->is_shut_down, true, __ATOMIC_SEQ_CST)) {
        return false;
    }
    __atomic_store_n(&d->shutdown_reason, reason, __ATOMIC_RELAXED);
    for (i = 0; i < d->vcpu_count; i++) {
        vcpu_pause(d->vcpus[i]);
    }
    return true;
}

static void announce_end(struct domain *d)
{
    __atomic_store_n(&d->exit_pending, true, __ATOMIC_RELEASE);
    softirq_raise(this_cpu(), SOFTIRQ_POWER);
}

void domain_crash(struct domain *d, const char *fmt, ...)
{
    char sentence[sizeof(last_sentence)];
    va_list ap;

    if (!begin_end(d, SHUTDOWN_crash)) {
        return;
    }
    va_start(ap, fmt);
    vsnprintk(sentence, sizeof(sentence), fmt, ap);
    va_end(ap);
    TRACE(SHUTDOWN, d->id, current_vcpu()->id, SHUTDOWN_crash);
    printk("domain %u crashed: %s", d->id, sentence);
    if (d->id == 0) {
        memcpy(last_sentence, sentence, sizeof(sentence));
    }
    __atomic_store_n(&d->crashed, true, __ATOMIC_RELEASE);
    announce_end(d);
}

void domain_announce_reason(struct domain *d, uint8_t reason)
{
    uint16_t none = 0;

    __atomic_compare_exchange_n(&d->announced_reason, &none,
                                (uint16_t)(reason + 1), false,
                                __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

void domain_shutdown(struct domain *d, uint8_t reason)
{
    domain_announce_reason(d, reason);
    reason = (uint8_t)(__atomic_load_n(&d->announced_reason,
                                       __ATOMIC_RELAXED) - 1);
    if (!begin_end(d, reason)) {
        return;
    }
    TRACE(SHUTDOWN, d->id, current_vcpu()->id, reason);
    if (d->id != 0) {
        printk("domain %u shut down, reason %u", d->id, reason);
    }
    announce_end(d);
}

/* The last line names the way it went: tools/xenios reads it. The domain is
 * gone by then. */
static NORETURN void leave_machine(const struct domain *d)
{
    bool crashed = d->crashed;
    uint8_t reason = d->shutdown_reason;

    if (options.counters) {
        counters_dump();
    }
    if (options.profile_hz != 0) {
        arch_profile_dump();
    }
    audit_last();
    if (crashed) {
        printk("d0 crashed: %s", last_sentence);
        arch_poweroff();
    }
    switch (reason) {
    case SHUTDOWN_poweroff:
    case SHUTDOWN_suspend:
        printk("d0 powered off");
        arch_poweroff();
    case SHUTDOWN_reboot:
    case SHUTDOWN_soft_reset:
        printk("d0 rebooted");
        arch_reboot();
    case SHUTDOWN_crash:
        printk("d0 crashed: guest asked for it (SHUTDOWN_crash)");
        arch_poweroff();
    case SHUTDOWN_watchdog:
        printk("d0 crashed: guest asked for it (SHUTDOWN_watchdog)");
        arch_poweroff();
    default:
        printk("d0 crashed: guest shut down for an unknown reason, %u",
               reason);
        arch_poweroff();
    }
}

void domain_power_softirq(void)
{
    struct domain *first = domain_by_id(0);
    unsigned int i;

    for (i = 0; i < DOMAINS_MAX; i++) {
        struct domain *d = __atomic_load_n(&domains[i], __ATOMIC_ACQUIRE);

        if (!d || !__atomic_exchange_n(&d->exit_pending, false,
                                       __ATOMIC_SEQ_CST)) {
            continue;
        }
        if (d == first) {
            leave_machine(d);
        }
        if (first) {
            virq_raise_global(first, VIRQ_DOM_EXC);
        }
    }
}
