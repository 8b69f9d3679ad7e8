/* SPDX-License-Identifier: MIT */
/*
 * core/audit.c: every count of the system, recomputed from nothing.
 *
 * For tests' teardown, fuzzers, and a debug key. No other CPU may be in the
 * hypervisor or in a guest meanwhile. It is slow, changes nothing, and needs
 * a page or more from the allocator to be quick.
 */
#ifndef HV_AUDIT_H
#define HV_AUDIT_H

#include <hv/types.h>

/* True when all counts agree; else why[] names the first that does not. */
bool audit_agrees(char *why, size_t size);

/* The same, but panics with the sentence. */
void audit_all(void);

#endif
