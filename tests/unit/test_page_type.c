/* SPDX-License-Identifier: MIT */
/*
 * Page types, rule by rule, for 4-level and PAE tables.
 *
 * The lesson: isolation is one invariant (a frame is not written freely and
 * trusted as a table at the same time) and all rules here serve it. Each test
 * takes one and tries to break it; the teardown counts every reference again
 * from nothing. The tables are raw memory until they are pinned, as a guest
 * builds them. Restarts are forced at every point by tiny work budgets.
 */
#include "../../hypervisor/pv/pte.h"
#include "../../hypervisor/pv/type_word.h"

#include <xen/errno.h>

/* world.h has names of its own for these bits. */
#undef PTE_NX
#include "test_main.h"
#include "world.h"

#define FRAMES 160
#define PLENTY 1000000

static struct world *w;
static struct domain *d;

static void setup(void)
{
    w = world_with(2, FRAMES);
    d = w->domains[0];
    this_cpu()->work_left = PLENTY;
}

static void teardown(void)
{
    this_cpu()->work_left = PLENTY;
    world_free(w);
}

/* The domain becomes a 32-bit one: before it has tables, nothing else is. */
static void become_pae(void)
{
    d->is_32bit = true;
}

static mfn_t frame(void)
{
    return world_frame(w, 0);
}

static uint64_t word(mfn_t mfn)
{
    return mfn_to_frame(mfn)->word;
}

static void put(mfn_t mfn)
{
    ck_assert_int_eq(frame_put_and_type(d, mfn), 0);
}

static int get(mfn_t mfn, enum page_type type)
{
    return frame_get_and_type(d, mfn, type);
}

static void pin(mfn_t mfn, enum page_type type)
{
    ck_assert_int_eq(page_type_pin(d, mfn, type), 0);
}

static void unpin(mfn_t mfn)
{
    ck_assert_int_eq(page_type_unpin(d, mfn), 0);
}

static void entry(mfn_t table, unsigned int slot, mfn_t to, uint64_t flags)
{
    world_write_entry(table, slot, pte_make(to, flags));
}

static void set_budget(int32_t budget)
{
    this_cpu()->work_left = budget;
}

#define RO (PTE_P | PTE_U)
#define RW (PTE_P | PTE_U | PTE_RW)

/* A tree: one table of each level down from `top`, and a data page mapped
 * writable in slot 5 of the L1. tree[1] is the L1, tree[0] the data. */
static void build_tree(mfn_t tree[5], unsigned int top, unsigned int slot)
{
    unsigned int level;

    tree[0] = frame();
    for (level = 1; level <= top; level++) {
        tree[level] = frame();
        entry(tree[level], slot, tree[level - 1],
              d->is_32bit && level == 3 ? PTE_P : RW);
    }
}

/* A PAE top table needs its entry 3; tree as above hangs in slot 0. */
static void build_pae(mfn_t tree[5], mfn_t *hv_l2)
{
    build_tree(tree, 3, 0);
    *hv_l2 = frame();
    entry(tree[3], 3, *hv_l2, PTE_P);
}

/* --- types exclude each other ---------------------------------------------- */

START_TEST(writable_frame_cannot_become_table)
{
    mfn_t f = frame();

    ck_assert_int_eq(get(f, PT_WRITABLE), 0);
    ck_assert_int_eq(page_type_pin(d, f, PT_L1), -XEN_EINVAL);
    ck_assert_int_eq(page_type_pin(d, f, PT_L4), -XEN_EINVAL);
    ck_assert_int_eq(get(f, PT_SEGDESC), -XEN_EINVAL);
    put(f);
    pin(f, PT_L1);
    unpin(f);
}
END_TEST

START_TEST(table_cannot_be_mapped_writable)
{
    mfn_t f = frame();

    pin(f, PT_L2);
    ck_assert_int_eq(get(f, PT_WRITABLE), -XEN_EINVAL);
    ck_assert_int_eq(get(f, PT_L1), -XEN_EINVAL);
    ck_assert_int_eq(get(f, PT_L3), -XEN_EINVAL);
    ck_assert_int_eq(get(f, PT_L2), 0);
    put(f);
    unpin(f);
    ck_assert_int_eq(get(f, PT_WRITABLE), 0);
    put(f);
}
END_TEST

START_TEST(a_table_cannot_map_itself_writable)
{
    mfn_t f = frame();

    entry(f, 0, f, RW);
    ck_assert_int_eq(page_type_pin(d, f, PT_L1), -XEN_EBUSY);
    ck_assert_uint_eq(frame_uses(f), 0);
    entry(f, 0, f, RO);
    pin(f, PT_L1);
    ck_assert_uint_eq(frame_refs(f), 3); /* the domain's, the pin's, the entry's */
    world_audit(w);
    unpin(f);
}
END_TEST

START_TEST(frames_that_are_not_the_domains_are_refused)
{
    mfn_t foreign = world_frame(w, 1);
    mfn_t numbers[] = { foreign, MFN(0), MFN(frame_count),
                        MFN(frame_count + 1000), INVALID_MFN,
                        frame_unmap_addr(d), MFN(frame_count - 1) };
    mfn_t l2 = frame();
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(numbers); i++) {
        ck_assert_int_eq(get(numbers[i], PT_WRITABLE), -XEN_EINVAL);
        ck_assert_int_eq(page_type_pin(d, numbers[i], PT_L1), -XEN_EINVAL);
        ck_assert_int_eq(page_type_unpin(d, numbers[i]), -XEN_EINVAL);
        world_write_entry(l2, 0, ((numbers[i].v << PAGE_SHIFT) & PTE_ADDR) |
                                     RW);
        ck_assert_int_eq(page_type_pin(d, l2, PT_L2), -XEN_EINVAL);
    }
    world_audit(w);
}
END_TEST

