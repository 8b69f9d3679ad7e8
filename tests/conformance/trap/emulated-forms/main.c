/* SPDX-License-Identifier: MIT */
/*
 * One instruction, many encodings.
 *
 * An emulator must agree with the CPU on where an instruction ends, in forms
 * that no compiler writes: prefixes without meaning, and MOV to or from a
 * control register, which has a register operand whatever the mod field says,
 * so that neither a SIB byte nor a displacement follows.  One byte too many,
 * and the guest goes on in the middle of the next instruction.
 */
#include "conformance.h"

/* Run bytes that read cr0 into rax; then a 5-byte MOV must be executed. */
#define READ_CR0(bytes)                                                      \
    do {                                                                     \
        uint64_t value;                                                      \
        uint32_t next = 0;                                                   \
                                                                             \
        __asm__ volatile(".byte " bytes "\n\t movl $0x1234567, %%ecx\n\t"    \
                         "nop\n\t nop\n\t nop"                               \
                         : "=a"(value), "+c"(next));                         \
        expect_eq("cr0 by " bytes, cr0, value);                              \
        expect_eq("goes on behind " bytes, 0x1234567, next);                 \
    } while (0)

CONFORMANCE_CASE("Encodings of an emulated instruction", 0)
{
    uint64_t cr0;

    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    READ_CR0("0x0f,0x20,0xc0");
    READ_CR0("0x66,0x0f,0x20,0xc0");
    READ_CR0("0x67,0x0f,0x20,0xc0");
    READ_CR0("0xf2,0x0f,0x20,0xc0");
    READ_CR0("0xf3,0x0f,0x20,0xc0");
    READ_CR0("0x2e,0x0f,0x20,0xc0");
    READ_CR0("0x64,0x0f,0x20,0xc0");
    READ_CR0("0x40,0x0f,0x20,0xc0");
    READ_CR0("0x48,0x0f,0x20,0xc0");
    READ_CR0("0x2e,0x66,0x48,0x0f,0x20,0xc0");
    READ_CR0("0x0f,0x20,0x00");
    READ_CR0("0x0f,0x20,0x40");
    READ_CR0("0x0f,0x20,0x80");
}
