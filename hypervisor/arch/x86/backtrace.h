/* SPDX-License-Identifier: MIT */
#ifndef ARCH_BACKTRACE_H
#define ARCH_BACKTRACE_H

#include <hv/types.h>

/* Prints the chain of callers from this frame pointer on, with names. */
void backtrace(uint64_t rip, uint64_t rbp);

/* The hypervisor's code. */
extern const char text_start[], text_end[];

/* The table of its functions, by address: begin, then take one after the other
 * until false. start is an offset from text_start. */
const char *symbols_begin(void);
bool symbol_next(const char **at, uint32_t *start, const char **name);

/* True once a panic stops the machine: an NMI then means "halt". */
bool panic_stops_cpus(void);

#endif
