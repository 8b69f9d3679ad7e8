/* SPDX-License-Identifier: MIT */
/*
 * What one vCPU puts into a register, no other one sees.
 *
 * Three vCPUs on two CPUs take turns.  Each keeps patterns of its own in the
 * registers that are not in the frame of a trap: XMM, MXCSR, x87, segment
 * selectors and bases, debug registers.  After each turn it looks whether they
 * are still its own.  A vCPU that never had the FPU finds it as after a reset.
 */
#include "conformance.h"

#define WORKERS   3u
#define TURNS     200u
#define DR7_WATCH 0x000d0001ul  /* 0: writes of 8 bytes */

enum { XMM, MXCSR, X87, CONTROL, FS_BASE, GS_BASE, SELECTORS, DR0, DR7,
       HITS, FRESH, KINDS };

static const char *const kind_names[KINDS] = {
    "xmm", "mxcsr", "x87", "x87-control", "fs-base", "gs-base", "selectors",
    "dr0", "dr7", "hits", "fresh-fpu",
};

struct state {
    uint64_t xmm[2][16];
    uint32_t mxcsr, value;
    uint16_t control, ds, es;
};

static unsigned int wrong[WORKERS][KINDS];
static volatile unsigned int hits[WORKERS], finished;
static volatile uint64_t watched[WORKERS];
static uint64_t cells[WORKERS][2];
static bool is_fresh[WORKERS];

static bool on_debug(struct regs *regs)
{
    hits[smp_vcpu_id()]++;
    return true;
}

static void note(unsigned int n, unsigned int kind, bool holds)
{
    wrong[n][kind] += !holds;
}

#define EACH_XMM(op)                                                         \
    op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10)       \
    op(11) op(12) op(13) op(14) op(15)

static void fpu_set(uint64_t pattern, uint32_t n)
{
    uint32_t mxcsr = 0x1f80 | n << 13;
    uint16_t control = (uint16_t)(0x037f | n << 10);

#define LOAD(i)                                                              \
    __asm__ volatile("movq %0, %%xmm" #i "\n\t"                              \
                     "punpcklqdq %%xmm" #i ", %%xmm" #i                      \
                     : : "r"(pattern + i));
    EACH_XMM(LOAD)
    __asm__ volatile("ldmxcsr %0\n\tfninit\n\tfldcw %1\n\tfildl %2"
                     : : "m"(mxcsr), "m"(control), "m"(n));
}

static void fpu_get(struct state *s)
{
    for (unsigned int i = 0; i < 2; i++) {
        memset(s->xmm[i], 0, sizeof(s->xmm[i]));
    }
#define STORE_BOTH(i)                                                        \
    __asm__ volatile("movq %%xmm" #i ", %0\n\t"                              \
                     "movhps %%xmm" #i ", %1"                                \
                     : "=m"(s->xmm[0][i]), "=m"(s->xmm[1][i]));
    EACH_XMM(STORE_BOTH)
    __asm__ volatile("stmxcsr %0\n\tfnstcw %1\n\tfistl %2\n\t"
                     "movw %%ds, %3\n\tmovw %%es, %4"
                     : "=m"(s->mxcsr), "=m"(s->control), "=m"(s->value),
                       "=m"(s->ds), "=m"(s->es));
}

static void check_fresh(unsigned int n)
{
    struct state s;
    uint16_t status;

    __asm__ volatile("fnstsw %0" : "=m"(status));
    __asm__ volatile("fildl %0" : : "m"(n));    /* so that there is one */
    fpu_get(&s);
    note(n, FRESH, s.mxcsr == 0x1f80 && s.control == 0x37f && status == 0);
    for (unsigned int i = 0; i < 16; i++) {
        note(n, FRESH, s.xmm[0][i] == 0 && s.xmm[1][i] == 0);
    }
}

