/* SPDX-License-Identifier: MIT */
/* The few string functions; the compiler may call the mem* ones by itself. */
#ifndef PV_STRING_H
#define PV_STRING_H

#include <pv/types.h>

void *memcpy(void *to, const void *from, size_t count);
void *memmove(void *to, const void *from, size_t count);
void *memset(void *to, int byte, size_t count);
int memcmp(const void *a, const void *b, size_t count);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t count);
const char *strchr(const char *s, int c);

/* Parse an unsigned number, 0x for hexadecimal; false if s is not one. */
bool parse_number(const char *s, uint64_t *value);

#endif
