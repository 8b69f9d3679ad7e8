/* SPDX-License-Identifier: MIT */
/* TLB flushes between CPUs; tlb.c. The rest of it stands in hv/arch.h. */
#ifndef ARCH_X86_TLB_H
#define ARCH_X86_TLB_H

#include <hv/types.h>

/* Does what others asked of this CPU. VECTOR_FLUSH's handler (which also
 * sends the EOI) and every waiting loop call it. Interrupts off. */
void tlb_flush_service(void);

/* Flushes all entries of this CPU, global ones too, and stamps the CPU. */
void tlb_flush_everything(void);

/*
 * For a CR3 load that flushes everything this CPU may hold of guests: begin
 * before the load, end after it, and the CPU counts as flushed. Do not use it
 * when global entries of a guest may survive the load.
 */
uint64_t tlb_stamp_begin(void);
void tlb_stamp_end(uint64_t number);

#endif
