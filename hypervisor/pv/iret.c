/* SPDX-License-Identifier: MIT */
/*
 * The iret hypercall: how a guest kernel leaves a handler.
 *
 * The guest jumps to it with this on its stack, from low to high:
 *
 *   rax  r11  rcx  flags  rip  cs  rflags  rsp  ss
 *
 *   I1  RPL 3 in cs means "to my user": other page table, other GS base. Any
 *       other RPL means the kernel itself. Both then run with RPL 3.
 *   I2  IF of rflags becomes the event mask (its inverse); the hardware's IF
 *       stays on, IOPL stays 0 (a virtual one is loaded if the guest asked
 *       for that), and VM, which only ring 0 may set, stays off.
 *   I3  VGCF_in_syscall promises that rcx and r11 need not be restored, so
 *       that SYSRET can do it, and with it the flat 64-bit selectors come;
 *       only who asks for the flat 32-bit one gets what the frame says.
 *   I4  selectors and rip are not checked here: the hardware's IRET does it,
 *       and its fault becomes the guest's (pv_iret_fault).
 *
 * The frame of SYSCALL, which is on the hypervisor's stack, has the flat
 * selectors already.
 *
 * What is usual the entry code does by itself, by the same rules (iret_call in
 * entry.asm); here is everything: an event that waits, a mask that stays
 * closed, a fault.
 *
 * A guest that goes to user mode without a user page table, or whose stack
 * can not be read, is crashed: it has no way to be told.
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

#include "trap.h"

enum { RAX, R11, RCX, FLAGS, RIP, CS, RFLAGS, RSP, SS }; /* words of it */

/* What has to be looked at; the others go straight to their place. */
struct iret_head {
    uint64_t rax, flags, cs, rflags;
};

/* I3. SYSRET can not set RF. */
static bool may_sysret(const struct iret_head *f)
{
    return (f->flags & VGCF_in_syscall) != 0 &&
           (f->cs & 0xfffc) != (PV_CS32 & ~3u) &&
           (f->rflags & RFLAGS_RF) == 0;
}

/* A frame that SYSRET is not for: all of it counts. */
static ALWAYS_INLINE bool read_rest(struct cpu_regs *regs, gva_t sp,
                                    const struct iret_head *f)
{
    uint64_t ss;

    if (guest_word_get(sp, SS, &ss) ||
        guest_word_get(sp, R11, &regs->r11) ||
        guest_word_get(sp, RCX, &regs->rcx)) {
        return true;
    }
    regs->cs = (f->cs & 0xffff) | 3;
    regs->ss = (ss & 0xffff) | 3;
    regs->entry_vector = TRAP_NMI;
    return false;
}

/* True: a fault. */
static ALWAYS_INLINE bool read_frame(struct cpu_regs *regs, gva_t sp,
                                     struct iret_head *f)
{
    bool fault = guest_words_begin(sp) ||
                 guest_word_get(sp, RAX, &f->rax) ||
                 guest_word_get(sp, FLAGS, &f->flags) ||
                 guest_word_get(sp, CS, &f->cs) ||
                 guest_word_get(sp, RFLAGS, &f->rflags) ||
                 guest_word_get(sp, RIP, &regs->rip) ||
                 guest_word_get(sp, RSP, &regs->rsp) ||
                 (!may_sysret(f) && read_rest(regs, sp, f));

    guest_words_end();
    return fault;
}

/* What is rare is left to these, whose result is hc_iret's. */

static COLD int64_t stack_unreadable(struct vcpu *v, uint64_t sp)
{
    domain_crash(v->domain, "iret: its stack at 0x%lx can not be read",
                 (unsigned long)sp);
    return 0;
}

static COLD int64_t no_user_table(struct vcpu *v)
{
    domain_crash(v->domain, "iret to user mode without a user page table "
                 "(MMUEXT_NEW_USER_BASEPTR)");
    return 0;
}

static COLD int64_t end_of_nmi(struct vcpu *v, uint64_t rax)
{
    v->nmi_masked = false;
    softirq_raise(this_cpu(), SOFTIRQ_NMI);
    return (int64_t)rax;
}

int64_t hc_iret(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                uint64_t a4)
{
    struct vcpu *v = current_vcpu();
    struct cpu_regs *regs = arch_guest_regs();
    uint64_t sp = regs->rsp;
    struct iret_head f = { 0 };

    if (UNLIKELY(read_frame(regs, GVA(sp), &f))) {
        return stack_unreadable(v, sp);
    }
    if ((f.cs & 3) == 3) {
        if (UNLIKELY(v->pv.user_cr3 == 0)) {
            return no_user_table(v);
        }
        arch_enter_user_mode(v);
    }
    regs->rflags = (f.rflags & RFLAGS_OF_A_GUEST) | RFLAGS_IF | RFLAGS_MBS;
    if (UNLIKELY(pv_shows_iopl(v))) {
        v->pv.iopl = (f.rflags & RFLAGS_IOPL) >> 12;
    }
    __atomic_store_n(&v->info->evtchn_upcall_mask,
                     (f.rflags & RFLAGS_IF) == 0, __ATOMIC_RELAXED);
    return UNLIKELY(v->nmi_masked) ? end_of_nmi(v, f.rax) : (int64_t)f.rax;
}
