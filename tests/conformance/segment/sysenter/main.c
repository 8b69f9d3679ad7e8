/* SPDX-License-Identifier: MIT */
/*
 * SYSENTER.
 *
 * The instruction of Intel's CPUs takes nothing from the process but trust:
 * it saves neither rip nor rsp, so the frame has zeroes there and a null cs,
 * and the kernel must know by other means where to return.  Flags stay as they
 * were, even TF, NT and AC, which the hypervisor must then not run with.
 * Without a callback it is #GP.  In long mode AMD's CPUs do not have it: #UD,
 * whatever is registered.
 */
#include "conformance.h"

#define GUEST_CS32 0xe023u
#define RFLAGS_CF  1ul

USER_CODE(enter, "sysenter\n ud2");

static struct user user;
static uint8_t mask_seen;

static bool is_amd(void)
{
    uint32_t eax = 0, ebx, ecx, edx;

    __asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "=c"(ecx), "=d"(edx));
    return ebx == 0x68747541;
}

/* As syscall_stub, but looks at the mask before anybody can change it. */
extern const char sysenter_raw[];
volatile uint8_t *sysenter_mask;
__asm__(".pushsection .text\n"
        "sysenter_raw:\n\t"
        "pushq %rax\n\t"
        "pushq %rdx\n\t"
        "movq sysenter_mask(%rip), %rax\n\t"
        "movb (%rax), %dl\n\t"
        "movb %dl, sysenter_mask_seen(%rip)\n\t"
        "popq %rdx\n\t"
        "popq %rax\n\t"
        "jmp syscall_stub\n"
        ".popsection");
uint8_t sysenter_mask_seen;

static void run(uint16_t cs, uint64_t rflags)
{
    user.regs.cs = cs;
    user.regs.ss = GUEST_SS;
    user.regs.rip = USER_CODE_VA;
    user.regs.rsp = USER_STACK_TOP - 8;
    user.regs.rcx = 0x11223344;
    user.regs.rdx = 0x55667788;
    user.regs.r11 = 0x99aabbcc;
    user.regs.rflags = RFLAGS_RESERVED | RFLAGS_IF | rflags;
    mask_seen = 0xff;
    user_run(&user);
    mask_seen = sysenter_mask_seen;
}

static void set_callback(const char *stub, unsigned int flags)
{
    struct callback_register op = {
        .type = CALLBACKTYPE_sysenter, .flags = (uint16_t)flags,
        .address = (unsigned long)stub,
    };

    expect_eq("register", 0, (uint64_t)hypercall_callback_op(
        CALLBACKOP_register, &op));
}

static void expect_frame(const char *what, unsigned int vector)
{
    expect_eq(what, vector, user.regs.vector);
    expect_eq(what, 0, user.regs.rip);
    expect_eq(what, 3, user.regs.cs);
    expect_eq(what, 0, user.regs.rsp);
    expect_eq(what, GUEST_SS, user.regs.ss);
    expect_eq(what, 0x11223344, user.regs.rcx);
    expect_eq(what, 0x55667788, user.regs.rdx);
}

static void on_amd(void)
{
    run(GUEST_CS64, 0);
    expect_eq("amd", VECTOR_UD, user.regs.vector);
    set_callback(sysenter_raw, 0);
    run(GUEST_CS64, 0);
    expect_eq("amd-registered", VECTOR_UD, user.regs.vector);
    run(GUEST_CS32, 0);
    expect_true("amd-compat", user.regs.vector == VECTOR_UD ||
                              user.regs.vector == VECTOR_GP); /* QEMU */
    expect_eq("amd-compat-rip", USER_CODE_VA, user.regs.rip);
}

static void on_intel(uint16_t cs)
{
    static const uint64_t flags[] = {
        0, RFLAGS_CF, RFLAGS_DF, RFLAGS_NT, RFLAGS_AC, RFLAGS_TF,
        RFLAGS_DF | RFLAGS_NT | RFLAGS_AC | RFLAGS_TF,
    };

    set_callback(NULL, 0);
    run(cs, 0);
    expect_frame("unregistered", VECTOR_GP);
    expect_eq("unregistered-error", 0, user.regs.error);
    for (unsigned int i = 0; i < ARRAY_SIZE(flags); i++) {
        set_callback(sysenter_raw, i % 2 == 0 ? CALLBACKF_mask_events : 0);
        run(cs, flags[i]);
        expect_frame("registered", VECTOR_SYSCALL);
        expect_eq("mask", i % 2 == 0, mask_seen);
        expect_eq("flags", RFLAGS_RESERVED | RFLAGS_IF | flags[i],
                  user.regs.rflags & ~0x10000ul);
    }
    set_callback(NULL, 0);
}

CONFORMANCE_CASE("SYSENTER", 0)
{
    sysenter_mask = &evtchn_vcpu_info()->evtchn_upcall_mask;
    user_create(&user, USER_CODE_ARGS(enter));
    if (is_amd()) {
        on_amd();
    } else {
        on_intel(GUEST_CS64);
        on_intel(GUEST_CS32);
    }
    set_callback(NULL, 0);
    user_destroy(&user);
}
