/* SPDX-License-Identifier: MIT */
/*
 * The contents of page tables.
 *
 * A page becomes a table of level n when every one of its entries obeys the
 * rules of level n; a present entry then holds a reference to the frame it
 * names, and a use of that frame as what the entry makes of it: a table of
 * level n-1, or writable memory, or (read-only L1 entry) nothing. Making a
 * tree of tables is therefore recursive, at most four levels deep, and of
 * any size; taking it apart is the same walk backwards.
 *
 *   V1  entries [0, progress) hold what they must, the others nothing. While
 *       the table is busy the number is ours; when the walk stops it is noted
 *       in frame.stamp, with PROGRESS_CHILD or PROGRESS_LINEAR if the entry
 *       at `progress` leads to a table whose own walk stopped
 *   V2  the budget is asked after an entry is done, never before: each call
 *       gets one entry further, or two CPUs could keep each other at zero
 *   V3  a stopped child belongs to nobody (type_word.h). Our walk, when it
 *       goes on upwards, meets it by the ordinary get; when it goes
 *       downwards, it must undo the child first, or the child stays stopped
 *       for ever with nobody left to ask for it
 *   V4  linear entries. An entry of level n may lead to a table of the same
 *       level: the page tables then appear in linear memory, one level up.
 *       It must be read-only. To itself: it holds nothing, or the table
 *       would keep itself alive. To another: it holds a use as level n, and
 *       frame.linear counts linear entries in the one (below 0) and linear
 *       uses of the other (above 0). As no frame may have both, chains of
 *       such entries have length one, and so recursion has a bound
 *   V5  what stands in a hypervisor's slot decides nothing; pt_complete()
 *       fills it
 *   V6  most entries of most tables are absent. They are passed over by
 *       groups of a cache line, each one unit of the budget. While the frame
 *       is busy nothing absent becomes present: nobody can write to it, and
 *       hardware changes only what is present
 *
 * A recursion level gives the CPU to nobody: a wait (another CPU has a child
 * busy) is always for a lower level, so waits can not form a circle.
 *
 * The rules themselves are the two tables below. Manual: mmu_update; SDM 3A
 * 4.4.2 (PAE), 4.5 (4-level).
 */
#include "page_type.h"
#include "pte.h"

#include <hv/arch.h>
#include <hv/bug.h>
#include <hv/pv.h>
#include <hv/util.h>

#define PROGRESS_ENTRIES 0x3ffu
#define PROGRESS_LINEAR  (1u << 30)
#define PROGRESS_CHILD   (1u << 31)

/* Cache attributes (PWT, PCD, and PAT, which is PSE's bit) are for domains
 * with devices of their own; PSE needs runs of frames. Neither is allowed. */
#define FLAGS_ANY (PTE_P | PTE_RW | PTE_U | PTE_A | PTE_D | PTE_AVAIL)
#define FLAGS_TABLE (FLAGS_ANY | PTE_AVAIL_HIGH | PTE_NX)

/*
 * 64-bit guests run in ring 3 altogether, so every entry gets U; what is the
 * kernel's is told apart by software bit 52 and a table of its own. L4
 * entries get A because hardware may set it anyway.
 */
const struct pt_format pt_format_4level = {
    .top = PT_L4,
    .variant = 0,
    .level = {
        [PT_L1] = {
            .allowed = FLAGS_TABLE | PTE_G, .forced = PTE_U,
            .entries = 512, .fixed_first = 512, .shift = 12,
        },
        [PT_L2] = {
            .allowed = FLAGS_TABLE, .forced = PTE_U,
            .entries = 512, .fixed_first = 512, .linear = true, .shift = 21,
        },
        [PT_L3] = {
            .allowed = FLAGS_TABLE, .forced = PTE_U,
            .entries = 512, .fixed_first = 512, .linear = true, .shift = 30,
        },
        [PT_L4] = {
            .allowed = FLAGS_TABLE, .forced = PTE_U | PTE_A,
            .entries = 512, .fixed_first = 512, .linear = true, .shift = 39,
            .hv_first = 256, .hv_end = 272, .hv_error = -XEN_EINVAL,
        },
    },
};

