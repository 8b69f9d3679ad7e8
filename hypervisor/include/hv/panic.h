/* SPDX-License-Identifier: MIT */
/*
 * What panic() (hv/bug.h) asks of a machine. Both have weak definitions that
 * do nothing; arch/x86 overrides them.
 */
#ifndef HV_PANIC_H
#define HV_PANIC_H

/* Prints registers and a symbolized back trace of this CPU, with printk. */
void arch_panic_details(void);

/* Stops all other CPUs, or gives up after a while; they never come back. */
void arch_stop_others(void);

#endif
