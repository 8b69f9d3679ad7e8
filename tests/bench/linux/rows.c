/* SPDX-License-Identifier: MIT */
/*
 * What Linux costs its programs: the rows of lmbench that show a hypervisor
 * (docs/bench-linux.md says what each one does). It is the first process of
 * the ramdisk `bench`, so that nothing else runs beside it, and powers the
 * machine off in the end.
 *
 * R1  A row is run in batches of always the same size, so that it means the
 *     same everywhere: some milliseconds in a guest whose processor QEMU
 *     emulates, long enough for any clock. The first ones are its warm-up.
 * R2  Each batch is checked: exit statuses, tokens that every process has
 *     counted up, faults counted by the kernel, signals by their handlers.
 *     A batch that did not happen is a FAILED row, never a fast one.
 * R3  A turn is one batch that nobody times, since the machine may have been
 *     halted for a while and its caches hold others' work, and then as many
 *     samples as are wanted, all in one line.
 *
 * What a reader of the console gets, a line each, times in picoseconds an
 * operation:
 *
 *     BENCH uptime_ns <ns>
 *     BENCH ready <name> batch <n>
 *     BENCH took <name> <ps> ...
 *     BENCH row <name> FAILED <reason>
 *     BENCH DONE <rows> <failures>
 *
 * $rows names the rows to run, separated by commas; $samples how many
 * samples a turn has. A row has one turn; with $turns it has one for each
 * line "go" that is read from the console, until "next" ends it. Linux hands
 * these words on from its command line, if they have values.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096UL
#define FILE_PAGES 1024UL
#define FILE_SIZE (FILE_PAGES * PAGE)
#define TOUCH_STRIDE (4 * PAGE)
#define SELF "/bin/bench"
#define FILE_NAME "/bench.data"
#define STATUS 7                /* of every program that only ends */
#define WARM_UP 4               /* batches */
#define SAMPLES 15
#define SAMPLES_MAX 101
#define PROCESSES_MAX 8
#define ALONE_RUNS 4
#define SUM_MAX (16 << 10)
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* --- a row's end that is no measurement ---------------------------------- */

static jmp_buf row_failed;
static char reason[160];

static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *format, ...)
{
    va_list args;
    size_t used;

    va_start(args, format);
    vsnprintf(reason, sizeof(reason), format, args);
    va_end(args);
    used = strlen(reason);
    snprintf(reason + used, sizeof(reason) - used, " (errno %d)", errno);
    longjmp(row_failed, 1);
}

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

static void expect_exit(pid_t pid, int status)
{
    int got;

    if (pid < 0) {
        fail("fork");
    }
    if (waitpid(pid, &got, 0) != pid) {
        fail("waitpid");
    }
    if (!WIFEXITED(got) || WEXITSTATUS(got) != status) {
        fail("a child ended with %#x, not exit status %d", (unsigned)got,
             status);
    }
}

/* --- system calls -------------------------------------------------------- */

static uint64_t run_null(unsigned batch)
{
    long parent = getppid();
    uint64_t start = now_ns();

    for (unsigned i = 0; i < batch; i++) {
        if (syscall(SYS_getppid) != parent) {
            fail("getppid");
        }
    }
    return now_ns() - start;
}

static uint64_t run_stat(unsigned batch)
{
    struct stat info;
    uint64_t start = now_ns();

    for (unsigned i = 0; i < batch; i++) {
        info.st_size = 0;
        if (stat(FILE_NAME, &info) != 0 || info.st_size != FILE_SIZE) {
            fail("stat");
        }
    }
    return now_ns() - start;
}

/* --- processes ----------------------------------------------------------- */

static uint64_t run_fork(unsigned batch)
{
    uint64_t start = now_ns();

    for (unsigned i = 0; i < batch; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            _exit(STATUS);
        }
        expect_exit(pid, STATUS);
    }
    return now_ns() - start;
}

/* Fork, and let the child become this program. */
static uint64_t run_program(unsigned batch, const char *path,
                            char *const arguments[])
{
    static char *const environment[] = { NULL };
    uint64_t start = now_ns();

    for (unsigned i = 0; i < batch; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            execve(path, arguments, environment);
            _exit(127);
        }
        expect_exit(pid, STATUS);
    }
    return now_ns() - start;
}

static uint64_t run_exec(unsigned batch)
{
    static char *const arguments[] = { SELF, "exit", NULL };

    return run_program(batch, SELF, arguments);
}

static uint64_t run_sh(unsigned batch)
{
    /* The second command keeps the shell from becoming the first one. */
    static char *const arguments[] = {
        "sh", "-c", SELF " exit; exit $?", NULL
    };

    return run_program(batch, "/bin/sh", arguments);
}

/* --- pipes and context switches ------------------------------------------ */

