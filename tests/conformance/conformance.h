/* SPDX-License-Identifier: MIT */
/*
 * The frame of a conformance case.
 *
 * A case is one folder, AREA/NAME/main.c, whose opening comment is the lesson:
 * what the ABI promises, why, and what went wrong where it was not kept.  All
 * cases are linked into one kernel.  A case reports through the functions
 * below; its status can only get worse:
 *
 *   NONE < SUCCESS < SKIP < ERROR < FAILURE
 *
 * SUCCESS  at least one expectation, and all of them held
 * SKIP     this machine or hypervisor cannot show it; always with a reason
 * ERROR    the case itself is broken (setup failed, nothing was reported, it
 *          did not clean up after itself)
 * FAILURE  the hypervisor does not do what the case says it must
 *
 * Cases share a boot: each leaves memory, ports and callbacks as it found
 * them, and the runner looks.
 */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <pv/evtchn.h>
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/printf.h>
#include <pv/sched.h>
#include <pv/smp.h>
#include <pv/start.h>
#include <pv/string.h>
#include <pv/time.h>
#include <pv/trap.h>
#include <pv/types.h>
#include <pv/user.h>

#include <xen/errno.h>

/* The domain must be killed; run only when named exactly. */
#define EXPECT_CRASH 1u

struct conformance_case {
    const char *id;
    const char *title;
    void (*run)(void);
    uint64_t flags;
};

/* CONFORMANCE_CASE("title", flags) { body } */
#define CONFORMANCE_CASE(case_title, case_flags)                             \
    static void conformance_run(void);                                       \
    static const struct conformance_case conformance_descriptor = {          \
        .id = CONFORMANCE_ID,                                                \
        .title = case_title,                                                 \
        .run = conformance_run,                                              \
        .flags = case_flags,                                                 \
    };                                                                       \
    static const struct conformance_case *const conformance_pointer          \
        __attribute__((used, section(".conformance_cases"))) =               \
            &conformance_descriptor;                                         \
    static void conformance_run(void)

/*
 * Expectations.  One that fails prints "EXPECT <what> want=.. got=.." and
 * makes the case a FAILURE; the case goes on.
 */
void expect_eq(const char *what, uint64_t want, uint64_t got);
void expect_true(const char *what, bool holds);
void expect_no_fault(const char *what, const struct fault *fault);
void expect_fault(const char *what, const struct fault *fault,
                  unsigned int vector, uint64_t error);

void case_skip(const char *reason);
void case_error(const char *reason);

/* For the preparations of a case: if they fail, the case is broken. */
#define REQUIRE(condition)                                                   \
    do {                                                                     \
        if (!(condition)) {                                                  \
            case_error(#condition);                                          \
            return;                                                          \
        }                                                                    \
    } while (0)

/* Addresses for hostile arguments. */
#define HOLE_VA          0xffff800000000000ul   /* M2P: readable, not ours  */
#define HYPERVISOR_VA    0xffff82d000000000ul   /* not even readable        */
#define NON_CANONICAL_VA 0x0000900000000000ul
#define LAST_VA          0x00007ffffffffff8ul   /* of the lower half; unmapped */
#define UNMAPPED_VA      0xffffa00000000000ul   /* guest's, and not mapped  */
#define SCRATCH_VA       0xffff900000000000ul   /* guest's, for cases       */

static inline void *hostile(unsigned long va)
{
    return (void *)va;
}

/* A frame of RAM that this domain does not own, and one that does not exist. */
uint64_t frame_foreign(void);
#define FRAME_ABSENT 0xfffffffffull

/* Map a frame at a scratch address; all made tables go away with release. */
int scratch_map(unsigned long va, uint64_t mfn, uint64_t flags);
void scratch_release(unsigned long va);

/* Raw L1 entry of an address of the kernel, 0 if there is none. */
pte_t kernel_entry(unsigned long va);

/* A port from this vCPU to itself, whose events are counted from 0. */
extern volatile unsigned int ear_heard;
bool ear_open(evtchn_port_t *port);

/* MMUEXT_SET_LDT; what it returns. */
uint64_t ldt_set(unsigned long address, unsigned int entries);

/* XSETBV is defined while the kernel says so, in CR4. */
void set_osxsave(bool on);
uint64_t read_xcr0(void);

/* A page handed out read-only, and back; for tables built by hand. */
static inline void page_make_readonly(void *page)
{
    mm_set_direct(page, PTE_READONLY);
}

static inline void page_make_writable(void *page)
{
    mm_set_direct(page, PTE_DATA);
}

/*
 * USER_CODE(name, "assembler"): position-independent code for user mode, to
 * be given to user_create() as USER_CODE_ARGS(name).
 */
#define USER_CODE(name, text)                                                \
    __asm__(".pushsection .rodata\n" #name "_start:\n\t" text                \
            "\n" #name "_end:\n.popsection\n");                              \
    extern const char name##_start[], name##_end[]

#define USER_CODE_ARGS(name) \
    name##_start, (size_t)(name##_end - name##_start)

#endif
