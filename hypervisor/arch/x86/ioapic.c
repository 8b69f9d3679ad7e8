/* SPDX-License-Identifier: MIT */
/*
 * Interrupt lines of the machine.
 *
 * The hypervisor drives one device with an interrupt, the UART; every other
 * line stays masked for good. An I/O APIC has a window of two registers (index
 * and data) onto a table of 64-bit entries, one a line. Lines are numbered
 * machine-wide (GSI); the MADT tells each I/O APIC's first number, and where
 * an ISA interrupt's number or polarity differs from the PC's.
 *
 * The pair of 8259s of old is moved away from the exceptions' vectors before
 * it is masked, because a masked 8259 may still send a spurious interrupt.
 *
 *   I1  an entry is masked while its two halves disagree
 *   I2  index and data are touched with interrupts off by the boot CPU only
 *
 * 82093AA data sheet; ACPI 6.4 5.2.12.5.
 */
#include <arch/layout.h>
#include <arch/portio.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/util.h>
#include <xen/errno.h>
#include "acpi.h"
#include "apic_pure.h"
#include "ioapic.h"
#include "paging.h"

#define LEGACY_IOAPIC 0xfec00000u

struct ioapic {
    volatile uint32_t *window; /* [0] index, [4] data */
    uint32_t gsi_base;
    uint32_t lines;
};

static struct ioapic ioapics[ACPI_IOAPICS_MAX];
static unsigned int ioapic_count;

#define REG_VERSION     1
#define REG_ENTRY(line) (0x10 + 2 * (line)) /* low half; high half follows */

static uint32_t ioapic_read(const struct ioapic *io, uint32_t reg)
{
    io->window[0] = reg;
    return io->window[4];
}

static void ioapic_write(const struct ioapic *io, uint32_t reg, uint32_t value)
{
    io->window[0] = reg;
    io->window[4] = value;
}

static void write_entry(const struct ioapic *io, uint32_t line, uint64_t entry)
{
    ioapic_write(io, REG_ENTRY(line), IOAPIC_MASKED); /* I1 */
    ioapic_write(io, REG_ENTRY(line) + 1, (uint32_t)(entry >> 32));
    ioapic_write(io, REG_ENTRY(line), (uint32_t)entry);
}

static void add_ioapic(uint64_t address, uint32_t gsi_base)
{
    struct ioapic *io = &ioapics[ioapic_count];
    uint32_t version;

    if (ioapic_count == ARRAY_SIZE(ioapics)) {
        return;
    }
    io->window = map_device(address, 0x20);
    if (!io->window) {
        return;
    }
    version = ioapic_read(io, REG_VERSION);
    if (version == 0 || version == UINT32_MAX) {
        return; /* nobody there */
    }
    io->gsi_base = gsi_base;
    io->lines = (version >> 16 & 0xff) + 1;
    ioapic_count++;
    for (uint32_t line = 0; line < io->lines; line++) {
        write_entry(io, line, IOAPIC_MASKED);
    }
}

/* Initialization words: vectors 0xe0-0xef, cascade on line 2, 8086 mode. A
 * spurious one (line 7 of each) then comes as an interrupt that nobody knows;
 * lower vectors would be taken for exceptions of a guest. */
static void silence_8259(void)
{
    outb(0x20, 0x11);
    outb(0xa0, 0x11);
    outb(0x21, 0xe0);
    outb(0xa1, 0xe8);
    outb(0x21, 0x04);
    outb(0xa1, 0x02);
    outb(0x21, 0x01);
    outb(0xa1, 0x01);
    outb(0x21, 0xff);
    outb(0xa1, 0xff);
}

void ioapic_init(void)
{
    /* Even if the tables deny it: writing to ports that nobody answers does
     * no harm, an 8259 left on would. */
    silence_8259();
    for (unsigned int i = 0; i < acpi.madt.ioapic_count; i++) {
        add_ioapic(acpi.madt.ioapics[i].address,
                   acpi.madt.ioapics[i].gsi_base);
    }
    if (!acpi.has_madt) {
        add_ioapic(LEGACY_IOAPIC, 0);
    }
}

static const struct ioapic *find_line(uint32_t gsi, uint32_t *line)
{
    for (unsigned int i = 0; i < ioapic_count; i++) {
        const struct ioapic *io = &ioapics[i];

        if (gsi >= io->gsi_base && gsi - io->gsi_base < io->lines) {
            *line = gsi - io->gsi_base;
            return io;
        }
    }
    return NULL;
}

static int route_isa(unsigned int irq, uint32_t delivery, uint8_t apic_id)
{
    const struct acpi_isa_route *route;
    const struct ioapic *io;
    uint32_t line;

    if (irq >= ISA_IRQS) {
        return -XEN_EINVAL;
    }
    route = &acpi.madt.isa[irq];
    io = find_line(route->gsi, &line);
    if (!io) {
        return -XEN_ENODEV;
    }
    write_entry(io, line, ioapic_entry(0, apic_id, route->active_low,
                                       route->level) | delivery);
    return 0;
}

int ioapic_route_isa(unsigned int irq, uint8_t vector, const struct cpu *c)
{
    if (!apic_id_fits_xapic(c->apic_id)) {
        return -XEN_EINVAL;
    }
    return route_isa(irq, vector, (uint8_t)c->apic_id);
}

int ioapic_route_isa_nmi(unsigned int irq, bool all)
{
    return route_isa(irq, (uint32_t)APIC_NMI << 8,
                     all ? 0xff : (uint8_t)cpus[0]->apic_id);
}

void ioapic_mask_isa(unsigned int irq)
{
    const struct ioapic *io;
    uint32_t line;

    if (irq >= ISA_IRQS) {
        return;
    }
    io = find_line(acpi.madt.isa[irq].gsi, &line);
    if (io) {
        write_entry(io, line, IOAPIC_MASKED);
    }
}
