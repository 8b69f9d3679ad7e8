/* SPDX-License-Identifier: MIT */
/*
 * mmu_update and update_va_mapping as a guest calls them.
 *
 * The lesson: an update of a live table is a small transaction. The new
 * frame is taken before the entry is stored, the old one dropped after, and
 * what can not be right is refused with the error that Xen gives. The guest
 * here runs on real (fake) tables, with one page of everything.
 */
#include "../../hypervisor/pv/pte.h"

#include <xen/errno.h>

#undef PTE_NX
#include "test_main.h"
#include "world.h"

#define RO (PTE_P | PTE_U)
#define RW (PTE_P | PTE_U | PTE_RW)

static struct world *w;
static struct domain *d;
static struct world_guest g;

static void setup(void)
{
    w = world_with_cpus(2, 128, 2, 2);
    d = w->domains[0];
    g = world_boot_guest(w, 0);
}

static void teardown(void)
{
    world_set_budget(0);
    world_free(w);
}

static unsigned int slot_of(unsigned int page)
{
    return world_index(GVA(WORLD_DATA + page * PAGE_SIZE), 1);
}

static uint64_t at(mfn_t table, unsigned int slot, unsigned int command)
{
    return (table.v << PAGE_SHIFT) + slot * 8ull + command;
}

static int64_t update_list(const struct mmu_update *list, unsigned int count)
{
    int64_t result;

    world_args_reset(w);
    result = world_call(__HYPERVISOR_mmu_update,
                        world_arg(w, list, count * sizeof(*list)).v, count, 0,
                        DOMID_SELF, 0);
    world_audit(w);
    return result;
}

static int64_t update(mfn_t table, unsigned int slot, uint64_t pte)
{
    struct mmu_update u = { at(table, slot, MMU_NORMAL_PT_UPDATE), pte };

    return update_list(&u, 1);
}

static int64_t update_va(uint64_t va, uint64_t pte, uint64_t flags)
{
    int64_t result = world_call(__HYPERVISOR_update_va_mapping, va, pte, flags,
                                0, 0);

    world_audit(w);
    return result;
}

/* --- L1 entries --------------------------------------------------------------- */

START_TEST(an_l1_entry_changes_hands)
{
    mfn_t f = world_frame(w, 0);

    ck_assert_int_eq(update(g.l1, slot_of(0), pte_make(f, RW)), 0);
    ck_assert_uint_eq(frame_uses(f), 1);
    ck_assert_uint_eq(frame_refs(f), 2);
    ck_assert_uint_eq(frame_uses(g.data[0]), 0);
    ck_assert_uint_eq(frame_refs(g.data[0]), 1);
    ck_assert_int_eq(update(g.l1, slot_of(0), pte_make(f, RO)), 0);
    ck_assert_uint_eq(frame_uses(f), 0);
    ck_assert_uint_eq(frame_refs(f), 2);
    ck_assert_int_eq(update(g.l1, slot_of(0), 0), 0);
    ck_assert_uint_eq(frame_refs(f), 1);
    ck_assert_int_eq(update(g.l1, slot_of(0), 0xdead000), 0);
    ck_assert_uint_eq(world_read_entry(g.l1, slot_of(0)), 0xdead000);
}
END_TEST

START_TEST(harmless_bits_change_without_counts)
{
    uint64_t pte = world_read_entry(g.l1, slot_of(1));
    uint64_t word = mfn_to_frame(g.data[1])->word;

    ck_assert_int_eq(update(g.l1, slot_of(1),
                            pte ^ (PTE_A | PTE_D | (1ull << 9) |
                                   (1ull << 63) | (1ull << 58))), 0);
    ck_assert_uint_eq(mfn_to_frame(g.data[1])->word, word);
    ck_assert_int_eq(update(g.l1, slot_of(1), pte & ~PTE_U), 0);
    ck_assert_uint_eq(world_read_entry(g.l1, slot_of(1)),
                      pte | PTE_GUEST_KERNEL);
    ck_assert_uint_eq(mfn_to_frame(g.data[1])->word, word);
}
END_TEST

