/* SPDX-License-Identifier: MIT */
/*
 * A user process under a kernel that is no more privileged than it is.
 *
 * In 64-bit mode both run in ring 3, so segments and privilege levels cannot
 * keep them apart; page tables must.  The process has a root table of its own
 * in which the kernel simply is not mapped.  The hypervisor holds both roots
 * (NEW_BASEPTR for the kernel's, NEW_USER_BASEPTR for the process's) and a
 * flag which of them runs; HYPERVISOR_iret with a cs of RPL 3 switches to the
 * second, and any trap, system call or event switches back.
 *
 * Entries for user mode carry the U bit; entries without it are given it by
 * the hypervisor and marked as kernel's own, because ring 3 could not use
 * them otherwise.
 */
#include <pv/hypercall.h>
#include <pv/printf.h>
#include <pv/string.h>
#include <pv/user.h>

#define USER_CODE_FLAGS (PTE_P | PTE_U | PTE_A)
#define USER_DATA_FLAGS (PTE_P | PTE_U | PTE_RW | PTE_A | PTE_D | PTE_NX)

void *user_add_page(struct user *user, unsigned long va, uint64_t flags)
{
    void *page = page_alloc();

    if (user->page_count == USER_PAGES_MAX ||
        mm_map(&user->space, va, virt_to_mfn(page), flags) != 0) {
        panic("user page %lx cannot be mapped", va);
    }
    user->pages[user->page_count++] = page;
    return page;
}

void user_create(struct user *user, const void *code, size_t length)
{
    memset(user, 0, sizeof(*user));
    space_create(&user->space);
    for (size_t done = 0; done < length; done += PAGE_SIZE) {
        size_t left = length - done;
        void *page = user_add_page(user, USER_CODE_VA + done,
                                   USER_CODE_FLAGS);

        memcpy(page, (const char *)code + done,
               left < PAGE_SIZE ? left : PAGE_SIZE);
    }
    user_add_page(user, USER_STACK_TOP - PAGE_SIZE, USER_DATA_FLAGS);
    user->regs.rip = USER_CODE_VA;
    user->regs.cs = GUEST_CS64;
    user->regs.ss = GUEST_SS;
    user->regs.rsp = USER_STACK_TOP - 8;
    user->regs.rflags = RFLAGS_RESERVED | RFLAGS_IF;
}

void user_destroy(struct user *user)
{
    mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0);
    space_destroy(&user->space);
    for (unsigned int i = 0; i < user->page_count; i++) {
        page_free(user->pages[i]);
    }
}

static void run(struct user *user, uint64_t iret_flags)
{
    if (mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, user->space.root_mfn) != 0) {
        panic("the user's root table was refused");
    }
    user->regs.error = iret_flags;
    user_enter(&user->regs);
}

void user_run(struct user *user)
{
    run(user, 0);
}

void user_run_answered(struct user *user)
{
    run(user, VGCF_in_syscall);
}
