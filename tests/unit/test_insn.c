/* SPDX-License-Identifier: MIT */
/*
 * The decoder of performed instructions (pv/insn.c).
 *
 * The lesson: the bytes are a guest's. Whatever they are, the decoder reads
 * no more than it was given, and a length that is off by one would make the
 * guest go on in the middle of an instruction. So lengths are compared with
 * an independent count for every opcode, ModRM and SIB byte.
 */
#include "../../hypervisor/pv/insn.h"

#include <hv/util.h>

#include <stdlib.h>
#include <string.h>

#include "test_main.h"

struct row {
    const char *name;
    uint8_t bytes[16];
    unsigned int length;
    uint16_t opcode;
    uint8_t operand_bytes;
    int64_t immediate;
};

static const struct row rows[] = {
    { "cli", { 0xfa }, 1, 0xfa, 4, 0 },
    { "in al, 0x42", { 0xe4, 0x42 }, 2, 0xe4, 4, 0x42 },
    { "in ax, 0xfe", { 0x66, 0xe5, 0xfe }, 3, 0xe5, 2, -2 },
    { "out dx, eax", { 0xef }, 1, 0xef, 4, 0 },
    { "rep insd", { 0xf3, 0x6d }, 2, 0x6d, 4, 0 },
    { "repne outsb", { 0xf2, 0x6e }, 2, 0x6e, 4, 0 },
    { "rex.w in eax, dx", { 0x48, 0xed }, 2, 0xed, 8, 0 },
    { "clts", { 0x0f, 0x06 }, 2, 0x0f06, 4, 0 },
    { "wbinvd", { 0x0f, 0x09 }, 2, 0x0f09, 4, 0 },
    { "mov rax, cr4", { 0x0f, 0x20, 0xe0 }, 3, 0x0f20, 4, 0 },
    { "mov cr, mod 0: no SIB", { 0x0f, 0x20, 0x04 }, 3, 0x0f20, 4, 0 },
    { "mov cr, mod 2: none", { 0x0f, 0x22, 0x84 }, 3, 0x0f22, 4, 0 },
    { "mov r15, dr7", { 0x41, 0x0f, 0x21, 0xff }, 4, 0x0f21, 4, 0 },
    { "wrmsr", { 0x0f, 0x30 }, 2, 0x0f30, 4, 0 },
    { "rdmsr", { 0x0f, 0x32 }, 2, 0x0f32, 4, 0 },
    { "cpuid", { 0x0f, 0xa2 }, 2, 0x0fa2, 4, 0 },
    { "xsetbv", { 0x0f, 0x01, 0xd1 }, 3, 0x0f01, 4, 0 },
    { "mov [rdi], rax", { 0x48, 0x89, 0x07 }, 3, 0x89, 8, 0 },
    { "mov [rdi], ax", { 0x66, 0x89, 0x07 }, 3, 0x89, 2, 0 },
    { "mov qword [rdi], -1",
      { 0x48, 0xc7, 0x07, 0xff, 0xff, 0xff, 0xff }, 7, 0xc7, 8, -1 },
    { "REX.W wins over 66, also for the immediate",
      { 0x66, 0x48, 0xc7, 0x07, 1, 2, 0, 0 }, 8, 0xc7, 8, 0x201 },
    { "mov word [rdi], 0x8000", { 0x66, 0xc7, 0x07, 0x00, 0x80 }, 5, 0xc7, 2,
      -0x8000 },
    { "mov byte [rip+4], 7", { 0xc6, 0x05, 4, 0, 0, 0, 7 }, 7, 0xc6, 4, 7 },
    { "lock and byte [rax], 0xfd", { 0xf0, 0x80, 0x20, 0xfd }, 4, 0x80, 4,
      -3 },
    { "lock btr qword [rbx+8], 5",
      { 0xf0, 0x48, 0x0f, 0xba, 0x73, 0x08, 0x05 }, 7, 0x0fba, 8, 5 },
    { "lock cmpxchg [rax+rcx*8+0x1000], r9",
      { 0xf0, 0x4c, 0x0f, 0xb1, 0x8c, 0xc8, 0, 0x10, 0, 0 }, 10, 0x0fb1, 8,
      0 },
    { "xchg fs:[disp32], eax",
      { 0x64, 0x87, 0x04, 0x25, 1, 2, 3, 4 }, 8, 0x87, 4, 0 },
    { "addr32 mov [edi], eax", { 0x67, 0x89, 0x07 }, 3, 0x89, 4, 0 },
};