START_TEST(shared_info_may_be_written_but_not_be_a_table)
{
    mfn_t f = d->shared_info_mfn;
    mfn_t l1 = frame();

    ck_assert_int_eq(page_type_pin(d, f, PT_L1), -XEN_EINVAL);
    ck_assert_int_eq(get(f, PT_SEGDESC), -XEN_EINVAL);
    entry(l1, 0, f, RW);
    pin(l1, PT_L1);
    ck_assert_uint_eq(frame_uses(f), 1);
    unpin(l1);
}
END_TEST

START_TEST(l1_entries_fail_with_xens_errors)
{
    struct { uint64_t pte; int err; } rows[] = {
        { pte_make(MFN(frame_count), RO), -XEN_EPERM },
        { pte_make(MFN((1ull << 40) - 2), RO), -XEN_EPERM },
        { pte_make(MFN((1ull << 40) - 1), RO), -XEN_EINVAL },
        { pte_make(world_frame(w, 1), RO), -XEN_EBUSY },
        { pte_make(MFN(0), RO), -XEN_EBUSY },
        { pte_make(frame(), RO | PTE_PCD), -XEN_EINVAL },
        { pte_make(frame(), RO | PTE_PSE), -XEN_EINVAL },
    };
    mfn_t l1 = frame();
    unsigned int i;

    entry(l1, 0, frame(), RW);
    entry(l1, 1, frame(), RO);
    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        world_write_entry(l1, 511, rows[i].pte);
        ck_assert_int_eq(page_type_pin(d, l1, PT_L1), rows[i].err);
        ck_assert_uint_eq(frame_uses(l1), 0);
        world_audit(w); /* what entries 0 and 1 held is gone again */
    }
}
END_TEST

START_TEST(entries_that_are_not_present_are_not_looked_at)
{
    mfn_t tree[5];

    build_tree(tree, 4, 0);
    world_write_entry(tree[4], 1, ~1ull);
    world_write_entry(tree[2], 1, 0x123456789abcdef0ull);
    world_write_entry(tree[1], 1, pte_make(tree[4], PTE_RW | PTE_PSE));
    pin(tree[4], PT_L4);
    ck_assert_uint_eq(world_read_entry(tree[4], 1), ~1ull);
    ck_assert_uint_eq(world_read_entry(tree[2], 1), 0x123456789abcdef0ull);
    unpin(tree[4]);
}
END_TEST

START_TEST(a_use_beside_a_reference_of_ones_own)
{
    mfn_t f = frame();

    ck_assert(frame_get(d, f));
    ck_assert_int_eq(page_type_get(d, f, PT_WRITABLE), 0);
    ck_assert_uint_eq(frame_refs(f), 2);
    ck_assert_uint_eq(frame_uses(f), 1);
    ck_assert_int_eq(page_type_get(d, f, PT_L1), -XEN_EINVAL);
    ck_assert_uint_eq(frame_refs(f), 2);
    ck_assert_int_eq(page_type_put(d, f), 0);
    ck_assert_uint_eq(frame_refs(f), 2);
    ck_assert_int_eq(page_type_get(d, f, PT_L1), 0);
    ck_assert_int_eq(page_type_put(d, f), 0);
    frame_put(f);
}
END_TEST

/* No guest can see a count wrap into the next field. */
START_TEST(counts_at_their_limit)
{
    mfn_t f = frame(), l1 = frame();
    uint64_t *x = &mfn_to_frame(f)->word;
    uint64_t many_refs = FW_ONE_REF * (FW_COUNT_MAX - 1);
    uint64_t many_uses = FW_ONE_TYPE * (FW_COUNT_MAX - 1);

    *x += many_refs;
    ck_assert_int_eq(get(f, PT_WRITABLE), -XEN_EINVAL);
    entry(l1, 0, f, RO);
    ck_assert_int_eq(page_type_pin(d, l1, PT_L1), -XEN_EBUSY);
    entry(l1, 0, f, RW);
    ck_assert_int_eq(page_type_pin(d, l1, PT_L1), -XEN_EBUSY);
    *x -= many_refs;
    ck_assert_int_eq(get(f, PT_L2), 0);
    *x += many_refs - FW_ONE_REF;
    set_budget(1);
    ck_assert_int_eq(page_type_put(d, f), 0); /* without a pause */
    set_budget(PLENTY);
    ck_assert_uint_eq(frame_uses(f), 0);
    *x -= many_refs;
    ck_assert_int_eq(get(f, PT_WRITABLE), 0);
    *x += many_uses;
    ck_assert_int_eq(get(f, PT_WRITABLE), -XEN_EINVAL);
    *x -= many_uses;
    put(f);
}
END_TEST

/* --- flags ------------------------------------------------------------------ */

static uint64_t allowed_flags(bool pae, unsigned int level)
{
    uint64_t all = PTE_P | PTE_RW | PTE_U | PTE_A | PTE_D | PTE_AVAIL;

    if (pae && level == 3) {
        return all;
    }
    return all | PTE_AVAIL_HIGH | (1ull << 63) | (level == 1 ? PTE_G : 0);
}

