/* SPDX-License-Identifier: MIT */
/*
 * Memory of a guest which sees the machine's own page tables.
 *
 * Three address kinds.  A *pseudo-physical* frame number (pfn) counts the
 * domain's frames from 0; it is the guest's private notion.  A *machine* frame
 * number (mfn) is what page tables hold.  The p2m list, given at start-up,
 * turns the first into the second, the machine-to-physical table of the
 * hypervisor (read-only, one for all domains) the second into the first.  The
 * M2P says something about every frame of the machine, so an mfn is ours only
 * if p2m[m2p[mfn]] leads back to it.
 *
 * This library keeps one *direct map*: pfn n is at virt_base + n * 4096, for
 * all memory up to 1 GiB.  The domain builder maps the first part of it (the
 * image, what it loaded, its tables, and at least 512 KiB of free frames);
 * mm_init() extends it.
 *
 *   M1  page tables are ordinary frames of ours which we may read at will and
 *       never map writable; entries change only by mmu_update
 *   M2  so a frame becomes a table in this order: write its contents, make
 *       the direct map's entry read-only, then hook or pin it
 *   M3  and a table becomes data again in the opposite order: unhook or
 *       unpin, then make the direct map's entry writable
 *   M4  page_alloc() gives zeroed pages mapped writable, and page_free() takes
 *       nothing else back
 *
 * Locks: none, the library runs on one vCPU.  Upcalls do not allocate.
 */
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/printf.h>
#include <pv/start.h>
#include <pv/string.h>

#define MAX_PFN    (1ul << (30 - PAGE_SHIFT))   /* one L2 table's worth */
#define L1_PAGES   ((unsigned long)PT_ENTRIES)
#define BITS       64ul
#define BAD_MFN    (~0ull)

struct shared_info shared_info
    __attribute__((aligned(4096), section(".bss.page")));

struct space mm_kernel;

static uint64_t *p2m;
static const volatile uint64_t *m2p;
static unsigned long pfn_limit;                 /* frames we manage: [0, limit) */
static unsigned long free_map[MAX_PFN / BITS];
static unsigned long free_pages;
static unsigned long search_from;
static unsigned long builder_end;

unsigned long mm_builder_end(void)
{
    return builder_end;
}

const volatile uint64_t *mm_m2p(void)
{
    return m2p;
}

uint64_t pfn_to_mfn(unsigned long pfn)
{
    return pfn < start_info->nr_pages ? p2m[pfn] : BAD_MFN;
}

void mm_set_p2m(unsigned long pfn, uint64_t mfn)
{
    p2m[pfn] = mfn;
}

/* Any result is possible for a frame that is not ours. */
unsigned long mfn_to_pfn(uint64_t mfn)
{
    return m2p[mfn];
}

bool mfn_is_mine(uint64_t mfn)
{
    unsigned long pfn = mfn_to_pfn(mfn);

    return pfn < start_info->nr_pages && p2m[pfn] == mfn;
}

void *pfn_to_virt(unsigned long pfn)
{
    return virt_base + (pfn << PAGE_SHIFT);
}

unsigned long virt_to_pfn(const volatile void *address)
{
    return ((unsigned long)address - (unsigned long)virt_base) >> PAGE_SHIFT;
}

uint64_t virt_to_mfn(const volatile void *address)
{
    return pfn_to_mfn(virt_to_pfn(address));
}

uint64_t virt_to_maddr(const volatile void *address)
{
    return virt_to_mfn(address) << PAGE_SHIFT |
        ((unsigned long)address & ~PAGE_MASK);
}

void *mfn_to_virt(uint64_t mfn)
{
    return pfn_to_virt(mfn_to_pfn(mfn));
}

unsigned int pt_index(unsigned long va, unsigned int level)
{
    return (va >> (PAGE_SHIFT + PT_ENTRY_BITS * (level - 1))) &
        (PT_ENTRIES - 1);
}

pte_t pte_make(uint64_t mfn, uint64_t flags)
{
    return mfn << PAGE_SHIFT | flags;
}

uint64_t pte_mfn(pte_t pte)
{
    return (pte & PTE_MFN_MASK) >> PAGE_SHIFT;
}

