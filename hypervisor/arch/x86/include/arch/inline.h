/* SPDX-License-Identifier: MIT */
/*
 * The INLINE part of hv/arch.h on the real machine.
 *
 * Guest memory is read and written at the guest's own linear addresses,
 * through the page table that is loaded. A fault at one of these
 * instructions is expected: its address stands in the exception table beside
 * the address to continue at (arch/x86/fixup.c).
 */
#ifndef ARCH_INLINE_H
#define ARCH_INLINE_H

#include <arch/joint_pure.h>
#include <arch/layout.h>
#include <hv/util.h>

static inline struct cpu *this_cpu(void)
{
    uint64_t sp;

    __asm__("mov %%rsp, %0" : "=r"(sp));
    return (struct cpu *)((sp & ~(uint64_t)(PERCPU_SIZE - 1)) +
                          PERCPU_STACK_TOP);
}

/* One instruction: interrupts are off, and nobody else counts here. */
static inline void arch_count(uint64_t *counter)
{
    ++*counter;
}

/* One instruction, which is a release as any store of this processor is. */
static inline void arch_count_release(uint16_t *word)
{
    __asm__ volatile("incw %0" : "+m"(*word) : : "memory");
}

/* The instruction finds the word by itself, however large n is. */
static inline bool arch_bit_set(uint64_t *words, uint64_t n)
{
    bool was_set;

    __asm__ volatile("lock bts %[n], %[words]"
                     : "=@ccc"(was_set), [words] "+m"(*words)
                     : [n] "r"(n) : "memory");
    return was_set;
}

static inline bool arch_bit_is_set(const uint64_t *words, uint64_t n)
{
    bool is_set;

    __asm__ volatile("bt %[n], %[words]"
                     : "=@ccc"(is_set)
                     : [words] "m"(*words), [n] "r"(n) : "memory");
    return is_set;
}

static inline struct vcpu *current_vcpu(void)
{
    return this_cpu()->current;
}

static inline struct domain *current_domain(void)
{
    return current_vcpu()->domain;
}

/* The frame of the guest that this CPU returns to: the end of its stack. */
static inline struct cpu_regs *arch_guest_regs(void)
{
    return (struct cpu_regs *)this_cpu() - 1;
}

/* One instruction, whose flags say what is asked. */
static inline bool work_spend(int32_t units)
{
    bool is_left;

    __asm__("subl %[units], %[left]"
            : "=@ccg"(is_left), [left] "+m"(this_cpu()->work_left)
            : [units] "ri"(units));
    return is_left;
}

static inline bool gva_is_canonical(uint64_t va)
{
    return (uint64_t)((int64_t)(va << 16) >> 16) == va;
}

/* A fault at this address was the CPU's look into the LDT window; offset is
 * that of the descriptor. */
static inline bool arch_ldt_fault(uint64_t va, uint64_t *offset)
{
    uint64_t base = LDT_BASE(this_cpu()->id);

    *offset = va - base;
    return *offset < 0x10000;
}

/*
 * All that an access has to be kept out of by hand. Everything else that is
 * not a guest's faults: accesses go upwards, so one that begins in the lower
 * half meets the non-canonical gap before the hole, and one that begins in
 * the gap faults at once (SDM 1 3.3.7.1).
 */
STATIC_ASSERT(HV_HOLE_END - HV_HOLE_START == 1ull << HV_HOLE_SHIFT,
              "the hole is a whole multiple of its size");

