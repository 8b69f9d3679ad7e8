/* SPDX-License-Identifier: MIT */
/*
 * mmuext_op: everything about page tables that is not an entry.
 *
 * Pins, base pointers, flushes, the LDT, and clearing or copying a page. A
 * call brings a list of operations; the rules for lists and restarts are
 * those of mmu_update (U5 in mmu_update.c).
 *
 * There is one function a row. Each checks its arguments in the order that
 * the manual's error table gives, changes nothing before the last check, and
 * returns 0, an error, or -XEN_ERESTART_CALL: then the same row is executed
 * again, and what it did the first time must do no harm the second.
 *
 * Manual: mmuext_op, one page a row.
 */
#include "pte.h"

#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

/* --- pins ----------------------------------------------------------------- */

static int op_pin_table(struct vcpu *v, const struct mmuext_op *op)
{
    unsigned int level = op->cmd - MMUEXT_PIN_L1_TABLE + PT_L1;

    if (level > pt_format_of(v->domain)->top) {
        return 0; /* a level that this guest does not have */
    }
    return page_type_pin(v->domain, MFN(op->arg1.mfn),
                         (enum page_type)level);
}

static int op_unpin_table(struct vcpu *v, const struct mmuext_op *op)
{
    return page_type_unpin(v->domain, MFN(op->arg1.mfn));
}

/* --- base pointers -------------------------------------------------------- */

static int op_new_baseptr(struct vcpu *v, const struct mmuext_op *op)
{
    return pv_set_kernel_table(v, MFN(op->arg1.mfn));
}

static int op_new_user_baseptr(struct vcpu *v, const struct mmuext_op *op)
{
    mfn_t mfn = op->arg1.mfn ? MFN(op->arg1.mfn) : INVALID_MFN;

    if (op->arg1.mfn && !mfn_valid(mfn)) {
        return -XEN_EINVAL;
    }
    return pv_set_user_table(v, mfn);
}

/* --- flushes -------------------------------------------------------------- */

static int op_tlb_flush_local(struct vcpu *v, const struct mmuext_op *op)
{
    tlb_flush_local();
    return 0;
}

/* An address that is no guest's has no entry of the guest's: nothing to do. */
static int op_invlpg_local(struct vcpu *v, const struct mmuext_op *op)
{
    gva_t va = GVA(op->arg1.linear_addr);

    if (gva_ok(va)) {
        tlb_flush_page_local(va);
    }
    return 0;
}

static int op_tlb_flush_multi(struct vcpu *v, const struct mmuext_op *op)
{
    cpumask_t mask;

    if (pv_vcpumask_read(v->domain, GVA((uint64_t)op->arg2.vcpumask.p),
                         &mask)) {
        return -XEN_EINVAL;
    }
    if (mask) {
        arch_tlb_flush(mask);
    }
    return 0;
}

static int op_invlpg_multi(struct vcpu *v, const struct mmuext_op *op)
{
    gva_t va = GVA(op->arg1.linear_addr);
    cpumask_t mask;

    if (pv_vcpumask_read(v->domain, GVA((uint64_t)op->arg2.vcpumask.p),
                         &mask)) {
        return -XEN_EINVAL;
    }
    if (mask && gva_ok(va)) {
        arch_tlb_flush_page(mask, va);
    }
    return 0;
}

static int op_tlb_flush_all(struct vcpu *v, const struct mmuext_op *op)
{
    arch_tlb_flush(domain_cpus(v->domain));
    return 0;
}

static int op_invlpg_all(struct vcpu *v, const struct mmuext_op *op)
{
    gva_t va = GVA(op->arg1.linear_addr);

    if (gva_ok(va)) {
        arch_tlb_flush_page(domain_cpus(v->domain), va);
    }
    return 0;
}

/* Writing back caches is for those who may have a device that does not snoop;
 * but all memory here is write-back, and nothing is behind it. */
static int op_flush_cache(struct vcpu *v, const struct mmuext_op *op)
{
    return v->domain->is_privileged ? 0 : -XEN_EACCES;
}

static int op_flush_cache_global(struct vcpu *v, const struct mmuext_op *op)
{
    return v->domain->is_privileged ? 0 : -XEN_EINVAL;
}

/* --- descriptors ---------------------------------------------------------- */

static int op_set_ldt(struct vcpu *v, const struct mmuext_op *op)
{
    uint32_t entries = op->arg2.nr_ents;
    gva_t base = GVA(entries ? op->arg1.linear_addr : 0);

    if ((base.v & ~PAGE_MASK) != 0 || !gva_ok(base) ||
        entries > LDT_MAX_ENTRIES) {
        return -XEN_EINVAL;
    }
    if (v->pv.ldt_entries == entries && v->pv.ldt_base.v == base.v) {
        return 0;
    }
    v->pv.ldt_base = base;
    v->pv.ldt_entries = entries;
    pv_drop_ldt(v);
    arch_load_ldt(v);
    return 0;
}

