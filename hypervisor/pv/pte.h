/* SPDX-License-Identifier: MIT */
/*
 * Entries of guest page tables, and what a guest may write into them.
 *
 * The rules of both formats, 4-level and PAE, are data: one struct pt_format
 * each. The code that validates, updates and walks tables reads them and
 * never asks which format it is (SDM 3A 4.4, 4.5).
 */
#ifndef PV_PTE_H
#define PV_PTE_H

#include "page_type.h"

#include <hv/domain.h>
#include <hv/frame.h>
#include <hv/pv.h>
#include <hv/util.h>

#define PTE_P     (1ull << 0)
#define PTE_RW    (1ull << 1)
#define PTE_U     (1ull << 2)
#define PTE_PWT   (1ull << 3)
#define PTE_PCD   (1ull << 4)
#define PTE_A     (1ull << 5)
#define PTE_D     (1ull << 6)
#define PTE_PSE   (1ull << 7)  /* in an L1 entry: PAT */
#define PTE_G     (1ull << 8)
#define PTE_AVAIL (7ull << 9)
#define PTE_ADDR  0x000ffffffffff000ull
#define PTE_AVAIL_HIGH (0x7ffull << 52)
#define PTE_NX    (1ull << 63)

/* Software bit by which we remember that the guest did not ask for U. */
#define PTE_GUEST_KERNEL (1ull << 52)

/* What an update may change without looking at the frame again: none of
 * these bits says where an entry leads or who may write there. */
#define PTE_HARMLESS \
    (PTE_NX | PTE_AVAIL_HIGH | PTE_AVAIL | PTE_G | PTE_D | PTE_A | PTE_U)

#define PT_ENTRIES 512u

/* The rules for one level of a format. */
struct pt_level {
    uint64_t allowed;       /* bits a present entry may have */
    uint64_t forced;        /* bits that present entries get */
    uint64_t unforced;      /* bits taken away again when the table ends */
    uint16_t entries;       /* that exist; the rest of the page is zeroed */
    uint16_t hv_first;      /* slots [hv_first, hv_end) are not the guest's, */
    uint16_t hv_end;
    uint64_t hv_flag;       /* if the frame has this flag (0: always) */
    uint16_t fixed_first;   /* updates of slots from here on are refused */
    int hv_error;           /* what an update of a hypervisor's slot returns */
    bool linear;            /* may lead to a table of its own level */
    uint8_t shift;          /* of the linear address */
};

struct pt_format {
    unsigned int top;       /* level of the table that a vcpu runs on */
    uint64_t variant;       /* flag of frame words of such tables */
    struct pt_level level[5];  /* [1] to [top] */
};

extern const struct pt_format pt_format_4level, pt_format_pae;

static inline const struct pt_format *pt_format_of(const struct domain *d)
{
    return UNLIKELY(d->is_32bit) ? &pt_format_pae : &pt_format_4level;
}

static inline enum page_type pt_top_type(const struct domain *d)
{
    return (enum page_type)pt_format_of(d)->top;
}

/* Other CPUs change words and masks at any time: one load each. */
static inline uint64_t frame_word(mfn_t mfn)
{
    return __atomic_load_n(&mfn_to_frame(mfn)->word, __ATOMIC_ACQUIRE);
}

static inline cpumask_t domain_cpus(const struct domain *d)
{
    return __atomic_load_n(&d->dirty_cpus, __ATOMIC_SEQ_CST);
}

static inline bool pte_present(uint64_t pte)
{
    return (pte & PTE_P) != 0;
}

static inline mfn_t pte_mfn(uint64_t pte)
{
    return MFN((pte & PTE_ADDR) >> PAGE_SHIFT);
}

static inline uint64_t pte_make(mfn_t mfn, uint64_t flags)
{
    return (mfn.v << PAGE_SHIFT) | flags;
}

/* Both present, the same frame, and only harmless bits differ. */
static inline bool pte_similar(uint64_t a, uint64_t b)
{
    return pte_present(a) && ((a ^ b) & ~PTE_HARMLESS) == 0;
}

/* Both present, the same frame, and the second is writable no more. */
static inline bool pte_protects(uint64_t old, uint64_t pte)
{
    return pte_present(old) && (old & PTE_RW) != 0 &&
           ((old ^ pte) & ~PTE_HARMLESS) == PTE_RW;
}

static inline bool pt_slot_is_guests(const struct pt_level *rules,
                                     uint64_t frame_word, unsigned int slot)
{
    return slot < rules->hv_first || slot >= rules->hv_end ||
           (frame_word & rules->hv_flag) != rules->hv_flag;
}

