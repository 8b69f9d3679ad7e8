/* SPDX-License-Identifier: MIT */
/*
 * Firmware tables, power-off and reset.
 *
 * Tables are read once at boot into `acpi`; nothing refers to firmware memory
 * afterwards, and no AML is ever executed. Two things need the tables: how
 * many processors and I/O APICs there are (MADT), and how to switch the
 * machine off (FADT for the registers, \_S5_ in the DSDT or an SSDT for the
 * value). Parsing is in acpi_pure.h, where tests reach it; this file only
 * maps, measures and remembers.
 *
 * Nothing here is fatal. Firmware that is missing or broken leaves a machine
 * of one CPU with a PC's devices, and power-off falls back to the ports of
 * known virtual machines, then to a halt.
 *
 *   I1  a table is looked at only for the length its header gives, and only
 *       when that is at most TABLE_MAX and its checksum holds
 *   I2  power-off and reset use no lock and no memory that others may change:
 *       they are the end of a panic too
 *
 * ACPI 6.4, 5.2 (tables), 4.8.3.2 (PM1 control), 4.8.3.6 (reset), 7.4.2.
 */
#include <arch/cr.h>
#include <arch/portio.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/util.h>
#include "acpi.h"
#include "clock.h"
#include "paging.h"
#include "serial.h"

#define TABLE_MAX      (1u << 20) /* the largest DSDT we scan */
#define TABLES_MAX     128        /* entries of a root table we follow */

#define EBDA_SEGMENT   0x40e      /* BIOS data area: where the EBDA is */
#define BIOS_AREA      0xe0000
#define BIOS_AREA_SIZE 0x20000

struct acpi_info acpi;

/* Memory-mapped registers must be mapped while mapping may still fail. */
static volatile uint8_t *reset_memory;
static volatile uint8_t *sleep_memory;

/* A whole sound table, or NULL (I1). */
static const void *table_map(uint64_t address, size_t *len)
{
    const void *header = address ? map_acpi(address, ACPI_HEADER_SIZE) : NULL;
    const void *table;

    if (!header) {
        return NULL;
    }
    *len = acpi_table_length(header, ACPI_HEADER_SIZE);
    if (*len < ACPI_HEADER_SIZE || *len > TABLE_MAX) {
        return NULL;
    }
    table = map_acpi(address, *len);
    if (!table || !acpi_checksum_ok(table, *len)) {
        return NULL;
    }
    return table;
}

static void scan_for_s5(const void *table, size_t len)
{
    if (!acpi.has_s5) {
        acpi.has_s5 = acpi_find_s5((const uint8_t *)table + ACPI_HEADER_SIZE,
                                   len - ACPI_HEADER_SIZE, &acpi.s5_type_a,
                                   &acpi.s5_type_b);
    }
}

static void read_fadt(const void *table, size_t len)
{
    const void *dsdt;
    size_t dsdt_len;

    acpi_parse_fadt(table, len, &acpi.fadt);
    dsdt = table_map(acpi.fadt.dsdt, &dsdt_len);
    if (dsdt && acpi_signature_is(dsdt, dsdt_len, "DSDT")) {
        scan_for_s5(dsdt, dsdt_len);
    }
}

static void read_table(uint64_t address)
{
    size_t len;
    const void *table = table_map(address, &len);

    if (!table) {
        return;
    }
    if (acpi_signature_is(table, len, "APIC") && !acpi.has_madt) {
        acpi_parse_madt(table, len, &acpi.madt);
        acpi.has_madt = true;
    } else if (acpi_signature_is(table, len, "FACP") && !acpi.fadt.present) {
        read_fadt(table, len);
    } else if (acpi_signature_is(table, len, "SSDT")) {
        scan_for_s5(table, len);
    }
}

static bool read_root(uint64_t address, bool is_xsdt)
{
    size_t len, count;
    const void *root = table_map(address, &len);

    if (!root || !acpi_signature_is(root, len, is_xsdt ? "XSDT" : "RSDT")) {
        return false;
    }
    count = min_u64(acpi_root_count(len, is_xsdt), TABLES_MAX);
    for (size_t i = 0; i < count; i++) {
        read_table(acpi_root_entry(root, len, is_xsdt, i));
    }
    return count > 0;
}

static uint64_t search_area(uint64_t start, size_t len)
{
    const void *area = map_acpi(start, len);
    size_t at = area ? acpi_search_rsdp(area, len) : len;

    return at < len ? start + at : 0;
}

/* BIOS machines: the first KiB of the extended BIOS data area, then the ROM. */
static uint64_t search_rsdp(void)
{
    const void *bda = map_acpi(EBDA_SEGMENT, 2);
    uint64_t ebda = bda ? (uint64_t)acpi_u16(bda, 2, 0) << 4 : 0;
    uint64_t rsdp = 0;

    if (ebda >= 0x80000 && ebda < 0xa0000) {
        rsdp = search_area(ebda, 1024);
    }
    return rsdp ? rsdp : search_area(BIOS_AREA, BIOS_AREA_SIZE);
}

static volatile uint8_t *map_memory_register(const struct acpi_register *r)
{
    if (r->space != ACPI_SPACE_MEMORY || r->address == 0) {
        return NULL;
    }
    return map_device(r->address, 1);
}

