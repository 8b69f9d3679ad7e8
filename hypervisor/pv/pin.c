/* SPDX-License-Identifier: MIT */
/*
 * Who keeps a tree of page tables alive: pins, base pointers, and nobody.
 *
 * A table is validated when it gets its first use and undone when it loses
 * its last. Entries of other tables are such uses; here are the others. A pin
 * is a use that a guest asks for, so that a tree which is loaded and unloaded
 * often is validated once. The base pointers of a vcpu are its kernel's and
 * its user's top table.
 *
 *   N1  FW_PINNED stands for one use and one reference; who sets the bit
 *       brings them, who clears it must put them
 *   N2  a base pointer is there when its cr3 value is not 0, and then holds
 *       a use and a reference; the old table is put after the new one is
 *       loaded, so no CPU ever runs on a table without a use
 *   N3  undoing a tree may stop half-way (T5 in page_type.c). The call that
 *       caused it is over by then as far as the guest can tell, so there is
 *       nothing to restart: the vcpu notes the frame in its list of
 *       unfinished ones, and its next MMU call begins with that. The note is
 *       only a hint. If the frame is no longer stopped, or no longer the
 *       domain's, there is nothing to do; if the list is full, the frame
 *       waits for the end of the domain
 *
 * The list and the base pointers are the vcpu's own; no lock.
 *
 * Manual: mmuext_op (pin, unpin, new_baseptr, new_user_baseptr).
 */
#include "pte.h"

#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/pv.h>
#include <hv/util.h>

/* --- N3: what is unfinished ------------------------------------------------- */

void page_type_defer(struct domain *d, mfn_t mfn)
{
    struct vcpu *v = current_vcpu();
    struct pv_vcpu *pv = &v->pv;
    uint32_t i;

    if (v->domain != d || !mfn_valid(mfn) ||
        (frame_word(mfn) & FW_PARTIAL) == 0) {
        return;
    }
    for (i = 0; i < pv->unfinished_count; i++) {
        if (mfn_eq(pv->unfinished[i], mfn)) {
            return;
        }
    }
    if (pv->unfinished_count < ARRAY_SIZE(pv->unfinished)) {
        pv->unfinished[pv->unfinished_count++] = mfn;
        this_cpu()->work_left = 0; /* a list goes no further before it */
    }
}

int page_type_finish_deferred(struct vcpu *v)
{
    struct pv_vcpu *pv = &v->pv;

    while (pv->unfinished_count > 0) {
        mfn_t mfn = pv->unfinished[pv->unfinished_count - 1];

        if (page_type_undo_stopped(v->domain, mfn, PT_NONE, false)) {
            return -XEN_ERESTART_CALL;
        }
        pv->unfinished_count--;
    }
    return 0;
}

void frame_put_or_defer(struct domain *d, mfn_t mfn)
{
    frame_drop_or_defer(d, mfn);
}

/* A get on behalf of a hypercall: what a failure leaves stopped is undone by
 * the vcpu's next call; a restart finds it by itself. */
static inline int get_or_defer(struct domain *d, mfn_t mfn,
                               enum page_type type)
{
    int err = LIKELY(!d->is_32bit)
                  ? frame_get_and_want(d, mfn, type_word_want(type, 0))
                  : frame_get_and_type(d, mfn, type);

    if (UNLIKELY(err) && err != -XEN_ERESTART_CALL) {
        page_type_defer(d, mfn);
    }
    return err;
}

/* --- pins ----------------------------------------------------------------- */

int page_type_pin(struct domain *d, mfn_t mfn, enum page_type type)
{
    int err = get_or_defer(d, mfn, type);
    uint64_t old;

    if (err) {
        return err;
    }
    old = __atomic_fetch_or(&mfn_to_frame(mfn)->word, FW_PINNED,
                            __ATOMIC_SEQ_CST);
    if (old & FW_PINNED) {
        frame_put_or_defer(d, mfn);
        return -XEN_EINVAL;
    }
    return 0;
}

/* Clears the pin if there is one; the pin's use and reference are then the
 * caller's to put. The caller holds a reference. */
static bool pin_remove(mfn_t mfn)
{
    uint64_t old = __atomic_fetch_and(&mfn_to_frame(mfn)->word, ~FW_PINNED,
                                      __ATOMIC_SEQ_CST);

    return (old & FW_PINNED) != 0;
}

