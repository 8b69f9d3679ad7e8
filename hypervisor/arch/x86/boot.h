/* SPDX-License-Identifier: MIT */
/* The steps of setup() that have files of their own. */
#ifndef ARCH_BOOT_H
#define ARCH_BOOT_H

#include <arch/layout.h>
#include <hv/boot_info.h>

/* boot32.asm's name for "came through the PVH door". */
#define BOOT_MAGIC_PVH 0x50564821u
#define BOOT_MAGIC_MB1 0x2badb002u
#define BOOT_MAGIC_MB2 0x36d76289u

/*
 * Fills boot_info from what the loader left at the physical address `info`
 * (below 4 GiB, reachable through the early direct map). Sorts the regions
 * and cuts overlaps (the worse type wins). Returns false for an unknown
 * magic.
 */
bool boot_info_read(uint32_t magic, uint32_t info);

/* The image from its first byte on, at HV_BASE + physical (linker script). */
extern const char image_start[], image_end[];

static inline uint64_t image_phys(const char *linear)
{
    return (uint64_t)linear - HV_BASE;
}

#endif
