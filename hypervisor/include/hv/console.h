/* SPDX-License-Identifier: MIT */
/*
 * The console: printk for the hypervisor's own lines, and console_io for the
 * first domain. Every line of the hypervisor begins with "(xenios) " at
 * column 0; a guest's output can never produce such a line (the guest's own
 * text at column 0 that begins with it is escaped), because tools/xenios
 * takes the exit status from those lines.
 *
 * Text goes to arch_console_write with plain newlines; what a line end needs
 * on the wire (a carriage return, on a UART) is the driver's business.
 */
#ifndef HV_CONSOLE_H
#define HV_CONSOLE_H

#include <hv/bug.h>
#include <hv/types.h>
#include <stdarg.h>

#define CONSOLE_PREFIX "(xenios) "

/* One line (a trailing newline is not needed). Formats: d i u x p s c %, with
 * l/ll/z, widths, 0 and - flags, and a precision (or .*) for s. Takes
 * LOCK_CONSOLE. Any context. */
void printk(const char *fmt, ...) PRINTF_LIKE(1, 2);
void vprintk(const char *fmt, va_list ap);

/* Return the length of the whole text, as C's snprintf does; the buffer holds
 * as much as fits and always ends with a zero byte unless size is 0. */
int snprintk(char *buf, size_t size, const char *fmt, ...) PRINTF_LIKE(3, 4);
int vsnprintk(char *buf, size_t size, const char *fmt, va_list ap);

/* Text of a guest, as it is, but for the escape above. */
void console_guest_write(const char *text, size_t len);

/* Characters typed for the guest; returns how many were copied. */
size_t console_guest_read(char *buf, size_t len);

/* Text of the hypervisor: each of its lines gets the prefix, and begins at
 * column 0 whatever a guest printed before. */
void console_hv_write(const char *text, size_t len);

/* From now on the console takes no lock: the machine is about to stop, and
 * whoever holds the lock will not give it back. For panic only. */
void console_break_lock(void);

/* UART interrupt: fetches input, debug keys after ctrl-a three times, and
 * VIRQ_CONSOLE for d0. SOFTIRQ_CONSOLE. */
void console_input_softirq(void);

/* core/debugkeys.c: acts on one key typed for the hypervisor. */
void debugkey(char key);

#endif
