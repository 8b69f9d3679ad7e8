/* SPDX-License-Identifier: MIT */
/*
 * A root table that is given up, becomes a page like others, and comes back
 * as a root with other contents.
 *
 * Whoever remembers something about a root by its frame's number, and is told
 * only of changes to roots, takes the new one for the old.  What the old one
 * led to may be the guest's to write by then: so it is not only a page too
 * many that a process could see, but any frame of the machine.
 */
#include "conformance.h"

#define SECOND_VA 0x8000000000ul        /* the next entry of a root */

USER_CODE(reader, "1: movq (%rdi), %rax\n syscall\n jmp 1b");

static uint64_t root_entry(uint64_t root_mfn, unsigned long va)
{
    return (root_mfn << PAGE_SHIFT) + pt_index(va, PT_LEVELS) * sizeof(pte_t);
}

static unsigned int user_reads(struct user *user, unsigned long va)
{
    user->regs.rip = USER_CODE_VA;
    user->regs.rdi = va;
    user_run(user);
    return (unsigned int)user->regs.vector;
}

/* The root is unpinned, changed as a page is, and pinned again. */
static void change_as_page(uint64_t root_mfn, unsigned long va, pte_t entry)
{
    pte_t *root = mfn_to_virt(root_mfn);

    expect_eq("unpin", 0, (uint64_t)mmuext_mfn(MMUEXT_UNPIN_TABLE, root_mfn));
    page_make_writable(root);
    root[pt_index(va, PT_LEVELS)] = entry;
    page_make_readonly(root);
    expect_eq("pin", 0, (uint64_t)mmuext_mfn(MMUEXT_PIN_L4_TABLE, root_mfn));
}

static void users_root(struct user *user, pte_t second)
{
    expect_eq("shared", VECTOR_SYSCALL, user_reads(user, SECOND_VA));
    expect_eq("no-user", 0, (uint64_t)mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0));
    change_as_page(user->space.root_mfn, SECOND_VA, 0);
    expect_eq("lost-by-user", VECTOR_PF, user_reads(user, SECOND_VA));
    expect_eq("no-user", 0, (uint64_t)mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0));
    change_as_page(user->space.root_mfn, SECOND_VA, second);
    expect_eq("back", VECTOR_SYSCALL, user_reads(user, SECOND_VA));
}

static void *copy_of_kernels_root(void)
{
    pte_t *copy = page_alloc();
    const volatile pte_t *root = mfn_to_virt(mm_kernel.root_mfn);

    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        copy[i] = i < PT_HOLE_FIRST || i > PT_HOLE_LAST ? root[i] : 0;
    }
    page_make_readonly(copy);
    return copy;
}

static void kernel_reads(const char *what, bool works)
{
    uint64_t value;
    struct fault fault = probe_read(hostile(SECOND_VA), &value);

    expect_eq(what, !works, fault.raised);
}

static void switch_to(uint64_t root_mfn)
{
    expect_eq("base", 0, (uint64_t)mmuext_mfn(MMUEXT_NEW_BASEPTR, root_mfn));
}

static void kernels_root(struct user *user)
{
    void *other = copy_of_kernels_root();
    uint64_t mfn = virt_to_mfn(other);

    REQUIRE(mmuext_mfn(MMUEXT_PIN_L4_TABLE, mfn) == 0);
    switch_to(mfn);
    expect_eq("shared-again", VECTOR_SYSCALL, user_reads(user, SECOND_VA));
    kernel_reads("kernel-has-it", true);
    expect_eq("to-user", VECTOR_SYSCALL, user_reads(user, USER_CODE_VA));
    switch_to(mm_kernel.root_mfn);
    change_as_page(mfn, SECOND_VA, 0);
    switch_to(mfn);
    kernel_reads("kernel-lost-it", false);
    expect_eq("user-still-runs", VECTOR_SYSCALL,
              user_reads(user, USER_CODE_VA));
    kernel_reads("kernel-lost-it-still", false);
    expect_eq("user-kept-it", VECTOR_SYSCALL, user_reads(user, SECOND_VA));
    switch_to(mm_kernel.root_mfn);
    expect_eq("unpin", 0, (uint64_t)mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn));
    page_make_writable(other);
    page_free(other);
}

CONFORMANCE_CASE("Roots of the same frame need not be the same", 0)
{
    struct user user;
    struct walk code, second;

    user_create(&user, USER_CODE_ARGS(reader));
    user_add_page(&user, SECOND_VA, PTE_P | PTE_U | PTE_A | PTE_NX);
    mm_walk(&user.space, USER_CODE_VA, &code);
    mm_walk(&user.space, SECOND_VA, &second);
    REQUIRE(mm_write_entry(root_entry(mm_kernel.root_mfn, USER_CODE_VA),
                           code.entry[PT_LEVELS]) == 0);
    REQUIRE(mm_write_entry(root_entry(mm_kernel.root_mfn, SECOND_VA),
                           second.entry[PT_LEVELS]) == 0);
    users_root(&user, second.entry[PT_LEVELS]);
    kernels_root(&user);
    REQUIRE(mm_write_entry(root_entry(mm_kernel.root_mfn, USER_CODE_VA),
                           0) == 0);
    REQUIRE(mm_write_entry(root_entry(mm_kernel.root_mfn, SECOND_VA), 0) == 0);
    mm_flush_tlb();
    user_destroy(&user);
}
