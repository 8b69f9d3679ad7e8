/* SPDX-License-Identifier: MIT */
/*
 * What happened: a ring of records for each CPU (core/trace.c), in Xen's
 * trace format.
 *
 * An event costs one predictable branch while tracing is off. The option
 * "trace" keeps the last ones, for the debug keys and for a panic; with
 * "trace_stream" somebody outside (tools/xenios trace) empties the rings. The
 * events stand in hv/trace_events.def.
 */
#ifndef HV_TRACE_H
#define HV_TRACE_H

#include <hv/bug.h>
#include <hv/types.h>
#include <xen/trace.h>

/* Events that Xen does not know: a kind of their own in the one class whose
 * unknown records xenalyze leaves aside, whoever runs. */
#define TRACE_OWN(n) (0x00804000 + (n))

enum trace_event {
#define TRACE_EVENT(name, number, layout, text) TRACE_##name,
#include <hv/trace_events.def>
#undef TRACE_EVENT
    TRACE_EVENT_COUNT
};

enum {
#define TRACE_EVENT(name, number, layout, text) \
    TRACE_##name##_args = sizeof(layout) - 1,
#include <hv/trace_events.def>
#undef TRACE_EVENT
};

/* The classes and kinds that are recorded (as Xen's mask); 0: tracing is
 * off. */
extern uint32_t trace_mask;

/* Cold: whatever leads to it, the compiler takes out of the common path. */
__attribute__((cold, noinline))
void trace_record(enum trace_event event, const uint64_t args[]);

/* Records an event of this CPU: TRACE(BLOCK, d->id, v->id); */
#define TRACE(event, ...)                                                   \
    do {                                                                    \
        STATIC_ASSERT(sizeof((const uint64_t[]){ __VA_ARGS__ }) ==          \
                      TRACE_##event##_args * sizeof(uint64_t),              \
                      "as many arguments as the event has");                \
        if (UNLIKELY(trace_mask != 0)) {                                    \
            trace_record(TRACE_##event, (const uint64_t[]){ __VA_ARGS__ }); \
        }                                                                   \
    } while (0)

/* The two whose number or length depends on what happens. Call them only
 * while trace_mask is not 0. */
__attribute__((cold, noinline))
void trace_hypercall(enum trace_event event, uint64_t nr,
                     const uint64_t args[5]);
__attribute__((cold, noinline))
void trace_runstate(uint32_t domid, uint32_t vcpu_id, int from, int to);

/* Allocates the rings and begins, as the options say; once, when all CPUs are
 * known. Without memory for a ring that CPU stays silent. */
void trace_start(void);

/* Prints up to `count` last events of each CPU, oldest first. */
void trace_dump(unsigned int count);

#endif