START_TEST(accessed_and_dirty_are_kept_on_request)
{
    struct mmu_update u = { at(g.l1, slot_of(2), MMU_PT_UPDATE_PRESERVE_AD),
                            pte_make(g.data[2], RO) };

    ck_assert_int_eq(update(g.l1, slot_of(2), pte_make(g.data[2], RW | PTE_A |
                                                       PTE_D)), 0);
    ck_assert_int_eq(update_list(&u, 1), 0);
    ck_assert_uint_eq(world_read_entry(g.l1, slot_of(2)),
                      pte_make(g.data[2], RO | PTE_A | PTE_D));
    ck_assert_int_eq(update(g.l1, slot_of(2), pte_make(g.data[2], RO)), 0);
    ck_assert_uint_eq(world_read_entry(g.l1, slot_of(2)),
                      pte_make(g.data[2], RO));
}
END_TEST

START_TEST(global_never_reaches_the_table)
{
    ck_assert_int_eq(update(g.l1, slot_of(0),
                            pte_make(g.data[0], RW | PTE_G)), 0);
    ck_assert_uint_eq(world_read_entry(g.l1, slot_of(0)) & PTE_G, 0);
    ck_assert_int_eq(update(g.l1, slot_of(0),
                            pte_make(g.data[0], PTE_P | PTE_G)), 0);
    ck_assert_uint_eq(world_read_entry(g.l1, slot_of(0)) & PTE_G, 0);
}
END_TEST

START_TEST(l1_updates_fail_with_xens_errors)
{
    struct { uint64_t pte; int err; } rows[] = {
        { pte_make(g.l1, RW), -XEN_EBUSY },
        { pte_make(g.l4, RW), -XEN_EBUSY },
        { pte_make(world_frame(w, 1), RO), -XEN_EBUSY },
        { pte_make(MFN(0), RO), -XEN_EBUSY },
        { pte_make(MFN(frame_count), RW), -XEN_EPERM },
        { pte_make(MFN((1ull << 40) - 1), RO), -XEN_EINVAL },
        { pte_make(g.data[0], RW | PTE_PCD), -XEN_EINVAL },
        { pte_make(g.data[0], RW | PTE_PWT), -XEN_EINVAL },
        { pte_make(g.data[0], RW | PTE_PSE), -XEN_EINVAL },
    };
    uint64_t before = world_read_entry(g.l1, slot_of(0));
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        ck_assert_int_eq(update(g.l1, slot_of(0), rows[i].pte), rows[i].err);
        ck_assert_uint_eq(world_read_entry(g.l1, slot_of(0)), before);
        ck_assert_int_eq(update_va(WORLD_DATA, rows[i].pte, 0), rows[i].err);
        ck_assert_uint_eq(world_read_entry(g.l1, slot_of(0)), before);
    }
}
END_TEST

/* --- upper levels -------------------------------------------------------------- */

START_TEST(a_table_is_validated_when_it_is_hooked_in)
{
    mfn_t l1 = world_frame(w, 0);

    world_write_entry(l1, 3, pte_make(g.data[0], RW));
    ck_assert_int_eq(update(g.l2, 9, pte_make(l1, RW)), 0);
    ck_assert_uint_eq(frame_uses(l1), 1);
    ck_assert_uint_eq(frame_uses(g.data[0]), 2);
    ck_assert_int_eq(update(g.l1, slot_of(0), pte_make(l1, RW)), -XEN_EBUSY);
    ck_assert_int_eq(update(g.l2, 10, pte_make(l1, RW)), 0);
    ck_assert_int_eq(update(g.l2, 9, 0), 0);
    ck_assert_uint_eq(frame_uses(l1), 1);
    ck_assert_int_eq(update(g.l2, 10, 0), 0);
    ck_assert_uint_eq(frame_uses(l1), 0);
    ck_assert_uint_eq(frame_uses(g.data[0]), 1);
    ck_assert_int_eq(update(g.l1, slot_of(0), pte_make(l1, RW)), 0);
}
END_TEST

