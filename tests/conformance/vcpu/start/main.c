/* SPDX-License-Identifier: MIT */
/*
 * The first instruction of a further vCPU.
 *
 * It begins as its context says, with three things decided by the hypervisor:
 * both selectors get RPL 3, interrupts are on in the hardware whatever the
 * flags say, and the I/O privilege is virtual.
 */
#include "conformance.h"

static volatile uint64_t seen_cs, seen_ss, seen_flags, seen_id;
static volatile unsigned int done;
static char area[64];

static void look(void *argument)
{
    uint64_t cs, ss, flags;

    __asm__ volatile("mov %%cs, %k0" : "=r"(cs));
    __asm__ volatile("mov %%ss, %k0" : "=r"(ss));
    __asm__ volatile("pushfq; pop %0" : "=r"(flags));
    seen_cs = cs;
    seen_ss = ss;
    seen_flags = flags;
    seen_id = smp_vcpu_id();
    memset(argument, 0x5a, sizeof(area));
    __atomic_store_n(&done, 1, __ATOMIC_SEQ_CST);
}

CONFORMANCE_CASE("a second vCPU runs, on the same memory", 0)
{
    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    expect_eq("mask-at-start", 1, shared_info.vcpu_info[1].evtchn_upcall_mask);
    done = 0;
    REQUIRE(smp_run(1, look, area));
    expect_true("runs", smp_wait_for(&done, 1));
    expect_true("ends", smp_wait(1));
    expect_eq("cs", GUEST_CS64, seen_cs);
    expect_eq("ss", GUEST_SS, seen_ss);
    expect_eq("if", RFLAGS_IF, seen_flags & RFLAGS_IF);
    expect_eq("id", 1, seen_id);
    expect_eq("memory", 0x5a, (uint64_t)area[63]);
}
