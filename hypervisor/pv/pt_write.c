/* SPDX-License-Identifier: MIT */
/*
 * Writable page tables: a store to an L1 table, performed after its fault.
 *
 * A guest maps its page tables read-only and asks for changes by hypercall.
 * With the assist writable_pagetables it may also just store: the store
 * faults, and if the target is an entry of an L1 table of its own, the new
 * value is checked and stored as mmu_update would have done it. Only L1:
 * higher tables change rarely and by hypercall.
 *
 *   W1  only the guest's kernel, only a write to a present read-only mapping,
 *       only a frame whose type is L1 while we hold a use of it
 *   W2  the instruction comes from one private copy of its bytes; what it
 *       would store is computed by a pure function from the old entry
 *   W3  the entry changes by compare-and-exchange from the very value that
 *       the computation began with, so read-modify-write is atomic whether
 *       the guest wrote a LOCK prefix or not
 *   W4  registers, flags and rip change only after the entry has
 *   W5  whatever does not fit stays what it is: the guest's page fault
 *   W6  what kernels do most has a short way, for what it costs right after a
 *       trap is each page of code and data, and each jump. It does the same
 *       or nothing: then the long way begins anew
 *
 * The operand may be smaller than an entry (compilers clear one bit with a
 * byte operation) but must be aligned to its size, as on Xen: then it lies in
 * one entry. Its address is computed, as CR2 is of no help where an operand
 * begins on the page before. Shifts, SETcc, MOV from a segment register and
 * whatever has an SSE or x87 register are left to the guest (W5).
 *
 * Instruction semantics: SDM 2A/2B under the mnemonics named below.
 */
#include "insn.h"
#include "pt_update.h"
#include "pte.h"
#include "trap.h"

#include <hv/arch.h>
#include <hv/pv.h>
#include <hv/trace.h>

#define WRITE_TRIES 64

#define FLAG_CF 0x001ull
#define FLAG_PF 0x004ull
#define FLAG_AF 0x010ull
#define FLAG_ZF 0x040ull
#define FLAG_SF 0x080ull
#define FLAG_DF 0x400ull
#define FLAG_OF 0x800ull
#define FLAGS_ARITH (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)

/* One store: what it is given, and what comes out of it. */
struct store {
    unsigned int bytes;      /* operand width */
    uint64_t mask;           /* of that width */
    uint64_t source;         /* register or immediate */
    uint64_t rax;            /* for cmpxchg; cmpxchg8b: rdx and rax */
    uint64_t flags_in;
    /* out */
    uint64_t value;          /* goes into memory */
    uint64_t flags;
    uint64_t reg;            /* goes into a register, if writes_reg */
    bool writes_reg;         /* the ModRM register (xchg, xadd) */
    bool writes_rax;         /* cmpxchg that failed */
    bool writes_rdx_rax;     /* cmpxchg8b that failed */
};

/* --- W2: what an instruction does to its operand -------------------------------- */

static uint64_t sign_bit(const struct store *s)
{
    return 1ull << (s->bytes * 8 - 1);
}

/* Those that the result alone decides. */
static ALWAYS_INLINE uint64_t logic_flags(uint64_t flags_in, uint64_t result,
                                          unsigned int bytes)
{
    uint64_t top = result << (64 - bytes * 8);
    uint8_t low = (uint8_t)result;

    low ^= low >> 4;
    return (flags_in & ~FLAGS_ARITH) | (top == 0 ? FLAG_ZF : 0) |
           (top >> 63) * FLAG_SF |
           (~(0x6996u >> (low & 15)) & 1) * FLAG_PF;
}

static uint64_t result_flags(const struct store *s, uint64_t result)
{
    return logic_flags(s->flags_in, result, s->bytes);
}

/* Flags of a + b + carry or a - b - borrow, given its result: carry and
 * overflow are decided by the operands' and the result's bits alone, so that
 * a carry in needs no wider arithmetic. `through` has the carry of each bit. */
static uint64_t carry_flags(const struct store *s, uint64_t a, uint64_t b,
                            uint64_t r, uint64_t through)
{
    uint64_t flags = result_flags(s, r);
    uint64_t sign = sign_bit(s);

    flags |= (through & sign) != 0 ? FLAG_CF : 0;
    flags |= ((a ^ b ^ r) & 0x10) != 0 ? FLAG_AF : 0;
    /* carry into the sign bit differs from the carry out of it */
    flags |= ((a ^ b ^ r ^ through) & sign) != 0 ? FLAG_OF : 0;
    return flags;
}

