/* SPDX-License-Identifier: MIT */
/*
 * A process that is stepped, and its data breakpoints.
 *
 * TF in the flags of a process stops it behind each instruction, also behind
 * those that the hypervisor performs or that only pass through it.  A data
 * breakpoint stops it behind the access; an access of the hypervisor on the
 * kernel's behalf stops nobody.
 */
#include "conformance.h"

#define DR6_NONE  0xffff0ff0ul
#define DR6_BS    0x4000ul
#define WATCH_0   0x000d0001ul  /* writes of 8 bytes */
#define WATCH_0RW 0x000f0001ul

USER_CODE(steps, "nop\n"                        /* 0 */
                 "movl $5, %eax\n"              /* 1 */
                 "pushq %rax\n popq %rbx\n"     /* 6, 7 */
                 "syscall\n"                    /* 8 */
                 "ud2");                        /* 10 */
USER_CODE(store, "nop\n movq %rax, -16(%rsp)\n nop\n ud2");

static struct user user;

static uint64_t dr6(void)
{
    uint64_t value = (uint64_t)hypercall_get_debugreg(6);

    hypercall_set_debugreg(6, DR6_NONE);
    return value & 0xe00f;
}

static void step(void)
{
    static const uint8_t stops[] = { 1, 6, 7, 8 };

    user_create(&user, USER_CODE_ARGS(steps));
    user.regs.rflags |= RFLAGS_TF;
    for (unsigned int i = 0; i < ARRAY_SIZE(stops); i++) {
        user_run(&user);
        expect_eq("step", VECTOR_DB, user.regs.vector);
        expect_eq("step-rip", USER_CODE_VA + stops[i], user.regs.rip);
        expect_eq("step-dr6", DR6_BS, dr6());
        expect_eq("step-shows-tf", RFLAGS_TF, user.regs.rflags & RFLAGS_TF);
    }
    user_run(&user);
    expect_eq("syscall", VECTOR_SYSCALL, user.regs.vector);
    expect_eq("syscall-rip", USER_CODE_VA + 10, user.regs.rip);
    expect_eq("syscall-shows-tf", RFLAGS_TF, user.regs.rflags & RFLAGS_TF);
    user_run(&user);
    expect_eq("faults-come-first", VECTOR_UD, user.regs.vector);
    expect_eq("fault-shows-tf", RFLAGS_TF, user.regs.rflags & RFLAGS_TF);
    user_destroy(&user);
}

static void watch(void)
{
    user_create(&user, USER_CODE_ARGS(store));
    hypercall_set_debugreg(6, DR6_NONE);
    hypercall_set_debugreg(0, USER_STACK_TOP - 8 - 16);
    expect_eq("on", 0, (uint64_t)hypercall_set_debugreg(7, WATCH_0));
    user_run(&user);
    expect_eq("watch", VECTOR_DB, user.regs.vector);
    expect_eq("watch-rip", USER_CODE_VA + 1 + 5, user.regs.rip);
    expect_eq("watch-dr6", 1, dr6());
    user_run(&user);
    expect_eq("watch-goes-on", VECTOR_UD, user.regs.vector);
    hypercall_set_debugreg(7, 0);
    user_destroy(&user);
}

static volatile unsigned int hits;

static bool hit(struct regs *regs)
{
    hits++;
    return true;
}

/* A structure that the hypervisor reads and writes for us. */
static void not_for_the_hypervisor(void)
{
    static struct multicall_entry call __attribute__((aligned(8)));

    call.op = __HYPERVISOR_xen_version;
    trap_set_handler(VECTOR_DB, hit);
    hypercall_set_debugreg(0, (uint64_t)&call.result);
    hypercall_set_debugreg(7, WATCH_0RW);
    hypercall_multicall(&call, 1);
    hypercall_set_debugreg(7, 0);
    expect_eq("no-hit-by-the-hypervisor", 0, hits);
    expect_eq("nothing-in-dr6", 0, dr6());
    expect_true("it-was-written", call.result != 0);
    hypercall_set_debugreg(0, 0);
    trap_set_handler(VECTOR_DB, NULL);
}

CONFORMANCE_CASE("Steps and data breakpoints of a process", 0)
{
    hypercall_set_debugreg(6, DR6_NONE);
    step();
    watch();
    not_for_the_hypervisor();
}