struct ring {
    unsigned processes;
    unsigned sum_bytes;         /* that each one reads at its turn */
    int pipes[PROCESSES_MAX][2];
    pid_t children[PROCESSES_MAX];
    int alone[2];               /* a pipe that only the first one uses */
};

static struct ring ring;
static uint32_t summed[SUM_MAX / sizeof(uint32_t)];

static void use_cache(unsigned bytes)
{
    volatile uint32_t sum = 0;
    uint32_t got = 0;

    for (size_t i = 0; i < bytes / sizeof(summed[0]); i++) {
        got += summed[i];
    }
    sum = got;
    (void)sum;
}

static int take_token(int fd, uint32_t *token)
{
    return read(fd, token, sizeof(*token)) == sizeof(*token);
}

static int give_token(int fd, uint32_t token)
{
    return write(fd, &token, sizeof(token)) == sizeof(token);
}

/* Process n of a ring: from its pipe to the next one's, until that ends. */
static void __attribute__((noreturn)) pass_on(unsigned n)
{
    unsigned next = (n + 1) % ring.processes;
    uint32_t token;

    for (unsigned i = 0; i < ring.processes; i++) {
        if (i != n) {
            close(ring.pipes[i][0]);
        }
        if (i != next) {
            close(ring.pipes[i][1]);
        }
    }
    memset(summed, 1, sizeof(summed));          /* pages of its own */
    while (take_token(ring.pipes[n][0], &token)) {
        use_cache(ring.sum_bytes);
        if (!give_token(ring.pipes[next][1], token + 1)) {
            _exit(1);
        }
    }
    _exit(STATUS);
}

/* The same work in one process: what hops cost without a switch. */
static uint64_t hop_alone(unsigned hops)
{
    uint32_t token = 0;
    uint64_t start = now_ns();

    for (unsigned i = 0; i < hops; i++) {
        if (!give_token(ring.alone[1], token) ||
            !take_token(ring.alone[0], &token)) {
            fail("a pipe to itself");
        }
        use_cache(ring.sum_bytes);
    }
    return now_ns() - start;
}

static void ring_open(unsigned processes, unsigned sum_bytes)
{
    ring.processes = processes;
    ring.sum_bytes = sum_bytes;
    memset(summed, 1, sizeof(summed));
    for (unsigned i = 0; i < processes; i++) {
        if (pipe(ring.pipes[i]) != 0) {
            fail("pipe");
        }
    }
    for (unsigned i = 1; i < processes; i++) {
        ring.children[i] = fork();
        if (ring.children[i] == 0) {
            pass_on(i);
        }
        if (ring.children[i] < 0) {
            fail("fork");
        }
    }
    /* Each end is now open where it is used, and nowhere else. */
    for (unsigned i = 0; i < processes; i++) {
        if (i != 0) {
            close(ring.pipes[i][0]);
        }
        if (i != 1 % processes) {
            close(ring.pipes[i][1]);
        }
    }
    if (pipe(ring.alone) != 0) {
        fail("pipe");
    }
}

static void ring_close(void)
{
    close(ring.pipes[1][1]);
    for (unsigned i = 1; i < ring.processes; i++) {
        expect_exit(ring.children[i], STATUS);
    }
    close(ring.pipes[0][0]);
    close(ring.alone[0]);
    close(ring.alone[1]);
}

/* The token goes round; every process adds one to it. */
static uint64_t ring_run(unsigned rounds)
{
    uint32_t token = 0;
    uint64_t start = now_ns();

    for (unsigned i = 0; i < rounds; i++) {
        if (!give_token(ring.pipes[1][1], token + 1) ||
            !take_token(ring.pipes[0][0], &token)) {
            fail("the ring broke");
        }
        use_cache(ring.sum_bytes);
    }
    if (token != rounds * ring.processes) {
        fail("the token is %u after %u rounds of %u", token, rounds,
             ring.processes);
    }
    return now_ns() - start;
}

static void open_pipe(void)
{
    ring_open(2, 0);
}

static void open_switch_8p(void)
{
    ring_open(8, 16 << 10);
}

/* Of a round's time what its hops cost without a switch is not ours. That is
 * measured at once, since the machine's speed may be another one later, and
 * a few times, since a hop that was disturbed would hide a switch. */
static uint64_t run_switch(unsigned switches)
{
    unsigned rounds = (switches + ring.processes - 1) / ring.processes;
    uint64_t took = ring_run(rounds) / rounds;
    uint64_t alone = UINT64_MAX;

    for (unsigned i = 0; i < ALONE_RUNS; i++) {
        uint64_t got = hop_alone(ring.processes);

        alone = got < alone ? got : alone;
    }
    return took > alone ? (took - alone) * switches / ring.processes : 0;
}

