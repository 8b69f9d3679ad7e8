/* SPDX-License-Identifier: MIT */
/*
 * An entry of a root goes while a process on another vCPU uses it.
 *
 * Nobody flushes.  But the table that the entry led to becomes a page that
 * the guest may write, so before that, no CPU may still find it: neither in
 * its TLB nor in whatever the hypervisor itself keeps of a root.  That goes
 * for the process, and for what its kernel finds when it gets the CPU back.
 */
#include "conformance.h"

#define SECOND_VA 0x8000000000ul        /* the next entry of a root */
#define SLOT_OF(va) (pt_index(va, PT_LEVELS) * sizeof(pte_t))

/* Reads *rdi, counts in *rsi, until *rdx is not 0. */
USER_CODE(loop, "1: movq (%rdi), %rax\n"
                "   incq (%rsi)\n"
                "   cmpq $0, (%rdx)\n"
                "   je 1b\n"
                "   syscall");

struct race {
    struct user user;
    volatile unsigned int *count, *stop; /* in the stack of the process */
    struct walk users, kernels;          /* to SECOND_VA and SCRATCH_VA */
    bool removed;
};

static uint64_t kernels_entry(unsigned long va)
{
    return (mm_kernel.root_mfn << PAGE_SHIFT) + SLOT_OF(va);
}

static void *third_level(const struct walk *walk)
{
    return mfn_to_virt(pte_mfn(walk->entry[PT_LEVELS]));
}

/* On the other vCPU. */
static void remove_both(void *argument)
{
    struct race *race = argument;

    race->removed =
        smp_wait_for(race->count, 1000) &&
        mm_write_entry(race->users.entry_address[PT_LEVELS], 0) == 0 &&
        mm_write_entry(kernels_entry(SECOND_VA), 0) == 0 &&
        mm_write_entry(kernels_entry(SCRATCH_VA), 0) == 0 &&
        mm_set_direct(third_level(&race->users), PTE_DATA) == 0 &&
        mm_set_direct(third_level(&race->kernels), PTE_DATA) == 0;
    __atomic_store_n(race->stop, 1, __ATOMIC_SEQ_CST);
}

static void put_back(struct race *race)
{
    page_make_readonly(third_level(&race->users));
    page_make_readonly(third_level(&race->kernels));
    REQUIRE(mm_write_entry(kernels_entry(SCRATCH_VA),
                           race->kernels.entry[PT_LEVELS]) == 0);
    REQUIRE(mm_write_entry(kernels_entry(SECOND_VA),
                           race->users.entry[PT_LEVELS]) == 0);
    REQUIRE(mm_write_entry(race->users.entry_address[PT_LEVELS],
                           race->users.entry[PT_LEVELS]) == 0);
}

static void one_round(struct race *race)
{
    unsigned long stack = USER_STACK_TOP - PAGE_SIZE;
    uint64_t value;
    struct fault fault;

    *race->count = *race->stop = 0;
    race->user.regs.rip = USER_CODE_VA;
    race->user.regs.rdi = SECOND_VA;
    race->user.regs.rsi = stack;
    race->user.regs.rdx = stack + sizeof(uint64_t);
    fault = probe_read(hostile(SCRATCH_VA), &value);
    expect_no_fault("before", &fault);
    REQUIRE(smp_run(1, remove_both, race));
    user_run(&race->user);
    expect_eq("process-faults", VECTOR_PF, race->user.regs.vector);
    REQUIRE(smp_wait_for(race->stop, 1));
    fault = probe_read(hostile(SCRATCH_VA), &value);
    expect_eq("kernel-faults", true, fault.raised);
    REQUIRE(smp_wait(1));
    expect_true("removed", race->removed);
    put_back(race);
}

static void prepare(struct race *race)
{
    struct walk code;
    uint64_t *stack;

    user_create(&race->user, USER_CODE_ARGS(loop));
    stack = race->user.pages[race->user.page_count - 1];
    race->count = (volatile unsigned int *)&stack[0];
    race->stop = (volatile unsigned int *)&stack[1];
    user_add_page(&race->user, SECOND_VA, PTE_P | PTE_U | PTE_A | PTE_NX);
    mm_walk(&race->user.space, USER_CODE_VA, &code);
    mm_walk(&race->user.space, SECOND_VA, &race->users);
    mm_walk(&mm_kernel, SCRATCH_VA, &race->kernels);
    REQUIRE(mm_write_entry(kernels_entry(USER_CODE_VA),
                           code.entry[PT_LEVELS]) == 0);
    REQUIRE(mm_write_entry(kernels_entry(SECOND_VA),
                           race->users.entry[PT_LEVELS]) == 0);
}

CONFORMANCE_CASE("A root's entry goes under a process of another vCPU", 0)
{
    static struct race race;
    uint64_t *page;

    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    page = page_alloc();
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    prepare(&race);
    for (unsigned int round = 0; round < 10; round++) {
        one_round(&race);
    }
    REQUIRE(mm_write_entry(kernels_entry(USER_CODE_VA), 0) == 0);
    REQUIRE(mm_write_entry(kernels_entry(SECOND_VA), 0) == 0);
    mm_flush_tlb();
    user_destroy(&race.user);
    scratch_release(SCRATCH_VA);
    page_free(page);
}
