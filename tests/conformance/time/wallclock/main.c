/* SPDX-License-Identifier: MIT */
/*
 * Wall clock time.
 *
 * shared_info holds the moment at which system time was zero; the sum is the
 * date.  It advances with system time and needs no call.
 */
#include "conformance.h"

CONFORMANCE_CASE("The wall clock advances with system time", 0)
{
    uint64_t first = time_wallclock_s(), start = time_now_ns();
    uint64_t second;

    time_sleep_until_ns(start + 1100000000);
    second = time_wallclock_s();
    expect_true("plausible", first > 1000000000);
    expect_true("advanced", second > first);
    expect_true("not-by-more", second - first <=
                (time_now_ns() - start) / 1000000000 + 1);
}
