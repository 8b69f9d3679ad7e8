/* SPDX-License-Identifier: MIT */
#ifndef PV_START_H
#define PV_START_H

#include <pv/types.h>

/* Registers at the very first instruction, in the order start64.asm stores. */
struct entry_regs {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rbp, rsp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rflags, cs, ss, ds, es, fs, gs;
};

extern const struct entry_regs entry_regs;
extern const struct start_info *start_info;
extern struct shared_info shared_info;      /* the window mm_init() opens */

/* Provided by the program: what to do once the library stands. */
void guest_main(void);

/*
 * Optional hook of the program, called before anything else is set up and
 * with nothing but hypercalls to use: no traps, no memory, no printf.
 */
void guest_early(void);

/* Copy of the command line without the image's name, if there is one. */
const char *start_cmdline(void);

/* The value of key= on the command line, which ends at a space, or NULL. */
const char *start_option(const char *key);

/*
 * Is the name in a list of patterns, with commas between them, of which one
 * may end in *?  exactly: only by a pattern without.  NULL is an empty list.
 */
bool pattern_list_has(const char *list, const char *name, bool exactly);

#endif
