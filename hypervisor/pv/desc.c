/* SPDX-License-Identifier: MIT */
/*
 * Descriptor tables of guests.
 *
 * A guest keeps its GDT and LDT in its own pages, and the CPU loads segments
 * from there without asking anybody: so a page may serve as descriptor table
 * only while nobody can write it (type PT_SEGDESC) and after every one of its
 * 512 entries was found harmless. A descriptor is harmless when it cannot
 * take a guest to a more privileged ring: code and data segments are raised
 * to the guest's own ring, of the system descriptors only call gates remain,
 * and those are made unusable by DPL 0 so that using one faults to us.
 *
 *   D1  a page in the GDT or LDT window of a vcpu is held by one reference
 *       and one PT_SEGDESC use
 *   D2  the window is emptied, and the TLB with it, before that use is put:
 *       a frame the guest may write must not be a descriptor table for any
 *       CPU, not even for one with an old TLB entry
 *   D3  GDT frames change by set_gdt only. LDT pages come one by one, when a
 *       selector first needs them, from the guest's mapping at ldt_base, and
 *       go all at once
 *
 * Pages 0-13 of the GDT are the guest's; the hypervisor's own selectors lie
 * in page 14, beyond its reach. Windows and descriptors of a vcpu change only
 * on its own CPU, so there is no lock.
 *
 * Manual: set_gdt, update_descriptor, mmuext_op/set_ldt. SDM 3A 3.4.5, 5.8.3.
 */
#include "pte.h"
#include "type_word.h"

#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

/* The upper half of an 8-byte descriptor. */
#define DESC_TYPE (0xfu << 8)
#define DESC_S    (1u << 12)   /* code or data, not a system descriptor */
#define DESC_DPL  (3u << 13)
#define DESC_DPL_SHIFT 13
#define DESC_P    (1u << 15)
#define DESC_L    (1u << 21)   /* 64-bit code */
#define DESC_G    (1u << 23)   /* limit in pages */

#define TYPE_NOTHING (0x0u << 8)
#define TYPE_CALL_GATE (0xcu << 8)

#define SELECTOR_RPL 3u
#define SELECTOR_LDT 4u

/* 32-bit guests: where the hypervisor's part of their 4 GiB begins, and the
 * ring-1 code selector that the hypervisor provides. */
#define COMPAT_HV_START 0xf5800000u
#define COMPAT_KERNEL_CS 0xe019u

static unsigned int kernel_ring(const struct domain *d)
{
    return d->is_32bit ? 1 : 3;
}

/* A call gate may lead to the guest's own segments, to its LDT, and to the
 * kernel code segment that the hypervisor provides. */
static bool gate_target_ok(const struct domain *d, uint32_t selector)
{
    uint32_t provided = d->is_32bit ? COMPAT_KERNEL_CS : GUEST_CS64;

    return (selector >> 3) < GDT_GUEST_ENTRIES || selector == provided ||
           (selector & SELECTOR_LDT) != 0;
}

/* Flat segments that stop short of the hypervisor are widened to the whole,
 * or the guest could not read the M2P table above. */
static void widen_flat_segment(uint32_t *low, uint32_t *high)
{
    uint32_t base =
        (*high & 0xff000000u) | ((*high & 0xffu) << 16) | (*low >> 16);
    uint64_t limit = ((*high & 0xf0000u) | (*low & 0xffffu)) + 1ull;

    if (*high & DESC_G) {
        limit <<= PAGE_SHIFT;
    }
    if (base == 0 && limit > COMPAT_HV_START) {
        *low |= 0xffffu;
        *high |= 0xf0000u;
    }
}

static bool segment_fixup(const struct domain *d, uint32_t *low,
                          uint32_t *high)
{
    if (d->is_32bit) {
        if (*high & DESC_L) {
            return false;
        }
        widen_flat_segment(low, high);
    }
    return true;
}

