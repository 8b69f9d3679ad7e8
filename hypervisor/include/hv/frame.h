/* SPDX-License-Identifier: MIT */
/*
 * Frame records: 16 bytes for each machine frame.
 *
 * One 64-bit word holds two counts. The reference count says how often the
 * frame is held at all; at zero it returns to the allocator. The type count
 * says how many uses rely on the frame being what its type says (a page table
 * of one level, a descriptor page, plain writable memory). The types exclude
 * each other, and the type may change only while its count is zero: that one
 * rule is the isolation of the system. Both counts share a word so that a
 * get or a put is one locked operation.
 *
 *   F1  a frame with references is never in the allocator's lists
 *   F2  type count > 0 implies reference count > 0
 *   F3  the type changes only at type count 0
 *   F4  `validated` with a page-table or descriptor type: every entry obeys
 *       the rules of that type, and holds the references that it must
 *   F5  the owner is stable while a reference is held; so check it after
 *       taking the reference (before it is a race with reuse)
 *   F6  references are dropped last: type first, then the general reference
 */
#ifndef HV_FRAME_H
#define HV_FRAME_H

#include <hv/types.h>
#include <hv/bug.h>
#include <xen/xen.h>

struct domain;

enum page_type {
    PT_NONE = 0,     /* owned, used as nothing */
    PT_L1 = 1,
    PT_L2 = 2,
    PT_L3 = 3,
    PT_L4 = 4,
    PT_SEGDESC = 5,  /* GDT or LDT page */
    PT_WRITABLE = 6, /* mapped writable somewhere */
    PT_SHARED = 7,   /* shared with other domains, read-only */
};

/* Bits of frame.word. */
#define FW_TYPE_COUNT_SHIFT 0
#define FW_REF_COUNT_SHIFT  26
#define FW_COUNT_BITS       26
#define FW_COUNT_MASK       ((1ull << FW_COUNT_BITS) - 1)
/* Neither count goes higher: one bit tells, and both by one mask. */
#define FW_COUNT_MAX        (1ull << (FW_COUNT_BITS - 1))
#define FW_FULL             ((FW_COUNT_MAX << FW_TYPE_COUNT_SHIFT) | \
                             (FW_COUNT_MAX << FW_REF_COUNT_SHIFT))
#define FW_TYPE_SHIFT       52
#define FW_TYPE_MASK        (0xfull << FW_TYPE_SHIFT)
#define FW_ONE_TYPE         (1ull << FW_TYPE_COUNT_SHIFT)
#define FW_ONE_REF          (1ull << FW_REF_COUNT_SHIFT)
#define FW_VALIDATED        (1ull << 56) /* F4 holds */
#define FW_PARTIAL          (1ull << 57) /* (in)validation stopped half-way */
#define FW_PINNED           (1ull << 58) /* the domain pinned it: one type use */
#define FW_PAE_XEN_L2       (1ull << 59) /* PAE L2 of slot 3 */
#define FW_ALLOCATED        (1ull << 60) /* the domain's own reference */
#define FW_HV               (1ull << 61) /* hypervisor's; the owner may map it */
#define FW_FREE             (1ull << 62) /* in the allocator's lists */
#define FW_PAE              (1ull << 63) /* table of the PAE format */

struct frame {
    uint64_t word;
    union {
        struct {
            uint16_t owner;       /* domid; F5 */
            int16_t linear;       /* >0: mapped as a linear table so often;
                                     <0: holds linear entries */
            uint32_t stamp;       /* TLB clock at the last writable put, or
                                     the progress of a restartable walk */
        };
        struct {
            uint32_t next, prev;  /* FW_FREE: the allocator's list */
        } free;
    };
};

STATIC_ASSERT(sizeof(struct frame) == 16, "the memory budget counts on it");

#define FRAME_OWNER_NONE 0xffffu

/* Provided by arch: the records of all frames below frame_count. A number
 * below frame_count that is not RAM has a record without references. */
extern uint64_t frame_count;
static inline struct frame *mfn_to_frame(mfn_t mfn);      /* arch/inline.h */
static inline mfn_t frame_to_mfn(const struct frame *f);  /* arch/inline.h */

