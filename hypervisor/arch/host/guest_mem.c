/* SPDX-License-Identifier: MIT */
/*
 * Guest memory of the fake machine.
 *
 * An access of the hypervisor to a guest's linear address does here what the
 * processor does on the real machine: it walks the page table of the current
 * vcpu's mode, checks permissions as a supervisor access with CR0.WP set and
 * SMAP lifted would (SDM 3A 4.6.1: present and, for a write, writable at
 * every level; the U bit does not matter), and sets accessed and dirty bits
 * with a locked exchange, because the guest's other CPUs write the same
 * entries.
 *
 *   G1  addresses outside the guest's halves fault before any walk, and the
 *       hypervisor's slots are never walked
 *   G2  an entry of a validated table names RAM; anything else is a hole in
 *       the page-table rules, and panics
 *   G3  an access is atomic within a page; one that crosses pages may have
 *       done its first part when the second faults
 *   G4  a walk does not lead to a free frame; a TLB entry may, until the frame
 *       is used again (A4 of core/page_alloc.c), so the copying itself must
 *       not mind poisoned memory
 *   G5  every byte that the hypervisor stores to a guest was given a value:
 *       nothing of its stacks leaks (checked under MSan)
 *
 * Windows replace the walk for tests that only want to pass arguments.
 */
#include "internal.h"

#include <string.h>

#define PTE_P  0x001ull
#define PTE_RW 0x002ull
#define PTE_A  0x020ull
#define PTE_D  0x040ull
#define PTE_PS 0x080ull
#define PTE_FRAME(e) (((e) >> PAGE_SHIFT) & ((1ull << 40) - 1))

#define WINDOWS_MAX 16

#if defined(__has_feature)
#if __has_feature(memory_sanitizer)
#define HOST_MSAN 1
#endif
#endif

#ifdef HOST_MSAN
#include <sanitizer/msan_interface.h>

/* G5 */
static void check_given(const void *buffer, size_t n)
{
    __msan_check_mem_is_initialized(buffer, n);
}

/* Whatever a guest's memory holds is a value, even in a free frame (G4). */
static void note_received(const void *buffer, size_t n)
{
    __msan_unpoison(buffer, n);
}
#else
static void check_given(const void *buffer, size_t n)
{
}

static void note_received(const void *buffer, size_t n)
{
}
#endif

static struct {
    uint64_t base;
    size_t size;
    uint8_t *memory;
    bool writable;
} windows[WINDOWS_MAX];
static unsigned int window_count;

void host_guest_window(gva_t base, void *memory, size_t size, bool writable)
{
    BUG_ON(window_count == WINDOWS_MAX);
    windows[window_count].base = base.v;
    windows[window_count].size = size;
    windows[window_count].memory = memory;
    windows[window_count].writable = writable;
    window_count++;
}

void host_guest_windows_clear(void)
{
    window_count = 0;
}

/* Index of the window that holds the address; -1 for none. */
static int window_of(uint64_t va)
{
    unsigned int i;

    for (i = 0; i < window_count; i++) {
        if (va - windows[i].base < windows[i].size) {
            return (int)i;
        }
    }
    return -1;
}

static bool window_access(int w, uint64_t va, void *buffer, size_t n,
                          bool write)
{
    size_t offset = va - windows[w].base;

    if (n > windows[w].size - offset || (write && !windows[w].writable)) {
        return true;
    }
    if (write) {
        memcpy(windows[w].memory + offset, buffer, n);
    } else {
        memcpy(buffer, windows[w].memory + offset, n);
        note_received(buffer, n);
    }
    return false;
}

/* Sets bits that the processor would set in this entry; false when the entry
 * is not what was read any more, and the step has to be made again. */
static bool entry_mark(uint64_t *pte, uint64_t e, uint64_t bits)
{
    return (e & bits) == bits || pte_cmpxchg(pte, &e, e | bits);
}

static uint64_t *entry_of(mfn_t table, unsigned int level, gva_t va)
{
    uint64_t *entries = frame_map(table);
    unsigned int shift = PAGE_SHIFT + 9 * (level - 1);

    return &entries[(va.v >> shift) & 511];
}

enum step { STEP_DOWN, STEP_FAULT, STEP_AGAIN };

/* One level down. The root of a PAE table has neither RW nor A and D. */
static enum step step(mfn_t *table, unsigned int level, gva_t va, bool write,
                      bool mark, bool is_pae_root)
{
    uint64_t *pte = entry_of(*table, level, va);
    uint64_t e = pte_read(pte);
    uint64_t marks = PTE_A | (level == 1 && write ? PTE_D : 0);

    if ((e & PTE_P) == 0 || (write && !is_pae_root && (e & PTE_RW) == 0)) {
        return STEP_FAULT;
    }
    BUG_ON(level > 1 && (e & PTE_PS) != 0);
    BUG_ON(PTE_FRAME(e) >= frame_count); /* G2 */
    if (mark && !is_pae_root && !entry_mark(pte, e, marks)) {
        return STEP_AGAIN;
    }
    *table = MFN(PTE_FRAME(e));
    return STEP_DOWN;
}

