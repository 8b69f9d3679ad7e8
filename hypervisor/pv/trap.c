/* SPDX-License-Identifier: MIT */
/*
 * Bounce frames: how an exception, an event or a system call reaches a guest
 * kernel that runs in ring 3.
 *
 * The guest gave a table of handlers (set_trap_table) and callbacks. To call
 * one, the hypervisor does what the hardware would have done for a kernel in
 * ring 0: it pushes a frame on the kernel's stack and continues at the
 * handler. From low to high (64-bit):
 *
 *   rcx  r11  [error code]  rip  cs | saved mask << 32  rflags  rsp  ss
 *
 * rcx and r11 are there because the way to the handler, and back through
 * SYSRET, may spoil them; the guest pops them first.
 *
 *   B1  out of guest user mode the frame goes to the stack of stack_switch,
 *       on the kernel's page table; out of kernel mode below the current rsp.
 *       Both are aligned down to 16 first.
 *   B2  `IF` of the saved flags shows !evtchn_upcall_mask, and the saved mask
 *       stands beside cs: the guest's interrupt flag is the mask byte.
 *   B3  cs of a frame from kernel mode has RPL 0 (0xe030), which is how the
 *       guest tells the two modes apart: both run in ring 3.
 *   B4  the new context is flat kernel selectors, and TF, NT, RF, AC off. A
 *       guest's hardware IF is on and its IOPL 0 at all times (cpu_regs.h).
 *   B5  a guest that can not take the frame (no handler, no stack, a stack in
 *       the hypervisor's range) is crashed with a sentence: nobody is left to
 *       tell.
 *   B6  handler addresses were checked to be canonical when they were
 *       registered, so that the IRETQ to them can not fault.
 *   B7  the way to a handler may be SYSRET: the new selectors are those it
 *       loads, and rcx and r11, which it spoils, stand in the frame.
 *
 * A user's system call, where nothing is unusual, is bounced by the entry code
 * itself (user_syscall in entry.asm), by the same rules.
 *
 * Sources: the frame is part of the ABI (xen/arch-x86/xen-x86_64.h); error
 * codes SDM 3A 6.13, #PF SDM 3A 4.7.
 */
#include "trap.h"

#include <hv/arch.h>
#include <hv/evtchn.h>
#include <hv/pv.h>
#include <hv/time.h>
#include <hv/trace.h>
#include <hv/util.h>

/* What arrives at the handler besides the interrupted context. */
struct bounce {
    const struct callback *to;
    unsigned int what;         /* for B5: a vector or one of these */
#define AT_EVENTS   0x100
#define AT_FAILSAFE 0x101
#define AT_SYSCALL  0x102
    bool mask_events;          /* whatever *to says */
    bool has_error_code;
    bool of_page_fault;        /* with cr2; the mode shows in its error code */
    uint32_t error_code;
    uint64_t cr2;
    uint64_t clear_flags;      /* on top of B4 */
    const uint16_t *selectors; /* ds es fs gs of a failsafe frame, or NULL */
};

const char *pv_vector_name(unsigned int vector)
{
    static const char *const names[] = {
        "#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF",
        "vector 9", "#TS", "#NP", "#SS", "#GP", "#PF", "vector 15", "#MF",
        "#AC", "#MC", "#XM", "#VE", "#CP",
    };

    return vector < ARRAY_SIZE(names) ? names[vector]
           : vector == AT_EVENTS      ? "event channels"
           : vector == AT_FAILSAFE    ? "a selector that the CPU refused"
           : vector == AT_SYSCALL     ? "a system call"
                                      : "a software interrupt";
}

/* B5. Behind these nothing is left to do, so that they are jumps. */

static COLD void no_handler(struct vcpu *v, unsigned int what)
{
    domain_crash(v->domain, "no handler is registered for %s",
                 pv_vector_name(what));
}

static COLD void no_stack(struct vcpu *v, uint64_t sp, unsigned int what)
{
    domain_crash(v->domain, "its kernel stack at 0x%lx can not take the "
                 "frame of %s", (unsigned long)sp, pv_vector_name(what));
}

