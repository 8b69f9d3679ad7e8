/* SPDX-License-Identifier: MIT */
/*
 * VCPUOP_initialise: the start of day of a vcpu after the first.
 *
 * The guest's first vcpu describes the state in which another one shall
 * begin: registers, trap table, descriptor table, page table, callbacks. The
 * vcpu has never run, so there is nothing to save; it is filled in, and
 * VCPUOP_up makes it runnable.
 *
 *   C1  the context is five kilobytes, more than a stack should carry: it is
 *       copied once into a block of its own and every check sees the copy
 *   C2  first the checks that need no reference, then the references (GDT
 *       frames, page tables), then plain values. A failure drops what it
 *       took; a restart repeats everything with the same input
 *   C3  one CPU at a time: `initialising` is claimed by exchange
 *   C4  whatever the guest writes into selectors and flags, the vcpu begins
 *       in ring 3 with interrupts on
 *
 * Manual: VCPUOP_initialise.
 */
#include "pte.h"
#include "trap.h"

#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/pv.h>
#include <hv/sched.h>
#include <hv/sched_op.h>
#include <xen/sched.h>

#define CONTEXT_ORDER 1 /* two pages */
#define CR0_TS        0x8ull

STATIC_ASSERT(sizeof(struct vcpu_guest_context) <= PAGE_SIZE << CONTEXT_ORDER,
              "the block holds the context");

/* --- C2: checks -------------------------------------------------------------- */

static bool address_ok_or_none(uint64_t address)
{
    return address == 0 || pv_code_address_ok(address);
}

static bool ldt_ok(const struct vcpu_guest_context *c)
{
    return (c->ldt_base & ~PAGE_MASK) == 0 && c->ldt_ents <= LDT_MAX_ENTRIES &&
           gva_range_ok(GVA(c->ldt_base), c->ldt_ents * 8);
}

static bool context_ok(const struct vcpu_guest_context *c)
{
    for (unsigned int i = 0; i < 256; i++) {
        if (!address_ok_or_none(c->trap_ctxt[i].address)) {
            return false;
        }
    }
    return address_ok_or_none(c->event_callback_eip) &&
           address_ok_or_none(c->failsafe_callback_eip) &&
           address_ok_or_none(c->syscall_callback_eip) &&
           gva_is_canonical(c->user_regs.rip) &&
           gva_is_canonical(c->user_regs.rsp) &&
           gva_is_canonical(c->kernel_sp) &&
           gva_is_canonical(c->fs_base) &&
           gva_is_canonical(c->gs_base_kernel) &&
           gva_is_canonical(c->gs_base_user) &&
           c->gdt_ents <= (unsigned long)GDT_GUEST_ENTRIES && ldt_ok(c);
}

/* --- C2: references ------------------------------------------------------------ */

static int take_user_table(struct vcpu *v, uint64_t cr3)
{
    if (cr3 == 0) {
        return 0;
    }
    return pv_set_user_table(v, maddr_to_mfn(MADDR(cr3)));
}

/* The vcpu never ran, so nobody's CR3 names them. */
static void drop_tables(struct vcpu *v)
{
    mfn_t kernel = v->pv.kernel_table;
    bool had_kernel = v->pv.kernel_cr3 != 0;
    int err = pv_set_user_table(v, INVALID_MFN);

    BUG_ON(err != 0); /* takes nothing, so nothing can fail */
    v->pv.kernel_cr3 = 0;
    v->pv.kernel_table = INVALID_MFN;
    if (had_kernel) {
        frame_put_or_defer(v->domain, kernel);
    }
}

static int take_references(struct vcpu *v, const struct vcpu_guest_context *c)
{
    int err = pv_set_gdt(v, c->gdt_frames, (unsigned int)c->gdt_ents);

    if (err != 0) {
        return err;
    }
    err = pv_set_kernel_table(v, maddr_to_mfn(MADDR(c->ctrlreg[3])));
    if (err == 0) {
        err = take_user_table(v, c->ctrlreg[1]);
    }
    if (err != 0 && err != -XEN_ERESTART_CALL) {
        pv_drop_gdt(v);
        drop_tables(v);
    }
    return err;
}

/* --- C2: values -------------------------------------------------------------------- */

/* cpu_user_regs of the ABI begins as struct cpu_regs does, but for what shares
 * a word with cs; so fields are named. */
static void set_registers(struct vcpu *v, const struct cpu_user_regs *r)
{
    v->regs = (struct cpu_regs){
        .r15 = r->r15, .r14 = r->r14, .r13 = r->r13, .r12 = r->r12,
        .rbp = r->rbp, .rbx = r->rbx, .r11 = r->r11, .r10 = r->r10,
        .r9 = r->r9, .r8 = r->r8, .rax = r->rax, .rcx = r->rcx,
        .rdx = r->rdx, .rsi = r->rsi, .rdi = r->rdi,
        .rip = r->rip, .rsp = r->rsp,
        .cs = r->cs | 3u, .ss = r->ss | 3u, /* C4 */
        .rflags = (r->rflags & RFLAGS_OF_A_GUEST) | RFLAGS_IF | RFLAGS_MBS,
    };
    /* I/O privilege is virtual; it comes in where the hardware has it. */
    v->pv.iopl = (r->rflags & RFLAGS_IOPL) >> 12;
    v->pv.ds = r->ds;
    v->pv.es = r->es;
    v->pv.fs = r->fs;
    v->pv.gs = r->gs;
}