static inline bool gva_outside_hole(gva_t va)
{
    return va.v >> HV_HOLE_SHIFT != HV_HOLE_START >> HV_HOLE_SHIFT;
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

#define ARCH_EX_TABLE(from, to)                     \
    ".pushsection .ex_table, \"a\"\n"               \
    ".balign 8\n.quad " from ", " to "\n"           \
    ".popsection\n"

/* SMAP: guest memory is user memory; the window is open here only. Three-byte
 * NOPs that smap.c turns into STAC and CLAC where the CPU has them. */
#define ARCH_SMAP_SITE(is_stac)                     \
    "771: .byte 0x0f, 0x1f, 0x00\n"                 \
    ".pushsection .smap_sites, \"a\"\n"             \
    ".balign 8\n.quad 771b, " #is_stac "\n"        \
    ".popsection\n"

static inline void arch_user_access_begin(void)
{
    __asm__ volatile(ARCH_SMAP_SITE(1) : : : "memory");
}

static inline void arch_user_access_end(void)
{
    __asm__ volatile(ARCH_SMAP_SITE(0) : : : "memory");
}

#define ARCH_GUEST_LOAD(bits, insn, mod)                                    \
    static inline bool guest_load##bits(gva_t va, uint##bits##_t *out)      \
    {                                                                       \
        uint##bits##_t v = 0;                                               \
                                                                            \
        if (UNLIKELY(!gva_outside_hole(va))) {                                  \
            *out = 0;                                                       \
            return true;                                                    \
        }                                                                   \
        arch_user_access_begin();                                           \
        /* volatile: with outputs, goto does not imply it, and a caller may  \
         * want the answer but not the value. */                             \
        __asm__ volatile goto("1: " insn " (%[p]), %" mod "[v]\n"           \
                     ARCH_EX_TABLE("1b", "%l[fault]")                       \
                     : [v] "+r"(v) : [p] "r"(va.v) : "memory" : fault);     \
        arch_user_access_end();                                             \
        *out = v;                                                           \
        return false;                                                       \
fault:                                                                      \
        arch_user_access_end();                                             \
        *out = 0;                                                           \
        return true;                                                        \
    }
#define ARCH_GUEST_STORE(bits, insn, mod)                                   \
    static inline bool guest_store##bits(gva_t va, uint##bits##_t v)        \
    {                                                                       \
        if (UNLIKELY(!gva_outside_hole(va))) {                                  \
            return true;                                                    \
        }                                                                   \
        arch_user_access_begin();                                           \
        __asm__ goto("1: " insn " %" mod "[v], (%[p])\n"                    \
                     ARCH_EX_TABLE("1b", "%l[fault]")                       \
                     : : [p] "r"(va.v), [v] "q"(v) : "memory" : fault);     \
        arch_user_access_end();                                             \
        return false;                                                       \
fault:                                                                      \
        arch_user_access_end();                                             \
        return true;                                                        \
    }

ARCH_GUEST_LOAD(64, "mov", "q")
ARCH_GUEST_LOAD(32, "mov", "k")
ARCH_GUEST_LOAD(16, "mov", "w")
ARCH_GUEST_LOAD(8, "mov", "b")
ARCH_GUEST_STORE(64, "mov", "q")
ARCH_GUEST_STORE(32, "mov", "k")
ARCH_GUEST_STORE(16, "mov", "w")
ARCH_GUEST_STORE(8, "mov", "b")

#undef ARCH_GUEST_LOAD
#undef ARCH_GUEST_STORE

/* arch/x86/entry.asm; true when it faulted. */
bool arch_copy_fault(void *dst, const void *src, size_t n);

static ALWAYS_INLINE bool guest_words_begin(gva_t va)
{
    if (UNLIKELY(!gva_outside_hole(va))) {
        return true;
    }
    arch_user_access_begin();
    return false;
}

static inline void guest_words_reopen(void)
{
    arch_user_access_begin();
}

static ALWAYS_INLINE bool guest_word_get(gva_t va, size_t i, uint64_t *out)
{
    uint64_t v;

    __asm__ goto("1: mov %[from], %[v]\n" ARCH_EX_TABLE("1b", "%l[fault]")
                 : [v] "=r"(v)
                 : [from] "m"(((const uint64_t *)va.v)[i])
                 : "memory" : fault);
    *out = v;
    return false;
fault:
    return true;
}

static ALWAYS_INLINE bool guest_word_put(gva_t va, size_t i, uint64_t v)
{
    __asm__ goto("1: mov %[v], %[to]\n" ARCH_EX_TABLE("1b", "%l[fault]")
                 :
                 : [v] "r"(v), [to] "m"(((uint64_t *)va.v)[i])
                 : "memory" : fault);
    return false;
fault:
    return true;
}

static inline void guest_words_end(void)
{
    arch_user_access_end();
}

/* One word of a small structure, or nothing behind its end; true: a fault. */
static ALWAYS_INLINE bool arch_word_in(uint8_t *dst, uint64_t src, size_t at,
                                       size_t n)
{
    uint64_t v;

    if (at >= n) {
        return false;
    }
    if (guest_word_get(GVA(src), at / 8, &v)) {
        return true;
    }
    __builtin_memcpy(dst + at, &v, sizeof(v));
    return false;
}

static ALWAYS_INLINE bool arch_word_out(uint64_t dst, const uint8_t *src,
                                        size_t at, size_t n)
{
    uint64_t v;

    if (at >= n) {
        return false;
    }
    __builtin_memcpy(&v, src + at, sizeof(v));
    return guest_word_put(GVA(dst), at / 8, v);
}

/* A structure of up to eight words whose size the compiler knows is moved by
 * as many loads or stores, without a call. */
#define ARCH_IN_WORDS(n) \
    (__builtin_constant_p(n) && (n) % 8 == 0 && (n) <= 64)

static ALWAYS_INLINE bool
guest_copy_in(void *dst, gva_t src, size_t n)
{
    bool fault = true;

    if (LIKELY(gva_outside_hole(src))) {
        if (ARCH_IN_WORDS(n)) {
            arch_user_access_begin();
            fault = arch_word_in(dst, src.v, 0, n) ||
                    arch_word_in(dst, src.v, 8, n) ||
                    arch_word_in(dst, src.v, 16, n) ||
                    arch_word_in(dst, src.v, 24, n) ||
                    arch_word_in(dst, src.v, 32, n) ||
                    arch_word_in(dst, src.v, 40, n) ||
                    arch_word_in(dst, src.v, 48, n) ||
                    arch_word_in(dst, src.v, 56, n);
            arch_user_access_end();
        } else {
            fault = arch_copy_fault(dst, (const void *)src.v, n);
        }
    }
    if (UNLIKELY(fault)) {
        memset(dst, 0, n);
    }
    return fault;
}

static ALWAYS_INLINE bool
guest_copy_out(gva_t dst, const void *src, size_t n)
{
    bool fault = true;

    if (LIKELY(gva_outside_hole(dst))) {
        if (ARCH_IN_WORDS(n)) {
            arch_user_access_begin();
            fault = arch_word_out(dst.v, src, 0, n) ||
                    arch_word_out(dst.v, src, 8, n) ||
                    arch_word_out(dst.v, src, 16, n) ||
                    arch_word_out(dst.v, src, 24, n) ||
                    arch_word_out(dst.v, src, 32, n) ||
                    arch_word_out(dst.v, src, 40, n) ||
                    arch_word_out(dst.v, src, 48, n) ||
                    arch_word_out(dst.v, src, 56, n);
            arch_user_access_end();
        } else {
            fault = arch_copy_fault((void *)dst.v, src, n);
        }
    }
    return fault;
}

#undef ARCH_IN_WORDS

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

/* --- joint tables (joint.c) ---------------------------------------------- */

/* Any vcpu's, from any CPU. */
static inline void arch_top_table_changed(struct vcpu *v)
{
    __atomic_fetch_or(&v->joint.state, JOINT_BEHIND, __ATOMIC_SEQ_CST);
}

static inline uint32_t joint_state(const struct vcpu *v)
{
    return __atomic_load_n(&v->joint.state, __ATOMIC_RELAXED);
}

/* Calls that keep all registers. They are hidden from the compiler, which
 * would have all who flush, or return to a user, set up a frame for what
 * hardly ever happens. */
static inline void joint_refill_quietly(void)
{
    __asm__ volatile("call joint_refill_quietly" : : : "memory", "cc");
}

static inline void joint_begin_quietly(void)
{
    __asm__ volatile("call joint_begin_quietly" : : : "memory", "cc");
}

/* J1: what a flush makes true. */
static inline void joint_catch_up(void)
{
    if (UNLIKELY(joint_state(current_vcpu()) ==
                 (JOINT_LOADED | JOINT_BEHIND))) {
        joint_refill_quietly();
    }
}

static inline void arch_write_cr3(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(v) : "memory");
}

