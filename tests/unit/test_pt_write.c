/* SPDX-License-Identifier: MIT */
/*
 * Stores to L1 tables that are performed for the guest (pv/pt_write.c).
 *
 * The lesson: a performed instruction must leave what the processor would
 * have left: memory, registers, flags, rip. So the same bytes are executed by
 * the processor under the test and by the hypervisor, with random operands,
 * and compared. Entries without the present bit are stored as they are, so
 * any value will do.
 */
#include "../../hypervisor/pv/insn.h"
#include "../../hypervisor/pv/trap.h"

#include <hv/pv.h>
#include <hv/util.h>

#include <string.h>
#include <sys/mman.h>

#include "test_main.h"
#include "world.h"

#define FLAG_CF 0x001ull
#define FLAG_PF 0x004ull
#define FLAG_AF 0x010ull
#define FLAG_ZF 0x040ull
#define FLAG_SF 0x080ull
#define FLAG_OF 0x800ull
#define ALL_FLAGS (FLAG_CF | FLAG_PF | FLAG_AF | FLAG_ZF | FLAG_SF | FLAG_OF)
#define SLOT 300u

static struct world *w;
static struct domain *d;
static struct vcpu *v;
static struct world_guest g;
static struct cpu_regs regs;
static bool (*perform)(struct vcpu *, struct cpu_regs *, uint64_t);

static void setup(void)
{
    perform = pv_write_fault;
    w = world_with(2, 96);
    d = w->domains[0];
    g = world_boot_guest(w, 0);
    v = current_vcpu();
    v->kernel_mode = true;
    d->vm_assist |= 1u << VMASST_TYPE_writable_pagetables;
}

static void teardown(void)
{
    world_free(w);
}

/* Where the guest's read-only mapping of its L1 table is. */
static uint64_t entry_va(unsigned int slot)
{
    return WORLD_TABLES + 3 * PAGE_SIZE + slot * 8ull;
}

static void point_rip_at(const uint8_t *bytes, size_t count)
{
    uint8_t padded[15] = { 0 };

    memcpy(padded, bytes, count);
    world_args_reset(w);
    regs.rip = world_arg(w, padded, sizeof(padded)).v;
    regs.error_code = PFEC_PRESENT | PFEC_WRITE | PFEC_USER;
    regs.entry_vector = TRAP_PF;
}

static bool fault_at(uint64_t va, const uint8_t *bytes, size_t count)
{
    point_rip_at(bytes, count);
    return perform(v, &regs, va);
}

/* --- against the processor ------------------------------------------------- */

struct machine {
    uint64_t rax, rcx, flags, memory[2];
    uint64_t rdx, rbx;
};

#define MEMORY_OFFSET 24
#define RDX_OFFSET    40
#define RBX_OFFSET    48

/* Loads a struct machine at rdi, executes the bytes, and stores it. */
static void execute(struct machine *m, const uint8_t *insn, size_t count)
{
    static const uint8_t before[] = {
        0x53,                         /* push rbx */
        0x48, 0x8b, 0x07,             /* mov rax, [rdi] */
        0x48, 0x8b, 0x4f, 0x08,       /* mov rcx, [rdi+8] */
        0x48, 0x8b, 0x57, RDX_OFFSET, /* mov rdx, [rdi+40] */
        0x48, 0x8b, 0x5f, RBX_OFFSET, /* mov rbx, [rdi+48] */
        0xff, 0x77, 0x10, 0x9d,       /* push [rdi+16]; popfq */
    };
    static const uint8_t after[] = {
        0x9c, 0x8f, 0x47, 0x10,       /* pushfq; pop [rdi+16] */
        0x48, 0x89, 0x07,             /* mov [rdi], rax */
        0x48, 0x89, 0x4f, 0x08,       /* mov [rdi+8], rcx */
        0x48, 0x89, 0x57, RDX_OFFSET, /* mov [rdi+40], rdx */
        0x5b, 0xc3,                   /* pop rbx; ret */
    };
    static uint8_t *code;
    void (*run)(struct machine *);

    if (code == NULL) {
        code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        ck_assert_ptr_ne(code, MAP_FAILED);
    }
    memcpy(code, before, sizeof(before));
    memcpy(code + sizeof(before), insn, count);
    memcpy(code + sizeof(before) + count, after, sizeof(after));
    memcpy(&run, &code, sizeof(run));
    run(m);
}

