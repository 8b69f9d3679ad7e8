/* SPDX-License-Identifier: MIT */
/*
 * Calling down.
 *
 * A PV kernel runs in ring 3: what it would have done with a privileged
 * instruction it asks for with a call.  Convention of the 64-bit ABI: number
 * in rax; arguments in rdi, rsi, rdx, r10, r8; result in rax, negative for an
 * error.  The argument registers are not the caller's afterwards.
 *
 * Two roads to the same door:
 *   hypercall()      calls the slot of the hypercall page, whose code the
 *                    hypervisor chose; rcx and r11 survive
 *   hypercall_raw()  executes SYSCALL itself; SYSCALL overwrites rcx and r11
 *
 * The typed wrappers below take C values and hide the argument structs where
 * that loses nothing.  Tests which pass nonsense use hypercall() directly.
 */
#ifndef PV_HYPERCALL_H
#define PV_HYPERCALL_H

#include <pv/types.h>

#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

extern const char hypercall_page[];

static inline long hypercall(unsigned long number, unsigned long a1,
                             unsigned long a2, unsigned long a3,
                             unsigned long a4, unsigned long a5)
{
    register unsigned long r10 __asm__("r10") = a4;
    register unsigned long r8 __asm__("r8") = a5;
    const char *slot = hypercall_page + 32 * number;
    long result;

    __asm__ volatile("call *%%rax"
                     : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10),
                       "+r"(r8)
                     : "a"(slot)
                     : "memory", "cc");
    return result;
}

static inline long hypercall_raw(unsigned long number, unsigned long a1,
                                 unsigned long a2, unsigned long a3,
                                 unsigned long a4, unsigned long a5)
{
    register unsigned long r10 __asm__("r10") = a4;
    register unsigned long r8 __asm__("r8") = a5;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10),
                       "+r"(r8)
                     : "a"(number)
                     : "memory", "cc", "rcx", "r11");
    return result;
}

/* A pointer or value as an argument register sees it. */
static inline unsigned long arg(const volatile void *pointer)
{
    return (unsigned long)pointer;
}

static inline long hypercall_set_trap_table(const struct trap_info *table)
{
    return hypercall(__HYPERVISOR_set_trap_table, arg(table), 0, 0, 0, 0);
}

static inline long hypercall_mmu_update(const struct mmu_update *requests,
                                        unsigned int count,
                                        unsigned int *done, domid_t domain)
{
    return hypercall(__HYPERVISOR_mmu_update, arg(requests), count, arg(done),
                     domain, 0);
}

static inline long hypercall_set_gdt(const unsigned long *frames,
                                     unsigned int entries)
{
    return hypercall(__HYPERVISOR_set_gdt, arg(frames), entries, 0, 0, 0);
}

static inline long hypercall_stack_switch(unsigned long ss, unsigned long sp)
{
    return hypercall(__HYPERVISOR_stack_switch, ss, sp, 0, 0, 0);
}

static inline long hypercall_fpu_taskswitch(int set)
{
    return hypercall(__HYPERVISOR_fpu_taskswitch, (unsigned long)set, 0, 0, 0,
                     0);
}

static inline long hypercall_set_debugreg(unsigned int reg,
                                          unsigned long value)
{
    return hypercall(__HYPERVISOR_set_debugreg, reg, value, 0, 0, 0);
}

static inline long hypercall_get_debugreg(unsigned int reg)
{
    return hypercall(__HYPERVISOR_get_debugreg, reg, 0, 0, 0, 0);
}

static inline long hypercall_update_descriptor(uint64_t machine_address,
                                               uint64_t descriptor)
{
    return hypercall(__HYPERVISOR_update_descriptor, machine_address,
                     descriptor, 0, 0, 0);
}

static inline long hypercall_memory_op(unsigned int command, void *argument)
{
    return hypercall(__HYPERVISOR_memory_op, command, arg(argument), 0, 0, 0);
}

static inline long hypercall_multicall(struct multicall_entry *calls,
                                       unsigned int count)
{
    return hypercall(__HYPERVISOR_multicall, arg(calls), count, 0, 0, 0);
}

static inline long hypercall_update_va_mapping(unsigned long va, uint64_t pte,
                                               unsigned long flags)
{
    return hypercall(__HYPERVISOR_update_va_mapping, va, pte, flags, 0, 0);
}

/* deadline_ns: absolute system time; 0 stops the timer. */
static inline long hypercall_set_timer_op(uint64_t deadline_ns)
{
    return hypercall(__HYPERVISOR_set_timer_op, deadline_ns, 0, 0, 0, 0);
}

static inline long hypercall_xen_version(unsigned int command, void *argument)
{
    return hypercall(__HYPERVISOR_xen_version, command, arg(argument), 0, 0,
                     0);
}

static inline long hypercall_console_io(unsigned int command,
                                        unsigned int count, char *buffer)
{
    return hypercall(__HYPERVISOR_console_io, command, count, arg(buffer), 0,
                     0);
}

static inline long hypercall_vm_assist(unsigned int command, unsigned int type)
{
    return hypercall(__HYPERVISOR_vm_assist, command, type, 0, 0, 0);
}

static inline long hypercall_vcpu_op(unsigned int command, unsigned int vcpu,
                                     void *argument)
{
    return hypercall(__HYPERVISOR_vcpu_op, command, vcpu, arg(argument), 0, 0);
}

static inline long hypercall_set_segment_base(unsigned int which,
                                              unsigned long base)
{
    return hypercall(__HYPERVISOR_set_segment_base, which, base, 0, 0, 0);
}

static inline long hypercall_mmuext_op(const struct mmuext_op *ops,
                                       unsigned int count, unsigned int *done,
                                       domid_t domain)
{
    return hypercall(__HYPERVISOR_mmuext_op, arg(ops), count, arg(done),
                     domain, 0);
}

static inline long hypercall_sched_op(unsigned int command, void *argument)
{
    return hypercall(__HYPERVISOR_sched_op, command, arg(argument), 0, 0, 0);
}

static inline long hypercall_callback_op(unsigned int command, void *argument)
{
    return hypercall(__HYPERVISOR_callback_op, command, arg(argument), 0, 0,
                     0);
}

static inline long hypercall_event_channel_op(unsigned int command,
                                              void *argument)
{
    return hypercall(__HYPERVISOR_event_channel_op, command, arg(argument), 0,
                     0, 0);
}

/* Debug builds of Xenios only. */
static inline long hypercall_audit(void)
{
    return hypercall(__HYPERVISOR_arch_7, 0, 0, 0, 0, 0);
}

#endif