/*
 * 32-bit kernels run in ring 1, which page tables take for a supervisor, so
 * nothing is added below the top. The four entries of the top table stand in
 * a 4-level L3 as far as the CPU is concerned, where U and RW are needed. The
 * top GiB ends with the hypervisor's part of the address space: entry 3 must
 * be there, its L2 is of a type of its own, and the entry never changes.
 */
const struct pt_format pt_format_pae = {
    .top = PT_L3,
    .variant = FW_PAE,
    .level = {
        [PT_L1] = {
            .allowed = FLAGS_TABLE | PTE_G,
            .entries = 512, .fixed_first = 512, .shift = 12,
        },
        [PT_L2] = {
            .allowed = FLAGS_TABLE,
            .entries = 512, .fixed_first = 512, .linear = true, .shift = 21,
            .hv_first = 428, .hv_end = 512, .hv_flag = FW_PAE_XEN_L2,
            .hv_error = -XEN_EPERM,
        },
        [PT_L3] = {
            .allowed = FLAGS_ANY, .forced = PTE_U | PTE_RW,
            .unforced = PTE_U | PTE_RW | PTE_A,
            .entries = 4, .fixed_first = 3, .shift = 30,
        },
    },
};

#define PAE_XEN_SLOT 3u
#define PAE_BELOW_4G 0x100000ull

/* --- one entry ------------------------------------------------------------ */

