/* SPDX-License-Identifier: MIT */
/*
 * The dispatch edge (core/hypercall.c): from a number in rax to a handler
 * with C values, and back.
 *
 * The table is made from hypercall-abi/hypercalls.def; the entry code calls
 * hc_<name>(rdi, rsi, rdx, r10, r8) straight from it. Handlers which take a
 * structure get a private copy made here, once. Results are 0 or more, or
 * -XEN_E*. -XEN_ERESTART never reaches a guest: the edge backs rip up over
 * the SYSCALL (or int 0x82), so that the guest makes the call again with the
 * registers that hypercall_restart() left.
 */
#ifndef HV_HYPERCALL_H
#define HV_HYPERCALL_H

#include <hv/domain.h>
#include <xen/errno.h>

/* Internal to the hypervisor, asserted never to reach a guest. */
#define XEN_ERESTART_CALL 85

typedef int64_t hypercall_fn(uint64_t a0, uint64_t a1, uint64_t a2,
                             uint64_t a3, uint64_t a4);

#define HYPERCALL_MAX 64
extern hypercall_fn *const hypercall_table[HYPERCALL_MAX];

/* What the entry code calls: that table, or one whose rows record each call
 * in the trace first. */
extern hypercall_fn *const *hypercall_lane;

/* From now on the latter. */
void hypercall_trace(void);

/* The multicall that this CPU executes, and how it goes on behind the entry
 * that it is at. */
struct multicall {
    enum {
        MULTICALL_GOES_ON,
        MULTICALL_RESTARTS,    /* at that entry, with these arguments */
        MULTICALL_LEFT,        /* by iret, and this is its result */
        MULTICALL_FAULTED,
    } state;
    unsigned int arg_count;    /* args that are new */
    uint64_t op;
    uint64_t args[5];
    int64_t result;
};

/* By number; NULL where none was ever given out. */
extern const char *const hypercall_names[HYPERCALL_MAX];

/*
 * Arranges that the guest repeats the current call with these arguments, and
 * returns the value for the handler to return. Works inside a multicall too,
 * where the arguments go into its entry instead of the registers.
 * Arguments not given (index >= count) stay as they are.
 */
int64_t hypercall_restart(unsigned int count, const uint64_t args[]);

/* int 0x82: the hypercall gate of 32-bit kernels, which run in ring 1. */
void hypercall_entry_32(struct cpu_regs *regs);

/* An array argument: copies one fixed-size element at a time. */
struct guest_iter {
    gva_t next;
    uint64_t left;      /* elements */
    uint32_t size;      /* bytes of an element */
};

static inline struct guest_iter guest_iter(gva_t base, uint64_t count,
                                           uint32_t size)
{
    struct guest_iter it = { base, count, size };
    return it;
}

/* Reads the next element; 0, or -XEN_EFAULT. it->left must not be 0. */
int guest_iter_read(struct guest_iter *it, void *element) MUST_CHECK;

/* Rows of the .def table. */
#define HYPERCALL(nr, name, kind, restartable) \
    int64_t hc_##name(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
#define HYPERCALL_ABSENT(nr, name)
#include <hypercalls.def>
#undef HYPERCALL
#undef HYPERCALL_ABSENT

#endif