/* The gate's own DPL moves into the target's RPL field, for emulation. */
static bool call_gate_fixup(const struct domain *d, uint32_t *low,
                            uint32_t *high)
{
    uint32_t selector = *low >> 16;
    uint32_t dpl = (*high & DESC_DPL) >> DESC_DPL_SHIFT;

    if (!gate_target_ok(d, selector)) {
        return false;
    }
    *high &= ~DESC_DPL;
    *low = (*low & 0xffffu) | (((selector & ~SELECTOR_RPL) | dpl) << 16);
    return (*high & (d->is_32bit ? 0xe0u : 0xffu)) == 0;
}

bool desc_fixup(struct domain *d, uint64_t *desc)
{
    uint32_t low = (uint32_t)*desc;
    uint32_t high = (uint32_t)(*desc >> 32);
    uint32_t ring = kernel_ring(d);
    bool ok = true;

    if ((high & DESC_P) == 0) {
        return true; /* every use faults */
    }
    if (((high & DESC_DPL) >> DESC_DPL_SHIFT) < ring) {
        high = (high & ~DESC_DPL) | (ring << DESC_DPL_SHIFT);
    }
    if (high & DESC_S) {
        ok = segment_fixup(d, &low, &high);
    } else if ((high & DESC_TYPE) == TYPE_CALL_GATE) {
        ok = call_gate_fixup(d, &low, &high);
    } else {
        /* Type 0 is what the second half of a 16-byte gate looks like. */
        ok = (high & DESC_TYPE) == TYPE_NOTHING;
    }
    if (ok) {
        *desc = ((uint64_t)high << 32) | low;
    }
    return ok;
}

bool desc_page_validate(struct domain *d, mfn_t mfn)
{
    uint64_t *entries = frame_map(mfn);
    unsigned int i;

    for (i = 0; i < PT_ENTRIES; i++) {
        uint64_t desc = __atomic_load_n(&entries[i], __ATOMIC_RELAXED);

        if (!desc_fixup(d, &desc)) {
            return false;
        }
        __atomic_store_n(&entries[i], desc, __ATOMIC_RELAXED);
    }
    return true;
}

/* --- GDT ------------------------------------------------------------------ */

static unsigned int gdt_frame_count(unsigned int entries)
{
    return (entries + PT_ENTRIES - 1) / PT_ENTRIES;
}

static void put_frames(struct domain *d, const mfn_t *frames,
                       unsigned int count)
{
    while (count-- > 0) {
        frame_put_or_defer(d, frames[count]);
    }
}

/* D1, D2: takes the new, loads it, puts the old. */
int pv_set_gdt(struct vcpu *v, const uint64_t *frames, unsigned int entries)
{
    struct domain *d = v->domain;
    unsigned int count = gdt_frame_count(entries);
    unsigned int old_count = gdt_frame_count(v->pv.gdt_entries);
    mfn_t new[GDT_GUEST_FRAMES], old[GDT_GUEST_FRAMES];
    unsigned int i;

    if (entries > GDT_GUEST_ENTRIES) {
        return -XEN_EINVAL;
    }
    for (i = 0; i < count; i++) {
        new[i] = MFN(frames[i]);
        if (frame_get_and_type(d, new[i], PT_SEGDESC)) {
            put_frames(d, new, i);
            return -XEN_EINVAL;
        }
    }
    for (i = 0; i < GDT_GUEST_FRAMES; i++) {
        old[i] = v->pv.gdt_frames[i];
        v->pv.gdt_frames[i] = i < count ? new[i] : INVALID_MFN;
    }
    v->pv.gdt_entries = entries;
    if (v == current_vcpu()) {
        arch_load_gdt(v);
        tlb_flush_local();
    }
    put_frames(d, old, old_count);
    return 0;
}

void pv_drop_gdt(struct vcpu *v)
{
    int err = pv_set_gdt(v, NULL, 0);

    BUG_ON(err != 0); /* takes nothing, so nothing can fail */
}

