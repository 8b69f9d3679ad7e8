/* SPDX-License-Identifier: MIT */
/*
 * Forms of privileged instructions that no CPU has.
 *
 * To an emulator they are temptations: the bits that make them undefined are
 * in a prefix or in half of a register number, and the opcode looks right.
 */
#include "conformance.h"

#define UNDEFINED(what, bytes)                                               \
    do {                                                                     \
        struct fault f = PROBE(".byte " bytes, "a"(0), "c"(0xc0000080),      \
                               "d"(0), "S"(buffer));                         \
                                                                             \
        expect_fault(what, &f, VECTOR_UD, 0);                                \
    } while (0)

CONFORMANCE_CASE("Privileged instructions in undefined forms", 0)
{
    static uint8_t buffer[16];

    UNDEFINED("read-dr8", "0x44,0x0f,0x21,0xc0");
    UNDEFINED("write-dr8", "0x44,0x0f,0x23,0xc0");
    UNDEFINED("write-dr15", "0x44,0x0f,0x23,0xf8");
    UNDEFINED("lock-read-cr0", "0xf0,0x0f,0x20,0xc0");
    UNDEFINED("lock-write-cr0", "0xf0,0x0f,0x22,0xc0");
    UNDEFINED("lock-read-dr0", "0xf0,0x0f,0x21,0xc0");
    UNDEFINED("lock-clts", "0xf0,0x0f,0x06");
    UNDEFINED("lock-wbinvd", "0xf0,0x0f,0x09");
    UNDEFINED("lock-rdmsr", "0xf0,0x0f,0x32");
    UNDEFINED("lock-wrmsr", "0xf0,0x0f,0x30");
    UNDEFINED("lock-in", "0xf0,0xec");
    UNDEFINED("lock-outs", "0xf0,0x6e");
}
