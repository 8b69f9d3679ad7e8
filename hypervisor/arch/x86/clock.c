/* SPDX-License-Identifier: MIT */
/*
 * System time: nanoseconds since clock_init, from the time-stamp counter.
 *
 * The TSC is the only clock that a guest can read as cheaply as we do, and the
 * PV interface is built on it: a guest gets a stamp, the time at the stamp,
 * and the scale (clock_pure.h). What the TSC does not tell is its frequency.
 * In order of trust: the hypervisor under us says it (CPUID 0x40000010), the
 * processor says it (CPUID 0x15), or we count it against a clock of known
 * frequency, the ACPI timer or the PIT's channel 2.
 *
 * Counting takes 5 ms. Each end of the interval is the best of several
 * samples, best meaning the one with the least time between the TSC readings
 * around it: a host that takes the CPU away in between shows up as a wide
 * sample, and does no harm. An interval with a bad end is measured again.
 *
 *   I1  arch_now() never goes back on one CPU: TSC and offset are fixed
 *   I2  system_time of arch_clock_params is arch_now() at tsc_stamp, by the
 *       very same computation
 *   I3  tsc_offset[i] is written by CPU i's start only, before it is online
 *
 * TSCs of one machine are taken to run at one rate. Whether they also started
 * together is measured when a CPU starts, by an exchange of readings with the
 * boot CPU; a difference larger than the exchange's own uncertainty is
 * corrected by an offset (clock_offset_to_use).
 *
 * SDM 3B 18.17 (TSC), ACPI 6.4 4.8.3.3 (PM timer).
 */
#include <arch/cr.h>
#include <arch/portio.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/util.h>
#include "acpi.h"
#include "clock.h"
#include "clock_pure.h"

#define MEASURE_US      5000
#define SAMPLES         8
#define MEASURE_TRIES   4
#define ASSUMED_HZ      2000000000ull /* when nothing can be measured */
#define DELAY_HZ        4000000000ull /* before the frequency is known */
#define SYNC_ROUNDS     12
#define SYNC_TIMEOUT_US 2000000

static uint64_t tsc_hz;
static uint64_t tsc_start;             /* system time 0 */
static struct clock_scale tsc_scale;
static int64_t tsc_offset[CPUS_MAX];   /* boot CPU's TSC minus this one's */
static bool have_offsets;              /* any of them is not 0 */
static uint64_t wall_seconds;          /* UTC at system time 0 */
static uint32_t wall_nanoseconds;

uint64_t clock_tsc_hz(void)
{
    return tsc_hz;
}

void clock_delay_us(uint64_t us)
{
    uint64_t hz = tsc_hz ? tsc_hz : DELAY_HZ;
    uint64_t start = rdtsc();
    uint64_t ticks = us * (hz / 1000000);

    while (rdtsc() - start < ticks) {
        cpu_pause();
    }
}

/* --- reference clocks ---------------------------------------------------- */

struct reference {
    const char *name;
    uint64_t hz;
    unsigned int bits;
    uint32_t (*read)(void);
};

static uint32_t pm_timer_read(void)
{
    return inl((uint16_t)acpi.fadt.pm_timer.address);
}

#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_GATE     0x61

/* Counts down from 65535, so the complement counts up; 55 ms until it wraps. */
static uint32_t pit_read(void)
{
    uint16_t count;

    outb(PIT_COMMAND, 0x80); /* latch channel 2 */
    count = inb(PIT_CHANNEL2);
    count |= (uint16_t)(inb(PIT_CHANNEL2) << 8);
    return (uint16_t)~count;
}

static void pit_start(void)
{
    outb(PIT_GATE, (inb(PIT_GATE) & ~0x02u) | 0x01); /* gate on, speaker off */
    outb(PIT_COMMAND, 0xb4); /* channel 2, both bytes, mode 2 */
    outb(PIT_CHANNEL2, 0xff);
    outb(PIT_CHANNEL2, 0xff);
}

static struct clock_sample sample_once(const struct reference *ref)
{
    struct clock_sample s;

    s.tsc_before = rdtsc_ordered();
    s.counter = ref->read();
    s.tsc_after = rdtsc_ordered();
    return s;
}

static struct clock_sample sample_best(const struct reference *ref)
{
    struct clock_sample best = sample_once(ref);

    for (int i = 1; i < SAMPLES; i++) {
        struct clock_sample s = sample_once(ref);

        if (clock_sample_width(s) < clock_sample_width(best)) {
            best = s;
        }
    }
    return best;
}

/* Waits until the reference has advanced by `ticks`; false when it does not
 * move in what must be far more than that time. */