START_TEST(upper_updates_fail_with_xens_errors)
{
    struct { mfn_t table; unsigned int slot; uint64_t pte; int err; } rows[] = {
        { g.l4, 256, 0, -XEN_EINVAL },
        { g.l4, 271, pte_make(g.l3, RW), -XEN_EINVAL },
        { g.l4, 300, pte_make(g.l2, RW), -XEN_EINVAL },
        { g.l4, 300, pte_make(g.l4, RW), -XEN_EINVAL },
        { g.l4, 300, pte_make(g.l3, RW | PTE_PSE), -XEN_EINVAL },
        { g.l4, 300, pte_make(g.l3, RW | PTE_G), -XEN_EINVAL },
        { g.l4, 300, pte_make(MFN(frame_count), RW), -XEN_EINVAL },
        { g.l4, 300, pte_make(MFN((1ull << 40) - 1), RW), -XEN_EINVAL },
        { g.l4, 300, pte_make(world_frame(w, 1), RW), -XEN_EINVAL },
        { g.l4, 300, pte_make(g.data[0], RW), -XEN_EINVAL },
        { g.l3, 300, pte_make(g.l1, RW), -XEN_EINVAL },
        { g.l2, 300, pte_make(g.data[0], RW), -XEN_EINVAL },
        { g.l2, 300, pte_make(g.data[0], RW | PTE_PSE), -XEN_EINVAL },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t before = world_read_entry(rows[i].table, rows[i].slot);

        ck_assert_int_eq(update(rows[i].table, rows[i].slot, rows[i].pte),
                         rows[i].err);
        ck_assert_uint_eq(world_read_entry(rows[i].table, rows[i].slot),
                          before);
    }
}
END_TEST

/* XSA-182: what is linear must not become writable by a quick path. */
START_TEST(a_linear_entry_cannot_gain_write_permission)
{
    ck_assert_int_eq(update(g.l4, 300, pte_make(g.l4, RO)), 0);
    ck_assert_int_eq(update(g.l4, 300, pte_make(g.l4, RO | PTE_A | PTE_D)), 0);
    ck_assert_int_eq(update(g.l4, 300, pte_make(g.l4, RW)), -XEN_EINVAL);
    ck_assert_int_eq(update(g.l4, 300, pte_make(g.l4, RW | PTE_D)),
                     -XEN_EINVAL);
    ck_assert_int_eq(update(g.l2, 300, pte_make(g.l2, RO)), 0);
    ck_assert_int_eq(update(g.l2, 300, pte_make(g.l2, RW)), -XEN_EINVAL);
    ck_assert_int_eq(update(g.l4, 300, 0), 0);
}
END_TEST

START_TEST(live_linear_entries_are_counted)
{
    mfn_t other = world_frame(w, 0);

    ck_assert_int_eq(page_type_pin(d, other, PT_L4), 0);
    ck_assert_int_eq(update(g.l4, 300, pte_make(other, RO)), 0);
    ck_assert_int_eq(mfn_to_frame(g.l4)->linear, -1);
    ck_assert_int_eq(mfn_to_frame(other)->linear, 1);
    ck_assert_int_eq(update(other, 300, pte_make(g.l4, RO)), -XEN_EINVAL);
    ck_assert_int_eq(update(other, 300, pte_make(other, RO)), 0);
    ck_assert_int_eq(update(g.l4, 300, pte_make(g.l4, RO)), 0);
    ck_assert_int_eq(mfn_to_frame(g.l4)->linear, 0);
    ck_assert_int_eq(mfn_to_frame(other)->linear, 0);
    ck_assert_int_eq(update(other, 301, pte_make(g.l4, RO)), 0);
    ck_assert_int_eq(update(other, 301, 0), 0);
    ck_assert_int_eq(page_type_unpin(d, other), 0);
}
END_TEST

START_TEST(a_change_of_rw_above_l1_keeps_the_child)
{
    ck_assert_int_eq(update(g.l2, world_index(GVA(WORLD_DATA), 2),
                            pte_make(g.l1, RO)), 0);
    ck_assert_uint_eq(frame_uses(g.l1), 1);
    ck_assert_int_eq(update(g.l2, world_index(GVA(WORLD_DATA), 2),
                            pte_make(g.l1, RW)), 0);
    ck_assert_uint_eq(frame_uses(g.l1), 1);
}
END_TEST

/* --- what is not a table ------------------------------------------------------- */

