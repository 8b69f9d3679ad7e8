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
#include "pt_update.h"
#include "pte.h"

#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

/* --- one entry ------------------------------------------------------------ */

__attribute__((noinline)) int
pt_update_any(struct domain *d, mfn_t table, enum page_type type,
              unsigned int slot, uint64_t pte, bool keep_ad)
{
    return update_entry(d, &pt_format_of(d)->level[type], table, type, slot,
                        pte, keep_ad);
}

void pt_top_changed(struct domain *d)
{
    for (uint32_t i = 0; i < d->vcpu_count; i++) {
        if (d->vcpus[i]) {
            arch_top_table_changed(d->vcpus[i]);
        }
    }
}

int pt_update(struct domain *d, mfn_t table, enum page_type type,
              unsigned int slot, uint64_t pte, bool keep_ad)
{
    return pt_update_inline(d, table, type, slot, pte, keep_ad);
}

int pt_exchange_l1(struct domain *d, mfn_t table, unsigned int slot,
                   uint64_t expected, uint64_t pte)
{
    return exchange_l1(d, &pt_format_of(d)->level[PT_L1], table, slot,
                       expected, pte);
}

/* --- one element ---------------------------------------------------------- */

/* U4: the frame that the last element changed. */
struct held_frame {
    mfn_t mfn;
    enum page_type type;
    bool held;
};

static inline __attribute__((always_inline)) void
held_release(struct domain *d, struct held_frame *h)
{
    if (h->held) {
        h->held = false;
        frame_drop_or_defer(d, h->mfn);
    }
}

/* A use of the frame as the table it is, or else as plain memory. */
static inline __attribute__((always_inline)) int
held_take(struct domain *d, struct held_frame *h, mfn_t mfn)
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

static inline __attribute__((always_inline)) int
update_frame(struct domain *d, struct held_frame *h, uint64_t ptr,
             uint64_t val, bool keep_ad)
{
    unsigned int slot = (ptr & ~PAGE_MASK) / sizeof(uint64_t);
    int err = held_take(d, h, maddr_to_mfn(MADDR(ptr)));

    if (err) {
        return err;
    }
    if (page_type_is_table(h->type)) {
        return pt_update_inline(d, h->mfn, h->type, slot, val, keep_ad);
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

static inline __attribute__((always_inline)) int
update_one(struct domain *d, struct held_frame *h, const struct mmu_update *u)
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

/* U5: what stopped, and what begins while something is unfinished. */
bool mmu_list_resume(struct mmu_list *list, int64_t *result)
{
    if (page_type_finish_deferred(current_vcpu())) {
        *result = hypercall_restart(0, NULL);
        return false;
    }
    if ((list->count & MMU_UPDATE_PREEMPTED) == 0) {
        return true;
    }
    list->count &= ~MMU_UPDATE_PREEMPTED;
    if (list->count == 0 && list->at.v == 0) {
        *result = (int32_t)list->foreigndom; /* only the result was left */
        return false;
    }
    if (list->done_ptr != 0 &&
        guest_load32(GVA(list->done_ptr), &list->done)) {
        list->done = 0;
    }
    return true;
}

int64_t mmu_list_stop(struct mmu_list *list, int64_t result)
{
    uint64_t args[4] = { 0, MMU_UPDATE_PREEMPTED, 0, (uint64_t)result };

    if (result == -XEN_ERESTART_CALL) {
        args[0] = list->at.v;
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
static inline __attribute__((always_inline)) int
update_list(struct domain *d, struct mmu_list *list, int denied)
{
    struct held_frame h = { .held = false };
    struct mmu_update u;
    int err = 0;

    for (; list->index < list->count; mmu_list_next(list, sizeof(u))) {
        if (mmu_list_must_stop(list)) {
            err = -XEN_ERESTART_CALL;
            break;
        }
        if (guest_copy_in(&u, list->at, sizeof(u))) {
            err = -XEN_EFAULT;
            break;
        }
        err = denied ? denied : update_one(d, &h, &u);
        if (UNLIKELY(err)) {
            break;
        }
    }
    held_release(d, &h);
    return err;
}

/* What a list for somebody else's memory gets: -XEN_ESRCH ends the call, any
 * other error is each element's. */
static int foreign_denied(struct domain *d, uint32_t foreigndom)
{
    int tables = table_owner_check(d, foreigndom);
    int frames = pv_foreign_check(d, foreigndom);

    if (tables == -XEN_ESRCH || frames == -XEN_ESRCH) {
        return -XEN_ESRCH;
    }
    return tables ? tables : frames;
}

int64_t hc_mmu_update(uint64_t ureqs, uint64_t count, uint64_t pdone,
                      uint64_t foreigndom, uint64_t unused)
{
    struct domain *d = current_domain();
    struct mmu_list list;
    int64_t result;
    int denied = 0;

    if (UNLIKELY(!mmu_list_begin(&list, ureqs, count, pdone, foreigndom,
                                 &result))) {
        return result;
    }
    if (UNLIKELY(list.foreigndom != DOMID_SELF)) {
        denied = foreign_denied(d, list.foreigndom);
        if (denied == -XEN_ESRCH) {
            return denied;
        }
    }
    return mmu_list_end(&list, update_list(d, &list, denied));
}
