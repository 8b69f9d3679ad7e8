/* SPDX-License-Identifier: MIT */
/* I/O APICs and the 8259s; ioapic.c. */
#ifndef ARCH_X86_IOAPIC_H
#define ARCH_X86_IOAPIC_H

#include <hv/arch.h>

/* Silences every interrupt line of the machine. After acpi_init(). */
void ioapic_init(void);

/*
 * Delivers ISA interrupt irq as vector to a CPU, honouring the firmware's
 * overrides, and unmasks it. 0, -XEN_ENODEV when no I/O APIC has such a line,
 * -XEN_EINVAL for a number that is no ISA interrupt, or a CPU that an I/O
 * APIC can not name.
 */
MUST_CHECK int ioapic_route_isa(unsigned int irq, uint8_t vector,
                                const struct cpu *c);

/* Delivers it as an NMI, to every CPU of the machine or to the boot CPU. */
MUST_CHECK int ioapic_route_isa_nmi(unsigned int irq, bool all);

/* Masks it again. */
void ioapic_mask_isa(unsigned int irq);

#endif