START_TEST(plain_memory_is_just_written)
{
    mfn_t f = world_frame(w, 0);
    mfn_t typed = world_frame(w, 0);

    ck_assert_int_eq(update(f, 7, 0x1122334455667788ull), 0);
    ck_assert_uint_eq(world_read_entry(f, 7), 0x1122334455667788ull);
    ck_assert_uint_eq(frame_uses(f), 0);
    ck_assert_int_eq(update(g.data[0], 511, ~0ull), 0);
    ck_assert_uint_eq(world_read_entry(g.data[0], 511), ~0ull);
    ck_assert_int_eq(update(d->shared_info_mfn, 400, 5), 0);
    ck_assert_int_eq(frame_get_and_type(d, typed, PT_SEGDESC), 0);
    world_args_reset(w);
    {
        struct mmu_update u = { at(typed, 0, 0), 1 };

        ck_assert_int_eq(world_call(__HYPERVISOR_mmu_update,
                                    world_arg(w, &u, sizeof(u)).v, 1, 0,
                                    DOMID_SELF, 0), -XEN_EINVAL);
    }
    ck_assert_int_eq(frame_put_and_type(d, typed), 0);
    ck_assert_int_eq(update(world_frame(w, 1), 0, 0), -XEN_EINVAL);
    ck_assert_int_eq(update(MFN(0), 0, 0), -XEN_EINVAL);
    ck_assert_int_eq(update(MFN(frame_count + 5), 0, 0), -XEN_EINVAL);
    ck_assert_int_eq(update(MFN(~0ull >> 12), 0, 0), -XEN_EINVAL);
}
END_TEST

START_TEST(commands_of_the_low_bits)
{
    struct mmu_update u = { at(g.data[3], 0, MMU_MACHPHYS_UPDATE), 0x777 };
    uint64_t pfn = arch_m2p_get(g.data[3]);

    ck_assert_int_eq(update_list(&u, 1), 0);
    ck_assert_uint_eq(arch_m2p_get(g.data[3]), 0x777);
    u.val = pfn;
    ck_assert_int_eq(update_list(&u, 1), 0);
    u.ptr = at(world_frame(w, 1), 0, MMU_MACHPHYS_UPDATE);
    ck_assert_int_eq(update_list(&u, 1), -XEN_EINVAL);
    u.ptr = at(g.l1, slot_of(0), MMU_PT_UPDATE_NO_TRANSLATE);
    u.val = pte_make(g.data[0], RO);
    ck_assert_int_eq(update_list(&u, 1), 0);
    u.ptr = at(g.l1, slot_of(0), 4);
    ck_assert_int_eq(update_list(&u, 1), -XEN_ENOSYS);
}
END_TEST

/* --- lists --------------------------------------------------------------------- */

static int64_t call(uint64_t list, uint64_t count, uint64_t done,
                    uint64_t foreign)
{
    int64_t result = world_call(__HYPERVISOR_mmu_update, list, count, done,
                                foreign, 0);

    world_audit(w);
    return result;
}

START_TEST(the_number_done_counts_until_the_first_error)
{
    struct mmu_update list[4] = {
        { at(g.data[0], 0, 0), 1 }, { at(g.data[0], 1, 0), 2 },
        { at(MFN(0), 0, 0), 3 }, { at(g.data[0], 2, 0), 4 },
    };
    uint32_t done = 77;
    gva_t list_va = world_arg(w, list, sizeof(list));
    gva_t done_va = world_arg(w, &done, sizeof(done));

    ck_assert_int_eq(call(list_va.v, 4, done_va.v, DOMID_SELF), -XEN_EINVAL);
    ck_assert_uint_eq(*(uint32_t *)world_arg_at(w, done_va), 2);
    ck_assert_uint_eq(world_read_entry(g.data[0], 2), 0);
    ck_assert_int_eq(call(list_va.v, 2, done_va.v, DOMID_SELF), 0);
    ck_assert_uint_eq(*(uint32_t *)world_arg_at(w, done_va), 2);
    ck_assert_int_eq(call(list_va.v, 0, done_va.v, DOMID_SELF), 0);
    ck_assert_uint_eq(*(uint32_t *)world_arg_at(w, done_va), 0);
    ck_assert_int_eq(call(0, 0, 0, DOMID_SELF), 0);
}
END_TEST

