/* SPDX-License-Identifier: MIT */
/*
 * mmu_update: a list of changes to page tables, each checked and performed.
 *
 * A guest can not write its tables, so it asks. One element names a machine
 * address and a value. What is done depends on what the frame is at that
 * moment: in a table of level n the value is an entry of level n; in plain
 * memory it is eight bytes. The same list so builds tables before they are
 * tables, and changes them afterwards.
 *
 *   U1  while an entry is changed we hold a type use of its table: it can not
 *       cease to be a table, and entries keep what they hold (V1)
 *   U2  the new entry's reference is taken before the entry is stored, and
 *       the old entry's dropped after; what is dropped belongs to the entry
 *       that the exchange really replaced, whoever put it there
 *   U3  entries change by compare-and-exchange only: other vcpus update the
 *       same table, and hardware sets A and D
 *   U4  the use of a table is kept for the next element if that names the
 *       same frame: lists mostly fill one table
 *   U5  a call that stops leaves its arguments so that it goes on where it
 *       was: pointer and count move on, bit 31 of the count says that *done
 *       already holds a number. Errors that come while something is
 *       unfinished wait in the fourth argument, in a call without a list
 *
 * Frames of other domains come with grants and the control domain; until then
 * foreigndom names the caller or is refused.
 *
 * Manual: mmu_update.
 */
#include "pte.h"
#include "type_word.h"

#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

/* Oftener an entry changes under us only if another vcpu of the guest does
 * nothing else (U3). */
#define UPDATE_TRIES 64

/* --- one entry ------------------------------------------------------------ */

static int update_refused(const struct pt_level *rules, uint64_t frame_word,
                          unsigned int slot)
{
    if (!pt_slot_is_guests(rules, frame_word, slot)) {
        return rules->hv_error;
    }
    return slot >= rules->fixed_first ? -XEN_EINVAL : 0;
}

/* What an entry of a table holds is dropped; a stopped frame is remembered. */
static void drop_entry(struct domain *d, mfn_t table, unsigned int level,
                       uint64_t pte)
{
    if (pte_present(pte) && pte_put(d, table, level, pte)) {
        page_type_defer(d, pte_mfn(pte));
    }
}

static int take_entry(struct domain *d, mfn_t table, unsigned int level,
                      unsigned int slot, uint64_t pte)
{
    int err = pte_get(d, table, level, slot, pte);

    if (err && err != -XEN_ERESTART_CALL && level > PT_L1) {
        page_type_defer(d, pte_mfn(pte));
    }
    return err;
}

/*
 * One attempt: -XEN_EAGAIN when the entry changed in between so that what was
 * decided for the old one does not hold (U2).
 */
static int update_try(struct domain *d, mfn_t table, unsigned int level,
                      unsigned int slot, uint64_t old, uint64_t pte,
                      bool keep_ad)
{
    const struct pt_level *rules = &pt_format_of(d)->level[level];
    uint64_t *entry = (uint64_t *)frame_map(table) + slot;
    uint64_t value = pte;
    bool taken = pte_present(pte) && !pte_similar(old, pte);
    int err;

    if (taken) {
        err = take_entry(d, table, level, slot, pte);
        if (err) {
            return err;
        }
    }
    if (pte_present(pte)) {
        value = pte_adjust(rules, level, pte);
    }
    if (keep_ad) {
        value |= old & (PTE_A | PTE_D);
    }
    if (!pte_cmpxchg(entry, &old, value)) {
        if (taken) {
            drop_entry(d, table, level, pte);
        }
        return -XEN_EAGAIN;
    }
    if (taken || !pte_present(pte)) {
        drop_entry(d, table, level, old);
    }
    return 0;
}

static uint64_t pte_at(mfn_t table, unsigned int slot)
{
    return pte_read((const uint64_t *)frame_map(table) + slot);
}

