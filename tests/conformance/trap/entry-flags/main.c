/* SPDX-License-Identifier: MIT */
/*
 * Flags at the entry of a handler.
 *
 * Hardware clears TF, NT, RF and VM when it takes an exception, or the handler
 * would single-step itself or fail its IRET.  A bounce has to do the same, and
 * clears AC too; the frame keeps what the interrupted code had, and returning
 * brings it back.  DF stays: like hardware, the handler clears it itself.
 */
#include "conformance.h"

static uint64_t framed, current;

static bool look(struct regs *regs)
{
    framed = regs->rflags;
    __asm__ volatile("pushfq\n\t popq %0" : "=r"(current) : : "memory");
    regs->rip += 2;
    return true;
}

CONFORMANCE_CASE("Flags cleared on entry and restored on return", 0)
{
    const uint64_t special = RFLAGS_AC | RFLAGS_NT | RFLAGS_DF;
    uint64_t after;

    trap_set_handler(VECTOR_UD, look);
    __asm__ volatile("pushfq\n\t orq %1, (%%rsp)\n\t popfq\n\t"
                     "ud2\n\t"
                     "pushfq\n\t popq %0\n\t"
                     "pushq $2\n\t popfq"
                     : "=r"(after) : "r"(special) : "memory", "cc");
    expect_eq("in-the-frame", special, framed & special);
    expect_eq("in-the-handler", 0, current & (RFLAGS_AC | RFLAGS_NT));
    expect_eq("after-return", special, after & special);
    expect_eq("real-if-always-on", RFLAGS_IF, current & RFLAGS_IF);
}
