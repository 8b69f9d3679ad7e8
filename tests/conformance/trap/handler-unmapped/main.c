/* SPDX-License-Identifier: MIT */
/*
 * A handler that is not there.
 *
 * The address is canonical, so it was accepted; that nothing is mapped turns
 * out when the CPU fetches from it, in guest mode, as an ordinary page fault.
 * The frame of the first trap is on the stack, whole.
 */
#include "conformance.h"

static struct regs seen;

static bool look(struct regs *regs)
{
    const uint64_t *frame = (const uint64_t *)regs->rsp;

    seen = *regs;
    /* Undo the first frame by hand: rcx r11 rip cs rflags rsp ss. */
    regs->rip = frame[2] + 2;
    regs->rsp = frame[5];
    regs->rflags = frame[4];
    regs->rcx = frame[0];
    regs->r11 = frame[1];
    return true;
}

CONFORMANCE_CASE("A trap whose handler is not mapped", 0)
{
    struct trap_info table[2] = {
        { .vector = VECTOR_UD, .flags = 4, .cs = GUEST_CS64,
          .address = UNMAPPED_VA },
    };

    REQUIRE(hypercall_set_trap_table(table) == 0);
    trap_set_handler(VECTOR_PF, look);
    __asm__ volatile("ud2" ::: "memory");
    trap_set_handler(VECTOR_PF, NULL);
    expect_eq("vector", VECTOR_PF, seen.vector);
    expect_eq("error", 0x10, seen.error);
    expect_eq("rip", UNMAPPED_VA, seen.rip);
    expect_eq("masked-by-the-first", 1, seen.saved_upcall_mask);
    upcalls_enable();
}