/* The frame, from its lowest word on. True: a fault. */
static ALWAYS_INLINE bool put_frame(const struct cpu_regs *regs, gva_t sp,
                                    const struct bounce *b, uint64_t cs,
                                    uint64_t rflags)
{
    unsigned int n = 0;
    bool fault;

    fault = guest_words_begin(sp) ||
            guest_word_put(sp, n++, regs->rcx) ||
            guest_word_put(sp, n++, regs->r11) ||
            (b->has_error_code && guest_word_put(sp, n++, b->error_code));
    for (unsigned int i = 0; b->selectors != NULL && i < 4; i++) {
        fault = fault || guest_word_put(sp, n++, b->selectors[i]);
    }
    fault = fault || guest_word_put(sp, n, regs->rip) ||
            guest_word_put(sp, n + 1, cs) ||
            guest_word_put(sp, n + 2, rflags) ||
            guest_word_put(sp, n + 3, regs->rsp) ||
            guest_word_put(sp, n + 4, regs->ss);
    guest_words_end();
    return fault;
}

/*
 * Puts the frame on the kernel stack and enters the handler. Each caller gets
 * a copy of its own, in which the shape of the frame is known. Whatever is
 * rare stands last, as a jump: so the compiler has no reason to save
 * registers.
 */
static ALWAYS_INLINE void bounce(struct vcpu *v, struct cpu_regs *regs,
                                 struct bounce b)
{
    unsigned int words = 7 + (b.has_error_code ? 1 : 0) +
                         (b.selectors != NULL ? 4 : 0);
    unsigned int pad = words % 2 * 8; /* the frame's end is aligned (B1) */
    struct vcpu_info *info = v->info;
    uint64_t sp, cs, rflags;
    uint8_t mask;

    if (UNLIKELY(b.to->address == 0)) {
        no_handler(v, b.what);
        return;
    }
    if (v->kernel_mode) {
        sp = regs->rsp;
        cs = regs->cs & 0xfffc;                                     /* B3 */
        b.error_code &= b.of_page_fault ? ~(uint32_t)PFEC_USER : ~0u;
    } else {
        sp = v->pv.kernel_sp;
        cs = regs->cs & 0xffff;
        b.error_code |= b.of_page_fault ? PFEC_USER : 0;
        arch_enter_kernel_mode(v);
    }
    if (b.of_page_fault) {
        __atomic_store_n(&info->arch.cr2, b.cr2, __ATOMIC_RELAXED);
    }
    rflags = regs->rflags;
    ASSERT((rflags & (RFLAGS_IF | RFLAGS_IOPL | RFLAGS_VM)) == RFLAGS_IF);
    mask = __atomic_load_n(&info->evtchn_upcall_mask, __ATOMIC_RELAXED);
    if (UNLIKELY(mask != 0)) {                                      /* B2 */
        cs |= (uint64_t)mask << 32;
        rflags &= ~RFLAGS_IF;
    }
    __atomic_store_n(&info->evtchn_upcall_mask,
                     mask | (b.mask_events || b.to->mask_events),
                     __ATOMIC_RELAXED);
    if (UNLIKELY(pv_shows_iopl(v))) {
        rflags |= v->pv.iopl * 0x1000ull;
    }
    sp = round_down(sp - words * 8ull - pad, 16) + pad;
    if (UNLIKELY(put_frame(regs, GVA(sp), &b, cs, rflags))) {
        no_stack(v, sp, b.what);
        return;
    }
    regs->rip = b.to->address;
    regs->cs = PV_CS64;
    regs->rflags &= ~(RFLAGS_OF_NO_HANDLER | b.clear_flags);
    regs->rsp = sp;
    regs->ss = PV_SS;
    regs->entry_vector = ENTRY_SYSCALL; /* B7 */
    if (UNLIKELY(v->areas_stale)) {
        time_refresh_areas(v); /* they are in the kernel's memory */
    }
}

/* The same, once for all that is rare. */
static NOINLINE void bounce_any(struct vcpu *v, struct cpu_regs *regs,
                                const struct bounce *b)
{
    bounce(v, regs, *b);
}

static bool vector_has_error_code(unsigned int vector)
{
    return vector < 32 && (0x20227d00u >> vector & 1) != 0;
}

/* The hardware saw ring 3 in both modes; the guest wants to know whether its
 * own user did it. */
static ALWAYS_INLINE struct bounce page_fault_frame(const struct vcpu *v,
                                                    uint32_t error_code,
                                                    uint64_t cr2)
{
    return (struct bounce){
        .to = &v->pv.traps[TRAP_PF],
        .what = TRAP_PF,
        .has_error_code = true,
        .of_page_fault = true,
        .error_code = error_code,
        .cr2 = cr2,
    };
}

void pv_page_fault_lean(struct vcpu *v, struct cpu_regs *regs, uint64_t cr2)
{
    bounce(v, regs, page_fault_frame(v, regs->error_code, cr2));
}