static bool reference_wait(const struct reference *ref, uint32_t from,
                           uint32_t ticks)
{
    uint64_t start = rdtsc();

    while (clock_counter_delta(from, ref->read(), ref->bits) < ticks) {
        if (rdtsc() - start > DELAY_HZ / 4) {
            return false;
        }
        cpu_pause();
    }
    return true;
}

/* One measurement; *error is how many ticks in a million it may be off. */
static uint64_t measure_once(const struct reference *ref, uint64_t *error)
{
    uint32_t ticks = (uint32_t)(ref->hz * MEASURE_US / 1000000);
    struct clock_sample from = sample_best(ref), to;
    uint64_t elapsed;

    if (!reference_wait(ref, from.counter, ticks)) {
        return 0;
    }
    to = sample_best(ref);
    elapsed = clock_sample_tsc(to) - clock_sample_tsc(from);
    if (elapsed == 0) {
        return 0;
    }
    *error = (clock_sample_width(from) + clock_sample_width(to)) * 500000 /
             elapsed;
    return clock_measure_hz(
        elapsed, clock_counter_delta(from.counter, to.counter, ref->bits),
        ref->hz);
}

/* The measurement with the least error; one that is good enough ends it. */
static uint64_t measure(const struct reference *ref)
{
    uint64_t best_hz = 0, best_error = UINT64_MAX;

    for (int i = 0; i < MEASURE_TRIES; i++) {
        uint64_t error = 0;
        uint64_t hz = measure_once(ref, &error);

        if (!clock_hz_is_sane(hz)) {
            if (hz == 0) {
                break;
            }
            continue;
        }
        if (error < best_error) {
            best_hz = hz;
            best_error = error;
        }
        if (best_error < 500) {
            break;
        }
    }
    return best_hz;
}

/* --- frequency ----------------------------------------------------------- */

static uint64_t hz_from_cpuid(const char **source)
{
    uint32_t r[4];
    uint64_t hz = 0;

    cpuid(1, 0, r);
    if ((r[2] & (1u << 31)) && cpuid_max(0x40000000) >= 0x40000010) {
        cpuid(0x40000010, 0, r);
        hz = (uint64_t)r[0] * 1000;
        *source = "hypervisor";
    }
    if (!clock_hz_is_sane(hz) && cpuid_max(0) >= 0x15) {
        cpuid(0x15, 0, r);
        hz = clock_cpuid15_hz(r[0], r[1], r[2]);
        *source = "cpuid";
    }
    return clock_hz_is_sane(hz) ? hz : 0;
}

static uint64_t hz_from_pm_timer(const char **source)
{
    bool wide = acpi.fadt.flags & FADT_FLAG_TIMER_32BIT;
    struct reference ref = { "acpi timer", PM_TIMER_HZ, wide ? 32 : 24,
                             pm_timer_read };

    if (!acpi.fadt.present || (acpi.fadt.flags & FADT_FLAG_REDUCED) ||
        acpi.fadt.pm_timer.space != ACPI_SPACE_PORT ||
        acpi.fadt.pm_timer.address == 0 ||
        acpi.fadt.pm_timer.address > 0xffff) {
        return 0;
    }
    *source = ref.name;
    return measure(&ref);
}

static uint64_t hz_from_pit(const char **source)
{
    struct reference ref = { "pit", PIT_HZ, 16, pit_read };

    *source = ref.name;
    pit_start();
    return measure(&ref);
}

static uint64_t hz_assumed(const char **source)
{
    uint32_t r[4];

    *source = "assumed";
    if (cpuid_max(0) >= 0x16) {
        cpuid(0x16, 0, r);
        if (clock_hz_is_sane((uint64_t)(r[0] & 0xffff) * 1000000)) {
            return (uint64_t)(r[0] & 0xffff) * 1000000;
        }
    }
    return ASSUMED_HZ;
}

void clock_init(void)
{
    static uint64_t (*const ways[])(const char **) = {
        hz_from_cpuid, hz_from_pm_timer, hz_from_pit, hz_assumed,
    };
    const char *source = "";

    tsc_start = rdtsc_ordered();
    for (size_t i = 0; i < ARRAY_SIZE(ways) && !tsc_hz; i++) {
        tsc_hz = ways[i](&source);
    }
    tsc_scale = clock_scale_for(tsc_hz);

    wall_seconds = rtc_read_seconds();
    wall_nanoseconds = 0;
    if (wall_seconds) {
        ns_t now = arch_now();

        wall_seconds -= now / NS_PER_S + 1;
        wall_nanoseconds = (uint32_t)(NS_PER_S - now % NS_PER_S);
        if (wall_nanoseconds == NS_PER_S) {
            wall_seconds++;
            wall_nanoseconds = 0;
        }
    }
    printk("clock: tsc %llu.%03llu MHz (%s)",
           (unsigned long long)(tsc_hz / 1000000),
           (unsigned long long)(tsc_hz / 1000 % 1000), source);
}

