/* SPDX-License-Identifier: MIT */
/*
 * The C part of the Linux workload: each step is what ordinary programs do,
 * chosen because a hypervisor of PV guests takes part in it.
 *
 *     fork          page tables made, shared, copied on write and torn down
 *     pipe          four processes pass data in a ring: switches and wake-ups
 *     mmap          address space that comes and goes, contents kept
 *     mprotect      rights taken away and given back, faults at the right byte
 *     signal        frames on the stack, on another stack, from timers
 *     thread        futexes, thread-local storage, a barrier
 *     clock         time that never runs back, sleeps that are long enough
 *     fpu           SSE registers kept apart between processes
 *     trap          int3, int 0x80, division, bad addresses: as Linux tells
 *     trace         a child single-stepped, and stopped by a debug register
 *     ldt           a segment of the process's own
 *     cpus          a visit to every CPU; as many as $expect_cpus says
 *
 * and one that is not in the list, because it needs a driver of the kernel's:
 *
 *     audit         the hypervisor recomputes its counts, where it can
 *
 * `workload list` prints the names with commas; `workload NAME` runs a step,
 * prints one line and ends with 0, or says what was wrong and ends with 1.
 * Nothing here depends on how fast the machine is, but for sleeps being
 * bounded by minutes.
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096UL
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The end of a step that did not hold. */
static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf(" (errno %d)\n", errno);
    fflush(stdout);
    _exit(1);
}

/* A small generator: the same numbers in every run. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void *map_pages(size_t pages)
{
    void *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) {
        fail("mmap of %zu pages", pages);
    }
    return p;
}

/* Wait for a child; it must have ended with this status. */
static void expect_exit(pid_t pid, int status)
{
    int got;

    if (waitpid(pid, &got, 0) != pid) {
        fail("waitpid of %d", (int)pid);
    }
    if (!WIFEXITED(got) || WEXITSTATUS(got) != status) {
        fail("child %d ended with %#x, not exit status %d", (int)pid, got,
             status);
    }
}

/* --- fork --------------------------------------------------------------- */

#define FORKS 240
#define SHARED_PAGES 64

/* The child sees what was there, and its own writes stay its own. */
static void __attribute__((noreturn)) forked(uint32_t *pages, unsigned n)
{
    size_t step = PAGE / sizeof(*pages);

    for (size_t i = 0; i < SHARED_PAGES; i++) {
        if (pages[i * step] != i) {
            _exit(255);
        }
    }
    for (size_t i = n % 3; i < SHARED_PAGES; i += 3) {
        pages[i * step] = ~0u;
    }
    _exit((int)(n % 200));
}

static void step_fork(void)
{
    uint32_t *pages = map_pages(SHARED_PAGES);
    pid_t pids[8];

    for (uint32_t i = 0; i < SHARED_PAGES; i++) {
        pages[i * PAGE / sizeof(*pages)] = i;
    }
    for (unsigned n = 0; n < FORKS; n += ARRAY_SIZE(pids)) {
        for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
            pids[i] = fork();
            if (pids[i] < 0) {
                fail("fork %u", n + i);
            }
            if (pids[i] == 0) {
                forked(pages, n + i);
            }
        }
        for (unsigned i = 0; i < ARRAY_SIZE(pids); i++) {
            expect_exit(pids[i], (int)((n + i) % 200));
        }
    }
    for (uint32_t i = 0; i < SHARED_PAGES; i++) {
        if (pages[i * PAGE / sizeof(*pages)] != i) {
            fail("a child's write came through in page %u", i);
        }
    }
    printf("%d processes\n", FORKS);
}

/* --- pipe --------------------------------------------------------------- */

#define RING 4
#define RING_ROUNDS 300
#define MESSAGE 1500

static void read_all(int fd, uint8_t *buffer, size_t size)
{
    while (size > 0) {
        ssize_t got = read(fd, buffer, size);

        if (got <= 0) {
            fail("read from a pipe gave %zd", got);
        }
        buffer += got;
        size -= (size_t)got;
    }
}

/* Each process adds one to every byte and passes the message on. */
static void __attribute__((noreturn)) relay(int in, int out)
{
    uint8_t message[MESSAGE];

    for (int round = 0; round < RING_ROUNDS; round++) {
        read_all(in, message, sizeof(message));
        for (size_t i = 0; i < sizeof(message); i++) {
            message[i]++;
        }
        if (write(out, message, sizeof(message)) != sizeof(message)) {
            fail("write to a pipe");
        }
    }
    _exit(0);
}