/* Tries each bit that is not part of the address in an entry of `level`. */
static void try_flags(mfn_t table, unsigned int level, mfn_t to)
{
    unsigned int bit;

    for (bit = 1; bit < 64; bit++) {
        uint64_t flag = 1ull << bit;
        bool ok = (allowed_flags(d->is_32bit, level) & flag) != 0;
        uint64_t base = level == 1 || (d->is_32bit && level == 3) ? PTE_P : RO;

        if (flag & PTE_ADDR) {
            continue;
        }
        entry(table, 0, to, base | flag);
        ck_assert_int_eq(page_type_pin(d, table, (enum page_type)level),
                         ok ? 0 : -XEN_EINVAL);
        if (ok) {
            unpin(table);
        }
        ck_assert_uint_eq(frame_uses(table), 0);
        ck_assert_uint_eq(frame_uses(to), 0);
    }
}

START_TEST(each_level_has_its_flags)
{
    mfn_t tree[5];
    unsigned int level;

    build_tree(tree, 4, 0);
    for (level = 4; level >= 1; level--) {
        try_flags(tree[level], level, tree[level - 1]);
    }
}
END_TEST

START_TEST(each_pae_level_has_its_flags)
{
    mfn_t tree[5], hv_l2;
    unsigned int level;

    become_pae();
    build_pae(tree, &hv_l2);
    for (level = 3; level >= 1; level--) {
        try_flags(tree[level], level, tree[level - 1]);
    }
}
END_TEST

START_TEST(entries_are_adjusted_for_ring_3)
{
    mfn_t tree[5];

    build_tree(tree, 4, 0);
    entry(tree[4], 0, tree[3], PTE_P | PTE_RW);
    entry(tree[3], 0, tree[2], PTE_P | PTE_RW);
    entry(tree[2], 0, tree[1], PTE_P | PTE_RW);
    entry(tree[1], 0, tree[0], PTE_P | PTE_RW | PTE_G);
    entry(tree[1], 1, tree[0], RO | PTE_G);
    pin(tree[4], PT_L4);
    ck_assert_uint_eq(world_read_entry(tree[4], 0),
                      pte_make(tree[3], RW | PTE_A));
    ck_assert_uint_eq(world_read_entry(tree[3], 0), pte_make(tree[2], RW));
    ck_assert_uint_eq(world_read_entry(tree[2], 0), pte_make(tree[1], RW));
    ck_assert_uint_eq(world_read_entry(tree[1], 0),
                      pte_make(tree[0], RW | PTE_GUEST_KERNEL));
    ck_assert_uint_eq(world_read_entry(tree[1], 1), pte_make(tree[0], RO));
    unpin(tree[4]);
}
END_TEST

START_TEST(pae_entries_are_adjusted_at_the_top_only)
{
    mfn_t tree[5], hv_l2;

    become_pae();
    build_pae(tree, &hv_l2);
    entry(tree[2], 0, tree[1], PTE_P | PTE_RW);
    entry(tree[1], 0, tree[0], PTE_P | PTE_RW | PTE_G);
    pin(tree[3], PT_L3);
    ck_assert_uint_eq(world_read_entry(tree[3], 0),
                      pte_make(tree[2], PTE_P | PTE_RW | PTE_U));
    ck_assert_uint_eq(world_read_entry(tree[2], 0),
                      pte_make(tree[1], PTE_P | PTE_RW));
    ck_assert_uint_eq(world_read_entry(tree[1], 0),
                      pte_make(tree[0], PTE_P | PTE_RW));
    unpin(tree[3]);
    ck_assert_uint_eq(world_read_entry(tree[3], 0),
                      pte_make(tree[2], PTE_P));
}
END_TEST

/* --- trees ------------------------------------------------------------------ */

START_TEST(a_tree_holds_what_it_names)
{
    mfn_t tree[5];
    unsigned int level;

    build_tree(tree, 4, 7);
    pin(tree[4], PT_L4);
    for (level = 1; level <= 4; level++) {
        ck_assert_uint_eq(fw_type(word(tree[level])), level);
        ck_assert_uint_eq(frame_uses(tree[level]), 1);
        ck_assert_uint_eq(frame_refs(tree[level]), 2);
    }
    ck_assert_uint_eq(fw_type(word(tree[0])), PT_WRITABLE);
    ck_assert_uint_eq(frame_uses(tree[0]), 1);
    world_audit(w);
    unpin(tree[4]);
    for (level = 0; level <= 4; level++) {
        ck_assert_uint_eq(frame_uses(tree[level]), 0);
        ck_assert_uint_eq(frame_refs(tree[level]), 1);
    }
}
END_TEST

START_TEST(a_table_in_two_trees_is_validated_once)
{
    mfn_t tree[5], second = frame();

    build_tree(tree, 2, 0);
    entry(second, 1, tree[1], RO);
    entry(second, 2, tree[1], RW);
    pin(tree[2], PT_L2);
    pin(second, PT_L2);
    ck_assert_uint_eq(frame_uses(tree[1]), 3);
    ck_assert_uint_eq(frame_uses(tree[0]), 1);
    unpin(tree[2]);
    ck_assert_uint_eq(frame_uses(tree[1]), 2);
    unpin(second);
    ck_assert_uint_eq(frame_uses(tree[0]), 0);
}
END_TEST

START_TEST(a_failure_deep_below_leaves_nothing)
{
    mfn_t tree[5];
    unsigned int slot;

    build_tree(tree, 4, 0);
    for (slot = 1; slot < 512; slot += 102) {
        entry(tree[1], slot, tree[4], RW); /* a table, writable */
        ck_assert_int_eq(page_type_pin(d, tree[4], PT_L4), -XEN_EBUSY);
        ck_assert_uint_eq(frame_uses(tree[4]) + frame_uses(tree[3]) + frame_uses(tree[2]) +
                          frame_uses(tree[1]) + frame_uses(tree[0]), 0);
        world_audit(w);
        world_write_entry(tree[1], slot, 0);
    }
    pin(tree[4], PT_L4);
    unpin(tree[4]);
}
END_TEST