int pt_update(struct domain *d, mfn_t table, enum page_type type,
              unsigned int slot, uint64_t pte, bool keep_ad)
{
    const struct pt_level *rules = &pt_format_of(d)->level[type];
    int err = update_refused(rules, frame_word(table), slot);
    unsigned int tries;

    if (err) {
        return err;
    }
    if (pte_present(pte) && !pte_flags_ok(rules, pte)) {
        return -XEN_EINVAL;
    }
    for (tries = 0; tries < UPDATE_TRIES; tries++) {
        err = update_try(d, table, type, slot, pte_at(table, slot), pte,
                         keep_ad);
        if (err != -XEN_EAGAIN) {
            return err;
        }
    }
    return -XEN_EBUSY;
}

int pt_exchange_l1(struct domain *d, mfn_t table, unsigned int slot,
                   uint64_t expected, uint64_t pte)
{
    const struct pt_level *rules = &pt_format_of(d)->level[PT_L1];

    if (pte_present(pte) && !pte_flags_ok(rules, pte)) {
        return -XEN_EINVAL;
    }
    return update_try(d, table, PT_L1, slot, expected, pte, false);
}

/* --- one element ---------------------------------------------------------- */

/* U4: the frame that the last element changed. */
struct held_frame {
    mfn_t mfn;
    enum page_type type;
    bool held;
};

static void held_release(struct domain *d, struct held_frame *h)
{
    if (h->held) {
        h->held = false;
        frame_put_or_defer(d, h->mfn);
    }
}

/* A use of the frame as the table it is, or else as plain memory. */
static int held_take(struct domain *d, struct held_frame *h, mfn_t mfn)
{
    int err;

    if (LIKELY(h->held && mfn_eq(h->mfn, mfn))) {
        return 0;
    }
    held_release(d, h);
    h->mfn = mfn;
    if (!frame_hold(d, mfn, &h->type)) {
        h->type = PT_WRITABLE;
        err = frame_get_and_type(d, mfn, PT_WRITABLE);
        if (err) {
            return err;
        }
    }
    h->held = true;
    return 0;
}

static int update_frame(struct domain *d, struct held_frame *h, uint64_t ptr,
                        uint64_t val, bool keep_ad)
{
    unsigned int slot = (ptr & ~PAGE_MASK) / sizeof(uint64_t);
    int err = held_take(d, h, maddr_to_mfn(MADDR(ptr)));

    if (err) {
        return err;
    }
    if (page_type_is_table(h->type)) {
        return pt_update(d, h->mfn, h->type, slot, val, keep_ad);
    }
    if (h->type != PT_WRITABLE) {
        return -XEN_EINVAL;
    }
    __atomic_store_n((uint64_t *)frame_map(h->mfn) + slot, val,
                     __ATOMIC_RELAXED);
    return 0;
}

static int update_m2p(struct domain *d, uint64_t ptr, uint64_t pfn)
{
    mfn_t mfn = maddr_to_mfn(MADDR(ptr));

    if (!frame_get(d, mfn)) {
        return -XEN_EINVAL;
    }
    arch_m2p_set(mfn, pfn);
    frame_put(mfn);
    return 0;
}

static int update_one(struct domain *d, struct held_frame *h,
                      const struct mmu_update *u)
{
    unsigned int command = u->ptr & 7;

    switch (command) {
    case MMU_NORMAL_PT_UPDATE:
    case MMU_PT_UPDATE_PRESERVE_AD:
    case MMU_PT_UPDATE_NO_TRANSLATE:
        return update_frame(d, h, u->ptr, u->val,
                            command == MMU_PT_UPDATE_PRESERVE_AD);
    case MMU_MACHPHYS_UPDATE:
        return update_m2p(d, u->ptr, u->val);
    default:
        return -XEN_ENOSYS;
    }
}

/* --- the list ------------------------------------------------------------- */

int pv_foreign_check(struct domain *d, uint32_t foreigndom)
{
    domid_t id = (domid_t)foreigndom;

    if (id == DOMID_SELF) {
        return 0;
    }
    if (id == d->id) {
        return -XEN_ESRCH; /* the caller has another name for itself */
    }
    if (id != DOMID_IO && id != DOMID_XEN && domain_by_id(id) == NULL) {
        return -XEN_ESRCH;
    }
    return -XEN_EPERM;
}

