/* SPDX-License-Identifier: MIT */
/*
 * The boot doors: Multiboot 1 (QEMU -kernel), Multiboot2 (GRUB) and PVH, each
 * turned into the same struct boot_info.
 *
 * The loaders differ in small ways that matter:
 *   - Multiboot 1 as QEMU does it puts the file's name in front of every
 *     command line; GRUB's Multiboot2 does not, and PVH has no name either.
 *   - PVH carries one module without text: its command line travels behind
 *     "--" on ours (core/cmdline.c keeps it).
 *   - Memory maps come unsorted and may overlap. They are sorted here, and
 *     where two entries overlap the one that is not RAM wins.
 *
 * All of it is read through the early direct map (below 4 GiB), once, and
 * copied; the loader's memory is free afterwards. Loaders are trusted to
 * tell the truth, but not to be tidy: every count and length is bounded.
 *
 * Sources: Multiboot 0.6.96; Multiboot2 2.0; the PVH start info of
 * xen/arch-x86/hvm/start_info.h (version 1, with its memory map).
 */
#include "boot.h"

#include <arch/layout.h>
#include <hv/util.h>

struct boot_info boot_info;

static const void *phys(uint64_t addr)
{
    return (const void *)(DIRECT_BASE + addr);
}

static void copy_text(char *dst, const char *src, size_t src_max)
{
    size_t i = 0;

    while (i < BOOT_TEXT_MAX - 1 && i < src_max && src[i] != '\0') {
        dst[i] = src[i];
        i++;
    }
    dst[i] = '\0';
}

/* The text behind the first word: the word is a file's name. */
static const char *after_first_word(const char *text)
{
    while (*text != '\0' && *text != ' ') {
        text++;
    }
    while (*text == ' ') {
        text++;
    }
    return text;
}

static void add_region(uint64_t start, uint64_t length, uint32_t type)
{
    struct boot_region *r;

    if (length == 0 || start + length < start ||
        boot_info.region_count == BOOT_REGIONS_MAX) {
        return;
    }
    r = &boot_info.regions[boot_info.region_count++];
    r->start = start;
    r->length = length;
    r->type = type;
}

static void add_module(uint64_t start, uint64_t length, const char *text,
                       size_t text_max)
{
    struct boot_module *m;

    if (boot_info.module_count == BOOT_MODULES_MAX) {
        return;
    }
    m = &boot_info.modules[boot_info.module_count++];
    m->start = start;
    m->length = length;
    copy_text(m->text, text, text_max);
}

/* --- Multiboot 1 ----------------------------------------------------------- */

#define MB1_HAS_CMDLINE (1u << 2)
#define MB1_HAS_MODULES (1u << 3)
#define MB1_HAS_MAP     (1u << 6)

struct mb1_info {
    uint32_t flags, mem_lower, mem_upper, boot_device, cmdline;
    uint32_t mods_count, mods_addr, syms[4], mmap_length, mmap_addr;
};

struct mb1_module {
    uint32_t start, end, text, reserved;
};

struct mb1_region {
    uint32_t size; /* of what follows */
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed));

static void read_mb1(uint32_t addr)
{
    const struct mb1_info *info = phys(addr);

    boot_info.loader = "Multiboot 1";
    if ((info->flags & MB1_HAS_CMDLINE) != 0) {
        copy_text(boot_info.cmdline,
                  after_first_word(phys(info->cmdline)), BOOT_TEXT_MAX);
    }
    if ((info->flags & MB1_HAS_MODULES) != 0) {
        const struct mb1_module *m = phys(info->mods_addr);

        for (uint32_t i = 0; i < info->mods_count; i++) {
            const char *text = m[i].text != 0 ? phys(m[i].text) : "";

            add_module(m[i].start, m[i].end - m[i].start,
                       after_first_word(text), BOOT_TEXT_MAX);
        }
    }
    if ((info->flags & MB1_HAS_MAP) != 0) {
        uint32_t at = 0;

        while (at + sizeof(struct mb1_region) <= info->mmap_length) {
            const struct mb1_region *r = phys(info->mmap_addr + at);

            add_region(r->start, r->length, r->type);
            at += r->size + 4;
        }
    }
}

/* --- Multiboot2 ------------------------------------------------------------ */

enum { MB2_END = 0, MB2_CMDLINE = 1, MB2_MODULE = 3, MB2_MAP = 6,
       MB2_ACPI_OLD = 14, MB2_ACPI_NEW = 15 };

struct mb2_tag {
    uint32_t type, size;
};

