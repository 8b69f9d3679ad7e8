/* SPDX-License-Identifier: MIT */
/*
 * What PUSHF shows and POPF does in ring 3.
 *
 * Nothing traps: PUSHF reads the real flags, in which IF is always set and
 * IOPL is 0, and POPF silently keeps both.  This silence is the reason why
 * ring compression alone could never virtualize x86, and why the upcall mask
 * is a byte in memory.
 */
#include "conformance.h"

#define IOPL 0x3000ul

static uint64_t flags(void)
{
    uint64_t value;

    __asm__ volatile("pushfq\n\t popq %0" : "=r"(value) : : "memory");
    return value;
}

CONFORMANCE_CASE("PUSHF and POPF", 0)
{
    struct fault fault;
    uint8_t mask = evtchn_vcpu_info()->evtchn_upcall_mask;

    expect_eq("if", RFLAGS_IF, flags() & RFLAGS_IF);
    expect_eq("iopl", 0, flags() & IOPL);
    fault = PROBE("pushq %0\n\t popfq", "r"(IOPL | RFLAGS_RESERVED));
    expect_no_fault("popf", &fault);
    expect_eq("if-kept", RFLAGS_IF, flags() & RFLAGS_IF);
    expect_eq("iopl-kept", 0, flags() & IOPL);
    expect_eq("mask-kept", mask, evtchn_vcpu_info()->evtchn_upcall_mask);
    upcalls_save_and_disable();
    expect_eq("if-while-masked", RFLAGS_IF, flags() & RFLAGS_IF);
    upcalls_enable();
}
