/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own address space.
 *
 * All page tables in the machine, the guests' included, share what hangs
 * below slots 256-271: the third-level tables are made here once, and every
 * guest L4 gets a copy of the sixteen entries. So a mapping that is added
 * later (a CPU's block, a GDT window) is seen everywhere at once.
 *
 *   P1  nothing is writable and executable: text RX, the rest NX
 *   P2  nothing but the read-only M2P has the U bit, slot 256 itself excepted,
 *       where the M2P has company
 *   P3  the image's text and read-only data are read-only in the direct map
 *       too
 *   P4  below every stack lies an unmapped page
 *   P5  hypervisor mappings are global, so a guest's CR3 load keeps them
 *
 * The frame records and the M2P are indexed by frame number over the whole
 * range of RAM. Where the machine has no RAM, both show one shared read-only
 * page: records without a reference (so nobody can take one), and M2P
 * entries that say "none".
 *
 * Memory before the allocator: pages are cut from the end of the largest
 * region below 4 GiB (that is what the early direct map reaches), around
 * whatever the boot loader put there, and never come back.
 */
#include "paging.h"

#include <arch/cr.h>
#include <arch/layout.h>
#include <hv/arch.h>
#include <hv/boot_info.h>
#include <hv/util.h>

#include "boot.h"

#define PTE_P    (1ull << 0)
#define PTE_RW   (1ull << 1)
#define PTE_US   (1ull << 2)
#define PTE_PCD  (1ull << 4)
#define PTE_PWT  (1ull << 3)
#define PTE_A    (1ull << 5)
#define PTE_D    (1ull << 6)
#define PTE_PS   (1ull << 7)
#define PTE_G    (1ull << 8)
#define PTE_NX   (1ull << 63)
#define PTE_ADDR 0x000ffffffffff000ull

#define MAP_TEXT   (PTE_P | PTE_A | PTE_G)
#define MAP_RODATA (PTE_P | PTE_A | PTE_G | PTE_NX)
#define MAP_DATA   (PTE_P | PTE_RW | PTE_A | PTE_D | PTE_G | PTE_NX)
#define MAP_DEVICE (MAP_DATA | PTE_PCD | PTE_PWT)
#define MAP_M2P    (MAP_RODATA | PTE_US)
#define TABLE      (PTE_P | PTE_RW | PTE_A)

#define LARGE_PAGE 0x200000ull
#define LOW_MEMORY 0x100000ull
#define FOUR_GIB   0x100000000ull
#define USED_MAX   (BOOT_MODULES_MAX + 16)

extern const char text_start[], text_end[], rodata_end[];

uint64_t frame_count;
uint64_t hypervisor_cr3;
uint64_t *hypervisor_l4;

/* The L1 tables of the CPUs' pieces; the first one is the image's as well. */
#define PERCPU_L1_FIRST (PERCPU_BASE & ~(LARGE_PAGE - 1))
#define PERCPU_L1_COUNT \
    ((PERCPU_BLOCK(CPUS_MAX) - PERCPU_L1_FIRST + LARGE_PAGE - 1) / LARGE_PAGE)
static uint64_t *percpu_l1[PERCPU_L1_COUNT];
static mfn_t null_descriptors;     /* a page of zeroes */
static uint64_t device_next = DEVICE_BASE;
static bool allocator_is_up;

/* --- memory before the allocator -------------------------------------------- */

struct range {
    uint64_t start, end;
};

static struct range used[USED_MAX];
static unsigned int used_count;
static struct range boot_region; /* what boot_alloc cuts from the end of */
static uint64_t low_next = 0x1000;

static void use(uint64_t start, uint64_t end)
{
    if (used_count > 0 && used[used_count - 1].start == end) {
        used[used_count - 1].start = start;
        return;
    }
    if (used_count == USED_MAX) {
        cannot_start("the memory map is too fragmented to boot from");
    }
    used[used_count].start = start;
    used[used_count].end = end;
    used_count++;
}

/* The used range that overlaps [start, end), or NULL. */
static const struct range *overlap(uint64_t start, uint64_t end)
{
    for (unsigned int i = 0; i < used_count; i++) {
        if (start < used[i].end && used[i].start < end) {
            return &used[i];
        }
    }
    return NULL;
}

/* The whole pages of a region between 1 MiB and `limit`; empty if none. */
static struct range whole_pages(const struct boot_region *r, uint64_t limit)
{
    uint64_t start = max_u64(round_up(r->start, PAGE_SIZE), LOW_MEMORY);
    uint64_t end = min_u64(round_down(r->start + r->length, PAGE_SIZE), limit);

    return (struct range){ start, max_u64(start, end) };
}

static void choose_boot_region(void)
{
    for (unsigned int i = 0; i < boot_info.region_count; i++) {
        const struct boot_region *r = &boot_info.regions[i];
        struct range pages = whole_pages(r, FOUR_GIB);

        if (r->type == REGION_RAM && pages.end - pages.start >
                                         boot_region.end - boot_region.start) {
            boot_region = pages;
        }
    }
    if (boot_region.end == 0) {
        cannot_start("the boot loader reports no memory above 1 MiB");
    }
}

/* Zeroed memory in one piece, at a multiple of `align`. What lies between it
 * and what was taken before stays free. */
static uint64_t boot_alloc_aligned(uint64_t size, uint64_t align)
{
    uint64_t end = boot_region.end;
    const struct range *hit;
    uint64_t start;

    for (;;) {
        if (end < boot_region.start + size + align) {
            cannot_start("too little memory for the hypervisor itself; "
                         "give the machine more");
        }
        start = round_down(end - size, align);
        hit = overlap(start, start + size);
        if (hit == NULL) {
            break;
        }
        end = round_down(hit->start, PAGE_SIZE);
    }
    if (align == PAGE_SIZE) {
        boot_region.end = start;
    }
    use(start, start + size);
    memset((void *)(DIRECT_BASE + start), 0, size);
    return start;
}

/* Zeroed frames, adjacent. */
static uint64_t boot_alloc(uint64_t pages)
{
    return boot_alloc_aligned(pages << PAGE_SHIFT, PAGE_SIZE);
}

mfn_t boot_alloc_low(void)
{
    for (; low_next < 0x90000; low_next += PAGE_SIZE) {
        for (unsigned int i = 0; i < boot_info.region_count; i++) {
            const struct boot_region *r = &boot_info.regions[i];

            if (r->type == REGION_RAM && r->start <= low_next &&
                low_next + PAGE_SIZE <= r->start + r->length &&
                overlap(low_next, low_next + PAGE_SIZE) == NULL) {
                use(low_next, low_next + PAGE_SIZE);
                low_next += PAGE_SIZE;
                return MFN((low_next >> PAGE_SHIFT) - 1);
            }
        }
    }
    return INVALID_MFN;
}

/* --- building tables --------------------------------------------------------- */

static uint64_t alloc_table(void)
{
    void *page;

    if (!allocator_is_up) {
        return boot_alloc(1);
    }
    page = hv_alloc_pages(0);
    return page == NULL ? 0 : mfn_to_maddr(frame_unmap_addr(page)).v;
}

static uint64_t *table_at(uint64_t entry)
{
    return (uint64_t *)(DIRECT_BASE + (entry & PTE_ADDR));
}

/* P2: whether the entry for va in a table of this level must have U. */
static bool leads_to_m2p(uint64_t va, unsigned int level)
{
    STATIC_ASSERT(M2P_BASE == HV_HOLE_START && HV_BASE % (1ull << 30) == 0,
                  "the M2P is first, and shares no second-level table");
    STATIC_ASSERT(HV_BASE >> 39 == M2P_BASE >> 39 &&
                      DIRECT_BASE >> 39 == M2P_BASE >> 39,
                  "boot32.asm has one slot for both");
    return round_down(va, 1ull << (12 + 9 * (level - 1))) < HV_BASE;
}

/*
 * The slot for va in the table of this level (1: 4 KiB pages, 2: 2 MiB),
 * making the tables on the way. NULL when memory is short.
 */
static uint64_t *slot(uint64_t va, unsigned int level)
{
    uint64_t *table = hypervisor_l4;
    unsigned int l;

    for (l = 4; l > level; l--) {
        uint64_t *e = &table[(va >> (12 + 9 * (l - 1))) & 511];

        if ((*e & PTE_P) == 0) {
            uint64_t t = alloc_table();

            if (t == 0) {
                return NULL;
            }
            *e = t | TABLE | (leads_to_m2p(va, l) ? PTE_US : 0);
        }
        table = table_at(*e);
    }
    return &table[(va >> (12 + 9 * (level - 1))) & 511];
}

static bool map_range(uint64_t va, uint64_t pa, uint64_t len, uint64_t flags)
{
    while (len > 0) {
        bool large = ((va | pa) & (LARGE_PAGE - 1)) == 0 && len >= LARGE_PAGE;
        uint64_t step = large ? LARGE_PAGE : PAGE_SIZE;
        uint64_t *e = slot(va, large ? 2 : 1);

        if (e == NULL) {
            return false;
        }
        *e = pa | flags | (large ? PTE_PS : 0);
        va += step;
        pa += step;
        len -= step;
    }
    return true;
}

/* --- the direct map ------------------------------------------------------------ */

static void map_direct(uint64_t start, uint64_t end, uint64_t flags)
{
    map_range(DIRECT_BASE + start, start, end - start, flags);
}

/* RAM, but for the image, whose parts keep their protection (P3). */
static void map_direct_around_image(uint64_t start, uint64_t end)
{
    uint64_t first = image_phys(image_start);
    uint64_t stop = image_phys(image_end);

    if (start < first) {
        map_direct(start, min_u64(end, first), MAP_DATA);
    }
    if (end > stop) {
        map_direct(max_u64(start, stop), end, MAP_DATA);
    }
}

static void map_all_ram(void)
{
    uint64_t text = image_phys(text_start);
    uint64_t rodata = image_phys(rodata_end);

    map_direct(0, 0xa0000, MAP_DATA);
    map_direct(0xc0000, LOW_MEMORY, MAP_RODATA);
    for (unsigned int i = 0; i < boot_info.region_count; i++) {
        const struct boot_region *r = &boot_info.regions[i];
        struct range pages = whole_pages(r, DIRECT_MAX);

        if (pages.start == pages.end) {
            continue;
        }
        if (r->type == REGION_RAM) {
            map_direct_around_image(pages.start, pages.end);
            frame_count = max_u64(frame_count, pages.end >> PAGE_SHIFT);
        } else if (r->type == REGION_ACPI || r->type == REGION_NVS) {
            map_direct(pages.start, pages.end, MAP_RODATA);
        }
    }
    map_direct(image_phys(image_start), text, MAP_DATA);
    map_direct(text, rodata, MAP_RODATA);
    map_direct(rodata, image_phys(image_end), MAP_DATA);
}

static void map_image(void)
{
    uint64_t text = (uint64_t)text_start;
    uint64_t rodata = (uint64_t)text_end;
    uint64_t data = (uint64_t)rodata_end;

    map_range(text, text - HV_BASE, rodata - text, MAP_TEXT);
    map_range(rodata, rodata - HV_BASE, data - rodata, MAP_RODATA);
    map_range(data, data - HV_BASE, (uint64_t)image_end - data, MAP_DATA);
}

/* --- tables over all frames ------------------------------------------------------ */

static bool has_ram(uint64_t start, uint64_t end)
{
    for (unsigned int i = 0; i < boot_info.region_count; i++) {
        const struct boot_region *r = &boot_info.regions[i];

        if (r->type == REGION_RAM && r->start < end &&
            start < r->start + r->length) {
            return true;
        }
    }
    return false;
}

/* RAM whose records, or whose M2P entries, stand in one page. */
#define RECORDS_COVER(page) ((page) / sizeof(struct frame) << PAGE_SHIFT)
#define M2P_COVERS          ((LARGE_PAGE / 8) << PAGE_SHIFT)

/* Whether a large page of records would have nothing that is not needed. */
static bool records_fill_large_page(uint64_t at, uint64_t limit)
{
    uint64_t end = at + RECORDS_COVER(LARGE_PAGE);

    while (at < end && end <= limit &&
           has_ram(at, at + RECORDS_COVER(PAGE_SIZE))) {
        at += RECORDS_COVER(PAGE_SIZE);
    }
    return at == end;
}

static uint64_t records_of(uint64_t at)
{
    return FRAME_BASE + (at >> PAGE_SHIFT) * sizeof(struct frame);
}

/* Page by page: memory where the frames described include RAM, the shared
 * page where they do not. */
static void back_records(uint64_t at, uint64_t end, uint64_t hole)
{
    for (; at < end; at += RECORDS_COVER(PAGE_SIZE)) {
        if (has_ram(at, at + RECORDS_COVER(PAGE_SIZE))) {
            map_range(records_of(at), boot_alloc(1), PAGE_SIZE, MAP_DATA);
        } else {
            map_range(records_of(at), hole, PAGE_SIZE, MAP_RODATA);
        }
    }
}

/* The large pages first, so that what they take is in one piece. */
static void back_frame_records(void)
{
    const uint64_t step = RECORDS_COVER(LARGE_PAGE);
    uint64_t limit = frame_count << PAGE_SHIFT;
    uint64_t hole = boot_alloc(1);

    for (uint64_t at = 0; at < limit; at += step) {
        if (records_fill_large_page(at, limit)) {
            map_range(records_of(at),
                      boot_alloc_aligned(LARGE_PAGE, LARGE_PAGE), LARGE_PAGE,
                      MAP_DATA);
        }
    }
    for (uint64_t at = 0; at < limit; at += step) {
        if (!records_fill_large_page(at, limit)) {
            back_records(at, min_u64(at + step, limit), hole);
        }
    }
}

static uint64_t m2p_hole; /* a page that says "none" */

/* Both views of one page, or (len 2 MiB) one large page. */
static void map_m2p(uint64_t off, uint64_t pa, uint64_t len, uint64_t rw_flags)
{
    map_range(M2P_BASE + off, pa, len, MAP_M2P);
    map_range(M2P_RW_BASE + off, pa, len, rw_flags);
}

/* The extent at `off`: `len` bytes of it have entries, the rest is a hole. */
static void back_m2p_extent(uint64_t off, uint64_t len)
{
    uint64_t pa = boot_alloc_aligned(len, LARGE_PAGE);

    memset((void *)(DIRECT_BASE + pa), 0xff, len);
    map_m2p(off, pa, len, MAP_DATA);
    for (; len < LARGE_PAGE; len += PAGE_SIZE) {
        map_m2p(off + len, m2p_hole, PAGE_SIZE, MAP_RODATA);
    }
}

/* The M2P by extents of 2 MiB, as XENMEM_machphys_mfn_list promises; but for
 * the last one, whose end nobody needs. */
static void back_m2p(void)
{
    uint64_t bytes = round_up(frame_count * 8, PAGE_SIZE);
    uint64_t covered = 0; /* RAM */

    m2p_hole = boot_alloc(1);
    memset((void *)(DIRECT_BASE + m2p_hole), 0xff, PAGE_SIZE);
    for (uint64_t off = 0; off < bytes;
         off += LARGE_PAGE, covered += M2P_COVERS) {
        if (has_ram(covered, covered + M2P_COVERS)) {
            back_m2p_extent(off, min_u64(bytes - off, LARGE_PAGE));
            continue;
        }
        for (uint64_t page = 0; page < LARGE_PAGE; page += PAGE_SIZE) {
            map_m2p(off + page, m2p_hole, PAGE_SIZE, MAP_RODATA);
        }
    }
}

mfn_t arch_m2p_extent(uint64_t index)
{
    uint64_t va = M2P_RW_BASE + index * LARGE_PAGE;
    uint64_t entry;

    if (index * LARGE_PAGE >= frame_count * 8) {
        return INVALID_MFN;
    }
    entry = *slot(va, 2);
    if ((entry & PTE_PS) == 0) {
        entry = *slot(va, 1);
    }
    return (entry & PTE_ADDR) == m2p_hole
               ? INVALID_MFN : maddr_to_mfn(MADDR(entry & PTE_ADDR));
}

void arch_m2p_set(mfn_t mfn, uint64_t pfn)
{
    ((uint64_t *)M2P_RW_BASE)[mfn.v] = pfn;
}

uint64_t arch_m2p_get(mfn_t mfn)
{
    return ((uint64_t *)M2P_RW_BASE)[mfn.v];
}

void arch_m2p_range(uint64_t *start, uint64_t *end, uint64_t *entries)
{
    *start = M2P_BASE;
    *end = M2P_BASE + 0x4000000000ull; /* what the ABI sets aside */
    *entries = frame_count;
}

void arch_fill_hypervisor_slots(uint64_t *l4)
{
    memcpy(&l4[256], &hypervisor_l4[256], 16 * sizeof(*l4));
}

void arch_frame_zero(mfn_t mfn)
{
    uint64_t count = PAGE_SIZE / 8;
    void *p = frame_map(mfn);

    __asm__ volatile("rep stosq" : "+c"(count), "+D"(p) : "a"(0ull) :
                     "memory");
}

/* --- windows ----------------------------------------------------------------------- */

/* L1 tables of all CPUs' pieces. */
static void make_windows(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(percpu_l1); i++) {
        percpu_l1[i] = slot(PERCPU_L1_FIRST + i * LARGE_PAGE, 1);
    }
}

