/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret to kernel mode.
 *
 * The one call that loads every register.  rax, rcx and r11 come from the
 * stack because the call itself uses them; the rest pass through.  A cs whose
 * RPL is not 3 means "kernel", and both selectors are forced to ring 3.  The
 * upcall mask becomes the opposite of rflags.IF, in the same step: that is
 * what makes a return with events enabled safe.  IOPL and VM are not the
 * guest's to set.
 */
#include "conformance.h"

#define IOPL_3 0x3000ul

static struct regs target;

static void enter(void *regs)
{
    user_enter_asm(regs);
}

static void fill(uint64_t *gprs)
{
    for (unsigned int i = 0; i < 15; i++) {
        gprs[i] = 0x0101010101010101ul * (i + 1);
    }
}

static struct fault arrive(uint64_t rflags)
{
    static const uint8_t ud2[2] __attribute__((section(".text"))) =
        { 0x0f, 0x0b };
    struct fault fault;

    target.rip = (uint64_t)ud2;
    target.cs = GUEST_CS64 & ~3u;
    target.ss = GUEST_SS & ~3u;
    target.rflags = rflags;
    fault = probe_call(enter, &target);
    return fault;
}

CONFORMANCE_CASE("HYPERVISOR_iret restores everything", 0)
{
    char *stack = page_alloc();
    struct fault fault;

    fill((uint64_t *)&target);
    target.rsp = (uint64_t)stack + 2048;
    fault = arrive(RFLAGS_RESERVED | RFLAGS_IF | RFLAGS_DF | 0x8d5);
    expect_fault("arrived", &fault, VECTOR_UD, 0);
    expect_eq("rip", target.rip, fault.regs.rip);
    expect_eq("general-registers", 0,
              (uint64_t)memcmp(&fault.regs, &target, 15 * 8));
    expect_eq("rsp", target.rsp, fault.regs.rsp);
    expect_eq("rflags", RFLAGS_RESERVED | RFLAGS_IF | RFLAGS_DF | 0x8d5,
              fault.regs.rflags & ~0x10000ul);
    expect_eq("ss-in-ring-3", GUEST_SS, fault.regs.ss);
    expect_eq("if-set-opens", 0, fault.regs.saved_upcall_mask);

    fault = arrive(RFLAGS_RESERVED | IOPL_3);
    expect_fault("arrived-masked", &fault, VECTOR_UD, 0);
    expect_eq("if-clear-masks", 1, fault.regs.saved_upcall_mask);
    expect_eq("no-iopl", 0, fault.regs.rflags & IOPL_3);
    upcalls_enable();
    page_free(stack);
}
