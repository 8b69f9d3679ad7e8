/* SPDX-License-Identifier: MIT */
/*
 * SHUTDOWN_crash.
 *
 * How a guest says that it is beyond repair; the hypervisor must tell this
 * from an orderly end.
 */
#include "conformance.h"

CONFORMANCE_CASE("Shutting down with reason crash", EXPECT_CRASH)
{
    sched_shutdown(SHUTDOWN_crash);
}
