/* SPDX-License-Identifier: MIT */
/* The console on the screen; vga.c. */
#ifndef ARCH_X86_VGA_H
#define ARCH_X86_VGA_H

#include <hv/types.h>

/* Takes the screen if it is in text mode, and returns whether it did;
 * otherwise nothing is ever shown. On the early page tables, so that the first
 * refusal to start can be read. */
bool vga_init(void);

/* Moves to a mapping of the final page tables; right after paging_init(). */
void vga_remap(void);

/* Appends text; newline, carriage return, tab and backspace are understood.
 * The caller holds the console's lock. */
void vga_write(const char *text, size_t len);

#endif