struct form {
    const char *name;
    uint8_t opcode[2];        /* 0x0f first, or the only one */
    uint8_t opcode_bytes;
    uint8_t reg;              /* ModRM reg: an operation, or rcx */
    uint8_t immediate;        /* bytes: 0, 1, or 4 (2 for words) */
    bool lock;
    uint64_t undefined;       /* flags that may be anything */
};

#define LOGIC FLAG_AF
#define BITS (FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF)

static const struct form forms[] = {
    { "mov", { 0x89 }, 1, 1, 0, false, 0 },
    { "mov byte", { 0x88 }, 1, 1, 0, false, 0 },
    { "mov byte, ch", { 0x88 }, 1, 5, 0, false, 0 },
    { "mov imm", { 0xc7 }, 1, 0, 4, false, 0 },
    { "mov byte imm", { 0xc6 }, 1, 0, 1, false, 0 },
    { "xchg", { 0x87 }, 1, 1, 0, false, 0 },
    { "xchg byte", { 0x86 }, 1, 1, 0, false, 0 },
    { "xchg byte, ch", { 0x86 }, 1, 5, 0, false, 0 },
    { "add", { 0x01 }, 1, 1, 0, true, 0 },
    { "add byte", { 0x00 }, 1, 1, 0, true, 0 },
    { "or", { 0x09 }, 1, 1, 0, true, LOGIC },
    { "or byte", { 0x08 }, 1, 5, 0, true, LOGIC },
    { "adc", { 0x11 }, 1, 1, 0, true, 0 },
    { "adc byte", { 0x10 }, 1, 1, 0, true, 0 },
    { "sbb", { 0x19 }, 1, 1, 0, true, 0 },
    { "sbb byte", { 0x18 }, 1, 1, 0, true, 0 },
    { "and", { 0x21 }, 1, 1, 0, true, LOGIC },
    { "and byte", { 0x20 }, 1, 1, 0, true, LOGIC },
    { "sub", { 0x29 }, 1, 1, 0, true, 0 },
    { "sub byte", { 0x28 }, 1, 1, 0, true, 0 },
    { "xor", { 0x31 }, 1, 1, 0, true, LOGIC },
    { "xor byte", { 0x30 }, 1, 1, 0, true, LOGIC },
    { "add imm8", { 0x83 }, 1, 0, 1, true, 0 },
    { "or imm8", { 0x83 }, 1, 1, 1, true, LOGIC },
    { "adc imm8", { 0x83 }, 1, 2, 1, true, 0 },
    { "sbb imm8", { 0x83 }, 1, 3, 1, true, 0 },
    { "and imm8", { 0x83 }, 1, 4, 1, true, LOGIC },
    { "sub imm8", { 0x83 }, 1, 5, 1, true, 0 },
    { "xor imm8", { 0x83 }, 1, 6, 1, true, LOGIC },
    { "and imm", { 0x81 }, 1, 4, 4, true, LOGIC },
    { "or imm", { 0x81 }, 1, 1, 4, true, LOGIC },
    { "sub imm", { 0x81 }, 1, 5, 4, true, 0 },
    { "and byte imm", { 0x80 }, 1, 4, 1, true, LOGIC },
    { "or byte imm", { 0x80 }, 1, 1, 1, true, LOGIC },
    { "inc", { 0xff }, 1, 0, 0, true, 0 },
    { "dec", { 0xff }, 1, 1, 0, true, 0 },
    { "inc byte", { 0xfe }, 1, 0, 0, true, 0 },
    { "dec byte", { 0xfe }, 1, 1, 0, true, 0 },
    { "not", { 0xf7 }, 1, 2, 0, true, 0 },
    { "neg", { 0xf7 }, 1, 3, 0, true, 0 },
    { "not byte", { 0xf6 }, 1, 2, 0, true, 0 },
    { "neg byte", { 0xf6 }, 1, 3, 0, true, 0 },
    { "movnti", { 0x0f, 0xc3 }, 2, 1, 0, false, 0 },
    { "cmpxchg8b", { 0x0f, 0xc7 }, 2, 1, 0, true, 0 },
    { "cmpxchg", { 0x0f, 0xb1 }, 2, 1, 0, true, 0 },
    { "cmpxchg byte", { 0x0f, 0xb0 }, 2, 1, 0, true, 0 },
    { "xadd", { 0x0f, 0xc1 }, 2, 1, 0, true, 0 },
    { "xadd byte", { 0x0f, 0xc0 }, 2, 5, 0, true, 0 },
    { "bts imm8", { 0x0f, 0xba }, 2, 5, 1, true, BITS },
    { "btr imm8", { 0x0f, 0xba }, 2, 6, 1, true, BITS },
    { "btc imm8", { 0x0f, 0xba }, 2, 7, 1, true, BITS },
};

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_word(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    /* Often a value at the edge. */
    switch (random_state >> 61) {
    case 0:
        return 0;
    case 1:
        return ~0ull;
    case 2:
        return 0x8000000080008080ull;
    default:
        return random_state * 0x2545f4914f6cdd1dull;
    }
}