static mfn_t walk(const struct vcpu *v, mfn_t table, gva_t va, bool write,
                  bool mark)
{
    bool pae = v->domain->is_32bit;
    unsigned int level = pae ? 3 : 4;

    if (!mfn_valid(table) || (pae && va.v >> 32 != 0)) {
        return INVALID_MFN;
    }
    while (level > 0) {
        switch (step(&table, level, va, write, mark, pae && level == 3)) {
        case STEP_DOWN:
            level--;
            break;
        case STEP_FAULT:
            return INVALID_MFN;
        case STEP_AGAIN:
            break;
        }
    }
    return table;
}

static mfn_t table_of(const struct vcpu *v)
{
    if (v->is_idle) {
        return INVALID_MFN;
    }
    return v->kernel_mode ? v->pv.kernel_table : v->pv.user_table;
}

mfn_t host_guest_translate(gva_t va, bool write)
{
    struct vcpu *v = current_vcpu();

    if (!gva_ok(va)) {
        return INVALID_MFN;
    }
    return walk(v, table_of(v), va, write, false);
}

/* Other CPUs may use the same memory: guests may race with themselves and
 * with us, so every byte is an atomic access, as it is on the processor. */
__attribute__((noinline, no_sanitize("address"))) /* G4 */
static void copy_shared(uint8_t *dst, const uint8_t *src, size_t n)
{
    if (n == 8 && (uintptr_t)dst % 8 == 0 && (uintptr_t)src % 8 == 0) {
        __atomic_store_n((uint64_t *)dst,
                         __atomic_load_n((const uint64_t *)src,
                                         __ATOMIC_RELAXED),
                         __ATOMIC_RELAXED);
        return;
    }
    for (; n > 0; n--, dst++, src++) {
        __atomic_store_n(dst, __atomic_load_n(src, __ATOMIC_RELAXED),
                         __ATOMIC_RELAXED);
    }
}

static bool is_free(mfn_t mfn)
{
    return fw_ref_count(__atomic_load_n(&mfn_to_frame(mfn)->word,
                                        __ATOMIC_SEQ_CST)) == 0;
}

/* The frame at va for an access of the current vcpu, from the TLB or by a
 * walk; INVALID_MFN when it faults. */
static mfn_t find_frame(gva_t va, bool write)
{
    struct vcpu *v = current_vcpu();
    mfn_t table = table_of(v);
    mfn_t mfn;

    if (tlb_lookup(table.v, va, write, &mfn)) {
        return mfn;
    }
    mfn = walk(v, table, va, write, true);
    if (mfn_valid_number(mfn)) {
        /* G4. Another CPU may just have unmapped it: then no second time. */
        BUG_ON(is_free(mfn) &&
               mfn_eq(walk(v, table, va, write, true), mfn) && is_free(mfn));
        tlb_insert(table.v, va, write, mfn);
    }
    return mfn;
}

/* Part of an access that lies in one page. */
static bool page_access(gva_t va, uint8_t *buffer, size_t n, bool write)
{
    struct host_cpu *hc = host_cpu(this_cpu());
    bool found;
    mfn_t mfn;

    pthread_mutex_lock(&hc->access);
    mfn = find_frame(va, write);
    found = mfn_valid_number(mfn);
    if (found) {
        uint8_t *p = (uint8_t *)frame_map(mfn) + (va.v & (PAGE_SIZE - 1));

        copy_shared(write ? p : buffer, write ? buffer : p, n);
        if (!write) {
            note_received(buffer, n);
        }
    }
    pthread_mutex_unlock(&hc->access);
    return !found;
}

bool host_guest_access(gva_t va, void *buffer, size_t n, bool write)
{
    uint8_t *bytes = buffer;
    int w;

    if (write) {
        check_given(buffer, n);
    }
    if (guest_access_refused() || !gva_range_ok(va, n)) {
        return true;
    }
    w = window_of(va.v);
    if (w >= 0) {
        return window_access(w, va.v, buffer, n, write);
    }
    while (n > 0) {
        size_t part = min_u64(n, PAGE_SIZE - (va.v & (PAGE_SIZE - 1)));

        if (page_access(va, bytes, part, write)) {
            return true;
        }
        va.v += part;
        bytes += part;
        n -= part;
    }
    return false;
}
