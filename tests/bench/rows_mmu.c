/* SPDX-License-Identifier: MIT */
/*
 * Single entries of page tables, and base pointers.
 *
 * All rows of entries use one L1 table of their own, at SCRATCH_VA, and two
 * pages A and B with different contents: an update that did not happen shows
 * when the address is read, after a flush that is not measured.
 */
#include "bench.h"
#include "call.h"

#define ENTRIES_MAX 64u

static uint64_t *page[2];
static pte_t pte[2];
static uint64_t l1_address;             /* machine address of the first entry */
static volatile pte_t *l1;              /* our read-only view of it */

static volatile uint64_t *scratch(unsigned int index)
{
    return (volatile uint64_t *)(SCRATCH_VA + index * PAGE_SIZE);
}

static void scratch_begin(void)
{
    struct walk walk;

    for (unsigned int i = 0; i < 2; i++) {
        page[i] = page_alloc();
        *page[i] = i;
        pte[i] = pte_make(virt_to_mfn(page[i]), PTE_DATA);
    }
    for (unsigned int i = 0; i < ENTRIES_MAX; i++) {
        CHECK(mm_map(&mm_kernel, SCRATCH_VA + i * PAGE_SIZE,
                     virt_to_mfn(page[0]), PTE_DATA) == 0);
    }
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    l1_address = walk.entry_address[1];
    l1 = mfn_to_virt(l1_address >> PAGE_SHIFT);
}

static void scratch_end(void)
{
    for (unsigned int i = 0; i < ENTRIES_MAX; i++) {
        CHECK(mm_unmap(&mm_kernel, SCRATCH_VA + i * PAGE_SIZE) == 0);
    }
    page_free(page[0]);
    page_free(page[1]);
}

static void va_same(void)
{
    scratch_begin();
    REPEAT {
        long result;

        TIMED(result = call_va(SCRATCH_VA, pte[0], UVMF_NONE));
        CHECK(result == 0 && *scratch(0) == 0);
    }
    scratch_end();
}

static void va_remap(unsigned long flush)
{
    unsigned int which = 0;

    scratch_begin();
    REPEAT {
        long result;

        which ^= 1;
        TIMED(result = call_va(SCRATCH_VA, pte[which], flush));
        CHECK(result == 0);
        if (flush == UVMF_NONE) {
            mm_flush_tlb();
        }
        CHECK(*scratch(0) == which);
    }
    scratch_end();
}

static void va_no_flush(void)
{
    va_remap(UVMF_NONE);
}

static void va_invlpg(void)
{
    va_remap(UVMF_INVLPG | UVMF_LOCAL);
}

static void va_invlpg_all(void)
{
    va_remap(UVMF_INVLPG | UVMF_ALL);
}

static void va_flush(void)
{
    va_remap(UVMF_TLB_FLUSH | UVMF_LOCAL);
}

static void va_protect(void)
{
    unsigned int writable = 1;

    scratch_begin();
    REPEAT {
        pte_t value;
        long result;

        writable ^= 1;
        value = pte_make(virt_to_mfn(page[0]),
                         writable ? PTE_DATA : PTE_READONLY);
        TIMED(result = call_va(SCRATCH_VA, value, UVMF_NONE));
        CHECK(result == 0);
        CHECK(((l1[0] & PTE_RW) != 0) == (writable != 0));
    }
    scratch_end();
}

/* Map and unmap in turn. */
static void va_unmap(void)
{
    pte_t value = pte[0];

    scratch_begin();
    REPEAT {
        long result;

        value = value != 0 ? 0 : pte[0];
        TIMED(result = call_va(SCRATCH_VA, value, UVMF_NONE));
        CHECK(result == 0);
        CHECK(((l1[0] & PTE_P) != 0) == (value != 0));
    }
    scratch_end();
}

static void requests_make(struct mmu_update *requests, unsigned int count,
                          pte_t value)
{
    for (unsigned int i = 0; i < count; i++) {
        requests[i].ptr = (l1_address + i * sizeof(pte_t)) |
                          MMU_NORMAL_PT_UPDATE;
        requests[i].val = value;
    }
}