static void add_with_carry(struct store *s, uint64_t a, uint64_t carry)
{
    uint64_t b = s->source;
    uint64_t r = a + b + carry;

    s->value = r;
    s->flags = carry_flags(s, a, b, r, (a & b) | ((a | b) & ~r));
}

static uint64_t borrow_flags(const struct store *s, uint64_t a, uint64_t b,
                             uint64_t r)
{
    return carry_flags(s, a, b, r, (~a & b) | ((~a | b) & r));
}

static void subtract_with_borrow(struct store *s, uint64_t a, uint64_t borrow)
{
    uint64_t r = a - s->source - borrow;

    s->value = r;
    s->flags = borrow_flags(s, a, s->source, r);
}

/* inc 0, dec 1, by their number in fe and ff: the carry stays. */
static bool step(struct store *s, unsigned int operation, uint64_t old)
{
    s->source = 1;
    if (operation > 1) {
        return false;
    }
    if (operation == 0) {
        add_with_carry(s, old, 0);
    } else {
        subtract_with_borrow(s, old, 0);
    }
    s->flags = (s->flags & ~FLAG_CF) | (s->flags_in & FLAG_CF);
    return true;
}

/* The eight operations of opcodes 00-3f and of 80-83, by their number. */
static bool arithmetic(struct store *s, unsigned int operation, uint64_t old)
{
    switch (operation) {
    case 0: /* add */
        add_with_carry(s, old, 0);
        return true;
    case 1: /* or */
        s->value = old | s->source;
        s->flags = result_flags(s, s->value);
        return true;
    case 4: /* and */
        s->value = old & s->source;
        s->flags = result_flags(s, s->value);
        return true;
    case 2: /* adc */
        add_with_carry(s, old, s->flags_in & FLAG_CF);
        return true;
    case 3: /* sbb */
        subtract_with_borrow(s, old, s->flags_in & FLAG_CF);
        return true;
    case 5: /* sub */
        subtract_with_borrow(s, old, 0);
        return true;
    case 6: /* xor */
        s->value = old ^ s->source;
        s->flags = result_flags(s, s->value);
        return true;
    default: /* cmp does not store */
        return false;
    }
}

/* bts 5, btr 6, btc 7, by their number in 0f ba. */
static bool bit_operation(struct store *s, unsigned int operation,
                          uint64_t old)
{
    uint64_t bit = 1ull << (s->source & (s->bytes * 8 - 1));

    s->flags = (s->flags_in & ~FLAG_CF) | ((old & bit) != 0 ? FLAG_CF : 0);
    switch (operation) {
    case 5:
        s->value = old | bit;
        return true;
    case 6:
        s->value = old & ~bit;
        return true;
    case 7:
        s->value = old ^ bit;
        return true;
    default:
        return false;
    }
}

static void compare_exchange(struct store *s, uint64_t old)
{
    s->flags = borrow_flags(s, s->rax, old, s->rax - old);
    if (s->rax == old) {
        s->value = s->source;
    } else {
        s->value = old; /* the CPU writes it back; so do we */
        s->reg = old;
        s->writes_rax = true;
    }
}

/* 0f c7 /1; with REX.W it is cmpxchg16b, which is too wide. */
static bool compare_exchange_8b(struct store *s, const struct insn *i,
                                uint64_t old)
{
    bool equal = s->rax == old;

    s->value = equal ? s->source : old;
    s->reg = old;
    s->writes_rdx_rax = !equal;
    s->flags = (s->flags_in & ~FLAG_ZF) | (equal ? FLAG_ZF : 0);
    return (i->reg & 7) == 1 && i->operand_bytes != 8;
}

/* not 2, neg 3, by their number in f6 and f7. */
static bool unary(struct store *s, unsigned int operation, uint64_t old)
{
    if (operation == 2) {
        s->value = ~old;
        return true;
    }
    s->source = old;
    subtract_with_borrow(s, 0, 0);
    return operation == 3;
}

