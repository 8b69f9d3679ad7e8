/* SPDX-License-Identifier: MIT */
/*
 * The one layout of an interrupted context.
 *
 * It is what the entry code pushes on the CPU's stack, what a descheduled
 * vcpu keeps, and (by design) the beginning of the ABI's cpu_user_regs. Lean
 * entries (SYSCALL, #PF) leave the callee-saved slots unwritten until
 * save_rest fills them: code reached from a hypercall handler or from
 * pv_page_fault_lean() must not read rbx, rbp, r12-r15.
 *
 * In rflags of a guest IF is always set, IOPL and VM never: a guest in ring 3
 * can not change them, and nobody loads others.
 */
#ifndef HV_CPU_REGS_H
#define HV_CPU_REGS_H

#include <hv/bug.h>

struct cpu_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx;           /* callee-saved */
    uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
    uint32_t error_code;
    uint32_t entry_vector;                           /* or ENTRY_* below */
    uint64_t rip, cs, rflags, rsp, ss;
};

/* May be left by SYSRET: the selectors are those it loads, rcx and r11 need
 * not survive. So it is after SYSCALL, and before a handler (pv/trap.c). */
#define ENTRY_SYSCALL 0xffffffffu

/* How a guest's user called its kernel. */
enum user_call { USER_SYSCALL, USER_SYSCALL32, USER_SYSENTER, USER_CALLS };

STATIC_ASSERT(sizeof(struct cpu_regs) == 168, "entry.asm builds this layout");

#define RFLAGS_CF   (1ull << 0)
#define RFLAGS_MBS  (1ull << 1)
#define RFLAGS_TF   (1ull << 8)
#define RFLAGS_IF   (1ull << 9)
#define RFLAGS_DF   (1ull << 10)
#define RFLAGS_IOPL (3ull << 12)
#define RFLAGS_NT   (1ull << 14)
#define RFLAGS_RF   (1ull << 16)
#define RFLAGS_VM   (1ull << 17)
#define RFLAGS_AC   (1ull << 18)
#define RFLAGS_VIF  (1ull << 19)
#define RFLAGS_VIP  (1ull << 20)

/* What a guest may choose; IF and the fixed bit are added. */
#define RFLAGS_OF_A_GUEST \
    (0x3fffffull & ~(RFLAGS_IOPL | RFLAGS_VM | RFLAGS_VIF | RFLAGS_VIP))

/* What no handler is entered with. */
#define RFLAGS_OF_NO_HANDLER (RFLAGS_TF | RFLAGS_NT | RFLAGS_RF | RFLAGS_AC)

/* Exceptions by number (SDM 3A 6.3.1). */
enum {
    TRAP_DE = 0, TRAP_DB = 1, TRAP_NMI = 2, TRAP_BP = 3, TRAP_OF = 4,
    TRAP_BR = 5, TRAP_UD = 6, TRAP_NM = 7, TRAP_DF = 8, TRAP_TS = 10,
    TRAP_NP = 11, TRAP_SS = 12, TRAP_GP = 13, TRAP_PF = 14, TRAP_MF = 16,
    TRAP_AC = 17, TRAP_MC = 18, TRAP_XM = 19, TRAP_VE = 20, TRAP_CP = 21,
    TRAP_INT80 = 0x80 /* not the CPU's: the system call of old */
};

/* Page-fault error code (SDM 3A 4.7). */
#define PFEC_PRESENT 0x01
#define PFEC_WRITE   0x02
#define PFEC_USER    0x04
#define PFEC_RSVD    0x08
#define PFEC_FETCH   0x10

#endif