static void check(unsigned int n, uint64_t pattern, uint16_t selector)
{
    struct state s;
    uint64_t fs, gs;

    fpu_get(&s);
    for (unsigned int i = 0; i < 16; i++) {
        note(n, XMM, s.xmm[0][i] == pattern + i && s.xmm[1][i] == pattern + i);
    }
    note(n, MXCSR, s.mxcsr == (0x1f80 | n << 13));
    note(n, CONTROL, s.control == (0x037f | n << 10));
    note(n, X87, s.value == n);
    note(n, SELECTORS, s.ds == selector && s.es == selector);
    __asm__ volatile("movq %%fs:0, %0\n\tmovq %%gs:0, %1"
                     : "=r"(fs), "=r"(gs) : : "memory");
    note(n, FS_BASE, fs == n + 100);
    note(n, GS_BASE, gs == n + 200);
}

static void turn(unsigned int n, unsigned int i)
{
    uint64_t pattern = 0x0101010101010101ul * (n + 1) + ((uint64_t)i << 32);
    unsigned int before = hits[n];

    fpu_set(pattern, n);
    if (i % 8 == 0) {
        uint64_t end = time_now_ns() + 300000;

        while (time_now_ns() < end) {
        }
    } else {
        sched_yield();
    }
    check(n, pattern, n % 2 != 0 ? GUEST_SS : 0);
    note(n, DR0, (uint64_t)hypercall_get_debugreg(0) ==
                 (uint64_t)&watched[n]);
    note(n, DR7, (uint64_t)hypercall_get_debugreg(7) ==
                 (0x400 | (n == 1 ? DR7_WATCH : 0)));
    for (unsigned int w = 0; w < WORKERS; w++) {
        watched[w] = i;
    }
    note(n, HITS, hits[n] - before == (n == 1));
}

static void set_selectors(uint32_t selector)
{
    __asm__ volatile("movw %w0, %%ds\n\tmovw %w0, %%es" : : "r"(selector));
}

static void work(void *unused)
{
    unsigned int n = smp_vcpu_id();

    if (is_fresh[n]) {
        check_fresh(n);
    }
    cells[n][0] = n + 100;
    cells[n][1] = n + 200;
    hypercall_set_segment_base(SEGBASE_FS, (uint64_t)&cells[n][0]);
    hypercall_set_segment_base(SEGBASE_GS_KERNEL, (uint64_t)&cells[n][1]);
    set_selectors(n % 2 != 0 ? GUEST_SS : 0);
    hypercall_set_debugreg(0, (uint64_t)&watched[n]);
    hypercall_set_debugreg(7, n == 1 ? DR7_WATCH : 0);
    for (unsigned int i = 0; i < TURNS; i++) {
        turn(n, i);
    }
    hypercall_set_debugreg(7, 0);
    hypercall_set_debugreg(0, 0);
    hypercall_set_debugreg(6, 0xffff0ff0);
    hypercall_set_segment_base(SEGBASE_FS, 0);
    hypercall_set_segment_base(SEGBASE_GS_KERNEL, 0);
    set_selectors(0);
    fpu_set(0, 0);
    __asm__ volatile("fninit");
    __atomic_fetch_add(&finished, 1, __ATOMIC_SEQ_CST);
}

CONFORMANCE_CASE("Registers of vCPUs that take turns", 0)
{
    char what[32];

    if (!smp_exists(WORKERS - 1)) {
        case_skip("the domain has too few vCPUs");
        return;
    }
    memset(wrong, 0, sizeof(wrong));
    finished = 0;
    trap_set_handler(VECTOR_DB, on_debug);
    for (unsigned int n = 1; n < WORKERS; n++) {
        is_fresh[n] = !smp_is_initialised(n);
        REQUIRE(smp_initialise(n) == 0);
        REQUIRE(smp_run(n, work, NULL));
    }
    work(NULL);
    for (unsigned int n = 1; n < WORKERS; n++) {
        expect_true("ends", smp_wait(n));
    }
    expect_eq("finished", WORKERS, finished);
    for (unsigned int n = 0; n < WORKERS; n++) {
        for (unsigned int kind = 0; kind < KINDS; kind++) {
            snprintf(what, sizeof(what), "%s-of-%u", kind_names[kind], n);
            expect_eq(what, 0, wrong[n][kind]);
        }
    }
    trap_set_handler(VECTOR_DB, NULL);
}