static inline bool mfn_valid(mfn_t mfn)
{
    return mfn.v < frame_count;
}

static inline enum page_type fw_type(uint64_t w)
{
    return (enum page_type)((w & FW_TYPE_MASK) >> FW_TYPE_SHIFT);
}

static inline uint64_t fw_type_count(uint64_t w)
{
    return w & FW_COUNT_MASK;
}

static inline uint64_t fw_ref_count(uint64_t w)
{
    return (w >> FW_REF_COUNT_SHIFT) & FW_COUNT_MASK;
}

/* --- core/page_alloc.c: the buddy allocator ------------------------------ */

#define PAGE_ORDER_MAX 18 /* 1 GiB */

/* Hands frames [start, end) to the allocator; boot and tests only. */
void page_alloc_add_range(mfn_t start, mfn_t end);

/*
 * Takes 2^order adjacent frames off the lists, the whole block below
 * max_mfn (INVALID_MFN: anywhere). The records come back as word 0, owner
 * FRAME_OWNER_NONE. Contents are whatever they were: the caller zeroes before
 * anyone else can see them. Returns INVALID_MFN when there is no such block.
 * Takes the allocator's lock.
 */
mfn_t page_alloc(unsigned int order, mfn_t below);

/* Gives back 2^order frames whose records hold no reference. */
void page_free(mfn_t mfn, unsigned int order);

/* Frames on the lists. */
uint64_t page_alloc_free_frames(void);

/* Walks the lists and panics unless every invariant holds; for audit. */
void page_alloc_audit(void);

/* A zeroed block for the hypervisor itself, in the direct map; NULL when
 * memory is short. Its frames' words are FW_HV | one reference, owner none. */
void *hv_alloc_pages(unsigned int order);
void hv_free_pages(void *block, unsigned int order);

/* --- core/page_ref.c: owner and general reference ------------------------ */

/*
 * Gives a new zeroed frame to the domain: FW_ALLOCATED, one reference.
 * Returns INVALID_MFN when the domain is at its maximum or memory is short.
 * Takes d->lock for the totals.
 */
mfn_t domain_alloc_frame(struct domain *d, unsigned int order, mfn_t below);

/* The same with whatever is in the frames; only for the builder of the first
 * domain, before any guest has run (R5). */
mfn_t domain_alloc_frame_as_is(struct domain *d, unsigned int order);

/* 2^order zeroed frames that are nobody's yet, INVALID_MFN if there
 * are none; and such frames made the domain's, its total unchanged. */
mfn_t frame_alloc_zeroed(unsigned int order, mfn_t below);
void domain_give_frames(struct domain *d, mfn_t mfn, unsigned int order);

/*
 * For XENMEM_exchange: takes a frame from the domain, its total unchanged.
 * False when d does not own it or anybody else holds a reference. Meanwhile
 * it is the caller's, who may use frame.stamp and either attaches it again
 * or frees it.
 */
bool domain_detach_frame(struct domain *d, mfn_t mfn) MUST_CHECK;
void domain_reattach_frame(mfn_t mfn);
void frame_free_detached(mfn_t mfn);

/* Makes an already allocated run of frames (a boot module) the domain's,
 * contents kept: word becomes FW_ALLOCATED with one reference. */
void domain_adopt_frame(struct domain *d, mfn_t mfn);

/*
 * Drops the domain's own reference (FW_ALLOCATED), once; with it the frame
 * leaves the domain when the other references are gone. Returns false when
 * the frame was not allocated to it any more.
 */
bool domain_release_frame(struct domain *d, mfn_t mfn);

/* Takes a general reference to a frame that d owns; false when it does not
 * own it, the number is no frame, or the count would wrap (F5). */
bool frame_get(struct domain *d, mfn_t mfn) MUST_CHECK;

/* Drops a general reference; at zero the frame returns to the allocator. */
void frame_put(mfn_t mfn);

/* Lets domain d map a frame of the hypervisor's (FW_HV), as shared_info. */
void frame_share_with(struct domain *d, mfn_t mfn);

#include <arch/frame_inline.h>

#endif
