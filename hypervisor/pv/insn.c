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

/* What stands behind an opcode, and who may execute it; 0: not one of ours. */
enum shape {
    KNOWN = 1,       /* nothing behind the opcode */
    MODRM = 2,
    IMM8 = 4,
    IMM_OPERAND = 8, /* 16 bits with a 66 prefix, else 32 */
    PREFIX = 16,     /* no opcode at all */
    PORT = INSN_PORT,
    PRIVILEGED = INSN_PRIVILEGED,
};

static const uint8_t one_byte[256] = {
    [0x00] = MODRM, [0x01] = MODRM, [0x08] = MODRM, [0x09] = MODRM, /* add or */
    [0x10] = MODRM, [0x11] = MODRM, [0x18] = MODRM, [0x19] = MODRM, /* adc sbb */
    [0x20] = MODRM, [0x21] = MODRM, [0x28] = MODRM, [0x29] = MODRM, /* and sub */
    [0x30] = MODRM, [0x31] = MODRM,                                 /* xor */
    [0x26] = PREFIX, [0x2e] = PREFIX, [0x36] = PREFIX, [0x3e] = PREFIX,
    [0x40 ... 0x4f] = PREFIX,                                       /* REX */
    [0x64 ... 0x67] = PREFIX,
    [0x6c ... 0x6f] = KNOWN | PORT,                            /* ins outs */
    [0x80] = MODRM | IMM8, [0x81] = MODRM | IMM_OPERAND,
    [0x83] = MODRM | IMM8,
    [0x86 ... 0x89] = MODRM,                                   /* xchg mov */
    [0xa4] = KNOWN, [0xa5] = KNOWN, [0xaa] = KNOWN, [0xab] = KNOWN, /* movs stos */
    [0xc6] = MODRM | IMM8, [0xc7] = MODRM | IMM_OPERAND,            /* mov */
    [0xe4 ... 0xe7] = IMM8 | PORT, [0xec ... 0xef] = KNOWN | PORT,  /* in out */
    [0xf0] = PREFIX, [0xf2] = PREFIX, [0xf3] = PREFIX,
    [0xf6] = MODRM, [0xf7] = MODRM,                /* not neg; not test */
    [0xfa] = KNOWN | PORT, [0xfb] = KNOWN | PORT,  /* cli sti */
    [0xfe] = MODRM, [0xff] = MODRM,                /* inc dec */
};

static const uint8_t two_bytes[256] = {
    [0x01] = MODRM | PRIVILEGED,                   /* xsetbv, rdtscp, ... */
    [0x06] = KNOWN | PRIVILEGED,                   /* clts */
    [0x08] = KNOWN | PRIVILEGED, [0x09] = KNOWN | PRIVILEGED, /* invd wbinvd */
    [0x20 ... 0x23] = MODRM | PRIVILEGED,          /* mov cr, dr */
    [0x30 ... 0x32] = KNOWN | PRIVILEGED,          /* wrmsr rdtsc rdmsr */
    [0xa2] = KNOWN,                                /* cpuid */
    [0xab] = MODRM, [0xb3] = MODRM, [0xbb] = MODRM, /* bts btr btc reg */
    [0xb0] = MODRM, [0xb1] = MODRM,                /* cmpxchg */
    [0xba] = MODRM | IMM8,                         /* bts btr btc imm8 */
    [0xc0] = MODRM, [0xc1] = MODRM,                /* xadd */
    [0xc3] = MODRM,                                /* movnti */
    [0xc7] = MODRM,                                /* cmpxchg8b/16b */
};

/* A cursor over the copied bytes. Behind their end it reads zeroes, and `at`
 * tells it for good. */
struct cursor {
    const uint8_t *bytes;
    uint32_t at, count;
};

static uint8_t next(struct cursor *c)
{
    uint32_t at = c->at++;

    return at < c->count ? c->bytes[at] : 0;
}

static int32_t next_signed(struct cursor *c, unsigned int bytes)
{
    uint32_t v = 0;

    for (unsigned int i = 0; i < bytes; i++) {
        v |= (uint32_t)next(c) << (8 * i);
    }
    return (int32_t)(v << (32 - 8 * bytes)) >> (32 - 8 * bytes);
}

/* One of them is there. Ends at the opcode. */
static NOINLINE struct cursor read_prefixes(struct cursor c, struct insn *out)
{
    for (;;) {
        uint8_t b = next(&c);

        switch (b) {
        case 0x66:
            out->operand_bytes = 2;
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
        case INSN_FS:
        case INSN_GS:
            out->segment_prefix = b;
            break;
        default:
            if ((b & 0xf0) != 0x40) {
                c.at--;
                return c;
            }
            out->rex = b; /* counts only right before the opcode */
            if ((b & 8) != 0) {
                out->operand_bytes = 8;
            }
            return c;
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
        out->displacement = next_signed(c, 1);
    } else if (out->mod == 2 || out->base >= INSN_RIP) {
        out->displacement = next_signed(c, 4);
    }
}

static NOINLINE struct cursor read_operands(struct cursor c, struct insn *out,
                                            uint8_t shape)
{
    if ((shape & MODRM) != 0) {
        read_modrm(&c, out);
    }
    if ((shape & IMM8) != 0) {
        out->immediate = next_signed(&c, 1);
    } else if ((shape & IMM_OPERAND) != 0) {
        /* REX.W wins over the prefix, but there is no longer immediate. */
        out->immediate = next_signed(&c, out->operand_bytes == 2 ? 2 : 4);
    }
    return c;
}

bool insn_decode(const uint8_t *bytes, unsigned int count, struct insn *out)
{
    struct cursor c = { bytes, 0, count > INSN_MAX ? INSN_MAX : count };
    uint8_t op = next(&c), shape;

    *out = (struct insn){ .operand_bytes = 4 };
    if ((one_byte[op] & PREFIX) != 0) {
        c.at = 0;
        c = read_prefixes(c, out);
        op = next(&c);
    }
    shape = one_byte[op];
    out->opcode = op;
    if (op == 0x0f) {
        op = next(&c);
        shape = two_bytes[op];
        out->opcode = (uint16_t)(0x0f00 | op);
    }
    out->needs = shape & (PORT | PRIVILEGED);
    if ((shape & (MODRM | IMM8 | IMM_OPERAND)) != 0) {
        c = read_operands(c, out, shape);
    }
    out->length = (uint8_t)c.at;
    return (shape & ~PREFIX) != 0 && c.at <= c.count;
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
#define AT(reg) offsetof(struct cpu_regs, reg)
    static const uint8_t map[16] = {
        AT(rax), AT(rcx), AT(rdx), AT(rbx), AT(rsp), AT(rbp), AT(rsi), AT(rdi),
        AT(r8), AT(r9), AT(r10), AT(r11), AT(r12), AT(r13), AT(r14), AT(r15),
    };
#undef AT

    return (uint64_t *)((char *)regs + map[number & 15]);
}
