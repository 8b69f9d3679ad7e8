/* SPDX-License-Identifier: MIT */
/*
 * XENMEM_exchange (manual: memory_op/exchange): frames for better ones.
 *
 * A driver needs memory that its device can reach: adjacent, or low. A PV
 * guest can not move its frames, but it may give some of them back and get as
 * many others in their place, in one call that needs no free room under the
 * domain's limit. The frames of list `in` go; the pfns of list `out` get new
 * ones.
 *
 * Both lists are cut into chunks of equal size, one extent of the larger
 * order; the other list's extents are smaller and there are more of them.
 *
 *   X1  a chunk is done entirely or not at all. Its old frames are detached
 *       one after the other, its new ones allocated and their numbers written
 *       into the guest's list; then nothing can fail any more, and all change
 *       hands. When something fails before, old frames are attached again and
 *       new ones freed. Entries of `out` that were written by then stay so
 *   X2  a frame which anybody else refers to (a mapping, a pin) is refused:
 *       detaching means that only the domain's own reference was there, and
 *       that from then on nobody can take another (R2 in page_ref.c)
 *   X3  the two chains of X1 are linked through frame.stamp: neither a free
 *       nor a detached frame has a use for it. A frame that is attached again
 *       gets the TLB clock of that moment, which can only flush more (T3)
 *   X4  progress is in the guest's structure, in extents of `in`. A restart
 *       reads everything again and believes only what it reads
 *   X5  that nr_exchanged can be written is tried before anything is done
 *
 * The domain's total stays what it is; no lock.
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/memory.h>
#include <hv/util.h>
#include <xen/memory.h>

struct exchange {
    struct domain *domain;
    gva_t in, out;             /* lists of xen_pfn_t */
    unsigned int in_order, out_order;
    mfn_t below;               /* new frames are below this one */
    uint32_t old, new;         /* X3: chains, by number + 1; 0: empty */
};

/* --- X3 ------------------------------------------------------------------- */

static void chain_push(uint32_t *chain, mfn_t mfn)
{
    mfn_to_frame(mfn)->stamp = *chain;
    *chain = (uint32_t)mfn.v + 1;
}

static bool chain_pop(uint32_t *chain, mfn_t *mfn)
{
    if (*chain == 0) {
        return false;
    }
    *mfn = MFN(*chain - 1);
    *chain = mfn_to_frame(*mfn)->stamp;
    return true;
}

/* --- one chunk ------------------------------------------------------------ */

static int take_extent(struct exchange *x, uint64_t index)
{
    uint64_t first;

    if (guest_load64(GVA(x->in.v + index * sizeof(first)), &first)) {
        return -XEN_EFAULT;
    }
    for (uint64_t i = 0; i < 1ull << x->in_order; i++) {
        mfn_t mfn = MFN(first + i);

        if (!domain_detach_frame(x->domain, mfn)) {
            return -XEN_EINVAL; /* X2 */
        }
        chain_push(&x->old, mfn);
    }
    return 0;
}

static int make_extent(struct exchange *x, uint64_t index)
{
    gva_t at = GVA(x->out.v + index * sizeof(uint64_t));
    mfn_t mfn = frame_alloc_zeroed(x->out_order, x->below);
    uint64_t pfn;

    if (!mfn_valid_number(mfn)) {
        return -XEN_ENOMEM;
    }
    chain_push(&x->new, mfn);
    if (guest_load64(at, &pfn) || guest_store64(at, mfn.v)) {
        return -XEN_EFAULT;
    }
    for (uint64_t i = 0; i < 1ull << x->out_order; i++) {
        arch_m2p_set(MFN(mfn.v + i), pfn + i);
    }
    return 0;
}

static void undo_chunk(struct exchange *x)
{
    mfn_t mfn;

    while (chain_pop(&x->old, &mfn)) {
        domain_reattach_frame(mfn);
    }
    while (chain_pop(&x->new, &mfn)) {
        for (uint64_t i = 0; i < 1ull << x->out_order; i++) {
            arch_m2p_set(MFN(mfn.v + i), M2P_INVALID);
        }
        page_free(mfn, x->out_order);
    }
}

static void commit_chunk(struct exchange *x)
{
    mfn_t mfn;

    while (chain_pop(&x->old, &mfn)) {
        frame_free_detached(mfn);
    }
    while (chain_pop(&x->new, &mfn)) {
        mfn_to_frame(mfn)->stamp = 0;
        domain_give_frames(x->domain, mfn, x->out_order);
    }
}