void acpi_init(uint64_t rsdp)
{
    struct acpi_roots roots = { 0, 0 };
    const void *pointer;

    acpi_madt_defaults(&acpi.madt);
    if (!rsdp) {
        rsdp = search_rsdp();
    }
    pointer = rsdp ? map_acpi(rsdp, ACPI_RSDP_SIZE2) : NULL;
    acpi.found = pointer && acpi_parse_rsdp(pointer, ACPI_RSDP_SIZE2, &roots);
    if (!acpi.found) {
        printk("acpi: no tables; assuming one CPU and a PC's devices");
        return;
    }
    if (!read_root(roots.xsdt, true)) {
        read_root(roots.rsdt, false);
    }
    reset_memory = map_memory_register(&acpi.fadt.reset);
    if (acpi.fadt.flags & FADT_FLAG_REDUCED) {
        sleep_memory = map_memory_register(&acpi.fadt.sleep_control);
    }
    if (acpi.madt.dropped) {
        printk("acpi: no room for %u entries of the MADT", acpi.madt.dropped);
    }
}

/* --- power-off ----------------------------------------------------------- */

#define PM1_SCI_ENABLE   0x0001u
#define PM1_SLEEP_TYPE   0x1c00u
#define PM1_SLEEP_ENABLE 0x2000u
#define PM1_TYPE(t)      ((uint16_t)((t) << 10))
#define SLEEP_CONTROL(t) ((uint8_t)((t) << 2 | 0x20))

static bool is_port(const struct acpi_register *r)
{
    return r->space == ACPI_SPACE_PORT && r->address != 0 &&
           r->address <= 0xffff;
}

static void write_pm1(const struct acpi_register *r, uint8_t type)
{
    uint16_t port = (uint16_t)r->address;
    uint16_t value;

    if (!is_port(r)) {
        return;
    }
    value = inw(port) & (uint16_t)~(PM1_SLEEP_TYPE | PM1_SLEEP_ENABLE);
    value |= PM1_TYPE(type);
    outw(port, value); /* type first, then enable: some chip sets insist */
    outw(port, value | PM1_SLEEP_ENABLE);
}

static void enter_s5(void)
{
    write_pm1(&acpi.fadt.pm1a_control, acpi.s5_type_a);
    write_pm1(&acpi.fadt.pm1b_control, acpi.s5_type_b);
    clock_delay_us(5000);
}

/* Machines which start in legacy mode ignore PM1 until firmware hands the
 * registers over. */
static void enable_acpi_mode(void)
{
    uint16_t pm1a = (uint16_t)acpi.fadt.pm1a_control.address;

    if (!is_port(&acpi.fadt.pm1a_control) || !acpi.fadt.smi_command ||
        !acpi.fadt.acpi_enable || (inw(pm1a) & PM1_SCI_ENABLE)) {
        return;
    }
    outb((uint16_t)acpi.fadt.smi_command, acpi.fadt.acpi_enable);
    for (int ms = 0; ms < 300 && !(inw(pm1a) & PM1_SCI_ENABLE); ms++) {
        clock_delay_us(1000);
    }
}

static void poweroff_by_tables(void)
{
    if (!acpi.has_s5) {
        return;
    }
    if (acpi.fadt.flags & FADT_FLAG_REDUCED) {
        if (sleep_memory) {
            *sleep_memory = SLEEP_CONTROL(acpi.s5_type_a);
        } else if (is_port(&acpi.fadt.sleep_control)) {
            outb((uint16_t)acpi.fadt.sleep_control.address,
                 SLEEP_CONTROL(acpi.s5_type_a));
        }
        clock_delay_us(5000);
        return;
    }
    enter_s5();
    enable_acpi_mode();
    enter_s5();
}

static bool is_virtual_machine(void)
{
    uint32_t r[4];

    cpuid(1, 0, r);
    return r[2] & (1u << 31);
}

/* Where QEMU's PC machines have PM1a, tables or not; type 0 is S5 there. */
static void poweroff_by_known_ports(void)
{
    static const uint16_t ports[] = { 0x604, 0xb004 };

    if (!is_virtual_machine()) {
        return;
    }
    for (size_t i = 0; i < ARRAY_SIZE(ports); i++) {
        outw(ports[i], PM1_SLEEP_ENABLE);
    }
}

void arch_poweroff(void)
{
    cli();
    serial_drain();
    poweroff_by_tables();
    poweroff_by_known_ports();
    for (;;) {
        hlt(); /* an NMI may end one */
    }
}

/* --- reset --------------------------------------------------------------- */

static void reset_by_tables(void)
{
    if (is_port(&acpi.fadt.reset)) {
        outb((uint16_t)acpi.fadt.reset.address, acpi.fadt.reset_value);
    } else if (reset_memory) {
        *reset_memory = acpi.fadt.reset_value;
    }
    clock_delay_us(10000);
}

/* The reset control register of PCI chip sets: first the kind, then go. */
static void reset_by_chipset(void)
{
    outb(0xcf9, 0x02);
    clock_delay_us(50);
    outb(0xcf9, 0x06);
    clock_delay_us(10000);
}

/* The keyboard controller's pulse on the processor's reset line. */
static void reset_by_keyboard(void)
{
    for (int i = 0; i < 1000 && (inb(0x64) & 2); i++) {
        clock_delay_us(10);
    }
    outb(0x64, 0xfe);
    clock_delay_us(10000);
}

void arch_reboot(void)
{
    static const struct table_pointer no_handlers;

    cli();
    serial_drain();
    reset_by_tables();
    reset_by_chipset();
    reset_by_keyboard();
    /* No handler for the exception, none for the one that follows from it:
     * the processor shuts down and the board resets it. */
    lidt(&no_handlers);
    __asm__ volatile("int3");
    for (;;) {
        hlt();
    }
}