static void step_pipe(void)
{
    int pipes[RING + 1][2];
    pid_t pids[RING];
    uint8_t message[MESSAGE];

    for (int i = 0; i <= RING; i++) {
        if (pipe(pipes[i]) != 0) {
            fail("pipe");
        }
    }
    for (int i = 0; i < RING; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            relay(pipes[i][0], pipes[i + 1][1]);
        }
    }
    for (int round = 0; round < RING_ROUNDS; round++) {
        memset(message, round, sizeof(message));
        if (write(pipes[0][1], message, sizeof(message)) !=
            sizeof(message)) {
            fail("write to the ring");
        }
        read_all(pipes[RING][0], message, sizeof(message));
        for (size_t i = 0; i < sizeof(message); i++) {
            if (message[i] != (uint8_t)(round + RING)) {
                fail("round %d: byte %zu is %u", round, i, message[i]);
            }
        }
    }
    for (int i = 0; i < RING; i++) {
        expect_exit(pids[i], 0);
    }
    printf("%d messages through %d processes\n", RING_ROUNDS, RING);
}

/* --- mmap --------------------------------------------------------------- */

#define AREAS 24
#define MAP_ROUNDS 600

struct area {
    uint32_t *start;
    size_t pages;
    uint32_t mark;
};

static void check_area(const struct area *a)
{
    for (size_t i = 0; i < a->pages; i++) {
        uint32_t got = a->start[i * PAGE / sizeof(*a->start)];

        if (got != a->mark + i) {
            fail("page %zu of %zu holds %#x, not %#zx", i, a->pages, got,
                 a->mark + i);
        }
    }
}

static void fill_area(struct area *a, size_t from)
{
    for (size_t i = from; i < a->pages; i++) {
        uint32_t *word = &a->start[i * PAGE / sizeof(*a->start)];

        if (*word != 0) {
            fail("a new page holds %#x", *word);
        }
        *word = a->mark + (uint32_t)i;
    }
}

/* Grow or shrink, perhaps at another address. */
static void resize_area(struct area *a, size_t pages)
{
    size_t before = a->pages;

    a->start = mremap(a->start, before * PAGE, pages * PAGE, MREMAP_MAYMOVE);
    if (a->start == MAP_FAILED) {
        fail("mremap from %zu to %zu pages", before, pages);
    }
    a->pages = pages;
    if (pages > before) {
        fill_area(a, before);
    }
}

static void step_mmap(void)
{
    struct area areas[AREAS] = { 0 };
    uint32_t state = 1;

    for (unsigned round = 0; round < MAP_ROUNDS; round++) {
        struct area *a = &areas[next_random(&state) % AREAS];
        size_t pages = 1 + next_random(&state) % 96;

        if (!a->start) {
            a->start = map_pages(pages);
            a->pages = pages;
            a->mark = round << 12;
            fill_area(a, 0);
            continue;
        }
        check_area(a);
        if (round % 3 == 0) {
            resize_area(a, pages);
            check_area(a);
        } else if (munmap(a->start, a->pages * PAGE) != 0) {
            fail("munmap");
        } else {
            a->start = NULL;
        }
    }
    for (size_t i = 0; i < AREAS; i++) {
        if (areas[i].start) {
            check_area(&areas[i]);
        }
    }
    printf("%d changes\n", MAP_ROUNDS);
}

/* --- mprotect ----------------------------------------------------------- */

#define PROTECT_PAGES 128
#define PROTECT_ROUNDS 500

static uint8_t *volatile fault_page;    /* made usable by the handler */
static void *volatile fault_at;
static volatile unsigned faults;

static void on_fault(int number, siginfo_t *info, void *context)
{
    fault_at = info->si_addr;
    faults++;
    if (mprotect(fault_page, PAGE, PROT_READ | PROT_WRITE) != 0) {
        _exit(3);
    }
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *),
                   int flags)
{
    struct sigaction action = { .sa_sigaction = handler,
                                .sa_flags = SA_SIGINFO | flags };

    if (sigaction(number, &action, NULL) != 0) {
        fail("sigaction of %d", number);
    }
}

