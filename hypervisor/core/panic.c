/* SPDX-License-Identifier: MIT */
/*
 * The end: stop the machine, and tell why.
 *
 * A panic is a bug of ours, so nothing may be assumed to work: locks may be
 * held for ever, the other CPUs may be anywhere, the very thing that prints
 * may be what is broken. Hence:
 *
 *   P1  the first CPU that comes here tells the story; others wait for ever
 *   P2  the console takes no lock from here on
 *   P3  the sentence comes first: tools/xenios and a person need no more
 *   P4  a panic within the panic prints its own sentence and goes straight to
 *       power-off; the third one does not even print
 *   P5  the other CPUs are stopped before power-off, after the sentence: a
 *       stop that hangs must not cost the sentence
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/options.h>
#include <hv/panic.h>
#include <hv/trace.h>
#include <hv/util.h>

#define PANIC_EVENTS 16

#define NOBODY 0u

static struct {
    uint32_t cpu;              /* number + 1 of the CPU that tells, P1 */
    uint32_t depth;            /* of that CPU, P4 */
} state;

/* A machine may tell more and stop its CPUs; the host has nothing to add. */
__attribute__((weak)) void arch_panic_details(void)
{
}

__attribute__((weak)) void arch_stop_others(void)
{
}

/* P1: true for the CPU that goes on. */
static bool become_teller(void)
{
    uint32_t me = this_cpu()->id + 1;
    uint32_t who = NOBODY;

    return __atomic_compare_exchange_n(&state.cpu, &who, me, false,
                                       __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ||
           who == me;
}

static const char *rank_name(unsigned int rank)
{
    static const char *const names[LOCK_RANKS] = {
        [LOCK_DOMAIN_LIST] = "domain list",
        [LOCK_DOMAIN] = "domain",
        [LOCK_EVTCHN] = "evtchn",
        [LOCK_EVTCHN_QUEUE] = "evtchn queue",
        [LOCK_SCHED] = "sched",
        [LOCK_TIMER] = "timer",
        [LOCK_PAGE_ALLOC] = "page_alloc",
        [LOCK_CONSOLE_RING] = "console ring",
        [LOCK_CONSOLE] = "console",
        [LOCK_TEST] = "test",
    };

    return rank < LOCK_RANKS && names[rank] != NULL ? names[rank] : "unknown";
}

/* Debug builds know; a release build keeps no list. */
static void print_locks(const struct cpu *c)
{
    unsigned int count = (unsigned int)min_u64(c->locks_held_count,
                                               ARRAY_SIZE(c->locks_held));

    for (unsigned int i = 0; i < count; i++) {
        printk("holds the %s lock at %p", rank_name(c->locks_held[i]->rank),
               (const void *)c->locks_held[i]);
    }
}

static void print_vcpu(const struct cpu *c)
{
    const struct vcpu *v = c->current;

    if (v == NULL || v->is_idle || v->domain == NULL) {
        printk("cpu %u, no guest", c->id);
    } else {
        printk("cpu %u, d%u vcpu %u in guest %s mode", c->id, v->domain->id,
               v->id, v->kernel_mode ? "kernel" : "user");
    }
}

static NORETURN void leave(void)
{
    if (options.reboot_on_panic) {
        arch_reboot();
    }
    arch_poweroff();
}

static void tell(const char *fmt, va_list ap)
{
    char text[300];

    vsnprintk(text, sizeof(text), fmt, ap);
    printk("PANIC: %s", text);
}

void panic(const char *fmt, ...)
{
    va_list ap;

    if (!become_teller()) {
        for (;;) {
            arch_relax();
        }
    }
    console_break_lock();
    state.depth++;
    if (state.depth <= 2) {
        va_start(ap, fmt);
        tell(fmt, ap);
        va_end(ap);
    }
    if (state.depth == 1) {
        arch_stop_others();
        print_vcpu(this_cpu());
        print_locks(this_cpu());
        arch_panic_details();
        trace_dump(PANIC_EVENTS);
    }
    leave();
}