/* --- memory -------------------------------------------------------------- */

static uint8_t *map_file(void)
{
    int fd = open(FILE_NAME, O_RDWR);
    void *p;

    if (fd < 0) {
        fail("open");
    }
    p = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED) {
        fail("mmap");
    }
    return p;
}

static void unmap_file(uint8_t *p)
{
    if (munmap(p, FILE_SIZE) != 0) {
        fail("munmap");
    }
}

static long faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

static uint64_t run_mmap(unsigned batch)
{
    uint64_t start = now_ns();

    for (unsigned i = 0; i < batch; i++) {
        volatile uint8_t *p = map_file();

        for (size_t at = 0; at < FILE_SIZE; at += TOUCH_STRIDE) {
            if (p[at] != (uint8_t)(at / PAGE)) {
                fail("page %zu of a mapping holds %u", at / PAGE, p[at]);
            }
        }
        unmap_file((uint8_t *)p);
    }
    return now_ns() - start;
}

/* Written to, each page of a shared mapping takes a fault of its own: only
 * for reads the kernel maps the pages around as well. */
static uint64_t fault_pages(unsigned pages)
{
    volatile uint8_t *p = map_file();
    long before = faults();
    uint64_t start = now_ns();
    uint64_t took;

    for (size_t i = 0; i < pages; i++) {
        p[i * PAGE] = (uint8_t)i;
    }
    took = now_ns() - start;
    if (faults() - before < (long)pages) {
        fail("%ld faults on %u pages", faults() - before, pages);
    }
    unmap_file((uint8_t *)p);
    return took;
}

static uint64_t run_page_fault(unsigned batch)
{
    uint64_t took = 0;

    while (batch > 0) {
        unsigned pages = batch < FILE_PAGES ? batch : FILE_PAGES;

        took += fault_pages(pages);
        batch -= pages;
    }
    return took;
}

/* --- signals ------------------------------------------------------------- */

static volatile unsigned handled;
static unsigned handled_end;            /* the fault that is repaired */
static uint8_t *protected_page;

static void count_signal(int number)
{
    handled++;
}

static void set_handler(int number, void (*handler)(int))
{
    struct sigaction action = { .sa_handler = handler };

    if (sigaction(number, &action, NULL) != 0) {
        fail("sigaction");
    }
}

static uint64_t run_install(unsigned batch)
{
    uint64_t start = now_ns();

    for (unsigned i = 0; i < batch; i++) {
        set_handler(SIGUSR2, i & 1 ? SIG_DFL : count_signal);
    }
    return now_ns() - start;
}

static uint64_t run_handle(unsigned batch)
{
    pid_t self = getpid();
    uint64_t start;

    set_handler(SIGUSR1, count_signal);
    handled = 0;
    start = now_ns();
    for (unsigned i = 0; i < batch; i++) {
        kill(self, SIGUSR1);
    }
    if (handled != batch) {
        fail("%u signals handled of %u", handled, batch);
    }
    return now_ns() - start;
}

/* The store is tried again after each return, until it may succeed. */
static void on_protection(int number, siginfo_t *info, void *context)
{
    handled++;
    if (info->si_addr != protected_page || info->si_code != SEGV_ACCERR ||
        handled >= handled_end) {
        mprotect(protected_page, PAGE, PROT_READ | PROT_WRITE);
    }
}

static uint64_t run_protection_fault(unsigned batch)
{
    struct sigaction action = {
        .sa_sigaction = on_protection, .sa_flags = SA_SIGINFO
    };
    uint64_t start, took;

    protected_page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
                          MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (protected_page == MAP_FAILED ||
        sigaction(SIGSEGV, &action, NULL) != 0) {
        fail("mmap or sigaction");
    }
    *protected_page = 1;
    mprotect(protected_page, PAGE, PROT_READ);
    handled = 0;
    handled_end = batch;
    start = now_ns();
    *(volatile uint8_t *)protected_page = 2;
    took = now_ns() - start;
    set_handler(SIGSEGV, SIG_DFL);
    if (handled != batch || *protected_page != 2) {
        fail("%u faults handled of %u", handled, batch);
    }
    munmap(protected_page, PAGE);
    return took;
}

/* --- the rows ------------------------------------------------------------ */

struct row {
    const char *name;
    uint64_t (*run)(unsigned batch);    /* nanoseconds for all of it */
    void (*open)(void);
    void (*close)(void);
    unsigned batch;                     /* R1 */
};

