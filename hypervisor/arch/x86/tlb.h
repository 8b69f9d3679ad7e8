/* SPDX-License-Identifier: MIT */
/* TLB flushes between CPUs; tlb.c. The rest of it stands in hv/arch.h. */
#ifndef ARCH_X86_TLB_H
#define ARCH_X86_TLB_H

#include <hv/types.h>

/* Does what others asked of this CPU. VECTOR_FLUSH's handler (which also
 * sends the EOI) and every waiting loop call it. Interrupts off. */
void tlb_flush_service(void);

/*
 * Around a CR3 load that brings another vcpu's page table: begin before it,
 * end after it with what begin gave. The load counts as a flush.
 */
uint64_t tlb_stamp_begin(void);
void tlb_stamp_end(uint64_t number);

/* The hypervisor's own page table has been loaded: from now to the next
 * tlb_stamp_begin this CPU holds no guest's translation, and nobody need ask
 * it to flush one. */
void tlb_holds_nothing(void);

#endif
