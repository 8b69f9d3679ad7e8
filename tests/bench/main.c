/* SPDX-License-Identifier: MIT */
/*
 * Runs the rows and prints what a program can read:
 *
 *     ROW <id> <least> <median> <9th decile> <most> <title>
 *     BAD <id> <what did not hold>
 *     SKIP <id> <why>
 *     BENCH DONE <number of rows>
 *
 * rows=PATTERN[,PATTERN] on the command line selects by id, * for anything.
 */
#include "bench.h"

static const struct row *const tables[] = {
    rows_call, rows_event, rows_vcpu, rows_mmu, rows_tree, rows_trap,
    rows_emulate,
};

/* NOPs that events.c knows (B2). */
#define MARK(number)                                                         \
    __asm__ volatile(".byte 0x0f, 0x1f, 0x80\n\t .long " number : : : "memory")
#define MARK_BEGIN "0x58420001"
#define MARK_END   "0x58420002"

static uint32_t samples[SAMPLES];
static unsigned int repetition;         /* 0: before the first */
static uint32_t pair_cost;
static const struct row *current;
static bool failed;

bool bench_more(void)
{
    if (repetition == WARM_UP + SAMPLES) {
        return false;
    }
    repetition++;
    return true;
}

void bench_sample(uint32_t ticks)
{
    if (repetition > WARM_UP) {
        samples[repetition - WARM_UP - 1] = ticks;
    }
}

void bench_samples(const uint32_t *ticks)
{
    REPEAT {
        bench_sample(ticks[repetition - 1]);
    }
}

void bench_bad(const char *what)
{
    if (!failed) {
        printf("BAD %s %s\n", current->id, what);
    }
    failed = true;
}

void bench_skip(const char *why)
{
    printf("SKIP %s %s\n", current->id, why);
    failed = true;
}

static void sort(uint32_t *values, unsigned int count)
{
    for (unsigned int i = 1; i < count; i++) {
        uint32_t value = values[i];
        unsigned int at = i;

        for (; at > 0 && values[at - 1] > value; at--) {
            values[at] = values[at - 1];
        }
        values[at] = value;
    }
}

static uint32_t net(unsigned int rank)
{
    return samples[rank] > pair_cost ? samples[rank] - pair_cost : 0;
}

static void run_row(const struct row *row)
{
    current = row;
    failed = false;
    repetition = 0;
    MARK(MARK_BEGIN);
    row->run();
    MARK(MARK_END);
    if (failed) {
        return;
    }
    if (repetition != WARM_UP + SAMPLES) {
        bench_bad("all repetitions done");
        return;
    }
    sort(samples, SAMPLES);
    printf("ROW %s %u %u %u %u %s\n", row->id, net(0), net(SAMPLES / 2),
           net(SAMPLES * 9 / 10), net(SAMPLES - 1), row->title);
}

static void measure_pair(void)
{
    repetition = 0;
    MARK(MARK_BEGIN);
    REPEAT {
        TIMED((void)0);
    }
    MARK(MARK_END);
    sort(samples, SAMPLES);
    pair_cost = samples[SAMPLES / 2];
    printf("PAIR %u\n", pair_cost);
}

void guest_main(void)
{
    const char *patterns = start_option("rows=");
    unsigned int count = 0;

    measure_pair();
    for (unsigned int t = 0; t < ARRAY_SIZE(tables); t++) {
        for (const struct row *row = tables[t]; row->id != NULL; row++) {
            if (patterns == NULL || pattern_list_has(patterns, row->id, false)) {
                run_row(row);
                count++;
            }
        }
    }
    printf("BENCH DONE %u\n", count);
    sched_shutdown(SHUTDOWN_poweroff);
}
