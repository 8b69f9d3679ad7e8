/* SPDX-License-Identifier: MIT */
/*
 * memory_op: what its files share. core/memory_op.c has the reservations and
 * the queries, core/memory_exchange.c XENMEM_exchange, core/memory_map.c the
 * memory maps.
 */
#ifndef HV_MEMORY_H
#define HV_MEMORY_H

#include <hv/domain.h>

/* Largest extent: 2 MiB. It is done in one go, and so bounds how long a CPU
 * is kept; Xen lets its first domain have larger ones. */
#define EXTENT_ORDER_MAX 9u

/* Units of the work budget for one extent. */
int32_t memory_extent_work(unsigned int order);

/* Whether the caller may change or ask for the memory of d. */
bool memory_may_act_on(const struct domain *d);

/* XENMEMF_*: the limit for new frames (INVALID_MFN: none; 0: no frame will
 * do). False when the caller names a node that it can not have. */
bool memory_flags_limit(uint32_t flags, mfn_t *below) MUST_CHECK;

/* XENMEM_exchange; arg is the guest's structure. */
int64_t memory_op_exchange(gva_t arg);

/* XENMEM_memory_map, set_memory_map and machine_memory_map, the same. */
int64_t memory_op_memory_map(gva_t arg);
int64_t memory_op_set_memory_map(gva_t arg);
int64_t memory_op_machine_memory_map(gva_t arg);

/* One piece of RAM from 0 up to frames_max: the map of a domain that nobody
 * else makes one for. False when memory is short. */
bool memory_map_set_plain(struct domain *d) MUST_CHECK;
void memory_map_destroy(struct domain *d);

#endif
