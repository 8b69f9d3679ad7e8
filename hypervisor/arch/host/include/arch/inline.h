/* SPDX-License-Identifier: MIT */
/*
 * The INLINE part of hv/arch.h on the fake machine.
 *
 * A test thread plays one CPU at a time: this_cpu() is a thread-local pointer
 * that host_set_cpu() moves. Guest memory goes through host_guest_access(),
 * which walks the guest's page tables like the hardware would.
 */
#ifndef ARCH_INLINE_H
#define ARCH_INLINE_H

#include <arch/layout.h>
#include <hv/util.h>

extern _Thread_local struct cpu *host_this_cpu;

/* arch/host/machine.c: the register frame on this CPU's stack. */
struct cpu_regs *arch_guest_regs(void);

/* arch/host/guest_mem.c; true when the access faulted. */
bool host_guest_access(gva_t va, void *buffer, size_t n, bool write);

/* arch/host/tlb.c */
void host_tlb_flush_local(void);
void host_tlb_flush_page_local(gva_t va);

static inline struct cpu *this_cpu(void)
{
    return host_this_cpu;
}

/* Others read at any time, which the thread sanitizer wants to be told. */
static inline void arch_count(uint64_t *counter)
{
    __atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + 1,
                     __ATOMIC_RELAXED);
}

static inline void arch_count_release(uint16_t *word)
{
    __atomic_store_n(word, (uint16_t)(*word + 1), __ATOMIC_RELEASE);
}

static inline bool arch_bit_set(uint64_t *words, uint64_t n)
{
    uint64_t bit = 1ull << n % 64;

    return (__atomic_fetch_or(&words[n / 64], bit, __ATOMIC_SEQ_CST) &
            bit) != 0;
}

static inline bool arch_bit_is_set(const uint64_t *words, uint64_t n)
{
    return (__atomic_load_n(&words[n / 64], __ATOMIC_RELAXED) >> n % 64 &
            1) != 0;
}

static inline struct vcpu *current_vcpu(void)
{
    return this_cpu()->current;
}

static inline struct domain *current_domain(void)
{
    return current_vcpu()->domain;
}

static inline bool work_spend(int32_t units)
{
    struct cpu *c = this_cpu();

    c->work_left -= units;
    return c->work_left > 0;
}

static inline bool gva_is_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

static inline bool arch_ldt_fault(uint64_t va, uint64_t *offset)
{
    uint64_t base = LDT_BASE(this_cpu()->id);

    *offset = va - base;
    return *offset < 0x10000;
}

/* Both halves that are a guest's lie side by side when counted from the end
 * of the hole. */
static inline bool gva_ok(gva_t va)
{
    return va.v - HV_HOLE_END < 0x0000800000000000ull - HV_HOLE_END;
}

static inline bool gva_range_ok(gva_t va, size_t len)
{
    uint64_t end = va.v + len;

    if (end < va.v) {
        return false;
    }
    return end <= 0x0000800000000000ull || va.v >= HV_HOLE_END;
}

#define HOST_GUEST_ACCESS(bits)                                             \
    static inline bool guest_load##bits(gva_t va, uint##bits##_t *out)      \
    {                                                                       \
        if (host_guest_access(va, out, bits / 8, false)) {                  \
            *out = 0;                                                       \
            return true;                                                    \
        }                                                                   \
        return false;                                                       \
    }                                                                       \
    static inline bool guest_store##bits(gva_t va, uint##bits##_t v)        \
    {                                                                       \
        return host_guest_access(va, &v, bits / 8, true);                   \
    }

HOST_GUEST_ACCESS(64)
HOST_GUEST_ACCESS(32)
HOST_GUEST_ACCESS(16)
HOST_GUEST_ACCESS(8)

#undef HOST_GUEST_ACCESS

static inline bool guest_copy_in(void *dst, gva_t src, size_t n)
{
    if (host_guest_access(src, dst, n, false)) {
        memset(dst, 0, n);
        return true;
    }
    return false;
}

static inline bool guest_copy_out(gva_t dst, const void *src, size_t n)
{
    return host_guest_access(dst, (void *)(uintptr_t)src, n, true);
}

static inline bool guest_words_begin(gva_t va)
{
    return false;
}

static inline void guest_words_reopen(void)
{
}

static inline bool guest_word_get(gva_t va, size_t i, uint64_t *out)
{
    return guest_load64(GVA(va.v + i * 8), out);
}

static inline bool guest_word_put(gva_t va, size_t i, uint64_t v)
{
    return guest_store64(GVA(va.v + i * 8), v);
}

static inline void guest_words_end(void)
{
}

static inline uint64_t pte_read(const uint64_t *pte)
{
    return __atomic_load_n(pte, __ATOMIC_RELAXED);
}

static inline bool pte_cmpxchg(uint64_t *pte, uint64_t *expected,
                               uint64_t desired)
{
    return __atomic_compare_exchange_n(pte, expected, desired, false,
                                       __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
}

void arch_enter_kernel_mode(struct vcpu *v);
void arch_enter_user_mode(struct vcpu *v);

static inline void arch_top_table_changed(struct vcpu *v)
{
}

static inline void tlb_flush_page_local(gva_t va)
{
    host_tlb_flush_page_local(va);
}

static inline void tlb_flush_local(void)
{
    host_tlb_flush_local();
}

#endif
