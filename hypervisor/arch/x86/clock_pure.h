/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic of the clock: a rate as multiplier and shift.
 *
 * A counter's difference becomes nanoseconds without a division, as
 *
 *     ns = ((ticks << shift) * mul) >> 32        (shift < 0: ticks >> -shift)
 *
 * which is the form that the PV interface gives to guests (vcpu_time_info).
 * The hypervisor uses the same one, so that a guest's clock never runs ahead
 * of ours: both terms round down, and floor(a) + floor(b) <= floor(a + b).
 *
 *   C1  2^31 <= mul < 2^32: 31 significant bits, an error below 1 in 10^9
 *   C2  products are 96 bits wide, and a shift to the left is for counters
 *       slower than 1 GHz; nothing wraps for centuries of ticks
 */
#ifndef ARCH_X86_CLOCK_PURE_H
#define ARCH_X86_CLOCK_PURE_H

#include <hv/bug.h>
#include <hv/types.h>

#define PM_TIMER_HZ 3579545ull
#define PIT_HZ      1193182ull

struct clock_scale {
    uint32_t mul;
    int8_t shift;
};

/* The scale of a counter with this frequency; hz must not be 0. */
static inline struct clock_scale clock_scale_for(uint64_t hz)
{
    struct clock_scale s = { 0, 0 };

    while (hz > 2 * NS_PER_S) {
        hz >>= 1;
        s.shift--;
    }
    while (hz <= NS_PER_S) {
        hz <<= 1;
        s.shift++;
    }
    s.mul = (uint32_t)((NS_PER_S << 32) / hz); /* C1 */
    return s;
}

static inline ns_t clock_scale_ticks(struct clock_scale s, uint64_t ticks)
{
    /* A branch that goes the same way for ever; the number asks for one. */
    if (__builtin_expect_with_probability(s.shift < 0, false, 0.99)) {
        ticks >>= -s.shift;
    } else {
        ticks <<= s.shift;
    }
    return (ns_t)(((unsigned __int128)ticks * s.mul) >> 32); /* C2 */
}

/*
 * The other way round: ticks = ns * per_ns >> 28, plus one. Both round up, so
 * that a timer does not fire early and find nothing due. 28 bits of fraction leave
 * room for a counter of 64 GHz.
 */
#define CLOCK_FRACTION_BITS 28

static inline uint64_t clock_ticks_per_ns(uint64_t hz)
{
    return ((hz << CLOCK_FRACTION_BITS) + NS_PER_S - 1) / NS_PER_S;
}

static inline uint64_t clock_ns_to_ticks(uint64_t per_ns, ns_t ns)
{
    unsigned __int128 ticks =
        ((unsigned __int128)ns * per_ns >> CLOCK_FRACTION_BITS) + 1;

    return ticks > UINT64_MAX ? UINT64_MAX : (uint64_t)ticks;
}

/* Count for a one-shot timer of 32 bits: at least 1 (0 would stop it), and at
 * most all ones, which fires early and is then programmed again. */
static inline uint32_t clock_timer_count(uint64_t per_ns, ns_t ns)
{
    uint64_t ticks = clock_ns_to_ticks(per_ns, ns);

    return ticks > UINT32_MAX ? UINT32_MAX : (uint32_t)ticks;
}

/* TSC value of a deadline `ns` from now; 0 would disarm, and a sum that wraps
 * means "never within our life". */
static inline uint64_t clock_deadline_tsc(uint64_t now_tsc, uint64_t per_ns,
                                          ns_t ns)
{
    uint64_t ticks = clock_ns_to_ticks(per_ns, ns);

    return ticks > UINT64_MAX - now_tsc ? UINT64_MAX : now_tsc + ticks;
}

/* Frequency of a counter that advanced by `ticks` while a reference of
 * reference_hz advanced by `reference`; 0 when that can not be told. */
static inline uint64_t clock_measure_hz(uint64_t ticks, uint64_t reference,
                                        uint64_t reference_hz)
{
    if (reference == 0 || ticks > UINT64_MAX / reference_hz) {
        return 0;
    }
    return ticks * reference_hz / reference;
}

static inline bool clock_hz_is_sane(uint64_t hz)
{
    return hz >= 50000000ull && hz <= 20000000000ull;
}

/* CPUID leaf 0x15: TSC = crystal * numerator / denominator; 0: not given. */
static inline uint64_t clock_cpuid15_hz(uint32_t denominator,
                                        uint32_t numerator, uint32_t crystal)
{
    if (!denominator || !numerator || !crystal) {
        return 0;
    }
    return (uint64_t)crystal * numerator / denominator;
}

/* The difference of two readings of a counter of `bits` bits. */
static inline uint32_t clock_counter_delta(uint32_t from, uint32_t to,
                                           unsigned int bits)
{
    uint32_t mask = bits >= 32 ? UINT32_MAX : (1u << bits) - 1;

    return (to - from) & mask;
}

/*
 * One reading of a slow counter between two of a fast one. The closer the
 * two, the better is known when the slow one was read.
 */
struct clock_sample {
    uint64_t tsc_before, tsc_after;
    uint32_t counter;
};

static inline uint64_t clock_sample_width(struct clock_sample s)
{
    return s.tsc_after - s.tsc_before;
}

static inline uint64_t clock_sample_tsc(struct clock_sample s)
{
    return s.tsc_before + clock_sample_width(s) / 2;
}

/*
 * Another CPU's TSC read at some moment between two readings of our own
 * differs from ours by `offset`, give or take half the time between. A
 * difference that this uncertainty explains is none: correcting it would add
 * an error where there may be none.
 */
static inline int64_t clock_offset_to_use(int64_t offset, uint64_t round_trip)
{
    uint64_t size = offset < 0 ? -(uint64_t)offset : (uint64_t)offset;

    return size <= round_trip / 2 ? 0 : offset;
}

#endif
