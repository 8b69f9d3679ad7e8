/* SPDX-License-Identifier: MIT */
/*
 * Exceptions of the guest kernel's own making.
 *
 * Every exception enters the hypervisor first.  Those that are the guest's are
 * bounced to the handler from set_trap_table with the architecture's vector
 * and error code.  Faults report the instruction itself, so that it can be
 * repaired and run again; traps (INT3) report the next one.  A hypervisor
 * that mixes these up makes debuggers step into the middle of instructions.
 */
#include "conformance.h"

static uint8_t byte_at(uint64_t rip)
{
    return *(const volatile uint8_t *)rip;
}

CONFORMANCE_CASE("Exceptions in kernel mode: vector, error code, address", 0)
{
    struct fault ud = PROBE("ud2", "r"(0));
    struct fault bp = PROBE("int3", "r"(0));
    struct fault de = PROBE("divl %%ecx", "a"(1), "d"(0), "c"(0));
    struct fault gp = PROBE("hlt", "r"(0));
    struct fault far_away = PROBE("movb (%0), %%al",
                                  "a"(NON_CANONICAL_VA));
    struct fault null_ss = PROBE("movw %w0, %%ss", "r"(0));
    struct fault selector = PROBE("movw %w0, %%es", "r"(0xffff));

    expect_fault("ud2", &ud, VECTOR_UD, 0);
    expect_eq("ud2-rip", 0x0f, byte_at(ud.regs.rip));
    expect_fault("int3", &bp, VECTOR_BP, 0);
    expect_eq("int3-rip", 0xcc, byte_at(bp.regs.rip - 1));
    expect_fault("div", &de, VECTOR_DE, 0);
    expect_eq("div-rip", 0xf7, byte_at(de.regs.rip));
    expect_fault("hlt", &gp, VECTOR_GP, 0);
    expect_eq("hlt-rip", 0xf4, byte_at(gp.regs.rip));
    expect_fault("non-canonical", &far_away, VECTOR_GP, 0);
    expect_fault("null-into-ss", &null_ss, VECTOR_GP, 0);
    expect_fault("selector-beyond-the-table", &selector, VECTOR_GP, 0xfffc);
}
