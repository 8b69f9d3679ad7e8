/* SPDX-License-Identifier: MIT */
/*
 * As many ports as there are.
 *
 * The 2-level ABI has 4096 bits; the last port is 4095, and asking for one
 * more is -ENOSPC.  All numbers handed out are different, and closing makes
 * them available again.  The guest decides how often it asks, so memory the
 * hypervisor spends on a port must be bounded by this number.
 */
#include "conformance.h"

CONFORMANCE_CASE("All ports, and one more", 0)
{
    static uint8_t seen[EVTCHN_2L_NR_CHANNELS];
    unsigned int count = 0, twice = 0, not_closed = 0;
    evtchn_port_t port;
    int err;

    memset(seen, 0, sizeof(seen));
    while ((err = evtchn_alloc_unbound(DOMID_SELF, DOMID_SELF, &port)) == 0 &&
           count < EVTCHN_2L_NR_CHANNELS) {
        count++;
        if (port >= EVTCHN_2L_NR_CHANNELS || seen[port]) {
            twice++;
        } else {
            seen[port] = 1;
        }
    }
    expect_eq("beyond-the-last", (uint64_t)-XEN_ENOSPC, (uint64_t)err);
    expect_eq("no-ipi", -XEN_ENOSPC, (uint64_t)evtchn_bind_ipi(0, &port));
    expect_eq("no-virq", -XEN_ENOSPC,
              (uint64_t)evtchn_bind_virq(VIRQ_DEBUG, 0, &port));
    expect_eq("no-peer", -XEN_ENOSPC,
              (uint64_t)evtchn_bind_interdomain(DOMID_SELF, ~0u, &port));
    expect_true("at-least-1000", count >= 1000);
    expect_eq("wrong-or-double", 0, twice);
    for (port = 1; port < EVTCHN_2L_NR_CHANNELS; port++) {
        if (seen[port]) {
            not_closed += evtchn_close(port) != 0;
        }
    }
    expect_eq("not-closed", 0, not_closed);
}
