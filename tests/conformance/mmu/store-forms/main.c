/* SPDX-License-Identifier: MIT */
/*
 * Stores to L1 entries, instruction by instruction.
 *
 * With the assist writable_pagetables, a kernel may change an L1 entry by any
 * instruction its compiler chose.  Each form below is executed twice, on plain
 * memory and on an entry: memory, registers and flags must come out the same,
 * for the hypervisor plays the CPU.  An operand that is not aligned, or wider
 * than an entry, is a page fault, and nothing of it may have been stored.
 */
#include "conformance.h"

#define ARITHMETIC_FLAGS 0x8d5ul
#define CARRY            0x001ul
#define SLOT             100u

/* rdi: the operand; rsi: memory to read from. */
struct context {
    uint64_t rax, rbx, rcx, rdx, flags;
    volatile unsigned char *at;
    const uint64_t *from;
};

enum kind {
    PLAIN,
    PRESENT,            /* bit 0 is 1 before, for it would be after */
    WITH_CARRY,         /* the carry goes into bit 0 */
    EQUAL,              /* rax is what is compared */
    EQUAL_PAIR,         /* rdx:rax is */
};

struct form {
    const char *name;
    unsigned int bytes;
    enum kind kind;
    void (*run)(struct context *c);
};

#define ARITHMETIC(F, op, s, bytes, reg, kind)                               \
    F(op##s##_reg, bytes, kind, #op #s " %%" #reg ", (%%rdi)")               \
    F(op##s##_imm, bytes, PLAIN, #op #s " $0x12, (%%rdi)")                   \
    F(lock_##op##s, bytes, kind, "lock " #op #s " %%" #reg ", (%%rdi)")

#define UNARY(F, op, s, bytes, kind)                                         \
    F(op##s, bytes, kind, #op #s " (%%rdi)")                                 \
    F(lock_##op##s, bytes, kind, "lock " #op #s " (%%rdi)")

#define WIDTH(F, s, bytes, reg, flip)                                        \
    F(mov##s##_reg, bytes, PLAIN, "mov" #s " %%" #reg ", (%%rdi)")           \
    F(mov##s##_imm, bytes, PLAIN, "mov" #s " $0x42, (%%rdi)")                \
    F(xchg##s, bytes, PLAIN, "xchg" #s " %%" #reg ", (%%rdi)")               \
    ARITHMETIC(F, add, s, bytes, reg, PLAIN)                                 \
    ARITHMETIC(F, or, s, bytes, reg, PLAIN)                                  \
    F(adc##s, bytes, WITH_CARRY, "adc" #s " %%" #reg ", (%%rdi)")            \
    F(sbb##s, bytes, WITH_CARRY, "sbb" #s " %%" #reg ", (%%rdi)")            \
    ARITHMETIC(F, and, s, bytes, reg, PLAIN)                                 \
    ARITHMETIC(F, sub, s, bytes, reg, PLAIN)                                 \
    ARITHMETIC(F, xor, s, bytes, reg, PLAIN)                                 \
    UNARY(F, inc, s, bytes, flip)                                            \
    UNARY(F, dec, s, bytes, flip)                                            \
    UNARY(F, not, s, bytes, flip)                                            \
    UNARY(F, neg, s, bytes, PLAIN)                                           \
    F(cmpxchg##s##_other, bytes, PLAIN,                                      \
      "lock cmpxchg" #s " %%" #reg ", (%%rdi)")                              \
    F(cmpxchg##s##_equal, bytes, EQUAL,                                      \
      "lock cmpxchg" #s " %%" #reg ", (%%rdi)")                              \
    F(xadd##s, bytes, PLAIN, "lock xadd" #s " %%" #reg ", (%%rdi)")          \
    F(stos##s, bytes, PLAIN, "stos" #s)                                      \
    F(movs##s, bytes, PLAIN, "movs" #s)

#define BIT(F, op, s, bytes, reg)                                            \
    F(op##s##_reg, bytes, PLAIN, #op #s " %%" #reg ", (%%rdi)")              \
    F(op##s##_imm, bytes, PLAIN, #op #s " $9, (%%rdi)")                      \
    F(lock_##op##s, bytes, PLAIN, "lock " #op #s " $10, (%%rdi)")

#define BITS(F, s, bytes, reg)                                               \
    BIT(F, bts, s, bytes, reg)                                               \
    BIT(F, btr, s, bytes, reg)                                               \
    BIT(F, btc, s, bytes, reg)

/* A register that C functions keep, as an operand and as a base. */
#define KEPT(F, reg)                                                         \
    F(kept_##reg, 8, PRESENT,                                                \
      "push %%" #reg "\n\tmov %%rcx, %%" #reg "\n\t"                        \
      "xchg %%" #reg ", (%%rdi)\n\tmov %%" #reg ", %%rcx\n\t"               \
      "mov %%rdi, %%" #reg "\n\tlock andb $0xfd, 2(%%" #reg ")\n\t"         \
      "pop %%" #reg)

#define ALL(F)                                                               \
    WIDTH(F, b, 1, cl, PLAIN)                                                \
    WIDTH(F, w, 2, cx, PLAIN)                                                \
    WIDTH(F, l, 4, ecx, PLAIN)                                               \
    WIDTH(F, q, 8, rcx, PRESENT)                                             \
    BITS(F, w, 2, dx)                                                        \
    BITS(F, l, 4, edx)                                                       \
    BITS(F, q, 8, rdx)                                                       \
    KEPT(F, rbx)                                                             \
    KEPT(F, rbp)                                                             \
    KEPT(F, r12)                                                             \
    KEPT(F, r13)                                                             \
    KEPT(F, r14)                                                             \
    KEPT(F, r15)                                                             \
    F(movb_high, 1, PLAIN, "movb %%ch, (%%rdi)")                             \
    F(xchgb_high, 1, PLAIN, "xchgb %%ch, (%%rdi)")                           \
    F(movntil, 4, PLAIN, "movntil %%ecx, (%%rdi)")                           \
    F(movntiq, 8, PLAIN, "movntiq %%rcx, (%%rdi)")                           \
    F(cmpxchg8b_other, 8, PLAIN, "lock cmpxchg8b (%%rdi)")                   \
    F(cmpxchg8b_equal, 8, EQUAL_PAIR, "lock cmpxchg8b (%%rdi)")

/* The flags of the context are the CPU's before and after. */
#define DEFINE(id, bytes, kind, text)                                        \
    static void run_##id(struct context *c)                                  \
    {                                                                        \
        uint64_t flags = c->flags;                                           \
                                                                             \
        __asm__ volatile("pushq %[flags]\n\tpopfq\n"                         \
                         "1: " text "\n"                                     \
                         "2: pushfq\n\tpopq %[flags]\n\t"                    \
                         EXTABLE("1b", "2b")                                 \
                         : "+a"(c->rax), "+b"(c->rbx), "+c"(c->rcx),         \
                           "+d"(c->rdx), "+D"(c->at), "+S"(c->from),         \
                           [flags] "+r"(flags)                               \
                         : : "memory", "cc");                                \
        c->flags = flags & ARITHMETIC_FLAGS;                                 \
    }

#define ROW(id, bytes, kind, text) { #id, bytes, kind, run_##id },

ALL(DEFINE)
static const struct form forms[] = { ALL(ROW) };

DEFINE(rep_stosq, 8, PLAIN, "rep stosq")
DEFINE(rep_movsq, 8, PLAIN, "rep movsq")
DEFINE(movups, 16, PLAIN, "movups %%xmm0, (%%rdi)")
DEFINE(movq_xmm, 8, PLAIN, "movq %%xmm0, (%%rdi)")
DEFINE(mov_segment, 2, PLAIN, "movw %%ds, (%%rdi)")
DEFINE(cmpxchg16b, 16, EQUAL_PAIR, "lock cmpxchg16b (%%rdi)")

static volatile uint64_t *table;        /* the L1 of SCRATCH_VA, read-only */
static uint64_t table_maddr;
static const uint64_t source[8] = {
    0x1122334455667788, 0x2000, 0x3000, 0x4000,
};

static void set_entry(unsigned int slot, uint64_t value)
{
    if (mm_write_entry(table_maddr + slot * 8, value) != 0) {
        case_error("can not set an entry");
    }
}

static struct context make_context(const struct form *f, uint64_t flags,
                                   const volatile unsigned char *at)
{
    struct context c = {
        .rax = 0x1020304050607080, .rbx = 0x8899aabbccddeef0,
        .rcx = 0xf0e1d2c3b4a59688, .rdx = 9, .flags = flags | 0x202,
        .at = (volatile unsigned char *)(unsigned long)at, .from = source,
    };

    if (f->kind == WITH_CARRY && f->bytes == 8 && (flags & CARRY)) {
        c.rcx |= 1;
    }
    if (f->kind == EQUAL) {
        memcpy(&c.rax, (const void *)(unsigned long)at, f->bytes);
    }
    if (f->kind == EQUAL_PAIR) {
        memcpy(&c.rax, (const void *)(unsigned long)at, 4);
        c.rax = (uint32_t)c.rax;
        c.rdx = *(const volatile uint32_t *)(at + 4);
    }
    return c;
}

static void compare(const struct form *f, unsigned int offset, uint64_t flags)
{
    static uint64_t plain[2];
    volatile unsigned char *entry = (volatile unsigned char *)&table[SLOT];
    volatile unsigned char *memory = (volatile unsigned char *)plain;
    struct context want, got;
    struct fault fault;

    set_entry(SLOT, f->kind == PRESENT ? kernel_entry(SCRATCH_VA) & ~PTE_RW
                                       : 0x0123456789abcde0);
    plain[0] = table[SLOT];
    plain[1] = 0;
    want = make_context(f, flags, memory + offset);
    got = make_context(f, flags, entry + offset);
    f->run(&want);
    probe_begin();
    f->run(&got);
    fault = probe_end();
    expect_no_fault(f->name, &fault);
    expect_eq(f->name, plain[0], table[SLOT]);
    expect_eq(f->name, want.rax, got.rax);
    expect_eq(f->name, want.rcx, got.rcx);
    expect_eq(f->name, want.rdx, got.rdx);
    expect_eq(f->name, want.flags, got.flags);
    expect_eq(f->name, (uint64_t)(want.at - memory),
              (uint64_t)(got.at - entry));
    expect_eq(f->name, (uint64_t)want.from, (uint64_t)got.from);
}

static void repeated(const char *what, void (*run)(struct context *c),
                     uint64_t step)
{
    struct context c = {
        .rax = 0x1000, .rcx = 4, .flags = 0x202, .from = source,
        .at = (volatile unsigned char *)&table[SLOT],
    };
    struct fault fault;

    probe_begin();
    run(&c);
    fault = probe_end();
    expect_no_fault(what, &fault);
    expect_eq(what, 0, c.rcx);
    expect_eq(what, (uint64_t)&table[SLOT + 4], (uint64_t)c.at);
    expect_eq(what, (uint64_t)source + step, (uint64_t)c.from);
    for (unsigned int i = 0; i < 4; i++) {
        expect_eq(what, step ? source[i] : 0x1000, table[SLOT + i]);
        set_entry(SLOT + i, 0);
    }
}

/* A page fault at `at`, and the entry before or after is what it was. */
static void refused(const char *what, void (*run)(struct context *c),
                    unsigned long va, unsigned long at)
{
    uint64_t first = table[0], last = table[PT_ENTRIES - 1];
    struct context c = {
        .rax = 0x2220, .rdx = 0x3330, .rcx = 0x4440, .rbx = 0x5550,
        .flags = 0x202, .at = (volatile unsigned char *)va, .from = source,
    };
    struct fault fault;

    set_entry(SLOT, 0x2220);
    set_entry(SLOT + 1, 0x3330);
    probe_begin();
    run(&c);
    fault = probe_end();
    expect_fault(what, &fault, VECTOR_PF, 3);
    expect_eq(what, at, fault.address);
    expect_eq(what, 0x2220, table[SLOT]);
    expect_eq(what, 0x3330, table[SLOT + 1]);
    expect_eq(what, first, table[0]);
    expect_eq(what, last, table[PT_ENTRIES - 1]);
}

/* The table between two pages of plain memory. */
static void not_aligned(void)
{
    unsigned long va = SCRATCH_VA + PAGE_SIZE;
    unsigned long at = va + SLOT * 8;

    REQUIRE(scratch_map(va, table_maddr >> PAGE_SHIFT, PTE_READONLY) == 0);
    refused("word-across", run_movw_reg, at + 7, at + 7);
    refused("word-odd", run_movw_imm, at + 3, at + 3);
    refused("long-at-6", run_orl_imm, at + 6, at + 6);
    refused("quad-at-4", run_movq_reg, at + 4, at + 4);
    refused("quad-from-the-page-before", run_movq_reg, va - 4, va);
    expect_eq("page-before", 0, *(uint32_t *)hostile(va - 4));
    refused("quad-into-the-page-behind", run_movq_reg, va + PAGE_SIZE - 4,
            va + PAGE_SIZE - 4);
    refused("too-wide", run_movups, at, at);
    refused("too-wide-exchange", run_cmpxchg16b, at, at);
    refused("sse-register", run_movq_xmm, at, at);
    refused("segment-register", run_mov_segment, at, at);
    mm_unmap(&mm_kernel, va);
}

/* The hypervisor's look at the instruction may reach behind the page: that is
 * nobody's fault, and the guest's own names its own address. */
static void at_the_end_of_a_page(uint8_t *page)
{
    static const uint8_t code[] = { 0x48, 0x89, 0x3f, 0xc3 };
    unsigned long plain = SCRATCH_VA + 3 * PAGE_SIZE;
    volatile uint64_t *entry = &table[SLOT];
    void (*store_rdi_at_rdi)(void *);
    struct fault fault;
    void *start;

    memcpy(page + PAGE_SIZE - sizeof(code), code, sizeof(code));
    start = hostile(SCRATCH_VA + PAGE_SIZE - sizeof(code));
    memcpy(&store_rdi_at_rdi, &start, sizeof(start));
    fault = probe_call(store_rdi_at_rdi, (void *)(unsigned long)entry);
    expect_no_fault("page-end", &fault);
    expect_eq("page-end", (uint64_t)entry, *entry);
    REQUIRE(scratch_map(plain, virt_to_mfn(page), PTE_READONLY) == 0);
    fault = probe_call(store_rdi_at_rdi, hostile(plain));
    expect_fault("page-end", &fault, VECTOR_PF, 3);
    expect_eq("page-end", plain, fault.address);
    mm_unmap(&mm_kernel, plain);
}

CONFORMANCE_CASE("Every form of store to an L1 entry", 0)
{
    void *page = page_alloc();
    struct walk walk;

    expect_eq("enable", 0, (uint64_t)
              hypercall_vm_assist(VMASST_CMD_enable,
                                  VMASST_TYPE_writable_pagetables));
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    REQUIRE(scratch_map(SCRATCH_VA + 2 * PAGE_SIZE, virt_to_mfn(page),
                        PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    table_maddr = walk.entry_address[1] & PAGE_MASK;
    table = mfn_to_virt(table_maddr >> PAGE_SHIFT);
    for (unsigned int i = 0; i < ARRAY_SIZE(forms); i++) {
        const struct form *f = &forms[i];

        compare(f, f->bytes % 8, 0);
        compare(f, f->bytes % 8, ARITHMETIC_FLAGS);
        compare(f, 8 - f->bytes, CARRY);
    }
    repeated("rep-stosq", run_rep_stosq, 0);
    repeated("rep-movsq", run_rep_movsq, 32);
    not_aligned();
    at_the_end_of_a_page(page);
    set_entry(SLOT, 0);
    set_entry(SLOT + 1, 0);
    hypercall_vm_assist(VMASST_CMD_disable, VMASST_TYPE_writable_pagetables);
    mm_unmap(&mm_kernel, SCRATCH_VA + 2 * PAGE_SIZE);
    scratch_release(SCRATCH_VA);
    page_free(page);
}