static unsigned int encode(const struct form *f, unsigned int width,
                           bool lock, uint64_t immediate, uint8_t out[15])
{
    unsigned int n = 0, bytes = f->immediate;

    if (lock && f->lock) {
        out[n++] = 0xf0;
    }
    if (width == 2) {
        out[n++] = 0x66;
    }
    if (width == 8) {
        out[n++] = 0x48;
    }
    memcpy(out + n, f->opcode, f->opcode_bytes);
    n += f->opcode_bytes;
    out[n++] = (uint8_t)(0x47 | f->reg << 3); /* [rdi + disp8] */
    out[n++] = MEMORY_OFFSET;
    bytes = bytes == 4 && width == 2 ? 2 : bytes;
    memcpy(out + n, &immediate, bytes);
    return n + bytes;
}

static bool is_byte_form(const struct form *f)
{
    uint8_t last = f->opcode[f->opcode_bytes - 1];

    return (last & 1) == 0 && last != 0xba;
}

static bool has_width(const struct form *f, unsigned int width)
{
    if (is_byte_form(f) || strcmp(f->name, "cmpxchg8b") == 0) {
        return width == 4;
    }
    return width >= 4 || strcmp(f->name, "movnti") != 0;
}

static void compare_once(const struct form *f, unsigned int width, bool lock)
{
    struct machine m = { random_word(), random_word(),
                         (random_word() & ALL_FLAGS) | 0x202,
                         { random_word() & ~1ull, 0 }, random_word(),
                         random_word() };
    uint8_t insn[15];
    unsigned int count = encode(f, width, lock, random_word(), insn);

    if (strncmp(f->name, "cmpxchg", 7) == 0 && (random_state & 2) != 0) {
        m.rax = m.memory[0]; /* equal */
        m.rdx = m.memory[0] >> 32;
    }
    regs = (struct cpu_regs){ .rax = m.rax, .rcx = m.rcx, .rdx = m.rdx,
                              .rbx = m.rbx,
                              .rdi = entry_va(SLOT) - MEMORY_OFFSET,
                              .rflags = m.flags | RFLAGS_RF };
    world_write_entry(g.l1, SLOT, m.memory[0]);
    execute(&m, insn, count);
    if ((m.memory[0] & 1) != 0) {
        world_write_entry(g.l1, SLOT, 0);
        return; /* would have to be a good entry */
    }
    ck_assert_msg(fault_at(entry_va(SLOT), insn, count), "%s of %u: refused",
                  f->name, width);
    ck_assert_msg(world_read_entry(g.l1, SLOT) == m.memory[0],
                  "%s of %u: memory %lx not %lx", f->name, width,
                  (unsigned long)world_read_entry(g.l1, SLOT),
                  (unsigned long)m.memory[0]);
    ck_assert_uint_eq(regs.rdx, m.rdx);
    ck_assert_msg(regs.rax == m.rax && regs.rcx == m.rcx,
                  "%s of %u: rax %lx not %lx, rcx %lx not %lx", f->name,
                  width, (unsigned long)regs.rax, (unsigned long)m.rax,
                  (unsigned long)regs.rcx, (unsigned long)m.rcx);
    ck_assert_msg(((regs.rflags ^ m.flags) & ALL_FLAGS & ~f->undefined) == 0,
                  "%s of %u: flags %lx not %lx", f->name, width,
                  (unsigned long)regs.rflags, (unsigned long)m.flags);
    ck_assert_uint_eq(regs.rflags & RFLAGS_RF, 0);
    world_write_entry(g.l1, SLOT, 0);
}

