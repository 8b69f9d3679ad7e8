/* SPDX-License-Identifier: MIT */
/*
 * Calls about page tables and descriptors: single ones, and sequences that
 * lead where single random calls rarely come: a data page is filled, loses
 * its writable mapping, and becomes a table, a base pointer or an LDT.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

void fuzz_mmu_update(void)
{
    struct mmu_update list[ENTRIES_MAX];
    unsigned int n = fuzz_count();
    unsigned int i;

    for (i = 0; i < n; i++) {
        uint64_t mfn = one_in(3) ? any_mfn() : any_table(me());

        list[i].ptr =
            mfn << PAGE_SHIFT | any_index() << 3 | PICK(0, 0, 0, 0, 1, 2, 2, 3);
        list[i].val = any_entry();
    }
    if (trace) {
        for (i = 0; i < n; i++) {
            fprintf(stderr, "   [%u] ptr %#llx val %#llx\n", i,
                    (unsigned long long)list[i].ptr,
                    (unsigned long long)list[i].val);
        }
    }
    fuzz_call(
        __HYPERVISOR_mmu_update, fuzz_arg(list, n * sizeof(list[0])),
        fuzz_told(n), one_in(4) ? any_va() : 0,
        PICK(DOMID_SELF, DOMID_SELF, DOMID_SELF, 0, 1, DOMID_IO, DOMID_XEN));
}

void fuzz_mmuext_op(void)
{
    struct mmuext_op list[ENTRIES_MAX];
    unsigned int n = fuzz_count();
    unsigned int i;

    memset(list, 0, sizeof(list));
    for (i = 0; i < n; i++) {
        uint64_t mask = input_byte(fuzz_input());

        list[i].cmd = (unsigned int)PICK(
            0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 6, 7, 8, 9, 10, 11,
            12, 13, 14, 15, 15, 16, 17, 18, 19, 20, 21, 255);
        switch (list[i].cmd) {
        case MMUEXT_INVLPG_LOCAL:
        case MMUEXT_INVLPG_MULTI:
        case MMUEXT_INVLPG_ALL:
        case MMUEXT_SET_LDT:
            list[i].arg1.linear_addr = any_va();
            break;
        default:
            list[i].arg1.mfn = any_mfn();
            break;
        }
        switch (list[i].cmd) {
        case MMUEXT_TLB_FLUSH_MULTI:
        case MMUEXT_INVLPG_MULTI:
            list[i].arg2.src_mfn = fuzz_arg(&mask, sizeof(mask));
            break;
        case MMUEXT_COPY_PAGE:
            list[i].arg2.src_mfn = any_mfn();
            break;
        default:
            list[i].arg2.nr_ents = (unsigned int)small();
            break;
        }
        if (trace) {
            fprintf(stderr, "   [%u] cmd %u arg1 %#llx arg2 %#llx\n", i,
                    list[i].cmd, (unsigned long long)list[i].arg1.mfn,
                    (unsigned long long)list[i].arg2.src_mfn);
        }
    }
    fuzz_call(__HYPERVISOR_mmuext_op, fuzz_arg(list, n * sizeof(list[0])),
              fuzz_told(n), one_in(4) ? any_va() : 0,
              PICK(DOMID_SELF, DOMID_SELF, DOMID_SELF, 0, 1, DOMID_IO));
}

void fuzz_update_va_mapping(void)
{
    fuzz_call(__HYPERVISOR_update_va_mapping, any_va(), any_entry(),
              one_in(4) ? any_value() : below(8), 0);
}

void fuzz_set_gdt(void)
{
    unsigned long list[16];
    unsigned int i;

    for (i = 0; i < 16; i++) {
        list[i] = any_mfn();
    }
    fuzz_call(__HYPERVISOR_set_gdt, fuzz_arg(list, sizeof(list)),
              PICK(0, 1, 2, 511, 512, 513, 1024, 7168, 7169, ~0ull), 0, 0);
}

void fuzz_update_descriptor(void)
{
    fuzz_call(__HYPERVISOR_update_descriptor,
              any_mfn() << PAGE_SHIFT | any_index() << 3, any_descriptor(), 0,
              0);
}

/* --- sequences ----------------------------------------------------------- */

static int64_t mmuext(unsigned int cmd, uint64_t mfn)
{
    struct mmuext_op op;

    memset(&op, 0, sizeof(op));
    op.cmd = cmd;
    op.arg1.mfn = mfn;
    return fuzz_call(__HYPERVISOR_mmuext_op, fuzz_arg(&op, sizeof(op)), 1, 0,
                     DOMID_SELF);
}

static gva_t data_va(unsigned int i)
{
    return GVA(WORLD_DATA + i * PAGE_SIZE);
}

/* A data page is filled with entries while it is writable, loses its writable
 * mapping (or should), and is pinned as a table. */
void fuzz_retype(void)
{
    unsigned int i = below(WORLD_DATA_PAGES);
    unsigned int entries = below(4);
    mfn_t mfn = fuzz_data(me(), i);

    for (; entries > 0; entries--) {
        (void)guest_store64(GVA(data_va(i).v + any_index() * 8), any_entry());
    }
    if (!one_in(8)) {
        fuzz_call(__HYPERVISOR_update_va_mapping, data_va(i).v,
                  one_in(2) ? 0 : world_pte(mfn, PTE_RO_FLAGS),
                  PICK(0, UVMF_INVLPG, UVMF_TLB_FLUSH | UVMF_ALL), 0);
    }
    mmuext((unsigned int)PICK(MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L1_TABLE,
                              MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,
                              MMUEXT_PIN_L4_TABLE),
           mfn.v);
}

void fuzz_retype_back(void)
{
    unsigned int i = below(WORLD_DATA_PAGES);
    mfn_t mfn = fuzz_data(me(), i);

    mmuext(MMUEXT_UNPIN_TABLE, mfn.v);
    fuzz_call(__HYPERVISOR_update_va_mapping, data_va(i).v,
              world_pte(mfn, PTE_RW_FLAGS), PICK(0, UVMF_INVLPG), 0);
}

/* The LDT becomes a data page that is not mapped writable any more. */
void fuzz_ldt(void)
{
    unsigned int i = below(WORLD_DATA_PAGES);
    struct mmuext_op op;

    (void)guest_store64(GVA(data_va(i).v + below(8) * 8), any_descriptor());
    fuzz_call(__HYPERVISOR_update_va_mapping, data_va(i).v,
              world_pte(fuzz_data(me(), i), PTE_RO_FLAGS),
              PICK(UVMF_INVLPG, UVMF_TLB_FLUSH | UVMF_ALL), 0);
    memset(&op, 0, sizeof(op));
    op.cmd = MMUEXT_SET_LDT;
    op.arg1.linear_addr = data_va(i).v;
    op.arg2.nr_ents = (unsigned int)PICK(0, 1, 512, 513, 8192);
    fuzz_call(__HYPERVISOR_mmuext_op, fuzz_arg(&op, sizeof(op)), 1, 0,
              DOMID_SELF);
}

void fuzz_base_pointer(void)
{
    mmuext((unsigned int)PICK(MMUEXT_NEW_BASEPTR, MMUEXT_NEW_USER_BASEPTR,
                              MMUEXT_NEW_USER_BASEPTR),
           PICK(fuzz_guest(me())->l4.v, fuzz_guest(me())->l4.v, 0, any_mfn()));
}
