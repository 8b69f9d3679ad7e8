/* SPDX-License-Identifier: MIT */
/*
 * core/audit.c: every count of the system, recomputed from nothing.
 *
 * For tests' teardown, fuzzers, a debug key, a hypercall of debug builds, and
 * the end of the machine. It is slow, changes nothing, and needs a page or
 * more from the allocator to be quick.
 */
#ifndef HV_AUDIT_H
#define HV_AUDIT_H

#include <hv/types.h>

/* True when all counts agree; else why[] names the first that does not. No
 * other CPU may be in the hypervisor or in a guest meanwhile. */
bool audit_agrees(char *why, size_t size);

/* The same, but panics with the sentence. */
void audit_all(void);

/* The same for a running machine, whose other CPUs are parked meanwhile; says
 * the result on the console when asked to, a disagreement always. No lock is
 * held. */
bool audit_at_rest(bool tell);

/* RAM of the machine, as the boot loader told. */
uint64_t memory_frames(void);
/* What neither the allocator nor a domain has: the hypervisor's own. The
 * firmware's first 640 KiB do not count. */
uint64_t memory_held_kib(void);

/* So many frames are free when there is no domain; boot. */
void audit_expect_free(uint64_t frames);

/*
 * The end of the machine, which is in softirq context, with no domain's vcpu
 * able to run: parks the other CPUs for good, destroys all domains, and panics
 * unless all memory is back. Debug builds audit before and after. Does
 * nothing on the host.
 */
void audit_last(void);

#endif