START_TEST(bad_pointers)
{
    struct mmu_update u = { at(g.data[0], 0, 0), 1 };
    gva_t va = world_arg(w, &u, sizeof(u));

    ck_assert_int_eq(call(HV_HOLE_START, 1, 0, DOMID_SELF), -XEN_EFAULT);
    ck_assert_int_eq(call(HV_HOLE_END - 8, 1, 0, DOMID_SELF), -XEN_EFAULT);
    ck_assert_int_eq(call(0x0000900000000000ull, 1, 0, DOMID_SELF),
                     -XEN_EFAULT);
    ck_assert_int_eq(call(0x10, 1, 0, DOMID_SELF), -XEN_EFAULT);
    ck_assert_int_eq(call(0x00007ffffffffff8ull, 1, 0, DOMID_SELF),
                     -XEN_EFAULT);
    ck_assert_int_eq(call(~7ull, 1, 0, DOMID_SELF), -XEN_EFAULT);
    /* a bad pointer for the number is nobody's error */
    ck_assert_int_eq(call(va.v, 1, HV_HOLE_START, DOMID_SELF), 0);
    ck_assert_int_eq(call(va.v, 1, 0x10, DOMID_SELF), 0);
}
END_TEST

START_TEST(a_huge_count_ends_at_the_first_fault)
{
    struct mmu_update u = { at(g.data[0], 0, 0), 1 };
    gva_t va = GVA(WORLD_ARGS_BASE + WORLD_ARGS_SIZE - sizeof(u));
    uint32_t zero = 0;
    gva_t done_va = world_arg(w, &zero, sizeof(zero));

    memcpy(world_arg_at(w, va), &u, sizeof(u));
    ck_assert_int_eq(call(va.v, 0x7fffffff, done_va.v, DOMID_SELF),
                     -XEN_EFAULT);
    ck_assert_uint_eq(*(uint32_t *)world_arg_at(w, done_va), 1);
}
END_TEST

START_TEST(other_domains_are_refused)
{
    struct mmu_update u = { at(g.data[0], 0, 0), 1 };
    gva_t va = world_arg(w, &u, sizeof(u));

    ck_assert_int_eq(call(va.v, 1, 0, 0), -XEN_ESRCH); /* its own number */
    ck_assert_int_eq(call(va.v, 1, 0, 5), -XEN_ESRCH);
    ck_assert_int_eq(call(va.v, 1, 0, 1), -XEN_EPERM);
    ck_assert_int_eq(call(va.v, 1, 0, DOMID_IO), -XEN_EPERM);
    ck_assert_int_eq(call(va.v, 1, 0, DOMID_XEN), -XEN_EPERM);
    ck_assert_int_eq(call(va.v, 1, 0, DOMID_SELF | (1u << 16)), 0);
    ck_assert_int_eq(call(va.v, 1, 0, DOMID_SELF | (2u << 16)), -XEN_EPERM);
    ck_assert_int_eq(call(va.v, 1, 0, DOMID_SELF | (9u << 16)), -XEN_ESRCH);
}
END_TEST

/* A list that builds and undoes a tree, with the smallest budgets. */
START_TEST(lists_restart_at_every_budget)
{
    static const int32_t budgets[] = { 1, 2, 3, 13, 63, 64, 65, 2000 };
    mfn_t l3 = world_frame(w, 0), l2 = world_frame(w, 0);
    mfn_t l1 = world_frame(w, 0);
    struct mmu_update list[] = {
        { at(l1, 0, 0), pte_make(g.data[0], RW) },
        { at(l1, 511, 0), pte_make(g.data[1], RO) },
        { at(l2, 0, 0), pte_make(l1, RW) },
        { at(l3, 0, 0), pte_make(l2, RW) },
        { at(g.l4, 300, 0), pte_make(l3, RW) },
        { at(g.l4, 301, 0), pte_make(l3, RW) },
        { at(l2, 511, 0), pte_make(l1, RW) },
        { at(g.l4, 300, 0), 0 },
        { at(g.l4, 301, 0), 0 },
        { at(l3, 0, 0), 0 },
    };
    uint32_t zero = 0;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(budgets); i++) {
        gva_t va, done;

        world_args_reset(w);
        va = world_arg(w, list, sizeof(list));
        done = world_arg(w, &zero, sizeof(zero));
        world_set_budget(budgets[i]);
        ck_assert_int_eq(call(va.v, ARRAY_SIZE(list), done.v, DOMID_SELF), 0);
        ck_assert_uint_eq(*(uint32_t *)world_arg_at(w, done),
                          ARRAY_SIZE(list));
        ck_assert(world_restarts() > 0 || budgets[i] > 1000);
        ck_assert_uint_eq(frame_uses(l3) + frame_uses(l2) + frame_uses(l1), 0);
        ck_assert_uint_eq(current_vcpu()->pv.unfinished_count, 0);
    }
}
END_TEST

