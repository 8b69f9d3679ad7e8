/* SPDX-License-Identifier: MIT */
/*
 * iret in a multicall.
 *
 * Linux never does it, but nothing forbids it: the list ends there.  The guest
 * goes on where the frame on its stack says, with the frame's rax, and the
 * calls behind are not made.
 */
#include "conformance.h"

#define MARK 0x1234567u

/* The frame of HYPERVISOR_iret on the stack, and on it, at once, the call. */
static uint64_t leave_by_list(struct multicall_entry *list, uint64_t count)
{
    register uint64_t rax __asm__("rax") = __HYPERVISOR_multicall;

    __asm__ volatile("mov %%rsp, %%rbx\n\t"
                     "push $0xe02b\n\t"
                     "push %%rbx\n\t"
                     "pushfq\n\t"
                     "push $0xe030\n\t"
                     "lea 1f(%%rip), %%rcx\n\t"
                     "push %%rcx\n\t"
                     "push $0\n\t"         /* flags */
                     "push %%rcx\n\t"
                     "push %%r11\n\t"
                     "push %[mark]\n\t"
                     "syscall\n\t"
                     "mov $0, %%eax\n"     /* not this way */
                     "1:"
                     : "+r"(rax)
                     : "D"(list), "S"(count), [mark] "i"(MARK)
                     : "rbx", "rcx", "r11", "memory");
    return rax;
}

CONFORMANCE_CASE("iret ends a multicall", 0)
{
    uint64_t version = (uint64_t)hypercall_xen_version(XENVER_version, NULL);
    static struct multicall_entry calls[3];

    for (unsigned int i = 0; i < 3; i++) {
        calls[i] = (struct multicall_entry){
            .op = __HYPERVISOR_xen_version, .result = 0x55,
        };
    }
    calls[1].op = __HYPERVISOR_iret;
    expect_eq("rax", MARK, leave_by_list(calls, 3));
    expect_eq("before", version, calls[0].result);
    expect_eq("behind", 0x55, calls[2].result);
}