/* Code that was data a moment ago must run, then not any more. */
static void check_execution(void)
{
    static const uint8_t code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
    uint8_t *page = map_pages(1);
    int (*function)(void);

    memcpy(page, code, sizeof(code));
    if (mprotect(page, PAGE, PROT_READ | PROT_EXEC) != 0) {
        fail("mprotect to code");
    }
    memcpy(&function, &page, sizeof(function));
    if (function() != 42) {
        fail("generated code gave a wrong number");
    }
    munmap(page, PAGE);
}

static void step_mprotect(void)
{
    uint8_t *pages = map_pages(PROTECT_PAGES);
    uint32_t state = 7;

    memset(pages, 1, PROTECT_PAGES * PAGE);
    handle(SIGSEGV, on_fault, 0);
    for (unsigned round = 0; round < PROTECT_ROUNDS; round++) {
        uint8_t *page = pages + next_random(&state) % PROTECT_PAGES * PAGE;
        volatile uint8_t *byte = page + next_random(&state) % PAGE;
        int rights = round % 2 ? PROT_READ : PROT_NONE;
        unsigned before = faults;

        if (mprotect(page, PAGE, rights) != 0) {
            fail("mprotect");
        }
        fault_page = page;
        *byte = (uint8_t)(*byte + 1);
        if (faults != before + 1 || fault_at != byte) {
            fail("round %u: %u faults, the last at %p instead of %p", round,
                 faults - before, fault_at, (void *)byte);
        }
    }
    check_execution();
    printf("%u faults\n", faults);
}

/* --- signal ------------------------------------------------------------- */

#define SIGNALS 400

static volatile sig_atomic_t signals_seen;
static volatile sig_atomic_t on_own_stack;
static uint8_t other_stack[64 << 10];

static void on_signal(int number, siginfo_t *info, void *context)
{
    uint8_t here;

    if (&here >= other_stack && &here < other_stack + sizeof(other_stack)) {
        on_own_stack++;
    }
    signals_seen++;
}

/* Registers that a handler could spoil hold what they held. */
static void raise_with_registers(int number)
{
    double a = 1.5, b = 2.25;
    register uint64_t r12 asm("r12") = 0x1234567890abcdef;

    asm volatile("" : "+x"(a), "+x"(b), "+r"(r12));
    if (raise(number) != 0) {
        fail("raise");
    }
    asm volatile("" : "+x"(a), "+x"(b), "+r"(r12));
    if (a != 1.5 || b != 2.25 || r12 != 0x1234567890abcdef) {
        fail("a signal changed registers");
    }
}

static void step_signal(void)
{
    stack_t stack = { .ss_sp = other_stack, .ss_size = sizeof(other_stack) };
    struct itimerval often = { { 0, 5000 }, { 0, 5000 } };
    struct itimerval never = { { 0, 0 }, { 0, 0 } };
    int ticks;

    if (sigaltstack(&stack, NULL) != 0) {
        fail("sigaltstack");
    }
    handle(SIGUSR1, on_signal, SA_ONSTACK);
    handle(SIGALRM, on_signal, 0);
    for (int i = 0; i < SIGNALS; i++) {
        raise_with_registers(SIGUSR1);
    }
    if (signals_seen != SIGNALS || on_own_stack != SIGNALS) {
        fail("%d of %d signals, %d on the other stack", (int)signals_seen,
             SIGNALS, (int)on_own_stack);
    }
    signals_seen = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    while (signals_seen < 10) {
        pause();
    }
    setitimer(ITIMER_REAL, &never, NULL);
    ticks = signals_seen;
    printf("%d raised, %d by a timer\n", SIGNALS, ticks);
}

/* --- thread ------------------------------------------------------------- */

#define THREADS 8
#define TURNS 300

static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_changed = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t all_here;
static unsigned turn;
static unsigned long unlocked_count;
static __thread unsigned long own_count;

static void *take_turns(void *argument)
{
    unsigned number = (unsigned)(uintptr_t)argument;

    pthread_barrier_wait(&all_here);
    for (unsigned i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&turn_lock);
        while (turn % THREADS != number) {
            pthread_cond_wait(&turn_changed, &turn_lock);
        }
        turn++;
        own_count++;
        pthread_cond_broadcast(&turn_changed);
        pthread_mutex_unlock(&turn_lock);
    }
    for (unsigned i = 0; i < 20000; i++) {
        __atomic_fetch_add(&unlocked_count, 1, __ATOMIC_RELAXED);
    }
    return (void *)own_count;
}