START_TEST(every_form_does_what_the_processor_does)
{
    static const unsigned int widths[] = { 2, 4, 8 };
    unsigned int f, k, n;

    for (f = 0; f < ARRAY_SIZE(forms); f++) {
        for (k = 0; k < ARRAY_SIZE(widths); k++) {
            if (!has_width(&forms[f], widths[k])) {
                continue;
            }
            for (n = 0; n < 60; n++) {
                compare_once(&forms[f], widths[k], (n & 1) != 0);
            }
        }
    }
}
END_TEST

/* A bit number in a register reaches far; the CPU tells the word by CR2. */
START_TEST(bit_numbers_in_registers)
{
    static const uint8_t btr[] = { 0xf0, 0x48, 0x0f, 0xb3, 0x0f };
    static const uint8_t btr_32[] = { 0xf0, 0x0f, 0xb3, 0x0f };
    static const uint8_t btr_16[] = { 0xf0, 0x66, 0x0f, 0xb3, 0x0f };

    world_write_entry(g.l1, SLOT + 1, 0x40);
    regs = (struct cpu_regs){ .rcx = 64 + 6, .rdi = entry_va(SLOT),
                              .rflags = 0x202 };
    ck_assert(fault_at(entry_va(SLOT + 1), btr, sizeof(btr)));
    ck_assert_uint_eq(world_read_entry(g.l1, SLOT + 1), 0);
    ck_assert_uint_eq(regs.rflags & FLAG_CF, FLAG_CF);
    ck_assert(fault_at(entry_va(SLOT + 1), btr, sizeof(btr)));
    ck_assert_uint_eq(regs.rflags & FLAG_CF, 0);
    ck_assert(!fault_at(entry_va(SLOT), btr, sizeof(btr)));
    regs.rcx = (uint64_t)-64 + 3;
    regs.rdi = entry_va(SLOT + 2);
    ck_assert(fault_at(entry_va(SLOT + 1), btr, sizeof(btr)));
    regs.rcx = (uint32_t)-32 + 3; /* the upper half is not there */
    regs.rdi = entry_va(SLOT) + 4;
    ck_assert(fault_at(entry_va(SLOT), btr_32, sizeof(btr_32)));
    regs.rcx = (uint16_t)-16 + 3;
    regs.rdi = entry_va(SLOT) + 2;
    ck_assert(fault_at(entry_va(SLOT), btr_16, sizeof(btr_16)));
}
END_TEST

/* --- parts of an entry -------------------------------------------------------- */

/* The instruction's operand is at [rdi], and va is where it faulted. */
static bool fault_with_rdi(uint64_t rdi, uint64_t va, const uint8_t *bytes,
                           size_t count)
{
    regs = (struct cpu_regs){ .rdi = rdi, .rflags = 0x202 };
    return fault_at(va, bytes, count);
}

START_TEST(bytes_inside_an_entry)
{
    static const uint8_t mov_byte[] = { 0xc6, 0x07, 0x5a };
    static const uint8_t mov_word[] = { 0x66, 0xc7, 0x07, 0x11, 0x22 };
    unsigned int k;

    for (k = 1; k < 8; k++) {
        uint64_t at = entry_va(SLOT) + k;

        world_write_entry(g.l1, SLOT, 0x1111111111111110ull);
        ck_assert(fault_with_rdi(at, at, mov_byte, sizeof(mov_byte)));
        ck_assert_uint_eq(world_read_entry(g.l1, SLOT),
                          (0x1111111111111110ull & ~(0xffull << 8 * k)) |
                              0x5aull << 8 * k);
        /* not aligned: no, though it may lie in one entry */
        ck_assert_int_eq(fault_with_rdi(at, at, mov_word, sizeof(mov_word)),
                         k % 2 == 0);
    }
    world_write_entry(g.l1, SLOT, 0);
}
END_TEST

