/* SPDX-License-Identifier: MIT */
/*
 * Traps: exceptions, software interrupts, user system calls, events.
 *
 * There is no IDT to load: SET_TRAP_TABLE hands the hypervisor a list of
 * (vector, privilege, handler), and the hypervisor, which takes every real
 * exception, bounces to the handler those which are the guest's own.
 *
 *   T1  every entry has "mask events" set, so C code here runs with upcalls
 *       masked and nests only through its own faults
 *   T2  a trap from user mode arrives on trap_stack, which holds nothing
 *       else: user_enter() returns by abandoning it
 *   T3  in a kernel frame the low two bits of cs are 0 although we run in
 *       ring 3; that is how kernel and user are told apart, and HYPERVISOR_
 *       iret understands it the same way
 *
 * Hardware's CR2 belongs to the hypervisor; the faulting address of a #PF is
 * published in vcpu_info.arch.cr2 and must be read before the next fault.
 */
#include <pv/evtchn.h>
#include <pv/hypercall.h>
#include <pv/printf.h>
#include <pv/smp.h>
#include <pv/start.h>
#include <pv/string.h>
#include <pv/trap.h>

#define TRAP_STACK_BYTES 8192

struct extable_row {
    uint64_t from, to;
};

extern const struct extable_row extable_start[], extable_end[];
extern uint64_t trap_catch_rsp, user_resume_rsp;
extern const char probe_resume[], user_resume[];

/* Called by trap.asm; restores *regs by HYPERVISOR_iret on return. */
void trap_entry(struct regs *regs);
int probe_call_asm(void (*fn)(void *), void *argument);

STATIC_ASSERT(sizeof(struct regs) == 22 * 8);   /* trap.asm counts on it */

static trap_handler *trap_handlers[256];
static struct fault trap_fault;
static struct regs *user_regs;
static char trap_stack[TRAP_STACK_BYTES] __attribute__((aligned(16)));

void trap_set_handler(unsigned int vector, trap_handler *handler)
{
    trap_handlers[vector] = handler;
}

/* Exceptions the guest's user mode may raise by INT n. */
static uint8_t trap_dpl(unsigned int vector)
{
    bool user = vector == VECTOR_BP || vector == VECTOR_OF ||
                vector == VECTOR_INT80;

    return user ? 3 : 0;
}

static void callback_register(uint16_t type, const char *stub)
{
    struct callback_register op = {
        .type = type,
        .flags = CALLBACKF_mask_events,
        .address = (xen_callback_t)stub,
    };

    /* Some types depend on the CPU; whoever needs one sees it missing. */
    hypercall_callback_op(CALLBACKOP_register, &op);
}

void trap_register(void)
{
    static struct trap_info table[257];

    for (unsigned int v = 0; v < 256; v++) {
        table[v] = (struct trap_info){
            .vector = (uint8_t)v,
            .flags = (uint8_t)(trap_dpl(v) | 4),
            .cs = GUEST_CS64,
            .address = trap_stub(v),
        };
    }
    if (hypercall_set_trap_table(table) != 0) {
        panic("set_trap_table refused");
    }
    callback_register(CALLBACKTYPE_event, event_stub);
    callback_register(CALLBACKTYPE_failsafe, failsafe_stub);
    callback_register(CALLBACKTYPE_syscall, syscall_stub);
    hypercall_stack_switch(GUEST_SS,
                           (unsigned long)trap_stack + TRAP_STACK_BYTES);
}

void trap_init(void)
{
    trap_register();
}

static void trap_dump(const struct regs *r)
{
    printf("trap %lu error %lx cr2 %lx\n", r->vector, r->error,
           evtchn_vcpu_info()->arch.cr2);
    printf("rip %016lx cs %04x rflags %lx rsp %016lx ss %04lx\n", r->rip,
           r->cs, r->rflags, r->rsp, r->ss);
    printf("rax %016lx rbx %016lx rcx %016lx rdx %016lx\n", r->rax, r->rbx,
           r->rcx, r->rdx);
    printf("rsi %016lx rdi %016lx rbp %016lx r8  %016lx\n", r->rsi, r->rdi,
           r->rbp, r->r8);
    printf("r9  %016lx r10 %016lx r11 %016lx r12 %016lx\n", r->r9, r->r10,
           r->r11, r->r12);
    printf("r13 %016lx r14 %016lx r15 %016lx\n", r->r13, r->r14, r->r15);
}

