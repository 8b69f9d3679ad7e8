/* SPDX-License-Identifier: MIT */
/*
 * Registers at the first instruction.
 *
 * A PV guest starts where a native kernel arrives after pages of assembly: in
 * 64-bit mode with paging on.  All it is given is in two registers, rsi
 * (start_info) and rsp (the top of a page of stack).  Everything else is zero:
 * not because kernels need it, but because a value left over from the
 * hypervisor would be a leak.  The interrupt flag is set and stays so for
 * ever; what a guest masks is evtchn_upcall_mask.
 */
#include "conformance.h"

CONFORMANCE_CASE("Registers at the first instruction", 0)
{
    const struct entry_regs *r = &entry_regs;

    expect_eq("rsi", (uint64_t)start_info, r->rsi);
    expect_eq("rsp-offset", 0, r->rsp & ~PAGE_MASK);
    expect_eq("other-registers", 0, r->rax | r->rbx | r->rcx | r->rdx |
              r->rdi | r->rbp | r->r8 | r->r9 | r->r10 | r->r11 | r->r12 |
              r->r13 | r->r14 | r->r15);
    expect_eq("rflags", RFLAGS_RESERVED | RFLAGS_IF, r->rflags);
    expect_eq("cs", GUEST_CS64, r->cs);
    expect_eq("ss", GUEST_SS, r->ss);
    expect_eq("data-segments-rpl", 0,
              (r->ds != 0 && (r->ds & 3) != 3) ||
              (r->es != 0 && (r->es & 3) != 3));
    expect_eq("fs", 0, r->fs);
    expect_eq("gs", 0, r->gs);
}
