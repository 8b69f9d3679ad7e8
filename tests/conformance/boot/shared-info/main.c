/* SPDX-License-Identifier: MIT */
/*
 * shared_info before anyone has touched it.
 *
 * The page is the hypervisor's, mapped writable by its machine address.  Time
 * must be valid before the first instruction, because kernels divide by the
 * multiplier as soon as they see it; upcalls must be masked for every vCPU
 * slot, because nobody can take one before registering a callback.
 */
#include "conformance.h"

CONFORMANCE_CASE("Initial contents of shared_info", 0)
{
    const volatile struct shared_info *s = &shared_info;
    unsigned int unmasked = 0;

    for (unsigned int i = 1; i < XEN_LEGACY_MAX_VCPUS; i++) {
        unmasked += s->vcpu_info[i].evtchn_upcall_mask != 1;
    }
    expect_eq("unmasked-slots", 0, unmasked);
    expect_eq("time-version-odd", 0, s->vcpu_info[0].time.version & 1);
    expect_true("time-multiplier",
                s->vcpu_info[0].time.tsc_to_system_mul != 0);
    expect_eq("wallclock-version-odd", 0, s->wc_version & 1);
    expect_true("wallclock-after-2001", s->wc_sec > 1000000000u ||
                s->wc_sec_hi != 0);
    expect_eq("padding-zero", 0, s->vcpu_info[0].arch.pad);
}
