/* SPDX-License-Identifier: MIT */
/* The time-stamp counter as the machine's clock; see clock.c. */
#ifndef ARCH_X86_CLOCK_H
#define ARCH_X86_CLOCK_H

#include <hv/types.h>

/*
 * Finds the TSC's frequency, starts system time at 0 and reads the wall
 * clock. Once, on the boot CPU, after acpi_init(). Takes some 5 ms.
 */
void clock_init(void);

uint64_t clock_tsc_hz(void);

/* Waits at least so long. Works before clock_init too, then by assuming a
 * fast TSC. Any context; does not serve TLB requests. */
void clock_delay_us(uint64_t us);

/*
 * The meeting of the boot CPU with one that starts. The new one, numbered
 * `cpu`, calls clock_sync_join; once clock_sync_asked is true on the boot CPU,
 * that calls clock_sync_serve. Both return false when the other falls silent.
 * Afterwards both read the same arch_now().
 */
bool clock_sync_asked(unsigned int cpu);
bool clock_sync_serve(unsigned int cpu);
bool clock_sync_join(unsigned int cpu);

/* rtc.c: UTC seconds of the machine's calendar; 0 when there is none. */
uint64_t rtc_read_seconds(void);

#endif