static const struct row rows[] = {
    { "null-call", run_null, NULL, NULL, 64 },
    { "stat", run_stat, NULL, NULL, 32 },
    { "fork-exit", run_fork, NULL, NULL, 4 },
    { "fork-exec", run_exec, NULL, NULL, 1 },
    { "sh", run_sh, NULL, NULL, 1 },
    { "pipe", ring_run, open_pipe, ring_close, 4 },
    { "switch-2p-0k", run_switch, open_pipe, ring_close, 8 },
    { "switch-8p-16k", run_switch, open_switch_8p, ring_close, 8 },
    { "mmap", run_mmap, NULL, NULL, 1 },
    { "page-fault", run_page_fault, NULL, NULL, 128 },
    { "protection-fault", run_protection_fault, NULL, NULL, 32 },
    { "signal-install", run_install, NULL, NULL, 64 },
    { "signal-handle", run_handle, NULL, NULL, 32 },
};

/* R3. */
static void take_turn(const struct row *row, unsigned samples)
{
    uint64_t took[SAMPLES_MAX];

    row->run(row->batch);
    for (unsigned i = 0; i < samples; i++) {
        took[i] = row->run(row->batch) * 1000 / row->batch;
        if (took[i] == 0) {
            fail("no time passed");
        }
    }
    printf("BENCH took %s", row->name);
    for (unsigned i = 0; i < samples; i++) {
        printf(" %llu", (unsigned long long)took[i]);
    }
    printf("\n");
}

/* Waits for a line of the console: another turn, or the next row? */
static int told_to_go(void)
{
    char line[16];

    if (!fgets(line, sizeof(line), stdin)) {
        fail("the input has ended");
    }
    line[strcspn(line, "\n")] = '\0';
    if (strcmp(line, "go") != 0 && strcmp(line, "next") != 0) {
        fail("no such command: %s", line);
    }
    return strcmp(line, "go") == 0;
}

static void measure(const struct row *row, unsigned samples)
{
    if (row->open) {
        row->open();
    }
    for (unsigned i = 0; i < WARM_UP; i++) {
        row->run(row->batch);
    }
    printf("BENCH ready %s batch %u\n", row->name, row->batch);
    if (getenv("turns")) {
        while (told_to_go()) {
            take_turn(row, samples);
        }
    } else {
        take_turn(row, samples);
    }
    if (row->close) {
        row->close();
    }
}

/* Is the row among those that were asked for? */
static int wanted(const char *name)
{
    const char *list = getenv("rows");
    size_t length = strlen(name);

    while (list && *list) {
        if (strncmp(list, name, length) == 0 &&
            (list[length] == ',' || list[length] == '\0')) {
            return 1;
        }
        list = strchr(list, ',');
        list = list ? list + 1 : NULL;
        if (!list) {
            return 0;
        }
    }
    return 1;
}

static unsigned samples_wanted(void)
{
    const char *text = getenv("samples");
    long samples = text ? strtol(text, NULL, 10) : SAMPLES;

    return samples < 1 || samples > SAMPLES_MAX ? SAMPLES : (unsigned)samples;
}

static void make_file(void)
{
    uint8_t page[PAGE];
    int fd = open(FILE_NAME, O_RDWR | O_CREAT | O_TRUNC, 0600);

    for (size_t i = 0; i < FILE_PAGES; i++) {
        memset(page, (int)(uint8_t)i, sizeof(page));
        if (write(fd, page, sizeof(page)) != sizeof(page)) {
            fail("writing %s", FILE_NAME);
        }
    }
    close(fd);
}

/* Runs the rows; returns how many failed. */
static unsigned run_rows(void)
{
    volatile unsigned done = 0, failures = 0;

    if (setjmp(row_failed) == 0) {
        make_file();
    }
    for (volatile size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        if (!wanted(rows[i].name)) {
            continue;
        }
        done++;
        if (setjmp(row_failed) == 0) {
            measure(&rows[i], samples_wanted());
        } else {
            failures++;
            printf("BENCH row %s FAILED %s\n", rows[i].name, reason);
        }
    }
    printf("BENCH DONE %u %u\n", done, failures);
    return failures;
}

/* The first process waits and powers off; the kernel would tell of each
 * fault that it causes, so another one runs the rows. */
static void __attribute__((noreturn)) be_first(void)
{
    pid_t pid = fork();

    if (pid == 0) {
        _exit(run_rows() != 0);
    }
    while (wait(NULL) != pid) {
        /* Somebody's orphan. */
    }
    reboot(RB_POWER_OFF);
    _exit(1);
}

/* What we are told must not stand between what we say. */
static void stop_echo(void)
{
    struct termios mode;

    if (tcgetattr(STDIN_FILENO, &mode) == 0) {
        mode.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSANOW, &mode);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "exit") == 0) {
        _exit(STATUS);
    }
    setlinebuf(stdout);
    stop_echo();
    printf("BENCH uptime_ns %llu\n", (unsigned long long)now_ns());
    if (getpid() == 1) {
        be_first();
    }
    return run_rows() != 0;
}
