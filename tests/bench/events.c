/* SPDX-License-Identifier: MIT */
/*
 * A plugin of QEMU that counts what is dear on real machines within the
 * samples of the bench guest: instructions that serialise, flush or lock.
 * Under TCG each costs as much as any other, so the counts of instructions
 * say nothing of them.
 *
 * The guest marks its samples by two forms of RDTSC that nothing else uses,
 * and its rows by a NOP with a number (bench.h, B2).  At the end of a row the
 * counts of the sample with the median number of instructions go to the file
 * that the argument out= names, one line a row, written at once: QEMU may be
 * killed any time.  With whole=FILE what was counted in all, from the start of
 * the machine, goes there when QEMU exits by itself: no marks are needed.
 *
 * With path=FILE the addresses of the instructions of a row's last sample go
 * to that file, a line a row.
 *
 *   P1  the counters are plain memory that translated code adds to; so the
 *       machine must run in one thread, which -icount makes sure of
 *   P2  what a guest is not allowed to do traps and is done by the
 *       hypervisor, so privileged instructions count only in its addresses
 *
 * QEMU's header for plugins is not packaged everywhere; the prototypes below
 * are the few of its interface (version 1) that are used here.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef void tb_callback(uint64_t id, struct qemu_plugin_tb *tb);
typedef void exit_callback(uint64_t id, void *context);
typedef void insn_callback(unsigned int vcpu, void *context);

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id, tb_callback *callback);
void qemu_plugin_register_atexit_cb(uint64_t id, exit_callback *callback,
                                    void *context);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(
    const struct qemu_plugin_tb *tb, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *insn);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *insn);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *insn);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
                                            insn_callback *callback, int flags,
                                            void *context);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *insn,
                                                int add, void *counter,
                                                uint64_t amount);

#define EXPORT __attribute__((visibility("default")))

EXPORT int qemu_plugin_version = 1;
EXPORT int qemu_plugin_install(uint64_t id, const void *info, int count,
                               char **arguments);

#define HYPERVISOR_FIRST 0xffff800000000000ull
#define HYPERVISOR_END   0xffff880000000000ull
#define SAMPLES_MAX      256u
#define TRAIL_MAX        (1u << 21)

enum event {
    ALL, GUEST, SYSCALL, SYSRET, IRET, INT, LOCK, CR3, CR4, INVLPG, WRMSR,
    PORT, EVENTS,
};

static const char *const names[EVENTS] = {
    "all", "guest", "syscall", "sysret", "iret", "int", "lock", "cr3", "cr4",
    "invlpg", "wrmsr", "port",
};

struct counts {
    uint64_t of[EVENTS];
};

static struct counts now, begun, samples[SAMPLES_MAX];
static unsigned int sample_count;
static bool sampling;
static FILE *out, *path, *whole;
static uint64_t *trail;                 /* of the sample that runs */
static unsigned int trail_length;

static void sample_begin(unsigned int vcpu, void *context)
{
    begun = now;
    trail_length = 0;
    sampling = true;
}

static void step(unsigned int vcpu, void *address)
{
    if (sampling && trail_length < TRAIL_MAX) {
        trail[trail_length++] = (uint64_t)address;
    }
}

static void sample_end(unsigned int vcpu, void *context)
{
    sampling = false;
    if (sample_count == SAMPLES_MAX) {
        return;
    }
    for (unsigned int e = 0; e < EVENTS; e++) {
        samples[sample_count].of[e] = now.of[e] - begun.of[e];
    }
    sample_count++;
}

static void row_begin(unsigned int vcpu, void *context)
{
    sample_count = 0;
}

static int compare(const void *a, const void *b)
{
    uint64_t x = ((const struct counts *)a)->of[ALL];
    uint64_t y = ((const struct counts *)b)->of[ALL];

    return (x > y) - (x < y);
}

static void trail_write(void)
{
    for (unsigned int i = 0; i < trail_length; i++) {
        fprintf(path, "%llx ", (unsigned long long)trail[i]);
    }
    fputc('\n', path);
    fflush(path);
}

static void counts_write(FILE *to, unsigned int of,
                         const struct counts *counts)
{
    fprintf(to, "samples=%u", of);
    for (unsigned int e = 0; of > 0 && e < EVENTS; e++) {
        fprintf(to, " %s=%llu", names[e], (unsigned long long)counts->of[e]);
    }
    fputc('\n', to);
    fflush(to);
}

static void row_end(unsigned int vcpu, void *context)
{
    qsort(samples, sample_count, sizeof(samples[0]), compare);
    counts_write(out, sample_count, &samples[sample_count / 2]);
    if (path != NULL) {
        trail_write();
    }
}

struct code {
    const uint8_t *byte;
    size_t length;
};

static uint8_t byte_at(struct code code, size_t index)
{
    return index < code.length ? code.byte[index] : 0;
}

