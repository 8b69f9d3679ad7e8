/* SPDX-License-Identifier: MIT */
/*
 * Grant tables: where a domain writes down who may use which of its frames.
 *
 * The table is memory that the domain and the hypervisor share: frames of the
 * hypervisor's own, lent to the domain as shared_info is. The domain asks for
 * their numbers (setup_table), maps them, and writes entries without any
 * call. The hypervisor reads an entry when another domain names it.
 *
 *   G1  the table only grows, up to GRANT_FRAMES_MAX frames, and its frames
 *       stay until the domain is destroyed: what another CPU reads without
 *       the lock below `grant_frame_count` does not go away
 *   G2  a frame is zeroed (no entry grants anything) before its number can
 *       be known, and has no pseudo-physical number but one that the domain
 *       gives it (MMU_MACHPHYS_UPDATE)
 *   G3  a table of no frames does not exist: before the first question it is
 *       one frame that nobody has asked for
 *
 * Lock: d->lock while growing. Guest memory is not touched under it.
 *
 * The status of these commands tells a guest how it went, the call's result
 * only whether the structure could be read and written.
 *
 * Manual: grant_table_op.
 */
#include <hv/arch.h>
#include <hv/gnttab.h>
#include <hv/hypercall.h>
#include <hv/subop.h>
#include <hv/util.h>
#include <xen/grant_table.h>

#define GRANT_VERSION 1
#define GRANT_COMMAND_MASK 0xfffu /* the rest is for restarted calls */

int gnttab_op_setup_table(struct domain *d, struct gnttab_setup_table *op);
int gnttab_op_query_size(struct domain *d, struct gnttab_query_size *op);
int gnttab_op_get_version(struct domain *d, struct gnttab_get_version *op);
int gnttab_op_set_version(struct domain *d, gva_t arg);

/* --- the table ------------------------------------------------------------- */

static uint32_t frames_now(const struct domain *d)
{
    return __atomic_load_n(&d->grant_frame_count, __ATOMIC_ACQUIRE);
}

/* One more frame (G2). d->lock is held. */
static bool add_frame(struct domain *d)
{
    void *frame = hv_alloc_pages(0);

    if (frame == NULL) {
        return false;
    }
    arch_m2p_set(frame_unmap_addr(frame), M2P_INVALID);
    frame_share_with(d, frame_unmap_addr(frame));
    d->grant_frames[d->grant_frame_count] = frame;
    __atomic_store_n(&d->grant_frame_count, d->grant_frame_count + 1,
                     __ATOMIC_RELEASE);
    return true;
}

/* At least so many frames; false when memory is short. What came stays. */
static bool grow(struct domain *d, uint32_t frames)
{
    bool is_there = true;

    spin_lock(&d->lock);
    while (is_there && d->grant_frame_count < frames) {
        is_there = add_frame(d);
    }
    spin_unlock(&d->lock);
    return is_there;
}

void gnttab_destroy(struct domain *d)
{
    while (d->grant_frame_count > 0) {
        d->grant_frame_count--;
        hv_free_pages(d->grant_frames[d->grant_frame_count], 0);
    }
}

void gnttab_audit(const struct domain *d)
{
    BUG_ON(d->grant_frame_count > GRANT_FRAMES_MAX);                 /* G1 */
    for (uint32_t i = 0; i < GRANT_FRAMES_MAX; i++) {
        mfn_t mfn;

        BUG_ON((i < d->grant_frame_count) != (d->grant_frames[i] != NULL));
        if (i < d->grant_frame_count) {
            mfn = frame_unmap_addr(d->grant_frames[i]);
            BUG_ON((mfn_to_frame(mfn)->word & FW_HV) == 0 ||
                   mfn_to_frame(mfn)->owner != d->id);
        }
    }
}

/* --- commands ---------------------------------------------------------------- */

/* Whose table; GNTST_okay or why not. A domain has its own; the control
 * domain, which builds others, may name them. */
static int16_t table_of(struct domain *d, domid_t id, struct domain **target)
{
    *target = domain_resolve(d, id);
    if (*target == NULL) {
        return GNTST_bad_domain;
    }
    return *target == d || d->is_privileged ? GNTST_okay
                                            : GNTST_permission_denied;
}

static int16_t setup_table(struct domain *d,
                           const struct gnttab_setup_table *op)
{
    struct domain *target;
    int16_t status = table_of(d, op->dom, &target);
    gva_t list = GVA((uint64_t)op->frame_list.p);

    if (status != GNTST_okay) {
        return status;
    }
    if (op->nr_frames > GRANT_FRAMES_MAX || !grow(target, op->nr_frames)) {
        return GNTST_general_error;
    }
    for (uint32_t i = 0; i < op->nr_frames; i++) {
        mfn_t mfn = frame_unmap_addr(target->grant_frames[i]);

        if (guest_store64(GVA(list.v + i * sizeof(xen_pfn_t)), mfn.v)) {
            return GNTST_bad_virt_addr;
        }
    }
    return GNTST_okay;
}

int gnttab_op_setup_table(struct domain *d, struct gnttab_setup_table *op)
{
    if (!gva_ok(GVA((uint64_t)op->frame_list.p))) {
        return -XEN_EFAULT;
    }
    op->status = setup_table(d, op);
    return 0;
}

int gnttab_op_query_size(struct domain *d, struct gnttab_query_size *op)
{
    struct domain *target;

    op->status = table_of(d, op->dom, &target);
    if (op->status == GNTST_okay) {
        op->nr_frames = (uint32_t)max_u64(frames_now(target), 1); /* G3 */
        op->max_nr_frames = GRANT_FRAMES_MAX;
    }
    return 0;
}

int gnttab_op_get_version(struct domain *d, struct gnttab_get_version *op)
{
    struct domain *target;
    int16_t status = table_of(d, op->dom, &target);

    if (status != GNTST_okay) {
        return status == GNTST_bad_domain ? -XEN_ESRCH : -XEN_EPERM;
    }
    op->version = GRANT_VERSION;
    return 0;
}

/* The version in force goes back whatever the answer is. */
int gnttab_op_set_version(struct domain *d, gva_t arg)
{
    uint32_t wanted;

    STATIC_ASSERT(sizeof(struct gnttab_set_version) == 4, "one word");
    if (guest_load32(arg, &wanted)) {
        return -XEN_EFAULT;
    }
    if (guest_store32(arg, GRANT_VERSION)) {
        return -XEN_EFAULT;
    }
    if (wanted == GRANT_VERSION) {
        return 0;
    }
    return wanted == 2 ? -XEN_ENOSYS : -XEN_EINVAL;
}

/* Commands that answer for one domain take one structure. */
static bool count_ok(unsigned int cmd, unsigned int count)
{
    if (cmd == GNTTABOP_setup_table || cmd == GNTTABOP_query_size) {
        return count == 1;
    }
    return count <= INT32_MAX;
}

int64_t hc_grant_table_op(uint64_t cmd, uint64_t arg, uint64_t count,
                          uint64_t a3, uint64_t a4)
{
    struct domain *d = current_domain();
    unsigned int command = (unsigned int)cmd;

    if ((command & ~GRANT_COMMAND_MASK) != 0 ||
        !count_ok(command, (unsigned int)count)) {
        return -XEN_EINVAL;
    }
    switch (command) {
#undef SUBOP_grant_table_op
#define SUBOP_grant_table_op(name, type, direction, handler) \
    SUBOP_CASE_##direction(name, type, arg, handler, d)
#include <subops.def>
    default:
        return -XEN_ENOSYS;
    }
}