static void set_callbacks(struct pv_vcpu *pv,
                          const struct vcpu_guest_context *c)
{
    for (unsigned int i = 0; i < 256; i++) {
        pv->traps[i] = pv_trap_gate(&c->trap_ctxt[i]);
    }
    pv->event.address = c->event_callback_eip;
    pv->failsafe.address = c->failsafe_callback_eip;
    pv->failsafe.mask_events =
        (c->flags & VGCF_failsafe_disables_events) != 0;
    pv->user_call[USER_SYSCALL].address = c->syscall_callback_eip;
    pv->user_call[USER_SYSCALL].mask_events = (c->flags & VGCF_syscall_disables_events) != 0;
}

static void set_values(struct vcpu *v, const struct vcpu_guest_context *c)
{
    struct pv_vcpu *pv = &v->pv;

    set_registers(v, &c->user_regs);
    set_callbacks(pv, c);
    v->kernel_mode = (c->flags & VGCF_in_kernel) != 0;
    pv->task_switched = (c->ctrlreg[0] & CR0_TS) != 0;
    pv->kernel_ss = c->kernel_ss | 3;
    pv->kernel_sp = c->kernel_sp;
    pv->ldt_base = GVA(c->ldt_base);
    pv->ldt_entries = (uint32_t)c->ldt_ents;
    pv->fs_base = c->fs_base;
    pv->gs_base_kernel = c->gs_base_kernel;
    pv->gs_base_user = c->gs_base_user;
    for (unsigned int i = 0; i < 8; i++) {
        (void)pv_store_debugreg(v, i, c->debugreg[i]); /* or stays as it was */
    }
    if ((c->flags & VGCF_I387_VALID) != 0) {
        arch_set_fpu_image(v, &c->fpu_ctxt);
    }
}

/* User mode needs a user's table. */
static bool mode_possible(const struct vcpu_guest_context *c)
{
    return (c->flags & VGCF_in_kernel) != 0 || c->ctrlreg[1] != 0;
}

static int initialise(struct vcpu *v, const struct vcpu_guest_context *c)
{
    int err;

    if (!context_ok(c) || !mode_possible(c)) {
        return -XEN_EINVAL;
    }
    err = take_references(v, c);
    if (err != 0) {
        return err;
    }
    set_values(v, c);
    __atomic_store_n(&v->initialised, true, __ATOMIC_RELEASE);
    return 0;
}

/* C3: the flag is looked at behind the claim, or a CPU that was overtaken in
 * between would do it a second time. */
static int claim_and_initialise(struct vcpu *v,
                                const struct vcpu_guest_context *c)
{
    int err = -XEN_EEXIST;

    if (__atomic_exchange_n(&v->initialising, true, __ATOMIC_ACQUIRE)) {
        return err;
    }
    if (!__atomic_load_n(&v->initialised, __ATOMIC_ACQUIRE)) {
        err = initialise(v, c);
    }
    __atomic_store_n(&v->initialising, false, __ATOMIC_RELEASE);
    return err;
}

int vcpu_op_initialise(struct domain *d, unsigned int vcpuid, gva_t arg)
{
    struct vcpu_guest_context *c;
    int err;

    if (page_type_finish_deferred(current_vcpu())) {
        return (int)hypercall_restart(0, NULL);
    }
    c = hv_alloc_pages(CONTEXT_ORDER);
    if (c == NULL) {
        return -XEN_ENOMEM;
    }
    err = guest_copy_in(c, arg, sizeof(*c))
              ? -XEN_EFAULT : claim_and_initialise(d->vcpus[vcpuid], c);
    hv_free_pages(c, CONTEXT_ORDER);
    return err == -XEN_ERESTART_CALL ? (int)hypercall_restart(0, NULL) : err;
}

int vcpu_op_up(struct domain *d, unsigned int vcpuid, void *none)
{
    struct vcpu *v = d->vcpus[vcpuid];

    if (!__atomic_load_n(&v->initialised, __ATOMIC_ACQUIRE)) {
        return -XEN_EINVAL;
    }
    vcpu_start(v);
    return 0;
}

/* A domain without a vcpu that is up could never come back. */
static bool is_last_up(const struct domain *d, unsigned int vcpuid)
{
    for (unsigned int i = 0; i < d->vcpu_count; i++) {
        if (i != vcpuid && __atomic_load_n(&d->vcpus[i]->state,
                                           __ATOMIC_RELAXED) != VCPU_OFFLINE) {
            return false;
        }
    }
    return true;
}

int vcpu_op_down(struct domain *d, unsigned int vcpuid, void *none)
{
    if (is_last_up(d, vcpuid)) {
        domain_shutdown(d, SHUTDOWN_poweroff);
    } else {
        vcpu_stop(d->vcpus[vcpuid]);
    }
    return 0;
}
