/* SPDX-License-Identifier: MIT */
/*
 * The local APIC.
 *
 * Each CPU has one: it accepts interrupts for the CPU, sends interrupts to
 * others, and has a one-shot timer. Two register interfaces exist, memory
 * (xAPIC) and MSRs (x2APIC, 32-bit CPU numbers, no wait for delivery); which
 * one is used is chosen once, by the boot CPU, and is the same everywhere.
 *
 * The timer likewise has two forms. With TSC-deadline the CPU compares the TSC
 * with an MSR, and there is nothing to calibrate; otherwise a counter of 32
 * bits runs down at a rate that must be measured. A deadline beyond the
 * counter's range fires early; the timer softirq then finds nothing due and
 * programs it again.
 *
 *   I1  x2apic, tsc_deadline, timer_per_ns and tsc_per_ns are written by
 *       apic_init only, before any other CPU runs
 *   I2  a CPU sends at most one command at a time: interrupts are off, and
 *       NMI handlers send only on the way to a halt
 *   I3  the spurious vector gets no EOI
 *
 * SDM 3A, chapter "Advanced Programmable Interrupt Controller".
 */
#include <arch/cr.h>
#include <arch/msr.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/util.h>
#include "apic.h"
#include "apic_pure.h"
#include "clock.h"
#include "clock_pure.h"
#include "paging.h"

/* Offsets in the register page; an MSR's number is these / 16. */
enum apic_register {
    REG_ID = 0x020,
    REG_VERSION = 0x030,
    REG_TASK_PRIORITY = 0x080,
    REG_EOI = 0x0b0,
    REG_LOGICAL_DEST = 0x0d0,
    REG_SPURIOUS = 0x0f0,
    REG_ERROR = 0x280,
    REG_ICR_LOW = 0x300,
    REG_ICR_HIGH = 0x310,
    REG_LVT_TIMER = 0x320,
    REG_LVT_PERF = 0x340,
    REG_LVT_LINT0 = 0x350,
    REG_LVT_LINT1 = 0x360,
    REG_LVT_ERROR = 0x370,
    REG_TIMER_INITIAL = 0x380,
    REG_TIMER_CURRENT = 0x390,
    REG_TIMER_DIVIDE = 0x3e0,
};

#define BASE_ENABLE     (1u << 11)
#define BASE_X2APIC     (1u << 10)
#define BASE_ADDRESS    0x000ffffffffff000ull
#define SPURIOUS_ENABLE (1u << 8)
#define DIVIDE_BY_1     0xbu

#define MEASURE_US      1000
#define MEASURE_TRIES   5

static bool x2apic;
static bool tsc_deadline;
static volatile uint32_t *xapic;
static uint64_t timer_per_ns; /* fixed point, see clock_pure.h */
static uint64_t tsc_per_ns;

static uint32_t apic_read(enum apic_register reg)
{
    if (x2apic) {
        return (uint32_t)rdmsr(MSR_X2APIC_BASE + reg / 16);
    }
    return xapic[reg / 4];
}

static void apic_write(enum apic_register reg, uint32_t value)
{
    if (x2apic) {
        wrmsr(MSR_X2APIC_BASE + reg / 16, value);
    } else {
        xapic[reg / 4] = value;
    }
}

bool apic_is_x2apic(void)
{
    return x2apic;
}

uint32_t apic_id(void)
{
    uint32_t id = apic_read(REG_ID);

    return x2apic ? id : id >> 24;
}

void apic_eoi(void)
{
    apic_write(REG_EOI, 0);
}

bool apic_can_reach(uint32_t id)
{
    return x2apic || apic_id_fits_xapic(id);
}

/* --- commands to other CPUs ---------------------------------------------- */

/* xAPIC: a command is written only after the last one has left. It leaves in
 * well under a microsecond; the bound is for broken hardware. */
static void wait_until_sent(void)
{
    for (int i = 0; i < 100000; i++) {
        if (!(apic_read(REG_ICR_LOW) & APIC_ICR_PENDING)) {
            return;
        }
        cpu_pause();
    }
}

static void apic_command(uint32_t id, uint32_t low)
{
    if (x2apic) {
        /* The MSR write does not wait for earlier stores (SDM 11.12.3); what
         * the other CPU is to see must be visible first. */
        cpu_mfence();
        wrmsr(MSR_X2APIC_BASE + REG_ICR_LOW / 16, apic_icr_x2apic(id, low));
        return;
    }
    wait_until_sent();
    apic_write(REG_ICR_HIGH, apic_icr_high_xapic(id));
    apic_write(REG_ICR_LOW, low);
}

void apic_send_fixed(uint32_t id, uint8_t vector)
{
    apic_command(id, apic_icr_low(APIC_FIXED, vector));
}

void apic_send_init(uint32_t id)
{
    apic_command(id, apic_icr_low(APIC_INIT, 0));
}

void apic_send_startup(uint32_t id, uint8_t page)
{
    apic_command(id, apic_icr_low(APIC_STARTUP, page));
}

void apic_nmi_others(void)
{
    uint32_t self;

    if (!x2apic && !xapic) {
        return; /* a panic before apic_init */
    }
    self = apic_id();
    for (unsigned int i = 0; i < cpu_count; i++) {
        if (cpus[i] && cpus[i]->online && cpus[i]->apic_id != self) {
            apic_command(cpus[i]->apic_id, apic_icr_low(APIC_NMI, 0));
        }
    }
}

void arch_kick(struct cpu *c)
{
    COUNT(ipi_kick);
    apic_send_fixed(c->apic_id, VECTOR_KICK);
}

/* --- timer --------------------------------------------------------------- */

