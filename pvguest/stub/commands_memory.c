/* SPDX-License-Identifier: MIT */
/*
 * Commands about memory: fault, pagetable, steal.
 */
#include <pv/evtchn.h>
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/printf.h>
#include <pv/start.h>
#include <pv/string.h>
#include <pv/trap.h>

#include <xen/errno.h>

#include "stub.h"

/* An address of ours that nothing uses, and one inside the hypervisor. */
#define SCRATCH_VA      0xffff900000000000ul
#define HYPERVISOR_VA   0xffff82d000000000ul
#define PATTERN         0x584f494e4553ul
#define FIRST_GUESS_MFN 0x1000ul        /* 16 MiB: RAM on any machine */

static void *repair_page;
static unsigned int repair_count;
static uint64_t repair_address, repair_error;

/* What a demand-paging kernel does: map the page, run the access again. */
static bool repair(struct regs *regs)
{
    repair_address = evtchn_vcpu_info()->arch.cr2;
    repair_error = regs->error;
    repair_count++;
    return mm_map(&mm_kernel, repair_address & PAGE_MASK,
                  virt_to_mfn(repair_page), PTE_DATA) == 0;
}

/* Clear an L1 entry and give back the tables made for a scratch address. */
static void scratch_release(unsigned long va)
{
    struct walk walk;

    mm_unmap(&mm_kernel, va);
    mm_walk(&mm_kernel, va, &walk);
    for (unsigned int level = 2; level <= PT_LEVELS; level++) {
        void *table = mfn_to_virt(pte_mfn(walk.entry[level]));

        mm_write_entry(walk.entry_address[level], 0);
        mm_flush_tlb();
        mm_table_free(table);
    }
}

bool command_fault(const char *argument)
{
    volatile uint64_t *word = (volatile uint64_t *)(SCRATCH_VA + 8);
    uint64_t seen;
    bool ok;

    repair_page = page_alloc();
    repair_count = 0;
    trap_set_handler(VECTOR_PF, repair);
    *word = PATTERN;
    trap_set_handler(VECTOR_PF, NULL);
    seen = ((uint64_t *)repair_page)[1];
    printf("a store to %lx, not mapped: #PF bounced to us, cr2 %lx, error "
           "%lx\n", (unsigned long)word, repair_address, repair_error);
    printf("we mapped frame %lx there by mmu_update and returned: the page "
           "now holds %lx\n", virt_to_mfn(repair_page), seen);
    ok = check(repair_count == 1, "one fault, one repair");
    ok &= check(repair_address == (uint64_t)word && repair_error == 2,
                "address and error code are those of the store");
    ok &= check(seen == PATTERN, "the store was executed again");
    scratch_release(SCRATCH_VA);
    page_free(repair_page);
    return ok;
}

static void print_entry(const struct walk *walk, unsigned int level)
{
    pte_t entry = walk->entry[level];
    uint64_t mfn = pte_mfn(entry);

    if (!(entry & PTE_P)) {
        printf("L%u  entry at machine %010lx = %016llx  not present\n", level,
               walk->entry_address[level], (unsigned long long)entry);
        return;
    }
    printf("L%u  entry at machine %010lx = %016llx  machine frame %lx, ",
           level, walk->entry_address[level], (unsigned long long)entry, mfn);
    if (mfn_is_mine(mfn)) {
        printf("our frame %lx%s\n", mfn_to_pfn(mfn),
               entry & PTE_RW ? "" : ", read-only");
    } else {
        printf("not one of our frames%s\n",
               entry & PTE_RW ? "" : ", read-only");
    }
}

bool command_pagetable(const char *argument)
{
    unsigned long va = (unsigned long)start_info;
    struct walk walk, table_walk;
    bool present, ok;

    if (argument[0] != '\0' && !parse_number(argument, &va)) {
        printf("not a number: %s\n", argument);
        return false;
    }
    if (pt_index(va, PT_LEVELS) >= PT_HOLE_FIRST &&
        pt_index(va, PT_LEVELS) <= PT_HOLE_LAST) {
        printf("%lx lies in the hypervisor's own range\n", va);
        return true;
    }
    present = mm_walk(&mm_kernel, va, &walk);
    printf("walk of %lx from the root, machine frame %lx\n", va,
           mm_kernel.root_mfn);
    for (unsigned int level = PT_LEVELS; level >= walk.last; level--) {
        print_entry(&walk, level);
    }
    ok = check(mm_walk(&mm_kernel,
                       (unsigned long)mfn_to_virt(mm_kernel.root_mfn),
                       &table_walk) && !(table_walk.entry[1] & PTE_RW),
               "the root table itself is mapped read-only");
    if (argument[0] == '\0') {
        ok &= check(present && pte_mfn(walk.entry[1]) ==
                    virt_to_mfn((const void *)va),
                    "walk and p2m list name the same frame");
    }
    return ok;
}

/* A frame of RAM which our own p2m list does not contain. */
static uint64_t foreign_frame(void)
{
    uint64_t mfn = FIRST_GUESS_MFN;

    while (mfn_is_mine(mfn)) {
        mfn++;
    }
    return mfn;
}

static bool refused(const char *what, long result, const char *why)
{
    printf("%s: %ld, %s\n", what, result, why);
    return check(result < 0, "this is refused");
}

bool command_steal(const char *argument)
{
    uint64_t foreign = foreign_frame();
    void *page = page_alloc();
    void *root = mfn_to_virt(mm_kernel.root_mfn);
    uint64_t hole = (mm_kernel.root_mfn << PAGE_SHIFT) +
        PT_HOLE_FIRST * sizeof(pte_t);
    pte_t mine = pte_make(virt_to_mfn(page), PTE_DATA);
    uint64_t value;
    struct fault fault = probe_read((void *)HYPERVISOR_VA, &value);
    struct fault write = probe_write(root, 0);
    bool ok;

    printf("reading %lx, in the hypervisor's range: vector %u, out of reach "
           "for ring 3\n", HYPERVISOR_VA, fault.vector);
    ok = check(fault.raised, "the hypervisor's memory is out of reach");
    printf("writing our own page table: vector %u, error %lx: it is mapped "
           "read-only\n", write.vector, write.error);
    ok &= check(write.raised && write.vector == VECTOR_PF,
                "page tables cannot be written");
    ok &= refused("mapping it writable",
                  hypercall_update_va_mapping((unsigned long)root, pte_make(
                      mm_kernel.root_mfn, PTE_DATA), UVMF_INVLPG),
                  "a frame is a table or writable, never both");
    ok &= refused("pinning a writable page as a table",
                  mmuext_mfn(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page)),
                  "the same rule, from the other side");
    ok &= refused("mapping a frame that is not ours",
                  hypercall_update_va_mapping((unsigned long)page, pte_make(
                      foreign, PTE_DATA), UVMF_INVLPG),
                  "every new entry's frame is checked for its owner");
    ok &= refused("replacing a root entry of the hypervisor",
                  mm_write_entry(hole, mine),
                  "slots 256 to 271 are not the guest's");
    page_free(page);
    return ok;
}
