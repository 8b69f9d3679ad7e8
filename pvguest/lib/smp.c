/* SPDX-License-Identifier: MIT */
/*
 * Further vCPUs, as workers of the first.
 *
 * A vCPU is born by one call: VCPUOP_initialise takes the whole state in which
 * it shall begin, registers, trap table, page table and callbacks, and there
 * is no other way to begin.  It can be called once for each vCPU.  Therefore a
 * vCPU here starts with a loop that takes work from the first vCPU, and sleeps
 * by VCPUOP_down when it has none.
 *
 *   M1  which vCPU executes is told by the stack pointer: each further vCPU
 *       has one of smp_stacks and leaves it never; all else is the first
 *   M2  `fn` is set by the first vCPU and cleared by the worker; who sleeps
 *       between looking at it and going down is woken again, because the first
 *       says up until the work has begun
 *   M3  a worker's faults are not caught by probes: those belong to the first
 *       vCPU (trap.c)
 */
#include <pv/evtchn.h>
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/sched.h>
#include <pv/smp.h>
#include <pv/start.h>
#include <pv/string.h>
#include <pv/time.h>
#include <pv/trap.h>

#define STACK_BYTES 16384
#define PATIENCE_NS 5000000000ul
#define NAP_NS      20000ul

struct worker {
    void (*fn)(void *);         /* atomic; NULL: nothing to do */
    void *argument;
    bool begun;                 /* atomic */
    bool initialised;
    struct vcpu_info *info;     /* NULL: the slot in shared_info */
};

static struct worker workers[SMP_VCPUS];
static char smp_stacks[SMP_VCPUS][STACK_BYTES] __attribute__((aligned(16)));

unsigned int smp_vcpu_id(void)
{
    unsigned long sp = (unsigned long)__builtin_frame_address(0);
    unsigned long offset = sp - (unsigned long)smp_stacks;

    return offset < sizeof(smp_stacks) ? (unsigned int)(offset / STACK_BYTES)
                                       : 0;
}

long smp_vcpu_op(unsigned int command, unsigned int vcpu)
{
    return hypercall_vcpu_op(command, vcpu, NULL);
}

bool smp_exists(unsigned int vcpu)
{
    return vcpu < SMP_VCPUS && smp_vcpu_op(VCPUOP_is_up, vcpu) >= 0;
}

struct vcpu_info *smp_vcpu_info(unsigned int vcpu)
{
    struct vcpu_info *info = workers[vcpu].info;

    return info != NULL ? info : &shared_info.vcpu_info[vcpu];
}

void smp_set_vcpu_info(unsigned int vcpu, struct vcpu_info *info)
{
    workers[vcpu].info = info;
}

static _Noreturn void work_loop(struct worker *worker)
{
    unsigned int id = smp_vcpu_id();

    for (;;) {
        void (*fn)(void *) = __atomic_load_n(&worker->fn, __ATOMIC_ACQUIRE);

        if (fn == NULL) {
            smp_vcpu_op(VCPUOP_down, id);
            continue;
        }
        __atomic_store_n(&worker->begun, true, __ATOMIC_RELEASE);
        fn(worker->argument);
        __atomic_store_n(&worker->fn, NULL, __ATOMIC_RELEASE);
    }
}

void smp_context(unsigned int vcpu, struct vcpu_guest_context *context)
{
    unsigned long stack = (unsigned long)smp_stacks[vcpu] + STACK_BYTES;

    memset(context, 0, sizeof(*context));
    context->flags = VGCF_in_kernel;
    context->user_regs.rip = (unsigned long)work_loop;
    context->user_regs.rdi = (unsigned long)&workers[vcpu];
    context->user_regs.rsp = stack - 8;         /* as after a call */
    context->user_regs.cs = GUEST_CS64;
    context->user_regs.ss = GUEST_SS;
    for (unsigned int v = 0; v < 256; v++) {
        context->trap_ctxt[v] = (struct trap_info){
            .vector = (uint8_t)v, .flags = 4, .cs = GUEST_CS64,
            .address = trap_stub(v),
        };
    }
    context->kernel_ss = GUEST_SS;
    context->kernel_sp = stack;
    context->ctrlreg[3] = mm_kernel.root_mfn << 12;
    context->event_callback_eip = (unsigned long)event_stub;
    context->failsafe_callback_eip = (unsigned long)failsafe_stub;
    context->syscall_callback_eip = (unsigned long)syscall_stub;
}

void smp_set_initialised(unsigned int vcpu)
{
    workers[vcpu].initialised = true;
}

bool smp_is_initialised(unsigned int vcpu)
{
    return workers[vcpu].initialised;
}

int smp_initialise(unsigned int vcpu)
{
    static struct vcpu_guest_context context;
    long err;

    if (workers[vcpu].initialised) {
        return 0;
    }
    smp_context(vcpu, &context);
    err = hypercall_vcpu_op(VCPUOP_initialise, vcpu, &context);
    workers[vcpu].initialised = err == 0;
    return (int)err;
}

/*
 * Give the worker's CPU a chance: under QEMU's -icount all CPUs take turns,
 * and one that spins without end may keep the others from theirs.
 */
static void nap(void)
{
    sched_poll(NULL, 0, time_now_ns() + NAP_NS);
}

bool smp_run(unsigned int vcpu, void (*fn)(void *), void *argument)
{
    struct worker *worker = &workers[vcpu];
    uint64_t end = time_now_ns() + PATIENCE_NS;

    worker->argument = argument;
    __atomic_store_n(&worker->begun, false, __ATOMIC_RELAXED);
    __atomic_store_n(&worker->fn, fn, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&worker->begun, __ATOMIC_ACQUIRE)) {
        if (time_now_ns() > end) {
            return false;
        }
        smp_vcpu_op(VCPUOP_up, vcpu);                           /* M2 */
        nap();
    }
    return true;
}

bool smp_wait(unsigned int vcpu)
{
    struct worker *worker = &workers[vcpu];
    uint64_t end = time_now_ns() + PATIENCE_NS;

    while (__atomic_load_n(&worker->fn, __ATOMIC_ACQUIRE) != NULL ||
           smp_vcpu_op(VCPUOP_is_up, vcpu) != 0) {
        if (time_now_ns() > end) {
            return false;
        }
        nap();
    }
    return true;
}

bool smp_wait_for(const volatile unsigned int *word, unsigned int value)
{
    uint64_t end = time_now_ns() + PATIENCE_NS;

    while (__atomic_load_n(word, __ATOMIC_SEQ_CST) < value) {
        if (time_now_ns() > end) {
            return false;
        }
        nap();
    }
    return true;
}