static void step_thread(void)
{
    pthread_t threads[THREADS];

    pthread_barrier_init(&all_here, NULL, THREADS);
    for (uintptr_t i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, take_turns, (void *)i) != 0) {
            fail("pthread_create %zu", (size_t)i);
        }
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *count;

        pthread_join(threads[i], &count);
        if ((uintptr_t)count != TURNS) {
            fail("thread %u counted %zu turns", i, (size_t)count);
        }
    }
    if (turn != THREADS * TURNS || unlocked_count != THREADS * 20000) {
        fail("%u turns and %lu additions", turn, unlocked_count);
    }
    printf("%d threads, %u turns\n", THREADS, turn);
}

/* --- clock -------------------------------------------------------------- */

#define WATCHERS 4
#define LOOKS 20000

static uint64_t latest;         /* of all threads, in ns */

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * What another thread published before we look must not lie after what we
 * see.  The load is an acquire, so it is done before the clock is read.
 */
static void *watch(void *argument)
{
    for (unsigned i = 0; i < LOOKS; i++) {
        uint64_t before = __atomic_load_n(&latest, __ATOMIC_ACQUIRE);
        uint64_t now = now_ns();

        if (now < before) {
            return (void *)(uintptr_t)(before - now);
        }
        while (before < now && !__atomic_compare_exchange_n(
                   &latest, &before, now, 0, __ATOMIC_ACQ_REL,
                   __ATOMIC_ACQUIRE)) {
        }
    }
    return NULL;
}

static void step_clock(void)
{
    static const struct timespec pause_time = { 0, 20000000 };
    pthread_t threads[WATCHERS];
    uint64_t longest = 0;

    for (unsigned i = 0; i < WATCHERS; i++) {
        pthread_create(&threads[i], NULL, watch, NULL);
    }
    for (unsigned i = 0; i < WATCHERS; i++) {
        void *back;

        pthread_join(threads[i], &back);
        if (back) {
            fail("time ran back by %zu ns", (size_t)back);
        }
    }
    for (unsigned i = 0; i < 20; i++) {
        uint64_t start = now_ns();
        uint64_t took;

        nanosleep(&pause_time, NULL);
        took = now_ns() - start;
        if (took < 20000000 || took > 60000000000) {
            fail("a sleep of 20 ms took %lu us", (unsigned long)took / 1000);
        }
        longest = took > longest ? took : longest;
    }
    printf("the longest sleep of 20 ms took %lu us\n",
           (unsigned long)longest / 1000);
}

/* --- fpu ---------------------------------------------------------------- */

#define FPU_PROCESSES 3
#define FPU_ROUNDS 300

/* Keep values in SSE registers while others run. */
static void __attribute__((noreturn)) hold_registers(unsigned number)
{
    const uint64_t in[2] = { number * 0x0101010101010101u, ~number };
    uint64_t low[2], high[2];

    for (unsigned i = 0; i < FPU_ROUNDS; i++) {
        asm volatile("movups %2, %%xmm5\n\tmovups %2, %%xmm12\n\t"
                     "mov %3, %%eax\n\tsyscall\n\t"
                     "movups %%xmm5, %0\n\tmovups %%xmm12, %1"
                     : "=m"(low), "=m"(high)
                     : "m"(in), "i"(SYS_sched_yield)
                     : "rax", "rcx", "r11", "xmm5", "xmm12", "memory");
        if (memcmp(low, in, sizeof(in)) != 0 ||
            memcmp(high, in, sizeof(in)) != 0) {
            _exit(1);
        }
    }
    _exit(0);
}

static void step_fpu(void)
{
    pid_t pids[FPU_PROCESSES];

    for (unsigned i = 0; i < FPU_PROCESSES; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            hold_registers(i + 1);
        }
    }
    for (unsigned i = 0; i < FPU_PROCESSES; i++) {
        expect_exit(pids[i], 0);
    }
    printf("%d processes\n", FPU_PROCESSES);
}

/* --- trap --------------------------------------------------------------- */

static volatile int trap_signal, trap_code;
static volatile uintptr_t trap_address;
static volatile unsigned trap_skip;     /* bytes of the instruction to skip */

