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

static bool is_amd(void)
{
    return cpuid(0, 0).ebx == 0x68747541;
}

enum word { EBX, ECX, EDX };

static const struct {
    const char *what;
    uint32_t leaf;
    enum word word;
    unsigned int bit, want;
} features[] = {
    { "fpu", 1, EDX, 0, 1 },
    { "vme", 1, EDX, 1, 0 },
    { "pse", 1, EDX, 3, 0 },
    { "msr", 1, EDX, 5, 1 },
    { "pae", 1, EDX, 6, 1 },
    { "cx8", 1, EDX, 8, 1 },
    { "pge", 1, EDX, 13, 0 },
    { "pse36", 1, EDX, 17, 0 },
    { "sse2", 1, EDX, 26, 1 },
    { "monitor", 1, ECX, 3, 0 },
    { "vmx", 1, ECX, 5, 0 },
    { "pcid", 1, ECX, 17, 0 },
    { "tsc-deadline", 1, ECX, 24, 0 },
    { "hypervisor", 1, ECX, 31, 1 },
    { "smep", 7, EBX, 7, 0 },
    { "invpcid", 7, EBX, 10, 0 },
    { "smap", 7, EBX, 20, 0 },
    { "umip", 7, ECX, 2, 0 },
    { "pku", 7, ECX, 3, 0 },
    { "la57", 7, ECX, 16, 0 },
    { "syscall", 0x80000001, EDX, 11, 1 },
    { "nx", 0x80000001, EDX, 20, 1 },
    { "1-gib-pages", 0x80000001, EDX, 26, 0 },
    { "long-mode", 0x80000001, EDX, 29, 1 },
    { "svm", 0x80000001, ECX, 2, 0 },
};

static void shown_and_hidden(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(features); i++) {
        struct leaf leaf = cpuid(features[i].leaf, 0);
        uint32_t words[] = { leaf.ebx, leaf.ecx, leaf.edx };

        expect_eq(features[i].what, features[i].want,
                  words[features[i].word] >> features[i].bit & 1);
    }
    expect_eq("sep", !is_amd(), cpuid(1, 0).edx >> 11 & 1);
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
    shown_and_hidden();
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
    zero(0x40000005, 1);
    zero(0x4000ff00, 0);
    zero(0x80000fff, 0);
    zero(0xc0000000, 0);
    leaf = cpuid(0x40000002, 0);
    expect_eq("pages", 1, leaf.eax);
    expect_eq("msr-base", 0x40000000, leaf.ebx);
    expect_eq("preserve-ad", 1, leaf.ecx & 1);
}
