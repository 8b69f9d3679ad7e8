/* SPDX-License-Identifier: MIT */
/*
 * Hypercalls with not one instruction too many: the number is a constant, so
 * the slot of the hypercall page is called directly, and only the argument
 * registers in use are loaded.  (The library's hypercall() loads all five.)
 */
#ifndef BENCH_CALL_H
#define BENCH_CALL_H

#include <pv/hypercall.h>

#define CALL_SLOT "call hypercall_page + %c[slot]"

static inline __attribute__((always_inline)) long
call1(const unsigned int number, unsigned long a1)
{
    long result;

    __asm__ volatile(CALL_SLOT : "=a"(result), "+D"(a1)
                     : [slot] "i"(32 * number) : "memory", "cc");
    return result;
}

static inline __attribute__((always_inline)) long
call2(const unsigned int number, unsigned long a1, unsigned long a2)
{
    long result;

    __asm__ volatile(CALL_SLOT : "=a"(result), "+D"(a1), "+S"(a2)
                     : [slot] "i"(32 * number) : "memory", "cc");
    return result;
}

static inline __attribute__((always_inline)) long
call3(const unsigned int number, unsigned long a1, unsigned long a2,
      unsigned long a3)
{
    long result;

    __asm__ volatile(CALL_SLOT : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3)
                     : [slot] "i"(32 * number) : "memory", "cc");
    return result;
}

static inline __attribute__((always_inline)) long
call4(const unsigned int number, unsigned long a1, unsigned long a2,
      unsigned long a3, unsigned long a4)
{
    register unsigned long r10 __asm__("r10") = a4;
    long result;

    __asm__ volatile(CALL_SLOT
                     : "=a"(result), "+D"(a1), "+S"(a2), "+d"(a3), "+r"(r10)
                     : [slot] "i"(32 * number) : "memory", "cc");
    return result;
}

static inline long call_version(void)
{
    return call2(__HYPERVISOR_xen_version, XENVER_version, 0);
}

static inline long call_yield(void)
{
    return call2(__HYPERVISOR_sched_op, SCHEDOP_yield, 0);
}

static inline long call_send(const struct evtchn_send *op)
{
    return call2(__HYPERVISOR_event_channel_op, EVTCHNOP_send, arg(op));
}

static inline long call_va(unsigned long va, uint64_t pte,
                           unsigned long flags)
{
    return call3(__HYPERVISOR_update_va_mapping, va, pte, flags);
}

static inline long call_mmuext(const struct mmuext_op *ops,
                               unsigned int count)
{
    return call4(__HYPERVISOR_mmuext_op, arg(ops), count, 0, DOMID_SELF);
}

static inline long call_mmu(const struct mmu_update *requests,
                            unsigned int count)
{
    return call4(__HYPERVISOR_mmu_update, arg(requests), count, 0,
                 DOMID_SELF);
}

static inline long call_multi(const struct multicall_entry *calls,
                              unsigned int count)
{
    return call2(__HYPERVISOR_multicall, arg(calls), count);
}

#endif
