/* SPDX-License-Identifier: MIT */
/*
 * The event rings.
 *
 * Each CPU writes only its own ring, interrupts off, so recording takes no
 * lock and no locked instruction. `next` counts events for ever; the ring
 * holds the last RING_EVENTS of them. A dump reads the rings of other CPUs
 * without stopping them and may see one event half-written: it is for people,
 * after the others were stopped or when nothing depends on it.
 *
 * The time is the CPU's own time-stamp counter, not system time: events must
 * be recordable while the clock code itself is what is being watched.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/trace.h>
#include <hv/util.h>

struct trace_entry {
    uint64_t tsc;
    uint64_t event;
    uint64_t args[3];
};

#define RING_EVENTS 64u

struct trace_ring {
    uint64_t next;
    struct trace_entry entries[RING_EVENTS];
};
STATIC_ASSERT(sizeof(struct trace_ring) <= PAGE_SIZE, "one page each");

bool trace_enabled;

static struct trace_ring *rings[CPUS_MAX];

static const char *const texts[] = {
#define TRACE_EVENT(name, text) [TRACE_##name] = text,
#include <hv/trace_events.def>
#undef TRACE_EVENT
};

void trace_start(void)
{
    for (unsigned int i = 0; i < cpu_count; i++) {
        rings[i] = hv_alloc_pages(0);
    }
    trace_enabled = true;
}

void trace_record(enum trace_event event, uint64_t a, uint64_t b, uint64_t c)
{
    struct trace_ring *ring = rings[this_cpu()->id];
    struct trace_entry *e;

    if (ring == NULL) {
        return;
    }
    e = &ring->entries[ring->next % RING_EVENTS];
    e->tsc = __builtin_ia32_rdtsc();
    e->event = event;
    e->args[0] = a;
    e->args[1] = b;
    e->args[2] = c;
    ring->next++;
}

static void print_entry(unsigned int cpu, const struct trace_entry *e)
{
    char line[120];
    int at;

    if (e->event >= TRACE_EVENT_COUNT) {
        return;
    }
    at = snprintk(line, sizeof(line), "cpu %u tsc %lu: ", cpu, e->tsc);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintk(line + at, sizeof(line) - (size_t)at, texts[e->event],
             e->args[0], e->args[1], e->args[2]);
#pragma GCC diagnostic pop
    printk("%s", line);
}

void trace_dump(unsigned int count)
{
    for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++) {
        const struct trace_ring *ring = rings[cpu];
        uint64_t n, last;

        if (ring == NULL) {
            continue;
        }
        last = __atomic_load_n(&ring->next, __ATOMIC_RELAXED);
        n = min_u64(min_u64(count, RING_EVENTS), last);
        for (uint64_t i = last - n; i < last; i++) {
            print_entry(cpu, &ring->entries[i % RING_EVENTS]);
        }
    }
}
