/* SPDX-License-Identifier: MIT */
/*
 * A process whose memory its kernel has mapped too, as kernels like it: both
 * roots lead to the same tables, and the kernel's leads to its own besides.
 *
 * Going to and fro between the two must not carry anything over.  The process
 * sees nothing of the kernel, however often that ran before; a table that
 * appears in a root can be used at once, without a flush; one that has gone
 * is gone after a flush, for that side which lost it and for no other.
 */
#include "conformance.h"

#define SECOND_VA 0x8000000000ul        /* the next entry of a root */
#define USER_FAULT 4ul                  /* a read by a user, nothing there */

USER_CODE(writer, "movq %rax, (%rdi)\n syscall");
USER_CODE(reader, "1: movq (%rdi), %rax\n syscall\n jmp 1b");

static uint64_t root_entry(const struct space *space, unsigned long va)
{
    return (space->root_mfn << PAGE_SHIFT) +
           pt_index(va, PT_LEVELS) * sizeof(pte_t);
}

/* The process reads there; expects this value, or a fault. */
static void user_reads(struct user *user, const char *what, unsigned long va,
                       const uint64_t *want)
{
    user->regs.rip = USER_CODE_VA;
    user->regs.rdi = va;
    user_run(user);
    if (want) {
        expect_eq(what, VECTOR_SYSCALL, user->regs.vector);
        expect_eq(what, *want, user->regs.rax);
        return;
    }
    expect_eq(what, VECTOR_PF, user->regs.vector);
    expect_eq(what, USER_FAULT, user->regs.error);
}

static void kernel_reads(const char *what, unsigned long va, bool works)
{
    uint64_t value;
    struct fault fault = probe_read(hostile(va), &value);

    expect_eq(what, !works, fault.raised);
}

static void second_region(struct user *user, uint64_t value)
{
    uint64_t *page = user_add_page(user, SECOND_VA,
                                   PTE_P | PTE_U | PTE_A | PTE_NX);
    struct walk walk;
    uint64_t kernels = root_entry(&mm_kernel, SECOND_VA);
    uint64_t users = root_entry(&user->space, SECOND_VA);

    *page = value;
    mm_walk(&user->space, SECOND_VA, &walk);
    kernel_reads("not-the-kernels", SECOND_VA, false);
    expect_eq("add", 0, (uint64_t)mm_write_entry(kernels,
                                                 walk.entry[PT_LEVELS]));
    kernel_reads("appears-without-flush", SECOND_VA, true);
    user_reads(user, "shared", SECOND_VA, &value);
    expect_eq("take", 0, (uint64_t)mm_write_entry(users, 0));
    mm_flush_tlb();
    user_reads(user, "lost-by-user", SECOND_VA, NULL);
    kernel_reads("kept-by-kernel", SECOND_VA, true);
    expect_eq("give", 0, (uint64_t)mm_write_entry(users,
                                                  walk.entry[PT_LEVELS]));
    user_reads(user, "back-without-flush", SECOND_VA, &value);
    expect_eq("take", 0, (uint64_t)mm_write_entry(kernels, 0));
    mm_flush_tlb();
    kernel_reads("lost-by-kernel", SECOND_VA, false);
    user_reads(user, "kept-by-user", SECOND_VA, &value);
}

static unsigned int user_writes(struct user *user, unsigned long va)
{
    user->regs.rip = USER_STACK_TOP - 2 * PAGE_SIZE; /* the writer */
    user->regs.rdi = va;
    user_run(user);
    return (unsigned int)user->regs.vector;
}

/* Rights that a root gives are there without a flush too, but for one fault
 * that the architecture grants to a CPU that remembers them otherwise. */
static void widened(struct user *user)
{
    unsigned long va = USER_STACK_TOP - PAGE_SIZE;
    uint64_t roots[2] = { root_entry(&mm_kernel, va),
                          root_entry(&user->space, va) };
    struct walk walk;
    unsigned int vector;
    struct fault fault;

    memcpy(user_add_page(user, USER_STACK_TOP - 2 * PAGE_SIZE,
                         PTE_P | PTE_U | PTE_A), USER_CODE_ARGS(writer));
    mm_walk(&user->space, va, &walk);
    expect_eq("writable", VECTOR_SYSCALL, user_writes(user, va));
    for (unsigned int i = 0; i < 2; i++) {
        expect_eq("narrow", 0, (uint64_t)
                  mm_write_entry(roots[i], walk.entry[PT_LEVELS] & ~PTE_RW));
    }
    mm_flush_tlb();
    expect_eq("read-only", VECTOR_PF, user_writes(user, va));
    fault = probe_write(hostile(va), 0);
    expect_eq("read-only-for-kernel", true, fault.raised);
    for (unsigned int i = 0; i < 2; i++) {
        expect_eq("widen", 0, (uint64_t)
                  mm_write_entry(roots[i], walk.entry[PT_LEVELS]));
    }
    fault = probe_write(hostile(va), 0);
    if (fault.raised) {
        fault = probe_write(hostile(va), 0);
    }
    expect_no_fault("writable-by-kernel", &fault);
    vector = user_writes(user, va);
    if (vector == VECTOR_PF) {
        vector = user_writes(user, va);
    }
    expect_eq("writable-again", VECTOR_SYSCALL, vector);
}

CONFORMANCE_CASE("What two roots share, and what only one of them has", 0)
{
    static const uint64_t secret = 0x5ec2e7, value = 0x600d;
    uint64_t kernels = root_entry(&mm_kernel, USER_CODE_VA);
    struct user user;
    struct walk walk;
    uint64_t *stack;

    user_create(&user, USER_CODE_ARGS(reader));
    stack = user.pages[user.page_count - 1];
    *stack = value;
    mm_walk(&user.space, USER_CODE_VA, &walk);
    REQUIRE(mm_write_entry(kernels, walk.entry[PT_LEVELS]) == 0);
    for (unsigned int i = 0; i < 3; i++) {
        user_reads(&user, "own", USER_STACK_TOP - PAGE_SIZE, &value);
        kernel_reads("kernel-reads-users", USER_STACK_TOP - PAGE_SIZE, true);
        user_reads(&user, "kernels", (unsigned long)&secret, NULL);
        user_reads(&user, "nobodys", SCRATCH_VA, NULL);
    }
    second_region(&user, value + 1);
    widened(&user);
    REQUIRE(mm_write_entry(kernels, 0) == 0);
    mm_flush_tlb();
    user_destroy(&user);
}
