/* SPDX-License-Identifier: MIT */
/*
 * Debug registers.
 *
 * MOV DR is privileged, so there are two calls.  A breakpoint on an address of
 * the hypervisor would trap in ring 0 for ever: refused.  So is general
 * detect, which traps the hypervisor's own use of these registers.
 */
#include "conformance.h"

static volatile unsigned int hits;
static volatile uint64_t watched;

static bool hit(struct regs *regs)
{
    hits++;
    return true;
}

static uint64_t set(unsigned int reg, uint64_t value)
{
    return (uint64_t)hypercall_set_debugreg(reg, value);
}

static uint64_t get(unsigned int reg)
{
    return (uint64_t)hypercall_get_debugreg(reg);
}

CONFORMANCE_CASE("set_debugreg and get_debugreg", 0)
{
    const uint64_t watch_write_8 = 0x000d0000ul | 0x3;

    trap_set_handler(VECTOR_DB, hit);
    expect_eq("set-0", 0, set(0, (uint64_t)&watched));
    expect_eq("get-0", (uint64_t)&watched, get(0));
    expect_eq("set-7", 0, set(7, watch_write_8));
    watched = 1;
    expect_eq("write-watch-hit", 1, hits);
    expect_eq("dr6-says-0", 1, get(6) & 15);
    expect_eq("off", 0, set(7, 0));
    watched = 2;
    expect_eq("no-more-hits", 1, hits);
    expect_eq("hypervisor-address", -XEN_EPERM, set(0, HYPERVISOR_VA));
    expect_eq("non-canonical", -XEN_EPERM, set(1, NON_CANONICAL_VA));
    expect_eq("general-detect", -XEN_EPERM, set(7, 1 << 13));
    expect_eq("last-below-the-hole", 0, set(0, 0x7ffffffffffful));
    expect_eq("first-above-the-hole", 0, set(0, 0xffff880000000000ul));
    expect_eq("last-of-the-hole", -XEN_EPERM, set(0, 0xffff87fffffffffful));
    expect_eq("first-of-the-hole", -XEN_EPERM, set(0, HOLE_VA));
    for (unsigned int reg = 4; reg < 8; reg++) {
        expect_eq("33-bits", -XEN_EINVAL, set(reg, 1ul << 32));
    }
    expect_eq("4-is-6", get(6), get(4));
    expect_eq("5-is-7", get(7), get(5));
    expect_eq("io-off", 0, set(7, 0x20000));
    expect_eq("io-on", -XEN_EPERM, set(7, 0x20001));
    expect_eq("7-again", 0, set(7, 0));
    expect_eq("register-8", -XEN_ENODEV, set(8, 0));
    expect_eq("get-register-8", -XEN_ENODEV, get(8));
    set(0, 0);
    set(6, 0xffff0ff0);
}
