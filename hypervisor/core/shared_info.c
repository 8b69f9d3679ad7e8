/* SPDX-License-Identifier: MIT */
/*
 * The page that a domain and the hypervisor share, and where each vcpu's part
 * of it is.
 *
 * shared_info is the hypervisor's frame, lent to one domain: the domain may
 * map and write it, but not give it away, so the hypervisor's pointer into it
 * stays good for the domain's life. A vcpu's own part, vcpu_info, is at first
 * a slot of that page. The guest can move it, once, into a frame of its own;
 * then a reference and a use as writable memory are held on that frame, so
 * that it can neither go away nor become a page table under our hands.
 *
 *   I1  v->info is never NULL: the entry code reads it without asking
 *   I2  v->info_frame names a frame with a reference and a writable use held
 *       for v, or nothing, and then v->info is the slot
 *   I3  upcalls are masked in every slot at the start, or a vcpu would be
 *       interrupted before it has said where
 *
 * Manual: VCPUOP_register_vcpu_info.
 */
#include <hv/arch.h>
#include <hv/pv.h>
#include <hv/time.h>
#include <hv/util.h>

STATIC_ASSERT(sizeof(struct shared_info) <= PAGE_SIZE, "one page");
STATIC_ASSERT(VCPUS_MAX == XEN_LEGACY_MAX_VCPUS, "a slot for each vcpu");

int shared_info_create(struct domain *d)
{
    unsigned int i;

    d->shared_info = hv_alloc_pages(0);
    if (!d->shared_info) {
        return -XEN_ENOMEM;
    }
    d->shared_info_mfn = frame_unmap_addr(d->shared_info);
    for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++) {
        d->shared_info->vcpu_info[i].evtchn_upcall_mask = 1;        /* I3 */
    }
    time_update_wallclock(d);
    arch_m2p_set(d->shared_info_mfn, M2P_INVALID);
    frame_share_with(d, d->shared_info_mfn);
    return 0;
}

void shared_info_destroy(struct domain *d)
{
    if (d->shared_info) {
        hv_free_pages(d->shared_info, 0);
        d->shared_info = NULL;
    }
}

/*
 * Everything may have been signalled in the old place after it was copied, so
 * the new one says that everything may be pending. The pointer is stored
 * first: whoever read the old one before has set his port's pending bit
 * before that, and the guest, told to look everywhere, finds it.
 */
static void move_info(struct vcpu *v, struct vcpu_info *info)
{
    uint64_t words[sizeof(*info) / sizeof(uint64_t)];
    unsigned int i;

    /* By way of a copy: the guest may choose a place in shared_info that
     * overlaps the old one. And by words, for other vcpus look at both. */
    for (i = 0; i < ARRAY_SIZE(words); i++) {
        words[i] = __atomic_load_n((const uint64_t *)v->info + i,
                                   __ATOMIC_RELAXED);
    }
    for (i = 0; i < ARRAY_SIZE(words); i++) {
        __atomic_store_n((uint64_t *)info + i, words[i], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&v->info, info, __ATOMIC_SEQ_CST);
    __atomic_store_n(&info->evtchn_pending_sel, ~0ull, __ATOMIC_SEQ_CST);
    __atomic_store_n(&info->evtchn_upcall_pending, 1, __ATOMIC_SEQ_CST);
}

int vcpu_info_register(struct vcpu *v, mfn_t mfn, uint32_t offset)
{
    struct domain *d = v->domain;
    int err;

    if (!frame_get(d, mfn)) {
        return -XEN_EINVAL;
    }
    err = page_type_get(d, mfn, PT_WRITABLE);
    if (err) {
        frame_put(mfn);
        return err;
    }
    v->info_frame = mfn;                                            /* I2 */
    move_info(v, (struct vcpu_info *)((char *)frame_map(mfn) + offset));
    return 0;
}