static bool compute(struct store *s, const struct insn *i, uint64_t old)
{
    s->flags = s->flags_in;
    s->writes_reg = false;
    s->writes_rax = false;
    s->writes_rdx_rax = false;
    switch (i->opcode) {
    case 0x88: case 0x89: /* mov */
    case 0xa4: case 0xa5: /* movs */
    case 0xaa: case 0xab: /* stos */
        s->value = s->source;
        return true;
    case 0x0fc3: /* movnti */
        s->value = s->source;
        return s->bytes >= 4;
    case 0xc6: case 0xc7: /* mov is operation 0 of eight */
        s->value = s->source;
        return (i->reg & 7) == 0;
    case 0x86: case 0x87: /* xchg */
        s->value = s->source;
        s->reg = old;
        s->writes_reg = true;
        return true;
    case 0x80: case 0x81: case 0x83:
        return arithmetic(s, i->reg & 7, old);
    case 0xfe: case 0xff:
        return step(s, i->reg & 7, old);
    case 0xf6: case 0xf7:
        return unary(s, i->reg & 7, old);
    case 0x0fb0: case 0x0fb1:
        compare_exchange(s, old);
        return true;
    case 0x0fc7:
        return compare_exchange_8b(s, i, old);
    case 0x0fc0: case 0x0fc1: /* xadd */
        s->reg = old;
        s->writes_reg = true;
        return arithmetic(s, 0, old);
    case 0x0fba:
        return bit_operation(s, i->reg & 7, old);
    case 0x0fab:
        return bit_operation(s, 5, old);
    case 0x0fb3:
        return bit_operation(s, 6, old);
    case 0x0fbb:
        return bit_operation(s, 7, old);
    default:
        if (i->opcode < 0x38 && (i->opcode & 6) == 0) {
            return arithmetic(s, i->opcode >> 3, old);
        }
        return false;
    }
}

/* --- operands --------------------------------------------------------------------- */

static unsigned int operand_width(const struct insn *i)
{
    switch (i->opcode) {
    case 0x0fab: case 0x0fb3: case 0x0fbb: case 0x0fba:
    case 0x83:
        return i->operand_bytes;
    case 0x0fc7:
        return 8;
    default:
        return (i->opcode & 1) == 0 ? 1 : i->operand_bytes;
    }
}

static bool source_is_immediate(const struct insn *i)
{
    return (i->opcode >= 0x80 && i->opcode <= 0x83) || i->opcode == 0xc6 ||
           i->opcode == 0xc7 || i->opcode == 0x0fba;
}

/* An 8-bit register without REX: numbers 4-7 are the second bytes of 0-3. */
static bool is_high_byte(const struct insn *i, unsigned int bytes)
{
    return bytes == 1 && i->rex == 0 && i->reg >= 4;
}

static uint64_t read_register(struct cpu_regs *regs, const struct insn *i,
                              unsigned int bytes)
{
    if (is_high_byte(i, bytes)) {
        return *insn_register(regs, i->reg - 4) >> 8;
    }
    return *insn_register(regs, i->reg);
}

/* Narrow writes keep the rest; 32-bit ones clear the upper half. */
static void write_width(uint64_t *reg, uint64_t value, unsigned int bytes,
                        unsigned int shift)
{
    uint64_t mask;

    if (bytes >= 4) {
        *reg = bytes == 4 ? (uint32_t)value : value;
        return;
    }
    mask = ((1ull << (bytes * 8)) - 1) << shift;
    *reg = (*reg & ~mask) | (value << shift & mask);
}

static void write_register(struct cpu_regs *regs, const struct insn *i,
                           unsigned int bytes, uint64_t value)
{
    if (is_high_byte(i, bytes)) {
        write_width(insn_register(regs, i->reg - 4), value, 1, 8);
    } else {
        write_width(insn_register(regs, i->reg), value, bytes, 0);
    }
}

/* --- the entry ------------------------------------------------------------------------ */

static bool is_string(const struct insn *i)
{
    return (i->opcode & ~1u) == 0xaa || (i->opcode & ~1u) == 0xa4;
}

/* Bit numbers in a register reach beyond the operand that is named. */
static int64_t bit_reach(struct cpu_regs *regs, const struct insn *i)
{
    uint64_t number = *insn_register(regs, i->reg);
    int64_t bits = i->operand_bytes == 8   ? (int64_t)number
                   : i->operand_bytes == 4 ? (int32_t)number
                                           : (int16_t)number;
    int64_t bytes = i->operand_bytes;

    return (bits >> (3 + __builtin_ctz(i->operand_bytes))) * bytes;
}