/* Whether `pte` may stand in a table of this level: flags only. */
static inline bool pte_flags_ok(const struct pt_level *rules, uint64_t pte)
{
    return (pte & ~PTE_ADDR & ~rules->allowed) == 0;
}

/* The entry as it goes into the table. */
static inline uint64_t pte_adjust(const struct pt_level *rules,
                                  unsigned int level, uint64_t pte)
{
    if (level == PT_L1) {
        /* Never global in hardware: switching between a guest's kernel and
         * user tables is a load of CR3, which keeps global entries. */
        pte &= ~PTE_G;
        if (rules->forced & PTE_U) {
            pte |= (~pte & PTE_U) * (PTE_GUEST_KERNEL / PTE_U);
        }
    }
    return pte | rules->forced;
}

/* What a present L1 entry must hold: a use of the frame as writable memory,
 * or a reference. 0, or an error as Xen gives it. */
static inline __attribute__((always_inline)) int
pte_get_l1(struct domain *d, uint64_t pte)
{
    mfn_t mfn = pte_mfn(pte);
    bool taken;

    if (UNLIKELY(!mfn_valid(mfn))) {
        /* No memory of ours: a device's, for which there is no right. All
         * bits set is how guests write "none". */
        return (pte & PTE_ADDR) == PTE_ADDR ? -XEN_EINVAL : -XEN_EPERM;
    }
    if (pte & PTE_RW) {
        taken = frame_get_and_want(d, mfn, type_word_want(PT_WRITABLE, 0)) == 0;
    } else {
        taken = frame_get(d, mfn);
    }
    return LIKELY(taken) ? 0 : -XEN_EBUSY;
}

/* Drops it. A put of plain memory never stops. */
static inline __attribute__((always_inline)) void
pte_put_l1(struct domain *d, uint64_t pte)
{
    mfn_t mfn = pte_mfn(pte);

    if (pte & PTE_RW) {
        BUG_ON(frame_drop(d, mfn) != 0);
    } else if (UNLIKELY(!frame_put_plain(mfn))) {
        pv_forget_ldt_frame(d, mfn);
        frame_put(mfn);
    }
}

/* Drops the use that a writable entry held; the reference stays. */
static inline __attribute__((always_inline)) void
pte_put_use(struct domain *d, uint64_t pte)
{
    if (UNLIKELY(!frame_drop_use(pte_mfn(pte)))) {
        BUG_ON(page_type_put(d, pte_mfn(pte)) != 0);
    }
}

/* --- pt_validate.c --------------------------------------------------------
 * The contents of a table. Called by whoever has the frame busy
 * (type_word.h); progress is in frame.stamp. */

/* Starts from the progress noted. 0: every entry obeys its rules and holds
 * its reference. -XEN_ERESTART_CALL: the budget is spent. Else an error, and
 * the entries before the progress still hold theirs: pt_invalidate(). */
int pt_validate(struct domain *d, mfn_t mfn) MUST_CHECK;

/* Takes back what entries hold, downwards from the progress noted. 0, or
 * -XEN_ERESTART_CALL. */
int pt_invalidate(struct domain *d, mfn_t mfn) MUST_CHECK;

/* Progress of a table which is complete; pt_invalidate() starts there. */
void pt_progress_full(struct domain *d, mfn_t mfn);
void pt_progress_none(mfn_t mfn);

/* How many entries of a stopped table hold references; for audit. */
unsigned int pt_progress_entries(const struct frame *f);
/* Whether the walk of this table stopped inside a linear child. */
bool pt_progress_in_linear(const struct frame *f);

/* Takes what a present entry in slot `slot` of `table` must hold. 0, an
 * error as Xen gives it, or -XEN_ERESTART_CALL (nothing is held then). */
int pte_get(struct domain *d, mfn_t table, unsigned int level,
            unsigned int slot, uint64_t pte) MUST_CHECK;

/* Drops it. -XEN_ERESTART_CALL: dropped, but the frame is left stopped. */
int pte_put(struct domain *d, mfn_t table, unsigned int level,
            uint64_t pte) MUST_CHECK;

/* --- page_type.c, inside pv/ ----------------------------------------------
 * hv/pv.h has what others may call. */

/* Drops a use that a linear entry of `table` was, and its reference. */
int frame_put_linear(struct domain *d, mfn_t mfn, struct frame *table)
    MUST_CHECK;
/* Called back while the type can not change: the linear counts follow. */
void page_type_linear_dropped(struct frame *child, struct frame *table);

/* One more use of a frame that is ready as `type`; the caller has a
 * reference. */
