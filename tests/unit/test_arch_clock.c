/* SPDX-License-Identifier: MIT */
/* Claims about arch/x86/clock_pure.h and rtc_pure.h. */
#include <time.h>

#include "../../hypervisor/arch/x86/clock_pure.h"
#include "../../hypervisor/arch/x86/rtc_pure.h"
#include "test_main.h"

static const uint64_t frequencies[] = {
    50000000ull,   999999999ull,  1000000000ull, 1000000001ull,
    1193182000ull, 2000000000ull, 2000000001ull, 2399998765ull,
    3700000000ull, 4294967296ull, 5800000000ull, 20000000000ull,
};

#define FREQUENCIES (sizeof(frequencies) / sizeof(frequencies[0]))

START_TEST(a_multiplier_has_31_significant_bits)
{
    for (size_t i = 0; i < FREQUENCIES; i++) {
        ck_assert_uint_ge(clock_scale_for(frequencies[i]).mul, 1u << 31);
    }
}
END_TEST

/* One day of ticks is one day, give or take 1 in 10^9 and the shift. */
START_TEST(a_day_is_a_day)
{
    const uint64_t day = 86400ull * NS_PER_S;

    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct clock_scale s = clock_scale_for(frequencies[i]);
        ns_t ns = clock_scale_ticks(s, frequencies[i] * 86400);

        ck_assert_uint_le(ns, day + day / 1000000000 * 3);
        ck_assert_uint_ge(ns, day - day / 1000000000 * 3);
    }
}
END_TEST

START_TEST(ten_years_do_not_wrap)
{
    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct clock_scale s = clock_scale_for(frequencies[i]);
        uint64_t ticks = frequencies[i] * 86400 * 365 * 10;
        ns_t ns = clock_scale_ticks(s, ticks);

        ck_assert_uint_gt(ns, 9ull * 365 * 86400 * NS_PER_S);
        ck_assert_uint_gt(clock_scale_ticks(s, ticks + frequencies[i]), ns);
    }
}
END_TEST

/* What a guest adds up from an earlier stamp never passes our own clock. */
START_TEST(a_guests_sum_is_never_ahead)
{
    uint64_t random = 88172645463325252ull;

    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct clock_scale s = clock_scale_for(frequencies[i]);

        for (int n = 0; n < 2000; n++) {
            uint64_t stamp, later;

            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            stamp = random >> 20;
            later = random & 0xffffff;
            ck_assert_uint_le(clock_scale_ticks(s, stamp) +
                                  clock_scale_ticks(s, later),
                              clock_scale_ticks(s, stamp + later));
        }
    }
}
END_TEST

START_TEST(a_timer_never_fires_too_early)
{
    static const ns_t waits[] = { 0, 1, 999, 1000, 123456789, NS_PER_S,
                                  3600 * NS_PER_S };

    for (size_t i = 0; i < FREQUENCIES; i++) {
        struct clock_scale s = clock_scale_for(frequencies[i]);
        uint64_t per_ns = clock_ticks_per_ns(frequencies[i]);

        for (size_t w = 0; w < sizeof(waits) / sizeof(waits[0]); w++) {
            uint64_t ticks = clock_ns_to_ticks(per_ns, waits[w]);
            ns_t back = clock_scale_ticks(s, ticks + 1);

            ck_assert_uint_ge(ticks, 1);
            /* the clock's own rounding down is up to a few in 10^9 */
            ck_assert_uint_ge(back + waits[w] / 300000000 + 1, waits[w]);
            ck_assert_uint_le(back, waits[w] + waits[w] / 10000000 + 50);
        }
    }
}
END_TEST

START_TEST(timer_counts_are_clamped)
{
    uint64_t per_ns = clock_ticks_per_ns(1000000000ull);

    ck_assert_uint_eq(clock_timer_count(per_ns, 0), 1);
    ck_assert_uint_eq(clock_timer_count(per_ns, 1000), 1001);
    ck_assert_uint_eq(clock_timer_count(per_ns, 10 * NS_PER_S), UINT32_MAX);
    ck_assert_uint_eq(clock_timer_count(per_ns, NS_NEVER - 1), UINT32_MAX);
}
END_TEST

START_TEST(tsc_deadlines_do_not_wrap)
{
    uint64_t per_ns = clock_ticks_per_ns(3000000000ull);

    ck_assert_uint_eq(clock_deadline_tsc(100, per_ns, 0), 101);
    ck_assert_uint_ge(clock_deadline_tsc(100, per_ns, NS_PER_S),
                      100 + 2999999999ull);
    ck_assert_uint_eq(clock_deadline_tsc(UINT64_MAX - 5, per_ns, NS_PER_S),
                      UINT64_MAX);
    ck_assert_uint_eq(clock_deadline_tsc(100, per_ns, NS_NEVER - 1),
                      UINT64_MAX);
    ck_assert_uint_eq(clock_deadline_tsc(0, clock_ticks_per_ns(20000000000ull),
                                         NS_NEVER - 1), UINT64_MAX);
}
END_TEST

