/* SPDX-License-Identifier: MIT */
/*
 * The set-up of grant tables (core/gnttab.c).
 *
 * The lesson: the frames are the hypervisor's and the guest's at once. The
 * guest may map and write them, but neither give them away nor make them
 * something else, and they come and go with the domain.
 */
#include <hv/hypercall.h>
#include <xen/errno.h>
#include <xen/grant_table.h>

#include <string.h>

#include "test_main.h"
#include "world.h"

static struct world *w;
static struct domain *d;

static void setup(void)
{
    w = world_with(2, 96);
    d = w->domains[0];
    world_boot_guest(w, 0);
}

static void teardown(void)
{
    world_free(w);
}

static int64_t call(unsigned int cmd, gva_t arg, uint64_t count)
{
    return world_call(__HYPERVISOR_grant_table_op, cmd, arg.v, count, 0, 0);
}

static int16_t setup_table(domid_t dom, uint32_t frames, uint64_t list[],
                           int64_t *result)
{
    struct gnttab_setup_table op = { .dom = dom, .nr_frames = frames };
    const struct gnttab_setup_table *after;
    gva_t list_va, va;

    memset(list, 0xee, 64 * sizeof(*list));
    world_args_reset(w);
    list_va = world_arg(w, list, 64 * sizeof(*list));
    memcpy(&op.frame_list, &list_va.v, sizeof(op.frame_list));
    va = world_arg(w, &op, sizeof(op));
    *result = call(GNTTABOP_setup_table, va, 1);
    memcpy(list, world_arg_at(w, list_va), 64 * sizeof(*list));
    after = world_arg_at(w, va);
    return after->status;
}

static struct gnttab_query_size query(domid_t dom)
{
    struct gnttab_query_size op = { .dom = dom, .status = 77 };
    gva_t va;

    world_args_reset(w);
    va = world_arg(w, &op, sizeof(op));
    ck_assert_int_eq(call(GNTTABOP_query_size, va, 1), 0);
    memcpy(&op, world_arg_at(w, va), sizeof(op));
    return op;
}

START_TEST(a_table_grows)
{
    uint64_t first[64], second[64];
    int64_t result;
    unsigned int i;

    ck_assert_uint_eq(query(DOMID_SELF).nr_frames, 1);
    ck_assert_uint_eq(query(DOMID_SELF).max_nr_frames, 32);
    ck_assert_int_eq(setup_table(DOMID_SELF, 2, first, &result), GNTST_okay);
    ck_assert_int_eq(result, 0);
    ck_assert_uint_eq(first[2], 0xeeeeeeeeeeeeeeeeull);
    ck_assert_int_eq(setup_table(DOMID_SELF, 32, second, &result),
                     GNTST_okay);
    ck_assert_uint_eq(second[0], first[0]);
    ck_assert_uint_eq(second[1], first[1]);
    for (i = 0; i < 32; i++) {
        const uint64_t *words = frame_map(MFN(second[i]));
        unsigned int k;

        ck_assert(mfn_to_frame(MFN(second[i]))->owner == d->id);
        ck_assert(arch_m2p_get(MFN(second[i])) == M2P_INVALID);
        for (k = 0; k < 512; k++) {
            ck_assert_uint_eq(words[k], 0);
        }
    }
    ck_assert_uint_eq(query(DOMID_SELF).nr_frames, 32);
    /* It does not shrink. */
    ck_assert_int_eq(setup_table(DOMID_SELF, 1, first, &result), GNTST_okay);
    ck_assert_uint_eq(query(DOMID_SELF).nr_frames, 32);
    ck_assert_int_eq(setup_table(DOMID_SELF, 0, first, &result), GNTST_okay);
}
END_TEST

START_TEST(limits_and_strangers)
{
    uint64_t list[64];
    int64_t result;

    ck_assert_int_eq(setup_table(DOMID_SELF, 33, list, &result),
                     GNTST_general_error);
    ck_assert_int_eq(setup_table(DOMID_SELF, ~0u, list, &result),
                     GNTST_general_error);
    ck_assert_int_eq(setup_table(99, 1, list, &result), GNTST_bad_domain);
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(query(99).status, GNTST_bad_domain);
    ck_assert_uint_eq(d->grant_frame_count, 0);
    /* Domain 0 is the control domain here; domain 1 is none. */
    ck_assert_int_eq(setup_table(1, 1, list, &result), GNTST_okay);
    ck_assert_uint_eq(w->domains[1]->grant_frame_count, 1);
    d->is_privileged = false;
    ck_assert_int_eq(setup_table(1, 1, list, &result),
                     GNTST_permission_denied);
    ck_assert_int_eq(query(1).status, GNTST_permission_denied);
    d->is_privileged = true;
}
END_TEST

