/* SPDX-License-Identifier: MIT */
/*
 * What fuzzing has found, each as a claim with a name: the shortest calls
 * that broke the rule before it was mended.
 */
#include <string.h>

#include <hv/sched.h>
#include <xen/vcpu.h>

#include "test_main.h"
#include "world.h"

static struct world *w;
static struct world_guest g;

static void setup(void)
{
    w = world_with(1, 64);
    g = world_boot_guest(w, 0);
}

static void teardown(void)
{
    world_free(w);
}

/* The switch looked at 32 bits of the number and the index used 64: a guest
 * could read and write any memory of the hypervisor. */
START_TEST(a_debug_registers_number_is_cut_before_it_indexes)
{
    uint64_t far = 1ull << 32;

    ck_assert_int_eq(world_call(__HYPERVISOR_set_debugreg, far | 1, 0x1234000,
                                0, 0, 0), 0);
    ck_assert_uint_eq(world_vcpu(w, 0)->pv.debugreg[1], 0x1234000);
    ck_assert_int_eq(world_call(__HYPERVISOR_get_debugreg, far * 77 | 1, 0, 0,
                                0, 0), 0x1234000);
}
END_TEST

/* The hypervisor itself writes into shared_info, past all rules of a type. */
START_TEST(shared_info_never_becomes_a_table)
{
    unsigned int cmd;

    for (cmd = MMUEXT_PIN_L1_TABLE; cmd <= MMUEXT_PIN_L4_TABLE; cmd++) {
        struct mmuext_op op;

        memset(&op, 0, sizeof(op));
        op.cmd = cmd;
        op.arg1.mfn = w->domains[0]->shared_info_mfn.v;
        ck_assert_int_lt(world_call(__HYPERVISOR_mmuext_op,
                                    world_arg(w, &op, sizeof(op)).v, 1, 0,
                                    DOMID_SELF, 0), 0);
    }
}
END_TEST

/* The copy was one of two objects that do not overlap. */
START_TEST(a_vcpu_info_may_overlap_its_old_place)
{
    struct vcpu_register_vcpu_info r;
    struct vcpu *v = world_vcpu(w, 0);

    memset(&r, 0, sizeof(r));
    r.mfn = w->domains[0]->shared_info_mfn.v;
    r.offset = 8;
    v->info->arch.cr2 = 0xabcdef;
    ck_assert_int_eq(world_call(__HYPERVISOR_vcpu_op,
                                VCPUOP_register_vcpu_info, 0,
                                world_arg(w, &r, sizeof(r)).v, 0, 0), 0);
    ck_assert_uint_eq(v->info->arch.cr2, 0xabcdef);
}
END_TEST

/* The check looked at 32 bits of the type and the shift used 64. */
START_TEST(an_assists_number_is_cut_before_it_shifts)
{
    uint64_t type = 1ull << 32 | VMASST_TYPE_writable_pagetables;

    ck_assert_int_eq(world_call(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
                                type, 0, 0, 0), 0);
    ck_assert_uint_eq(w->domains[0]->vm_assist,
                      1u << VMASST_TYPE_writable_pagetables);
}
END_TEST

TEST_MAIN("findings", setup, teardown,
          a_debug_registers_number_is_cut_before_it_indexes,
          shared_info_never_becomes_a_table,
          a_vcpu_info_may_overlap_its_old_place,
          an_assists_number_is_cut_before_it_shifts)
