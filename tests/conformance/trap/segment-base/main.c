/* SPDX-License-Identifier: MIT */
/*
 * set_segment_base.
 *
 * FS and GS bases are MSRs.  The guest has one FS base and two for GS, of
 * which the hypervisor swaps in the right one at each change of mode, the way
 * a native kernel does with SWAPGS.  A base that is not canonical would fault
 * on loading.
 */
#include "conformance.h"

USER_CODE(read_gs, "movq %gs:0, %rax\n syscall\n ud2");

static uint64_t set(unsigned int which, uint64_t base)
{
    return (uint64_t)hypercall_set_segment_base(which, base);
}

CONFORMANCE_CASE("Segment bases of kernel and user", 0)
{
    uint64_t here = 0x1234, there = 0x5678, value;
    struct user user;

    expect_eq("fs", 0, set(SEGBASE_FS, (uint64_t)&here));
    expect_eq("gs-kernel", 0, set(SEGBASE_GS_KERNEL, (uint64_t)&there));
    expect_eq("gs-user", 0, set(SEGBASE_GS_USER, USER_CODE_VA));
    __asm__ volatile("movq %%fs:0, %0" : "=r"(value) : : "memory");
    expect_eq("through-fs", here, value);
    __asm__ volatile("movq %%gs:0, %0" : "=r"(value) : : "memory");
    expect_eq("through-gs", there, value);

    user_create(&user, USER_CODE_ARGS(read_gs));
    user_run(&user);
    expect_eq("user-through-gs", *(const uint64_t *)read_gs_start,
              user.regs.rax);
    __asm__ volatile("movq %%gs:0, %0" : "=r"(value) : : "memory");
    expect_eq("kernel-gs-back", there, value);
    user_destroy(&user);

    expect_eq("fs-non-canonical", -XEN_EINVAL,
              set(SEGBASE_FS, NON_CANONICAL_VA));
    expect_eq("gs-kernel-non-canonical", -XEN_EINVAL,
              set(SEGBASE_GS_KERNEL, NON_CANONICAL_VA));
    expect_eq("gs-user-non-canonical", -XEN_EINVAL,
              set(SEGBASE_GS_USER, NON_CANONICAL_VA));
    expect_eq("unknown", -XEN_EINVAL, set(4, 0));
    expect_eq("user-selector-null", 0, set(SEGBASE_GS_USER_SEL, 0));
    expect_eq("user-selector-bad", 0, set(SEGBASE_GS_USER_SEL, 0xfff3));
    expect_eq("fs-back", 0, set(SEGBASE_FS, 0));
    expect_eq("gs-kernel-back", 0, set(SEGBASE_GS_KERNEL, 0));
    expect_eq("gs-user-back", 0, set(SEGBASE_GS_USER, 0));
}
