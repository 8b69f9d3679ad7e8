/* SPDX-License-Identifier: MIT */
/* The local APIC: interrupts between CPUs, and each CPU's timer; apic.c. */
#ifndef ARCH_X86_APIC_H
#define ARCH_X86_APIC_H

#include <hv/cpu.h>
#include <hv/types.h>

/* Chooses xAPIC or x2APIC, maps it, enables the boot CPU's, and measures the
 * timer. After clock_init(). The IDT must be loaded. */
void apic_init(void);

/* Enables the calling CPU's, in the mode that apic_init chose. */
void apic_init_secondary(void);

/* The calling CPU's number in hardware. */
uint32_t apic_id(void);

/* Ends an interrupt other than the spurious one. */
void apic_eoi(void);

/* Whether a CPU of this number can be reached in the mode chosen. */
bool apic_can_reach(uint32_t id);

void apic_send_fixed(uint32_t id, uint8_t vector);
void apic_send_init(uint32_t id);
void apic_send_startup(uint32_t id, uint8_t page);

/* Stops all other online CPUs with an NMI; for panic, any context. */
void apic_nmi_others(void);

bool apic_is_x2apic(void);

#endif
