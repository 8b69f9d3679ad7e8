/* SPDX-License-Identifier: MIT */
/*
 * Reading firmware tables out of a buffer.
 *
 * Firmware is not trusted to be right: lengths may run over the table's end,
 * may be zero (which would make a naive walk endless), counts may exceed what
 * we have room for. Every function takes the buffer's length, never looks
 * beyond it, and takes at most len turns. No function here touches the
 * machine, so the host tests feed them broken tables.
 *
 *   A1  every read is through acpi_u8/u16/u32/u64, which give 0 beyond len
 *   A2  a walk advances by at least the size of an entry's header
 *
 * ACPI 6.4: 5.2.5 RSDP, 5.2.6 header, 5.2.9 FADT, 5.2.12 MADT, 7.4.2 \_Sx.
 */
#ifndef ARCH_X86_ACPI_PURE_H
#define ARCH_X86_ACPI_PURE_H

#include <hv/types.h>

#define ACPI_HEADER_SIZE 36
#define ACPI_RSDP_SIZE1  20 /* revision 0 */
#define ACPI_RSDP_SIZE2  36 /* revision 2 and later */

#define ACPI_CPUS_MAX    256
#define ACPI_IOAPICS_MAX 16
#define ISA_IRQS         16

static inline uint8_t acpi_u8(const void *buf, size_t len, size_t at)
{
    return at < len ? ((const uint8_t *)buf)[at] : 0;
}

static inline uint16_t acpi_u16(const void *buf, size_t len, size_t at)
{
    return (uint16_t)(acpi_u8(buf, len, at) |
                      (uint16_t)acpi_u8(buf, len, at + 1) << 8);
}

static inline uint32_t acpi_u32(const void *buf, size_t len, size_t at)
{
    return acpi_u16(buf, len, at) | (uint32_t)acpi_u16(buf, len, at + 2) << 16;
}

static inline uint64_t acpi_u64(const void *buf, size_t len, size_t at)
{
    return acpi_u32(buf, len, at) | (uint64_t)acpi_u32(buf, len, at + 4) << 32;
}

/* All bytes of a table add up to zero. */
static inline bool acpi_checksum_ok(const void *buf, size_t len)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum + acpi_u8(buf, len, i));
    }
    return sum == 0;
}

static inline bool acpi_text_is(const void *buf, size_t len, size_t at,
                                const char *text, size_t text_len)
{
    for (size_t i = 0; i < text_len; i++) {
        if (acpi_u8(buf, len, at + i) != (uint8_t)text[i]) {
            return false;
        }
    }
    return at + text_len <= len;
}

static inline bool acpi_signature_is(const void *table, size_t len,
                                     const char *signature)
{
    return acpi_text_is(table, len, 0, signature, 4);
}

static inline uint32_t acpi_table_length(const void *table, size_t len)
{
    return acpi_u32(table, len, 4);
}

/* --- root pointer -------------------------------------------------------- */

struct acpi_roots {
    uint64_t rsdt; /* 0: none */
    uint64_t xsdt; /* 0: none; preferred */
};

/* Whether buf begins with a sound root pointer. */
static inline bool acpi_parse_rsdp(const void *buf, size_t len,
                                   struct acpi_roots *roots)
{
    roots->rsdt = 0;
    roots->xsdt = 0;
    if (len < ACPI_RSDP_SIZE1 || !acpi_text_is(buf, len, 0, "RSD PTR ", 8) ||
        !acpi_checksum_ok(buf, ACPI_RSDP_SIZE1)) {
        return false;
    }
    roots->rsdt = acpi_u32(buf, len, 16);
    if (acpi_u8(buf, len, 15) >= 2 && len >= ACPI_RSDP_SIZE2 &&
        acpi_checksum_ok(buf, ACPI_RSDP_SIZE2)) {
        roots->xsdt = acpi_u64(buf, len, 24);
    }
    return roots->rsdt || roots->xsdt;
}

