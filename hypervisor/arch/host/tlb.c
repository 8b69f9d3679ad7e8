/* SPDX-License-Identifier: MIT */
/*
 * The TLBs of the fake machine, and the TLB clock.
 *
 * Off, every access walks the page tables and a flush only advances the
 * clock and stands in the log. On, each CPU keeps what it walked until it is
 * told to forget, as hardware may: an access through an entry that should
 * have been flushed then succeeds, and host_tlb_audit() finds the entry even
 * when nobody uses it.
 *
 *   T1  an entry for a write exists only when the walk found every level
 *       writable, and set the dirty bit
 *   T2  arch_tlb_clock() rises with every full flush of any CPU, and the
 *       flushed CPU's tlb_stamp is the new value
 *   T3  a flush takes the flushed CPU's `access` lock, which that CPU holds
 *       from the walk to the end of the access: as on hardware, when a flush
 *       has returned no access through an older entry is still under way.
 *       The lock is taken whether TLBs are on or off.
 */
#include "internal.h"

static bool enabled;
static uint64_t clock_now;

void host_tlb_enable(bool on)
{
    enabled = on;
}

void tlb_reset(void)
{
    enabled = false;
    clock_now = 0;
}

static bool entry_hits(const struct tlb_entry *e, uint64_t table, gva_t va)
{
    return e->valid && e->table == table && e->page == va.v >> PAGE_SHIFT;
}

bool tlb_lookup(uint64_t table, gva_t va, bool write, mfn_t *mfn)
{
    struct host_cpu *hc = host_cpu(this_cpu());
    bool found = false;
    unsigned int i;

    if (!enabled) {
        return false;
    }
    for (i = 0; i < HOST_TLB_ENTRIES && !found; i++) {
        const struct tlb_entry *e = &hc->tlb[i];

        if (entry_hits(e, table, va) && (e->writable || !write)) {
            *mfn = MFN(e->mfn);
            found = true;
        }
    }
    return found;
}

void tlb_insert(uint64_t table, gva_t va, bool write, mfn_t mfn)
{
    struct host_cpu *hc = host_cpu(this_cpu());
    struct tlb_entry *e;

    if (!enabled) {
        return;
    }
    e = &hc->tlb[hc->tlb_next++ % HOST_TLB_ENTRIES];
    e->valid = true;
    e->writable = write;
    e->table = table;
    e->page = va.v >> PAGE_SHIFT;
    e->mfn = mfn.v;
    e->owner = __atomic_load_n(&mfn_to_frame(mfn)->owner, __ATOMIC_RELAXED);
}

static void flush_one(struct host_cpu *hc, bool all, gva_t va)
{
    unsigned int i;

    pthread_mutex_lock(&hc->access); /* T3 */
    for (i = 0; i < HOST_TLB_ENTRIES; i++) {
        if (all || hc->tlb[i].page == va.v >> PAGE_SHIFT) {
            hc->tlb[i].valid = false;
        }
    }
    if (all) {
        __atomic_store_n(&hc->cpu.tlb_stamp,
                         __atomic_add_fetch(&clock_now, 1, __ATOMIC_SEQ_CST),
                         __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&hc->access);
}

static void flush(cpumask_t mask, bool all, gva_t va)
{
    unsigned int id;

    for (id = 0; id < cpu_count; id++) {
        if ((mask >> id) & 1) {
            flush_one(host_cpu(cpus[id]), all, va);
        }
    }
}

void arch_tlb_flush(cpumask_t mask)
{
    host_effect_add(EFFECT_TLB_FLUSH, mask, 0);
    flush(mask, true, GVA(0));
}

void arch_tlb_flush_page(cpumask_t mask, gva_t va)
{
    host_effect_add(EFFECT_TLB_FLUSH_PAGE, mask, va.v);
    flush(mask, false, va);
}

/* The fake CPUs walk from the top each time. */
void arch_tlb_flush_tables(cpumask_t mask)
{
    cpumask_t self = 1ull << this_cpu()->id;

    host_effect_add(EFFECT_TLB_FLUSH, mask, 0);
    flush(mask & ~self, true, GVA(0));
}

void host_tlb_flush_local(void)
{
    arch_tlb_flush(1ull << this_cpu()->id);
}

void host_tlb_flush_page_local(gva_t va)
{
    arch_tlb_flush_page(1ull << this_cpu()->id, va);
}

uint32_t arch_tlb_clock(void)
{
    return (uint32_t)__atomic_load_n(&clock_now, __ATOMIC_SEQ_CST);
}

cpumask_t arch_tlb_filter(cpumask_t mask, uint32_t stamp)
{
    cpumask_t kept = 0;
    unsigned int id;

    for (id = 0; id < cpu_count; id++) {
        uint64_t flushed = __atomic_load_n(&cpus[id]->tlb_stamp,
                                           __ATOMIC_ACQUIRE);

        if (((mask >> id) & 1) && flushed <= stamp) {
            kept |= 1ull << id;
        }
    }
    return kept;
}

static bool word_is_table(uint64_t word)
{
    enum page_type t = fw_type(word);

    return fw_type_count(word) > 0 && t >= PT_L1 && t <= PT_SEGDESC;
}

static void audit_entry(unsigned int id, const struct tlb_entry *e)
{
    const struct frame *f = mfn_to_frame(MFN(e->mfn));
    uint64_t word = __atomic_load_n(&f->word, __ATOMIC_RELAXED);

    if (fw_ref_count(word) == 0) {
        return; /* free: flushed before it is used again */
    }
    if (f->owner != e->owner) {
        panic("cpu %u has a TLB entry of frame %#llx that changed owner", id,
              (unsigned long long)e->mfn);
    }
    if (e->writable && word_is_table(word)) {
        panic("cpu %u has a writable TLB entry of table frame %#llx", id,
              (unsigned long long)e->mfn);
    }
}

void host_tlb_audit(void)
{
    unsigned int id;
    unsigned int i;

    for (id = 0; id < cpu_count; id++) {
        for (i = 0; i < HOST_TLB_ENTRIES; i++) {
            const struct tlb_entry *e = &host_cpu(cpus[id])->tlb[i];

            if (e->valid) {
                audit_entry(id, e);
            }
        }
    }
}
