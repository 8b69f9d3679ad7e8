/* SPDX-License-Identifier: MIT */
/*
 * A user process: see user.c.
 */
#ifndef PV_USER_H
#define PV_USER_H

#include <pv/mm.h>
#include <pv/trap.h>

#define USER_CODE_VA   0x400000ul
#define USER_STACK_TOP 0x800000ul
#define USER_PAGES_MAX 16

struct user {
    struct space space;
    struct regs regs;
    void *pages[USER_PAGES_MAX];        /* data pages to free at the end */
    unsigned int page_count;
};

/* Address space with the code copied to USER_CODE_VA and one stack page. */
void user_create(struct user *user, const void *code, size_t length);
void user_destroy(struct user *user);

/* One more zeroed user page; flags as for mm_map.  Kernel's view of it. */
void *user_add_page(struct user *user, unsigned long va, uint64_t flags);

/*
 * Run until the process traps: regs.vector says by what (VECTOR_SYSCALL,
 * VECTOR_INT80 or an exception); events are handled on the way and not seen.
 */
void user_run(struct user *user);

/* The same, as an answer to a system call: rcx and r11 need not be what regs
 * says, so that the hypervisor may use SYSRET. */
void user_run_answered(struct user *user);

#endif
