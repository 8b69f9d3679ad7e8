/* SPDX-License-Identifier: MIT */
/*
 * The bounce frame of a trap from kernel mode.
 *
 * What a native kernel finds on its stack after an exception, plus rcx and
 * r11.  It is pushed on the current stack, aligned down to 16 as the
 * architecture does it in 64-bit mode.  Three things differ from hardware:
 * the pushed cs has RPL 0, rflags.IF is the virtual one (not masked), and the
 * byte above cs holds the upcall mask as it was.
 */
#include "conformance.h"

static struct regs seen;
static uint64_t frame_top;

static bool look(struct regs *regs)
{
    seen = *regs;
    frame_top = (uint64_t)regs + sizeof(*regs);
    regs->rip += 2;                     /* over the ud2 */
    return true;
}

static void check_frame(const char *what, uint8_t mask)
{
    expect_eq(what, mask, seen.saved_upcall_mask);
    expect_eq("if-mirrors-mask", mask ? 0 : RFLAGS_IF,
              seen.rflags & RFLAGS_IF);
    expect_eq("cs", GUEST_CS64 & ~3u, seen.cs);
    expect_eq("ss", GUEST_SS, seen.ss);
    expect_eq("alignment", 0, frame_top & 15);
    expect_true("on-the-current-stack", frame_top <= seen.rsp &&
                frame_top > seen.rsp - 16);
}

CONFORMANCE_CASE("The frame of a trap from kernel mode", 0)
{
    uint64_t rcx = 0x1111, r11_before = 0x2222;
    uint64_t rsp;

    trap_set_handler(VECTOR_UD, look);
    __asm__ volatile("movq %%rsp, %0\n\t movq %1, %%rcx\n\t"
                     "movq %2, %%r11\n\t ud2"
                     : "=&r"(rsp) : "r"(rcx), "r"(r11_before)
                     : "rcx", "r11", "memory");
    check_frame("saved-mask-open", 0);
    expect_eq("rsp", rsp, seen.rsp);
    expect_eq("rcx", rcx, seen.rcx);
    expect_eq("r11", r11_before, seen.r11);

    upcalls_save_and_disable();
    __asm__ volatile("ud2" ::: "memory");
    check_frame("saved-mask-closed", 1);
    expect_true("still-masked-after-iret",
                evtchn_vcpu_info()->evtchn_upcall_mask);
    upcalls_enable();

    __asm__ volatile("movq %%rsp, %%rbx\n\t subq $8, %%rsp\n\t"
                     "andq $-16, %%rsp\n\t addq $-8, %%rsp\n\t ud2\n\t"
                     "movq %%rbx, %%rsp" : : : "rbx", "memory", "cc");
    check_frame("odd-stack", 0);
}
