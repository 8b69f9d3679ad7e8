/* SPDX-License-Identifier: MIT */
/*
 * mmuext_op, row by row, as a guest calls it.
 *
 * The lesson: each row checks its arguments in the order of the manual's
 * error table and changes nothing when one is wrong; long rows (pins, base
 * pointers) go on where they stopped without the guest noticing.
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

static int64_t ops(const struct mmuext_op *list, unsigned int count)
{
    int64_t result;
    gva_t va = world_arg(w, list, count * sizeof(*list));

    result = world_call(__HYPERVISOR_mmuext_op, va.v, count, 0, DOMID_SELF,
                        0);
    world_audit(w);
    return result;
}

static int64_t op_mfn(unsigned int cmd, mfn_t mfn)
{
    struct mmuext_op op;

    memset(&op, 0, sizeof(op));
    op.cmd = cmd;
    op.arg1.mfn = mfn.v;
    world_args_reset(w);
    return ops(&op, 1);
}

static int64_t op_va(unsigned int cmd, uint64_t va, uint64_t arg2)
{
    struct mmuext_op op;

    memset(&op, 0, sizeof(op));
    op.cmd = cmd;
    op.arg1.linear_addr = va;
    op.arg2.src_mfn = arg2;
    return ops(&op, 1);
}

/* --- pins ---------------------------------------------------------------------- */

START_TEST(pins_of_each_level)
{
    unsigned int level;

    for (level = 1; level <= 4; level++) {
        unsigned int cmd = MMUEXT_PIN_L1_TABLE + level - 1;
        mfn_t f = world_frame(w, 0);

        ck_assert_int_eq(op_mfn(MMUEXT_UNPIN_TABLE, f), -XEN_EINVAL);
        ck_assert_int_eq(op_mfn(cmd, f), 0);
        ck_assert_int_eq(op_mfn(cmd, f), -XEN_EINVAL);
        ck_assert_int_eq(op_mfn(level == 4 ? cmd - 1 : cmd + 1, f),
                         -XEN_EINVAL);
        ck_assert_uint_eq(fw_type(mfn_to_frame(f)->word), level);
        ck_assert_int_eq(op_mfn(MMUEXT_UNPIN_TABLE, f), 0);
        ck_assert_uint_eq(frame_uses(f), 0);
    }
}
END_TEST

START_TEST(pins_of_frames_that_are_not_ours)
{
    mfn_t numbers[] = { world_frame(w, 1), MFN(0), MFN(frame_count),
                        INVALID_MFN, d->shared_info_mfn, g.data[0] };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(numbers); i++) {
        ck_assert_int_eq(op_mfn(MMUEXT_PIN_L1_TABLE, numbers[i]), -XEN_EINVAL);
        ck_assert_int_eq(op_mfn(MMUEXT_PIN_L4_TABLE, numbers[i]), -XEN_EINVAL);
        ck_assert_int_eq(op_mfn(MMUEXT_UNPIN_TABLE, numbers[i]), -XEN_EINVAL);
    }
}
END_TEST

START_TEST(pae_guests_have_no_l4_to_pin)
{
    mfn_t f = world_frame(w, 0);

    world_args_reset(w);
    w->domains[1]->is_32bit = true;
    world_enter(world_vcpu(w, 1));
    ck_assert_int_eq(op_mfn(MMUEXT_PIN_L4_TABLE, f), 0);
    ck_assert_uint_eq(frame_uses(f), 0);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_USER_BASEPTR, world_frame(w, 1)),
                     -XEN_EINVAL);
    world_enter(world_vcpu(w, 0));
}
END_TEST

/* --- base pointers ------------------------------------------------------------- */

static mfn_t second_l4(void)
{
    mfn_t l4 = world_frame(w, 0);
    unsigned int i;

    for (i = 0; i < 256; i++) {
        world_write_entry(l4, i, world_read_entry(g.l4, i));
    }
    return l4;
}

