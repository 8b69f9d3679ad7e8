/* SPDX-License-Identifier: MIT */
/* What firmware tables say about the machine; see acpi.c. */
#ifndef ARCH_X86_ACPI_H
#define ARCH_X86_ACPI_H

#include "acpi_pure.h"

struct acpi_info {
    bool found;             /* a sound root pointer */
    struct acpi_madt madt;  /* defaults of a PC when the table is missing */
    bool has_madt;
    struct acpi_fadt fadt;  /* .present */
    bool has_s5;
    uint8_t s5_type_a, s5_type_b;
};

extern struct acpi_info acpi;

/*
 * Reads the tables; rsdp is what the boot loader gave, or 0 to search. Never
 * fails: a machine without tables has one CPU and a PC's devices. Once, on
 * the boot CPU, after map_acpi() and map_device() work.
 */
void acpi_init(uint64_t rsdp);

#endif