START_TEST(levels_cannot_be_skipped)
{
    mfn_t tree[5];

    build_tree(tree, 4, 0);
    pin(tree[1], PT_L1);
    pin(tree[2], PT_L2);
    entry(tree[4], 0, tree[2], RO);
    ck_assert_int_eq(page_type_pin(d, tree[4], PT_L4), -XEN_EINVAL);
    entry(tree[4], 0, tree[1], RO);
    ck_assert_int_eq(page_type_pin(d, tree[4], PT_L4), -XEN_EINVAL);
    unpin(tree[2]);
    unpin(tree[1]);
}
END_TEST

START_TEST(pins_are_single)
{
    mfn_t f = frame();

    ck_assert_int_eq(page_type_unpin(d, f), -XEN_EINVAL);
    pin(f, PT_L1);
    ck_assert_int_eq(page_type_pin(d, f, PT_L1), -XEN_EINVAL);
    ck_assert_uint_eq(frame_uses(f), 1);
    unpin(f);
    ck_assert_int_eq(page_type_unpin(d, f), -XEN_EINVAL);
    ck_assert_uint_eq(frame_refs(f), 1);
}
END_TEST

START_TEST(a_pinned_table_survives_release_until_it_is_unpinned)
{
    mfn_t f = frame();
    uint64_t before = page_alloc_free_frames();

    pin(f, PT_L1);
    ck_assert(domain_release_frame(d, f));
    ck_assert_uint_eq(page_alloc_free_frames(), before);
    ck_assert(!domain_release_frame(d, f));
    world_audit(w);
    unpin(f);
    ck_assert_uint_eq(page_alloc_free_frames(), before + 1);
}
END_TEST

START_TEST(hypervisor_slots_of_an_l4_are_ours)
{
    mfn_t tree[5];
    unsigned int slot;

    build_tree(tree, 4, 0);
    for (slot = 255; slot <= 272; slot++) {
        entry(tree[4], slot, tree[1], RW | PTE_PSE); /* nonsense */
    }
    ck_assert_int_eq(page_type_pin(d, tree[4], PT_L4), -XEN_EINVAL);
    world_write_entry(tree[4], 255, 0);
    ck_assert_int_eq(page_type_pin(d, tree[4], PT_L4), -XEN_EINVAL);
    world_write_entry(tree[4], 272, 0);
    pin(tree[4], PT_L4);
    for (slot = 256; slot < 272; slot++) {
        ck_assert_uint_eq(pte_mfn(world_read_entry(tree[4], slot)).v,
                          frame_count + slot);
    }
    world_audit(w);
    unpin(tree[4]);
}
END_TEST

/* --- linear tables ---------------------------------------------------------- */

START_TEST(a_table_may_name_itself_read_only)
{
    unsigned int level;

    for (level = 2; level <= 4; level++) {
        mfn_t f = frame();

        entry(f, 9, f, RW);
        ck_assert_int_eq(page_type_pin(d, f, (enum page_type)level),
                         -XEN_EINVAL);
        entry(f, 9, f, RO);
        pin(f, (enum page_type)level);
        ck_assert_uint_eq(frame_uses(f), 1); /* or it would keep itself alive */
        ck_assert_uint_eq(frame_refs(f), 2);
        ck_assert_int_eq(mfn_to_frame(f)->linear, 0);
        world_audit(w);
        unpin(f);
        ck_assert_uint_eq(frame_uses(f), 0);
    }
}
END_TEST

START_TEST(a_table_may_name_another_of_its_level_read_only)
{
    mfn_t a = frame(), b = frame();

    entry(a, 0, b, RO);
    pin(b, PT_L4); /* or it would become the L3 that the entry asks for */
    pin(a, PT_L4);
    ck_assert_uint_eq(frame_uses(b), 2);
    ck_assert_int_eq(mfn_to_frame(a)->linear, -1);
    ck_assert_int_eq(mfn_to_frame(b)->linear, 1);
    world_audit(w);
    unpin(b);
    ck_assert_uint_eq(frame_uses(b), 1);
    world_audit(w);
    unpin(a);
    ck_assert_uint_eq(frame_uses(a) + frame_uses(b), 0);
    ck_assert_int_eq(mfn_to_frame(a)->linear, 0);
    ck_assert_int_eq(mfn_to_frame(b)->linear, 0);
    entry(a, 0, b, RW);
    pin(b, PT_L4);
    ck_assert_int_eq(page_type_pin(d, a, PT_L4), -XEN_EINVAL);
    unpin(b);
}
END_TEST

/* Otherwise undoing one table could undo a chain of any length (XSA-240). */
START_TEST(linear_entries_do_not_chain)
{
    mfn_t a = frame(), b = frame(), c = frame();

    entry(a, 0, b, RO);
    entry(b, 0, c, RO);
    pin(c, PT_L3);
    pin(b, PT_L3);
    ck_assert_int_eq(page_type_pin(d, a, PT_L3), -XEN_EINVAL);
    world_audit(w);
    unpin(b);
    unpin(c);
    world_audit(w);
}
END_TEST

