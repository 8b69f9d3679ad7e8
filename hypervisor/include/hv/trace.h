/* SPDX-License-Identifier: MIT */
/*
 * What happened last: a small ring of events for each CPU (core/trace.c).
 *
 * An event costs one predictable branch while tracing is off (the default;
 * option "trace" turns it on) and a few stores when it is on. A panic prints
 * the last ones. The events and their texts stand in hv/trace_events.def.
 */
#ifndef HV_TRACE_H
#define HV_TRACE_H

#include <hv/bug.h>
#include <hv/types.h>

enum trace_event {
#define TRACE_EVENT(name, text) TRACE_##name,
#include <hv/trace_events.def>
#undef TRACE_EVENT
    TRACE_EVENT_COUNT
};

extern bool trace_enabled;

void trace_record(enum trace_event event, uint64_t a, uint64_t b, uint64_t c);

/* Records an event of this CPU: TRACE(DOMAIN_CRASH, d->id, v->id, 0); */
#define TRACE(event, a, b, c)                                               \
    do {                                                                    \
        if (UNLIKELY(trace_enabled)) {                                      \
            trace_record(TRACE_##event, (a), (b), (c));                     \
        }                                                                   \
    } while (0)

/* Allocates the rings and begins; once, when all CPUs are known. Without
 * memory for a ring that CPU stays silent. */
void trace_start(void);

/* Prints up to `count` last events of each CPU, oldest first. */
void trace_dump(unsigned int count);

#endif