START_TEST(a_frequency_is_measured)
{
    /* 5 ms of the ACPI timer beside a TSC of 2.4 GHz */
    ck_assert_uint_eq(clock_measure_hz(12000000, 17898, PM_TIMER_HZ) / 1000000,
                      2399);
    ck_assert_uint_eq(clock_measure_hz(12000000, 0, PM_TIMER_HZ), 0);
    ck_assert_uint_eq(clock_measure_hz(UINT64_MAX / 2, 5, PM_TIMER_HZ), 0);
    ck_assert(!clock_hz_is_sane(0));
    ck_assert(!clock_hz_is_sane(3000000));
    ck_assert(clock_hz_is_sane(1000000000));
    ck_assert_uint_eq(clock_cpuid15_hz(2, 250, 24000000), 3000000000ull);
    ck_assert_uint_eq(clock_cpuid15_hz(2, 250, 0), 0);
    ck_assert_uint_eq(clock_cpuid15_hz(0, 250, 24000000), 0);
}
END_TEST

START_TEST(counters_wrap_at_their_width)
{
    ck_assert_uint_eq(clock_counter_delta(0xfffff0, 0x10, 24), 0x20);
    ck_assert_uint_eq(clock_counter_delta(0xfffffff0u, 0x10, 32), 0x20);
    ck_assert_uint_eq(clock_counter_delta(0xfff0, 0x10, 16), 0x20);
    ck_assert_uint_eq(clock_counter_delta(5, 5, 24), 0);
}
END_TEST

START_TEST(small_offsets_are_not_corrected)
{
    ck_assert_int_eq(clock_offset_to_use(100, 200), 0);
    ck_assert_int_eq(clock_offset_to_use(-100, 200), 0);
    ck_assert_int_eq(clock_offset_to_use(101, 200), 101);
    ck_assert_int_eq(clock_offset_to_use(-5000, 200), -5000);
    ck_assert_int_eq(clock_offset_to_use(INT64_MIN, 200), INT64_MIN);
}
END_TEST

START_TEST(samples_lie_between_their_readings)
{
    struct clock_sample s = { 1000, 1500, 7 };

    ck_assert_uint_eq(clock_sample_width(s), 500);
    ck_assert_uint_eq(clock_sample_tsc(s), 1250);
}
END_TEST

/* --- calendar --- */

START_TEST(days_agree_with_the_c_library)
{
    for (time_t t = 0; t < 4102444800; t += 86400 * 3 + 7) {
        struct tm tm;

        gmtime_r(&t, &tm);
        ck_assert_int_eq(rtc_days((unsigned int)tm.tm_year + 1900,
                                  (unsigned int)tm.tm_mon + 1,
                                  (unsigned int)tm.tm_mday),
                         t / 86400);
    }
}
END_TEST

/* 2026-11-21 20:45:59 */
static const struct rtc_registers bcd24 = {
    .second = 0x59, .minute = 0x45, .hour = 0x20, .day = 0x21, .month = 0x11,
    .year = 0x26, .century = 0x20, .status_b = RTC_B_24H,
};

#define THAT_SECOND 1795293959ull

START_TEST(all_forms_of_a_date_agree)
{
    struct rtc_registers r = bcd24;
    uint64_t s;

    ck_assert(rtc_to_seconds(&r, &s));
    ck_assert_uint_eq(s, THAT_SECOND);
    r.century = 0;
    ck_assert(rtc_to_seconds(&r, &s));
    ck_assert_uint_eq(s, THAT_SECOND);
    r.status_b = 0;
    r.hour = 0x88; /* 8 in the afternoon */
    ck_assert(rtc_to_seconds(&r, &s));
    ck_assert_uint_eq(s, THAT_SECOND);
    r = (struct rtc_registers){ 59, 45, 20, 21, 11, 26, 20,
                                RTC_B_24H | RTC_B_BINARY };
    ck_assert(rtc_to_seconds(&r, &s));
    ck_assert_uint_eq(s, THAT_SECOND);
}
END_TEST

START_TEST(twelve_is_midnight_or_noon)
{
    struct rtc_registers r = bcd24;

    r.status_b = 0;
    r.hour = 0x12;
    ck_assert_uint_eq(rtc_hour(&r), 0);
    r.hour = 0x92;
    ck_assert_uint_eq(rtc_hour(&r), 12);
    r.hour = 0x91;
    ck_assert_uint_eq(rtc_hour(&r), 23);
}
END_TEST

START_TEST(no_clock_is_no_date)
{
    struct rtc_registers r = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                               0xff };
    uint64_t s;

    ck_assert(!rtc_to_seconds(&r, &s));
    r = (struct rtc_registers){ 0, 0, 0, 0, 0, 0, 0, 0 };
    ck_assert(!rtc_to_seconds(&r, &s));
}
END_TEST

TEST_MAIN("arch_clock", NULL, NULL, a_multiplier_has_31_significant_bits,
          a_day_is_a_day, ten_years_do_not_wrap, a_guests_sum_is_never_ahead,
          a_timer_never_fires_too_early, timer_counts_are_clamped,
          tsc_deadlines_do_not_wrap, a_frequency_is_measured,
          counters_wrap_at_their_width, small_offsets_are_not_corrected,
          samples_lie_between_their_readings, days_agree_with_the_c_library,
          all_forms_of_a_date_agree, twelve_is_midnight_or_noon,
          no_clock_is_no_date)