START_TEST(linear_entries_are_one_level_apart)
{
    mfn_t l4 = frame(), l3 = frame(), l2 = frame();

    pin(l4, PT_L4);
    entry(l3, 0, l4, RO);
    ck_assert_int_eq(page_type_pin(d, l3, PT_L3), -XEN_EINVAL);
    entry(l2, 0, l4, RO);
    ck_assert_int_eq(page_type_pin(d, l2, PT_L2), -XEN_EINVAL);
    unpin(l4);
}
END_TEST

START_TEST(a_linear_use_keeps_the_tree_alive)
{
    mfn_t tree[5], a = frame();

    build_tree(tree, 3, 0);
    pin(tree[3], PT_L3);
    entry(a, 1, tree[3], RO);
    pin(a, PT_L3);
    unpin(tree[3]);
    ck_assert_uint_eq(frame_uses(tree[1]), 1);
    ck_assert_int_eq(get(tree[1], PT_WRITABLE), -XEN_EINVAL);
    unpin(a);
    ck_assert_uint_eq(frame_uses(tree[1]), 0);
}
END_TEST

/* --- PAE -------------------------------------------------------------------- */

START_TEST(pae_top_needs_its_last_entry)
{
    mfn_t tree[5], hv_l2;

    become_pae();
    build_pae(tree, &hv_l2);
    world_write_entry(tree[3], 3, 0);
    ck_assert_int_eq(page_type_pin(d, tree[3], PT_L3), -XEN_EINVAL);
    world_audit(w);
    entry(tree[3], 3, hv_l2, PTE_P);
    pin(tree[3], PT_L3);
    ck_assert(word(hv_l2) & FW_PAE_XEN_L2);
    ck_assert(word(tree[3]) & FW_PAE);
    world_audit(w);
    unpin(tree[3]);
}
END_TEST

START_TEST(pae_last_l2_belongs_to_one_top)
{
    mfn_t tree[5], hv_l2, second = frame();

    become_pae();
    build_pae(tree, &hv_l2);
    entry(second, 3, hv_l2, PTE_P);
    pin(tree[3], PT_L3);
    ck_assert_int_eq(page_type_pin(d, second, PT_L3), -XEN_EINVAL);
    ck_assert_int_eq(page_type_pin(d, hv_l2, PT_L2), -XEN_EINVAL);
    world_write_entry(second, 3, 0);
    entry(second, 0, hv_l2, PTE_P);
    ck_assert_int_eq(page_type_pin(d, second, PT_L3), -XEN_EINVAL);
    world_audit(w);
    unpin(tree[3]);
    pin(hv_l2, PT_L2); /* now it is an L2 as any other */
    unpin(hv_l2);
}
END_TEST

START_TEST(pae_ordinary_l2_may_be_shared)
{
    mfn_t tree[5], hv_l2, second = frame(), other_hv = frame();

    become_pae();
    build_pae(tree, &hv_l2);
    entry(second, 0, tree[2], PTE_P);
    entry(second, 1, tree[2], PTE_P);
    entry(second, 3, other_hv, PTE_P);
    pin(tree[3], PT_L3);
    pin(second, PT_L3);
    ck_assert_uint_eq(frame_uses(tree[2]), 3);
    world_audit(w);
    unpin(tree[3]);
    unpin(second);
}
END_TEST

START_TEST(pae_top_has_four_entries_and_the_rest_is_cleared)
{
    mfn_t tree[5], hv_l2;

    become_pae();
    build_pae(tree, &hv_l2);
    entry(tree[3], 4, tree[0], RW);
    entry(tree[3], 511, tree[1], RW | PTE_PSE);
    pin(tree[3], PT_L3);
    ck_assert_uint_eq(world_read_entry(tree[3], 4), 0);
    ck_assert_uint_eq(world_read_entry(tree[3], 511), 0);
    unpin(tree[3]);
}
END_TEST

START_TEST(pae_hypervisor_part_is_not_validated_but_replaced)
{
    mfn_t tree[5], hv_l2;

    become_pae();
    build_pae(tree, &hv_l2);
    entry(hv_l2, 428, tree[0], RW | PTE_PSE);
    entry(hv_l2, 511, MFN(0), RW);
    pin(tree[3], PT_L3);
    ck_assert_uint_eq(world_read_entry(hv_l2, 428), 0);
    ck_assert_uint_eq(world_read_entry(hv_l2, 511), 0);
    unpin(tree[3]);
    entry(hv_l2, 427, tree[0], RW | PTE_PSE);
    ck_assert_int_eq(page_type_pin(d, tree[3], PT_L3), -XEN_EINVAL);
    entry(hv_l2, 427, MFN(0), 0);
    entry(tree[2], 428, tree[0], RW | PTE_PSE); /* not the last entry's L2 */
    ck_assert_int_eq(page_type_pin(d, tree[3], PT_L3), -XEN_EINVAL);
}
END_TEST

START_TEST(pae_linear_tables_only_at_l2)
{
    mfn_t tree[5], hv_l2, l2 = frame();

    become_pae();
    build_pae(tree, &hv_l2);
    entry(l2, 0, l2, PTE_P);
    pin(l2, PT_L2);
    unpin(l2);
    entry(tree[3], 1, tree[3], PTE_P);
    ck_assert_int_eq(page_type_pin(d, tree[3], PT_L3), -XEN_EINVAL);
    world_audit(w);
}
END_TEST

START_TEST(formats_do_not_mix)
{
    mfn_t l2 = frame();

    pin(l2, PT_L2);
    become_pae(); /* can not happen; the words still would not match */
    ck_assert_int_eq(get(l2, PT_L2), -XEN_EINVAL);
    d->is_32bit = false;
    unpin(l2);
}
END_TEST

/* --- restarts ---------------------------------------------------------------- */