/* CR2 is the beginning of the second page then. */
START_TEST(an_operand_that_begins_on_the_page_before)
{
    static const uint8_t mov[] = { 0x48, 0x89, 0x07 };
    static const uint8_t mov_fs[] = { 0x64, 0x48, 0x89, 0x07 };
    static const uint8_t mov_32[] = { 0x67, 0x48, 0x89, 0x07 };
    static const uint8_t mov_rip[] = { 0x48, 0x89, 0x05, 0x10, 0, 0, 0 };
    uint64_t at = entry_va(0);

    ck_assert(fault_with_rdi(at + 8, at + 8, mov, sizeof(mov)));
    ck_assert(!fault_with_rdi(at + 4, at + 8, mov, sizeof(mov)));
    ck_assert(!fault_with_rdi(at + 8, at + 8, mov_fs, sizeof(mov_fs)));
    ck_assert(fault_with_rdi(at + 8 + (1ull << 32), at + 8, mov_32,
                             sizeof(mov_32)));
    ck_assert(!fault_with_rdi(0, at + 8, mov_rip, sizeof(mov_rip)));
}
END_TEST

START_TEST(strings_go_entry_by_entry)
{
    static const uint8_t rep_stosq[] = { 0xf3, 0x48, 0xab };
    static const uint8_t movsl[] = { 0xa5 };
    static const uint64_t from = 0x1122334455667788ull;
    uint64_t rip;

    world_write_entry(g.l1, SLOT, 0x10);
    world_write_entry(g.l1, SLOT - 1, 0x20);
    regs = (struct cpu_regs){ .rdi = entry_va(SLOT), .rcx = 2,
                              .rax = 0x5550, .rflags = 0x202 | 0x400 };
    ck_assert(fault_at(entry_va(SLOT), rep_stosq, sizeof(rep_stosq)));
    ck_assert_uint_eq(world_read_entry(g.l1, SLOT), 0x5550);
    ck_assert_uint_eq(regs.rdi, entry_va(SLOT - 1)); /* downwards */
    ck_assert_uint_eq(regs.rcx, 1);
    rip = regs.rip;
    ck_assert(fault_at(entry_va(SLOT - 1), rep_stosq, sizeof(rep_stosq)));
    ck_assert_uint_eq(world_read_entry(g.l1, SLOT - 1), 0x5550);
    ck_assert_uint_eq(regs.rcx, 0);
    ck_assert_uint_eq(regs.rip, rip + sizeof(rep_stosq));

    regs = (struct cpu_regs){ .rdi = entry_va(SLOT) + 4, .rflags = 0x202 };
    ck_assert(!fault_at(entry_va(SLOT) + 4, movsl, sizeof(movsl)));
    regs.rsi = entry_va(SLOT - 1); /* any memory of the guest's */
    world_write_entry(g.l1, SLOT - 1, from);
    ck_assert(fault_at(entry_va(SLOT) + 4, movsl, sizeof(movsl)));
    ck_assert_uint_eq(world_read_entry(g.l1, SLOT), 0x5566778800005550ull);
    ck_assert_uint_eq(regs.rsi, entry_va(SLOT - 1) + 4);
    ck_assert_uint_eq(regs.rdi, entry_va(SLOT) + 8);
    world_write_entry(g.l1, SLOT, 0);
    world_write_entry(g.l1, SLOT - 1, 0);
}
END_TEST

/* --- the entry is checked ------------------------------------------------------- */

static const uint8_t mov_rax[] = { 0x48, 0x89, 0x07 };

static bool store(unsigned int slot, uint64_t value)
{
    regs = (struct cpu_regs){ .rax = value, .rdi = entry_va(slot),
                              .rflags = 0x202 };
    return fault_at(entry_va(slot), mov_rax, sizeof(mov_rax));
}