START_TEST(a_new_base_pointer_is_loaded)
{
    mfn_t l4 = second_l4();
    struct vcpu *v = current_vcpu();

    host_effects_clear();
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_BASEPTR, l4), 0);
    ck_assert_uint_eq(v->pv.kernel_table.v, l4.v);
    ck_assert_uint_eq(frame_uses(l4), 1);
    ck_assert_uint_eq(frame_uses(g.l4), 1); /* its pin */
    ck_assert_uint_eq(host_effect_at(host_effect_find(EFFECT_CR3, 0))->a,
                      l4.v << PAGE_SHIFT);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_BASEPTR, g.data[0]), -XEN_EINVAL);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_BASEPTR, MFN(0)), -XEN_EINVAL);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_BASEPTR, INVALID_MFN), -XEN_EINVAL);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_BASEPTR, g.l3), -XEN_EINVAL);
    ck_assert_uint_eq(v->pv.kernel_table.v, l4.v);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_BASEPTR, l4), 0);
    ck_assert_uint_eq(frame_uses(l4), 1);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_BASEPTR, g.l4), 0);
    ck_assert_uint_eq(frame_uses(l4), 0);
}
END_TEST

START_TEST(the_user_table_comes_and_goes)
{
    mfn_t l4 = second_l4();
    struct vcpu *v = current_vcpu();

    ck_assert_int_eq(op_mfn(MMUEXT_NEW_USER_BASEPTR, MFN(0)), 0);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_USER_BASEPTR, l4), 0);
    ck_assert_uint_eq(v->pv.user_cr3, l4.v << PAGE_SHIFT);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_USER_BASEPTR, l4), 0);
    ck_assert_uint_eq(frame_uses(l4), 1);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_USER_BASEPTR, g.l1), -XEN_EINVAL);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_USER_BASEPTR, INVALID_MFN),
                     -XEN_EINVAL);
    ck_assert_uint_eq(frame_uses(l4), 1);
    ck_assert_int_eq(op_mfn(MMUEXT_NEW_USER_BASEPTR, MFN(0)), 0);
    ck_assert_uint_eq(v->pv.user_cr3, 0);
    ck_assert_uint_eq(frame_uses(l4), 0);
}
END_TEST

/* The last use of a whole tree goes with a base pointer, in small portions;
 * the call ends when all is undone. */
START_TEST(an_old_tree_is_undone_within_the_call)
{
    static const int32_t budgets[] = { 1, 3, 25, 65, 190 };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(budgets); i++) {
        mfn_t l4 = world_frame(w, 0), l3 = world_frame(w, 0);
        mfn_t l2 = world_frame(w, 0), l1 = world_frame(w, 0);

        world_write_entry(l4, 400, pte_make(l3, RW));
        world_write_entry(l3, 100, pte_make(l2, RW));
        world_write_entry(l2, 100, pte_make(l1, RW));
        world_write_entry(l1, 100, pte_make(g.data[0], RW));
        world_set_budget(budgets[i]);
        ck_assert_int_eq(op_mfn(MMUEXT_NEW_BASEPTR, l4), 0);
        ck_assert_uint_gt(world_restarts(), 0);
        ck_assert_uint_eq(frame_uses(l1), 1);
        ck_assert_int_eq(op_mfn(MMUEXT_NEW_BASEPTR, g.l4), 0);
        ck_assert_uint_gt(world_restarts(), 0);
        ck_assert_uint_eq(frame_uses(l4) + frame_uses(l3) + frame_uses(l2) + frame_uses(l1), 0);
        ck_assert_int_eq(op_mfn(MMUEXT_PIN_L4_TABLE, l4), 0);
        ck_assert_int_eq(op_mfn(MMUEXT_UNPIN_TABLE, l4), 0);
        ck_assert_uint_gt(world_restarts(), 0);
        ck_assert_uint_eq(frame_uses(l4) + frame_uses(l3) + frame_uses(l2) + frame_uses(l1), 0);
    }
}
END_TEST

/* --- flushes ------------------------------------------------------------------- */