/* A tree with entries all over, of either format; returns the top. */
static mfn_t build_wide(void)
{
    mfn_t tree[5], hv_l2, extra[3];
    unsigned int top = d->is_32bit ? 3 : 4;
    unsigned int i;

    if (d->is_32bit) {
        build_pae(tree, &hv_l2);
        entry(hv_l2, 100, tree[1], RO);
    } else {
        build_tree(tree, 4, 0);
    }
    for (i = 0; i < 3; i++) {
        extra[i] = frame();
        entry(extra[i], 0, tree[0], RW);
        entry(extra[i], 511, tree[0], RO);
        entry(tree[2], 100 + i, extra[i], RW);
    }
    entry(tree[2], 400, tree[2], RO);
    if (!d->is_32bit) {
        mfn_t second_l3 = frame();

        entry(second_l3, 3, tree[2], RO);
        entry(tree[4], 300, second_l3, RO);
        entry(tree[4], 511, second_l3, RO);
    }
    return tree[top];
}

/* Pins with `budget` entries at a time; returns how many attempts. */
static unsigned int pin_slowly(mfn_t top, int32_t budget)
{
    enum page_type type = pt_top_type(d);
    unsigned int attempts = 0;
    int err;

    do {
        set_budget(budget);
        err = page_type_pin(d, top, type);
        attempts++;
        ck_assert_uint_lt(attempts, 20000);
        if (err && attempts % 37 == 1) {
            ck_assert_int_eq(err, -XEN_ERESTART_CALL);
            world_audit(w);
        }
    } while (err == -XEN_ERESTART_CALL);
    ck_assert_int_eq(err, 0);
    return attempts;
}

static unsigned int finish_slowly(int32_t budget)
{
    unsigned int attempts = 0;
    int err;

    do {
        set_budget(budget);
        err = page_type_finish_deferred(current_vcpu());
        attempts++;
        ck_assert_uint_lt(attempts, 20000);
        if (err && attempts % 37 == 1) {
            world_audit(w);
        }
    } while (err);
    return attempts;
}

static void nothing_is_typed(void)
{
    uint64_t n;

    for (n = 0; n < frame_count; n++) {
        uint64_t x = mfn_to_frame(MFN(n))->word;

        ck_assert((x & FW_FREE) || fw_type_count(x) == 0);
    }
}

static void at_every_budget(void)
{
    static const int32_t budgets[] = { 1, 2, 3, 5, 7, 63, 64, 65, 128,
                                       4096 };
    mfn_t top = build_wide();
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(budgets); i++) {
        unsigned int attempts = pin_slowly(top, budgets[i]);

        ck_assert(attempts > 1 || budgets[i] > 128);
        world_audit(w);
        set_budget(budgets[i]);
        unpin(top);
        world_audit(w);
        finish_slowly(budgets[i]);
        nothing_is_typed();
        world_audit(w);
    }
}

START_TEST(validation_restarts_at_every_budget)
{
    at_every_budget();
}
END_TEST

START_TEST(pae_validation_restarts_at_every_budget)
{
    become_pae();
    at_every_budget();
}
END_TEST

/* After k attempts to validate, the guest gives up: somebody else must be
 * able to finish the table in either direction. */
static void abandon_at_every_point(int32_t budget, bool finish_up)
{
    mfn_t top = build_wide();
    unsigned int stop_after;

    for (stop_after = 1; stop_after < 4000; stop_after += 1 + budget % 13) {
        unsigned int k;
        int err = -XEN_ERESTART_CALL;

        for (k = 0; k < stop_after && err; k++) {
            set_budget(budget);
            err = page_type_pin(d, top, pt_top_type(d));
        }
        if (err == 0) {
            set_budget(PLENTY);
            unpin(top);
            return;
        }
        ck_assert_int_eq(err, -XEN_ERESTART_CALL);
        set_budget(PLENTY);
        if (finish_up) {
            pin(top, pt_top_type(d));
            unpin(top);
        } else {
            ck_assert_int_eq(page_type_undo_stopped(d, top, PT_NONE, false),
                             0);
        }
        nothing_is_typed();
        world_audit(w);
    }
}

START_TEST(a_stopped_tree_is_finished_by_the_next_comer)
{
    abandon_at_every_point(13, true);
}
END_TEST

START_TEST(a_stopped_tree_can_be_undone)
{
    abandon_at_every_point(13, false);
}
END_TEST

START_TEST(a_stopped_pae_tree_can_be_undone)
{
    become_pae();
    abandon_at_every_point(7, false);
}
END_TEST

START_TEST(undoing_can_turn_round_at_every_point)
{
    mfn_t top = build_wide();
    unsigned int stop_after;

    for (stop_after = 1; stop_after < 60; stop_after++) {
        unsigned int k;

        set_budget(PLENTY);
        pin(top, PT_L4);
        set_budget(13);
        unpin(top);
        for (k = 1; k < stop_after; k++) {
            set_budget(13);
            if (page_type_finish_deferred(current_vcpu()) == 0) {
                break;
            }
        }
        set_budget(PLENTY);
        world_audit(w);
        pin(top, PT_L4); /* half undone, it is validated again */
        world_audit(w);
        unpin(top);
        ck_assert_int_eq(page_type_finish_deferred(current_vcpu()), 0);
        nothing_is_typed();
        world_audit(w);
    }
}
END_TEST