/* Skips prefixes; says whether one of them was LOCK. */
static bool prefixes_skip(struct code *code)
{
    static const uint8_t prefixes[] = {
        0xf0, 0xf2, 0xf3, 0x66, 0x67, 0x2e, 0x36, 0x3e, 0x26, 0x64, 0x65,
    };
    bool lock = false;

    while (code->length > 1 &&
           (memchr(prefixes, code->byte[0], sizeof(prefixes)) != NULL ||
            (code->byte[0] & 0xf0) == 0x40)) {
        lock = lock || code->byte[0] == 0xf0;
        code->byte++;
        code->length--;
    }
    return lock;
}

/* Two-byte opcodes; EVENTS for one that does not count. */
static enum event classify_0f(struct code code, bool hypervisor)
{
    uint8_t modrm = byte_at(code, 2);
    unsigned int reg = (modrm >> 3) & 7;

    switch (byte_at(code, 1)) {
    case 0x05:
        return SYSCALL;
    case 0x07:
        return SYSRET;
    case 0x01:
        return hypervisor && reg == 7 && modrm < 0xc0 ? INVLPG : EVENTS;
    case 0x22:
        return !hypervisor ? EVENTS : reg == 3 ? CR3 : reg == 4 ? CR4 : EVENTS;
    case 0x30:
        return hypervisor ? WRMSR : EVENTS;
    default:
        return EVENTS;
    }
}

static enum event classify(struct code code, bool hypervisor)
{
    uint8_t opcode;

    if (prefixes_skip(&code)) {
        return LOCK;
    }
    opcode = byte_at(code, 0);
    switch (opcode) {
    case 0x0f:
        return classify_0f(code, hypervisor);
    case 0x86:                          /* XCHG with memory locks, too */
    case 0x87:
        return byte_at(code, 1) < 0xc0 ? LOCK : EVENTS;
    case 0xcd:
    case 0xcc:
        return INT;
    case 0xcf:
        return IRET;
    case 0xe4 ... 0xe7:
    case 0xec ... 0xef:
        return hypervisor ? PORT : EVENTS;
    default:
        return EVENTS;
    }
}

/* What the guest's marks call; NULL for other instructions. */
static insn_callback *mark(struct code code)
{
    static const struct {
        uint8_t length, byte[7];
        insn_callback *callback;
    } marks[] = {
        { 3, { 0x48, 0x0f, 0x31 }, sample_begin },
        { 3, { 0x49, 0x0f, 0x31 }, sample_end },
        { 7, { 0x0f, 0x1f, 0x80, 0x01, 0x00, 0x42, 0x58 }, row_begin },
        { 7, { 0x0f, 0x1f, 0x80, 0x02, 0x00, 0x42, 0x58 }, row_end },
    };

    for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
        if (code.length == marks[i].length &&
            memcmp(code.byte, marks[i].byte, code.length) == 0) {
            return marks[i].callback;
        }
    }
    return NULL;
}

static void count(struct qemu_plugin_insn *insn, enum event event)
{
    qemu_plugin_register_vcpu_insn_exec_inline(insn, 0, &now.of[event], 1);
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(tb); i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        struct code code = {
            qemu_plugin_insn_data(insn), qemu_plugin_insn_size(insn),
        };
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        bool hypervisor = address >= HYPERVISOR_FIRST &&
                          address < HYPERVISOR_END;
        insn_callback *callback = out != NULL ? mark(code) : NULL;
        enum event event = classify(code, hypervisor);

        if (callback != NULL) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, callback, 0, NULL);
        }
        count(insn, ALL);
        if (!hypervisor) {
            count(insn, GUEST);
        }
        if (event != EVENTS) {
            count(insn, event);
        }
        if (path != NULL) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, step, 0,
                                                   (void *)address);
        }
    }
}

static void at_exit(uint64_t id, void *context)
{
    counts_write(whole, 1, &now);
}

int qemu_plugin_install(uint64_t id, const void *info, int argument_count,
                        char **arguments)
{
    for (int i = 0; i < argument_count; i++) {
        if (strncmp(arguments[i], "out=", 4) == 0) {
            out = fopen(arguments[i] + 4, "w");
        }
        if (strncmp(arguments[i], "whole=", 6) == 0) {
            whole = fopen(arguments[i] + 6, "w");
        }
        if (strncmp(arguments[i], "path=", 5) == 0) {
            path = fopen(arguments[i] + 5, "w");
            trail = malloc(TRAIL_MAX * sizeof(*trail));
        }
    }
    if ((out == NULL && whole == NULL) || (path != NULL && trail == NULL)) {
        fprintf(stderr, "events: out=FILE or whole=FILE is missing or can not "
                "be written\n");
        return 1;
    }
    if (whole != NULL) {
        qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
    return 0;
}