START_TEST(flush_rows)
{
    uint64_t both = 3;
    gva_t map = world_arg(w, &both, sizeof(both));
    struct { unsigned int cmd; uint64_t va, arg2; int err;
             enum host_effect_kind kind; } rows[] = {
        { MMUEXT_TLB_FLUSH_LOCAL, 0, 0, 0, EFFECT_TLB_FLUSH },
        { MMUEXT_TLB_FLUSH_ALL, 0, 0, 0, EFFECT_TLB_FLUSH },
        { MMUEXT_TLB_FLUSH_MULTI, 0, map.v, 0, EFFECT_TLB_FLUSH },
        { MMUEXT_TLB_FLUSH_MULTI, 0, HV_HOLE_START, -XEN_EINVAL, EFFECT_NONE },
        { MMUEXT_INVLPG_LOCAL, 0x1000, 0, 0, EFFECT_TLB_FLUSH_PAGE },
        { MMUEXT_INVLPG_LOCAL, HV_HOLE_START, 0, 0, EFFECT_NONE },
        { MMUEXT_INVLPG_ALL, 0x1000, 0, 0, EFFECT_TLB_FLUSH_PAGE },
        { MMUEXT_INVLPG_ALL, 1ull << 47, 0, 0, EFFECT_NONE },
        { MMUEXT_INVLPG_MULTI, 0x1000, map.v, 0, EFFECT_TLB_FLUSH_PAGE },
        { MMUEXT_INVLPG_MULTI, HV_HOLE_START, map.v, 0, EFFECT_NONE },
        { MMUEXT_INVLPG_MULTI, 0x1000, 0x10, -XEN_EINVAL, EFFECT_NONE },
        { MMUEXT_FLUSH_CACHE, 0, 0, -XEN_EACCES, EFFECT_NONE },
        { MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0, -XEN_EINVAL, EFFECT_NONE },
        { MMUEXT_MARK_SUPER, 0, 0, -XEN_EOPNOTSUPP, EFFECT_NONE },
        { MMUEXT_UNMARK_SUPER, 0, 0, -XEN_EOPNOTSUPP, EFFECT_NONE },
        { 14, 0, 0, -XEN_ENOSYS, EFFECT_NONE },
        { 21, 0, 0, -XEN_ENOSYS, EFFECT_NONE },
        { ~0u, 0, 0, -XEN_ENOSYS, EFFECT_NONE },
    };
    unsigned int i;

    current_domain()->is_privileged = false;
    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        unsigned int seen;

        host_effects_clear();
        ck_assert_int_eq(op_va(rows[i].cmd, rows[i].va, rows[i].arg2),
                         rows[i].err);
        seen = host_effect_count(EFFECT_TLB_FLUSH) +
               host_effect_count(EFFECT_TLB_FLUSH_PAGE);
        ck_assert_uint_eq(seen, rows[i].kind != EFFECT_NONE);
        if (rows[i].kind != EFFECT_NONE) {
            ck_assert_uint_eq(host_effect_count(rows[i].kind), 1);
        }
    }
}
END_TEST

