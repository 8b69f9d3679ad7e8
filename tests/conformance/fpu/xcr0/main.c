/* SPDX-License-Identifier: MIT */
/*
 * XCR0 belongs to the vcpu.
 *
 * XGETBV is for everybody, XSETBV only for the kernel, and is performed for
 * it.  A value that the CPU would refuse is refused; what was set is what
 * XGETBV and CPUID then say, to the kernel and to a process alike.
 */
#include "conformance.h"

#define LEAF_1_OSXSAVE (1u << 27)

USER_CODE(look, "xorl %ecx, %ecx\n xgetbv\n syscall\n"
                "movl $1, %eax\n xorl %edx, %edx\n xsetbv\n ud2");

static void policy(uint32_t leaf, uint32_t out[4])
{
    __asm__ volatile(".byte 0x0f, 0x0b, 0x78, 0x65, 0x6e\n\tcpuid"
                     : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]),
                       "=d"(out[3]) : "0"(leaf), "2"(0));
}

static bool xsetbv_faults(uint32_t number, uint64_t value)
{
    struct fault fault = PROBE("xsetbv", "c"(number), "a"((uint32_t)value),
                               "d"((uint32_t)(value >> 32)));

    return fault.raised && fault.vector == VECTOR_GP;
}

CONFORMANCE_CASE("XSETBV: accepted and refused values", 0)
{
    uint32_t leaf[4];
    uint64_t before, all;
    struct user user;

    policy(1, leaf);
    if ((leaf[2] & LEAF_1_OSXSAVE) == 0) {
        case_skip("this machine has no XSAVE");
        return;
    }
    before = read_xcr0();
    set_osxsave(true);
    policy(0xd, leaf);
    all = leaf[0] | (uint64_t)leaf[3] << 32;
    expect_eq("x87-and-sse-at-least", 3, all & 3);
    expect_true("x87-only", !xsetbv_faults(0, 1));
    expect_eq("got-x87-only", 1, read_xcr0());
    expect_true("all", !xsetbv_faults(0, all));
    expect_eq("got-all", all, read_xcr0());
    policy(0xd, leaf);
    expect_eq("size-of-all", leaf[2], leaf[1]);
    expect_true("nothing", xsetbv_faults(0, 0));
    expect_true("no-x87", xsetbv_faults(0, all & ~1ul));
    expect_true("avx-without-sse", xsetbv_faults(0, 5));
    expect_true("bit-63", xsetbv_faults(0, all | 1ul << 63));
    expect_true("supervisor-bit", xsetbv_faults(0, all | 1ul << 8));
    expect_true("register-1", xsetbv_faults(1, all));
    expect_eq("still-all", all, read_xcr0());
    sched_yield();
    time_sleep_until_ns(time_now_ns() + 3000000);
    expect_eq("after-sleep", all, read_xcr0());

    user_create(&user, USER_CODE_ARGS(look));
    user_run(&user);
    expect_eq("user-sees", (uint32_t)all, (uint32_t)user.regs.rax);
    user_run(&user);
    expect_eq("user-may-not", VECTOR_GP, user.regs.vector);
    expect_eq("and-did-not", all, read_xcr0());
    user_destroy(&user);
    expect_true("back", !xsetbv_faults(0, before));
    set_osxsave(false);
}