START_TEST(a_failure_is_undone_in_portions)
{
    static const int32_t budgets[] = { 1, 3, 50, 63, 75, 5000 };
    mfn_t top = build_wide();
    mfn_t l3 = pte_mfn(world_read_entry(top, 511));
    unsigned int i;

    entry(l3, 500, frame(), RO | PTE_PSE);
    for (i = 0; i < ARRAY_SIZE(budgets); i++) {
        int err;

        do {
            set_budget(budgets[i]);
            err = page_type_pin(d, top, PT_L4);
        } while (err == -XEN_ERESTART_CALL);
        ck_assert_int_eq(err, -XEN_EINVAL);
        world_audit(w);
        finish_slowly(budgets[i]);
        nothing_is_typed();
        world_audit(w);
    }
}
END_TEST

START_TEST(a_stopped_table_is_no_memory)
{
    mfn_t top = build_wide();
    enum page_type type;

    set_budget(10);
    ck_assert_int_eq(page_type_pin(d, top, PT_L4), -XEN_ERESTART_CALL);
    ck_assert_int_eq(get(top, PT_WRITABLE), -XEN_EINVAL);
    ck_assert_int_eq(get(top, PT_L3), -XEN_EINVAL);
    ck_assert(!frame_hold(d, top, &type));
    ck_assert_int_eq(page_type_unpin(d, top), -XEN_EINVAL);
    world_audit(w); /* and the end of the domain takes it apart */
}
END_TEST

START_TEST(a_domain_ends_with_anything_half_done)
{
    mfn_t top = build_wide();
    mfn_t second = build_wide();
    unsigned int attempts = 0;
    int err;

    set_budget(PLENTY);
    pin(second, PT_L4);
    ck_assert_int_eq(pv_set_kernel_table(current_vcpu(), second), 0);
    ck_assert_int_eq(pv_set_user_table(current_vcpu(), second), 0);
    set_budget(90);
    ck_assert_int_eq(page_type_pin(d, top, PT_L4), -XEN_ERESTART_CALL);
    do {
        set_budget(64);
        err = page_type_relinquish(d);
        attempts++;
    } while (err == -XEN_ERESTART_CALL);
    ck_assert_int_eq(err, 0);
    ck_assert_uint_gt(attempts, 10);
    nothing_is_typed();
    world_audit(w);
}
END_TEST

/* What memory_op does with a frame that is given back: any number of them,
 * in portions. */
START_TEST(a_frame_given_up_is_undone_in_portions)
{
    static const int32_t budgets[] = { 1, 13, 64, 77, 5000 };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(budgets); i++) {
        mfn_t top = build_wide();
        unsigned int attempts = 0;
        int err;

        set_budget(PLENTY);
        pin(top, PT_L4);
        do {
            set_budget(budgets[i]);
            err = page_type_release(d, top);
            attempts++;
        } while (err == -XEN_ERESTART_CALL);
        ck_assert_int_eq(err, 0);
        ck_assert(attempts > 1 || budgets[i] > 4000);
        ck_assert_uint_eq(current_vcpu()->pv.unfinished_count, 0);
        nothing_is_typed();
        ck_assert_int_eq(page_type_release(d, top), 0);
        ck_assert_int_eq(page_type_release(d, MFN(0)), 0);
        world_audit(w);
    }
}
END_TEST

START_TEST(linear_child_that_stops_is_finished)
{
    static const int32_t budgets[] = { 1, 5, 13, 65 };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(budgets); i++) {
        mfn_t big = build_wide(), a = frame();

        set_budget(PLENTY);
        pin(big, PT_L4);
        entry(a, 100, big, RO);
        pin(a, PT_L4);
        unpin(big); /* now only the linear entry holds it */
        set_budget(budgets[i]);
        unpin(a);
        world_audit(w);
        finish_slowly(budgets[i]);
        nothing_is_typed();
        world_audit(w);
    }
}
END_TEST

/* --- flushes ------------------------------------------------------------------ */

/* A writable mapping ended without a flush: before the frame is trusted as a
 * table, every CPU that may remember it flushes; that is seen before the
 * table is loaded. */
START_TEST(stale_entries_are_flushed_before_a_type_changes)
{
    mfn_t f = frame();

    ck_assert_int_eq(get(f, PT_WRITABLE), 0);
    put(f);
    host_effects_clear();
    pin(f, PT_L4);
    ck_assert_int_eq(host_effect_find(EFFECT_TLB_FLUSH, 0), 0);
    ck_assert_uint_eq(host_effect_at(0)->a, d->dirty_cpus);
    ck_assert_int_eq(pv_set_kernel_table(current_vcpu(), f), 0);
    ck_assert_int_gt(host_effect_find(EFFECT_CR3, 0),
                     host_effect_find(EFFECT_TLB_FLUSH, 0));
    unpin(f);
}
END_TEST

START_TEST(no_flush_when_all_have_flushed_since)
{
    mfn_t f = frame();

    ck_assert_int_eq(get(f, PT_WRITABLE), 0);
    put(f);
    tlb_flush_local();
    host_effects_clear();
    pin(f, PT_L1);
    ck_assert_uint_eq(host_effect_count(EFFECT_TLB_FLUSH), 0);
    unpin(f);
}
END_TEST

START_TEST(no_flush_for_memory_that_was_never_written)
{
    mfn_t f = frame();

    host_effects_clear();
    pin(f, PT_L1);
    unpin(f);
    pin(f, PT_L1); /* the same type again */
    ck_assert_uint_eq(host_effect_count(EFFECT_TLB_FLUSH), 0);
    unpin(f);
}
END_TEST