/* Whether the operand begins at va, and is all that faulted. */
static bool operand_is_at(struct cpu_regs *regs, const struct insn *i,
                          uint64_t va)
{
    uint64_t at;

    if (i->segment_prefix) {
        return false;
    }
    if (is_string(i)) {
        return regs->rdi == va && !i->address_prefix;
    }
    if (!i->has_modrm || i->mod == 3 || i->rep) {
        return false;
    }
    at = insn_address(i, regs);
    if (i->opcode == 0x0fab || i->opcode == 0x0fb3 || i->opcode == 0x0fbb) {
        at += (uint64_t)bit_reach(regs, i);
    }
    return at == va;
}

/* False: what MOVS would read can not be read. */
static bool store_begin(struct store *s, struct cpu_regs *regs,
                        const struct insn *i)
{
    s->bytes = operand_width(i);
    s->mask = s->bytes == 8 ? ~0ull : (1ull << (s->bytes * 8)) - 1;
    s->source = (source_is_immediate(i) ? (uint64_t)i->immediate
                                        : read_register(regs, i, s->bytes)) &
                s->mask;
    s->rax = regs->rax & s->mask;
    s->flags_in = regs->rflags;
    if (i->opcode == 0x0fc7) {
        s->rax = regs->rdx << 32 | (uint32_t)regs->rax;
        s->source = regs->rcx << 32 | (uint32_t)regs->rbx;
    }
    return (i->opcode & ~1u) != 0xa4 ||
           !guest_copy_in(&s->source, GVA(regs->rsi), s->bytes);
}

/* W3. False: W5. */
static bool store_to_entry(struct domain *d, mfn_t l1, uint64_t offset,
                           const struct insn *i, struct store *s)
{
    unsigned int slot = (unsigned int)(offset / 8);
    unsigned int shift = (unsigned int)(offset % 8) * 8;
    const uint64_t *entry = (const uint64_t *)frame_map(l1) + slot;

    if ((offset & (s->bytes - 1)) != 0) {
        return false;
    }
    for (unsigned int tries = 0; tries < WRITE_TRIES; tries++) {
        uint64_t old = pte_read(entry);
        uint64_t merged;
        int err;

        if (!compute(s, i, old >> shift & s->mask)) {
            return false;
        }
        merged = (old & ~(s->mask << shift)) | (s->value & s->mask) << shift;
        err = pt_exchange_l1(d, l1, slot, old, merged);
        if (err != -XEN_EAGAIN) {
            return err == 0;
        }
    }
    return false;
}

/* The frame of a slot that maps it read-only. */
static ALWAYS_INLINE bool target_of(mfn_t l1, unsigned int slot, mfn_t *target)
{
    uint64_t pte = pte_read((const uint64_t *)frame_map(l1) + slot);
    uint64_t address;
    bool found = pte_leads_to(pte, PTE_RW, &address);

    *target = maddr_to_mfn(MADDR(address));
    return found;
}

static bool find_target(struct vcpu *v, uint64_t va, mfn_t *target)
{
    unsigned int slot;
    mfn_t l1;

    return pv_walk_to_l1(v, GVA(va), &l1, &slot) &&
           target_of(l1, slot, target);
}

/* One element; a REP that is not at its end comes again. */
static void finish_string(struct cpu_regs *regs, const struct insn *i,
                          const struct store *s)
{
    uint64_t step = (regs->rflags & FLAG_DF) ? -(uint64_t)s->bytes : s->bytes;

    regs->rdi += step;
    if ((i->opcode & ~1u) == 0xa4) {
        regs->rsi += step;
    }
    if (i->rep && --regs->rcx != 0) {
        regs->rip -= i->length;
    }
}

static void finish(struct cpu_regs *regs, const struct insn *i,
                   const struct store *s)
{
    if (is_string(i)) {
        finish_string(regs, i, s);
    }
    if (s->writes_rdx_rax) {
        regs->rax = (uint32_t)s->reg;
        regs->rdx = s->reg >> 32;
    }
    if (s->writes_reg) {
        write_register(regs, i, s->bytes, s->reg);
    }
    if (s->writes_rax) {
        write_width(&regs->rax, s->reg, s->bytes, 0);
    }
    regs->rflags = s->flags & ~RFLAGS_RF;
    regs->rip += i->length;
}

