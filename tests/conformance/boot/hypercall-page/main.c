/* SPDX-License-Identifier: MIT */
/*
 * The hypercall page.
 *
 * The ELF note names a page of the image; the builder fills it with 128 stubs
 * of 32 bytes.  Going through it, a guest need not know how the hypervisor is
 * entered, and the stub saves rcx and r11, which SYSCALL destroys.  A guest
 * may execute SYSCALL itself and gets the same answer without that service.
 * All other registers but rax and the arguments survive either way.
 */
#include "conformance.h"

#define MARK 0x1122334455667700ul

/* Call slot number with marks in all registers that must survive. */
static unsigned long damaged(unsigned long number)
{
    unsigned long rax = (unsigned long)hypercall_page + 32 * number;
    unsigned long result;

    __asm__ volatile(
        "pushq %%rbp\n\t pushq %%rbx\n\t pushq %%r12\n\t pushq %%r13\n\t"
        "pushq %%r14\n\t pushq %%r15\n\t"
        "movq %[mark], %%rbx\n\t movq %%rbx, %%rbp\n\t"
        "movq %%rbx, %%r12\n\t movq %%rbx, %%r13\n\t movq %%rbx, %%r14\n\t"
        "movq %%rbx, %%r15\n\t movq %%rbx, %%rcx\n\t movq %%rbx, %%r11\n\t"
        "movq %%rbx, %%r9\n\t"
        "call *%%rax\n\t"
        "xorq %%rbx, %%rbp\n\t xorq %%rbx, %%r12\n\t xorq %%rbx, %%r13\n\t"
        "xorq %%rbx, %%r14\n\t xorq %%rbx, %%r15\n\t xorq %%rbx, %%rcx\n\t"
        "xorq %%rbx, %%r11\n\t xorq %%rbx, %%r9\n\t"
        "orq %%r12, %%rbp\n\t orq %%r13, %%rbp\n\t orq %%r14, %%rbp\n\t"
        "orq %%r15, %%rbp\n\t orq %%rcx, %%rbp\n\t orq %%r11, %%rbp\n\t"
        "orq %%r9, %%rbp\n\t"
        "movq $" "0x1122334455667700" ", %%rcx\n\t xorq %%rcx, %%rbx\n\t"
        "orq %%rbx, %%rbp\n\t movq %%rbp, %%rdi\n\t"
        "popq %%r15\n\t popq %%r14\n\t popq %%r13\n\t popq %%r12\n\t"
        "popq %%rbx\n\t popq %%rbp\n\t"
        : "+a"(rax), "=D"(result)
        : "D"(0ul), "S"(0ul), [mark] "d"(MARK)
        : "rcx", "r8", "r9", "r10", "r11", "memory", "cc");
    return result;
}

CONFORMANCE_CASE("The hypercall page and the bare SYSCALL", 0)
{
    long by_page = hypercall_xen_version(XENVER_version, NULL);

    expect_true("answer", by_page > 0);
    expect_eq("same-answer-by-syscall", (uint64_t)by_page, (uint64_t)
              hypercall_raw(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0,
                            0));
    expect_eq("registers-damaged", 0, damaged(__HYPERVISOR_xen_version));
    expect_eq("registers-damaged-by-unknown-call", 0, damaged(63));
    expect_eq("unknown-call", -XEN_ENOSYS,
              (uint64_t)hypercall(63, 0, 0, 0, 0, 0));
    expect_eq("huge-number", -XEN_ENOSYS, (uint64_t)
              hypercall_raw(~0ul, 0, 0, 0, 0, 0));
    expect_eq("number-with-high-bits", -XEN_ENOSYS, (uint64_t)
              hypercall_raw(1ul << 31 | __HYPERVISOR_xen_version, 0, 0, 0, 0,
                            0));
}
