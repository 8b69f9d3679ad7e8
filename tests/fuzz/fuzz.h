/* SPDX-License-Identifier: MIT */
/*
 * What the fuzzers of hypercalls share: a world of two hostile guests
 * (steps.c), and the values they choose from (values.c). A thread that plays
 * a CPU has an input of its own, and every choice comes from it.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "input.h"
#include "world.h"

#define DOMAINS 2
#define VCPUS 3       /* the last waits for VCPUOP_initialise */
#define CPUS 2
#define FRAMES 64

extern struct world *w;
extern bool trace;            /* every step is printed */
extern bool in_parallel;      /* other threads play other CPUs: no audit calls */

/* --- the world (steps.c) ------------------------------------------------- */

/* Two booted guests with handlers, TLBs on; all vcpus run or want to, and d0
 * vcpu 0 is current. */
void fuzz_build_world(void);

/* Makes a vcpu current that can run; this thread then plays its CPU. False
 * when there is none. */
bool fuzz_choose_vcpu(void);

/* The same on this CPU only, by its scheduler; other CPUs may be running. */
bool fuzz_schedule_here(void);

/* One thing that a guest does, then the way out of the hypervisor. No audit. */
void fuzz_step(void);

void fuzz_print_census(void);

/* A hypercall that counts in the census. */
int64_t fuzz_call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                  uint64_t a3);

/* An argument in guest memory: most pointers are good, some are not. */
uint64_t fuzz_arg(const void *data, size_t size);

/* Entries of a list: one is the usual, as the first mistake ends the call. And
 * what the call is told the count is: mostly the truth. */
#define ENTRIES_MAX 6
unsigned int fuzz_count(void);
uint64_t fuzz_told(unsigned int n);

/* --- the command line (seeds.c) ------------------------------------------ */

/* Runs seeds, at most `count` unless told otherwise; what is no option is a
 * file. Returns the exit status. */
int fuzz_main(int argc, char **argv, uint64_t count,
              bool (*run_seed)(uint64_t seed),
              bool (*run_file)(const char *name));

/* --- calls about page tables and descriptors (mmu.c) ---------------------- */

void fuzz_mmu_update(void);
void fuzz_mmuext_op(void);
void fuzz_update_va_mapping(void);
void fuzz_set_gdt(void);
void fuzz_update_descriptor(void);
void fuzz_retype(void);
void fuzz_retype_back(void);
void fuzz_ldt(void);
void fuzz_base_pointer(void);

/* --- steps that are no calls (traps.c) ----------------------------------- */

void fuzz_guest_store(void);
void fuzz_exception(void);
void fuzz_table_store(void);
void fuzz_ldt_fault(void);
void fuzz_iret(void);
void fuzz_user_syscall(void);
void fuzz_deliver(void);

/* --- values (values.c) --------------------------------------------------- */

/* This thread's input. */
struct input *fuzz_input(void);

static inline unsigned int below(unsigned int n)
{
    return input_below(fuzz_input(), n);
}

static inline bool one_in(unsigned int n)
{
    return input_one_in(fuzz_input(), n);
}

unsigned int me(void);        /* domain of the current vcpu: 0, 1 */

/* The frames of a guest that are tables or data at the start. The guest may
 * give data frames back; whatever it gets instead takes their place. */
struct world_guest *fuzz_guest(unsigned int d);
mfn_t fuzz_data(unsigned int d, unsigned int i);
void fuzz_replace_data(unsigned int d, unsigned int i, mfn_t mfn);

uint64_t pick64(const uint64_t *values, size_t count);
#define PICK(...)                                                           \
    pick64((const uint64_t[]){ __VA_ARGS__ },                               \
           sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

uint64_t any_table(unsigned int d);
uint64_t any_mfn(void);
uint64_t any_entry(void);
uint64_t any_va(void);
uint64_t any_index(void);     /* in a table */
uint64_t any_descriptor(void);
uint64_t any_value(void);
uint64_t small(void);

#endif