static bool decode(const uint8_t *bytes, unsigned int count, struct insn *out)
{
    /* A copy that ends where the input ends: the sanitizer sees a step too
     * far. */
    uint8_t *copy = malloc(count + (count == 0));
    bool known;

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, count);
    known = insn_decode(copy, count, out);
    free(copy);
    return known;
}

static void must_know(const struct row *r)
{
    struct insn i;

    ck_assert_msg(decode(r->bytes, 15, &i), "%s", r->name);
    ck_assert_msg(i.length == r->length, "%s: length %u", r->name, i.length);
    ck_assert_uint_eq(i.opcode, r->opcode);
    ck_assert_uint_eq(i.operand_bytes, r->operand_bytes);
    ck_assert_int_eq(i.immediate, r->immediate);
}

static void must_refuse_when_truncated(const struct row *r)
{
    struct insn i;
    unsigned int n;

    for (n = 0; n < r->length; n++) {
        ck_assert_msg(!decode(r->bytes, n, &i), "%s: %u bytes", r->name, n);
    }
    ck_assert(decode(r->bytes, r->length, &i));
}

START_TEST(known_instructions)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        must_know(&rows[i]);
    }
}
END_TEST

START_TEST(truncated_instructions_are_refused)
{
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        must_refuse_when_truncated(&rows[i]);
    }
}
END_TEST

/* Each prefix adds one byte and changes only what it stands for. */
START_TEST(prefixes)
{
    static const uint8_t all[] = { 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65,
                                   0x66, 0x67, 0xf0, 0xf2, 0xf3 };
    unsigned int a, b;

    for (a = 0; a < sizeof(all); a++) {
        for (b = 0; b < sizeof(all); b++) {
            uint8_t bytes[] = { all[a], all[b], 0x87, 0x07 };
            struct insn i;

            ck_assert(decode(bytes, sizeof(bytes), &i));
            ck_assert_uint_eq(i.length, 4);
            ck_assert_uint_eq(i.lock, all[a] == 0xf0 || all[b] == 0xf0);
            ck_assert_uint_eq(i.rep, (all[a] & 0xfe) == 0xf2 ||
                                         (all[b] & 0xfe) == 0xf2);
            ck_assert_uint_eq(i.operand_bytes,
                              all[a] == 0x66 || all[b] == 0x66 ? 2 : 4);
            ck_assert_uint_eq(i.address_prefix,
                              all[a] == 0x67 || all[b] == 0x67);
        }
    }
}
END_TEST

START_TEST(rex_extends_registers_and_must_come_last)
{
    unsigned int rex;
    struct insn i;

    for (rex = 0x40; rex < 0x50; rex++) {
        uint8_t good[] = { 0x66, (uint8_t)rex, 0x89, 0x13 };
        uint8_t bad[] = { (uint8_t)rex, 0x66, 0x89, 0x13 };

        ck_assert(decode(good, sizeof(good), &i));
        ck_assert_uint_eq(i.reg, 2 + ((rex & 4) != 0 ? 8 : 0));
        ck_assert_uint_eq(i.rm, 3 + ((rex & 1) != 0 ? 8 : 0));
        ck_assert_uint_eq(i.operand_bytes, (rex & 8) != 0 ? 8 : 2);
        ck_assert_uint_eq(i.rex, rex);
        ck_assert(!decode(bad, sizeof(bad), &i));
    }
}
END_TEST

START_TEST(fifteen_bytes_and_no_more)
{
    uint8_t bytes[20];
    struct insn i;

    memset(bytes, 0x3e, sizeof(bytes));
    bytes[14] = 0xfa;
    ck_assert(decode(bytes, 20, &i));
    ck_assert_uint_eq(i.length, 15);
    bytes[14] = 0x3e;
    bytes[15] = 0xfa;
    ck_assert(!decode(bytes, 20, &i));
}
END_TEST

/* Displacement bytes by the text of SDM 2A table 2-2, as a table. */
static unsigned int memory_bytes(uint8_t modrm, uint8_t sib)
{
    static const uint8_t displacement[4] = { 0, 1, 4, 0 };
    unsigned int mod = modrm >> 6, rm = modrm & 7;

    if (mod == 3) {
        return 0;
    }
    if (rm == 4) {
        return 1 + (mod == 0 && (sib & 7) == 5 ? 4 : displacement[mod]);
    }
    return mod == 0 && rm == 5 ? 4 : displacement[mod];
}

