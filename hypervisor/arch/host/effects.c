/* SPDX-License-Identifier: MIT */
/*
 * The log of what was done to the machine, so that a test can say in which
 * order: the flush before the frame is free, the kick after the pending bit.
 * Any thread may add; the place in the log is taken atomically.
 */
#include "internal.h"

static struct host_effect effects[HOST_EFFECTS_MAX];
static unsigned int added;

void host_effect_add(enum host_effect_kind kind, uint64_t a, uint64_t b)
{
    unsigned int n = __atomic_fetch_add(&added, 1, __ATOMIC_RELAXED);
    struct host_effect *e = &effects[n % HOST_EFFECTS_MAX];

    __atomic_store_n(&e->cpu, this_cpu()->id, __ATOMIC_RELAXED);
    __atomic_store_n(&e->a, a, __ATOMIC_RELAXED);
    __atomic_store_n(&e->b, b, __ATOMIC_RELAXED);
    __atomic_store_n(&e->kind, kind, __ATOMIC_RELEASE);
}

void host_effects_clear(void)
{
    __atomic_store_n(&added, 0, __ATOMIC_RELAXED);
}

/* Places older than this are overwritten. */
static unsigned int oldest(unsigned int n)
{
    return n > HOST_EFFECTS_MAX ? n - HOST_EFFECTS_MAX : 0;
}

int host_effect_find(enum host_effect_kind kind, int from)
{
    unsigned int n = __atomic_load_n(&added, __ATOMIC_RELAXED);
    unsigned int i = (unsigned int)max_u64((uint64_t)from, oldest(n));

    for (; i < n; i++) {
        if (effects[i % HOST_EFFECTS_MAX].kind == kind) {
            return (int)i;
        }
    }
    return -1;
}

unsigned int host_effect_count(enum host_effect_kind kind)
{
    unsigned int count = 0;
    int place = host_effect_find(kind, 0);

    while (place >= 0) {
        count++;
        place = host_effect_find(kind, place + 1);
    }
    return count;
}

const struct host_effect *host_effect_at(int place)
{
    return &effects[(unsigned int)place % HOST_EFFECTS_MAX];
}
