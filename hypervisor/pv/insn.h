/* SPDX-License-Identifier: MIT */
/* A bounded decoder for the few x86 instructions that are performed for a
 * guest; see insn.c. Pure. */
#ifndef PV_INSN_H
#define PV_INSN_H

#include <hv/cpu_regs.h>
#include <hv/types.h>

#define INSN_MAX 15 /* SDM 2A 2.3.11 */

struct insn {
    uint16_t opcode;        /* one byte, or 0x0f00 | second byte */
    uint8_t length;
    uint8_t operand_bytes;  /* 2, 4 or 8, by prefix and REX.W */
    uint8_t rex;            /* 0: none; a REX changes what 8-bit registers are */
    bool lock, rep, address_prefix;
    uint8_t segment_prefix; /* 0, or whose base an address has added: */
#define INSN_FS         0x64
#define INSN_GS         0x65
    bool has_modrm;
    uint8_t modrm;
    uint8_t mod, reg, rm;   /* reg and rm with their REX extension */
    uint8_t base, index;    /* of a memory operand: register, or below */
#define INSN_NO_REGISTER 0xff
#define INSN_RIP         0x10
    uint8_t scale;          /* shift of the index */
    uint8_t needs;          /* 0, or a right, the lack of which is #GP: */
#define INSN_PORT       0x40 /* that of ports, CLI and STI */
#define INSN_PRIVILEGED 0x80 /* a kernel's */
    int32_t displacement;
    int32_t immediate;      /* sign-extended */
};

/*
 * Decodes the instruction at bytes[0..count-1], 64-bit mode. False when it is
 * longer than count, or an opcode that this decoder has no row for.
 */
bool insn_decode(const uint8_t *bytes, unsigned int count, struct insn *out);

/* The memory operand's address, without the base of FS or GS. */
uint64_t insn_address(const struct insn *i, struct cpu_regs *regs);

/* The general register with this number (SDM 2A 2.1.5); rsp and all. */
uint64_t *insn_register(struct cpu_regs *regs, unsigned int number);

#endif