static void mb2_map(const struct mb2_tag *tag)
{
    const uint32_t *head = (const uint32_t *)(tag + 1);
    uint32_t entry_size = head[0];
    uint32_t at = 16;

    while (entry_size >= 24 && at + entry_size <= tag->size) {
        const struct {
            uint64_t start, length;
            uint32_t type;
        } *r = (const void *)((const char *)tag + at);

        add_region(r->start, r->length, r->type);
        at += entry_size;
    }
}

static void mb2_module(const struct mb2_tag *tag)
{
    const uint32_t *range = (const uint32_t *)(tag + 1);

    add_module(range[0], range[1] - range[0], (const char *)(range + 2),
               tag->size - 16);
}

static void read_mb2(uint32_t addr)
{
    const uint32_t *head = phys(addr);
    uint32_t total = head[0];
    uint32_t at = 8;

    boot_info.loader = "Multiboot2";
    while (at + sizeof(struct mb2_tag) <= total) {
        const struct mb2_tag *tag = phys(addr + at);

        if (tag->type == MB2_END || tag->size < sizeof(*tag)) {
            break;
        }
        if (tag->type == MB2_CMDLINE) {
            copy_text(boot_info.cmdline, (const char *)(tag + 1),
                      tag->size - 8);
        } else if (tag->type == MB2_MODULE) {
            mb2_module(tag);
        } else if (tag->type == MB2_MAP) {
            mb2_map(tag);
        } else if (tag->type == MB2_ACPI_NEW ||
                   (tag->type == MB2_ACPI_OLD && boot_info.rsdp == 0)) {
            /* The tag holds a copy of the RSDP itself, in memory that is
             * ours from now on as long as acpi_init runs before reuse. */
            boot_info.rsdp = addr + at + 8;
        }
        at += (uint32_t)round_up(tag->size, 8);
    }
}

/* --- PVH ------------------------------------------------------------------- */

struct pvh_info {
    uint32_t magic, version, flags, module_count;
    uint64_t modules, cmdline, rsdp;
    uint64_t map;              /* version 1 */
    uint32_t map_entries, reserved;
};

struct pvh_module {
    uint64_t start, length, cmdline, reserved;
};

struct pvh_region {
    uint64_t start, length;
    uint32_t type, reserved;
};

static void read_pvh(uint32_t addr)
{
    const struct pvh_info *info = phys(addr);
    const struct pvh_module *m = phys(info->modules);

    boot_info.loader = "PVH";
    boot_info.rsdp = info->rsdp;
    if (info->cmdline != 0) {
        copy_text(boot_info.cmdline, phys(info->cmdline), BOOT_TEXT_MAX);
    }
    for (uint32_t i = 0; i < info->module_count; i++) {
        add_module(m[i].start, m[i].length,
                   m[i].cmdline != 0 ? phys(m[i].cmdline) : "",
                   BOOT_TEXT_MAX);
    }
    if (info->version >= 1) {
        const struct pvh_region *r = phys(info->map);

        for (uint32_t i = 0; i < info->map_entries; i++) {
            add_region(r[i].start, r[i].length, r[i].type);
        }
    }
}

/* --- the memory map --------------------------------------------------------- */

static void sort_regions(void)
{
    for (unsigned int i = 1; i < boot_info.region_count; i++) {
        struct boot_region r = boot_info.regions[i];
        unsigned int k = i;

        while (k > 0 && boot_info.regions[k - 1].start > r.start) {
            boot_info.regions[k] = boot_info.regions[k - 1];
            k--;
        }
        boot_info.regions[k] = r;
    }
}

/* Cuts RAM where a neighbour that is not RAM reaches into it. */
static void cut_overlaps(void)
{
    for (unsigned int i = 0; i + 1 < boot_info.region_count; i++) {
        struct boot_region *a = &boot_info.regions[i];
        struct boot_region *b = &boot_info.regions[i + 1];
        uint64_t a_end = a->start + a->length;

        if (a_end <= b->start) {
            continue;
        }
        if (a->type == REGION_RAM) {
            a->length = b->start - a->start;
        } else {
            uint64_t cut = min_u64(a_end - b->start, b->length);

            b->start += cut;
            b->length -= cut;
        }
    }
}

bool boot_info_read(uint32_t magic, uint32_t info)
{
    if (magic == BOOT_MAGIC_MB1) {
        read_mb1(info);
    } else if (magic == BOOT_MAGIC_MB2) {
        read_mb2(info);
    } else if (magic == BOOT_MAGIC_PVH) {
        read_pvh(info);
    } else {
        return false;
    }
    sort_regions();
    cut_overlaps();
    return true;
}
