/* SPDX-License-Identifier: MIT */
/*
 * Starting the other CPUs.
 *
 * A CPU waits after reset for an INIT and a STARTUP interrupt; the latter
 * names the page where it begins in real mode. ap_boot.asm describes its way
 * from there to ap_main(). CPUs are started one at a time: they share the
 * trampoline page, and one at a time is also what the meeting of the clocks
 * wants.
 *
 *   I1  cpus[i] is written before cpu_count passes i, and never changes
 *       after that; the boot CPU alone writes both
 *   I2  a CPU is `online` once it can take interrupts and TLB requests
 *   I3  the page tables of the trampoline are used by the starting CPU only;
 *       they are freed when none is left to start
 *   I4  a CPU that did not come is sent back by INIT before its block and its
 *       stack are given to the next
 *
 * Waiting: INIT to STARTUP needs 10 ms on processors of the last century and
 * nothing on those which can run us; the second STARTUP is for a processor
 * that missed the first.
 *
 * SDM 3A 9.4.4 (MP initialization).
 */
#include <arch/cr.h>
#include <arch/layout.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/frame.h>
#include <hv/options.h>
#include <hv/util.h>
#include "acpi.h"
#include "apic.h"
#include "clock.h"
#include "desc_tables.h"
#include "paging.h"
#include "smp.h"
#include "tlb.h"
#include "traps.h"

struct cpu *cpus[CPUS_MAX];
unsigned int cpu_count;

#define INIT_WAIT_US     200
#define STARTUP_WAIT_US  2000
#define ARRIVE_WAIT_US   2000000 /* a busy host may not run it for long */
#define POLL_US          10ull

#define PTE_PRESENT  0x001ull
#define PTE_WRITE    0x002ull

static mfn_t trampoline = { ~0ull };
static mfn_t tables[4];              /* L4, L3, L2, L1 of the trampoline */

/* Labels of ap_boot.asm; only their distances matter. */
extern const uint8_t ap_boot_start[], ap_boot_end[];
extern const uint8_t ap_boot_entry32[], ap_boot_entry64[];
extern const uint8_t ap_boot_gdt[], ap_boot_gdt_base[];
extern const uint8_t ap_boot_jump32[], ap_boot_jump64[];
extern const uint8_t ap_boot_temporary_cr3[], ap_boot_final_cr3[];
extern const uint8_t ap_boot_stack[], ap_boot_cpu[], ap_boot_target[];
void ap_boot_enter(void);

void smp_init_boot_cpu(struct cpu *c)
{
    c->id = 0;
    cpus[0] = c;
    cpu_count = 1;
    tlb_holds_nothing();
    c->online = true;
}

void smp_reserve_trampoline(void)
{
    trampoline = boot_alloc_low();
}

/* --- the trampoline page ------------------------------------------------- */

static uint32_t trampoline_address(const uint8_t *label)
{
    return (uint32_t)mfn_to_maddr(trampoline).v +
           (uint32_t)(label - ap_boot_start);
}

static void patch32(const uint8_t *label, uint32_t value)
{
    uint8_t *page = frame_map(trampoline);

    memcpy(page + (label - ap_boot_start), &value, sizeof(value));
}

static void patch64(const uint8_t *label, uint64_t value)
{
    uint8_t *page = frame_map(trampoline);

    memcpy(page + (label - ap_boot_start), &value, sizeof(value));
}

static void free_tables(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        if (mfn_valid_number(tables[i])) {
            hv_free_pages(frame_map(tables[i]), 0);
            tables[i] = INVALID_MFN;
        }
    }
}

/* One frame below 4 GiB, zeroed, owned by the hypervisor. */
static mfn_t alloc_table(void)
{
    mfn_t mfn = page_alloc(0, MFN(0x100000));

    if (mfn_valid_number(mfn)) {
        mfn_to_frame(mfn)->word = FW_HV | FW_ONE_REF;
        memset(frame_map(mfn), 0, PAGE_SIZE);
    }
    return mfn;
}

/* The hypervisor's slots, and the trampoline at its own address. */
static bool make_tables(void)
{
    uint64_t *table;

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        tables[i] = INVALID_MFN;
    }
    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        tables[i] = alloc_table();
        if (!mfn_valid_number(tables[i])) {
            free_tables();
            return false;
        }
    }
    table = frame_map(tables[0]);
    arch_fill_hypervisor_slots(table);
    for (size_t i = 0; i + 1 < ARRAY_SIZE(tables); i++) {
        table = frame_map(tables[i]);
        table[0] = mfn_to_maddr(tables[i + 1]).v | PTE_WRITE | PTE_PRESENT;
    }
    table = frame_map(tables[3]);
    table[trampoline.v] = mfn_to_maddr(trampoline).v | PTE_PRESENT;
    return true;
}

