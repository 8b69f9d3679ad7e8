/* SPDX-License-Identifier: MIT */
/* Shared by the files of the fake machine only. */
#ifndef ARCH_HOST_INTERNAL_H
#define ARCH_HOST_INTERNAL_H

#include <hv/arch.h>
#include <host/host.h>
#include <pthread.h>

#define HOST_TLB_ENTRIES 64

struct tlb_entry {
    bool valid;
    bool writable;          /* walked for a write: dirty is set too */
    uint64_t table;         /* root the walk started from */
    uint64_t page;          /* linear address >> 12 */
    uint64_t mfn;
    uint16_t owner;         /* of the frame when it was walked */
};

struct host_cpu {
    struct cpu cpu;         /* first: cpus[] points here */
    struct cpu_regs regs;
    ns_t deadline;          /* atomic: any thread may move the clock */
    pthread_mutex_t access; /* held during a guest access; see tlb.c T3 */
    unsigned int tlb_next;
    struct tlb_entry tlb[HOST_TLB_ENTRIES];
};

static inline struct host_cpu *host_cpu(struct cpu *c)
{
    return (struct host_cpu *)c;
}

/* tlb.c: a cached translation; false when there is none. This CPU's `access`
 * is held. */
bool tlb_lookup(uint64_t table, gva_t va, bool write, mfn_t *mfn);
void tlb_insert(uint64_t table, gva_t va, bool write, mfn_t mfn);
void tlb_reset(void);

/* inject.c */
bool guest_access_refused(void);
void inject_reset(void);

/* clock.c */
void clock_reset(void);

#endif