/* --- the contract of hv/arch.h ------------------------------------------- */

static ns_t time_at(uint64_t tsc)
{
    if (UNLIKELY(have_offsets)) {
        tsc += (uint64_t)tsc_offset[this_cpu()->id];
    }
    return clock_scale_ticks(tsc_scale, tsc - tsc_start);
}

ns_t arch_now(void)
{
    return time_at(rdtsc_ordered());
}

void arch_clock_params(struct clock_params *p)
{
    p->tsc_stamp = rdtsc_ordered();
    p->system_time = time_at(p->tsc_stamp); /* I2 */
    p->mul = tsc_scale.mul;
    p->shift = tsc_scale.shift;
}

void arch_wallclock(uint64_t *sec, uint32_t *nsec)
{
    *sec = wall_seconds;
    *nsec = wall_nanoseconds;
}

/* --- meeting a new CPU --------------------------------------------------- */

/*
 * One word each way. In a round the new CPU writes the round's number, the
 * boot CPU answers with its TSC and then with the same number. The new CPU
 * decides how many rounds it wants and ends with the number LAST.
 */
static struct {
    uint32_t asked;
    uint32_t answered;
    uint64_t tsc;
} meeting;

#define ROUND_LAST 255u

/* Rounds of different CPUs have different numbers, and none is 0. */
static uint32_t round_number(unsigned int cpu, unsigned int round)
{
    return cpu * 256 + round + 1;
}

static uint64_t microseconds(uint64_t us)
{
    return us * (tsc_hz / 1000000);
}

/* Waits for another value than `old`; gives `old` back when time is up. */
static uint32_t wait_for_change(const uint32_t *word, uint32_t old)
{
    uint64_t start = rdtsc();
    uint32_t value;

    do {
        value = __atomic_load_n(word, __ATOMIC_ACQUIRE);
        if (value != old) {
            break;
        }
        cpu_pause();
    } while (rdtsc() - start < microseconds(SYNC_TIMEOUT_US));
    return value;
}

bool clock_sync_asked(unsigned int cpu)
{
    return __atomic_load_n(&meeting.asked, __ATOMIC_ACQUIRE) ==
           round_number(cpu, 0);
}

bool clock_sync_serve(unsigned int cpu)
{
    uint32_t asked = round_number(cpu, 0);

    for (;;) {
        uint32_t next;

        meeting.tsc = rdtsc_ordered();
        __atomic_store_n(&meeting.answered, asked, __ATOMIC_RELEASE);
        next = wait_for_change(&meeting.asked, asked);
        if (next == round_number(cpu, ROUND_LAST - 1)) {
            return true;
        }
        if (next != asked + 1) {
            meeting.asked = 0; /* the number may be given to another CPU */
            meeting.answered = 0;
            return false;
        }
        asked = next;
    }
}

/*
 * Rounds take less than a microsecond each when both CPUs run, and a dozen
 * finds the best. On a busy host a round may take a scheduler's time slice;
 * then what the first ones told must do.
 */
static bool more_rounds(unsigned int round, uint64_t elapsed,
                        uint64_t best_trip)
{
    if (round >= SYNC_ROUNDS) {
        return false;
    }
    return elapsed < microseconds(1000) ||
           (round < 3 && best_trip > microseconds(20));
}

bool clock_sync_join(unsigned int cpu)
{
    uint64_t start = rdtsc(), best_trip = UINT64_MAX;
    int64_t offset = 0;

    for (unsigned int round = 0;
         more_rounds(round, rdtsc() - start, best_trip); round++) {
        uint32_t number = round_number(cpu, round);
        uint32_t before_answer = meeting.answered;
        uint64_t before = rdtsc_ordered(), trip;

        __atomic_store_n(&meeting.asked, number, __ATOMIC_RELEASE);
        if (wait_for_change(&meeting.answered, before_answer) != number) {
            return false;
        }
        trip = rdtsc_ordered() - before;
        if (trip < best_trip) {
            best_trip = trip;
            offset = (int64_t)(meeting.tsc - (before + trip / 2));
        }
    }
    tsc_offset[cpu] = clock_offset_to_use(offset, best_trip); /* I3 */
    if (tsc_offset[cpu]) {
        __atomic_store_n(&have_offsets, true, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&meeting.asked, round_number(cpu, ROUND_LAST - 1),
                     __ATOMIC_RELEASE);
    return true;
}
