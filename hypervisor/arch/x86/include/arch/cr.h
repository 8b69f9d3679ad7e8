/* SPDX-License-Identifier: MIT */
/*
 * Control registers, flags and the other single instructions that only ring 0
 * may execute, or that C can not express. Each function is one instruction.
 * Those that core and pv have inlined are in arch/inline.h: loads of CR3,
 * INVLPG, SWAPGS.
 */
#ifndef ARCH_CR_H
#define ARCH_CR_H

#include <stdbool.h>
#include <stdint.h>

#define CR0_PE (1ull << 0)
#define CR0_MP (1ull << 1)
#define CR0_EM (1ull << 2)
#define CR0_TS (1ull << 3)
#define CR0_ET (1ull << 4)
#define CR0_NE (1ull << 5)
#define CR0_WP (1ull << 16)
#define CR0_AM (1ull << 18)
#define CR0_NW (1ull << 29)
#define CR0_CD (1ull << 30)
#define CR0_PG (1ull << 31)

#define CR4_TSD        (1ull << 2)
#define CR4_DE         (1ull << 3)
#define CR4_PSE        (1ull << 4)
#define CR4_PAE        (1ull << 5)
#define CR4_MCE        (1ull << 6)
#define CR4_PGE        (1ull << 7)
#define CR4_PCE        (1ull << 8)
#define CR4_OSFXSR     (1ull << 9)
#define CR4_OSXMMEXCPT (1ull << 10)
#define CR4_UMIP       (1ull << 11)
#define CR4_FSGSBASE   (1ull << 16)
#define CR4_PCIDE      (1ull << 17)
#define CR4_OSXSAVE    (1ull << 18)
#define CR4_SMEP       (1ull << 20)
#define CR4_SMAP       (1ull << 21)

#define RFLAGS_IF (1ull << 9)

static inline uint64_t read_cr0(void)
{
    uint64_t v;

    __asm__ volatile("mov %%cr0, %0" : "=r"(v) : : "memory");
    return v;
}

static inline uint64_t read_cr2(void)
{
    uint64_t v;

    __asm__ volatile("mov %%cr2, %0" : "=r"(v) : : "memory");
    return v;
}

static inline uint64_t read_cr3(void)
{
    uint64_t v;

    __asm__ volatile("mov %%cr3, %0" : "=r"(v) : : "memory");
    return v;
}

static inline uint64_t read_cr4(void)
{
    uint64_t v;

    __asm__ volatile("mov %%cr4, %0" : "=r"(v) : : "memory");
    return v;
}

static inline void write_cr0(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr0" : : "r"(v) : "memory");
}

static inline void write_cr2(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr2" : : "r"(v) : "memory");
}

static inline void write_cr4(uint64_t v)
{
    __asm__ volatile("mov %0, %%cr4" : : "r"(v) : "memory");
}

static inline void clts(void)
{
    __asm__ volatile("clts" : : : "memory");
}

/* out = eax, ebx, ecx, edx. */
static inline void cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    __asm__ volatile("cpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3])
                     : "0"(leaf), "2"(subleaf)
                     : "memory");
}

/* Highest leaf of the range that `base` begins (0, 0x40000000, 0x80000000);
 * 0 when the range does not exist. */
static inline uint32_t cpuid_max(uint32_t base)
{
    uint32_t r[4];

    cpuid(base, 0, r);
    return r[0] >= base && r[0] < base + 0x10000u ? r[0] : 0;
}

/* "Auth"enticAMD and its licensee "Hygo"nGenuine: what differs by vendor and
 * has no bit of its own. */
static inline bool cpu_vendor_is_amd(void)
{
    uint32_t r[4];

    cpuid(0, 0, r);
    return r[1] == 0x68747541u || r[1] == 0x6f677948u;
}

/* The upper halves of both registers become 0 (SDM 2B, RDTSC). */
static inline uint64_t rdtsc(void)
{
    uint64_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return high << 32 | low;
}

/* Does not run ahead of the loads before it (SDM 2B, RDTSC). */
static inline uint64_t rdtsc_ordered(void)
{
    uint64_t low, high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return high << 32 | low;
}

static inline void cpu_pause(void)
{
    __asm__ volatile("pause" : : : "memory");
}

static inline void cpu_mfence(void)
{
    __asm__ volatile("mfence" : : : "memory");
}

static inline void cli(void)
{
    __asm__ volatile("cli" : : : "memory");
}

static inline void hlt(void)
{
    __asm__ volatile("hlt" : : : "memory");
}

static inline void wbinvd(void)
{
    __asm__ volatile("wbinvd" : : : "memory");
}

static inline uint64_t read_rflags(void)
{
    uint64_t v;

    __asm__ volatile("pushf\n\tpop %0" : "=r"(v) : : "memory");
    return v;
}

struct table_pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static inline void lgdt(const struct table_pointer *p)
{
    __asm__ volatile("lgdt %0" : : "m"(*p) : "memory");
}

static inline void lidt(const struct table_pointer *p)
{
    __asm__ volatile("lidt %0" : : "m"(*p) : "memory");
}

static inline void lldt(uint16_t selector)
{
    __asm__ volatile("lldt %0" : : "r"(selector) : "memory");
}

static inline void ltr(uint16_t selector)
{
    __asm__ volatile("ltr %0" : : "r"(selector) : "memory");
}

static inline uint64_t read_dr6(void)
{
    uint64_t v;

    __asm__ volatile("mov %%dr6, %0" : "=r"(v));
    return v;
}

static inline void write_dr6(uint64_t v)
{
    __asm__ volatile("mov %0, %%dr6" : : "r"(v));
}

#endif