/* Offset of the root pointer in a firmware area (16-byte steps), or len. */
static inline size_t acpi_search_rsdp(const void *area, size_t len)
{
    struct acpi_roots roots;

    for (size_t at = 0; at + ACPI_RSDP_SIZE1 <= len; at += 16) {
        if (acpi_parse_rsdp((const uint8_t *)area + at, len - at, &roots)) {
            return at;
        }
    }
    return len;
}

/* The number of tables that a root table names, and the n-th address. */
static inline size_t acpi_root_count(size_t table_len, bool is_xsdt)
{
    if (table_len < ACPI_HEADER_SIZE) {
        return 0;
    }
    return (table_len - ACPI_HEADER_SIZE) / (is_xsdt ? 8 : 4);
}

static inline uint64_t acpi_root_entry(const void *table, size_t len,
                                       bool is_xsdt, size_t n)
{
    if (is_xsdt) {
        return acpi_u64(table, len, ACPI_HEADER_SIZE + 8 * n);
    }
    return acpi_u32(table, len, ACPI_HEADER_SIZE + 4 * n);
}

/* --- MADT: processors and interrupt controllers -------------------------- */

struct acpi_cpu {
    uint32_t apic_id;
    bool enabled;        /* else: may be plugged in later */
};

struct acpi_ioapic {
    uint64_t address;
    uint32_t gsi_base;
    uint8_t id;
};

/* Where an ISA interrupt really arrives, and how its wire speaks. */
struct acpi_isa_route {
    uint32_t gsi;
    bool active_low;
    bool level;
};

struct acpi_madt {
    uint64_t lapic_address;
    bool has_8259;
    unsigned int cpu_count;
    unsigned int ioapic_count;
    unsigned int dropped; /* entries there was no room for */
    struct acpi_cpu cpus[ACPI_CPUS_MAX];
    struct acpi_ioapic ioapics[ACPI_IOAPICS_MAX];
    struct acpi_isa_route isa[ISA_IRQS];
};

enum madt_entry {
    MADT_LAPIC = 0,
    MADT_IOAPIC = 1,
    MADT_OVERRIDE = 2,
    MADT_LAPIC_ADDRESS = 5,
    MADT_X2APIC = 9,
};

/* What a PC without tables is taken to have. */
static inline void acpi_madt_defaults(struct acpi_madt *m)
{
    m->lapic_address = 0xfee00000u;
    m->has_8259 = true;
    m->cpu_count = 0;
    m->ioapic_count = 0;
    m->dropped = 0;
    for (unsigned int irq = 0; irq < ISA_IRQS; irq++) {
        m->isa[irq] = (struct acpi_isa_route){ irq, false, false };
    }
}

/* A processor may stand in the table twice, as local APIC and as x2APIC. */
static inline void madt_add_cpu(struct acpi_madt *m, uint32_t apic_id,
                                uint32_t flags)
{
    if (!(flags & 3)) {
        return; /* neither enabled nor able to become so */
    }
    for (unsigned int i = 0; i < m->cpu_count; i++) {
        if (m->cpus[i].apic_id == apic_id) {
            m->cpus[i].enabled |= flags & 1;
            return;
        }
    }
    if (m->cpu_count == ACPI_CPUS_MAX) {
        m->dropped++;
        return;
    }
    m->cpus[m->cpu_count++] = (struct acpi_cpu){ apic_id, flags & 1 };
}

static inline void madt_add_ioapic(struct acpi_madt *m, uint8_t id,
                                   uint32_t address, uint32_t gsi_base)
{
    if (m->ioapic_count == ACPI_IOAPICS_MAX) {
        m->dropped++;
        return;
    }
    m->ioapics[m->ioapic_count++] =
        (struct acpi_ioapic){ address, gsi_base, id };
}

/* flags: bits 0-1 polarity, 2-3 trigger; 0 means "as the bus does", which
 * for ISA is active high and edge; 3 is low, respectively level. */
