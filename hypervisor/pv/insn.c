/* SPDX-License-Identifier: MIT */
/*
 * Decoding the few instructions that the hypervisor performs for a guest:
 * privileged ones (emul_priv.c), and, on a guest's own page tables, plain
 * stores.
 *
 * The input is hostile twice: the bytes are the guest's, and they may change
 * under our eyes. So they are copied once, and this file sees only the copy:
 * a pure function from at most fifteen bytes to a structure. It knows the
 * shape of an instruction (prefixes, REX, opcode, ModRM with its SIB byte and
 * displacement, immediate: SDM 2A 2.1 and 2.2), and the shape only of those
 * opcodes that stand in the tables below; everything else is refused.
 *
 * The address of a memory operand can be computed from it: CR2 alone does not
 * tell whether an operand begins before the page that it faulted on.
 */
#include "insn.h"

#include <hv/util.h>

/* Where an opcode's bytes go; 0: not one of ours. */
enum shape {
    KNOWN = 1,     /* nothing behind the opcode */
    MODRM = 2,
    IMM8 = 4,
    IMM_OPERAND = 8, /* 16 bits with a 66 prefix, else 32 */
};

static uint8_t shape_one_byte(uint8_t op)
{
    switch (op) {
    case 0x00: case 0x01: case 0x08: case 0x09: /* add, or  mem, reg */
    case 0x10: case 0x11: case 0x18: case 0x19: /* adc, sbb */
    case 0x20: case 0x21: case 0x28: case 0x29: /* and, sub */
    case 0x30: case 0x31:                       /* xor */
    case 0x86: case 0x87:                       /* xchg */
    case 0x88: case 0x89:                       /* mov */
    case 0xf6: case 0xf7:                       /* not, neg; not test */
    case 0xfe: case 0xff:                       /* inc, dec */
        return MODRM;
    case 0x80: case 0x83: case 0xc6:
        return MODRM | IMM8;
    case 0x81: case 0xc7:
        return MODRM | IMM_OPERAND;
    case 0x6c: case 0x6d: case 0x6e: case 0x6f: /* ins, outs */
    case 0xec: case 0xed: case 0xee: case 0xef: /* in, out dx */
    case 0xfa: case 0xfb:                       /* cli, sti */
    case 0xaa: case 0xab: case 0xa4: case 0xa5: /* stos, movs */
        return KNOWN;
    case 0xe4: case 0xe5: case 0xe6: case 0xe7: /* in, out imm8 */
        return IMM8;
    default:
        return 0;
    }
}

static uint8_t shape_two_bytes(uint8_t op)
{
    switch (op) {
    case 0x06: case 0x08: case 0x09:            /* clts, invd, wbinvd */
    case 0x30: case 0x31: case 0x32: case 0xa2: /* wrmsr rdtsc rdmsr cpuid */
        return KNOWN;
    case 0x01:                                  /* xsetbv, rdtscp, ... */
    case 0x20: case 0x21: case 0x22: case 0x23: /* mov cr, dr */
    case 0xab: case 0xb3: case 0xbb:            /* bts btr btc reg */
    case 0xb0: case 0xb1:                       /* cmpxchg */
    case 0xc0: case 0xc1:                       /* xadd */
    case 0xc3:                                  /* movnti */
    case 0xc7:                                  /* cmpxchg8b/16b */
        return MODRM;
    case 0xba:                                  /* bts btr btc imm8 */
        return MODRM | IMM8;
    default:
        return 0;
    }
}

/* A cursor over the copied bytes; reading past their end fails for good. */
struct cursor {
    const uint8_t *bytes;
    unsigned int at, count;
    bool failed;
};

static uint8_t next(struct cursor *c)
{
    if (c->at == c->count) {
        c->failed = true;
        return 0;
    }
    return c->bytes[c->at++];
}

static int64_t next_signed(struct cursor *c, unsigned int bytes)
{
    uint64_t v = 0;

    for (unsigned int i = 0; i < bytes; i++) {
        v |= (uint64_t)next(c) << (8 * i);
    }
    return (int64_t)(v << (64 - 8 * bytes)) >> (64 - 8 * bytes);
}

