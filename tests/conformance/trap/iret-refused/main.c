/* SPDX-License-Identifier: MIT */
/*
 * HYPERVISOR_iret to a context that cannot be.
 *
 * A debugger or a signal frame can put anything into a process's cs, ss and
 * rip.  The fault happens on the hypervisor's own IRET, in ring 0, and must be
 * the guest's problem and not the hypervisor's.  The guest gets the exception
 * that the CPU raised, with its error code, by its trap table, and the frame
 * shows the context that it asked for: in the ring it asked for, so that a
 * bad process is seen as a process and a bad kernel as a kernel.  The failsafe
 * callback has nothing to do with it.
 */
#include "conformance.h"

#define FLAT_DATA   0x00cff3000000fffful
#define FLAT_CODE64 0x00affb000000fffful
#define PRESENT     (1ul << 47)
#define TYPE(n)     ((uint64_t)(n) << 40)
#define NO_TYPE(d)  ((d) & ~TYPE(15))

#define SELECTOR(n) ((n) << 3 | 3)
#define LDT(n)      ((n) << 3 | 7)

enum {
    DATA = 1, CODE, CODE_ABSENT, DATA_ABSENT, CODE_CONFORMING, CODE_ONLY,
    DATA_READ_ONLY, DATA_DOWN, GATE, GATE_HIGH, CODE_RING_0, DATA_RING_0,
    EMPTY,
};

static void fill_table(uint64_t *table)
{
    table[DATA] = FLAT_DATA;
    table[CODE] = FLAT_CODE64;
    table[CODE_ABSENT] = FLAT_CODE64 & ~PRESENT;
    table[DATA_ABSENT] = FLAT_DATA & ~PRESENT;
    table[CODE_CONFORMING] = NO_TYPE(FLAT_CODE64) | TYPE(0xe);
    table[CODE_ONLY] = NO_TYPE(FLAT_CODE64) | TYPE(8);
    table[DATA_READ_ONLY] = NO_TYPE(FLAT_DATA) | TYPE(0);
    table[DATA_DOWN] = NO_TYPE(FLAT_DATA) | TYPE(6);
    table[GATE] = 0x0000ec0000000000ul | (uint64_t)GUEST_CS64 << 16;
    table[CODE_RING_0] = 0x00af9b000000fffful;
    table[DATA_RING_0] = 0x00cf93000000fffful;
}

#define GOOD_RIP 0ul

/* The answers are for cs; ss GUEST_SS.  Error code: the selector without its
 * RPL, or 0 for a null one. */
static const struct row {
    const char *what;
    uint64_t cs, ss, rip;
    unsigned int vector;
    uint64_t error;
} rows[] = {
    { "good", GUEST_CS64, GUEST_SS, GOOD_RIP, VECTOR_UD, 0 },
    { "cs-own", SELECTOR(CODE), GUEST_SS, GOOD_RIP, VECTOR_UD, 0 },
    { "cs-conforming", SELECTOR(CODE_CONFORMING), GUEST_SS, GOOD_RIP,
      VECTOR_UD, 0 },
    { "cs-execute-only", SELECTOR(CODE_ONLY), GUEST_SS, GOOD_RIP, VECTOR_UD,
      0 },
    { "cs-dpl-was-0", SELECTOR(CODE_RING_0), GUEST_SS, GOOD_RIP, VECTOR_UD,
      0 },
    { "ss-own", GUEST_CS64, SELECTOR(DATA), GOOD_RIP, VECTOR_UD, 0 },
    { "ss-expand-down", GUEST_CS64, SELECTOR(DATA_DOWN), GOOD_RIP, VECTOR_UD,
      0 },
    { "ss-dpl-was-0", GUEST_CS64, SELECTOR(DATA_RING_0), GOOD_RIP, VECTOR_UD,
      0 },

    { "cs-null", 3, GUEST_SS, GOOD_RIP, VECTOR_GP, 0 },
    { "cs-empty", SELECTOR(EMPTY), GUEST_SS, GOOD_RIP, VECTOR_GP,
      EMPTY << 3 },
    { "cs-not-filled", 0x0f03, GUEST_SS, GOOD_RIP, VECTOR_GP, 0x0f00 },
    { "cs-beyond", 0xfff3, GUEST_SS, GOOD_RIP, VECTOR_GP, 0xfff0 },
    { "cs-no-ldt", LDT(1), GUEST_SS, GOOD_RIP, VECTOR_GP, 1 << 3 | 4 },
    { "cs-data", SELECTOR(DATA), GUEST_SS, GOOD_RIP, VECTOR_GP, DATA << 3 },
    { "cs-gate", SELECTOR(GATE), GUEST_SS, GOOD_RIP, VECTOR_GP, GATE << 3 },
    { "cs-gate-high", SELECTOR(GATE_HIGH), GUEST_SS, GOOD_RIP, VECTOR_GP,
      GATE_HIGH << 3 },
    { "cs-absent", SELECTOR(CODE_ABSENT), GUEST_SS, GOOD_RIP, VECTOR_NP,
      CODE_ABSENT << 3 },
    { "cs-hypervisor", 0xe00b, GUEST_SS, GOOD_RIP, VECTOR_GP, 0xe008 },
    { "cs-hypervisor-data", 0xe013, GUEST_SS, GOOD_RIP, VECTOR_GP, 0xe010 },
    { "cs-tss", 0xe043, GUEST_SS, GOOD_RIP, VECTOR_GP, 0xe040 },

    { "ss-null", GUEST_CS64, 3, GOOD_RIP, VECTOR_GP, 0 },
    { "ss-empty", GUEST_CS64, SELECTOR(EMPTY), GOOD_RIP, VECTOR_GP,
      EMPTY << 3 },
    { "ss-beyond", GUEST_CS64, 0xfff3, GOOD_RIP, VECTOR_GP, 0xfff0 },
    { "ss-no-ldt", GUEST_CS64, LDT(1), GOOD_RIP, VECTOR_GP, 1 << 3 | 4 },
    { "ss-code", GUEST_CS64, SELECTOR(CODE), GOOD_RIP, VECTOR_GP, CODE << 3 },
    { "ss-conforming", GUEST_CS64, SELECTOR(CODE_CONFORMING), GOOD_RIP,
      VECTOR_GP, CODE_CONFORMING << 3 },
    { "ss-read-only", GUEST_CS64, SELECTOR(DATA_READ_ONLY), GOOD_RIP,
      VECTOR_GP, DATA_READ_ONLY << 3 },
    { "ss-gate", GUEST_CS64, SELECTOR(GATE), GOOD_RIP, VECTOR_GP,
      GATE << 3 },
    { "ss-absent", GUEST_CS64, SELECTOR(DATA_ABSENT), GOOD_RIP, VECTOR_SS,
      DATA_ABSENT << 3 },
    { "ss-hypervisor", GUEST_CS64, 0xe013, GOOD_RIP, VECTOR_GP, 0xe010 },
    { "ss-tss", GUEST_CS64, 0xe043, GOOD_RIP, VECTOR_GP, 0xe040 },

    { "both-bad", SELECTOR(EMPTY), 3, GOOD_RIP, VECTOR_GP, EMPTY << 3 },
    { "rip-non-canonical", GUEST_CS64, GUEST_SS, NON_CANONICAL_VA, VECTOR_GP,
      0 },
    { "rip-non-canonical-high", GUEST_CS64, GUEST_SS, 0xffff7fffffffffff,
      VECTOR_GP, 0 },
    { "cs-absent-rip-bad", SELECTOR(CODE_ABSENT), GUEST_SS, NON_CANONICAL_VA,
      VECTOR_NP, CODE_ABSENT << 3 },
    /* These the CPU loads; what comes next is a page fault there. */
    { "rip-hypervisor", GUEST_CS64, GUEST_SS, HYPERVISOR_VA, VECTOR_PF, 0 },
    { "rip-unmapped", GUEST_CS64, GUEST_SS, UNMAPPED_VA, VECTOR_PF, 0 },
};