static inline void madt_override(struct acpi_madt *m, uint8_t bus,
                                 uint8_t irq, uint32_t gsi, uint16_t flags)
{
    if (bus != 0 || irq >= ISA_IRQS) {
        return;
    }
    m->isa[irq].gsi = gsi;
    m->isa[irq].active_low = (flags & 3) == 3;
    m->isa[irq].level = (flags >> 2 & 3) == 3;
}

static inline void madt_entry(struct acpi_madt *m, const void *e, size_t size)
{
    switch (acpi_u8(e, size, 0)) {
    case MADT_LAPIC:
        if (size >= 8 && acpi_u8(e, size, 3) != 0xff) {
            madt_add_cpu(m, acpi_u8(e, size, 3), acpi_u32(e, size, 4));
        }
        break;
    case MADT_X2APIC:
        if (size >= 16) {
            madt_add_cpu(m, acpi_u32(e, size, 4), acpi_u32(e, size, 8));
        }
        break;
    case MADT_IOAPIC:
        if (size >= 12) {
            madt_add_ioapic(m, acpi_u8(e, size, 2), acpi_u32(e, size, 4),
                            acpi_u32(e, size, 8));
        }
        break;
    case MADT_OVERRIDE:
        if (size >= 10) {
            madt_override(m, acpi_u8(e, size, 2), acpi_u8(e, size, 3),
                          acpi_u32(e, size, 4), acpi_u16(e, size, 8));
        }
        break;
    case MADT_LAPIC_ADDRESS:
        if (size >= 12) {
            m->lapic_address = acpi_u64(e, size, 4);
        }
        break;
    default:
        break; /* NMI wiring and what later revisions add */
    }
}

/* table: a whole MADT. Stops at the first entry that can not be right. */
static inline void acpi_parse_madt(const void *table, size_t len,
                                   struct acpi_madt *m)
{
    size_t at = ACPI_HEADER_SIZE + 8;

    acpi_madt_defaults(m);
    if (len < at) {
        return;
    }
    m->lapic_address = acpi_u32(table, len, ACPI_HEADER_SIZE);
    m->has_8259 = acpi_u32(table, len, ACPI_HEADER_SIZE + 4) & 1;
    while (len - at >= 2) {
        size_t size = acpi_u8(table, len, at + 1);

        if (size < 2 || size > len - at) {
            return; /* A2 */
        }
        madt_entry(m, (const uint8_t *)table + at, size);
        at += size;
    }
}

/* --- FADT: fixed hardware ------------------------------------------------ */

/* A register as firmware describes it; address 0: there is none. */
struct acpi_register {
    uint64_t address;
    uint8_t space; /* enum acpi_space */
    uint8_t bits;  /* width, 0: as the use demands */
};

enum acpi_space {
    ACPI_SPACE_MEMORY = 0,
    ACPI_SPACE_PORT = 1,
};

struct acpi_fadt {
    bool present;
    uint64_t dsdt;
    uint32_t smi_command;     /* port, 0: the machine is always in ACPI mode */
    uint8_t acpi_enable;      /* value for smi_command */
    uint8_t century;          /* CMOS index of the century, 0: none */
    uint16_t boot_flags;
    uint32_t flags;
    struct acpi_register pm1a_control;
    struct acpi_register pm1b_control;
    struct acpi_register pm_timer;
    struct acpi_register reset;
    uint8_t reset_value;
    struct acpi_register sleep_control; /* reduced hardware only */
};

#define FADT_FLAG_TIMER_32BIT (1u << 8)
#define FADT_FLAG_RESET       (1u << 10)
#define FADT_FLAG_REDUCED     (1u << 20)
#define FADT_BOOT_NO_VGA      (1u << 2)
#define FADT_BOOT_NO_RTC      (1u << 5)

static inline struct acpi_register acpi_gas(const void *t, size_t len,
                                            size_t at)
{
    return (struct acpi_register){
        .space = acpi_u8(t, len, at),
        .bits = acpi_u8(t, len, at + 1),
        .address = acpi_u64(t, len, at + 4),
    };
}

