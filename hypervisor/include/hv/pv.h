/* SPDX-License-Identifier: MIT */
/*
 * What pv/ offers: the x86 rules of paravirtualization, all of it pure (no
 * privileged instruction; the machine is reached through hv/arch.h).
 */
#ifndef HV_PV_H
#define HV_PV_H

#include <hv/domain.h>
#include <hv/hypercall.h>

/* --- pv/page_type.c, pin.c ---------------------------------------------- */

/*
 * Takes one use of the frame as `type` (and, being the caller's duty, holds
 * a general reference across it). At count 0 the type changes and a table is
 * validated, which takes references of everything it names. 0, -XEN_EINVAL
 * (in use as another type, or the contents break a rule), or
 * -XEN_ERESTART_CALL when the work budget is spent: progress is kept in the
 * frame, call again. Flushes stale writable TLB entries on a type change.
 */
int page_type_get(struct domain *d, mfn_t mfn, enum page_type type) MUST_CHECK;

/*
 * Drops one use. At zero a table is invalidated: its references go. Plain
 * memory and descriptor pages always return 0; a table may stop when the
 * budget is spent and then returns -XEN_ERESTART_CALL: the use is dropped all
 * the same (do not put it again), the rest is undone by the vcpu's next MMU
 * call or page_type_relinquish().
 */
int page_type_put(struct domain *d, mfn_t mfn) MUST_CHECK;

/* General reference and type in one step: what a page-table entry holds. The
 * same results; after an error or a restart nothing is held. */
int frame_get_and_type(struct domain *d, mfn_t mfn, enum page_type type)
    MUST_CHECK;
int frame_put_and_type(struct domain *d, mfn_t mfn) MUST_CHECK;

/* MMUEXT_PIN_*, MMUEXT_UNPIN_TABLE. A pin may return -XEN_ERESTART_CALL: call
 * again with a new budget. */
int page_type_pin(struct domain *d, mfn_t mfn, enum page_type type) MUST_CHECK;
int page_type_unpin(struct domain *d, mfn_t mfn) MUST_CHECK;

/* The domain gives the frame up: drops its pin, if it has one, and undoes it
 * if it is stopped half-way. 0, or -XEN_ERESTART_CALL: call again. */
int page_type_release(struct domain *d, mfn_t mfn) MUST_CHECK;

/* Undoes what earlier calls of this vcpu left half undone (unpins, puts);
 * begins every call that may do such things. -XEN_ERESTART_CALL: the budget
 * is spent, make the call again. */
int page_type_finish_deferred(struct vcpu *v) MUST_CHECK;

/* Drops base pointers, descriptor tables, pins and stopped tables of a dying
 * domain none of whose vcpus runs; restartable. */
int page_type_relinquish(struct domain *d) MUST_CHECK;

/* What one entry of a table holds, for audit. */
struct pt_held {
    mfn_t frame;
    enum page_type type;   /* PT_NONE: only a general reference */
    bool linear;           /* an entry to a table of the same level */
    unsigned int slot;
    const char *broken;    /* NULL, or the rule that the entry breaks */
};

/* Calls fn for each entry of a table that holds something, whether it is
 * ready or stopped half-way. fn returns false to end the walk. */
void pt_for_each_held(struct domain *d, mfn_t table,
                      bool (*fn)(void *arg, const struct pt_held *held),
                      void *arg);

/* Base pointers: take the new table's type, drop the old one's, set
 * v->pv.kernel_table / user_table and the cr3 values (0 there: none yet), and
 * load them if v is current. For the user table, INVALID_MFN means none. */
int pv_set_kernel_table(struct vcpu *v, mfn_t l4) MUST_CHECK;
int pv_set_user_table(struct vcpu *v, mfn_t l4) MUST_CHECK;

/* --- pv/trap.c ----------------------------------------------------------- */

/*
 * Gives an exception to the guest: bounce frame on its kernel stack, as the
 * trap table says. regs is the frame on this CPU's stack. cr2 only for #PF.
 * Never fails: a guest that can not take it is crashed.
 */
void pv_inject(struct vcpu *v, struct cpu_regs *regs, unsigned int vector,
               uint32_t error_code, uint64_t cr2);

/* An exception in guest context, as the entry code found it: emulates or
 * injects. Called by arch with the error code of the hardware. */
void pv_exception(struct vcpu *v, struct cpu_regs *regs, uint64_t cr2);

/* The exit path found pending and unmasked events: bounces the callback. */
void pv_deliver_events(struct vcpu *v, struct cpu_regs *regs);

/* VCPUOP_send_nmi came through: the handler of vector 2 runs, without another
 * one before its iret. Nobody hears it if there is no handler. */
void pv_deliver_nmi(struct vcpu *v, struct cpu_regs *regs);

/* A #PF that certainly is the guest's own, not counted and not traced. The
 * callee-saved registers are not in regs. */
void pv_page_fault_lean(struct vcpu *v, struct cpu_regs *regs, uint64_t cr2);

/*
 * A write to a present page by the guest's kernel, while nothing is traced: if
 * it is one of the stores to an L1 table that are frequent, performs it, and
 * regs, which have the callee-saved registers here, are those after it. False:
 * nothing has changed, ask pv_exception() (pv/pt_write.c).
 */
bool pv_store_lean(struct vcpu *v, struct cpu_regs *regs, uint64_t cr2);

/* A user calls its kernel: the callback for it. */
void pv_user_syscall(struct vcpu *v, struct cpu_regs *regs,
                     enum user_call how);

/* "#PF" and the like. */
const char *pv_vector_name(unsigned int vector);

/* IRET to the guest faulted. regs is what it would have loaded, with vector and
 * error code of the fault: the guest's own, as if the first instruction there
 * had raised it. */
void pv_iret_fault(struct vcpu *v, struct cpu_regs *regs, uint64_t cr2);

/* The vcpu is back on a CPU, but one of the selectors in v->pv was refused and
 * is null now: the failsafe callback. */
void pv_failsafe(struct vcpu *v, struct cpu_regs *regs);

/* --- pv/desc.c ----------------------------------------------------------- */

/* Whether a GDT/LDT entry may stand in a guest's table; may fix up *desc
 * (DPL) as the ABI says. */
bool desc_fixup(struct domain *d, uint64_t *desc);
/* All 512 entries of a page that becomes SEGDESC. */
bool desc_page_validate(struct domain *d, mfn_t mfn);
/* Maps LDT page of a faulting selector; true when the access may be retried. */
bool pv_map_ldt_page(struct vcpu *v, uint64_t offset);

/* Makes these frames the guest's part of v's GDT; the old ones go. 0 or
 * -XEN_EINVAL. frames has one number for each 512 entries. */
int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
    MUST_CHECK;
void pv_drop_gdt(struct vcpu *v);

/* Takes all pages out of v's LDT window; they come back lazily. v is current
 * or does not run. */
void pv_drop_ldt(struct vcpu *v);

/* A read-only mapping of the frame goes: if it may be in the LDT window of
 * the current vcpu, the window is emptied, so that the guest can have its
 * page back as memory. */
void pv_forget_ldt_frame(struct domain *d, mfn_t mfn);

/* --- pv/start_info.c, core/builder.c ------------------------------------ */
struct boot_info;

#endif