bool pv_write_fault(struct vcpu *v, struct cpu_regs *regs, uint64_t va)
{
    struct domain *d = v->domain;
    enum page_type type;
    struct store s;
    struct insn i;
    mfn_t target;
    bool stored = false;

    if (!v->kernel_mode ||
        (d->vm_assist & 1u << VMASST_TYPE_writable_pagetables) == 0 ||
        !pv_is_write_to_present(regs->error_code) ||
        !find_target(v, va, &target) || !frame_hold(d, target, &type)) {
        return false;
    }
    if (type == PT_L1 && pv_fetch_insn(regs, &i) &&
        operand_is_at(regs, &i, va) && store_begin(&s, regs, &i)) {
        stored = store_to_entry(d, target, va & ~PAGE_MASK, &i, &s);
    }
    frame_put_or_defer(d, target);
    if (!stored) {
        return false;
    }
    COUNT(emulated_pte);
    TRACE(PTE_STORE, s.value, va, regs->rip);
    finish(regs, &i, &s);
    if ((regs->rflags & RFLAGS_TF) != 0) {
        pv_inject_single_step(v, regs);
    }
    return true;
}

/* --- the short way ---------------------------------------------------------------- */

/* One of: MOV or XCHG of a 64-bit register, AND of a byte with a constant. */
struct short_store {
    uint64_t at;             /* address of the operand */
    uint64_t *reg;           /* NULL: AND */
    bool exchange;
    uint8_t clear;           /* bits that AND takes away */
    unsigned int length;
};

/* As insn_register(), but without rsp, and without a table: where the others
 * are in the frame is a constant of sixteen digits. */
static ALWAYS_INLINE uint64_t *short_register(struct cpu_regs *regs,
                                              unsigned int number)
{
#define AT(n, reg) (offsetof(struct cpu_regs, reg) / 8 << 4 * (n))
    const uint64_t digits =
        AT(0, rax) | AT(1, rcx) | AT(2, rdx) | AT(3, rbx) | AT(5, rbp) |
        AT(6, rsi) | AT(7, rdi) | AT(8, r8) | AT(9, r9) | AT(10, r10) |
        AT(11, r11) | AT(12, r12) | AT(13, r13) | AT(14, r14) | AT(15, r15);
#undef AT

    STATIC_ASSERT(offsetof(struct cpu_regs, rdi) / 8 < 16, "one digit each");
    return (uint64_t *)regs + (digits >> number * 4 & 15);
}

#define NUMBER_RSP 4u

/* The memory operand, with a displacement of at most one byte in front of
 * `rest`. There is no index, and neither rip nor rsp is a base. */
static ALWAYS_INLINE bool short_operand(struct short_store *s,
                                        struct cpu_regs *regs,
                                        unsigned int rex, unsigned int modrm,
                                        uint64_t rest)
{
    const uint32_t modes = 0xefcfu; /* bit mod * 8 + rm (SDM 2A table 2-2) */
    unsigned int mod = modrm >> 6, rm = modrm & 7;

    s->at = *short_register(regs, rm | (rex & 1) << 3) +
            ((uint64_t)(int8_t)rest & -(uint64_t)mod);
    s->length += mod;
    return (modes >> (mod * 8 + rm) & 1) != 0;
}

/* REX.W, 89 or 87, ModRM. */
static ALWAYS_INLINE bool short_move(uint64_t code, struct cpu_regs *regs,
                                     struct short_store *s)
{
    unsigned int opcode = (uint8_t)(code >> 8), modrm = (uint8_t)(code >> 16);
    unsigned int reg = (modrm >> 3 & 7) | ((unsigned int)code & 4) << 1;

    *s = (struct short_store){
        .length = 3,
        .exchange = opcode == 0x87,
        .reg = short_register(regs, reg),
    };
    return (opcode == 0x89 || s->exchange) && reg != NUMBER_RSP &&
           short_operand(s, regs, (unsigned int)code, modrm, code >> 24);
}

/* LOCK or not, REX or not, 80 /4, immediate. Linux makes LOCK a DS prefix when
 * it finds itself on one CPU. */
