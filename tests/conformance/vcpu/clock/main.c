/* SPDX-License-Identifier: MIT */
/*
 * One time for all vCPUs.
 *
 * Each vCPU converts its own CPU's counter with its own numbers.  What one
 * read before it told the other must not be later than what the other reads
 * then, or a kernel sees time go backwards when a task moves.  Kernels guard
 * themselves against small steps (Xen under emulation was seen to go back by
 * 10 ms), so this looks for clocks that have nothing to do with each other.
 */
#include "conformance.h"

#define ROUNDS 2000u

static volatile uint64_t stamp;
static volatile unsigned int turn;
static uint64_t backwards;

/* Takes the other's stamp, compares, and leaves its own. */
static void exchange(unsigned int mine)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        uint64_t now;

        for (unsigned int spins = 0; (turn & 1) != mine; spins++) {
            if (spins > 1000) {
                sched_yield();
            }
        }
        now = time_now_ns();
        if (now < stamp && stamp - now > backwards) {
            backwards = stamp - now;
        }
        stamp = now;
        barrier();
        turn++;
    }
}

static void other(void *unused)
{
    exchange(1);
}

CONFORMANCE_CASE("time does not go backwards between vCPUs", 0)
{
    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    turn = 0;
    stamp = 0;
    backwards = 0;
    REQUIRE(smp_run(1, other, NULL));
    exchange(0);
    expect_true("ends", smp_wait(1));
    expect_true("at-most-50-ms", backwards <= 50000000);
}