/* The 64-bit field when the table has one that is not zero, else the port. */
static inline struct acpi_register fadt_port(const void *t, size_t len,
                                             size_t old_at, size_t new_at)
{
    struct acpi_register r = acpi_gas(t, len, new_at);

    if (r.address == 0) {
        r.space = ACPI_SPACE_PORT;
        r.bits = 0;
        r.address = acpi_u32(t, len, old_at);
    }
    return r;
}

static inline void acpi_parse_fadt(const void *t, size_t len,
                                   struct acpi_fadt *f)
{
    f->present = true;
    f->dsdt = acpi_u64(t, len, 140);
    if (f->dsdt == 0) {
        f->dsdt = acpi_u32(t, len, 40);
    }
    f->smi_command = acpi_u32(t, len, 48);
    f->acpi_enable = acpi_u8(t, len, 52);
    f->century = acpi_u8(t, len, 108);
    f->boot_flags = acpi_u16(t, len, 109);
    f->flags = acpi_u32(t, len, 112);
    f->pm1a_control = fadt_port(t, len, 64, 172);
    f->pm1b_control = fadt_port(t, len, 68, 184);
    f->pm_timer = fadt_port(t, len, 76, 208);
    f->reset = (struct acpi_register){ 0, 0, 0 };
    f->reset_value = 0;
    if (f->flags & FADT_FLAG_RESET) {
        f->reset = acpi_gas(t, len, 116);
        f->reset_value = acpi_u8(t, len, 128);
    }
    f->sleep_control = acpi_gas(t, len, 244);
}

/* --- \_S5_: the value that means "off" ----------------------------------- */

/* One small integer of AML at *at; false when it is something else. */
static inline bool aml_integer(const void *aml, size_t len, size_t *at,
                               uint8_t *value)
{
    uint8_t op = acpi_u8(aml, len, *at);

    if (*at >= len) {
        return false;
    }
    switch (op) {
    case 0x00: /* ZeroOp */
    case 0x01: /* OneOp */
        *value = op;
        *at += 1;
        return true;
    case 0x0a: /* BytePrefix */
    case 0x0b: /* WordPrefix; the value is in its low byte */
    case 0x0c: /* DWordPrefix */
        *value = acpi_u8(aml, len, *at + 1);
        *at += op == 0x0a ? 2 : op == 0x0b ? 3 : 5;
        return *at <= len;
    default:
        return false;
    }
}

/* A package of two integers or more, as follows the name at `at`. */
static inline bool aml_sleep_package(const void *aml, size_t len, size_t at,
                                     uint8_t *type_a, uint8_t *type_b)
{
    if (acpi_u8(aml, len, at) != 0x12) { /* PackageOp */
        return false;
    }
    /* PkgLength: its first byte says how many more bytes it has. */
    at += 2 + (acpi_u8(aml, len, at + 1) >> 6);
    if (acpi_u8(aml, len, at) == 0) { /* number of elements */
        return false;
    }
    at++;
    if (!aml_integer(aml, len, &at, type_a)) {
        return false;
    }
    if (!aml_integer(aml, len, &at, type_b)) {
        *type_b = *type_a;
    }
    *type_a &= 7;
    *type_b &= 7;
    return true;
}

/*
 * Finds Name(_S5_, Package(){a, b, ...}) without an interpreter: the name's
 * four bytes, preceded by NameOp (perhaps with a root prefix between) and
 * followed by a package. Anything else of that spelling is passed over.
 */
static inline bool acpi_find_s5(const void *aml, size_t len, uint8_t *type_a,
                                uint8_t *type_b)
{
    for (size_t at = 1; at + 4 < len; at++) {
        bool named = acpi_u8(aml, len, at - 1) == 0x08 ||
                     (at >= 2 && acpi_u8(aml, len, at - 1) == '\\' &&
                      acpi_u8(aml, len, at - 2) == 0x08);

        if (named && acpi_text_is(aml, len, at, "_S5_", 4) &&
            aml_sleep_package(aml, len, at + 4, type_a, type_b)) {
            return true;
        }
    }
    return false;
}

#endif