static inline void arch_invlpg(uint64_t va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

static inline void arch_swapgs(void)
{
    __asm__ volatile("swapgs" : : : "memory");
}

/* Both stand in entry.asm as well (KERNEL_TABLE, USER_TABLE_OR). */
static ALWAYS_INLINE void arch_enter_kernel_mode(struct vcpu *v)
{
    v->kernel_mode = true;
    arch_swapgs();
    if (joint_state(v) & JOINT_LOADED) {
        joint_show(&v->joint);
    } else {
        arch_write_cr3(v->pv.kernel_cr3);
    }
}

static ALWAYS_INLINE void arch_enter_user_mode(struct vcpu *v)
{
    uint32_t state = joint_state(v);

    v->kernel_mode = false;
    arch_swapgs();
    if (LIKELY(state == JOINT_LOADED)) {
        joint_hide(&v->joint);
        arch_write_cr3(v->joint.cr3);
    } else if (state == JOINT_UNLIKE) {
        arch_write_cr3(v->pv.user_cr3);
    } else {
        joint_begin_quietly();
    }
}

/* --- flushes -------------------------------------------------------------- */

static inline void tlb_flush_page_local(gva_t va)
{
    joint_catch_up();
    COUNT(tlb_flush_page);
    arch_invlpg(va.v);
}

/* Flushes all that this CPU holds of guests, and stamps the CPU (tlb.c). */
void tlb_flush_everything(void);

/* With a stamp: who changes tables flushes first, and changes types then. */
static inline void tlb_flush_local(void)
{
    tlb_flush_everything();
}

#endif