START_TEST(multi_flushes_reach_the_named_vcpus)
{
    uint64_t mask = 2;
    gva_t map = world_arg(w, &mask, sizeof(mask));

    world_enter(d->vcpus[1]); /* CPU 1 */
    world_enter(d->vcpus[0]);
    host_effects_clear();
    ck_assert_int_eq(op_va(MMUEXT_TLB_FLUSH_MULTI, 0, map.v), 0);
    ck_assert_uint_eq(host_effect_at(host_effect_find(EFFECT_TLB_FLUSH, 0))->a,
                      2);
    mask = ~3ull; /* vcpus that do not exist */
    map = world_arg(w, &mask, sizeof(mask));
    host_effects_clear();
    ck_assert_int_eq(op_va(MMUEXT_TLB_FLUSH_MULTI, 0, map.v), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_TLB_FLUSH), 0);
    ck_assert_int_eq(op_va(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
    ck_assert_uint_eq(host_effect_at(host_effect_find(EFFECT_TLB_FLUSH, 0))->a,
                      3);
}
END_TEST

/* --- pages --------------------------------------------------------------------- */

START_TEST(pages_are_cleared_and_copied)
{
    struct mmuext_op op;

    world_write_entry(g.data[1], 17, 0xabcdef);
    memset(&op, 0, sizeof(op));
    op.cmd = MMUEXT_COPY_PAGE;
    op.arg1.mfn = g.data[0].v;
    op.arg2.src_mfn = g.data[1].v;
    ck_assert_int_eq(ops(&op, 1), 0);
    ck_assert_uint_eq(world_read_entry(g.data[0], 17), 0xabcdef);
    op.arg2.src_mfn = g.l1.v; /* reading a table is no harm */
    ck_assert_int_eq(ops(&op, 1), 0);
    op.arg1.mfn = g.l1.v;
    ck_assert_int_eq(ops(&op, 1), -XEN_EINVAL);
    op.arg1.mfn = g.data[0].v;
    op.arg2.src_mfn = world_frame(w, 1).v;
    ck_assert_int_eq(ops(&op, 1), -XEN_EINVAL);
    op.arg1.mfn = op.arg2.src_mfn;
    op.arg2.src_mfn = g.data[0].v;
    ck_assert_int_eq(ops(&op, 1), -XEN_EINVAL);
    ck_assert_int_eq(op_mfn(MMUEXT_CLEAR_PAGE, g.data[1]), 0);
    ck_assert_uint_eq(world_read_entry(g.data[1], 17), 0);
    ck_assert_int_eq(op_mfn(MMUEXT_CLEAR_PAGE, g.l2), -XEN_EINVAL);
    ck_assert_int_eq(op_mfn(MMUEXT_CLEAR_PAGE, world_frame(w, 1)),
                     -XEN_EINVAL);
}
END_TEST

/* --- LDT ----------------------------------------------------------------------- */

START_TEST(set_ldt_checks_its_arguments)
{
    struct vcpu *v = current_vcpu();

    ck_assert_int_eq(op_va(MMUEXT_SET_LDT, WORLD_DATA + 8, 4), -XEN_EINVAL);
    ck_assert_int_eq(op_va(MMUEXT_SET_LDT, HV_HOLE_START, 4), -XEN_EINVAL);
    ck_assert_int_eq(op_va(MMUEXT_SET_LDT, WORLD_DATA, 8193), -XEN_EINVAL);
    ck_assert_uint_eq(v->pv.ldt_entries, 0);
    host_effects_clear();
    ck_assert_int_eq(op_va(MMUEXT_SET_LDT, WORLD_DATA, 8192), 0);
    ck_assert_uint_eq(v->pv.ldt_entries, 8192);
    ck_assert_uint_eq(host_effect_count(EFFECT_LDT), 1);
    ck_assert_int_eq(op_va(MMUEXT_SET_LDT, WORLD_DATA, 8192), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_LDT), 1);
    ck_assert_int_eq(op_va(MMUEXT_SET_LDT, 0x1234567, 0), 0);
    ck_assert_uint_eq(v->pv.ldt_base.v, 0);
}
END_TEST

/* --- lists --------------------------------------------------------------------- */

static int64_t call(uint64_t list, uint64_t count, uint64_t done,
                    uint64_t foreign)
{
    int64_t result = world_call(__HYPERVISOR_mmuext_op, list, count, done,
                                foreign, 0);

    world_audit(w);
    return result;
}

START_TEST(errors_of_the_call_itself)
{
    struct mmuext_op op;
    gva_t va;

    memset(&op, 0, sizeof(op));
    op.cmd = MMUEXT_TLB_FLUSH_LOCAL;
    va = world_arg(w, &op, sizeof(op));
    ck_assert_int_eq(call(va.v, 1, 0, DOMID_SELF), 0);
    ck_assert_int_eq(call(0, 0, 0, DOMID_SELF), 0);
    ck_assert_int_eq(call(HV_HOLE_START, 1, 0, DOMID_SELF), -XEN_EFAULT);
    ck_assert_int_eq(call(0x10, 1, 0, DOMID_SELF), -XEN_EFAULT);
    ck_assert_int_eq(call(va.v, 1, 0, 0), -XEN_ESRCH);
    ck_assert_int_eq(call(va.v, 1, 0, 7), -XEN_ESRCH);
    ck_assert_int_eq(call(va.v, 1, 0, 1), -XEN_EPERM);
    ck_assert_int_eq(call(va.v, 0, 0, 1), -XEN_EPERM);
}
END_TEST

