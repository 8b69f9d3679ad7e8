/* SPDX-License-Identifier: MIT */
/*
 * The command line of a fuzzer: seeds one after the other, for a bounded time,
 * or inputs that were saved.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct seeds {
    uint64_t first, count;
    double seconds;
};

/* Takes one option with its value; false: there is none of this name. */
static bool take_option(struct seeds *s, const char *name, const char *value)
{
    if (strcmp(name, "--first") == 0) {
        s->first = strtoull(value, NULL, 0);
    } else if (strcmp(name, "--count") == 0) {
        s->count = strtoull(value, NULL, 0);
    } else if (strcmp(name, "--seconds") == 0) {
        s->seconds = strtod(value, NULL);
    } else {
        return false;
    }
    return true;
}

static bool run_seeds(const struct seeds *s, bool (*run_seed)(uint64_t seed))
{
    time_t start = time(NULL);
    uint64_t i;

    for (i = 0; i < s->count && difftime(time(NULL), start) <= s->seconds;
         i++) {
        if (!run_seed(s->first + i)) {
            return false;
        }
    }
    printf("%llu sequences, ", (unsigned long long)i);
    fuzz_print_census();
    return true;
}

int fuzz_main(int argc, char **argv, uint64_t count,
              bool (*run_seed)(uint64_t seed),
              bool (*run_file)(const char *name))
{
    struct seeds s = { .first = 1, .count = count, .seconds = 10 };

    for (int a = 1; a < argc; a++) {
        if (strcmp(argv[a], "--trace") == 0) {
            trace = true;
        } else if (a + 1 < argc && take_option(&s, argv[a], argv[a + 1])) {
            a++;
        } else {
            return run_file(argv[a]) ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    return run_seeds(&s, run_seed) ? EXIT_SUCCESS : EXIT_FAILURE;
}