static unsigned int chunk_order(const struct exchange *x)
{
    return x->in_order > x->out_order ? x->in_order : x->out_order;
}

static int exchange_chunk(struct exchange *x, uint64_t chunk)
{
    uint64_t in_count = 1ull << (chunk_order(x) - x->in_order);
    uint64_t out_count = 1ull << (chunk_order(x) - x->out_order);
    int err = 0;

    for (uint64_t i = 0; i < in_count && !err; i++) {
        err = take_extent(x, chunk * in_count + i);
    }
    for (uint64_t i = 0; i < out_count && !err; i++) {
        err = make_extent(x, chunk * out_count + i);
    }
    if (err) {
        undo_chunk(x); /* X1 */
    } else {
        commit_chunk(x);
    }
    return err;
}

/* --- the call ------------------------------------------------------------- */

/* Both lists describe the same number of frames, which can be counted. */
static bool sizes_ok(const struct xen_memory_reservation *in,
                     const struct xen_memory_reservation *out)
{
    return in->nr_extents <= UINT64_MAX >> in->extent_order &&
           out->nr_extents <= UINT64_MAX >> out->extent_order &&
           in->nr_extents << in->extent_order ==
               out->nr_extents << out->extent_order;
}

static bool list_ok(const struct xen_memory_reservation *r)
{
    gva_t list = GVA((uint64_t)(uintptr_t)r->extent_start.p);

    return r->nr_extents <= UINT64_MAX / sizeof(uint64_t) &&
           gva_range_ok(list, r->nr_extents * sizeof(uint64_t));
}

static int check(const struct xen_memory_exchange *e)
{
    if (e->in.extent_order > EXTENT_ORDER_MAX ||
        e->out.extent_order > EXTENT_ORDER_MAX) {
        return -XEN_EPERM;
    }
    if (e->nr_exchanged > e->in.nr_extents || e->in.domid != e->out.domid ||
        !sizes_ok(&e->in, &e->out)) {
        return -XEN_EINVAL;
    }
    if (e->nr_exchanged == e->in.nr_extents) {
        return 0;
    }
    return list_ok(&e->in) && list_ok(&e->out) ? 0 : -XEN_EFAULT;
}

static int prepare(struct exchange *x, const struct xen_memory_exchange *e)
{
    *x = (struct exchange){
        .domain = domain_resolve(current_domain(), e->in.domid),
        .in = GVA((uint64_t)(uintptr_t)e->in.extent_start.p),
        .out = GVA((uint64_t)(uintptr_t)e->out.extent_start.p),
        .in_order = e->in.extent_order,
        .out_order = e->out.extent_order,
    };
    if (x->domain == NULL) {
        return -XEN_ESRCH;
    }
    if (!memory_may_act_on(x->domain)) {
        return -XEN_EPERM;
    }
    return memory_flags_limit(e->out.mem_flags, &x->below) ? 0 : -XEN_EINVAL;
}

static int exchange(struct xen_memory_exchange *e)
{
    struct exchange x;
    int err = prepare(&x, e);

    while (!err && e->nr_exchanged < e->in.nr_extents) {
        unsigned int shift = chunk_order(&x) - x.in_order;
        uint64_t chunk = e->nr_exchanged >> shift;

        err = exchange_chunk(&x, chunk);
        e->nr_exchanged = (chunk + (err ? 0 : 1)) << shift;
        if (!err && e->nr_exchanged < e->in.nr_extents &&
            !work_spend(memory_extent_work(chunk_order(&x)))) {
            return -XEN_ERESTART_CALL;
        }
    }
    return err;
}

int64_t memory_op_exchange(gva_t arg)
{
    gva_t progress = GVA(arg.v +
                         offsetof(struct xen_memory_exchange, nr_exchanged));
    struct xen_memory_exchange e;
    int err;

    if (guest_copy_in(&e, arg, sizeof(e))) {
        return -XEN_EFAULT;
    }
    err = check(&e);
    if (!err && e.nr_exchanged == e.in.nr_extents) {
        return 0;
    }
    if (guest_store64(progress, e.nr_exchanged)) { /* X5 */
        return -XEN_EFAULT;
    }
    if (!err) {
        err = exchange(&e);
    }
    if (guest_store64(progress, e.nr_exchanged)) {
        return -XEN_EFAULT;
    }
    return err == -XEN_ERESTART_CALL ? hypercall_restart(0, NULL) : err; /* X4 */
}