/* No error code, whatever the vector: of an exception that has none, or by an
 * instruction, which pushes none. */
static void inject_interrupt(struct vcpu *v, struct cpu_regs *regs,
                             unsigned int vector)
{
    struct bounce b = { .to = &v->pv.traps[vector], .what = vector };

    TRACE(TRAP, regs->rip, vector);
    bounce(v, regs, b);
}

void pv_inject(struct vcpu *v, struct cpu_regs *regs, unsigned int vector,
               uint32_t error_code, uint64_t cr2)
{
    struct bounce b = {
        .to = &v->pv.traps[vector],
        .what = vector,
        .has_error_code = true,
        .error_code = error_code,
    };

    if (!vector_has_error_code(vector)) {
        inject_interrupt(v, regs, vector);
        return;
    }
    if (vector == TRAP_PF) {
        TRACE(PAGE_FAULT, regs->rip, cr2, error_code);
        b = page_fault_frame(v, error_code, cr2);
    } else {
        TRACE(TRAP, regs->rip, vector | 1ull << 15 |
              (uint64_t)error_code << 16);
    }
    bounce_any(v, regs, &b);
}

static ALWAYS_INLINE struct bounce upcall_frame(const struct vcpu *v)
{
    return (struct bounce){
        .to = &v->pv.event, .what = AT_EVENTS, .mask_events = true,
    };
}

static COLD void deliver_events_traced(struct vcpu *v, struct cpu_regs *regs)
{
    struct bounce b = upcall_frame(v);

    TRACE(UPCALL, regs->rip);
    bounce_any(v, regs, &b);
}

void pv_deliver_events(struct vcpu *v, struct cpu_regs *regs)
{
    COUNT(upcall);
    if (UNLIKELY(trace_mask != 0)) {
        deliver_events_traced(v, regs);
    } else {
        bounce(v, regs, upcall_frame(v));
    }
}

void pv_deliver_nmi(struct vcpu *v, struct cpu_regs *regs)
{
    if (v->pv.traps[TRAP_NMI].address == 0) {
        return;
    }
    v->nmi_masked = true;
    pv_inject(v, regs, TRAP_NMI, 0, 0);
}

void pv_failsafe(struct vcpu *v, struct cpu_regs *regs)
{
    const uint16_t selectors[4] = {
        v->pv.ds, v->pv.es, v->pv.fs, v->pv.gs,
    };
    struct bounce b = {
        .to = &v->pv.failsafe,
        .what = AT_FAILSAFE,
        .selectors = selectors,
    };

    bounce_any(v, regs, &b);
}

/* --- exceptions ------------------------------------------------------------------ */

/*
 * #GP with the IDT bit in its error code: INT n through one of our gates,
 * which have DPL 0. Whether the guest's user (or kernel) may use the vector
 * is for the DPL in the guest's trap table to say; a kernel always may. The
 * number comes from the instruction, because emulated CPUs are known to put
 * another one into the error code.
 */
static bool software_interrupt(struct vcpu *v, struct cpu_regs *regs,
                               unsigned int vector, unsigned int length)
{
    const struct callback *gate = &v->pv.traps[vector];

    if (!v->kernel_mode && gate->dpl != 3) {
        return false;
    }
    if (gate->address == 0) {
        return false;
    }
    regs->rip += length;
    inject_interrupt(v, regs, vector);
    return true;
}

static NOINLINE void descriptor_refused(struct vcpu *v, struct cpu_regs *regs)
{
    uint8_t insn[2];

    if ((regs->error_code & 2) != 0 &&
        !guest_copy_in(insn, GVA(regs->rip), 2) && insn[0] == 0xcd) {
        if (software_interrupt(v, regs, insn[1], 2)) {
            return;
        }
        /* What the hardware would have said about the guest's own gate. */
        pv_inject(v, regs, TRAP_GP, insn[1] * 8u + 2, 0);
        return;
    }
    pv_inject(v, regs, TRAP_GP, regs->error_code, 0);
}

static void general_protection(struct vcpu *v, struct cpu_regs *regs)
{
    if (regs->error_code == 0) {
        pv_emulate(v, regs);
    } else {
        descriptor_refused(v, regs);
    }
}

