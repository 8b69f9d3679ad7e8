/* SPDX-License-Identifier: MIT */
/*
 * Two hostile guests.
 *
 * An input becomes a sequence of steps of two domains with two vcpus each on
 * two CPUs: hypercalls with arguments that are nearly right (frames that are
 * tables, descriptors, shared pages, another domain's, free or no memory;
 * entries with every flag; pointers into windows, holes and the middle of
 * nowhere), stores into their own memory through their own page tables, mode
 * and vcpu switches, time, shortages and faults. The CPUs have TLBs.
 *
 * After each step the world is audited: references and types are counted
 * again from nothing, and no TLB may hold an entry that could break a rule.
 * A BUG_ON, an audit's disagreement or a sanitizer report is a finding; an
 * errno, a crashed domain or a power-off is a guest's own business.
 *
 *     fuzz_hypercalls [--first N] [--count N] [--seconds S]   seeds
 *     fuzz_hypercalls FILE...                                 saved inputs
 *
 * or libFuzzer's own main when built with clang -fsanitize=fuzzer.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#define INPUT_BYTES 4096
#define STEPS_MAX   200

static void run_steps(void *unused)
{
    unsigned int n;

    for (n = 0; n < STEPS_MAX && fuzz_input()->left > 0; n++) {
        if (!fuzz_choose_vcpu()) {
            break;
        }
        fuzz_step();
        world_audit(w);
    }
}

static void free_world(void *unused)
{
    world_free(w);
}

/* False when the sequence ended in a panic. */
static bool run_input(const uint8_t *bytes, size_t size)
{
    enum host_stop how;

    *fuzz_input() = (struct input){ bytes, size };
    fuzz_build_world();
    how = host_run(run_steps, NULL);
    if (how != HOST_PANIC) {
        how = host_run(free_world, NULL);
    }
    if (how == HOST_PANIC) {
        fputs(host_console_text(), stderr);
        return false;
    }
    return true;
}

#ifdef XENIOS_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!run_input(bytes, size)) {
        abort();
    }
    return 0;
}

#else

static bool run_seed(uint64_t seed)
{
    uint8_t bytes[INPUT_BYTES];

    input_from_seed(seed, bytes, sizeof(bytes));
    if (run_input(bytes, sizeof(bytes))) {
        return true;
    }
    fprintf(stderr, "seed %llu failed: --trace --first %llu --count 1\n",
            (unsigned long long)seed, (unsigned long long)seed);
    return false;
}

static bool run_file(const char *name)
{
    static uint8_t bytes[1 << 16];
    FILE *f = fopen(name, "rb");
    size_t size;

    if (f == NULL) {
        perror(name);
        return false;
    }
    size = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    return run_input(bytes, size);
}

int main(int argc, char **argv)
{
    return fuzz_main(argc, argv, 500, run_seed, run_file);
}

#endif