/* The upper half: whose tables; the caller's when 0. */
static int table_owner_check(struct domain *d, uint32_t foreigndom)
{
    uint32_t owner = foreigndom >> 16;
    struct domain *other;

    if (owner == 0 || owner - 1 == d->id) {
        return 0;
    }
    other = domain_by_id((domid_t)(owner - 1));
    return other ? -XEN_EPERM : -XEN_ESRCH;
}

int64_t mmu_list_begin(struct mmu_list *list, const uint64_t args[4])
{
    uint32_t count = (uint32_t)args[1];

    *list = (struct mmu_list){
        .base = args[0], .done_ptr = args[2],
        .foreigndom = (uint32_t)args[3], .finished = true,
    };
    if (UNLIKELY(page_type_finish_deferred(current_vcpu()))) {
        return hypercall_restart(0, NULL);
    }
    if (count == MMU_UPDATE_PREEMPTED && list->base == 0) {
        return (int32_t)list->foreigndom; /* U5: only the result was left */
    }
    if ((count & MMU_UPDATE_PREEMPTED) && list->done_ptr != 0 &&
        guest_load32(GVA(list->done_ptr), &list->done)) {
        list->done = 0;
    }
    list->count = count & ~MMU_UPDATE_PREEMPTED;
    if (!gva_range_ok(GVA(list->base), 1)) {
        return -XEN_EFAULT;
    }
    list->finished = false;
    return 0;
}

bool mmu_list_must_stop(const struct mmu_list *list)
{
    return current_vcpu()->pv.unfinished_count != 0 ||
           (!work_spend(1) && list->index != 0);
}

int64_t mmu_list_end(struct mmu_list *list, uint32_t size, int64_t result)
{
    uint64_t args[4] = { 0, MMU_UPDATE_PREEMPTED, 0, (uint64_t)result };

    if (result == -XEN_ERESTART_CALL) {
        args[0] = list->base + (uint64_t)list->index * size;
        args[1] = (list->count - list->index) | MMU_UPDATE_PREEMPTED;
        args[2] = list->done_ptr;
        args[3] = list->foreigndom;
        result = hypercall_restart(4, args);
    } else if (current_vcpu()->pv.unfinished_count != 0) {
        result = hypercall_restart(4, args);
    }
    if (list->done_ptr != 0 &&
        guest_store32(GVA(list->done_ptr), list->done + list->index)) {
        return result; /* the number is a courtesy: no error */
    }
    return result;
}

/* denied: what each element gets, if not 0. */
static int update_list(struct domain *d, struct mmu_list *list, int denied)
{
    struct held_frame h = { .held = false };
    int err = 0;

    for (; list->index < list->count; list->index++) {
        struct mmu_update u;
        gva_t at = GVA(list->base + (uint64_t)list->index * sizeof(u));

        if (mmu_list_must_stop(list)) {
            err = -XEN_ERESTART_CALL;
            break;
        }
        if (guest_copy_in(&u, at, sizeof(u))) {
            err = -XEN_EFAULT;
            break;
        }
        err = denied ? denied : update_one(d, &h, &u);
        if (err) {
            break;
        }
    }
    held_release(d, &h);
    return err;
}

int64_t hc_mmu_update(uint64_t ureqs, uint64_t count, uint64_t pdone,
                      uint64_t foreigndom, uint64_t unused)
{
    const uint64_t args[4] = { ureqs, count, pdone, foreigndom };
    struct domain *d = current_domain();
    struct mmu_list list;
    int64_t result = mmu_list_begin(&list, args);
    int tables, frames;

    (void)unused;
    if (list.finished) {
        return result;
    }
    tables = table_owner_check(d, list.foreigndom);
    if (tables == -XEN_ESRCH) {
        return tables;
    }
    frames = pv_foreign_check(d, list.foreigndom);
    if (frames == -XEN_ESRCH) {
        return frames;
    }
    return mmu_list_end(&list, sizeof(struct mmu_update),
                        update_list(d, &list, tables ? tables : frames));
}
