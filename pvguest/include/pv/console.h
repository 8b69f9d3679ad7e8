/* SPDX-License-Identifier: MIT */
#ifndef PV_CONSOLE_H
#define PV_CONSOLE_H

#include <pv/types.h>

/* Usable before anything is set up as the initial domain. */
void console_write(const char *text, size_t length);

/* Waits, a second at most, until what was written has been read. Costs nothing
 * where the hypervisor is the reader. */
void console_drain(void);

/* Needs mm_init() in an ordinary domain; binds the input event. */
void console_init(void);

/* Next character of input, or -1. */
int console_try_read(void);

/* Next character of input; sleeps for it. */
int console_read(void);

#endif
