/* SPDX-License-Identifier: MIT */
/*
 * Calls that touch only the vCPU: what entry, dispatch and exit cost, and how
 * little the smallest services add to them.
 */
#include "bench.h"
#include "call.h"

#define FAR_FUTURE_NS 3600000000000ull
#define CALLS_MAX 64u

static const long version = 4 << 16 | 17;

static void null_call(void)
{
    REPEAT {
        long result;

        TIMED(result = call_version());
        CHECK(result >> 16 == version >> 16);
    }
}

static void no_such_call(void)
{
    REPEAT {
        long result;

        TIMED(result = call1(47, 0));
        CHECK(result == -XEN_ENOSYS);
    }
}

static void multicall(unsigned int count)
{
    static struct multicall_entry calls[CALLS_MAX];

    for (unsigned int i = 0; i < count; i++) {
        calls[i].op = __HYPERVISOR_xen_version;
        calls[i].args[0] = XENVER_version;
    }
    REPEAT {
        long result;

        for (unsigned int i = 0; i < count; i++) {
            calls[i].result = 0;
        }
        TIMED(result = call_multi(calls, count));
        CHECK(result == 0);
        for (unsigned int i = 0; i < count; i++) {
            CHECK((long)calls[i].result >> 16 == version >> 16);
        }
    }
}

static void multicall_1(void)
{
    multicall(1);
}

static void multicall_16(void)
{
    multicall(16);
}

static void multicall_64(void)
{
    multicall(64);
}

/* Kernel to kernel: resumes behind the jump, on the same stack. */
static void iret_call(void)
{
    uint64_t landed = 0, expected = 0;

    REPEAT {
        TIMED(__asm__ volatile(
            "movq %%rsp, %%rax\n\t"
            "pushq %1\n\t"
            "pushq %%rax\n\t"
            "pushq $0x202\n\t"
            "pushq %2\n\t"
            "leaq 1f(%%rip), %%rax\n\t"
            "pushq %%rax\n\t"
            "pushq $0\n\t"
            "jmp hypercall_page + 23 * 32\n"
            "1: incq %0"
            : "+r"(landed)
            : "i"(GUEST_SS), "i"(GUEST_CS64 & ~3u)
            : "rax", "memory", "cc"));
        expected++;
    }
    CHECK(landed == expected);
}

static void set_timer(void)
{
    uint64_t deadline = time_now_ns() + FAR_FUTURE_NS;

    REPEAT {
        long result;

        TIMED(result = call1(__HYPERVISOR_set_timer_op, deadline));
        CHECK(result == 0);
    }
    hypercall_set_timer_op(0);
}

/* With a timer to stop, each time. */
static void stop_timer(void)
{
    uint64_t deadline = time_now_ns() + FAR_FUTURE_NS;

    REPEAT {
        long result;

        hypercall_set_timer_op(deadline);
        TIMED(result = call1(__HYPERVISOR_set_timer_op, 0));
        CHECK(result == 0);
    }
}

static void set_segment_base(void)
{
    static const uint64_t words[2] = { 0x1111, 0x2222 };
    unsigned int which = 0;

    REPEAT {
        uint64_t seen;
        long result;

        which ^= 1;
        TIMED(result = call2(__HYPERVISOR_set_segment_base, SEGBASE_FS,
                             arg(&words[which])));
        CHECK(result == 0);
        __asm__ volatile("movq %%fs:0, %0" : "=r"(seen));
        CHECK(seen == words[which]);
    }
    hypercall_set_segment_base(SEGBASE_FS, 0);
}

static void stack_switch(void)
{
    static char stack[1024] __attribute__((aligned(16)));

    REPEAT {
        long result;

        TIMED(result = call2(__HYPERVISOR_stack_switch, GUEST_SS,
                             arg(stack) + sizeof(stack)));
        CHECK(result == 0);
    }
    fast_end();
}

/* CR0.TS is made visible by the emulated read of CR0. */
static void fpu_taskswitch(void)
{
    uint64_t cr0;

    REPEAT {
        long result;

        TIMED(result = call1(__HYPERVISOR_fpu_taskswitch, 1));
        CHECK(result == 0);
    }
    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    CHECK(cr0 & 8);
    hypercall_fpu_taskswitch(0);
}

static void get_debugreg(void)
{
    REPEAT {
        long result;

        TIMED(result = call1(__HYPERVISOR_get_debugreg, 7));
        CHECK(result == 0x400);
    }
}

static void yield_alone(void)
{
    REPEAT {
        long result;

        TIMED(result = call_yield());
        CHECK(result == 0);
    }
}

const struct row rows_call[] = {
    { "call/null", "null hypercall", null_call },
    { "call/unknown", "hypercall that does not exist", no_such_call },
    { "call/multicall-1", "multicall of 1 null", multicall_1 },
    { "call/multicall-16", "multicall of 16 null", multicall_16 },
    { "call/multicall-64", "multicall of 64 null", multicall_64 },
    { "call/iret", "iret hypercall", iret_call },
    { "call/set-timer", "set_timer_op", set_timer },
    { "call/stop-timer", "set_timer_op, stop", stop_timer },
    { "call/segment-base", "set_segment_base", set_segment_base },
    { "call/stack-switch", "stack_switch", stack_switch },
    { "call/fpu-taskswitch", "fpu_taskswitch", fpu_taskswitch },
    { "call/get-debugreg", "get_debugreg", get_debugreg },
    { "call/yield", "yield alone", yield_alone },
    { NULL, NULL, NULL },
};
