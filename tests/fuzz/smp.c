/* SPDX-License-Identifier: MIT */
/*
 * Two hostile guests on two CPUs at the same time.
 *
 * The steps are those of hypercalls.c, but two threads make them, each
 * playing one CPU, so that one CPU's get meets another's put, and a table is
 * walked, by the hypervisor and by hardware, while it changes. Between rounds
 * both stop and the world is audited. What a round does depends on timing; a
 * finding can not be repeated at will, but TSan tells both sides of a race.
 *
 *     fuzz_smp [--first N] [--count N] [--seconds S] [--trace]
 */
#include "fuzz.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS      10
#define STEPS       20
#define ROUND_BYTES 1024

/* Read by TSan. Memory that a guest shares with us is raced for by right: a
 * page is copied while its owner writes it, and shared_info is written by us
 * while the guest lets another call write to it, too. A CPU counts its events
 * without regard for who reads the numbers or sets them to 0. */
const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void)
{
    return "race:op_copy_page\nrace:hc_update_descriptor\n"
           "race:time_update_vcpu\nrace:window_access\n"
           "race:counters_reset\nrace:copy_counter\n";
}

struct player {
    pthread_t thread;
    unsigned int cpu;
    enum host_stop how;
    uint8_t bytes[ROUND_BYTES];
};

static void play(void *unused)
{
    unsigned int n;

    for (n = 0; n < STEPS && fuzz_schedule_here(); n++) {
        fuzz_step();
    }
}

static void *start(void *arg)
{
    struct player *p = arg;

    host_set_cpu(p->cpu);
    *fuzz_input() = (struct input){ p->bytes, sizeof(p->bytes) };
    p->how = host_run(play, NULL);
    return NULL;
}

static void audit(void *unused)
{
    world_audit(w);
}

static void free_world(void *unused)
{
    world_free(w);
}

/* How the round ended: the worst of both, or the audit's. */
static enum host_stop run_round(struct player players[CPUS], uint64_t seed)
{
    enum host_stop how = HOST_RETURNED;
    unsigned int i;

    for (i = 0; i < CPUS; i++) {
        players[i].cpu = i;
        input_from_seed(seed * CPUS + i, players[i].bytes, ROUND_BYTES);
        pthread_create(&players[i].thread, NULL, start, &players[i]);
    }
    for (i = 0; i < CPUS; i++) {
        pthread_join(players[i].thread, NULL);
        if (players[i].how > how) {
            how = players[i].how;
        }
    }
    if (how != HOST_PANIC && host_run(audit, NULL) == HOST_PANIC) {
        how = HOST_PANIC;
    }
    return how;
}

/* False when the sequence ended in a panic. */
static bool run_seed(uint64_t seed)
{
    static struct player players[CPUS];
    enum host_stop how = HOST_RETURNED;
    unsigned int r;

    fuzz_build_world();
    for (r = 0; r < ROUNDS && how == HOST_RETURNED; r++) {
        how = run_round(players, seed * ROUNDS + r);
    }
    host_set_cpu(0);
    if (how != HOST_PANIC) {
        how = host_run(free_world, NULL);
    }
    if (how == HOST_PANIC) {
        fprintf(stderr, "%sseed %llu failed\n", host_console_text(),
                (unsigned long long)seed);
    }
    return how != HOST_PANIC;
}

/* A sequence can not be repeated, so none is saved. */
static bool no_file(const char *name)
{
    fprintf(stderr, "%s: neither an option nor its value\n", name);
    return false;
}

int main(int argc, char **argv)
{
    in_parallel = true;
    return fuzz_main(argc, argv, 200, run_seed, no_file);
}