int page_type_unpin(struct domain *d, mfn_t mfn)
{
    if (!frame_get(d, mfn)) {
        return -XEN_EINVAL;
    }
    if (!pin_remove(mfn)) {
        frame_put(mfn);
        return -XEN_EINVAL;
    }
    frame_put_or_defer(d, mfn);
    frame_put(mfn);
    return 0;
}

/* --- base pointers -------------------------------------------------------- */

int pv_set_kernel_table(struct vcpu *v, mfn_t l4)
{
    struct domain *d = v->domain;
    bool is_current = v == current_vcpu();
    mfn_t old = v->pv.kernel_table;
    bool had_one = v->pv.kernel_cr3 != 0;
    int err;

    if (!had_one || !mfn_eq(old, l4)) {
        err = get_or_defer(d, l4, pt_top_type(d));
        if (err) {
            return err;
        }
        if (is_current) {
            pv_drop_ldt(v);
        }
        v->pv.kernel_table = l4;
        v->pv.kernel_cr3 = mfn_to_maddr(l4).v;
    } else {
        had_one = false; /* nothing to put; the load flushes, as asked */
    }
    if (is_current && v->kernel_mode) {
        arch_load_cr3(v);
    } else {
        arch_top_table_changed(v);
    }
    if (had_one) {
        frame_put_or_defer(d, old);
    }
    return 0;
}

int pv_set_user_table(struct vcpu *v, mfn_t l4)
{
    struct domain *d = v->domain;
    mfn_t old = v->pv.user_table;
    bool had_one = v->pv.user_cr3 != 0;
    bool have_one = mfn_valid_number(l4);
    int err;

    if (had_one == have_one && (!had_one || mfn_eq(old, l4))) {
        return 0;
    }
    if (have_one) {
        err = d->is_32bit ? -XEN_EINVAL : get_or_defer(d, l4, PT_L4);
        if (err) {
            return err;
        }
    }
    v->pv.user_table = l4;
    v->pv.user_cr3 = have_one ? mfn_to_maddr(l4).v : 0;
    arch_top_table_changed(v);
    if (v == current_vcpu() && !v->kernel_mode && have_one) {
        arch_load_cr3(v);
    }
    if (had_one) {
        frame_put_or_defer(d, old);
    }
    return 0;
}

/* --- the end of a domain -------------------------------------------------- */

static int relinquish_vcpu(struct domain *d, struct vcpu *v)
{
    mfn_t kernel = v->pv.kernel_table, user = v->pv.user_table;

    pv_drop_ldt(v);
    pv_drop_gdt(v);
    v->pv.unfinished_count = 0;
    if (v->pv.user_cr3 != 0) {
        v->pv.user_cr3 = 0;
        v->pv.user_table = INVALID_MFN;
        if (frame_put_and_type(d, user)) {
            return -XEN_ERESTART_CALL;
        }
    }
    if (v->pv.kernel_cr3 != 0) {
        v->pv.kernel_cr3 = 0;
        v->pv.kernel_table = INVALID_MFN;
        if (frame_put_and_type(d, kernel)) {
            return -XEN_ERESTART_CALL;
        }
    }
    return 0;
}

int page_type_release(struct domain *d, mfn_t mfn)
{
    uint64_t word = frame_word(mfn);
    int err = 0;

    if ((word & (FW_PINNED | FW_PARTIAL)) == 0 || (word & FW_FREE) ||
        !frame_get(d, mfn)) {
        return 0;
    }
    if (pin_remove(mfn)) {
        err = frame_put_and_type(d, mfn);
    }
    if (err == 0) {
        err = page_type_undo_stopped(d, mfn, PT_NONE, false);
    }
    frame_put(mfn);
    return err;
}

int page_type_relinquish(struct domain *d)
{
    uint32_t i;
    uint64_t n;

    for (i = 0; i < d->vcpu_count; i++) {
        if (d->vcpus[i] && relinquish_vcpu(d, d->vcpus[i])) {
            return -XEN_ERESTART_CALL;
        }
    }
    for (n = 0; n < frame_count; n++) {
        if (page_type_release(d, MFN(n))) {
            return -XEN_ERESTART_CALL;
        }
    }
    return 0;
}
