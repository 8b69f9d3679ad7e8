/* SPDX-License-Identifier: MIT */
/*
 * TLB flushes between CPUs.
 *
 * Before a frame may become something else, no CPU may still hold a
 * translation made under the old use. The asking CPU leaves its wish in the
 * other's word, takes a ticket, sends an interrupt, and waits for the ticket
 * to be served.
 *
 * The hypervisor runs with interrupts off, so an interrupt alone would not do:
 * two CPUs that flush each other would wait for ever. Whoever waits, here or
 * for a lock, serves his own requests while he does (arch_relax). A CPU in a
 * guest takes the interrupt at once; one in a hypercall serves at its next
 * wait, or when it returns and the pending interrupt strikes, which the bound
 * on work makes soon.
 *
 *   I1  a wish is in the word before its ticket is drawn
 *   I2  a CPU reads `drawn` before it takes the word, flushes, and only then
 *       publishes what it read as `served`; so a ticket is served only after
 *       a flush that follows its wish
 *   I3  a CPU that is not online holds no guest's translation; it is skipped
 *   I4  a flush's number is drawn from the TLB clock before the flush begins,
 *       and becomes the CPU's stamp after it ended (tlb_pure.h)
 *   I5  a CPU whose stamp is TLB_HOLDS_NOTHING has the hypervisor's own page
 *       table loaded; it takes a real stamp before it loads another
 *
 * Nothing here takes a lock; any rank may be held.
 *
 * SDM 3A 4.10.4 (invalidation), 4.10.5 (propagation to other processors).
 */
#include <arch/cr.h>
#include <arch/layout.h>
#include <hv/arch.h>
#include <hv/cpu.h>
#include <hv/trace.h>
#include "apic.h"
#include "tlb.h"
#include "tlb_pure.h"

struct tlb_requests {
    uint64_t wish;   /* TLB_NOTHING, TLB_EVERYTHING or one page */
    uint32_t drawn;  /* tickets given out */
    uint32_t served; /* tickets up to here are done */
} __attribute__((aligned(64)));

static struct tlb_requests requests[CPUS_MAX];
static uint64_t tlb_clock = 1; /* number of the last flush begun */

/* --- this CPU ------------------------------------------------------------ */

static void set_stamp(uint64_t stamp)
{
    __atomic_store_n(&this_cpu()->tlb_stamp, stamp, __ATOMIC_RELEASE);
}

uint64_t tlb_stamp_begin(void)
{
    uint64_t number = __atomic_add_fetch(&tlb_clock, 1, __ATOMIC_SEQ_CST);

    if (this_cpu()->tlb_stamp == TLB_HOLDS_NOTHING) {
        set_stamp(number); /* I5; the CR3 load makes it visible */
    }
    return number;
}

void tlb_stamp_end(uint64_t number)
{
    set_stamp(number); /* I4 */
}

void tlb_holds_nothing(void)
{
    set_stamp(TLB_HOLDS_NOTHING);
}

/* Global entries are the hypervisor's own, whose mappings never change. */
static void reload_cr3(void)
{
    arch_write_cr3(read_cr3());
}

void tlb_flush_everything(void)
{
    uint64_t number;

    COUNT(tlb_flush_all);
    if (this_cpu()->tlb_stamp == TLB_HOLDS_NOTHING) {
        reload_cr3();
        return;
    }
    number = tlb_stamp_begin();
    joint_catch_up();
    reload_cr3();
    tlb_stamp_end(number);
}

void tlb_flush_service(void)
{
    struct tlb_requests *r = &requests[this_cpu()->id];
    uint32_t drawn = __atomic_load_n(&r->drawn, __ATOMIC_ACQUIRE);
    uint64_t wish;

    if (drawn == r->served) {
        return;
    }
    wish = __atomic_exchange_n(&r->wish, TLB_NOTHING, __ATOMIC_SEQ_CST);
    if (wish & TLB_PAGE_FLAG) {
        tlb_flush_page_local(GVA(wish & PAGE_MASK));
    } else if (wish == TLB_EVERYTHING) {
        tlb_flush_everything();
    }
    __atomic_store_n(&r->served, drawn, __ATOMIC_RELEASE); /* I2 */
}