START_TEST(an_error_survives_a_restart)
{
    mfn_t l3 = world_frame(w, 0), l2 = world_frame(w, 0);
    mfn_t l1 = world_frame(w, 0);
    uint32_t zero = 0;
    gva_t va, done;
    struct mmu_update list[] = {
        { at(g.data[0], 0, 0), 1 },
        { at(g.l4, 300, 0), pte_make(l3, RW) },
    };

    world_write_entry(l3, 0, pte_make(l2, RW));
    world_write_entry(l2, 0, pte_make(l1, RW));
    world_write_entry(l1, 0, pte_make(g.data[0], RW));
    world_write_entry(l3, 511, pte_make(g.data[0], RW)); /* no L2 */
    va = world_arg(w, list, sizeof(list));
    done = world_arg(w, &zero, sizeof(zero));
    world_set_budget(7);
    ck_assert_int_eq(call(va.v, 2, done.v, DOMID_SELF), -XEN_EINVAL);
    ck_assert_uint_eq(*(uint32_t *)world_arg_at(w, done), 1);
    ck_assert_uint_gt(world_restarts(), 20);
    ck_assert_uint_eq(frame_uses(l3) + frame_uses(l2) + frame_uses(l1), 0);
}
END_TEST

/* U4: a list may end the life of the table that it just changed. */
START_TEST(a_table_is_let_go_when_the_list_moves_on)
{
    mfn_t l1 = world_frame(w, 0);
    struct mmu_update list[] = {
        { at(g.l2, 9, 0), pte_make(l1, RW) },
        { at(l1, 0, 0), pte_make(g.data[0], RW) },
        { at(l1, 0, 0), 0 },
        { at(g.l2, 9, 0), 0 },
        { at(g.l1, slot_of(0), 0), pte_make(l1, RW) },
        { at(l1, 0, 0), 0x1234 },
    };

    ck_assert_int_eq(update_list(list, ARRAY_SIZE(list)), 0);
    ck_assert_uint_eq(world_read_entry(l1, 0), 0x1234);
}
END_TEST

/* --- update_va_mapping ---------------------------------------------------------- */

START_TEST(an_address_names_its_entry)
{
    mfn_t f = world_frame(w, 0);

    ck_assert_int_eq(update_va(WORLD_DATA + PAGE_SIZE + 123, pte_make(f, RW),
                               0), 0);
    ck_assert_uint_eq(world_read_entry(g.l1, slot_of(1)), pte_make(f, RW));
    ck_assert_int_eq(update_va(WORLD_DATA + PAGE_SIZE, 0, 0), 0);
    ck_assert_uint_eq(frame_uses(f), 0);
}
END_TEST

START_TEST(addresses_without_an_l1_are_refused)
{
    static const uint64_t vas[] = {
        0x800000000000ull, HV_HOLE_START, HV_HOLE_END - PAGE_SIZE,
        0xffffffffffffffffull, 0x40000000ull, 0x8000000000ull,
        0x600000ull + (1ull << 21),
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(vas); i++) {
        ck_assert_int_eq(update_va(vas[i], 0, UVMF_TLB_FLUSH | UVMF_ALL),
                         -XEN_EINVAL);
    }
}
END_TEST

/* A linear entry makes an L2 look like an L1 to the walk. */
START_TEST(an_l2_reached_as_l1_is_not_changed)
{
    uint64_t va = 300ull << 21;

    ck_assert_int_eq(update(g.l2, 300, pte_make(g.l2, RO)), 0);
    ck_assert_int_eq(update_va(va, 0, 0), -XEN_EINVAL);
}
END_TEST