START_TEST(a_table_that_becomes_memory_is_flushed_too)
{
    mfn_t f = frame();

    pin(f, PT_L1);
    unpin(f);
    host_effects_clear();
    ck_assert_int_eq(get(f, PT_WRITABLE), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_TLB_FLUSH), 1);
    put(f);
}
END_TEST

START_TEST(a_failed_validation_does_not_forget_the_flush)
{
    mfn_t f = frame();

    entry(f, 0, MFN(0), RW);
    ck_assert_int_eq(page_type_pin(d, f, PT_L1), -XEN_EBUSY);
    host_effects_clear();
    ck_assert_int_eq(get(f, PT_WRITABLE), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_TLB_FLUSH), 1);
    put(f);
}
END_TEST

/* --- base pointers ------------------------------------------------------------ */

START_TEST(base_pointers_hold_their_tables)
{
    struct vcpu *v = current_vcpu();
    mfn_t a = frame(), b = frame(), data = frame(), l1 = frame();

    entry(l1, 0, data, RW);
    pin(l1, PT_L1);
    ck_assert_int_eq(pv_set_kernel_table(v, data), -XEN_EINVAL);
    ck_assert_int_eq(pv_set_kernel_table(v, INVALID_MFN), -XEN_EINVAL);
    ck_assert_int_eq(pv_set_kernel_table(v, a), 0);
    ck_assert_uint_eq(v->pv.kernel_cr3, a.v << PAGE_SHIFT);
    ck_assert_uint_eq(frame_uses(a), 1);
    ck_assert_int_eq(pv_set_user_table(v, b), 0);
    ck_assert_int_eq(pv_set_user_table(v, data), -XEN_EINVAL);
    ck_assert_uint_eq(v->pv.user_cr3, b.v << PAGE_SHIFT);
    world_audit(w);
    ck_assert_int_eq(pv_set_kernel_table(v, b), 0);
    ck_assert_uint_eq(frame_uses(a), 0);
    ck_assert_uint_eq(frame_uses(b), 2);
    ck_assert_int_eq(pv_set_user_table(v, INVALID_MFN), 0);
    ck_assert_uint_eq(v->pv.user_cr3, 0);
    ck_assert_uint_eq(frame_uses(b), 1);
    host_effects_clear();
    ck_assert_int_eq(pv_set_kernel_table(v, b), 0); /* a flush, no more */
    ck_assert_uint_eq(host_effect_count(EFFECT_CR3), 1);
    ck_assert_uint_eq(frame_uses(b), 1);
    world_audit(w);
    unpin(l1);
}
END_TEST

START_TEST(the_old_table_is_put_after_the_new_is_loaded)
{
    struct vcpu *v = current_vcpu();
    mfn_t a = frame(), b = frame();
    int loaded, flushed;

    ck_assert_int_eq(pv_set_kernel_table(v, a), 0);
    host_effects_clear();
    ck_assert_int_eq(pv_set_kernel_table(v, b), 0);
    loaded = host_effect_find(EFFECT_CR3, 0);
    ck_assert_int_ge(loaded, 0);
    ck_assert_int_eq(get(a, PT_WRITABLE), 0);
    flushed = host_effect_find(EFFECT_TLB_FLUSH, loaded + 2);
    ck_assert_int_gt(flushed, loaded);
    put(a);
}
END_TEST

TEST_MAIN("page_type", setup, teardown, writable_frame_cannot_become_table,
          table_cannot_be_mapped_writable, a_table_cannot_map_itself_writable,
          frames_that_are_not_the_domains_are_refused,
          shared_info_may_be_written_but_not_be_a_table,
          l1_entries_fail_with_xens_errors,
          entries_that_are_not_present_are_not_looked_at,
          a_use_beside_a_reference_of_ones_own, counts_at_their_limit,
          each_level_has_its_flags, each_pae_level_has_its_flags,
          entries_are_adjusted_for_ring_3,
          pae_entries_are_adjusted_at_the_top_only,
          a_tree_holds_what_it_names, a_table_in_two_trees_is_validated_once,
          a_failure_deep_below_leaves_nothing, levels_cannot_be_skipped,
          pins_are_single,
          a_pinned_table_survives_release_until_it_is_unpinned,
          hypervisor_slots_of_an_l4_are_ours,
          a_table_may_name_itself_read_only,
          a_table_may_name_another_of_its_level_read_only,
          linear_entries_do_not_chain, linear_entries_are_one_level_apart,
          a_linear_use_keeps_the_tree_alive, pae_top_needs_its_last_entry,
          pae_last_l2_belongs_to_one_top, pae_ordinary_l2_may_be_shared,
          pae_top_has_four_entries_and_the_rest_is_cleared,
          pae_hypervisor_part_is_not_validated_but_replaced,
          pae_linear_tables_only_at_l2, formats_do_not_mix,
          validation_restarts_at_every_budget,
          pae_validation_restarts_at_every_budget,
          a_stopped_tree_is_finished_by_the_next_comer,
          a_stopped_tree_can_be_undone, a_stopped_pae_tree_can_be_undone,
          undoing_can_turn_round_at_every_point,
          a_failure_is_undone_in_portions, a_stopped_table_is_no_memory,
          a_domain_ends_with_anything_half_done,
          a_frame_given_up_is_undone_in_portions,
          linear_child_that_stops_is_finished,
          stale_entries_are_flushed_before_a_type_changes,
          no_flush_when_all_have_flushed_since,
          no_flush_for_memory_that_was_never_written,
          a_table_that_becomes_memory_is_flushed_too,
          a_failed_validation_does_not_forget_the_flush,
          base_pointers_hold_their_tables,
          the_old_table_is_put_after_the_new_is_loaded)
