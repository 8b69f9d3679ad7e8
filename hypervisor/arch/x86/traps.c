/* SPDX-License-Identifier: MIT */
/*
 * The C side of every trap: who was interrupted, and what it means.
 *
 * From a guest, an exception belongs to the guest (pv_exception emulates or
 * injects it), and an interrupt to us. From the hypervisor there are exactly
 * five legitimate cases: an access to guest memory that may fault (exception
 * table), one that the vcpu's joint table is too empty for (joint.c), IRET to
 * the guest with values the CPU refuses (the guest's own exception), a selector
 * of the guest whose LDT page is still to be mapped, and an interrupt in the
 * idle loop. Anything else is our bug and panics.
 */
#include "traps.h"

#include <arch/cr.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/hypercall.h>
#include <hv/pv.h>
#include <hv/trace.h>

#include "apic.h"
#include "backtrace.h"
#include "ex_table.h"
#include "joint.h"
#include "profile.h"
#include "tlb.h"

extern const char exit_iretq[], entry_sysenter[], entry_sysenter_stepped[];
extern const char idle_woken[];

void idle_wait(void);

void trap_from_guest(struct cpu_regs *regs);
void trap_from_hypervisor(struct cpu_regs *regs);
void trap_nmi(struct cpu_regs *regs);
void trap_debug(struct cpu_regs *regs);
void trap_double_fault(struct cpu_regs *regs);
void trap_machine_check(struct cpu_regs *regs);

static void interrupt(unsigned int vector)
{
    struct cpu *c = this_cpu();

    TRACE(INTERRUPT, vector);
    switch (vector) {
    case VECTOR_TIMER:
        COUNT(irq_timer);
        softirq_raise(c, SOFTIRQ_TIMER);
        break;
    case VECTOR_KICK:
        COUNT(irq_kick);
        break; /* the exit path looks at softirqs and events anyway */
    case VECTOR_FLUSH:
        COUNT(irq_flush);
        tlb_flush_service();
        break;
    case VECTOR_UART:
        COUNT(irq_uart);
        softirq_raise(c, SOFTIRQ_CONSOLE);
        break;
    case VECTOR_SPURIOUS:
        return; /* SDM 3A 11.9: no EOI */
    default:
        break;
    }
    apic_eoi();
}

static bool is_interrupt(unsigned int vector)
{
    return vector >= 0xe0;
}

void trap_from_guest(struct cpu_regs *regs)
{
    uint32_t vector = regs->entry_vector;

    if (LIKELY(vector < VECTOR_HYPERCALL32)) {
        COUNT_AT(exception, vector % 32);
        pv_exception(current_vcpu(), regs, read_cr2());
    } else if (is_interrupt(vector)) {
        interrupt(vector);
    } else {
        hypercall_entry_32(regs);
    }
}

/*
 * IRETQ to the guest faulted. The general registers are the guest's and stand
 * in the nested frame; what IRETQ would have loaded still stands at the end
 * of the block. The two overlap, so the registers go through a copy.
 */
NORETURN static void iret_to_guest_failed(const struct cpu_regs *nested,
                                          uint64_t cr2)
{
    struct cpu_regs copy = *nested;
    struct cpu_regs *frame = arch_guest_regs();

    memcpy(frame, &copy, offsetof(struct cpu_regs, error_code));
    frame->error_code = copy.error_code;
    frame->entry_vector = copy.entry_vector;
    pv_iret_fault(current_vcpu(), frame, cr2);
    resume_guest(frame);
}

static void describe(const struct cpu_regs *r, uint64_t cr2)
{
    printk("trap %u error %x at rip %lx (cs %lx rflags %lx)",
           r->entry_vector, r->error_code, r->rip, r->cs, r->rflags);
    printk("rax %016lx rbx %016lx rcx %016lx rdx %016lx", r->rax, r->rbx,
           r->rcx, r->rdx);
    printk("rsi %016lx rdi %016lx rbp %016lx rsp %016lx", r->rsi, r->rdi,
           r->rbp, r->rsp);
    printk("r8  %016lx r9  %016lx r10 %016lx r11 %016lx", r->r8, r->r9,
           r->r10, r->r11);
    printk("r12 %016lx r13 %016lx r14 %016lx r15 %016lx", r->r12, r->r13,
           r->r14, r->r15);
    printk("cr2 %016lx cr3 %016lx", cr2, read_cr3());
    backtrace(r->rip, r->rbp);
}

/* We load a selector of the guest's LDT, for a vcpu that comes back, and its
 * page is not in the window yet. True: try again. */
static bool ldt_page_was_missing(const struct cpu_regs *regs, uint64_t cr2)
{
    uint64_t offset;

    return regs->entry_vector == TRAP_PF && arch_ldt_fault(cr2, &offset) &&
           !current_vcpu()->is_idle &&
           pv_map_ldt_page(current_vcpu(), offset);
}

void trap_from_hypervisor(struct cpu_regs *regs)
{
    uint64_t cr2 = read_cr2();

    if (is_interrupt(regs->entry_vector)) {
        interrupt(regs->entry_vector);
        regs->rip = (uint64_t)idle_woken; /* it ends the HLT */
        return;
    }
    if (regs->rip == (uint64_t)exit_iretq) {
        iret_to_guest_failed(regs, cr2);
    }
    if (regs->entry_vector == TRAP_PF && joint_fault(current_vcpu(), cr2)) {
        return;
    }
    if (ldt_page_was_missing(regs, cr2)) {
        return;
    }
    if (ex_table_fixup(regs)) {
        return;
    }
    describe(regs, cr2);
    panic("unexpected exception %u in the hypervisor", regs->entry_vector);
}

void trap_nmi(struct cpu_regs *regs)
{
    if (panic_stops_cpus()) {
        for (;;) {
            cli();
            hlt();
        }
    }
    profile_sample(regs);
}

/* A guest's data breakpoint, hit by our access to its memory, or carried over
 * MOV SS into our first instruction. Nobody is told: the guest asked for its
 * own accesses. Its TF can come in by SYSENTER only; see there. */
void trap_debug(struct cpu_regs *regs)
{
    if (regs->rip == (uint64_t)entry_sysenter &&
        (regs->rflags & RFLAGS_TF) != 0) {
        regs->rflags &= ~RFLAGS_TF;
        regs->rip = (uint64_t)entry_sysenter_stepped;
    }
    write_dr6(0xffff0ff0);
}

void trap_double_fault(struct cpu_regs *regs)
{
    describe(regs, read_cr2());
    panic("double fault (a stack ran into its guard page?)");
}

void trap_machine_check(struct cpu_regs *regs)
{
    describe(regs, read_cr2());
    panic("machine check: the hardware reports a broken state");
}

void idle_loop(void)
{
    struct cpu *c = this_cpu();

    for (;;) {
        if (__atomic_load_n(&c->softirqs, __ATOMIC_ACQUIRE) != 0) {
            softirq_run();
        }
        if (!c->current->is_idle) {
            resume_guest(arch_guest_regs());
        }
        __atomic_store_n(&c->in_idle, true, __ATOMIC_SEQ_CST);
        if (__atomic_load_n(&c->softirqs, __ATOMIC_SEQ_CST) == 0) {
            idle_wait();
        }
        __atomic_store_n(&c->in_idle, false, __ATOMIC_SEQ_CST);
    }
}