START_TEST(lists_of_pins_restart_and_count)
{
    static const int32_t budgets[] = { 1, 7, 40, 130 };
    mfn_t l1 = world_frame(w, 0), l2 = world_frame(w, 0);
    struct mmuext_op list[5];
    uint32_t zero = 0;
    unsigned int i;

    world_write_entry(l2, 5, pte_make(l1, RW));
    world_write_entry(l1, 5, pte_make(g.data[0], RW));
    memset(list, 0, sizeof(list));
    list[0].cmd = MMUEXT_PIN_L1_TABLE;
    list[0].arg1.mfn = l1.v;
    list[1].cmd = MMUEXT_PIN_L2_TABLE;
    list[1].arg1.mfn = l2.v;
    list[2].cmd = MMUEXT_UNPIN_TABLE;
    list[2].arg1.mfn = l1.v;
    list[3].cmd = MMUEXT_UNPIN_TABLE;
    list[3].arg1.mfn = l2.v;
    list[4].cmd = 99;
    for (i = 0; i < ARRAY_SIZE(budgets); i++) {
        gva_t va, done;

        world_args_reset(w);
        va = world_arg(w, list, sizeof(list));
        done = world_arg(w, &zero, sizeof(zero));
        world_set_budget(budgets[i]);
        ck_assert_int_eq(call(va.v, 5, done.v, DOMID_SELF), -XEN_ENOSYS);
        ck_assert_uint_eq(*(uint32_t *)world_arg_at(w, done), 4);
        ck_assert_uint_gt(world_restarts(), 0);
        ck_assert_uint_eq(frame_uses(l1) + frame_uses(l2), 0);
    }
}
END_TEST

/* What a vcpu left unfinished does not keep another call from working, nor
 * the domain from ending. */
START_TEST(unfinished_work_of_another_vcpu)
{
    mfn_t l2 = world_frame(w, 0), l1 = world_frame(w, 0);

    world_write_entry(l2, 5, pte_make(l1, RW));
    ck_assert_int_eq(op_mfn(MMUEXT_PIN_L2_TABLE, l2), 0);
    this_cpu()->work_left = 1;
    ck_assert_int_eq(page_type_unpin(d, l2), 0);
    ck_assert_uint_eq(current_vcpu()->pv.unfinished_count, 1);
    world_audit(w);
    world_enter(d->vcpus[1]);
    ck_assert_int_eq(op_mfn(MMUEXT_PIN_L2_TABLE, l2), 0);
    world_enter(d->vcpus[0]);
    ck_assert_int_eq(op_mfn(MMUEXT_TLB_FLUSH_LOCAL, MFN(0)), 0);
    ck_assert_uint_eq(current_vcpu()->pv.unfinished_count, 0);
    ck_assert_uint_eq(frame_uses(l2), 1);
    ck_assert_int_eq(op_mfn(MMUEXT_UNPIN_TABLE, l2), 0);
    ck_assert_uint_eq(frame_uses(l1) + frame_uses(l2), 0);
}
END_TEST

TEST_MAIN("mmu_ext", setup, teardown, pins_of_each_level,
          pins_of_frames_that_are_not_ours, pae_guests_have_no_l4_to_pin,
          a_new_base_pointer_is_loaded, the_user_table_comes_and_goes,
          an_old_tree_is_undone_within_the_call, flush_rows,
          multi_flushes_reach_the_named_vcpus, pages_are_cleared_and_copied,
          set_ldt_checks_its_arguments, errors_of_the_call_itself,
          lists_of_pins_restart_and_count, unfinished_work_of_another_vcpu)
