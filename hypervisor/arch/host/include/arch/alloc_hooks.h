/* SPDX-License-Identifier: MIT */
/*
 * Where core/page_alloc.c lets the fake machine watch: refused requests (to
 * test every shortage) and memory that comes and goes (poisoned and
 * scribbled while free).
 */
#ifndef ARCH_ALLOC_HOOKS_H
#define ARCH_ALLOC_HOOKS_H

#include <hv/types.h>

/* Whether this request has to fail although there is memory. */
bool alloc_refused(void);

/* 2^order frames left the allocator, or came to it. */
void frames_left(mfn_t mfn, unsigned int order);
void frames_came(mfn_t mfn, unsigned int order);

#endif
