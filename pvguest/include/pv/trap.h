/* SPDX-License-Identifier: MIT */
/*
 * Traps: what the hypervisor bounces to this kernel.
 *
 * A trap from the kernel is offered, in this order, to the handler of its
 * vector (trap_set_handler), to the exception table (PROBE), to the net of
 * probe_call(), and then stops the domain with a register dump.  A trap from
 * user mode ends user_enter().
 */
#ifndef PV_TRAP_H
#define PV_TRAP_H

#include <pv/types.h>

/* The normalised frame of trap.asm. */
struct regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t vector;
    uint64_t error;
    uint64_t rip;
    uint16_t cs;
    uint16_t cs_pad;
    uint8_t saved_upcall_mask;
    uint8_t mask_pad[3];
    uint64_t rflags;
    uint64_t rsp;
    uint64_t ss;
};

/* What a probed piece of code ran into; raised is false if into nothing. */
struct fault {
    bool raised;
    unsigned int vector;
    uint64_t error;
    uint64_t address;           /* cr2, meaningful for #PF only */
    struct regs regs;           /* as they were at the trap */
};

/* Return true if the trap is dealt with and regs may be returned to. */
typedef bool trap_handler(struct regs *regs);

/* Register all vectors and callbacks with the hypervisor. */
void trap_init(void);

/* handler == NULL removes it. */
void trap_set_handler(unsigned int vector, trap_handler *handler);

/* Call fn(argument); any unexpected trap in it ends it and is returned. */
struct fault probe_call(void (*fn)(void *), void *argument);

/* Loads and stores that may fault. */
struct fault probe_read(const volatile void *address, uint64_t *value);
struct fault probe_write(volatile void *address, uint64_t value);

/* Forget the last fault / fetch it; the pieces PROBE is made of. */
void probe_begin(void);
struct fault probe_end(void);

/*
 * PROBE("instruction", inputs...): run assembler text that may trap and say
 * what happened.  Faults report the instruction's own address, software
 * interrupts the next one, so both ends have a row in the exception table.
 * The text must not change the stack pointer or leave registers changed.
 */
#define EXTABLE(from, to)                                                    \
    ".pushsection .extable,\"a\"\n\t.quad " from ", " to "\n\t.popsection\n\t"

#define PROBE(text, ...)                                                     \
    __extension__ ({                                                         \
        probe_begin();                                                       \
        __asm__ volatile("1: " text "\n"                                     \
                         "2:\n\t" EXTABLE("1b", "2b") EXTABLE("2b", "2b")    \
                         : : __VA_ARGS__ : "memory", "cc");                  \
        probe_end();                                                         \
    })

/* Entry points of trap.asm; vector v is at trap_stubs + 16 * v. */
extern const char trap_stubs[], event_stub[], syscall_stub[];
extern const char failsafe_stub[], nmi_stub[];

static inline unsigned long trap_stub(unsigned int vector)
{
    return (unsigned long)trap_stubs + 16ul * vector;
}

/* (Re-)register the library's own trap table and callbacks. */
void trap_register(void);

/*
 * Run a user context until it traps in a way that the kernel should see.
 * *regs is then the context at the trap.  The current user page table must
 * be set.
 */
void user_enter(struct regs *regs);

/* The bare iret to any context, with regs->error as its flags; returns only
 * through user_enter(). */
void user_enter_asm(struct regs *regs);

/* Bytes of stack the hypervisor switches to on traps from user mode. */
extern char trap_stack_top[];

#endif
