/* SPDX-License-Identifier: MIT */
/*
 * The frame of a bench row.
 *
 * A row is one operation.  Its function prepares, repeats the operation
 * between two readings of the TSC, checks that it really happened, and cleans
 * up.  Under QEMU's -icount the TSC counts instructions, so a sample is the
 * number of instructions from the end of the first RDTSC to the beginning of
 * the second, guest's and hypervisor's together:
 *
 *     REPEAT {
 *         TIMED(result = hypercall_...());
 *         CHECK(result == 0);
 *     }
 *
 * The pair itself is measured by an empty row and subtracted.  The statement
 * is compiled between the readings, so that a call counts with the
 * instructions that load its arguments.
 *
 *   B1  nothing but the statement stands between the readings: they are
 *       volatile, and memory is clobbered at both
 *   B2  the readings are RDTSC with REX prefixes that change nothing; and a
 *       NOP with a number frames the samples of a row.  A plugin of QEMU
 *       finds these, and so counts events within the samples and nowhere else
 */
#ifndef BENCH_H
#define BENCH_H

#include <pv/evtchn.h>
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/printf.h>
#include <pv/sched.h>
#include <pv/smp.h>
#include <pv/start.h>
#include <pv/string.h>
#include <pv/time.h>
#include <pv/trap.h>
#include <pv/types.h>
#include <pv/user.h>

#include <xen/errno.h>

#define WARM_UP 20u
#define SAMPLES 101u

struct row {
    const char *id;             /* area/name; NULL ends a table */
    const char *title;
    void (*run)(void);
};

extern const struct row rows_call[], rows_event[], rows_mmu[], rows_tree[],
    rows_trap[], rows_emulate[], rows_vcpu[];

#define TSC_BEGIN ".byte 0x48, 0x0f, 0x31"      /* rex.W rdtsc  (B2) */
#define TSC_END   ".byte 0x49, 0x0f, 0x31"      /* rex.WB rdtsc (B2) */

/* Differences of two readings are short: the low half will do. */
static inline uint32_t tsc_begin(void)
{
    uint32_t low;

    __asm__ volatile(TSC_BEGIN "\n\t movl %%eax, %0"
                     : "=r"(low) : : "rax", "rdx", "memory");
    return low;
}

static inline uint32_t tsc_end(void)
{
    uint32_t low;

    __asm__ volatile(TSC_END : "=a"(low) : : "rdx", "memory");
    return low;
}

/* Is another repetition due?  The first WARM_UP are not recorded. */
bool bench_more(void);
void bench_sample(uint32_t ticks);

/* Samples that were taken elsewhere (in user mode), warm-up included. */
void bench_samples(const uint32_t *ticks);

#define REPEAT while (bench_more())

#define TIMED(statement)                                                     \
    do {                                                                     \
        uint32_t begin_ = tsc_begin();                                       \
                                                                             \
        statement;                                                           \
        bench_sample(tsc_end() - begin_);                                    \
    } while (0)

/* The operation did not do what it should: the row is void. */
void bench_bad(const char *what);
/* The operation can not be shown here; no row. */
void bench_skip(const char *why);

#define CHECK(condition)                                                     \
    do {                                                                     \
        if (!(condition)) {                                                  \
            bench_bad(#condition);                                           \
        }                                                                    \
    } while (0)

/* An address of ours that the domain builder leaves free. */
#define SCRATCH_VA 0xffff900000000000ul

/* Ways in of handlers.asm, each as short as it can be. */
extern const char fast_event[], fast_skip_fault[], fast_repair_fault[];
extern const char fast_return[], fast_syscall[];
extern volatile uint64_t fast_port, fast_count, fast_repair_va,
    fast_repair_pte;

/* Register one of them, for a vector or for a callback. */
void fast_vector(unsigned int vector, unsigned int dpl, const char *handler);
void fast_callback(uint16_t type, const char *handler);

/* And the library's own again. */
void fast_end(void);

#endif
