/* SPDX-License-Identifier: MIT */
/*
 * The "mask events" flag of a trap table entry.
 *
 * Bit 2 of flags makes an entry an interrupt gate: the upcall mask is set
 * before the first instruction of the handler.  Without it the entry is a trap
 * gate and events go on.  Kernels need the first for anything that reads cr2
 * before a nested fault can overwrite it.
 */
#include "conformance.h"

static uint8_t mask_inside;

static bool look(struct regs *regs)
{
    mask_inside = evtchn_vcpu_info()->evtchn_upcall_mask;
    regs->rip += 2;
    return true;
}

static void run_with_flags(uint8_t flags)
{
    struct trap_info table[2] = {
        { .vector = VECTOR_UD, .flags = flags, .cs = GUEST_CS64,
          .address = trap_stub(VECTOR_UD) },
    };

    mask_inside = 0xff;
    expect_eq("set_trap_table", 0, (uint64_t)hypercall_set_trap_table(table));
    __asm__ volatile("ud2" ::: "memory");
}

CONFORMANCE_CASE("Trap table entries with and without event masking", 0)
{
    trap_set_handler(VECTOR_UD, look);
    run_with_flags(4);
    expect_eq("masked-by-the-entry", 1, mask_inside);
    expect_eq("restored-after", 0, evtchn_vcpu_info()->evtchn_upcall_mask);
    run_with_flags(0);
    expect_eq("left-open", 0, mask_inside);
}