START_TEST(a_shortage_leaves_what_came)
{
    uint64_t list[64];
    int64_t result;

    host_fail_alloc(3);
    ck_assert_int_eq(setup_table(DOMID_SELF, 8, list, &result),
                     GNTST_general_error);
    ck_assert_uint_eq(d->grant_frame_count, 2);
    ck_assert_int_eq(setup_table(DOMID_SELF, 8, list, &result), GNTST_okay);
    ck_assert_uint_eq(d->grant_frame_count, 8);
}
END_TEST

START_TEST(bad_addresses)
{
    struct gnttab_setup_table op = { .dom = DOMID_SELF, .nr_frames = 1 };
    uint64_t bad = 0x1000;
    const struct gnttab_setup_table *after;
    gva_t va;

    ck_assert_int_eq(call(GNTTABOP_setup_table, GVA(HV_HOLE_START), 1),
                     -XEN_EFAULT);
    ck_assert_int_eq(call(GNTTABOP_query_size, GVA(0x10), 1), -XEN_EFAULT);
    ck_assert_int_eq(call(GNTTABOP_set_version, GVA(0x10), 1), -XEN_EFAULT);
    memcpy(&op.frame_list, &bad, sizeof(bad));
    va = world_arg(w, &op, sizeof(op));
    ck_assert_int_eq(call(GNTTABOP_setup_table, va, 1), 0);
    after = world_arg_at(w, va);
    ck_assert_int_eq(after->status, GNTST_bad_virt_addr);
    bad = HV_HOLE_START;
    memcpy(&op.frame_list, &bad, sizeof(bad));
    ck_assert_int_eq(call(GNTTABOP_setup_table,
                          world_arg(w, &op, sizeof(op)), 1), -XEN_EFAULT);
}
END_TEST

START_TEST(one_structure_a_call)
{
    struct gnttab_query_size op = { .dom = DOMID_SELF };
    gva_t va = world_arg(w, &op, sizeof(op));

    ck_assert_int_eq(call(GNTTABOP_query_size, va, 0), -XEN_EINVAL);
    ck_assert_int_eq(call(GNTTABOP_query_size, va, 2), -XEN_EINVAL);
    ck_assert_int_eq(call(GNTTABOP_setup_table, va, 2), -XEN_EINVAL);
    ck_assert_int_eq(call(GNTTABOP_get_version, va, 1ull << 31),
                     -XEN_EINVAL);
    ck_assert_int_eq(call(GNTTABOP_map_grant_ref, va, 1), -XEN_ENOSYS);
    ck_assert_int_eq(call(99, va, 1), -XEN_ENOSYS);
}
END_TEST

START_TEST(versions)
{
    static const struct { uint32_t version; int64_t result; } rows[] = {
        { 1, 0 }, { 2, -XEN_ENOSYS }, { 0, -XEN_EINVAL }, { 3, -XEN_EINVAL },
    };
    struct gnttab_get_version get = { .dom = DOMID_SELF };
    const struct gnttab_get_version *after;
    unsigned int i;
    gva_t va;

    for (i = 0; i < 4; i++) {
        world_args_reset(w);
        va = world_arg(w, &rows[i].version, 4);
        ck_assert_int_eq(call(GNTTABOP_set_version, va, 1), rows[i].result);
        ck_assert_uint_eq(*(uint32_t *)world_arg_at(w, va), 1);
    }
    va = world_arg(w, &get, sizeof(get));
    ck_assert_int_eq(call(GNTTABOP_get_version, va, 1), 0);
    after = world_arg_at(w, va);
    ck_assert_uint_eq(after->version, 1);
    get.dom = 99;
    ck_assert_int_eq(call(GNTTABOP_get_version,
                          world_arg(w, &get, sizeof(get)), 1), -XEN_ESRCH);
    world_enter(world_vcpu(w, 1));
    get.dom = 0;
    ck_assert_int_eq(call(GNTTABOP_get_version,
                          world_arg(w, &get, sizeof(get)), 1), -XEN_EPERM);
}
END_TEST

START_TEST(frames_can_be_mapped_and_nothing_else)
{
    uint64_t list[64];
    int64_t result;

    ck_assert_int_eq(setup_table(DOMID_SELF, 1, list, &result), GNTST_okay);
    ck_assert_int_eq(frame_get_and_type(d, MFN(list[0]), PT_WRITABLE), 0);
    ck_assert_int_eq(frame_put_and_type(d, MFN(list[0])), 0);
    ck_assert_int_eq(frame_get_and_type(d, MFN(list[0]), PT_L1),
                     -XEN_EINVAL);
    ck_assert(!frame_get(w->domains[1], MFN(list[0])));
    ck_assert(!domain_release_frame(d, MFN(list[0])));
    arch_m2p_set(MFN(list[0]), 7); /* as MMU_MACHPHYS_UPDATE may: G2 */
    world_audit(w);
}
END_TEST

TEST_MAIN("gnttab", setup, teardown, a_table_grows, limits_and_strangers,
          a_shortage_leaves_what_came, bad_addresses, one_structure_a_call,
          versions, frames_can_be_mapped_and_nothing_else)