/* V4: counts a linear entry in table `from`, or a linear use. */
static bool linear_add(struct frame *f, int by)
{
    int16_t now = __atomic_load_n(&f->linear, __ATOMIC_RELAXED);

    do {
        if ((by > 0 && now < 0) || (by < 0 && now > 0) ||
            now + by > INT16_MAX || now + by < INT16_MIN) {
            return false;
        }
    } while (!__atomic_compare_exchange_n(&f->linear, &now,
                                          (int16_t)(now + by), true,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    return true;
}

static void linear_sub(struct frame *f, int by)
{
    __atomic_fetch_sub(&f->linear, (int16_t)by, __ATOMIC_SEQ_CST);
}

#define LINEAR_USE   1
#define LINEAR_ENTRY (-1)

/* V4: an entry of `table` that leads to a table of the same level. */
static bool linear_get(struct domain *d, mfn_t table, unsigned int level,
                       uint64_t pte)
{
    mfn_t mfn = pte_mfn(pte);
    bool taken = false;

    if (pte & PTE_RW) {
        return false;
    }
    if (mfn_eq(mfn, table)) {
        return true;
    }
    if (!frame_get(d, mfn)) {
        return false;
    }
    if (linear_add(mfn_to_frame(table), LINEAR_ENTRY)) {
        if (linear_add(mfn_to_frame(mfn), LINEAR_USE)) {
            taken = page_type_hold_as(d, mfn, (enum page_type)level);
            if (!taken) {
                linear_sub(mfn_to_frame(mfn), LINEAR_USE);
            }
        }
        if (!taken) {
            linear_sub(mfn_to_frame(table), LINEAR_ENTRY);
        }
    }
    if (!taken) {
        frame_put(mfn);
    }
    return taken;
}

int pte_get(struct domain *d, mfn_t table, unsigned int level,
            unsigned int slot, uint64_t pte)
{
    const struct pt_format *format = pt_format_of(d);
    uint64_t want;
    int err;

    if (level == PT_L1) {
        return pte_get_l1(d, pte);
    }
    want = type_word_want((enum page_type)(level - 1), format->variant);
    if (level == format->top && format->variant == FW_PAE &&
        slot == PAE_XEN_SLOT) {
        return frame_get_and_want(d, pte_mfn(pte), want | FW_PAE_XEN_L2);
    }
    err = frame_get_and_want(d, pte_mfn(pte), want);
    if (err == -XEN_EINVAL && format->level[level].linear &&
        linear_get(d, table, level, pte)) {
        return 0;
    }
    return err;
}

static int linear_put(struct domain *d, mfn_t table, mfn_t child)
{
    /* We still hold a use, so neither frame changes its type before both
     * counts are right again; see frame_put_linear(). */
    return frame_put_linear(d, child, mfn_to_frame(table));
}

int pte_put(struct domain *d, mfn_t table, unsigned int level, uint64_t pte)
{
    mfn_t mfn = pte_mfn(pte);

    if (level == PT_L1) {
        pte_put_l1(d, pte);
        return 0;
    }
    if (mfn_eq(mfn, table)) {
        return 0;
    }
    if (fw_type(frame_word(mfn)) == (enum page_type)level) {
        return linear_put(d, table, mfn);
    }
    return frame_put_and_type(d, mfn);
}

void page_type_linear_dropped(struct frame *child, struct frame *table)
{
    linear_sub(child, LINEAR_USE);
    linear_sub(table, LINEAR_ENTRY);
}

/* --- a whole table -------------------------------------------------------- */

void pt_progress_none(mfn_t mfn)
{
    mfn_to_frame(mfn)->stamp = 0;
}

void pt_progress_full(struct domain *d, mfn_t mfn)
{
    enum page_type type = fw_type(frame_word(mfn));

    mfn_to_frame(mfn)->stamp = pt_format_of(d)->level[type].entries;
}

unsigned int pt_progress_entries(const struct frame *f)
{
    return f->stamp & PROGRESS_ENTRIES;
}

bool pt_progress_in_linear(const struct frame *f)
{
    return (f->stamp & PROGRESS_LINEAR) != 0;
}

/* The rest of a short table is visible to the CPU: it must be empty. And PAE
 * keeps a 32-bit CR3 unless the guest has said that it knows better. */
static int pt_begin(struct domain *d, mfn_t mfn, const struct pt_level *rules,
                    uint64_t *table)
{
    if (rules->entries == PT_ENTRIES) {
        return 0;
    }
    if (mfn.v >= PAE_BELOW_4G &&
        (d->vm_assist & (1u << VMASST_TYPE_pae_extended_cr3)) == 0) {
        return -XEN_EINVAL;
    }
    memset(table + rules->entries, 0,
           (PT_ENTRIES - rules->entries) * sizeof(*table));
    return 0;
}

/* The L2 of a PAE top table's last entry holds the hypervisor's mappings, so
 * no other top table may use it: our use must be the only one. */
static bool pae_xen_l2_unique(uint64_t pte)
{
    uint64_t word;

    if (!pte_present(pte)) {
        return false;
    }
    word = frame_word(pte_mfn(pte));
    return (word & FW_PAE_XEN_L2) != 0 && fw_type_count(word) == 1;
}

/* All entries are right: the hypervisor's own come in (V5). */
static int pt_complete(const struct pt_format *format, unsigned int level,
                       uint64_t word, uint64_t *table)
{
    const struct pt_level *rules = &format->level[level];

    if (format->variant == FW_PAE) {
        if (level == format->top && !pae_xen_l2_unique(table[PAE_XEN_SLOT])) {
            return -XEN_EINVAL;
        }
        if (rules->hv_flag != 0 && (word & rules->hv_flag) != 0) {
            memset(table + rules->hv_first, 0,
                   (rules->hv_end - rules->hv_first) * sizeof(*table));
        }
    } else if (level == format->top) {
        arch_fill_hypervisor_slots(table);
    }
    return 0;
}

#define GROUP 8u

static inline bool group_absent(const uint64_t *entry)
{
    uint64_t any = pte_read(&entry[0]) | pte_read(&entry[1]) |
                   pte_read(&entry[2]) | pte_read(&entry[3]) |
                   pte_read(&entry[4]) | pte_read(&entry[5]) |
                   pte_read(&entry[6]) | pte_read(&entry[7]);

    return !pte_present(any);
}

/* V2: asked with i entries done upwards, or left downwards. */
static inline bool must_stop(struct frame *f, unsigned int i, bool more)
{
    if (LIKELY(work_spend(1)) || !more) {
        return false;
    }
    f->stamp = i;
    return true;
}

/* One entry on the way up: decode, check, take, write back. */
static inline __attribute__((always_inline)) int
validate_entry(struct domain *d, const struct pt_level *rules, mfn_t mfn,
               unsigned int level, unsigned int slot, uint64_t *entry)
{
    uint64_t pte = pte_read(entry);
    uint64_t adjusted;
    int err;

    if (!pte_present(pte)) {
        return 0;
    }
    if (UNLIKELY(!pte_flags_ok(rules, pte))) {
        return -XEN_EINVAL;
    }
    err = level == PT_L1 ? pte_get_l1(d, pte)
                         : pte_get(d, mfn, level, slot, pte);
    if (UNLIKELY(err)) {
        return err;
    }
    adjusted = pte_adjust(rules, level, pte);
    if (adjusted != pte) {
        __atomic_store_n(entry, adjusted, __ATOMIC_RELAXED);
    }
    return 0;
}

/* All entries from the progress on; V3: if the child is stopped, the way down
 * must look at it. */
static inline __attribute__((always_inline)) int
validate_entries(struct domain *d, const struct pt_level *rules, mfn_t mfn,
                 unsigned int level, uint64_t word)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t *table = frame_map(mfn);
    unsigned int i = pt_progress_entries(f);

    while (i < rules->entries) {
        if (i % GROUP == 0 && i + GROUP <= rules->entries &&
            group_absent(&table[i])) {
            i += GROUP;
            if (must_stop(f, i, i < rules->entries)) {
                return -XEN_ERESTART_CALL;
            }
            continue;
        }
        if (rules->hv_end == 0 || pt_slot_is_guests(rules, word, i)) {
            int err = validate_entry(d, rules, mfn, level, i, &table[i]);

            if (UNLIKELY(err)) {
                f->stamp = i | (level > PT_L1 ? PROGRESS_CHILD : 0);
                return err;
            }
        }
        i++;
        if (must_stop(f, i, i < rules->entries)) {
            return -XEN_ERESTART_CALL;
        }
    }
    f->stamp = i;
    return 0;
}

int pt_validate(struct domain *d, mfn_t mfn)
{
    const struct pt_format *format = pt_format_of(d);
    uint64_t word = frame_word(mfn);
    unsigned int level = fw_type(word);
    const struct pt_level *rules = &format->level[level];
    int err = pt_begin(d, mfn, rules, frame_map(mfn));

    if (err) {
        return err;
    }
    /* Most tables are L1: known rules make their walk half as long. */
    err = level == PT_L1 && format == &pt_format_4level
              ? validate_entries(d, &pt_format_4level.level[PT_L1], mfn,
                                 PT_L1, word)
              : validate_entries(d, rules, mfn, level, word);
    return err ? err : pt_complete(format, level, word, frame_map(mfn));
}

/* V3: the child at which the walk stopped, undone before we go on. A linear
 * child which stopped at a linear child of its own is another CPU's by now:
 * ours had none (V4). Leaving it alone bounds the recursion. */
static int pt_finish_child(struct domain *d, struct frame *f, uint64_t pte,
                           unsigned int level)
{
    bool linear = pt_progress_in_linear(f);

    if ((f->stamp & (PROGRESS_CHILD | PROGRESS_LINEAR)) == 0 ||
        !pte_present(pte)) {
        return 0;
    }
    return page_type_undo_stopped(d, pte_mfn(pte),
                                  (enum page_type)(linear ? level : level - 1),
                                  linear);
}

static inline __attribute__((always_inline)) int
invalidate_entry(struct domain *d, const struct pt_level *rules, mfn_t mfn,
                 unsigned int level, uint64_t *entry)
{
    uint64_t pte = pte_read(entry);

    if (!pte_present(pte)) {
        return 0;
    }
    if (rules->unforced) {
        __atomic_store_n(entry, pte & ~rules->unforced, __ATOMIC_RELAXED);
    }
    if (level == PT_L1) {
        pte_put_l1(d, pte);
        return 0;
    }
    return pte_put(d, mfn, level, pte);
}

/* Which flag a stopped child gets in our progress; asked before its put. */
static uint32_t child_flag(uint64_t pte, unsigned int level)
{
    mfn_t mfn = pte_mfn(pte);

    if (!pte_present(pte) || !mfn_valid(mfn)) {
        return 0;
    }
    return fw_type(frame_word(mfn)) == (enum page_type)level
               ? PROGRESS_LINEAR
               : PROGRESS_CHILD;
}

static inline __attribute__((always_inline)) int
invalidate_entries(struct domain *d, const struct pt_level *rules, mfn_t mfn,
                   unsigned int level, uint64_t word)
{
    struct frame *f = mfn_to_frame(mfn);
    uint64_t *table = frame_map(mfn);
    unsigned int i = pt_progress_entries(f);

    while (i > 0) {
        if (i % GROUP == 0 && group_absent(&table[i - GROUP])) {
            i -= GROUP;
            if (must_stop(f, i, i > 0)) {
                return -XEN_ERESTART_CALL;
            }
            continue;
        }
        i--;
        if (rules->hv_end == 0 || pt_slot_is_guests(rules, word, i)) {
            uint32_t flag =
                level > PT_L1 ? child_flag(pte_read(&table[i]), level) : 0;
            int err = invalidate_entry(d, rules, mfn, level, &table[i]);

            if (UNLIKELY(err)) {
                f->stamp = i | flag;
                return err;
            }
        }
        if (must_stop(f, i, i > 0)) {
            return -XEN_ERESTART_CALL;
        }
    }
    f->stamp = 0;
    return 0;
}

int pt_invalidate(struct domain *d, mfn_t mfn)
{
    const struct pt_format *format = pt_format_of(d);
    struct frame *f = mfn_to_frame(mfn);
    uint64_t word = frame_word(mfn);
    unsigned int level = fw_type(word);
    const struct pt_level *rules = &format->level[level];
    unsigned int i = pt_progress_entries(f);

    if (i < rules->entries) {
        const uint64_t *table = frame_map(mfn);
        int err = pt_finish_child(d, f, pte_read(&table[i]), level);

        if (err) {
            return err;
        }
    }
    return level == PT_L1 && format == &pt_format_4level
               ? invalidate_entries(d, &pt_format_4level.level[PT_L1], mfn,
                                    PT_L1, word)
               : invalidate_entries(d, rules, mfn, level, word);
}

/* --- for audit ------------------------------------------------------------ */

static const char *broken_rule(const struct pt_level *rules,
                               unsigned int level, uint64_t pte)
{
    uint64_t allowed = rules->allowed | rules->forced;

    if (pte & ~PTE_ADDR & ~allowed) {
        return "has a bit that guests may not set";
    }
    if ((pte & rules->forced) != rules->forced) {
        return "lacks a bit that the hypervisor sets";
    }
    if (level == PT_L1 && (pte & PTE_G)) {
        return "is global";
    }
    return mfn_valid(pte_mfn(pte)) ? NULL : "leads to no frame";
}

static struct pt_held held_by(unsigned int level, uint64_t pte)
{
    struct pt_held held = { .frame = pte_mfn(pte), .type = PT_NONE };

    if (level == PT_L1) {
        held.type = pte & PTE_RW ? PT_WRITABLE : PT_NONE;
    } else if (mfn_valid(held.frame)) {
        held.linear = fw_type(frame_word(held.frame)) ==
                      (enum page_type)level;
        held.type = (enum page_type)(held.linear ? level : level - 1);
        if (held.linear && (pte & PTE_RW)) {
            held.broken = "is a writable linear entry";
        }
    }
    return held;
}

void pt_for_each_held(struct domain *d, mfn_t table,
                      bool (*fn)(void *arg, const struct pt_held *held),
                      void *arg)
{
    const struct frame *f = mfn_to_frame(table);
    unsigned int level = fw_type(f->word);
    const struct pt_level *rules = &pt_format_of(d)->level[level];
    const uint64_t *entries = frame_map(table);
    unsigned int end = rules->entries;
    unsigned int i;

    if (f->word & FW_PARTIAL) {
        end = pt_progress_entries(f); /* V1 */
    }
    for (i = 0; i < end; i++) {
        uint64_t pte = pte_read(&entries[i]);
        struct pt_held held;

        if (!pt_slot_is_guests(rules, f->word, i) || !pte_present(pte)) {
            continue;
        }
        held = held_by(level, pte);
        held.slot = i;
        if (held.broken == NULL) {
            held.broken = broken_rule(rules, level, pte);
        }
        if ((held.broken || !held.linear || !mfn_eq(held.frame, table)) &&
            !fn(arg, &held)) {
            return; /* V4: an entry to the table itself holds nothing */
        }
    }
}
