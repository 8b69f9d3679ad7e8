/* SPDX-License-Identifier: MIT */
/*
 * Memory of a directly paged guest: see mm.c.
 */
#ifndef PV_MM_H
#define PV_MM_H

#include <pv/types.h>

#define PTE_P        0x001ull
#define PTE_RW       0x002ull
#define PTE_U        0x004ull
#define PTE_PWT      0x008ull
#define PTE_PCD      0x010ull
#define PTE_A        0x020ull
#define PTE_D        0x040ull
#define PTE_PSE      0x080ull
#define PTE_G        0x100ull
#define PTE_AVAIL    0xe00ull
#define PTE_NX       (1ull << 63)
#define PTE_MFN_MASK 0x000ffffffffff000ull

#define PTE_DATA     (PTE_P | PTE_RW | PTE_A | PTE_D)
#define PTE_READONLY (PTE_P | PTE_A)
#define PTE_TABLE    (PTE_P | PTE_RW | PTE_U | PTE_A | PTE_D)

/* Shape of the tables; the only numbers a PAE build would change. */
#define PT_LEVELS        4
#define PT_ENTRY_BITS    9
#define PT_ENTRIES       (1u << PT_ENTRY_BITS)
#define PT_HOLE_FIRST    256            /* L4 slots of the hypervisor */
#define PT_HOLE_LAST     271

typedef uint64_t pte_t;

extern char virt_base[], image_start[], image_end[];

/* A page-table root.  The kernel's own is mm_kernel. */
struct space {
    uint64_t root_mfn;
};

extern struct space mm_kernel;

/* Result of a walk: one entry a level, [1] = L1 .. [PT_LEVELS] = the root. */
struct walk {
    unsigned int last;                  /* lowest level reached */
    pte_t entry[PT_LEVELS + 1];
    uint64_t entry_address[PT_LEVELS + 1];      /* machine address */
};

void mm_init(void);

/* One past the last frame that the domain builder mapped. */
unsigned long mm_builder_end(void);

/* Pseudo-physical <-> machine <-> the direct map at virt_base. */
uint64_t pfn_to_mfn(unsigned long pfn);
/* After an exchange of frames with the hypervisor. */
void mm_set_p2m(unsigned long pfn, uint64_t mfn);
unsigned long mfn_to_pfn(uint64_t mfn);
bool mfn_is_mine(uint64_t mfn);
void *pfn_to_virt(unsigned long pfn);
unsigned long virt_to_pfn(const volatile void *address);
uint64_t virt_to_mfn(const volatile void *address);
uint64_t virt_to_maddr(const volatile void *address);
void *mfn_to_virt(uint64_t mfn);
const volatile uint64_t *mm_m2p(void);

/* Zeroed page of the direct map, mapped writable; panics when out of pages. */
void *page_alloc(void);
/* The page must be writable again (so no table, no pin). */
void page_free(void *page);
unsigned long page_free_count(void);

unsigned int pt_index(unsigned long va, unsigned int level);
pte_t pte_make(uint64_t mfn, uint64_t flags);
uint64_t pte_mfn(pte_t pte);

/* True if va is mapped by an L1 entry. */
bool mm_walk(const struct space *space, unsigned long va, struct walk *walk);

/* One checked store to a page-table entry. */
int mm_write_entry(uint64_t entry_address, pte_t value);

/* Change how a page of the direct map is mapped in the kernel. */
int mm_set_direct(void *page, uint64_t flags);

/* Map one frame, making missing tables; unmap leaves the tables. */
int mm_map(struct space *space, unsigned long va, uint64_t mfn,
           uint64_t flags);
int mm_unmap(struct space *space, unsigned long va);

/* A zeroed page which no one can write: ready to become a table. */
void *mm_table_alloc(void);
void mm_table_free(void *table);

/* New root (pinned), and its end: unpinned, all its tables and no data freed. */
void space_create(struct space *space);
void space_destroy(struct space *space);

/* mmuext_op with one operation and one mfn. */
int mmuext_mfn(unsigned int command, uint64_t mfn);
int mm_flush_tlb(void);

#endif