void arch_relax(void)
{
    cpu_pause();
    tlb_flush_service();
}

/* --- other CPUs ---------------------------------------------------------- */

/* Returns the ticket to wait for. */
static uint32_t ask(struct cpu *c, uint64_t wanted)
{
    struct tlb_requests *r = &requests[c->id];
    uint64_t pending = __atomic_load_n(&r->wish, __ATOMIC_RELAXED);
    uint32_t ticket;

    while (!__atomic_compare_exchange_n(&r->wish, &pending,
                                        tlb_merge(pending, wanted), false,
                                        __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)) {
    }
    ticket = __atomic_add_fetch(&r->drawn, 1, __ATOMIC_SEQ_CST); /* I1 */
    COUNT(ipi_flush);
    apic_send_fixed(c->apic_id, VECTOR_FLUSH);
    return ticket;
}

static bool is_served(unsigned int cpu, uint32_t ticket)
{
    uint32_t served = __atomic_load_n(&requests[cpu].served, __ATOMIC_ACQUIRE);

    return (int32_t)(served - ticket) >= 0;
}

/* All but this CPU that can hold anything (I3). */
static cpumask_t others_online(cpumask_t mask)
{
    cpumask_t online = 0;

    mask &= ~((cpumask_t)1 << this_cpu()->id);
    for (cpumask_t left = mask; left; left &= left - 1) {
        unsigned int i = (unsigned int)__builtin_ctzll(left);

        if (i < cpu_count &&
            __atomic_load_n(&cpus[i]->online, __ATOMIC_ACQUIRE)) {
            online |= (cpumask_t)1 << i;
        }
    }
    return online;
}

static void flush_others(cpumask_t mask, uint64_t wanted)
{
    uint32_t tickets[CPUS_MAX];

    mask = others_online(mask);
    for (cpumask_t left = mask; left; left &= left - 1) {
        unsigned int i = (unsigned int)__builtin_ctzll(left);

        tickets[i] = ask(cpus[i], wanted);
    }
    for (cpumask_t left = mask; left; left &= left - 1) {
        unsigned int i = (unsigned int)__builtin_ctzll(left);

        while (!is_served(i, tickets[i])) {
            arch_relax();
        }
    }
}

static bool names_this_cpu(cpumask_t mask)
{
    return mask >> this_cpu()->id & 1;
}

void arch_tlb_flush(cpumask_t mask)
{
    TRACE(TLB_FLUSH, mask);
    if (names_this_cpu(mask)) {
        tlb_flush_everything();
    }
    flush_others(mask, TLB_EVERYTHING);
}

void arch_tlb_flush_page(cpumask_t mask, gva_t va)
{
    TRACE(TLB_FLUSH_PAGE, mask, va.v);
    if (names_this_cpu(mask)) {
        tlb_flush_page_local(va);
    }
    flush_others(mask, tlb_page_request(va.v));
}

/* INVLPG drops all that a CPU remembers of upper levels, whatever address it
 * has: SDM 3A 4.10.4.1; AMD APM 2 3.1.7, as long as EFER.TCE is 0. Others are
 * flushed whole, so that they are asked once for a tree of tables. */
void arch_tlb_flush_tables(cpumask_t mask)
{
    TRACE(TLB_FLUSH, mask);
    if (names_this_cpu(mask)) {
        tlb_flush_page_local(GVA(0));
    }
    flush_others(mask, TLB_EVERYTHING);
}

/* --- the TLB clock ------------------------------------------------------- */

/* The caller has removed its entry before it asks for the time. */
uint32_t arch_tlb_clock(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return (uint32_t)__atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
}

cpumask_t arch_tlb_filter(cpumask_t mask, uint32_t stamp)
{
    uint64_t now = __atomic_load_n(&tlb_clock, __ATOMIC_SEQ_CST);
    cpumask_t kept = 0;

    for (cpumask_t left = mask; left; left &= left - 1) {
        unsigned int i = (unsigned int)__builtin_ctzll(left);

        if (i < cpu_count &&
            tlb_may_hold(__atomic_load_n(&cpus[i]->tlb_stamp,
                                         __ATOMIC_ACQUIRE),
                         now, stamp)) {
            kept |= (cpumask_t)1 << i;
        }
    }
    return kept;
}
