/* SPDX-License-Identifier: MIT */
/*
 * Formatted output: %c %s %d %i %u %x %X %p, flags 0 and -, a width, and the
 * sizes l, ll, z.  Nothing else; an unknown conversion is printed as it is.
 */
#ifndef PV_PRINTF_H
#define PV_PRINTF_H

#include <stdarg.h>

#include <pv/types.h>

int vsnprintf(char *buffer, size_t size, const char *format, va_list args);
int snprintf(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* To the console; lines longer than 511 bytes are cut. */
void printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print a line and stop the domain with SHUTDOWN_crash. */
_Noreturn void panic(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

#endif