static void fault_record(const struct regs *regs)
{
    trap_fault = (struct fault){
        .raised = true,
        .vector = (unsigned int)regs->vector,
        .error = regs->error,
        .address = evtchn_vcpu_info()->arch.cr2,
        .regs = *regs,
    };
}

static bool extable_fixup(struct regs *regs)
{
    for (const struct extable_row *row = extable_start; row < extable_end;
         row++) {
        if (row->from == regs->rip) {
            fault_record(regs);
            regs->rip = row->to;
            return true;
        }
    }
    return false;
}

/* Kernel code which someone watches through probe_call(). */
static bool catch_fixup(struct regs *regs)
{
    if (trap_catch_rsp == 0 || smp_vcpu_id() != 0) {
        return false;
    }
    fault_record(regs);
    regs->rip = (uint64_t)probe_resume;
    regs->rsp = trap_catch_rsp;
    regs->cs = GUEST_CS64 & ~3u;        /* fn may have asked for others */
    regs->ss = GUEST_SS;
    regs->rflags &= ~(RFLAGS_DF | RFLAGS_AC | RFLAGS_TF | RFLAGS_NT);
    return true;
}

static void trap_from_user(struct regs *regs)
{
    if (user_regs == NULL) {
        trap_dump(regs);
        panic("user mode runs although nobody entered it");
    }
    *user_regs = *regs;
    user_regs = NULL;
    regs->rip = (uint64_t)user_resume;
    regs->rsp = user_resume_rsp;
    regs->cs = GUEST_CS64 & ~3u;
    regs->ss = GUEST_SS;
    regs->rflags = RFLAGS_RESERVED;     /* user_enter() runs masked */
}

static void trap_from_kernel(struct regs *regs)
{
    trap_handler *handler = NULL;

    if (regs->vector < ARRAY_SIZE(trap_handlers)) {
        handler = trap_handlers[regs->vector];
    }
    if (handler != NULL && handler(regs)) {
        return;
    }
    if (extable_fixup(regs) || catch_fixup(regs)) {
        return;
    }
    trap_dump(regs);
    panic("unexpected trap %lu in the kernel", regs->vector);
}

void trap_entry(struct regs *regs)
{
    if (regs->vector == VECTOR_EVENT) {
        evtchn_dispatch();
    } else if ((regs->cs & 3) == 3) {
        trap_from_user(regs);
    } else {
        trap_from_kernel(regs);
    }
}

void user_enter(struct regs *regs)
{
    bool were_masked = upcalls_save_and_disable();

    user_regs = regs;
    user_enter_asm(regs);
    upcalls_restore(were_masked);
}

void probe_begin(void)
{
    trap_fault = (struct fault){ .raised = false };
}

struct fault probe_end(void)
{
    return trap_fault;
}

struct fault probe_call(void (*fn)(void *), void *argument)
{
    /* fn may have probed for itself, so "a trap happened" is not enough. */
    if (probe_call_asm(fn, argument) == 0) {
        probe_begin();
    }
    return probe_end();
}

struct fault probe_read(const volatile void *address, uint64_t *value)
{
    uint64_t loaded = 0;

    probe_begin();
    __asm__ volatile("1: movq (%1), %0\n"
                     "2:\n\t" EXTABLE("1b", "2b")
                     : "+r"(loaded) : "r"(address) : "memory");
    *value = loaded;
    return probe_end();
}

struct fault probe_write(volatile void *address, uint64_t value)
{
    return PROBE("movq %1, (%0)", "r"(address), "r"(value));
}