static unsigned int flushes(void)
{
    return host_effect_count(EFFECT_TLB_FLUSH) * 100 +
           host_effect_count(EFFECT_TLB_FLUSH_PAGE);
}

START_TEST(flushes_follow_the_flags)
{
    uint64_t pte = world_read_entry(g.l1, slot_of(0));
    uint64_t mask = 1;
    gva_t map = world_arg(w, &mask, sizeof(mask));
    struct { uint64_t flags; int err; unsigned int flushes; } rows[] = {
        { UVMF_NONE, 0, 0 },
        { UVMF_TLB_FLUSH | UVMF_LOCAL, 0, 100 },
        { UVMF_TLB_FLUSH | UVMF_ALL, 0, 100 },
        { UVMF_INVLPG | UVMF_LOCAL, 0, 1 },
        { UVMF_INVLPG | UVMF_ALL, 0, 1 },
        { UVMF_TLB_FLUSH | map.v, 0, 100 },
        { UVMF_INVLPG | map.v, 0, 1 },
        { UVMF_TLB_FLUSH | HV_HOLE_START, -XEN_EFAULT, 0 },
        { UVMF_INVLPG | 0x10, -XEN_EFAULT, 0 },
        { UVMF_FLUSHTYPE_MASK, 0, 0 },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        host_effects_clear();
        ck_assert_int_eq(update_va(WORLD_DATA, pte, rows[i].flags),
                         rows[i].err);
        ck_assert_uint_eq(flushes(), rows[i].flushes);
    }
    host_effects_clear();
    ck_assert_int_eq(update_va(WORLD_DATA, pte_make(MFN(0), RO),
                               UVMF_TLB_FLUSH | UVMF_ALL), -XEN_EBUSY);
    ck_assert_uint_eq(flushes(), 0); /* nothing changed */
}
END_TEST

START_TEST(a_vcpu_without_a_table_has_no_addresses)
{
    world_enter(d->vcpus[1]);
    ck_assert_int_eq(update_va(WORLD_DATA, 0, 0), -XEN_EINVAL);
}
END_TEST

static int64_t update_other(uint64_t pte, uint64_t owner)
{
    int64_t result = world_call(__HYPERVISOR_update_va_mapping_otherdomain,
                                WORLD_DATA, pte, UVMF_INVLPG, owner, 0);

    world_audit(w);
    return result;
}

START_TEST(a_mapping_of_anothers_frame_is_refused_by_its_owner)
{
    static const domid_t denied[] = { 1, DOMID_IO, DOMID_XEN };
    uint64_t pte = pte_make(g.data[1], RO);

    ck_assert_int_eq(update_other(pte, DOMID_SELF), 0);
    ck_assert_int_eq(update_other(pte, 0x50000 | DOMID_SELF), 0);
    ck_assert_int_eq(update_other(pte, d->id), -XEN_ESRCH);
    ck_assert_int_eq(update_other(pte, 9), -XEN_ESRCH);
    for (size_t i = 0; i < ARRAY_SIZE(denied); i++) {
        ck_assert_int_eq(update_other(0, denied[i]), -XEN_EPERM);
    }
}
END_TEST

TEST_MAIN("mmu_update", setup, teardown, an_l1_entry_changes_hands,
          harmless_bits_change_without_counts,
          accessed_and_dirty_are_kept_on_request,
          global_never_reaches_the_table, l1_updates_fail_with_xens_errors,
          a_table_is_validated_when_it_is_hooked_in,
          upper_updates_fail_with_xens_errors,
          a_linear_entry_cannot_gain_write_permission,
          live_linear_entries_are_counted,
          a_change_of_rw_above_l1_keeps_the_child,
          plain_memory_is_just_written, commands_of_the_low_bits,
          the_number_done_counts_until_the_first_error, bad_pointers,
          a_huge_count_ends_at_the_first_fault, other_domains_are_refused,
          lists_restart_at_every_budget, an_error_survives_a_restart,
          a_table_is_let_go_when_the_list_moves_on,
          an_address_names_its_entry, addresses_without_an_l1_are_refused,
          an_l2_reached_as_l1_is_not_changed, flushes_follow_the_flags,
          a_vcpu_without_a_table_has_no_addresses,
          a_mapping_of_anothers_frame_is_refused_by_its_owner)
