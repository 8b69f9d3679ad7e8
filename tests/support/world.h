/* SPDX-License-Identifier: MIT */
/*
 * A machine with domains in one line:
 *
 *     struct world *w = world_with(2, 64);
 *     ...
 *     world_free(w);
 *
 * Domain 0 is privileged; vcpu 0 of domain 0 is current. Each domain may own
 * up to n_frames frames and owns none yet. world_free() runs every audit,
 * destroys the domains, and fails the test when a frame is missing.
 *
 * Helpers fail the test themselves when they can not do what they say.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <host/host.h>
#include <hv/arch.h>
#include <hv/domain.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

#define WORLD_DOMAINS_MAX 4
#define WORLD_ARGS_BASE 0x7000000000ull  /* the window of world_arg() */
#define WORLD_ARGS_SIZE 0x10000u         /* for each CPU; faults behind it */
#define WORLD_ARGS_STRIDE 0x100000ull    /* from one CPU's to the next */
#define WORLD_ARGS_CPUS 4

/* Page-table bits as tests write them. */
#define PTE_PRESENT  0x001ull
#define PTE_WRITE    0x002ull
#define PTE_USER     0x004ull
#define PTE_ACCESSED 0x020ull
#define PTE_DIRTY    0x040ull
#define PTE_LARGE    0x080ull
#define PTE_NX       (1ull << 63)
#define PTE_RO_FLAGS (PTE_PRESENT | PTE_USER | PTE_ACCESSED)
#define PTE_RW_FLAGS (PTE_RO_FLAGS | PTE_WRITE | PTE_DIRTY)

struct world {
    unsigned int domain_count;
    struct domain *domains[WORLD_DOMAINS_MAX];
    uint64_t next_pfn[WORLD_DOMAINS_MAX];
    uint64_t free_at_start;       /* frames, before the first domain */
    uint8_t *args;                /* memory behind the argument windows */
    size_t args_used[WORLD_ARGS_CPUS];
};

/* One vcpu a domain and one CPU. */
struct world *world_with(unsigned int n_domains, uint64_t n_frames);
struct world *world_with_cpus(unsigned int n_domains, uint64_t n_frames,
                              unsigned int n_vcpus, unsigned int n_cpus);
void world_free(struct world *w);

/* Every audit there is; panics on a disagreement. */
void world_audit(struct world *w);

/* What is counted of a frame. */
static inline uint64_t frame_uses(mfn_t mfn)
{
    return fw_type_count(mfn_to_frame(mfn)->word);
}

static inline uint64_t frame_refs(mfn_t mfn)
{
    return fw_ref_count(mfn_to_frame(mfn)->word);
}

/* That vcpu runs from now on, by the scheduler's own means, and this thread
 * plays its CPU (vcpu id modulo number of CPUs). */
void world_enter(struct vcpu *v);
/* Vcpu 0 of that domain. */
struct vcpu *world_vcpu(struct world *w, unsigned int domain);

/* A new frame of the domain, with the next pseudo-physical number. */
mfn_t world_frame(struct world *w, unsigned int domain);

/* --- page tables, written raw: before they are pinned, nothing checks ---- */
uint64_t world_pte(mfn_t mfn, uint64_t flags);
void world_write_entry(mfn_t table, unsigned int index, uint64_t entry);
uint64_t world_read_entry(mfn_t table, unsigned int index);
/* Maps va; missing tables of the path come from new frames. */
void world_map(struct world *w, unsigned int domain, mfn_t l4, gva_t va,
               uint64_t entry);
/* Index of va in a table of this level (1-4). */
unsigned int world_index(gva_t va, unsigned int level);
/* The table of this level on va's path, INVALID_MFN when there is none. */
mfn_t world_table(mfn_t l4, gva_t va, unsigned int level);

/* A small guest: data pages mapped writable at WORLD_DATA, its tables mapped
 * read-only at WORLD_TABLES (L4, L3, L2, L1), pinned and loaded. */
#define WORLD_DATA_PAGES 8
#define WORLD_DATA   0x400000ull
#define WORLD_TABLES 0x500000ull

struct world_guest {
    mfn_t l4, l3, l2, l1;
    mfn_t data[WORLD_DATA_PAGES];
};

/* The tables only: raw, neither pinned nor loaded. */
struct world_guest world_build_guest(struct world *w, unsigned int domain);
/* The same, pinned, and the kernel table of vcpu 0. */
struct world_guest world_boot_guest(struct world *w, unsigned int domain);

/* --- hypercalls ---------------------------------------------------------- */

/* Copies an argument into this CPU's window and returns its guest
 * address, aligned to 8. world_args_reset() forgets all of this CPU's. */
gva_t world_arg(struct world *w, const void *data, size_t size);
void world_args_reset(struct world *w);
/* What stands at an address that world_arg() gave. */
void *world_arg_at(struct world *w, gva_t va);

/* A hypercall of the current vcpu by number, as the entry code would do it,
 * made again as often as it asks for a restart. */
int64_t world_call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                   uint64_t a3, uint64_t a4);
/* How many restarts the last world_call() of this thread needed, and a smaller
 * work budget for each entry, to force more (0: the usual one). */
unsigned int world_restarts(void);
void world_set_budget(int32_t budget);

#endif
