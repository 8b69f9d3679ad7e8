/* SPDX-License-Identifier: MIT */
/*
 * The fake machine as tests see it.
 *
 * host_machine_start() makes RAM, frame records, an M2P table and CPUs; then
 * core/ and pv/ run on it unchanged, in the test's own thread, which plays
 * CPU 0 until host_set_cpu() says otherwise. Nothing happens by itself: time
 * stands still until host_set_now(), an interrupt is a softirq bit that
 * softirq_run() finds, and every effect on the machine is written to a log.
 */
#ifndef HOST_HOST_H
#define HOST_HOST_H

#include <hv/domain.h>

/* --- the machine (machine.c) ---------------------------------------------
 * Frames [0, HOST_HOLE_FRAMES) have records but are not RAM; `frames` frames
 * of RAM follow and belong to the allocator. Free RAM is poisoned under ASan
 * and full of HOST_SCRIBBLE bytes otherwise. */
#define HOST_HOLE_FRAMES 16
#define HOST_DEFAULT_FRAMES 1024
#define HOST_SCRIBBLE 0xa5

void host_machine_start(uint64_t frames, unsigned int cpus_wanted);

/* Takes the machine apart. Every frame must be back in the allocator: the
 * return value is how many are not. */
uint64_t host_machine_stop(void);

/* This thread plays that CPU from now on. */
void host_set_cpu(unsigned int id);

/* --- guest memory (guest_mem.c) ------------------------------------------
 * Accesses go through the current vcpu's page table, unless the address lies
 * in a window: then they hit the memory given here, so that a test can pass
 * arguments to a hypercall without building page tables. */
void host_guest_window(gva_t base, void *memory, size_t size, bool writable);
void host_guest_windows_clear(void);

/* Where an address leads in the current vcpu's tables; INVALID_MFN when an
 * access of this kind faults. Sets no accessed and dirty bits. */
mfn_t host_guest_translate(gva_t va, bool write);

/* --- TLB (tlb.c) ----------------------------------------------------------
 * Off at start: every access walks the tables. When on, each CPU caches what
 * it walked until it is flushed, like hardware, so that a flush that is
 * missing is seen. host_tlb_audit() panics when an entry could break a rule:
 * it is writable and its frame is a table now, or the frame changed owner. */
void host_tlb_enable(bool on);
void host_tlb_audit(void);

/* --- failures (inject.c) --------------------------------------------------
 * The n-th allocation (guest access) from now fails, once; 0 is off. */
void host_fail_alloc(unsigned int n);
void host_fail_guest_access(unsigned int n);
/* How many there were since the start: run once to count, then fail each. */
unsigned int host_alloc_count(void);
unsigned int host_guest_access_count(void);

/* All four words of every CPUID leaf but 0; at first 0. */
void host_cpuid_fill(uint32_t word);

/* --- time (clock.c) ------------------------------------------------------- */
/* Moves the clock; due one-shot timers raise SOFTIRQ_TIMER on their CPU. */
void host_set_now(ns_t now);
void host_advance(ns_t by);
/* What CPU `id` programmed last; NS_NEVER when it has fired or is stopped. */
ns_t host_timer_deadline(unsigned int id);

/* --- effects (effects.c) -------------------------------------------------- */
enum host_effect_kind {
    EFFECT_NONE = 0,
    EFFECT_TLB_FLUSH,       /* a: cpus */
    EFFECT_TLB_FLUSH_PAGE,  /* a: cpus, b: va */
    EFFECT_KICK,            /* a: cpu kicked */
    EFFECT_CR3,             /* a: value, b: kernel mode */
    EFFECT_SWITCH,          /* a: struct vcpu * before, b: after */
    EFFECT_TOGGLE,          /* a: new kernel_mode */
    EFFECT_GDT,             /* a: entries */
    EFFECT_LDT,             /* a: entries, b: base */
    EFFECT_LDT_PAGE,        /* a: page, b: mfn */
    EFFECT_SEGMENT_BASE,    /* a: which, b: base */
    EFFECT_TASK_SWITCHED,   /* a: ts */
    EFFECT_DEBUGREG,        /* a: number, b: value */
    EFFECT_TIMER,           /* a: deadline */
    EFFECT_FRAMES_LEFT,     /* a: mfn, b: order; allocated */
    EFFECT_FRAMES_CAME,     /* a: mfn, b: order; freed */
    EFFECT_STOP,            /* a: enum host_stop */
};

struct host_effect {
    enum host_effect_kind kind;
    uint32_t cpu;           /* who caused it */
    uint64_t a, b;
};

#define HOST_EFFECTS_MAX 8192 /* the oldest are forgotten */

void host_effect_add(enum host_effect_kind kind, uint64_t a, uint64_t b);
void host_effects_clear(void);
/* Number of effects since the last clear, of one kind. */
unsigned int host_effect_count(enum host_effect_kind kind);
/* Place (0, 1, ...) of the first effect of this kind at or after `from`, or
 * -1; for tests of order. */
int host_effect_find(enum host_effect_kind kind, int from);
const struct host_effect *host_effect_at(int place);

/* --- console (console.c) --------------------------------------------------
 * All text written so far; set HOST_CONSOLE=1 in the environment to see it. */
const char *host_console_text(void);
void host_console_clear(void);
/* What somebody types; arch_console_read() takes it from here. */
void host_console_type(const char *text);

/* --- stopping (stop.c) ---------------------------------------------------- */
enum host_stop {
    HOST_RETURNED = 0,      /* the function returned */
    HOST_POWEROFF,
    HOST_REBOOT,
    HOST_PANIC,
};

/* Runs fn(arg) and tells how it ended: power-off, reboot and panic come back
 * here. Without a host_run() around, they abort the process with the console's
 * text. */
enum host_stop host_run(void (*fn)(void *arg), void *arg);

#endif
