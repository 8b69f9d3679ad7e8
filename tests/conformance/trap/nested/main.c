/* SPDX-License-Identifier: MIT */
/*
 * A fault inside a fault handler.
 *
 * Each bounce pushes a frame below the last one, and each iret undoes one.
 * Nothing about the outer trap may live in the hypervisor, or the inner one
 * would destroy it.
 */
#include "conformance.h"

#define DEPTH 8u

static unsigned int depth, deepest;
static uint64_t frame[DEPTH];

static bool nest(struct regs *regs)
{
    frame[depth++] = (uint64_t)regs;
    if (depth < DEPTH) {
        __asm__ volatile("ud2" ::: "memory");
    }
    deepest = depth > deepest ? depth : deepest;
    depth--;
    regs->rip += 2;
    return true;
}

CONFORMANCE_CASE("Traps nest on the kernel stack", 0)
{
    unsigned int not_below = 0;

    trap_set_handler(VECTOR_UD, nest);
    __asm__ volatile("ud2" ::: "memory");
    expect_eq("deepest", DEPTH, deepest);
    expect_eq("all-returned", 0, depth);
    for (unsigned int i = 1; i < DEPTH; i++) {
        not_below += frame[i] >= frame[i - 1];
    }
    expect_eq("frames-out-of-order", 0, not_below);
}