static void check_present_entries(void)
{
    mfn_t mine = world_frame(w, 0);
    mfn_t foreign = world_frame(w, 1);
    uint64_t rip;

    ck_assert(store(SLOT, world_pte(mine, PTE_RW_FLAGS)));
    ck_assert_uint_eq(fw_type(mfn_to_frame(mine)->word), PT_WRITABLE);
    rip = regs.rip;
    ck_assert(!store(SLOT, world_pte(foreign, PTE_RW_FLAGS)));
    ck_assert(!store(SLOT, world_pte(g.l2, PTE_RW_FLAGS)));
    ck_assert(!store(SLOT, world_pte(mine, PTE_RW_FLAGS | PTE_LARGE)));
    ck_assert_uint_eq(regs.rip, rip - sizeof(mov_rax)); /* W4 */
    ck_assert_uint_eq(regs.rax, world_pte(mine, PTE_RW_FLAGS | PTE_LARGE));
    ck_assert(store(SLOT, 0));
    ck_assert_uint_eq(fw_type_count(mfn_to_frame(mine)->word), 0);
}

START_TEST(present_entries_obey_the_rules)
{
    check_present_entries();
    perform = pv_store_lean;
    check_present_entries();
}
END_TEST

START_TEST(only_l1_tables_of_a_kernel_that_asked)
{
    uint64_t l2_va = WORLD_TABLES + 2 * PAGE_SIZE + SLOT * 8ull;

    const uint64_t vas[] = { l2_va, WORLD_DATA, 0x10, HV_HOLE_START,
                             0x0000900000000000ull };

    for (size_t i = 0; i < 2 * ARRAY_SIZE(vas); i++) {
        uint64_t va = vas[i / 2];

        perform = i % 2 ? pv_store_lean : pv_write_fault;
        ck_assert(!fault_with_rdi(va, va, mov_rax, sizeof(mov_rax)));
    }
    perform = pv_write_fault;
    v->kernel_mode = false;
    ck_assert(!store(SLOT, 0));
    v->kernel_mode = true;
    d->vm_assist = 0;
    ck_assert(!store(SLOT, 0));
}
END_TEST

START_TEST(other_faults_are_the_guests)
{
    static const uint32_t codes[] = { 0, PFEC_WRITE, PFEC_PRESENT,
                                      PFEC_PRESENT | PFEC_WRITE | PFEC_RSVD,
                                      PFEC_PRESENT | PFEC_FETCH };
    unsigned int i;

    world_args_reset(w);
    regs.rip = world_arg(w, mov_rax, sizeof(mov_rax)).v;
    for (i = 0; i < ARRAY_SIZE(codes); i++) {
        regs.error_code = codes[i] | PFEC_USER;
        ck_assert(!pv_write_fault(v, &regs, entry_va(SLOT)));
    }
}
END_TEST

START_TEST(other_instructions_are_refused)
{
    static const struct { uint8_t bytes[8]; uint8_t count; } rows[] = {
        { { 0xf3, 0x48, 0x89, 0x07 }, 4 },        /* rep is no part of mov */
        { { 0xf7, 0x07, 0, 0, 0, 0 }, 6 },        /* test */
        { { 0xf7, 0x27 }, 2 },                    /* mul */
        { { 0x48, 0x0f, 0xc7, 0x0f }, 4 },        /* cmpxchg16b */
        { { 0x0f, 0xc7, 0x37 }, 3 },              /* rdrand's number */
        { { 0x66, 0x0f, 0xc3, 0x07 }, 4 },        /* movnti of a word */
        { { 0x67, 0x48, 0xab }, 3 },              /* stosq to edi */
        { { 0x48, 0xd1, 0x27 }, 3 },              /* shl */
        { { 0x0f, 0x92, 0x07 }, 3 },              /* setc */
        { { 0x8c, 0x1f }, 2 },                    /* mov [rdi], ds */
        { { 0x48, 0x83, 0x3f, 0x00 }, 4 },        /* cmp */
        { { 0x48, 0x0f, 0xba, 0x27, 0x01 }, 5 },  /* bt */
        { { 0x48, 0x89, 0xc7 }, 3 },              /* a register */
        { { 0xff, 0x17 }, 2 },                    /* call [rdi] */
        { { 0xff, 0x37 }, 2 },                    /* push [rdi] */
        { { 0x48, 0xc7, 0x0f, 0, 0, 0, 0 }, 7 },  /* c7 /1 is no mov */
        { { 0xc6, 0xf8, 0x00 }, 3 },              /* xabort */
        { { 0x0f, 0x11, 0x07 }, 3 },              /* movups */
        { { 0xfa }, 1 },
        { { 0x0f, 0x22, 0x07 }, 3 },              /* mov cr0, rdi */
    };
    unsigned int i;

    for (i = 0; i < 2 * ARRAY_SIZE(rows); i++) {
        regs = (struct cpu_regs){ .rdi = entry_va(SLOT), .rflags = 0x202 };
        perform = i % 2 ? pv_store_lean : pv_write_fault;
        ck_assert_msg(!fault_at(entry_va(SLOT), rows[i / 2].bytes,
                                rows[i / 2].count), "row %u", i / 2);
    }
    regs.rip = HV_HOLE_START;
    regs.error_code = PFEC_PRESENT | PFEC_WRITE | PFEC_USER;
    ck_assert(!pv_write_fault(v, &regs, entry_va(SLOT)));
}
END_TEST