static ALWAYS_INLINE bool short_and(uint64_t code, struct cpu_regs *regs,
                                    struct short_store *s)
{
    uint8_t first = (uint8_t)code;
    unsigned int lock = (first == 0xf0) | (first == 0x3e);
    unsigned int has_rex, rex, modrm;

    code >>= lock * 8;
    has_rex = (code & 0xf0) == 0x40;
    rex = (unsigned int)code & has_rex * 15;
    code >>= has_rex * 8;
    modrm = (uint8_t)(code >> 8);
    *s = (struct short_store){
        .length = 3 + lock + has_rex,
        .clear = (uint8_t)~(code >> 16 >> (modrm >> 6) * 8),
    };
    return (code & 0x38ff) == 0x2080 &&
           short_operand(s, regs, rex, modrm, code >> 16);
}

/* From the first eight bytes of the instruction. */
static ALWAYS_INLINE bool short_decode(uint64_t code, struct cpu_regs *regs,
                                       struct short_store *s)
{
    return (code & 0xf8) == 0x48 ? short_move(code, regs, s)
                                 : short_and(code, regs, s);
}

/* A writable entry becomes read-only, as in fork, and nothing else that counts
 * changes: its frame loses a use and keeps the reference. */
static ALWAYS_INLINE bool short_protect(struct domain *d, mfn_t l1,
                                        unsigned int slot, uint64_t old,
                                        uint64_t value)
{
    uint64_t *entry = (uint64_t *)frame_map(l1) + slot;

    value = pte_adjust(&pt_format_4level.level[PT_L1], PT_L1, value);
    if (UNLIKELY(!pte_cmpxchg(entry, &old, value))) {
        return false;
    }
    pte_put_use(d, old);
    return true;
}

/* W3, once. */
static ALWAYS_INLINE bool short_exchange(struct domain *d, mfn_t l1,
                                         struct cpu_regs *regs,
                                         const struct short_store *s)
{
    unsigned int slot = (s->at & ~PAGE_MASK) / 8;
    unsigned int shift = (s->at & 7) * 8;
    uint64_t old = pte_read((const uint64_t *)frame_map(l1) + slot);
    uint64_t flags = regs->rflags;
    uint64_t value = old & ~((uint64_t)s->clear << shift);
    bool stored;

    if (s->reg != NULL) {
        value = *s->reg;
    } else {
        flags = logic_flags(flags, value >> shift, 1);
    }
    if (s->reg == NULL && LIKELY(pte_protects(old, value))) {
        stored = short_protect(d, l1, slot, old, value);
    } else {
        stored = exchange_l1(d, &pt_format_4level.level[PT_L1], l1, slot, old,
                             value) == 0;
    }
    if (UNLIKELY(!stored)) {
        return false;
    }
    if (s->exchange) {
        *s->reg = old;
    }
    regs->rflags = flags & ~RFLAGS_RF;
    regs->rip += s->length;
    COUNT(emulated_pte);
    return true;
}

/* Whether any store may go this way: the assist, 64 bits, no single step. */
static ALWAYS_INLINE bool short_allowed(const struct domain *d,
                                        const struct cpu_regs *regs)
{
    unsigned int assist = d->vm_assist >> VMASST_TYPE_writable_pagetables;

    return ((~assist & 1) | d->is_32bit | (regs->rflags & RFLAGS_TF)) == 0;
}

bool pv_store_lean(struct vcpu *v, struct cpu_regs *regs, uint64_t va)
{
    struct domain *d = v->domain;
    uint64_t l1 = v->pv.kernel_cr3; /* of a vcpu that runs: there is one */
    struct short_store s;
    uint64_t code;
    mfn_t target;
    bool stored;

    if (!short_allowed(d, regs) || guest_load64(GVA(regs->rip), &code) ||
        !short_decode(code, regs, &s) ||
        ((s.at ^ va) | (s.reg != NULL ? va % 8 : 0)) != 0 ||
        !gva_ok(GVA(va)) || !walk(&pt_format_4level, GVA(va), &l1) ||
        !target_of(maddr_to_mfn(MADDR(l1)),
                   (va >> PAGE_SHIFT) & (PT_ENTRIES - 1), &target) ||
        !frame_hold_l1(d, target)) {
        return false;
    }
    stored = short_exchange(d, target, regs, &s);
    frame_drop_or_defer(d, target);
    return stored;
}
