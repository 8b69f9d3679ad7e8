/* SPDX-License-Identifier: MIT */
/*
 * System time without a call.
 *
 * vcpu_info holds a TSC value, the time at it, and the scale between.  Time
 * computed so never runs backwards on one vCPU, across updates of the record
 * as well, and its frequency is that of the TSC.
 */
#include "conformance.h"

CONFORMANCE_CASE("System time is monotonic and follows the TSC", 0)
{
    struct vcpu_time_info copy = evtchn_vcpu_info()->time;
    uint64_t last = time_now_ns(), now, tsc, start;
    unsigned int backwards = 0;

    for (unsigned int i = 0; i < 20000; i++) {
        now = time_now_ns();
        backwards += now < last;
        last = now;
    }
    expect_eq("backwards", 0, backwards);
    start = time_now_ns();
    tsc = read_tsc();
    time_sleep_until_ns(start + 30000000);
    now = time_now_ns();
    copy.tsc_timestamp = tsc;
    copy.system_time = start;
    tsc = time_scale(&copy, read_tsc());
    /* Both clocks span the same sleep, within a tenth. */
    expect_true("not-slower-than-tsc", (now - start) * 10 >
                (tsc - start) * 9);
    expect_true("not-faster-than-tsc", (now - start) * 9 <
                (tsc - start) * 10);
    expect_eq("version-even", 0, evtchn_vcpu_info()->time.version & 1);
}