static void window_set(uint64_t va, uint64_t entry)
{
    uint64_t index = (va - PERCPU_L1_FIRST) >> PAGE_SHIFT;
    uint64_t *e = &percpu_l1[index / 512][index % 512];

    if (*e != entry) {
        *e = entry;
        arch_invlpg(va);
    }
}

void gdt_window_set(unsigned int cpu, unsigned int page, mfn_t mfn)
{
    uint64_t entry = mfn_valid_number(mfn)
                         ? mfn_to_maddr(mfn).v | (MAP_DATA & ~PTE_G)
                         : mfn_to_maddr(null_descriptors).v |
                               (MAP_RODATA & ~PTE_G);

    window_set(GDT_BASE(cpu) + page * PAGE_SIZE, entry);
}

void ldt_window_set(unsigned int cpu, unsigned int page, mfn_t mfn)
{
    uint64_t entry = mfn_valid_number(mfn)
                         ? mfn_to_maddr(mfn).v | (MAP_DATA & ~PTE_G)
                         : 0;

    window_set(LDT_BASE(cpu) + page * PAGE_SIZE, entry);
}

void *map_device(uint64_t maddr, size_t len)
{
    uint64_t start = round_down(maddr, PAGE_SIZE);
    uint64_t size = round_up(maddr + len, PAGE_SIZE) - start;
    uint64_t va = device_next;

    if (va + size > DEVICE_BASE + LARGE_PAGE ||
        !map_range(va, start, size, MAP_DEVICE)) {
        return NULL;
    }
    device_next += size;
    return (void *)(va + (maddr - start));
}

