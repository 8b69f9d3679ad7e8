/* SPDX-License-Identifier: MIT */
/*
 * From the registers of a PC's real-time clock to seconds since 1970.
 *
 * The clock counts in binary or in BCD, in 24 or in 12 hours (then bit 7 of
 * the hour means afternoon), and with two digits of the year; the century
 * stands, if at all, in a register that only the FADT names. It is taken to
 * run in UTC.
 */
#ifndef ARCH_X86_RTC_PURE_H
#define ARCH_X86_RTC_PURE_H

#include <hv/types.h>

struct rtc_registers {
    uint8_t second, minute, hour, day, month, year;
    uint8_t century; /* raw, 0: the machine has no such register */
    uint8_t status_b;
};

#define RTC_B_24H    0x02
#define RTC_B_BINARY 0x04

static inline unsigned int rtc_bcd(uint8_t v)
{
    return (v >> 4) * 10u + (v & 15);
}

static inline unsigned int rtc_number(const struct rtc_registers *r, uint8_t v)
{
    return r->status_b & RTC_B_BINARY ? v : rtc_bcd(v);
}

static inline unsigned int rtc_hour(const struct rtc_registers *r)
{
    unsigned int hour;

    if (r->status_b & RTC_B_24H) {
        return rtc_number(r, r->hour);
    }
    hour = rtc_number(r, r->hour & 0x7f) % 12;
    return r->hour & 0x80 ? hour + 12 : hour;
}

/* Without a sensible century this is one of 1970-2069. */
static inline unsigned int rtc_year(const struct rtc_registers *r)
{
    unsigned int year = rtc_number(r, r->year);
    unsigned int century = rtc_number(r, r->century);

    if (century >= 19 && century <= 29) {
        return century * 100 + year;
    }
    return year < 70 ? 2000 + year : 1900 + year;
}

/* Days from 1970-01-01 to a date of the Gregorian calendar. The year begins
 * in March, so that the leap day is its last. */
static inline int64_t rtc_days(unsigned int year, unsigned int month,
                               unsigned int day)
{
    unsigned int y = month <= 2 ? year - 1 : year;
    unsigned int m = month <= 2 ? month + 9 : month - 3;

    return (int64_t)365 * y + y / 4 - y / 100 + y / 400 +
           (153 * m + 2) / 5 + day - 1 - 719468;
}

/* False when the registers can not be a date after 1970. */
static inline bool rtc_to_seconds(const struct rtc_registers *r,
                                  uint64_t *seconds)
{
    unsigned int second = rtc_number(r, r->second);
    unsigned int minute = rtc_number(r, r->minute);
    unsigned int hour = rtc_hour(r);
    unsigned int day = rtc_number(r, r->day);
    unsigned int month = rtc_number(r, r->month);
    unsigned int year = rtc_year(r);

    if (second > 60 || minute > 59 || hour > 23 || day < 1 || day > 31 ||
        month < 1 || month > 12 || year < 1970) {
        return false;
    }
    *seconds = (uint64_t)rtc_days(year, month, day) * 86400 + hour * 3600ull +
               minute * 60ull + second;
    return true;
}

#endif