START_TEST(every_modrm_and_sib_byte)
{
    unsigned int modrm, sib;

    for (modrm = 0; modrm < 256; modrm++) {
        for (sib = 0; sib < 256; sib++) {
            uint8_t bytes[15] = { 0x48, 0x81, (uint8_t)modrm, (uint8_t)sib };
            struct insn i;
            unsigned int length = 3 + memory_bytes((uint8_t)modrm,
                                                   (uint8_t)sib) + 4;

            ck_assert(decode(bytes, sizeof(bytes), &i));
            ck_assert_uint_eq(i.length, length);
            ck_assert(!decode(bytes, length - 1, &i));
        }
    }
}
END_TEST

START_TEST(random_bytes_stay_in_bounds)
{
    uint64_t x = 0x9e3779b97f4a7c15ull;
    unsigned int n;

    for (n = 0; n < 300000; n++) {
        uint8_t bytes[16];
        struct insn i;
        unsigned int k, count;

        for (k = 0; k < 16; k += 8) {
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            memcpy(bytes + k, &x, 8);
        }
        count = (unsigned int)(x >> 60);
        if (decode(bytes, count, &i)) {
            struct insn again;

            ck_assert_uint_ge(i.length, 1);
            ck_assert_uint_le(i.length, count);
            /* Exactly its bytes decide. */
            ck_assert(decode(bytes, i.length, &again));
            ck_assert_int_eq(memcmp(&i, &again, sizeof(i)), 0);
        }
    }
}
END_TEST

START_TEST(addresses)
{
    static const struct { uint8_t bytes[12]; uint64_t address; } rows_at[] = {
        { { 0x48, 0x89, 0x07 }, 0x7000 },                  /* [rdi] */
        { { 0x48, 0x89, 0x47, 0xf8 }, 0x6ff8 },            /* [rdi-8] */
        { { 0x48, 0x89, 0x87, 0, 0, 0, 0x80 },
          0xffffffff80007000 },                            /* [rdi+disp32] */
        { { 0xc6, 0x05, 4, 0, 0, 0, 7 }, 0x10000b },       /* [rip+4] */
        { { 0x4c, 0x0f, 0xb1, 0x8c, 0xc8, 0, 0x10, 0, 0 },
          0x1000 * 8 + 0x1000 },                           /* [rax+rcx*8+..] */
        { { 0x87, 0x04, 0x25, 1, 2, 3, 4 }, 0x4030201 },   /* [disp32] */
        { { 0x49, 0x89, 0x04, 0x24 }, 0xc000 },            /* [r12] */
        { { 0x4a, 0x89, 0x04, 0x65, 0, 1, 0, 0 },
          0xc000 * 2 + 0x100 },                            /* [r12*2+..] */
        { { 0x49, 0x89, 0x45, 0x08 }, 0xd008 },            /* [r13+8] */
        { { 0x48, 0x89, 0x44, 0x24, 0x10 }, 0x4010 },      /* [rsp+16] */
        { { 0x67, 0x89, 0x47, 0xf8 }, 0x6ff8 },            /* [edi-8] */
        { { 0x67, 0x89, 0x40, 0xf8 }, 0xfffffff8 },        /* [eax-8] */
    };
    struct cpu_regs regs;
    struct insn i;

    memset(&regs, 0, sizeof(regs));
    for (unsigned int n = 0; n < 16; n++) {
        *insn_register(&regs, n) = n * 0x1000;
    }
    regs.rip = 0x100000;
    for (size_t n = 0; n < sizeof(rows_at) / sizeof(rows_at[0]); n++) {
        ck_assert(decode(rows_at[n].bytes, 12, &i));
        ck_assert_uint_eq(insn_address(&i, &regs), rows_at[n].address);
    }
}
END_TEST

START_TEST(registers_by_number)
{
    struct cpu_regs regs;
    unsigned int n, m;

    for (n = 0; n < 16; n++) {
        for (m = 0; m < n; m++) {
            ck_assert_ptr_ne(insn_register(&regs, n), insn_register(&regs, m));
        }
    }
    ck_assert_ptr_eq(insn_register(&regs, 0), &regs.rax);
    ck_assert_ptr_eq(insn_register(&regs, 1), &regs.rcx);
    ck_assert_ptr_eq(insn_register(&regs, 3), &regs.rbx);
    ck_assert_ptr_eq(insn_register(&regs, 4), &regs.rsp);
    ck_assert_ptr_eq(insn_register(&regs, 15), &regs.r15);
}
END_TEST

TEST_MAIN("insn", NULL, NULL, known_instructions,
          truncated_instructions_are_refused, prefixes,
          rex_extends_registers_and_must_come_last, fifteen_bytes_and_no_more,
          every_modrm_and_sib_byte, random_bytes_stay_in_bounds,
          registers_by_number, addresses)