/* --- the short way ---------------------------------------------------------------- */

/* What one of the two ways makes of regs and the entry, which stay. */
struct outcome {
    bool done;
    struct cpu_regs regs;
    uint64_t entry;
};

static struct outcome outcome_of(bool (*way)(struct vcpu *, struct cpu_regs *,
                                             uint64_t), uint64_t va)
{
    uint64_t entry = world_read_entry(g.l1, SLOT);
    struct outcome o = { .regs = regs };

    o.done = way(v, &o.regs, va);
    o.entry = world_read_entry(g.l1, SLOT);
    world_write_entry(g.l1, SLOT, entry);
    return o;
}

/* No byte has its bit 0, so that no entry becomes present. */
static uint64_t even_bytes(void)
{
    return random_word() & 0xfefefefefefefefeull;
}

/* The forms that must not miss the short way. */
static bool is_short(const struct insn *i, uint8_t first)
{
    if (i->mod > 1 || (i->rm & 7) == 4 || (i->mod == 0 && (i->rm & 7) == 5)) {
        return false;
    }
    if (i->opcode == 0x80) {
        return (i->reg & 7) == 4 && (i->rex & 8) == 0;
    }
    return (i->opcode == 0x89 || i->opcode == 0x87) &&
           (first & 0xf8) == 0x48 && i->reg != 4;
}

static void compare_ways(const uint8_t *bytes, unsigned int count)
{
    uint64_t va = entry_va(SLOT);
    struct outcome lean, full;
    struct insn i;
    unsigned int n;

    regs = (struct cpu_regs){
        .rflags = (random_word() & ALL_FLAGS & ~FLAG_CF) | 0x202 | RFLAGS_RF,
    };
    for (n = 0; n < 16; n++) {
        *insn_register(&regs, n) = even_bytes();
    }
    point_rip_at(bytes, count);
    if (insn_decode(bytes, count, &i) && i.has_modrm && i.mod != 3 &&
        i.base < INSN_RIP) {
        va += bytes[count - 1] % 3 == 0 ? random_word() % 8 : 0;
        *insn_register(&regs, i.base) += va - insn_address(&i, &regs);
    }
    world_write_entry(g.l1, SLOT, even_bytes());
    lean = outcome_of(pv_store_lean, va);
    full = outcome_of(pv_write_fault, va);
    if (lean.done) {
        ck_assert(full.done && lean.entry == full.entry);
        ck_assert_mem_eq(&lean.regs, &full.regs, sizeof(regs));
    } else {
        ck_assert(!full.done || !is_short(&i, bytes[0]));
        ck_assert_mem_eq(&lean.regs, &regs, sizeof(regs));
        ck_assert_uint_eq(lean.entry, world_read_entry(g.l1, SLOT));
    }
    world_write_entry(g.l1, SLOT, 0);
}

/* Each register as operand and as base, and what looks like it. */
START_TEST(both_ways_do_the_same)
{
    static const uint8_t opcodes[] = { 0x89, 0x87, 0x80, 0x88, 0x81, 0xc7 };
    unsigned int op, prefix, modrm;

    for (op = 0; op < ARRAY_SIZE(opcodes); op++) {
        for (prefix = 0; prefix < 3 * 17; prefix++) {
            for (modrm = 0; modrm < 256; modrm++) {
                uint8_t bytes[15];
                uint64_t tail = even_bytes();
                unsigned int n = 0;

                if (prefix % 3 != 0) {
                    bytes[n++] = prefix % 3 == 1 ? 0xf0 : 0x3e;
                }
                if (prefix / 3 != 0) {
                    bytes[n++] = (uint8_t)(0x40 + prefix / 3 - 1);
                }
                bytes[n++] = opcodes[op];
                bytes[n++] = (uint8_t)modrm;
                memcpy(bytes + n, &tail, sizeof(tail));
                compare_ways(bytes, n + (unsigned int)sizeof(tail));
            }
        }
    }
}
END_TEST