/* Through a gate of its own, behind the instruction; DPL is not asked. */
static void int80(struct vcpu *v, struct cpu_regs *regs)
{
    if (v->pv.traps[TRAP_INT80].address != 0) {
        inject_interrupt(v, regs, TRAP_INT80);
    } else {
        regs->rip -= 2;
        pv_inject(v, regs, TRAP_GP, TRAP_INT80 * 8u + 2, 0);
    }
}

static NOINLINE void page_fault(struct vcpu *v, struct cpu_regs *regs, uint64_t cr2)
{
    uint64_t offset;

    if ((regs->error_code & PFEC_USER) == 0 && arch_ldt_fault(cr2, &offset)) {
        /* The CPU itself looked for a descriptor in the LDT window, which it
         * does with the rights of ring 0: pages are mapped at first use. */
        if (pv_map_ldt_page(v, offset)) {
            return;
        }
        cr2 = v->pv.ldt_base.v + offset;
    } else if (pv_write_fault(v, regs, cr2)) {
        return;
    }
    pv_inject(v, regs, TRAP_PF, regs->error_code, cr2);
}

void pv_iret_fault(struct vcpu *v, struct cpu_regs *regs, uint64_t cr2)
{
    if (regs->entry_vector == TRAP_PF) {
        page_fault(v, regs, cr2); /* the LDT: on the next try it is there */
    } else {
        pv_inject(v, regs, regs->entry_vector, regs->error_code, 0);
    }
}

static NOINLINE void device_not_available(struct vcpu *v, struct cpu_regs *regs)
{
    /* CR0.TS is set only at the guest's wish (fpu_taskswitch), and the trap
     * clears it. */
    arch_set_task_switched(v, false);
    pv_inject(v, regs, TRAP_NM, 0, 0);
}

#define DR6_BS 0x4000ull /* single step (SDM 3B 17.2.3) */

void pv_inject_single_step(struct vcpu *v, struct cpu_regs *regs)
{
    v->pv.debugreg[6] |= DR6_BS;
    pv_inject(v, regs, TRAP_DB, 0, 0);
}

/* The guest's DR6 is a variable: what the CPU reports is added to it, as it
 * would be to the register. */
static NOINLINE void debug_exception(struct vcpu *v, struct cpu_regs *regs)
{
    v->pv.debugreg[6] |= arch_read_debugreg(v, 6);
    pv_inject(v, regs, TRAP_DB, 0, 0);
}

static void other_exception(struct vcpu *v, struct cpu_regs *regs,
                                     uint64_t cr2)
{
    switch (regs->entry_vector) {
    case TRAP_PF:
        page_fault(v, regs, cr2);
        break;
    case TRAP_NM:
        device_not_available(v, regs);
        break;
    case TRAP_DB:
        debug_exception(v, regs);
        break;
    case TRAP_INT80:
        int80(v, regs);
        break;
    default:
        pv_inject(v, regs, regs->entry_vector, regs->error_code, 0);
        break;
    }
}

/* Instructions to perform come first: they are frequent. */
void pv_exception(struct vcpu *v, struct cpu_regs *regs, uint64_t cr2)
{
    if (regs->entry_vector == TRAP_GP) {
        general_protection(v, regs);
    } else if (regs->entry_vector == TRAP_UD) {
        pv_emulate_forced(v, regs);
    } else {
        other_exception(v, regs, cr2);
    }
}

static ALWAYS_INLINE struct bounce syscall_frame(const struct vcpu *v,
                                                 enum user_call how)
{
    return (struct bounce){
        .to = &v->pv.user_call[how],
        .what = AT_SYSCALL,
        .clear_flags = RFLAGS_DF,
    };
}

/* Whatever is not the common case of pv_user_syscall(). */
static COLD void user_syscall_any(struct vcpu *v, struct cpu_regs *regs,
                                  enum user_call how)
{
    struct bounce b = syscall_frame(v, how);

    TRACE(USER_SYSCALL, regs->rip, regs->rax);
    if (b.to->address != 0) {
        bounce_any(v, regs, &b);
    } else if (how == USER_SYSENTER) {
        pv_inject(v, regs, TRAP_GP, 0, 0);
    } else {
        regs->rip -= 2;
        pv_inject(v, regs, TRAP_UD, 0, 0);
    }
}

void pv_user_syscall(struct vcpu *v, struct cpu_regs *regs,
                     enum user_call how)
{
    COUNT(user_syscall);
    if (UNLIKELY(trace_mask != 0 || v->pv.user_call[how].address == 0)) {
        user_syscall_any(v, regs, how);
    } else {
        bounce(v, regs, syscall_frame(v, how));
    }
}