static bool prepare_trampoline(void)
{
    size_t size = (size_t)(ap_boot_end - ap_boot_start);

    ASSERT(size <= PAGE_SIZE);
    if (!mfn_valid_number(trampoline) || trampoline.v >= 0x100 ||
        !make_tables()) {
        return false;
    }
    memcpy(frame_map(trampoline), ap_boot_start, size);
    patch32(ap_boot_gdt_base, trampoline_address(ap_boot_gdt));
    patch32(ap_boot_jump32, trampoline_address(ap_boot_entry32));
    patch32(ap_boot_jump64, trampoline_address(ap_boot_entry64));
    patch64(ap_boot_temporary_cr3, mfn_to_maddr(tables[0]).v);
    patch64(ap_boot_final_cr3, hypervisor_cr3);
    patch64(ap_boot_target, (uint64_t)ap_boot_enter);
    return true;
}

/* --- the boot CPU's side ------------------------------------------------- */

/*
 * Until the CPU numbered `cpu` asks for the time, which is the first that one
 * hears of it. A deadline is kept near meanwhile: under QEMU's -icount a CPU's
 * reset lets virtual time leap to the next one, be that 50 ms away. The
 * interrupt stays pending until the idle loop and does no harm there.
 */
static bool wait_for_arrival(unsigned int cpu, uint64_t us)
{
    ns_t end = arch_now() + us * NS_PER_US, now;

    while (!clock_sync_asked(cpu)) {
        now = arch_now();
        if (now > end) {
            return false;
        }
        arch_timer_program(now + 2 * POLL_US * NS_PER_US);
        clock_delay_us(POLL_US);
    }
    return true;
}

static bool wake(const struct cpu *c)
{
    uint8_t page = (uint8_t)trampoline.v;

    apic_send_init(c->apic_id);
    clock_delay_us(INIT_WAIT_US);
    arch_timer_program(arch_now() + 2 * POLL_US * NS_PER_US);
    apic_send_startup(c->apic_id, page);
    if (wait_for_arrival(c->id, STARTUP_WAIT_US)) {
        return true;
    }
    apic_send_startup(c->apic_id, page);
    return wait_for_arrival(c->id, ARRIVE_WAIT_US);
}

/* Whether the CPU came; c->id is cpu_count, not yet counted. */
static bool start_one(struct cpu *c, uint32_t id)
{
    c->apic_id = id;
    patch64(ap_boot_cpu, (uint64_t)c);
    patch64(ap_boot_stack,
            (uint64_t)((struct cpu_regs *)c - 1));
    if (wake(c) && clock_sync_serve(c->id)) {
        return true;
    }
    apic_send_init(id); /* I4 */
    clock_delay_us(INIT_WAIT_US);
    c->online = false;
    return false;
}

static bool is_candidate(const struct acpi_cpu *candidate)
{
    return candidate->enabled && candidate->apic_id != cpus[0]->apic_id &&
           apic_can_reach(candidate->apic_id);
}

/* The block of the next CPU, with its idle vcpu as current. */
static struct cpu *create_cpu(unsigned int id)
{
    struct cpu *c = percpu_create(id);

    if (c) {
        sched_init_cpu(c);
    }
    return c;
}

static void start_all(unsigned int limit)
{
    struct cpu *spare = NULL; /* block of one that did not come */

    for (unsigned int i = 0; i < acpi.madt.cpu_count; i++) {
        const struct acpi_cpu *candidate = &acpi.madt.cpus[i];

        if (cpu_count >= limit) {
            break;
        }
        if (!is_candidate(candidate)) {
            continue;
        }
        if (!spare) {
            spare = create_cpu(cpu_count);
        }
        if (!spare) {
            printk("smp: no memory for more than %u CPUs", cpu_count);
            break;
        }
        cpus[cpu_count] = spare; /* I1 */
        if (start_one(spare, candidate->apic_id)) {
            spare = NULL;
            __atomic_store_n(&cpu_count, cpu_count + 1, __ATOMIC_RELEASE);
        } else {
            cpus[cpu_count] = NULL;
            printk("smp: the CPU with APIC number %u does not answer",
                   candidate->apic_id);
        }
    }
}

void smp_boot_all(void)
{
    unsigned int limit = (unsigned int)min_u64(options.cpus_limit, CPUS_MAX);

    if (acpi.madt.cpu_count > 1 && limit > 1) {
        if (prepare_trampoline()) {
            start_all(limit);
        } else {
            printk("smp: no low memory to start other CPUs with");
        }
        free_tables(); /* I3 */
        arch_timer_program(NS_NEVER);
    }
}

/* --- the new CPU's side -------------------------------------------------- */

void ap_main(struct cpu *c)
{
    cpu_load_tables(c);
    apic_init_secondary();
    tlb_holds_nothing();
    /* I2: the boot CPU asks nothing of others before the meeting is over, and
     * what it asks then waits for the idle loop. */
    __atomic_store_n(&c->online, true, __ATOMIC_RELEASE);
    if (!clock_sync_join(c->id)) {
        for (;;) {
            hlt(); /* given up on; an INIT is on its way */
        }
    }
    schedule();
    idle_loop();
}