void arch_timer_program(ns_t deadline)
{
    ns_t now, wait;

    if (deadline == NS_NEVER) {
        if (tsc_deadline) {
            wrmsr(MSR_TSC_DEADLINE, 0);
        } else {
            apic_write(REG_TIMER_INITIAL, 0);
        }
        return;
    }
    now = arch_now();
    wait = deadline > now ? deadline - now : 0;
    if (tsc_deadline) {
        wrmsr(MSR_TSC_DEADLINE,
              clock_deadline_tsc(rdtsc(), tsc_per_ns, wait));
    } else {
        apic_write(REG_TIMER_INITIAL, clock_timer_count(timer_per_ns, wait));
    }
}

/* The counter's frequency against the TSC: the try with the least time lost
 * between the readings of both clocks. */
static uint64_t measure_timer(void)
{
    uint64_t best_width = UINT64_MAX, hz = 0;

    for (int i = 0; i < MEASURE_TRIES; i++) {
        uint64_t t0, t1, t2, t3;
        uint32_t left;

        t0 = rdtsc_ordered();
        apic_write(REG_TIMER_INITIAL, UINT32_MAX);
        t1 = rdtsc_ordered();
        clock_delay_us(MEASURE_US / MEASURE_TRIES);
        t2 = rdtsc_ordered();
        left = apic_read(REG_TIMER_CURRENT);
        t3 = rdtsc_ordered();
        if ((t1 - t0) + (t3 - t2) < best_width) {
            best_width = (t1 - t0) + (t3 - t2);
            hz = clock_measure_hz(UINT32_MAX - left,
                                  (t2 + t3) / 2 - (t0 + t1) / 2,
                                  clock_tsc_hz());
        }
    }
    apic_write(REG_TIMER_INITIAL, 0);
    return hz;
}

/* A hypervisor under us may tell the rate (CPUID 0x40000010, ebx, kHz). */
static uint64_t timer_hz(void)
{
    uint32_t r[4];

    cpuid(1, 0, r);
    if ((r[2] & (1u << 31)) && cpuid_max(0x40000000) >= 0x40000010) {
        cpuid(0x40000010, 0, r);
        if (r[1] >= 1000) {
            return (uint64_t)r[1] * 1000;
        }
    }
    return measure_timer();
}

static void timer_choose(void)
{
    uint32_t r[4];
    uint64_t hz;

    tsc_per_ns = clock_ticks_per_ns(clock_tsc_hz());
    cpuid(1, 0, r);
    tsc_deadline = r[2] & (1u << 24);
    if (tsc_deadline) {
        printk("apic: %s, tsc-deadline timer", x2apic ? "x2apic" : "xapic");
        return;
    }
    apic_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(REG_LVT_TIMER, APIC_LVT_MASKED | VECTOR_TIMER);
    hz = timer_hz();
    if (hz < 1000000) {
        hz = 1000000000ull; /* better a wrong timer than none */
    }
    timer_per_ns = clock_ticks_per_ns(hz);
    printk("apic: %s, timer %llu.%03llu MHz", x2apic ? "x2apic" : "xapic",
           (unsigned long long)(hz / 1000000),
           (unsigned long long)(hz / 1000 % 1000));
}

/* --- enabling ------------------------------------------------------------ */

/* x2APIC mode is entered from enabled xAPIC mode only (SDM 11.12.5). */
static void enable_mode(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);

    if (!(base & BASE_ENABLE)) {
        base |= BASE_ENABLE;
        wrmsr(MSR_APIC_BASE, base);
    }
    if (x2apic && !(base & BASE_X2APIC)) {
        wrmsr(MSR_APIC_BASE, base | BASE_X2APIC);
    }
}

/* Everything masked but what we use. LINT1 of the boot CPU is the board's
 * NMI wire by convention; the 8259 behind LINT0 stays unheard. */
static void set_up_registers(bool is_boot_cpu)
{
    apic_write(REG_TASK_PRIORITY, 0);
    apic_write(REG_LVT_LINT0, APIC_LVT_MASKED);
    apic_write(REG_LVT_LINT1, is_boot_cpu ? APIC_LVT_NMI : APIC_LVT_MASKED);
    apic_write(REG_LVT_ERROR, APIC_LVT_MASKED);
    if ((apic_read(REG_VERSION) >> 16 & 0xff) >= 4) {
        apic_write(REG_LVT_PERF, APIC_LVT_MASKED);
    }
    apic_write(REG_ERROR, 0);
    apic_write(REG_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
}

static void set_up_timer(void)
{
    apic_write(REG_TIMER_INITIAL, 0);
    apic_write(REG_TIMER_DIVIDE, DIVIDE_BY_1);
    apic_write(REG_LVT_TIMER, apic_lvt_timer(VECTOR_TIMER, tsc_deadline));
    if (tsc_deadline) {
        /* xAPIC: the mode, a memory write, must come before the MSR's. */
        cpu_mfence();
        wrmsr(MSR_TSC_DEADLINE, 0);
    }
}

void apic_init(void)
{
    uint64_t base = rdmsr(MSR_APIC_BASE);
    uint32_t r[4];

    cpuid(1, 0, r);
    x2apic = (r[2] & (1u << 21)) || (base & BASE_X2APIC); /* I1 */
    if (!x2apic) {
        xapic = map_device(base & BASE_ADDRESS, PAGE_SIZE);
        if (!xapic) {
            panic("no room to map the local APIC");
        }
    }
    enable_mode();
    set_up_registers(true);
    timer_choose();
    set_up_timer();
    this_cpu()->apic_id = apic_id();
}

void apic_init_secondary(void)
{
    enable_mode();
    set_up_registers(false);
    set_up_timer();
    this_cpu()->apic_id = apic_id();
}
