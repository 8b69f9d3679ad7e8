/* SPDX-License-Identifier: MIT */
/*
 * Bytes as decisions. Every choice of a fuzzer is taken from its input, so
 * one input is one sequence of calls for ever, whether the bytes come from
 * libFuzzer, from a file or from a seed. Input that has ended reads as zero.
 */
#ifndef TESTS_FUZZ_INPUT_H
#define TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input {
    const uint8_t *next;
    size_t left;
};

static inline uint8_t input_byte(struct input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->next++;
}

static inline uint64_t input_bits(struct input *in, unsigned int bytes)
{
    uint64_t v = 0;

    while (bytes-- > 0) {
        v = v << 8 | input_byte(in);
    }
    return v;
}

/* A number below n (at most 65,536). */
static inline unsigned int input_below(struct input *in, unsigned int n)
{
    return (unsigned int)(input_bits(in, n > 256 ? 2 : 1) % n);
}

/* True about once in n. */
static inline bool input_one_in(struct input *in, unsigned int n)
{
    return input_below(in, n) == n - 1;
}

/* Fills bytes[0..size-1] from a seed (xorshift64*). */
static inline void input_from_seed(uint64_t seed, uint8_t *bytes, size_t size)
{
    uint64_t x = seed * 0x9e3779b97f4a7c15ull + 1;
    size_t i;

    for (i = 0; i < size; i++) {
        x ^= x >> 12;
        x ^= x << 25;
        x ^= x >> 27;
        bytes[i] = (uint8_t)((x * 0x2545f4914f6cdd1dull) >> 56);
    }
}

#endif
