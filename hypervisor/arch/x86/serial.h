/* SPDX-License-Identifier: MIT */
#ifndef ARCH_SERIAL_H
#define ARCH_SERIAL_H

#include <hv/types.h>

/* Sets up the first UART (0x3f8, 115200 8n1), polled. Harmless without one. */
void serial_init(void);
/* From now on received characters raise VECTOR_UART; after the I/O APIC. */
void serial_enable_interrupt(void);
void serial_write(const char *text, size_t len);
/* The next received character or -1. */
int serial_read(void);
/* Waits (bounded) until everything written has left the UART. */
void serial_drain(void);

#endif