static void update(unsigned int count)
{
    static struct mmu_update requests[2][ENTRIES_MAX];
    unsigned int which = 0;

    scratch_begin();
    requests_make(requests[0], count, pte[0]);
    requests_make(requests[1], count, pte[1]);
    REPEAT {
        long result;

        which ^= 1;
        TIMED(result = call_mmu(requests[which], count));
        CHECK(result == 0);
        mm_flush_tlb();
        CHECK(*scratch(0) == which && *scratch(count - 1) == which);
    }
    scratch_end();
}

static void update_1(void)
{
    update(1);
}

static void update_8(void)
{
    update(8);
}

static void update_64(void)
{
    update(64);
}

/* Writes one of the two pages into entry 0 by a plain store. */
static void store(void)
{
    unsigned int which = 0;

    scratch_begin();
    CHECK(hypercall_vm_assist(VMASST_CMD_enable,
                              VMASST_TYPE_writable_pagetables) == 0);
    REPEAT {
        which ^= 1;
        TIMED(l1[0] = pte[which]);
        mm_flush_tlb();
        CHECK(*scratch(0) == which);
    }
    hypercall_vm_assist(VMASST_CMD_disable, VMASST_TYPE_writable_pagetables);
    scratch_end();
}

static void multicall_va(void)
{
    static struct multicall_entry calls[16];
    unsigned int which = 0;

    scratch_begin();
    REPEAT {
        long result;

        which ^= 1;
        for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
            calls[i].op = __HYPERVISOR_update_va_mapping;
            calls[i].args[0] = SCRATCH_VA + i * PAGE_SIZE;
            calls[i].args[1] = pte[which];
            calls[i].args[2] = UVMF_NONE;
        }
        TIMED(result = call_multi(calls, ARRAY_SIZE(calls)));
        CHECK(result == 0);
        mm_flush_tlb();
        for (unsigned int i = 0; i < ARRAY_SIZE(calls); i++) {
            CHECK(calls[i].result == 0 && *scratch(i) == which);
        }
    }
    scratch_end();
}

/* The entry is changed before, so that a flush has something to forget. */
static void flush(unsigned int command)
{
    struct mmuext_op op = { .cmd = command, .arg1.linear_addr = SCRATCH_VA };
    unsigned int which = 0;

    scratch_begin();
    REPEAT {
        long result;

        which ^= 1;
        CHECK(mm_write_entry(l1_address, pte[which]) == 0);
        TIMED(result = call_mmuext(&op, 1));
        CHECK(result == 0 && *scratch(0) == which);
    }
    scratch_end();
}

static void tlb_flush(void)
{
    flush(MMUEXT_TLB_FLUSH_LOCAL);
}

static void invlpg(void)
{
    flush(MMUEXT_INVLPG_LOCAL);
}

const struct row rows_mmu[] = {
    { "mmu/va-same", "update_va_mapping, same entry", va_same },
    { "mmu/va", "update_va_mapping, no flush", va_no_flush },
    { "mmu/va-invlpg", "update_va_mapping, INVLPG", va_invlpg },
    { "mmu/va-invlpg-all", "update_va_mapping, INVLPG everywhere",
      va_invlpg_all },
    { "mmu/va-flush", "update_va_mapping, TLB flush", va_flush },
    { "mmu/va-protect", "update_va_mapping, writable or not", va_protect },
    { "mmu/va-unmap", "update_va_mapping, mapped or not", va_unmap },
    { "mmu/multicall-va", "multicall of 16 update_va_mapping",
      multicall_va },
    { "mmu/update-1", "mmu_update of 1", update_1 },
    { "mmu/update-8", "mmu_update of 8", update_8 },
    { "mmu/update-64", "mmu_update of 64", update_64 },
    { "mmu/store", "direct store to an L1 table, emulated", store },
    { "mmu/tlb-flush", "mmuext TLB_FLUSH_LOCAL", tlb_flush },
    { "mmu/invlpg", "mmuext INVLPG_LOCAL", invlpg },
    { NULL, NULL, NULL },
};