const void *map_acpi(uint64_t maddr, size_t len)
{
    uint64_t end = maddr + len;

    if (end <= LOW_MEMORY) {
        return (const void *)(DIRECT_BASE + maddr);
    }
    for (unsigned int i = 0; i < boot_info.region_count; i++) {
        const struct boot_region *r = &boot_info.regions[i];

        if (r->type <= REGION_NVS && r->type != REGION_RESERVED &&
            round_up(r->start, PAGE_SIZE) <= maddr &&
            end <= round_down(r->start + r->length, PAGE_SIZE)) {
            return (const void *)(DIRECT_BASE + maddr);
        }
    }
    return map_device(maddr, len);
}

/* --- a CPU's block ------------------------------------------------------------------ */

struct cpu *percpu_create(unsigned int id)
{
    static const uint8_t mapped_pages[] = {
        PERCPU_DF_TOP / 4096 - 1, PERCPU_NMI_TOP / 4096 - 1,
        PERCPU_MC_TOP / 4096 - 1, PERCPU_DB_TOP / 4096 - 1, 12, 13, 14, 15,
    };
    uint64_t base = PERCPU_BLOCK(id);
    void *gdt = hv_alloc_pages(0);
    struct cpu *c = (struct cpu *)(base + PERCPU_STACK_TOP);

