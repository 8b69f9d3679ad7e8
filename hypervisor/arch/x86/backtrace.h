/* SPDX-License-Identifier: MIT */
#ifndef ARCH_BACKTRACE_H
#define ARCH_BACKTRACE_H

#include <hv/types.h>

/* Prints the chain of callers from this frame pointer on, with names. */
void backtrace(uint64_t rip, uint64_t rbp);

/* True once a panic stops the machine: an NMI then means "halt". */
bool panic_stops_cpus(void);

#endif