USER_CODE(undefined, "ud2");

static struct regs user_case(struct user *user, const struct row *row)
{
    user->regs.cs = (uint16_t)row->cs;
    user->regs.ss = row->ss;
    user->regs.rip = row->rip == GOOD_RIP ? USER_CODE_VA : row->rip;
    user->regs.rsp = USER_STACK_TOP - 8;
    user->regs.rbx = 0x1234567;
    user_run(user);
    return user->regs;
}

static void enter(void *regs)
{
    user_enter_asm(regs);
}

/* The same in kernel mode: any RPL but 3 asks for it. */
static struct regs kernel_case(const struct row *row, void *stack)
{
    static const uint8_t ud2[2] __attribute__((section(".text"))) =
        { 0x0f, 0x0b };
    struct regs regs = {
        .cs = (uint16_t)(row->cs & ~3u),
        .ss = row->ss & ~3u,
        .rip = row->rip == GOOD_RIP ? (uint64_t)ud2 : row->rip,
        .rsp = (uint64_t)stack,
        .rflags = RFLAGS_RESERVED | RFLAGS_IF,
        .rbx = 0x1234567,
    };
    struct fault fault = probe_call(enter, &regs);

    fault.regs.vector = fault.raised ? fault.vector : ~0ul;
    return fault.regs;
}

static void compare(const char *world, const struct row *row,
                    const struct regs *got, uint64_t rpl)
{
    char what[64];
    uint64_t vector = got->vector;

    /* QEMU's IRET says #NP of a stack segment, where a CPU says #SS. */
    if (row->vector == VECTOR_SS && vector == VECTOR_NP) {
        vector = VECTOR_SS;
    }
    snprintf(what, sizeof(what), "%s-%s", world, row->what);
    expect_eq(what, row->vector << 16 | row->error,
              vector << 16 | (vector == VECTOR_PF ? 0 : got->error));
    expect_eq(what, (row->cs & ~3u) | rpl, got->cs);
    expect_eq(what, row->ss | 3, got->ss);
    expect_eq(what, 0x1234567, got->rbx);
    if (row->rip != GOOD_RIP) {
        expect_eq(what, row->rip, got->rip);
    }
}

CONFORMANCE_CASE("iret to a context that the CPU refuses", 0)
{
    uint64_t *table = page_alloc(), *stack = page_alloc();
    unsigned long frame = virt_to_mfn(table);
    struct user user;
    struct regs got;

    fill_table(table);
    page_make_readonly(table);
    REQUIRE(hypercall_set_gdt(&frame, PT_ENTRIES) == 0);
    user_create(&user, USER_CODE_ARGS(undefined));
    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        got = user_case(&user, &rows[i]);
        compare("user", &rows[i], &got, 3);
        expect_eq("user-rsp", USER_STACK_TOP - 8, got.rsp);
        got = kernel_case(&rows[i], &stack[PT_ENTRIES / 2]);
        compare("kernel", &rows[i], &got, 0);
        expect_eq("kernel-rsp", (uint64_t)&stack[PT_ENTRIES / 2], got.rsp);
    }
    user_destroy(&user);
    REQUIRE(hypercall_set_gdt(NULL, 0) == 0);
    page_make_writable(table);
    page_free(table);
    page_free(stack);
}
