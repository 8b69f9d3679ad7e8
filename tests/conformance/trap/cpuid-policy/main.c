/* SPDX-License-Identifier: MIT */
/*
 * One CPUID policy for everybody who asks by the prefix.
 *
 * What only ring 0 could use is not shown, for a kernel that finds it would
 * use it and die.  The process that asks with the prefix is told the same as
 * its kernel.  Leaves behind the last one, and sub-leaves that do not exist,
 * are zero.
 */
#include "conformance.h"

struct leaf {
    uint32_t eax, ebx, ecx, edx;
};

static struct leaf cpuid(uint32_t number, uint32_t sub)
{
    struct leaf leaf = { .eax = number, .ecx = sub };

    __asm__ volatile("ud2\n\t .ascii \"xen\"\n\t cpuid"
                     : "+a"(leaf.eax), "=b"(leaf.ebx), "+c"(leaf.ecx),
                       "=d"(leaf.edx));
    return leaf;
}

/* Leaf 1, and AMD's copy of it: Xen shows it to its first domain's kernel. */
#define MTRR (1u << 12)

USER_CODE(ask, "ud2\n .ascii \"xen\"\n cpuid\n syscall\n ud2");

static void same_in_user_mode(uint32_t number)
{
    struct leaf kernel = cpuid(number, 0);
    struct user user;
    char what[24];

    snprintf(what, sizeof(what), "user-%x", number);
    user_create(&user, USER_CODE_ARGS(ask));
    user.regs.rax = number;
    user_run(&user);
    expect_eq(what, VECTOR_SYSCALL, user.regs.vector);
    expect_eq(what, kernel.eax, user.regs.rax);
    expect_eq(what, kernel.ebx, user.regs.rbx);
    expect_eq(what, kernel.edx & ~MTRR, user.regs.rdx & ~MTRR);
    user_destroy(&user);
}

#define HIDDEN(what, word, bit) expect_eq(what, 0, (word) >> (bit) & 1)
#define SHOWN(what, word, bit) expect_eq(what, 1, (word) >> (bit) & 1)

static bool is_amd(void)
{
    return cpuid(0, 0).ebx == 0x68747541;
}

static void features(void)
{
    struct leaf leaf = cpuid(1, 0);

    SHOWN("fpu", leaf.edx, 0);
    HIDDEN("vme", leaf.edx, 1);
    HIDDEN("pse", leaf.edx, 3);
    SHOWN("msr", leaf.edx, 5);
    SHOWN("pae", leaf.edx, 6);
    SHOWN("cx8", leaf.edx, 8);
    expect_eq("sep", !is_amd(), leaf.edx >> 11 & 1);
    HIDDEN("pge", leaf.edx, 13);
    HIDDEN("pse36", leaf.edx, 17);
    SHOWN("sse2", leaf.edx, 26);
    HIDDEN("monitor", leaf.ecx, 3);
    HIDDEN("vmx", leaf.ecx, 5);
    HIDDEN("pcid", leaf.ecx, 17);
    HIDDEN("tsc-deadline", leaf.ecx, 24);
    SHOWN("hypervisor", leaf.ecx, 31);
    leaf = cpuid(7, 0);
    HIDDEN("smep", leaf.ebx, 7);
    HIDDEN("invpcid", leaf.ebx, 10);
    HIDDEN("smap", leaf.ebx, 20);
    HIDDEN("umip", leaf.ecx, 2);
    HIDDEN("pku", leaf.ecx, 3);
    HIDDEN("la57", leaf.ecx, 16);
    leaf = cpuid(0x80000001, 0);
    SHOWN("syscall", leaf.edx, 11);
    SHOWN("nx", leaf.edx, 20);
    HIDDEN("1-gib-pages", leaf.edx, 26);
    SHOWN("long-mode", leaf.edx, 29);
    HIDDEN("svm", leaf.ecx, 2);
}

static void zero(uint32_t number, uint32_t sub)
{
    struct leaf leaf = cpuid(number, sub);
    char what[32];

    snprintf(what, sizeof(what), "zero-%x-%u", number, sub);
    expect_eq(what, 0, leaf.eax | leaf.ebx | leaf.ecx | leaf.edx);
}

CONFORMANCE_CASE("The CPUID policy", 0)
{
    static const uint32_t same[] = {
        0, 1, 7, 0xd, 0x80000000, 0x80000001, 0x80000008, 0x40000000,
        0x40000001, 0x40000002, 0x40000005,
    };
    uint32_t eax = 0, ebx, ecx = 0, edx;
    struct leaf leaf;

    for (unsigned int i = 0; i < ARRAY_SIZE(same); i++) {
        same_in_user_mode(same[i]);
    }
    features();
    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx));
    leaf = cpuid(0, 0);
    expect_eq("vendor-b", ebx, leaf.ebx);
    expect_eq("vendor-c", ecx, leaf.ecx);
    expect_eq("vendor-d", edx, leaf.edx);
    expect_eq("linear-bits", 48, cpuid(0x80000008, 0).eax >> 8 & 0xff);
    zero(0x30, 0);
    zero(3, 0);
    zero(7, 9);
    zero(0xd, 62);
    zero(0x4000ff00, 0);
    zero(0x80000fff, 0);
    zero(0xc0000000, 0);
    leaf = cpuid(0x40000002, 0);
    expect_eq("pages", 1, leaf.eax);
    expect_eq("msr-base", 0x40000000, leaf.ebx);
    expect_eq("preserve-ad", 1, leaf.ecx & 1);
}
