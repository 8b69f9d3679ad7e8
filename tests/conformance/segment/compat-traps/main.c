/* SPDX-License-Identifier: MIT */
/*
 * A 32-bit process and its traps.
 *
 * A 64-bit kernel may run 32-bit processes, on the flat segment that the
 * hypervisor provides.  Their software interrupts, and the exceptions which
 * only 32-bit code knows (INTO, BOUND), come like any other.
 */
#include "conformance.h"

#define GUEST_CS32 0xe023u

#define CODE32(name, text) USER_CODE(name, ".code32\n" text "\n.code64")

CODE32(breakpoint, "int3\n ud2");
CODE32(overflow, "movb $0x7f, %al\n addb $1, %al\n into\n ud2");
CODE32(no_overflow, "xorl %eax, %eax\n into\n ud2");
CODE32(bound, "movl $7, %eax\n pushl $3\n pushl $1\n bound %eax, (%esp)");
CODE32(divide, "xorl %ecx, %ecx\n divl %ecx");
CODE32(int_80, "int $0x80\n ud2");
CODE32(load, "movl 0x300000, %eax");
CODE32(hlt, "hlt");
CODE32(inc, "movl $-1, %eax\n .byte 0x40\n ud2"); /* REX to 64-bit code */

static struct regs run(const char *start, const char *end)
{
    struct user user;
    struct regs regs;

    user_create(&user, start, (size_t)(end - start));
    user.regs.cs = GUEST_CS32;
    user_run(&user);
    regs = user.regs;
    user_destroy(&user);
    return regs;
}

static void expect(const char *what, const char *start, const char *end,
                   uint64_t vector, uint64_t rip)
{
    struct regs regs = run(start, end);

    expect_eq(what, vector, regs.vector);
    expect_eq(what, USER_CODE_VA + rip, regs.rip);
    expect_eq(what, GUEST_CS32, regs.cs);
    expect_eq(what, GUEST_SS, regs.ss);
}

#define EXPECT(name, vector, rip) \
    expect(#name, name##_start, name##_end, vector, rip)

CONFORMANCE_CASE("Traps of a 32-bit process", 0)
{
    struct regs regs;

    EXPECT(breakpoint, VECTOR_BP, 1);
    EXPECT(overflow, VECTOR_OF, 5);
    EXPECT(no_overflow, VECTOR_UD, 3);
    EXPECT(bound, VECTOR_BR, 9);
    EXPECT(divide, VECTOR_DE, 2);
    EXPECT(int_80, VECTOR_INT80, 2);
    EXPECT(load, VECTOR_PF, 0);
    EXPECT(hlt, VECTOR_GP, 0);
    regs = run(inc_start, inc_end);
    expect_eq("inc-is-32-bit-code", 0, regs.rax);
}
