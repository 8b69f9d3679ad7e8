/* SPDX-License-Identifier: MIT */
/*
 * Words that interrupt controllers want: composed here, written elsewhere.
 * SDM 3A 11.6.1 (interrupt command register), 11.12.9 (the same in x2APIC
 * mode); 82093AA data sheet 3.2.4 (redirection table).
 */
#ifndef ARCH_X86_APIC_PURE_H
#define ARCH_X86_APIC_PURE_H

#include <hv/types.h>

enum apic_delivery {
    APIC_FIXED = 0,
    APIC_NMI = 4,
    APIC_INIT = 5,
    APIC_STARTUP = 6,
};

#define APIC_ICR_PENDING  (1u << 12)
#define APIC_ICR_ASSERT   (1u << 14)

/* Low word of the command: edge triggered, one destination, asserted. For
 * STARTUP the vector is the page number of the code to run. */
static inline uint32_t apic_icr_low(enum apic_delivery mode, uint8_t vector)
{
    return APIC_ICR_ASSERT | (uint32_t)mode << 8 | vector;
}

/* The 64-bit command of x2APIC mode has room for a 32-bit destination. */
static inline uint64_t apic_icr_x2apic(uint32_t apic_id, uint32_t low)
{
    return (uint64_t)apic_id << 32 | low;
}

/* xAPIC: eight bits of destination at the top of the high word. */
static inline uint32_t apic_icr_high_xapic(uint32_t apic_id)
{
    return apic_id << 24;
}

static inline bool apic_id_fits_xapic(uint32_t apic_id)
{
    return apic_id < 0xff; /* 0xff is everybody */
}

/* Local vector table entry of the timer. */
#define APIC_LVT_MASKED         (1u << 16)
#define APIC_LVT_NMI            (4u << 8)
#define APIC_LVT_TSC_DEADLINE   (2u << 17)

static inline uint32_t apic_lvt_timer(uint8_t vector, bool tsc_deadline)
{
    return vector | (tsc_deadline ? APIC_LVT_TSC_DEADLINE : 0);
}

/* Redirection entry of an I/O APIC: fixed delivery, physical destination. */
#define IOAPIC_ACTIVE_LOW (1u << 13)
#define IOAPIC_LEVEL      (1u << 15)
#define IOAPIC_MASKED     (1u << 16)

static inline uint64_t ioapic_entry(uint8_t vector, uint8_t apic_id,
                                    bool active_low, bool level)
{
    return (uint64_t)apic_id << 56 | (active_low ? IOAPIC_ACTIVE_LOW : 0) |
           (level ? IOAPIC_LEVEL : 0) | vector;
}

#endif