int64_t hc_set_gdt(uint64_t frame_list, uint64_t entries_arg, uint64_t unused1,
                   uint64_t unused2, uint64_t unused3)
{
    uint32_t entries = (uint32_t)entries_arg;
    uint64_t frames[GDT_GUEST_FRAMES];

    if (entries > GDT_GUEST_ENTRIES) {
        return -XEN_EINVAL;
    }
    if (entries != 0 &&
        guest_copy_in(frames, GVA(frame_list),
                      gdt_frame_count(entries) * sizeof(frames[0]))) {
        return -XEN_EFAULT;
    }
    return pv_set_gdt(current_vcpu(), frames, entries);
}

/* --- one descriptor ------------------------------------------------------- */

int64_t hc_update_descriptor(uint64_t maddr, uint64_t desc, uint64_t unused1,
                             uint64_t unused2, uint64_t unused3)
{
    struct domain *d = current_domain();
    mfn_t mfn = maddr_to_mfn(MADDR(maddr));
    unsigned int slot = (maddr & ~PAGE_MASK) / sizeof(desc);
    enum page_type type;

    if ((maddr & 7) != 0 || !desc_fixup(d, &desc)) {
        return -XEN_EINVAL;
    }
    if (!frame_hold(d, mfn, &type)) {
        if (frame_get_and_type(d, mfn, PT_WRITABLE)) {
            return -XEN_EINVAL;
        }
        type = PT_WRITABLE;
    }
    if (type != PT_SEGDESC && type != PT_WRITABLE) {
        frame_put_or_defer(d, mfn);
        return -XEN_EINVAL;
    }
    __atomic_store_n((uint64_t *)frame_map(mfn) + slot, desc,
                     __ATOMIC_RELAXED);
    frame_put_or_defer(d, mfn);
    return 0;
}

/* --- LDT ------------------------------------------------------------------ */

void pv_drop_ldt(struct vcpu *v)
{
    mfn_t old[LDT_FRAMES];
    uint32_t pages = v->pv.ldt_pages;
    unsigned int count = 0;

    if (LIKELY(pages == 0)) {
        return;
    }
    v->pv.ldt_pages = 0;
    for (; pages != 0; pages &= pages - 1) {
        mfn_t *frame = &v->pv.ldt_frames[__builtin_ctz(pages)];

        old[count++] = *frame;
        *frame = INVALID_MFN;
    }
    if (v == current_vcpu()) {
        arch_load_ldt(v);
        tlb_flush_local(); /* D2 */
    }
    put_frames(v->domain, old, count);
}

void pv_forget_ldt_frame(struct domain *d, mfn_t mfn)
{
    uint64_t word = frame_word(mfn);

    if (UNLIKELY(fw_type(word) == PT_SEGDESC && fw_type_count(word) != 0) &&
        current_domain() == d) {
        pv_drop_ldt(current_vcpu());
    }
}

bool pv_map_ldt_page(struct vcpu *v, uint64_t offset)
{
    struct domain *d = v->domain;
    uint64_t page = offset >> PAGE_SHIFT;
    unsigned int slot;
    uint64_t pte;
    mfn_t l1;

    if (offset / sizeof(uint64_t) >= v->pv.ldt_entries ||
        (v->pv.ldt_pages >> page & 1) != 0 ||
        !pv_walk_to_l1(v, GVA(v->pv.ldt_base.v + (page << PAGE_SHIFT)), &l1,
                       &slot)) {
        return false;
    }
    pte = pte_read((uint64_t *)frame_map(l1) + slot);
    if (!pte_present(pte) ||
        frame_get_and_type(d, pte_mfn(pte), PT_SEGDESC)) {
        return false;
    }
    v->pv.ldt_frames[page] = pte_mfn(pte);
    v->pv.ldt_pages |= 1u << page;
    arch_map_ldt_page(v, (unsigned int)page, pte_mfn(pte));
    return true;
}