/* --- pages ---------------------------------------------------------------- */

static int op_clear_page(struct vcpu *v, const struct mmuext_op *op)
{
    mfn_t mfn = MFN(op->arg1.mfn);

    if (frame_get_and_type(v->domain, mfn, PT_WRITABLE)) {
        return -XEN_EINVAL;
    }
    arch_frame_zero(mfn);
    frame_put_or_defer(v->domain, mfn);
    return 0;
}

static int op_copy_page(struct vcpu *v, const struct mmuext_op *op)
{
    mfn_t from = MFN(op->arg2.src_mfn), to = MFN(op->arg1.mfn);

    if (!frame_get(v->domain, from)) {
        return -XEN_EINVAL;
    }
    if (frame_get_and_type(v->domain, to, PT_WRITABLE)) {
        frame_put(from);
        return -XEN_EINVAL;
    }
    memmove(frame_map(to), frame_map(from), PAGE_SIZE);
    frame_put_or_defer(v->domain, to);
    frame_put(from);
    return 0;
}

/* Pages of 2 MiB for PV guests are gone from the interface. */
static int op_super_page(struct vcpu *v, const struct mmuext_op *op)
{
    return -XEN_EOPNOTSUPP;
}

/* --- the list ------------------------------------------------------------- */

typedef int mmuext_fn(struct vcpu *v, const struct mmuext_op *op);

static mmuext_fn *const mmuext_table[] = {
    [MMUEXT_PIN_L1_TABLE] = op_pin_table,
    [MMUEXT_PIN_L2_TABLE] = op_pin_table,
    [MMUEXT_PIN_L3_TABLE] = op_pin_table,
    [MMUEXT_PIN_L4_TABLE] = op_pin_table,
    [MMUEXT_UNPIN_TABLE] = op_unpin_table,
    [MMUEXT_NEW_BASEPTR] = op_new_baseptr,
    [MMUEXT_TLB_FLUSH_LOCAL] = op_tlb_flush_local,
    [MMUEXT_INVLPG_LOCAL] = op_invlpg_local,
    [MMUEXT_TLB_FLUSH_MULTI] = op_tlb_flush_multi,
    [MMUEXT_INVLPG_MULTI] = op_invlpg_multi,
    [MMUEXT_TLB_FLUSH_ALL] = op_tlb_flush_all,
    [MMUEXT_INVLPG_ALL] = op_invlpg_all,
    [MMUEXT_FLUSH_CACHE] = op_flush_cache,
    [MMUEXT_SET_LDT] = op_set_ldt,
    [MMUEXT_NEW_USER_BASEPTR] = op_new_user_baseptr,
    [MMUEXT_CLEAR_PAGE] = op_clear_page,
    [MMUEXT_COPY_PAGE] = op_copy_page,
    [MMUEXT_FLUSH_CACHE_GLOBAL] = op_flush_cache_global,
    [MMUEXT_MARK_SUPER] = op_super_page,
    [MMUEXT_UNMARK_SUPER] = op_super_page,
};

static int run_one(struct vcpu *v, const struct mmuext_op *op)
{
    if (op->cmd >= ARRAY_SIZE(mmuext_table) || mmuext_table[op->cmd] == NULL) {
        return -XEN_ENOSYS;
    }
    return mmuext_table[op->cmd](v, op);
}

static int run_list(struct vcpu *v, struct mmu_list *list)
{
    struct mmuext_op op;

    for (; list->index < list->count; mmu_list_next(list, sizeof(op))) {
        int err;

        if (mmu_list_must_stop(list)) {
            return -XEN_ERESTART_CALL;
        }
        if (guest_copy_in(&op, list->at, sizeof(op))) {
            return -XEN_EFAULT;
        }
        err = run_one(v, &op);
        if (UNLIKELY(err)) {
            return err;
        }
    }
    return 0;
}

int64_t hc_mmuext_op(uint64_t uops, uint64_t count, uint64_t pdone,
                     uint64_t foreigndom, uint64_t unused)
{
    struct vcpu *v = current_vcpu();
    struct mmu_list list;
    int64_t result;
    int err;

    if (UNLIKELY(!mmu_list_begin(&list, uops, count, pdone, foreigndom,
                                 &result))) {
        return result;
    }
    err = pv_foreign_check(v->domain, list.foreigndom);
    if (UNLIKELY(err)) {
        return err;
    }
    return mmu_list_end(&list, run_list(v, &list));
}