static void on_trap(int number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    trap_signal = number;
    trap_code = info->si_code;
    trap_address = (uintptr_t)info->si_addr;
    uc->uc_mcontext.gregs[REG_RIP] += trap_skip;
}

static void expect_trap(const char *what, int number, int code)
{
    if (trap_signal != number || trap_code != code) {
        fail("%s: signal %d code %d, not %d code %d", what, trap_signal,
             trap_code, number, code);
    }
    trap_signal = 0;
}

static void step_trap(void)
{
    static const int numbers[] = { SIGTRAP, SIGFPE, SIGILL, SIGSEGV,
                                   SIGBUS };
    long pid;

    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
        handle(numbers[i], on_trap, 0);
    }
    asm volatile("int3");
    expect_trap("int3", SIGTRAP, SI_KERNEL);
    trap_skip = 2;
    asm volatile("ud2");
    expect_trap("ud2", SIGILL, ILL_ILLOPN);
    asm volatile("xor %%eax, %%eax\n\tcltd\n\tdiv %%eax" ::: "rax", "rdx");
    expect_trap("division by zero", SIGFPE, FPE_INTDIV);
    trap_skip = 1;
    asm volatile("hlt");
    expect_trap("hlt", SIGSEGV, SI_KERNEL);
    asm volatile("cli");
    expect_trap("cli", SIGSEGV, SI_KERNEL);
    trap_skip = 2;
    asm volatile("in $0x80, %%al" ::: "rax");
    expect_trap("in", SIGSEGV, SI_KERNEL);
    asm volatile("int $0x42");
    expect_trap("int 0x42", SIGSEGV, SI_KERNEL);
    trap_skip = 3;
    asm volatile("movb $0, (%0)" : : "a"(0x8000000000000000u) : "memory");
    expect_trap("a store to no address", SIGSEGV, SI_KERNEL);
    asm volatile("movb $0, (%0)" : : "a"(0xffff800000000000u) : "memory");
    expect_trap("a store to the hypervisor", SIGSEGV, SEGV_MAPERR);
    asm volatile("int $0x80" : "=a"(pid) : "0"(20L) : "memory");
    if (pid != getpid()) {
        fail("int 0x80 says process %ld, not %d", pid, (int)getpid());
    }
    printf("10 traps\n");
}

/* --- trace -------------------------------------------------------------- */

static volatile uint64_t watched;

static void __attribute__((noreturn)) traced(void)
{
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    for (int i = 0; i < 20; i++) {
        watched++;
    }
    _exit(7);
}

static void poke_debug(pid_t pid, unsigned index, uint64_t value)
{
    if (ptrace(PTRACE_POKEUSER, pid,
               offsetof(struct user, u_debugreg) + index * 8, value) != 0) {
        fail("debug register %u", index);
    }
}

/* Let the child go on in some way; it must stop by SIGTRAP. */
static int go_on(pid_t pid, int request)
{
    int status;

    if (ptrace(request, pid, 0, 0) != 0 || waitpid(pid, &status, 0) != pid) {
        fail("ptrace");
    }
    return WIFSTOPPED(status) ? WSTOPSIG(status) : -1;
}

static void step_trace(void)
{
    pid_t pid = fork();
    int steps, hits, status;

    if (pid == 0) {
        traced();
    }
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status)) {
        fail("the child did not stop");
    }
    for (steps = 0; steps < 50; steps++) {
        if (go_on(pid, PTRACE_SINGLESTEP) != SIGTRAP) {
            fail("step %d", steps);
        }
    }
    poke_debug(pid, 0, (uintptr_t)&watched);
    poke_debug(pid, 7, 1 | 0xd << 16);      /* 8 bytes, on writes */
    for (hits = 0; go_on(pid, PTRACE_CONT) == SIGTRAP; hits++) {
        if (hits == 12) {
            poke_debug(pid, 7, 0);
        }
    }
    if (hits != 13) {
        fail("the watchpoint stopped the child %d times", hits);
    }
    printf("%d steps, %d stops by a watchpoint\n", steps, hits);
}

/* --- ldt ---------------------------------------------------------------- */

static uint32_t ldt_data[4] = { 11, 22, 33, 44 };

