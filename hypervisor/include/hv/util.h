/* SPDX-License-Identifier: MIT */
/* Small helpers without policy: minimum and maximum, lists, bits. */
#ifndef HV_UTIL_H
#define HV_UTIL_H

#include <hv/bug.h>
#include <hv/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) \
    ((type *)((char *)(ptr) - offsetof(type, member)))

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static inline uint64_t round_up(uint64_t x, uint64_t align)
{
    return (x + align - 1) & ~(align - 1);
}

static inline uint64_t round_down(uint64_t x, uint64_t align)
{
    return x & ~(align - 1);
}

/* Set bits; the compiler's own builtin is a library call on plain x86-64. */
static inline unsigned int count_bits(uint64_t x)
{
    unsigned int n = 0;

    for (; x != 0; x &= x - 1) {
        n++;
    }
    return n;
}

/* A circular list with a head; an element out of any list points at itself. */
struct list {
    struct list *next;
    struct list *prev;
};

static inline void list_init(struct list *l)
{
    l->next = l;
    l->prev = l;
}

static inline bool list_empty(const struct list *l)
{
    return l->next == l;
}

static inline void list_add_tail(struct list *head, struct list *e)
{
    e->next = head;
    e->prev = head->prev;
    head->prev->next = e;
    head->prev = e;
}

static inline void list_del(struct list *e)
{
    e->prev->next = e->next;
    e->next->prev = e->prev;
    list_init(e);
}

/* Freestanding string functions (core/string.c; the host's libc on the host) */
void *memcpy(void *restrict dst, const void *restrict src, size_t n);
void *memset(void *dst, int c, size_t n);
void *memmove(void *dst, const void *src, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

#endif