bool mm_walk(const struct space *space, unsigned long va, struct walk *walk)
{
    uint64_t table = space->root_mfn;

    for (unsigned int level = PT_LEVELS; level > 0; level--) {
        const volatile pte_t *entries = mfn_to_virt(table);
        unsigned int index = pt_index(va, level);

        walk->last = level;
        walk->entry[level] = entries[index];
        walk->entry_address[level] =
            (table << PAGE_SHIFT) + index * sizeof(pte_t);
        if (!(walk->entry[level] & PTE_P)) {
            return false;
        }
        table = pte_mfn(walk->entry[level]);
    }
    return true;
}

int mm_write_entry(uint64_t entry_address, pte_t value)
{
    struct mmu_update request = {
        .ptr = entry_address | MMU_NORMAL_PT_UPDATE,
        .val = value,
    };

    return (int)hypercall_mmu_update(&request, 1, NULL, DOMID_SELF);
}

int mm_set_direct(void *page, uint64_t flags)
{
    return (int)hypercall_update_va_mapping(
        (unsigned long)page, pte_make(virt_to_mfn(page), flags),
        UVMF_INVLPG | UVMF_ALL);
}

int mmuext_mfn(unsigned int command, uint64_t mfn)
{
    struct mmuext_op op = { .cmd = command, .arg1.mfn = mfn };

    return (int)hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

int mm_flush_tlb(void)
{
    return mmuext_mfn(MMUEXT_TLB_FLUSH_LOCAL, 0);
}

static int flush_address(unsigned long va)
{
    struct mmuext_op op = {
        .cmd = MMUEXT_INVLPG_ALL,
        .arg1.linear_addr = va,
    };

    return (int)hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

static bool is_free(unsigned long pfn)
{
    return (free_map[pfn / BITS] >> (pfn % BITS)) & 1;
}

static void give(unsigned long pfn)
{
    if (pfn >= pfn_limit || is_free(pfn)) {
        panic("frame %lx freed but not allocated", pfn);
    }
    free_map[pfn / BITS] |= 1ul << (pfn % BITS);
    free_pages++;
    if (pfn < search_from) {
        search_from = pfn;
    }
}

static unsigned long take(void)
{
    for (unsigned long word = search_from / BITS; word < ARRAY_SIZE(free_map);
         word++) {
        if (free_map[word] != 0) {
            unsigned long bit = (unsigned long)__builtin_ctzl(free_map[word]);

            free_map[word] &= ~(1ul << bit);
            free_pages--;
            search_from = word * BITS + bit;
            return search_from;
        }
    }
    panic("out of memory");
}

void *page_alloc(void)
{
    void *page = pfn_to_virt(take());

    memset(page, 0, PAGE_SIZE);
    return page;
}

void page_free(void *page)
{
    struct walk walk;

    if (!mm_walk(&mm_kernel, (unsigned long)page, &walk) ||
        !(walk.entry[1] & PTE_RW) ||
        pte_mfn(walk.entry[1]) != virt_to_mfn(page)) {
        panic("page %p freed in a state no one could use", page); /* M4 */
    }
    give(virt_to_pfn(page));
}

unsigned long page_free_count(void)
{
    return free_pages;
}

void *mm_table_alloc(void)
{
    void *table = page_alloc();

    if (mm_set_direct(table, PTE_READONLY) != 0) {
        panic("page %p cannot be made read-only", table);
    }
    return table;
}

void mm_table_free(void *table)
{
    if (mm_set_direct(table, PTE_DATA) != 0) {
        panic("table %p is still in use", table);
    }
    page_free(table);
}

int mm_map(struct space *space, unsigned long va, uint64_t mfn, uint64_t flags)
{
    struct walk walk;
    bool present;
    int err;

    while (!(present = mm_walk(space, va, &walk)) && walk.last > 1) {
        void *table = mm_table_alloc();

        err = mm_write_entry(walk.entry_address[walk.last],
                             pte_make(virt_to_mfn(table), PTE_TABLE));
        if (err != 0) {
            mm_table_free(table);
            return err;
        }
    }
    err = mm_write_entry(walk.entry_address[1], pte_make(mfn, flags));
    if (err == 0 && present) {
        err = flush_address(va);
    }
    return err;
}

int mm_unmap(struct space *space, unsigned long va)
{
    struct walk walk;
    int err;

    if (!mm_walk(space, va, &walk)) {
        return 0;
    }
    err = mm_write_entry(walk.entry_address[1], 0);
    return err != 0 ? err : flush_address(va);
}

void space_create(struct space *space)
{
    void *root = mm_table_alloc();

    space->root_mfn = virt_to_mfn(root);
    if (mmuext_mfn(MMUEXT_PIN_L4_TABLE, space->root_mfn) != 0) {
        panic("a new root table cannot be pinned");
    }
}

/* Tables under one that lost its type have lost theirs, too. */
static void free_tables(void *table, unsigned int level)
{
    unsigned int count = level == PT_LEVELS ? PT_HOLE_FIRST : PT_ENTRIES;
    const volatile pte_t *entries = table;

    for (unsigned int i = 0; level > 1 && i < count; i++) {
        if (entries[i] & PTE_P) {
            free_tables(mfn_to_virt(pte_mfn(entries[i])), level - 1);
        }
    }
    mm_table_free(table);
}

void space_destroy(struct space *space)
{
    if (mmuext_mfn(MMUEXT_UNPIN_TABLE, space->root_mfn) != 0) {
        panic("root table %lx cannot be unpinned", space->root_mfn);
    }
    free_tables(mfn_to_virt(space->root_mfn), PT_LEVELS);
}

/* The builder mapped [0, result) and our first free frame lies in it. */
static unsigned long builder_mapped_end(unsigned long from)
{
    struct walk walk;
    unsigned long pfn = from;

    while (pfn < pfn_limit &&
           mm_walk(&mm_kernel, (unsigned long)pfn_to_virt(pfn), &walk)) {
        pfn++;
    }
    return pfn;
}

/*
 * Map 512 frames at once: an L1 table filled while it is still data (M2) and
 * hooked by a single request.  mapped_end is a multiple of 512 because the
 * builder rounds its mapping to 4 MiB.
 */
static unsigned long extend_direct_map(unsigned long mapped_end)
{
    pte_t *table = page_alloc();
    unsigned long pfn = mapped_end;
    struct walk walk;

    for (unsigned int i = 0; i < PT_ENTRIES && pfn < pfn_limit; i++, pfn++) {
        if (p2m[pfn] != BAD_MFN) {
            table[i] = pte_make(p2m[pfn], PTE_DATA);
        }
    }
    mm_walk(&mm_kernel, (unsigned long)pfn_to_virt(mapped_end), &walk);
    if (walk.last != 2 || mm_set_direct(table, PTE_READONLY) != 0 ||
        mm_write_entry(walk.entry_address[2],
                       pte_make(virt_to_mfn(table), PTE_TABLE)) != 0) {
        panic("direct map cannot grow at frame %lx", mapped_end);
    }
    return pfn;
}

static void give_range(unsigned long from, unsigned long to)
{
    for (unsigned long pfn = from; pfn < to; pfn++) {
        if (p2m[pfn] != BAD_MFN) {
            give(pfn);
        }
    }
}

static void m2p_find(void)
{
    struct xen_machphys_mapping mapping;

    if (hypercall_memory_op(XENMEM_machphys_mapping, &mapping) == 0) {
        m2p = (const volatile uint64_t *)mapping.v_start;
    } else {
        m2p = (const volatile uint64_t *)MACH2PHYS_VIRT_START;
    }
}

static void shared_info_map(void)
{
    if (hypercall_update_va_mapping((unsigned long)&shared_info,
                                    start_info->shared_info | PTE_DATA,
                                    UVMF_INVLPG) != 0) {
        panic("shared_info cannot be mapped");
    }
}

void mm_init(void)
{
    unsigned long mapped, end;

    p2m = (uint64_t *)start_info->mfn_list;
    m2p_find();
    mm_kernel.root_mfn = virt_to_mfn((void *)start_info->pt_base);
    shared_info_map();

    pfn_limit = start_info->nr_pages < MAX_PFN ? start_info->nr_pages
                                               : MAX_PFN;
    /* The boot stack is the last thing the builder placed. */
    mapped = virt_to_pfn((void *)(entry_regs.rsp + PAGE_SIZE - 1));
    end = builder_mapped_end(mapped);
    builder_end = end;
    give_range(mapped, end);
    while (end < pfn_limit) {
        mapped = end;
        end = extend_direct_map(mapped);
        give_range(mapped, end);
    }
}
