/* SPDX-License-Identifier: MIT */
/*
 * Preserving A and D while another vCPU sets them.
 *
 * One vCPU writes to a page all the time; another makes its entry read-only
 * and writable again, by MMU_PT_UPDATE_PRESERVE_AD.  Every store that reached
 * the page before it was read-only must be in the dirty bit: a kernel that
 * trusts the bit would throw away the page otherwise.
 */
#include "conformance.h"

#define ROUNDS  400u            /* at least, */
#define CHANGES 20u             /* and until so many stores fell between, */
#define ROUNDS_MAX 40000u       /* however the host shares out its CPUs */

static volatile bool over;

static void writer(void *unused)
{
    volatile uint64_t *window = hostile(SCRATCH_VA);
    uint64_t n = 0;

    while (!over) {
        n++;
        probe_write(window, n);         /* faults while it is read-only */
    }
}

static int update(uint64_t entry_address, unsigned int command, pte_t value)
{
    struct mmu_update request = { entry_address | command, value };

    return (int)hypercall_mmu_update(&request, 1, NULL, DOMID_SELF);
}

static void flush_all(void)
{
    mmuext_mfn(MMUEXT_TLB_FLUSH_ALL, 0);
}

CONFORMANCE_CASE("Preserve-AD updates lose no dirty bit to a race", 0)
{
    volatile uint64_t *page = page_alloc();
    uint64_t mfn = virt_to_mfn(page);
    unsigned int changed = 0, lost = 0, failed = 0;
    struct walk walk;

    if (!smp_exists(1)) {
        page_free((void *)(unsigned long)page);
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    REQUIRE(scratch_map(SCRATCH_VA, mfn, PTE_P) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    over = false;
    REQUIRE(smp_run(1, writer, NULL));
    for (unsigned int round = 0;
         round < ROUNDS || (changed < CHANGES && round < ROUNDS_MAX);
         round++) {
        /* The longer, the more rounds were in vain. */
        unsigned int pauses = round % 16 + round / ROUNDS * 16;
        uint64_t before;

        /* Clean and read-only; nobody can write now. */
        failed += update(walk.entry_address[1], 0, pte_make(mfn, PTE_P)) != 0;
        flush_all();
        before = *page;
        failed += update(walk.entry_address[1], MMU_PT_UPDATE_PRESERVE_AD,
                         pte_make(mfn, PTE_P | PTE_RW)) != 0;
        for (unsigned int i = 0; i < pauses; i++) {
            __asm__ volatile("pause");
        }
        failed += update(walk.entry_address[1], MMU_PT_UPDATE_PRESERVE_AD,
                         pte_make(mfn, PTE_P)) != 0;
        flush_all();
        if (*page != before) {
            changed++;
            lost += (kernel_entry(SCRATCH_VA) & PTE_D) == 0;
        }
    }
    over = true;
    expect_true("vcpu-1-ends", smp_wait(1));
    expect_eq("updates-refused", 0, failed);
    expect_eq("dirty-bits-lost", 0, lost);
    expect_true("raced", changed >= CHANGES);
    scratch_release(SCRATCH_VA);
    page_free((void *)(unsigned long)page);
}