    STATIC_ASSERT(sizeof(struct cpu) <= PERCPU_SIZE - PERCPU_STACK_TOP,
                  "struct cpu is what follows the main stack");
    if (gdt == NULL) {
        return NULL;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(mapped_pages); i++) {
        void *page = hv_alloc_pages(0);

        if (page == NULL ||
            !map_range(base + mapped_pages[i] * PAGE_SIZE,
                       mfn_to_maddr(frame_unmap_addr(page)).v, PAGE_SIZE,
                       MAP_DATA)) {
            return NULL;
        }
    }
    for (unsigned int page = 0; page < GDT_GUEST_FRAMES; page++) {
        gdt_window_set(id, page, INVALID_MFN);
    }
    gdt_window_set(id, GDT_GUEST_FRAMES, frame_unmap_addr(gdt));
    c->id = id;
    return c;
}

/* --- all of it ----------------------------------------------------------------------- */

void paging_init(void)
{
    use(image_phys(image_start),
        round_up(image_phys(image_end), PAGE_SIZE));
    for (unsigned int i = 0; i < boot_info.module_count; i++) {
        const struct boot_module *m = &boot_info.modules[i];

        use(round_down(m->start, PAGE_SIZE),
            round_up(m->start + m->length, PAGE_SIZE));
    }
    choose_boot_region();

    hypervisor_cr3 = boot_alloc(1);
    hypervisor_l4 = (uint64_t *)(DIRECT_BASE + hypervisor_cr3);
    map_image();
    map_all_ram();
    null_descriptors = maddr_to_mfn(MADDR(boot_alloc(1)));
    back_m2p();
    back_frame_records();
    make_windows();
    /* Every third-level table exists from now on, so that the sixteen
     * entries that guests copy never change. */
    slot(DEVICE_BASE, 1);

    write_cr4(read_cr4() | CR4_PGE);
    arch_write_cr3(hypervisor_cr3);
}

/* Hands out the part of [start, end) that no used range touches. */
static void release_range(uint64_t start, uint64_t end)
{
    while (start < end) {
        uint64_t stop = end;
        uint64_t skip_to = end;

        for (unsigned int i = 0; i < used_count; i++) {
            if (used[i].end <= start || used[i].start >= stop) {
                continue;
            }
            if (used[i].start <= start) {
                stop = start;
                skip_to = used[i].end;
                break;
            }
            stop = used[i].start;
            skip_to = used[i].end;
        }
        if (stop > start) {
            page_alloc_add_range(MFN(start >> PAGE_SHIFT),
                                 MFN(stop >> PAGE_SHIFT));
        }
        start = max_u64(skip_to, stop);
    }
}

void paging_release_memory(void)
{
    for (unsigned int i = 0; i < boot_info.region_count; i++) {
        const struct boot_region *r = &boot_info.regions[i];
        struct range pages = whole_pages(r, DIRECT_MAX);

        if (r->type == REGION_RAM) {
            release_range(pages.start, pages.end);
        }
    }
    allocator_is_up = true;
}
