/* SPDX-License-Identifier: MIT */
/*
 * AVX registers survive as the others do.
 *
 * The upper halves are a component of their own: a hypervisor that still
 * switches by FXSAVE keeps the lower ones and mixes the upper ones up.
 */
#include "conformance.h"

#define LEAF_1_AVX_USABLE (1u << 27 | 1u << 28)

static void write_xcr0(uint64_t value)
{
    __asm__ volatile("xsetbv" : : "c"(0), "a"((uint32_t)value),
                     "d"((uint32_t)(value >> 32)));
}

static bool avx_is_shown(void)
{
    uint32_t eax = 1, ebx, ecx = 0, edx;

    __asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e\n\tcpuid"
                     : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    return (ecx & LEAF_1_AVX_USABLE) == LEAF_1_AVX_USABLE;
}

CONFORMANCE_CASE("YMM registers across calls and sleep", 0)
{
    static uint64_t mark[4] = { 1, 2, 0x1020304050607080ul, ~0ul };
    static uint64_t now[4];
    uint64_t before;

    if (!avx_is_shown()) {
        case_skip("this machine has no AVX");
        return;
    }
    before = read_xcr0();
    set_osxsave(true);
    write_xcr0(before | 7);
    __asm__ volatile("vmovdqu (%0), %%ymm5" : : "r"(mark) : "memory");
    sched_yield();
    time_sleep_until_ns(time_now_ns() + 5000000);
    __asm__ volatile("vmovdqu %%ymm5, (%0)" : : "r"(now) : "memory");
    expect_eq("whole-register", 0, (uint64_t)memcmp(mark, now, sizeof(now)));
    __asm__ volatile("vzeroupper");
    write_xcr0(before);
    set_osxsave(false);
}
