/* SPDX-License-Identifier: MIT */
/*
 * What every boot door (Multiboot 1, Multiboot2, PVH) leaves behind. arch
 * fills it once; core reads it. Text is copied: the loader's memory is reused.
 */
#ifndef HV_BOOT_INFO_H
#define HV_BOOT_INFO_H

#include <hv/types.h>

#define BOOT_MODULES_MAX 16
#define BOOT_REGIONS_MAX 128
#define BOOT_TEXT_MAX 1024

enum boot_region_type {
    REGION_RAM = 1, REGION_RESERVED = 2, REGION_ACPI = 3, REGION_NVS = 4,
    REGION_BAD = 5,
};

struct boot_region {
    uint64_t start, length;    /* bytes */
    uint32_t type;             /* enum boot_region_type */
};

struct boot_module {
    uint64_t start, length;    /* machine address, bytes */
    char text[BOOT_TEXT_MAX];  /* command line without the file's name */
};

struct boot_info {
    const char *loader;        /* for the log */
    char cmdline[BOOT_TEXT_MAX];
    unsigned int region_count, module_count;
    struct boot_region regions[BOOT_REGIONS_MAX]; /* sorted, not overlapping */
    struct boot_module modules[BOOT_MODULES_MAX];
    uint64_t rsdp;             /* machine address, 0: search */
};

extern struct boot_info boot_info;

/*
 * core/builder.c: builds d0 from boot_info.modules[0] with the rest as its
 * ramdisk or module list. Refuses with one line "cannot start: ..." and
 * powers the machine off; returns when vcpu 0 is ready to be started.
 */
void build_first_domain(void);

/* Prints "(xenios) cannot start: <sentence>" and powers off. */
__attribute__((noreturn, format(printf, 1, 2)))
void cannot_start(const char *fmt, ...);

#endif
