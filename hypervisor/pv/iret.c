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
 *   I3  VGCF_in_syscall promises that rcx and r11 need not be restored.
 *   I4  selectors and rip are not checked here: the hardware's IRET does it,
 *       and its fault becomes the guest's (pv_iret_fault).
 *
 * A guest that goes to user mode without a user page table, or whose stack
 * can not be read, is crashed: it has no way to be told.
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

#include "trap.h"

struct iret_frame {
    uint64_t rax, r11, rcx, flags, rip, cs, rflags, rsp, ss;
};

int64_t hc_iret(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                uint64_t a4)
{
    struct vcpu *v = current_vcpu();
    struct cpu_regs *regs = arch_guest_regs();
    struct iret_frame f;

    (void)a0;
    (void)a1;
    (void)a2;
    (void)a3;
    (void)a4;
    if (guest_copy_in(&f, GVA(regs->rsp), sizeof(f))) {
        domain_crash(v->domain, "iret: its stack at 0x%lx can not be read",
                     (unsigned long)regs->rsp);
        return 0;
    }
    if ((f.cs & 3) == 3) {
        if (v->pv.user_cr3 == 0) {
            domain_crash(v->domain, "iret to user mode without a user page "
                         "table (MMUEXT_NEW_USER_BASEPTR)");
            return 0;
        }
        arch_toggle_mode(v);
    }
    regs->rip = f.rip;
    regs->cs = (f.cs & 0xffff) | 3;
    regs->rflags = (f.rflags & RFLAGS_OF_A_GUEST) | RFLAGS_IF | RFLAGS_MBS;
    regs->rsp = f.rsp;
    regs->ss = (f.ss & 0xffff) | 3;
    if ((f.flags & VGCF_in_syscall) == 0) {
        regs->r11 = f.r11;
        regs->rcx = f.rcx;
    }
    if (UNLIKELY(pv_shows_iopl(v))) {
        v->pv.iopl = (f.rflags & RFLAGS_IOPL) >> 12;
    }
    __atomic_store_n(&v->info->evtchn_upcall_mask,
                     (f.rflags & RFLAGS_IF) == 0, __ATOMIC_RELAXED);
    regs->entry_vector = TRAP_NMI; /* not to be left by SYSRET */
    if (UNLIKELY(v->nmi_masked)) {
        v->nmi_masked = false;
        softirq_raise(this_cpu(), SOFTIRQ_NMI);
    }
    return (int64_t)f.rax;
}
