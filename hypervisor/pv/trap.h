/* SPDX-License-Identifier: MIT */
/* Shared by the files of pv/ that deal with traps. */
#ifndef PV_TRAP_H
#define PV_TRAP_H

#include <hv/domain.h>
#include <xen/xen.h>

/* The flat selectors of the ABI (xen/arch-x86/xen-x86_64.h). */
#define PV_CS32 0xe023u
#define PV_SS   0xe02bu
#define PV_CS64 0xe033u

/* A guest's #GP(0): performs the privileged instruction at rip, so that regs
 * are those after it, or injects what it deserves (pv/emul_priv.c). */
void pv_emulate(struct vcpu *v, struct cpu_regs *regs);

/* #UD: CPUID, if the prefix that asks for it is there ("ud2a; xen"); or
 * injects it (pv/emul_priv.c). */
void pv_emulate_forced(struct vcpu *v, struct cpu_regs *regs);

/* A row of the ABI's trap table. Handlers run on the flat selectors (B4), so cs
 * is not kept. */
static inline struct callback pv_trap_gate(const struct trap_info *t)
{
    return (struct callback){
        .address = t->address,
        .mask_events = (t->flags & 4) != 0,
        .dpl = t->flags & 3,
    };
}

/* vm_assist architectural_iopl: frames show the level, iret loads it, and the
 * kernel counts as ring 0. */
static inline bool pv_shows_iopl(const struct vcpu *v)
{
    return __atomic_load_n(&v->shows_iopl, __ATOMIC_RELAXED);
}

struct insn;

/* The instruction at rip, from one copy of its bytes; false when it can not
 * be read or is none that insn.c knows. */
bool pv_fetch_insn(const struct cpu_regs *regs, struct insn *out);

/*
 * A guest's #PF at va: a store to one of its L1 tables that is performed for
 * it (vm_assist writable_pagetables)? True when regs are those after the
 * instruction; false: the fault is the guest's (pv/pt_write.c).
 */
bool pv_write_fault(struct vcpu *v, struct cpu_regs *regs, uint64_t va);

/* The first thing to ask: a table that is in use is mapped read-only. */
static inline bool pv_is_write_to_present(uint32_t error_code)
{
    return (error_code & ~(uint32_t)PFEC_USER) ==
           (PFEC_PRESENT | PFEC_WRITE);
}

/* #DB with BS in DR6, after an instruction that was performed under TF. */
void pv_inject_single_step(struct vcpu *v, struct cpu_regs *regs);

#define PV_CR4_DE 0x8u /* in v->pv.cr4_guest */

/* 0 to 7, but not 4 and 5, other names of 6 and 7, once the guest has set
 * CR4.DE (SDM 3B 17.2.2). */
static inline bool pv_debugreg_exists(const struct vcpu *v, unsigned int reg)
{
    return reg < 8 && ((reg & 6) != 4 || (v->pv.cr4_guest & PV_CR4_DE) == 0);
}

/* set_debugreg and get_debugreg, for both ways to ask (pv/segment.c). */
int pv_set_debugreg(struct vcpu *v, unsigned int reg, uint64_t value);
/* Checks and keeps the value, for a vcpu that does not run. */
int pv_store_debugreg(struct vcpu *v, unsigned int reg, uint64_t value);
int pv_get_debugreg(struct vcpu *v, unsigned int reg, uint64_t *value);

/* RDMSR and WRMSR of the current vcpu's kernel; false: #GP (pv/msr.c). */
bool pv_read_msr(struct vcpu *v, uint32_t msr, uint64_t *value);
bool pv_write_msr(struct vcpu *v, uint32_t msr, uint64_t value);

/* An address at which a guest may be entered. Ours are as good as others: ring
 * 3 gets a page fault there. */
static inline bool pv_code_address_ok(uint64_t va)
{
    return gva_is_canonical(va);
}

#endif
