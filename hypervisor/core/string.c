/* SPDX-License-Identifier: MIT */
/*
 * The C library's memory and string functions, for a program without a C
 * library.
 *
 * The compiler calls memcpy, memset, memmove and memcmp on its own account,
 * so they must exist under these names whether or not the source asks for
 * them. On the host libc provides them, usually checked by a sanitizer, and
 * this file is empty there.
 *
 * Bulk work is done by string instructions on eight bytes: fast on hardware,
 * and under an emulator one emulated step moves eight bytes instead of one.
 * Inline assembly also keeps the compiler from recognizing a copy loop and
 * replacing it by a call of the very function it stands in.
 */
#include <hv/util.h>

#ifndef HV_HOST

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    void *to = dst;
    size_t words = n / 8;

    asm volatile("rep movsq" : "+D"(to), "+S"(src), "+c"(words) : : "memory");
    n %= 8;
    asm volatile("rep movsb" : "+D"(to), "+S"(src), "+c"(n) : : "memory");
    return dst;
}

void *memset(void *dst, int c, size_t n)
{
    void *to = dst;
    uint64_t pattern = 0x0101010101010101ull * (uint8_t)c;
    size_t words = n / 8;

    asm volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    n %= 8;
    asm volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(pattern) : "memory");
    return dst;
}

void *memmove(void *dst, const void *src, size_t n)
{
    uint8_t *to = dst;
    const uint8_t *from = src;

    if (to <= from || to >= from + n) {
        const void *begin = src;
        void *target = dst;

        asm volatile("rep movsb"
                     : "+D"(target), "+S"(begin), "+c"(n) : : "memory");
        return dst;
    }
    while (n > 0) {
        n--;
        to[n] = from[n];
        asm volatile("" : : : "memory"); /* not a call of memmove */
    }
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (size_t i = 0; i < n; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;

    while (s[n] != '\0') {
        n++;
        asm volatile("" : : : "memory");
    }
    return n;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, ~(size_t)0);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t x = (uint8_t)a[i];
        uint8_t y = (uint8_t)b[i];

        if (x != y) {
            return x < y ? -1 : 1;
        }
        if (x == 0) {
            break;
        }
    }
    return 0;
}

#endif
