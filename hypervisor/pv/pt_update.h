/* SPDX-License-Identifier: MIT */
/*
 * The way to one entry of a page table and its change, in line: what
 * mmu_update and update_va_mapping spend their time on. U1 to U3 of
 * mmu_update.c.
 */
#ifndef PV_PT_UPDATE_H
#define PV_PT_UPDATE_H

#include "pte.h"

/* Oftener an entry changes under us only if another vcpu of the guest does
 * nothing else (U3). */
#define UPDATE_TRIES 64

/* pt_update() of any table, in mmu_update.c. */
int pt_update_any(struct domain *d, mfn_t table, enum page_type type,
                  unsigned int slot, uint64_t pte, bool keep_ad) MUST_CHECK;

/* Where an entry leads that has P and none of `without`, of which only PTE_RW
 * may be: false if it is another one, or no memory is there. One comparison
 * for all, as the rotation puts the two bits above every address. */
static inline __attribute__((always_inline)) bool
pte_leads_to(uint64_t pte, uint64_t without, uint64_t *address)
{
    *address = (pte & (PTE_ADDR | PTE_P | without)) ^ PTE_P;
    return LIKELY((*address >> 2 | *address << 62) <
                  frame_count << (PAGE_SHIFT - 2));
}

/* From the table of this level at *table to the one below: machine addresses,
 * which need no shifting on the way from an entry to the next. */
static inline __attribute__((always_inline)) bool
walk_step(const struct pt_format *format, unsigned int level, gva_t va,
          uint64_t *table)
{
    const struct pt_level *rules = &format->level[level];
    unsigned int index = (va.v >> rules->shift) & (PT_ENTRIES - 1);
    uint64_t pte;

    if (level > format->top) {
        return true;
    }
    if (index >= rules->entries) {
        return false;
    }
    pte = pte_read((uint64_t *)((char *)frame_map(MFN(0)) + *table) + index);
    return pte_leads_to(pte, 0, table);
}

static inline __attribute__((always_inline)) bool
walk(const struct pt_format *format, gva_t va, uint64_t *table)
{
    return walk_step(format, PT_L4, va, table) &&
           walk_step(format, PT_L3, va, table) &&
           walk_step(format, PT_L2, va, table);
}

/* pv_walk_to_l1() in line. The theory is in va_mapping.c. */
static inline __attribute__((always_inline)) bool
walk_to_l1(struct vcpu *v, gva_t va, mfn_t *l1, unsigned int *slot)
{
    uint64_t table = v->pv.kernel_cr3;
    bool found;

    if (UNLIKELY(table == 0 || !gva_ok(va))) {
        return false;
    }
    found = LIKELY(!v->domain->is_32bit) ? walk(&pt_format_4level, va, &table)
                                         : walk(&pt_format_pae, va, &table);
    *l1 = maddr_to_mfn(MADDR(table));
    *slot = (va.v >> PAGE_SHIFT) & (PT_ENTRIES - 1);
    return found;
}

static inline __attribute__((always_inline)) int
entry_refused(const struct pt_level *rules, mfn_t table, unsigned int slot,
              uint64_t pte)
{
    if (rules->hv_end != 0 &&
        !pt_slot_is_guests(rules, frame_word(table), slot)) {
        return rules->hv_error;
    }
    if (slot >= rules->fixed_first ||
        (pte_present(pte) && UNLIKELY(!pte_flags_ok(rules, pte)))) {
        return -XEN_EINVAL;
    }
    return 0;
}

/* What an entry of a table holds is dropped; a stopped frame is remembered. */
static inline __attribute__((always_inline)) void
drop_entry(struct domain *d, mfn_t table, unsigned int level, uint64_t pte)
{
    if (!pte_present(pte)) {
        return;
    }
    if (level == PT_L1) {
        pte_put_l1(d, pte);
    } else if (pte_put(d, table, level, pte)) {
        page_type_defer(d, pte_mfn(pte));
    }
}

/* An entry of a top table of the domain is another one. */
void pt_top_changed(struct domain *d);

static inline __attribute__((always_inline)) int
take_entry(struct domain *d, mfn_t table, unsigned int level,
           unsigned int slot, uint64_t pte)
{
    int err;

    if (level == PT_L1) {
        return pte_get_l1(d, pte);
    }
    err = pte_get(d, table, level, slot, pte);
    if (err && err != -XEN_ERESTART_CALL) {
        page_type_defer(d, pte_mfn(pte));
    }
    return err;
}

/*
 * One attempt: -XEN_EAGAIN when the entry changed in between so that what was
 * decided for the old one does not hold (U2).
 */
static inline __attribute__((always_inline)) int
update_try(struct domain *d, const struct pt_level *rules, mfn_t table,
           unsigned int level, unsigned int slot, uint64_t old, uint64_t pte,
           bool keep_ad)
{
    uint64_t *entry = (uint64_t *)frame_map(table) + slot;
    uint64_t value = pte;
    bool present = pte_present(pte);
    bool taken = present && !pte_similar(old, pte);

    if (taken) {
        int err = take_entry(d, table, level, slot, pte);

        if (UNLIKELY(err)) {
            return err;
        }
    }
    if (present) {
        value = pte_adjust(rules, level, pte);
    }
    if (keep_ad) {
        value |= old & (PTE_A | PTE_D);
    }
    if (UNLIKELY(!pte_cmpxchg(entry, &old, value))) {
        if (taken) {
            drop_entry(d, table, level, pte);
        }
        return -XEN_EAGAIN;
    }
    if (level == PT_L4) {
        pt_top_changed(d);
    }
    if (taken || !present) {
        drop_entry(d, table, level, old);
    }
    return 0;
}

static inline uint64_t pte_at(mfn_t table, unsigned int slot)
{
    return pte_read((const uint64_t *)frame_map(table) + slot);
}

static inline __attribute__((always_inline)) int
update_entry(struct domain *d, const struct pt_level *rules, mfn_t table,
             unsigned int level, unsigned int slot, uint64_t pte, bool keep_ad)
{
    int err = entry_refused(rules, table, slot, pte);

    if (UNLIKELY(err)) {
        return err;
    }
    for (unsigned int tries = 0; tries < UPDATE_TRIES; tries++) {
        err = update_try(d, rules, table, level, slot, pte_at(table, slot),
                         pte, keep_ad);
        if (LIKELY(err != -XEN_EAGAIN)) {
            return err;
        }
    }
    return -XEN_EBUSY;
}

/* pt_exchange_l1() for the rules of one format. */
static inline __attribute__((always_inline)) int
exchange_l1(struct domain *d, const struct pt_level *rules, mfn_t table,
            unsigned int slot, uint64_t expected, uint64_t pte)
{
    if (pte_present(pte) && UNLIKELY(!pte_flags_ok(rules, pte))) {
        return -XEN_EINVAL;
    }
    return update_try(d, rules, table, PT_L1, slot, expected, pte, false);
}

/* Nearly all updates are of L1 tables of the 4-level format: with its rules
 * known, the compiler keeps only what they ask for. */
static inline __attribute__((always_inline)) int
pt_update_inline(struct domain *d, mfn_t table, enum page_type type,
             unsigned int slot, uint64_t pte, bool keep_ad)
{
    if (LIKELY(type == PT_L1 && !d->is_32bit)) {
        return update_entry(d, &pt_format_4level.level[PT_L1], table, PT_L1,
                            slot, pte, keep_ad);
    }
    return pt_update_any(d, table, type, slot, pte, keep_ad);
}

#endif