static void write_ldt(unsigned entry, uintptr_t base)
{
    struct user_desc d = { .entry_number = entry,
                           .base_addr = (unsigned)base,
                           .limit = sizeof(ldt_data) - 1, .seg_32bit = 1,
                           .useable = 1 };

    if (syscall(SYS_modify_ldt, 1, &d, sizeof(d)) != 0) {
        fail("modify_ldt");
    }
}

static uint32_t read_by_segment(unsigned selector, uint64_t offset)
{
    uint32_t value, saved;

    asm volatile("mov %%gs, %1\n\tmov %2, %%gs\n\tmov %%gs:(%3), %0\n\t"
                 "mov %1, %%gs"
                 : "=&r"(value), "=&r"(saved)
                 : "r"(selector), "r"(offset));
    return value;
}

static void step_ldt(void)
{
    static const unsigned entries[] = { 0, 5, 511, 1000 };
    uint32_t *low = mmap((void *)0x20000000, PAGE, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
                         -1, 0);

    if (low == MAP_FAILED) {
        fail("no page below 4 GiB");
    }
    memcpy(low, ldt_data, sizeof(ldt_data));
    for (size_t i = 0; i < ARRAY_SIZE(entries); i++) {
        pid_t pid;

        write_ldt(entries[i], (uintptr_t)low);
        pid = fork();
        if (pid == 0) {
            sched_yield();
            _exit(read_by_segment(entries[i] * 8 + 7, 8) == 33 ? 9 : 1);
        }
        sched_yield();
        if (read_by_segment(entries[i] * 8 + 7, 4) != 22) {
            fail("entry %u reads wrong data", entries[i]);
        }
        expect_exit(pid, 9);
    }
    printf("%zu entries\n", ARRAY_SIZE(entries));
}

/* --- cpus --------------------------------------------------------------- */

#define VISITS 20

static void visit(int cpu)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    if (sched_setaffinity(0, sizeof(one), &one) != 0) {
        fail("CPU %d cannot be chosen", cpu);
    }
    if (sched_getcpu() != cpu) {
        fail("on CPU %d instead of %d", sched_getcpu(), cpu);
    }
}

static void step_cpus(void)
{
    const char *expected = getenv("expect_cpus");
    int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);

    if (expected && atoi(expected) != cpus) {
        fail("%d CPUs, not %s", cpus, expected);
    }
    for (int i = 0; i < VISITS * cpus; i++) {
        visit(i * 7 % cpus);
    }
    for (int cpu = 0; cpu < cpus; cpu++) {
        visit(cpu);
    }
    printf("%d\n", cpus);
}

/* --- audit -------------------------------------------------------------- */

#define AUDIT_CALL 55   /* manual: arch_7 */

/* By /dev/xen/privcmd, which passes any hypercall of root's on. */
static void step_audit(void)
{
    struct {
        uint64_t number, arguments[5];
    } call = { .number = AUDIT_CALL };
    int fd = open("/dev/xen/privcmd", O_RDWR);

    if (fd < 0) {
        fail("no /dev/xen/privcmd");
    }
    if (ioctl(fd, _IOC(_IOC_NONE, 'P', 0, sizeof(call)), &call) == 0) {
        printf("all counts agree\n");
    } else if (errno == ENOSYS) {
        printf("not offered\n");
    } else {
        fail("the hypervisor disagrees with itself");
    }
}

/* ------------------------------------------------------------------------ */

static const struct {
    const char *name;
    void (*run)(void);
} steps[] = {
    { "fork", step_fork },     { "pipe", step_pipe },
    { "mmap", step_mmap },     { "mprotect", step_mprotect },
    { "signal", step_signal }, { "thread", step_thread },
    { "clock", step_clock },   { "fpu", step_fpu },
    { "trap", step_trap },     { "trace", step_trace },
    { "ldt", step_ldt },       { "cpus", step_cpus },
    { "audit", step_audit },   /* the last one: not in the list */
};
#define LISTED (ARRAY_SIZE(steps) - 1)

int main(int argc, char **argv)
{
    const char *wanted = argc == 2 ? argv[1] : "";

    if (strcmp(wanted, "list") == 0) {
        for (size_t i = 0; i < LISTED; i++) {
            printf("%s%s", i ? "," : "", steps[i].name);
        }
        printf("\n");
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        if (strcmp(wanted, steps[i].name) == 0) {
            steps[i].run();
            return 0;
        }
    }
    fprintf(stderr, "usage: workload list | workload STEP\n");
    return 2;
}