bool page_type_hold_as(struct domain *d, mfn_t mfn, enum page_type type);

/* Undoes a stopped frame of this type (PT_NONE: of any). 0 also when there
 * is nothing to undo. */
int page_type_undo_stopped(struct domain *d, mfn_t mfn, enum page_type type,
                           bool leave_linear) MUST_CHECK;

/* --- pin.c, inside pv/ ------------------------------------------------------ */

/* If the frame is stopped and d is the current domain: has the current
 * vcpu's next MMU call undo it. */
void page_type_defer(struct domain *d, mfn_t mfn);

/* frame_put_and_type(), and page_type_defer() when it stops. */
static inline __attribute__((always_inline)) void
frame_drop_or_defer(struct domain *d, mfn_t mfn)
{
    if (UNLIKELY(frame_drop(d, mfn))) {
        page_type_defer(d, mfn);
    }
}

/* The same as a call. */
void frame_put_or_defer(struct domain *d, mfn_t mfn);

/* --- mmu_update.c --------------------------------------------------------- */

/*
 * Stores `pte` into a slot of a page table that the caller holds a type use
 * of; all that it takes and drops is done here. keep_ad: A and D as found.
 * 0, an error, or -XEN_ERESTART_CALL (nothing changed; call again).
 */
int pt_update(struct domain *d, mfn_t table, enum page_type type,
              unsigned int slot, uint64_t pte, bool keep_ad) MUST_CHECK;

/* The same for an L1 entry which must still be `expected`: -XEN_EAGAIN if it
 * is not, and nothing has changed. */
int pt_exchange_l1(struct domain *d, mfn_t table, unsigned int slot,
                   uint64_t expected, uint64_t pte) MUST_CHECK;

/* A guest's list of operations, as mmu_update and mmuext_op take it. */
#define MMU_UPDATE_PREEMPTED (1u << 31) /* in count: a call that goes on */

struct mmu_list {
    gva_t at;               /* the next element */
    uint64_t done_ptr;      /* where the guest wants the number done, or 0 */
    uint32_t foreigndom;
    uint32_t count, index;
    uint32_t done;          /* by earlier entries of the same call */
};

bool mmu_list_resume(struct mmu_list *list, int64_t *result);
int64_t mmu_list_stop(struct mmu_list *list, int64_t result);

/* From the arguments of a call. False: there is nothing to do but to return
 * *result. */
static inline bool mmu_list_begin(struct mmu_list *list, uint64_t base,
                                  uint64_t count, uint64_t done_ptr,
                                  uint64_t foreigndom, int64_t *result)
{
    *list = (struct mmu_list){
        .at = GVA(base), .done_ptr = done_ptr, .count = (uint32_t)count,
        .foreigndom = (uint32_t)foreigndom,
    };
    if (UNLIKELY(current_vcpu()->pv.unfinished_count != 0 ||
                 (list->count & MMU_UPDATE_PREEMPTED) != 0) &&
        !mmu_list_resume(list, result)) {
        return false;
    }
    *result = -XEN_EFAULT;
    return gva_ok(list->at);
}

/* Before each element: whether the call has to stop here. Something left
 * unfinished has spent the budget (pin.c). */
static inline bool mmu_list_must_stop(const struct mmu_list *list)
{
    return UNLIKELY(!work_spend(1)) && list->index != 0;
}

static inline void mmu_list_next(struct mmu_list *list, uint32_t size)
{
    list->index++;
    list->at.v += size;
}

/* The call's result, from that of the last element. */
static inline int64_t mmu_list_end(struct mmu_list *list, int64_t result)
{
    if (UNLIKELY(result == -XEN_ERESTART_CALL || list->done_ptr != 0 ||
                 current_vcpu()->pv.unfinished_count != 0)) {
        return mmu_list_stop(list, result);
    }
    return result;
}

/* 0 when foreigndom (low half) names the caller; else why not. */
int pv_foreign_check(struct domain *d, uint32_t foreigndom);

/* --- va_mapping.c --------------------------------------------------------- */

/* Where the L1 entry of a guest's linear address is, through the kernel's
 * table of v: the L1's frame, and the slot. False when there is none; true
 * promises nothing about the frame but that it exists. */
bool pv_walk_to_l1(struct vcpu *v, gva_t va, mfn_t *l1, unsigned int *slot);

/* CPUs on which the vcpus of a guest's bitmap may have TLB entries. True
 * when the bitmap could not be read. */
bool pv_vcpumask_read(struct domain *d, gva_t bitmap, cpumask_t *mask);

#endif