static uint8_t read_prefixes(struct cursor *c, struct insn *out)
{
    for (;;) {
        uint8_t b = next(c);

        switch (b) {
        case 0x66:
            out->operand_prefix = true;
            break;
        case 0x67:
            out->address_prefix = true;
            break;
        case 0xf0:
            out->lock = true;
            break;
        case 0xf2:
        case 0xf3:
            out->rep = true;
            break;
        case 0x26:
        case 0x2e:
        case 0x36:
        case 0x3e:
            break;
        case 0x64:
        case 0x65:
            out->segment_prefix = true;
            break;
        default:
            if ((b & 0xf0) == 0x40) {
                out->rex = b; /* counts only right before the opcode */
                return next(c);
            }
            return b;
        }
        if (c->failed) {
            return 0;
        }
    }
}

/* SDM 2A table 2-3. */
static void read_sib(struct cursor *c, struct insn *out)
{
    uint8_t sib = next(c);

    out->base = (uint8_t)((sib & 7) | (out->rex & 1) << 3);
    out->index = (uint8_t)((sib >> 3 & 7) | (out->rex & 2) << 2);
    out->scale = sib >> 6;
    if (out->index == 4) {
        out->index = INSN_NO_REGISTER;
    }
    if ((sib & 7) == 5 && out->mod == 0) {
        out->base = INSN_NO_REGISTER;
    }
}

/* ModRM, SIB and displacement (SDM 2A table 2-2). */
static void read_modrm(struct cursor *c, struct insn *out)
{
    uint8_t m = next(c);

    out->has_modrm = true;
    out->modrm = m;
    out->mod = m >> 6;
    out->reg = (uint8_t)((m >> 3 & 7) | (out->rex & 4) << 1);
    out->rm = (uint8_t)((m & 7) | (out->rex & 1) << 3);
    out->base = out->rm;
    out->index = INSN_NO_REGISTER;
    if ((out->opcode & ~3u) == 0x0f20) {
        out->mod = 3; /* MOV CR and DR have no memory form (SDM 2B) */
    }
    if (out->mod == 3) {
        return;
    }
    if ((m & 7) == 4) {
        read_sib(c, out);
    } else if ((m & 7) == 5 && out->mod == 0) {
        out->base = INSN_RIP;
    }
    if (out->mod == 1) {
        out->displacement = (int32_t)next_signed(c, 1);
    } else if (out->mod == 2 || out->base >= INSN_RIP) {
        out->displacement = (int32_t)next_signed(c, 4);
    }
}

bool insn_decode(const uint8_t *bytes, unsigned int count, struct insn *out)
{
    struct cursor c = { bytes, 0, count > INSN_MAX ? INSN_MAX : count, false };
    uint8_t op, shape;

    memset(out, 0, sizeof(*out));
    op = read_prefixes(&c, out);
    if (op == 0x0f) {
        op = next(&c);
        out->opcode = (uint16_t)(0x0f00 | op);
        shape = shape_two_bytes(op);
    } else {
        out->opcode = op;
        shape = shape_one_byte(op);
    }
    out->operand_bytes = (out->rex & 8) != 0 ? 8
                         : out->operand_prefix ? 2 : 4;
    if (shape == 0) {
        return false;
    }
    if ((shape & MODRM) != 0) {
        read_modrm(&c, out);
    }
    if ((shape & IMM8) != 0) {
        out->immediate = next_signed(&c, 1);
    } else if ((shape & IMM_OPERAND) != 0) {
        /* REX.W wins over the prefix, but there is no longer immediate. */
        out->immediate = next_signed(&c, out->operand_bytes == 2 ? 2 : 4);
    }
    out->length = (uint8_t)c.at;
    return !c.failed;
}

uint64_t insn_address(const struct insn *i, struct cpu_regs *regs)
{
    uint64_t at = (uint64_t)(int64_t)i->displacement;

    if (i->base == INSN_RIP) {
        at += regs->rip + i->length;
    } else if (i->base != INSN_NO_REGISTER) {
        at += *insn_register(regs, i->base);
    }
    if (i->index != INSN_NO_REGISTER) {
        at += *insn_register(regs, i->index) << i->scale;
    }
    return i->address_prefix ? (uint32_t)at : at;
}

uint64_t *insn_register(struct cpu_regs *regs, unsigned int number)
{
    uint64_t *const map[16] = {
        &regs->rax, &regs->rcx, &regs->rdx, &regs->rbx,
        &regs->rsp, &regs->rbp, &regs->rsi, &regs->rdi,
        &regs->r8, &regs->r9, &regs->r10, &regs->r11,
        &regs->r12, &regs->r13, &regs->r14, &regs->r15,
    };

    return map[number & 15];
}
