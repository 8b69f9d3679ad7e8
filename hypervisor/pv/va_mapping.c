/* SPDX-License-Identifier: MIT */
/*
 * update_va_mapping: change the L1 entry of a linear address, and flush.
 *
 * The commonest change of all has a call of its own: the guest names the
 * address instead of the machine address of its entry, so the hypervisor has
 * to find the entry, by the same walk that the CPU does, in the kernel's
 * table of the calling vcpu.
 *
 * The walk takes no references. Every table on the way was reachable when we
 * read the entry that led to it, but other vcpus may change tables under us
 * and the frames may be anything by the time we look. So the walk never
 * trusts what it reads: frame numbers are checked before use, the direct map
 * covers all frames, and at the end the L1's frame is held as an L1 of this
 * domain before anything is stored (U1). What a race can give a guest is a
 * change in another of its own L1 tables, for which it did not need a race.
 *
 * Manual: update_va_mapping, update_va_mapping_otherdomain.
 */
#include "pt_update.h"
#include "pte.h"

#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

bool pv_walk_to_l1(struct vcpu *v, gva_t va, mfn_t *l1, unsigned int *slot)
{
    return walk_to_l1(v, va, l1, slot);
}

bool pv_vcpumask_read(struct domain *d, gva_t bitmap, cpumask_t *mask)
{
    uint64_t bits = 0;
    uint32_t low = 0;
    uint32_t id;
    bool fault;

    STATIC_ASSERT(VCPUS_MAX <= 32, "one word of either width has all");
    *mask = 0;
    if (d->is_32bit) {
        fault = guest_load32(bitmap, &low);
        bits = low;
    } else {
        fault = guest_load64(bitmap, &bits);
    }
    if (fault) {
        return true;
    }
    for (id = 0; id < d->vcpu_count; id++) {
        struct vcpu *v = d->vcpus[id];

        if (v && ((bits >> id) & 1)) {
            *mask |= 1ull << __atomic_load_n(&v->cpu, __ATOMIC_RELAXED);
        }
    }
    *mask &= domain_cpus(d);
    return false;
}

static int store_entry(struct vcpu *v, gva_t va, uint64_t pte)
{
    struct domain *d = v->domain;
    unsigned int slot;
    mfn_t l1;
    int err;

    if (!walk_to_l1(v, va, &l1, &slot) || !frame_hold_l1(d, l1)) {
        return -XEN_EINVAL;
    }
    err = pt_update_inline(d, l1, PT_L1, slot, pte, false);
    frame_drop_or_defer(d, l1);
    return err;
}

/* Who flushes: this CPU (*local), or those of *mask. True: bad bitmap. */
static bool flush_targets(struct domain *d, uint64_t where, bool *local,
                          cpumask_t *mask)
{
    *local = where == UVMF_LOCAL;
    *mask = 0;
    if (*local) {
        return false;
    }
    if (where == UVMF_ALL) {
        *mask = domain_cpus(d);
        return false;
    }
    return pv_vcpumask_read(d, GVA(where), mask);
}

static int flush_after(struct domain *d, gva_t va, uint64_t flags)
{
    uint64_t kind = flags & UVMF_FLUSHTYPE_MASK;
    cpumask_t mask;
    bool local;

    if (kind != UVMF_TLB_FLUSH && kind != UVMF_INVLPG) {
        return 0;
    }
    if (flush_targets(d, flags & ~UVMF_FLUSHTYPE_MASK, &local, &mask)) {
        return -XEN_EFAULT;
    }
    if (kind == UVMF_TLB_FLUSH) {
        if (local) {
            tlb_flush_local();
        } else if (mask) {
            arch_tlb_flush(mask);
        }
    } else if (local) {
        tlb_flush_page_local(va);
    } else if (mask) {
        arch_tlb_flush_page(mask, va);
    }
    return 0;
}

int64_t hc_update_va_mapping(uint64_t va, uint64_t val, uint64_t flags,
                             uint64_t unused1, uint64_t unused2)
{
    struct vcpu *v = current_vcpu();
    int err;

    if (UNLIKELY(v->pv.unfinished_count != 0) &&
        page_type_finish_deferred(v)) {
        return hypercall_restart(0, NULL);
    }
    err = store_entry(v, GVA(va), val);
    return err ? err : flush_after(v->domain, GVA(va), flags);
}

/* The frame may be another domain's, where the caller may map it: with one
 * domain, the only owner to name is the caller. */
int64_t hc_update_va_mapping_otherdomain(uint64_t va, uint64_t val,
                                         uint64_t flags, uint64_t domid,
                                         uint64_t unused)
{
    int err = pv_foreign_check(current_domain(), (uint32_t)domid);

    return err ? err : hc_update_va_mapping(va, val, flags, 0, unused);
}