/* What write-protecting an entry leaves behind; others: writable entries of
 * the same frame that stay. */
struct traces {
    uint64_t entry, refs, uses, flags;
};

static struct traces protect_by(bool (*way)(struct vcpu *, struct cpu_regs *,
                                            uint64_t), mfn_t mine,
                                unsigned int others)
{
    static const uint8_t and_fd[] = { 0xf0, 0x80, 0x27, 0xfd };
    struct traces t;
    unsigned int n;

    perform = pv_write_fault;
    for (n = 0; n <= others; n++) {
        ck_assert(store(SLOT + n, world_pte(mine, PTE_RW_FLAGS)));
    }
    perform = way;
    regs = (struct cpu_regs){ .rdi = entry_va(SLOT), .rflags = 0xad7 };
    ck_assert(fault_at(entry_va(SLOT), and_fd, sizeof(and_fd)));
    t = (struct traces){
        .entry = world_read_entry(g.l1, SLOT),
        .refs = fw_ref_count(mfn_to_frame(mine)->word),
        .uses = fw_type_count(mfn_to_frame(mine)->word),
        .flags = regs.rflags,
    };
    perform = pv_write_fault;
    for (n = 0; n <= others; n++) {
        ck_assert(store(SLOT + n, 0));
    }
    ck_assert_uint_eq(fw_type_count(mfn_to_frame(mine)->word), 0);
    return t;
}

START_TEST(both_ways_write_protect)
{
    mfn_t mine = world_frame(w, 0);

    for (unsigned int others = 0; others < 3; others++) {
        struct traces lean = protect_by(pv_store_lean, mine, others);
        struct traces full = protect_by(pv_write_fault, mine, others);

        ck_assert_mem_eq(&lean, &full, sizeof(lean));
        ck_assert_uint_eq(lean.uses, others);
        ck_assert_uint_eq(lean.entry & PTE_RW_FLAGS, PTE_RW_FLAGS & ~2ull);
    }
}
END_TEST

static bool lean_with_rdi(uint64_t rdi)
{
    regs.rdi = rdi;
    return fault_at(entry_va(SLOT), mov_rax, sizeof(mov_rax));
}

START_TEST(the_short_way_is_not_for_all)
{
    perform = pv_store_lean;
    regs = (struct cpu_regs){ .rflags = 0x202 };
    ck_assert(lean_with_rdi(entry_va(SLOT)));
    ck_assert(!lean_with_rdi(entry_va(SLOT) + 8)); /* not what faulted */
    regs.rflags |= RFLAGS_TF;
    ck_assert(!lean_with_rdi(entry_va(SLOT)));
    regs.rflags &= ~RFLAGS_TF;
    d->is_32bit = true;
    ck_assert(!lean_with_rdi(entry_va(SLOT)));
    d->is_32bit = false;
    d->vm_assist = 0;
    ck_assert(!lean_with_rdi(entry_va(SLOT)));
    d->vm_assist = ~0u;
    regs.rip = WORLD_ARGS_BASE + WORLD_ARGS_SIZE; /* can not be read */
    ck_assert(!pv_store_lean(v, &regs, entry_va(SLOT)));
    regs.rip = HV_HOLE_START;
    ck_assert(!pv_store_lean(v, &regs, entry_va(SLOT)));
}
END_TEST

TEST_MAIN("pt_write", setup, teardown,
          every_form_does_what_the_processor_does, bit_numbers_in_registers,
          bytes_inside_an_entry, an_operand_that_begins_on_the_page_before,
          strings_go_entry_by_entry, present_entries_obey_the_rules,
          only_l1_tables_of_a_kernel_that_asked, other_faults_are_the_guests,
          other_instructions_are_refused, both_ways_do_the_same,
          both_ways_write_protect, the_short_way_is_not_for_all)
