/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions.
 *
 * A freestanding compiler still emits calls to memcpy, memmove, memset and
 * memcmp for struct copies and initialisers, so these four must exist even
 * where nobody calls them.  They must not be compiled into calls of
 * themselves: the string instructions make that impossible.
 */
#include <pv/string.h>

void *memcpy(void *to, const void *from, size_t count)
{
    void *start = to;

    __asm__ volatile("rep movsb"
                     : "+D"(to), "+S"(from), "+c"(count) : : "memory");
    return start;
}

void *memmove(void *to, const void *from, size_t count)
{
    char *t = to;
    const char *f = from;

    if (t <= f || t >= f + count) {
        return memcpy(to, from, count);
    }
    while (count > 0) {
        count--;
        t[count] = f[count];
        __asm__ volatile("" ::: "memory");      /* stay a loop */
    }
    return to;
}

void *memset(void *to, int byte, size_t count)
{
    void *start = to;

    __asm__ volatile("rep stosb"
                     : "+D"(to), "+c"(count) : "a"(byte) : "memory");
    return start;
}

int memcmp(const void *a, const void *b, size_t count)
{
    const unsigned char *x = a, *y = b;

    for (size_t i = 0; i < count; i++) {
        if (x[i] != y[i]) {
            return x[i] < y[i] ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t length = 0;

    while (s[length] != '\0') {
        length++;
        __asm__ volatile("" ::: "memory");      /* stay a loop */
    }
    return length;
}

int strcmp(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t count)
{
    while (count > 0 && *a != '\0' && *a == *b) {
        a++;
        b++;
        count--;
    }
    return count == 0 ? 0 : (unsigned char)*a - (unsigned char)*b;
}

const char *strchr(const char *s, int c)
{
    for (;; s++) {
        if (*s == (char)c) {
            return s;
        }
        if (*s == '\0') {
            return NULL;
        }
    }
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return 16;
}

bool parse_number(const char *s, uint64_t *value)
{
    unsigned int base = 10;
    uint64_t sum = 0;

    if (s[0] == '0' && s[1] == 'x') {
        base = 16;
        s += 2;
    }
    if (*s == '\0') {
        return false;
    }
    for (; *s != '\0'; s++) {
        unsigned int digit = (unsigned int)digit_value(*s);

        if (digit >= base || sum > (UINT64_MAX - digit) / base) {
            return false;
        }
        sum = sum * base + digit;
    }
    *value = sum;
    return true;
}
