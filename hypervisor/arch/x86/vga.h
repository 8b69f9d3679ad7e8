/* SPDX-License-Identifier: MIT */
/* Boot text on the screen; vga.c. */
#ifndef ARCH_X86_VGA_H
#define ARCH_X86_VGA_H

#include <hv/types.h>

/* Takes the screen if it is in text mode, and returns whether it did;
 * otherwise nothing is ever shown. After map_device() works. */
bool vga_init(void);

/* Appends text; newline, carriage return, tab and backspace are understood.
 * The caller holds the console's lock. */
void vga_write(const char *text, size_t len);

#endif
