/* SPDX-License-Identifier: MIT */
/* Claims about pv/segment.c: bases, debug registers, vm_assist. */
#include <hv/arch.h>
#include <host/host.h>
#include <xen/errno.h>

#include "../../hypervisor/pv/trap.h"
#include "test_main.h"
#include "world.h"

#define BAD_VA 0x0000900000000000ull /* not canonical */
#define UPPER  0xabcd00000000ull     /* must not be looked at */

static struct world *w;
static struct vcpu *v;

static void setup(void)
{
    w = world_with(1, 64);
    world_boot_guest(w, 0);
    v = current_vcpu();
    v->pv.debugreg[6] = 0xffff0ff0;
    v->pv.debugreg[7] = 0x400;
}

static void teardown(void)
{
    world_free(w);
}

static int64_t base(uint64_t which, uint64_t value)
{
    return world_call(__HYPERVISOR_set_segment_base, which, value, 0, 0, 0);
}

static int64_t set(uint64_t reg, uint64_t value)
{
    return world_call(__HYPERVISOR_set_debugreg, reg, value, 0, 0, 0);
}

static int64_t get(uint64_t reg)
{
    return world_call(__HYPERVISOR_get_debugreg, reg, 0, 0, 0, 0);
}

static int64_t assist(uint64_t command, uint64_t type)
{
    return world_call(__HYPERVISOR_vm_assist, command, type, 0, 0, 0);
}

START_TEST(bases_are_canonical)
{
    for (unsigned int which = 0; which < 3; which++) {
        host_effects_clear();
        ck_assert_int_eq(base(which, BAD_VA), -XEN_EINVAL);
        ck_assert_uint_eq(host_effect_count(EFFECT_SEGMENT_BASE), 0);
        /* A base in the hole reads nothing that a selector could not. */
        ck_assert_int_eq(base(which, HV_HOLE_START), 0);
        ck_assert_int_eq(base(which, 0x1000 + which), 0);
        ck_assert_uint_eq(host_effect_count(EFFECT_SEGMENT_BASE), 2);
    }
    ck_assert_uint_eq(v->pv.fs_base, 0x1000);
    ck_assert_uint_eq(v->pv.gs_base_user, 0x1001);
    ck_assert_uint_eq(v->pv.gs_base_kernel, 0x1002);
    ck_assert_int_eq(base(3, BAD_VA), 0); /* a selector: anything goes */
    ck_assert_int_eq(base(4, 0), -XEN_EINVAL);
    ck_assert_int_eq(base(~0u, 0), -XEN_EINVAL);
}
END_TEST

START_TEST(breakpoints_are_the_guests_addresses)
{
    static const uint64_t bad[] = { HV_HOLE_START, HV_HOLE_END - 1, BAD_VA,
                                    0x0000800000000000ull };

    for (unsigned int reg = 0; reg < 4; reg++) {
        ck_assert_int_eq(set(reg, 0x7fffffffffffull), 0);
        ck_assert_int_eq(set(reg, HV_HOLE_END), 0);
        for (unsigned int i = 0; i < ARRAY_SIZE(bad); i++) {
            ck_assert_int_eq(set(reg, bad[i]), -XEN_EPERM);
            ck_assert_uint_eq((uint64_t)get(reg), HV_HOLE_END);
        }
    }
}
END_TEST

START_TEST(there_are_eight_registers)
{
    for (uint64_t reg = 8; reg < 70; reg++) {
        ck_assert_int_eq(set(reg, 0), -XEN_ENODEV);
        ck_assert_int_eq(get(reg), -XEN_ENODEV);
    }
    ck_assert_int_eq(set(~0u, 0), -XEN_ENODEV);
    ck_assert_int_eq(set(UPPER | 1, 0x5000), 0);
    ck_assert_int_eq(get(UPPER | 1), 0x5000);
}
END_TEST

START_TEST(four_and_five_are_names)
{
    ck_assert_int_eq(set(4, 0xffff0ff1), 0);
    ck_assert_int_eq(get(6), 0xffff0ff1);
    ck_assert_int_eq(set(5, 0x600), 0);
    ck_assert_int_eq(get(7), 0x600);
    v->pv.cr4_guest = PV_CR4_DE;
    ck_assert_int_eq(set(4, 0xffff0ff0), -XEN_ENODEV);
    ck_assert_int_eq(set(5, 0x400), -XEN_ENODEV);
    ck_assert_int_eq(get(4), -XEN_ENODEV);
    ck_assert_int_eq(get(5), -XEN_ENODEV);
    ck_assert_int_eq(set(6, 0xffff0ff0), 0);
}
END_TEST

START_TEST(reserved_bits_are_as_the_cpu_has_them)
{
    ck_assert_int_eq(set(6, 0), 0);
    ck_assert_int_eq(get(6), 0xffff0ff0);
    ck_assert_int_eq(set(6, 0xffffffff), 0);
    ck_assert_int_eq(get(6), 0xffffefff);
    ck_assert_int_eq(set(7, 0xdc00), 0);
    ck_assert_int_eq(get(7), 0x400);
    for (unsigned int reg = 4; reg < 8; reg++) {
        ck_assert_int_eq(set(reg, 1ull << 32), -XEN_EINVAL);
    }
}
END_TEST

/* Every enabled type I/O, in each of the four places, is refused. */
START_TEST(no_breakpoint_on_ports)
{
    for (unsigned int i = 0; i < 4; i++) {
        uint64_t io = 2ull << (16 + 4 * i);

        ck_assert_int_eq(set(7, io), 0);
        for (unsigned int bit = 0; bit < 8; bit++) {
            ck_assert_int_eq(set(7, io | 1ull << bit), -XEN_EPERM);
        }
    }
    ck_assert_int_eq(set(7, 0x2000), -XEN_EPERM); /* general detect */
}
END_TEST

START_TEST(enabling_loads_the_addresses)
{
    ck_assert_int_eq(set(2, 0x4000), 0);
    host_effects_clear();
    ck_assert_int_eq(set(7, 0x10), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_DEBUGREG), 5);
    host_effects_clear();
    ck_assert_int_eq(set(7, 0), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_DEBUGREG), 1);
    host_effects_clear();
    ck_assert_int_eq(set(6, 0), 0); /* a variable */
    ck_assert_uint_eq(host_effect_count(EFFECT_DEBUGREG), 0);
}
END_TEST

START_TEST(assists_by_type)
{
    for (uint64_t type = 0; type < 70; type++) {
        int want = type < 6 ? 0 : -XEN_EINVAL;

        ck_assert_int_eq(assist(VMASST_CMD_enable, type), want);
        ck_assert_uint_eq(v->domain->vm_assist, type < 6 ? 1u << type : 0);
        ck_assert_int_eq(assist(VMASST_CMD_disable, UPPER | type), want);
        ck_assert_uint_eq(v->domain->vm_assist, 0);
    }
    ck_assert_int_eq(assist(2, VMASST_TYPE_writable_pagetables),
                     -XEN_ENOSYS);
}
END_TEST

START_TEST(ts_is_the_guests)
{
    ck_assert_int_eq(world_call(__HYPERVISOR_fpu_taskswitch, UPPER | 1, 0, 0,
                                0, 0), 0);
    ck_assert(v->pv.task_switched);
    ck_assert_int_eq(world_call(__HYPERVISOR_fpu_taskswitch, UPPER, 0, 0, 0,
                                0), 0);
    ck_assert(!v->pv.task_switched);
}
END_TEST

TEST_MAIN("segment", setup, teardown, bases_are_canonical,
          breakpoints_are_the_guests_addresses, there_are_eight_registers,
          four_and_five_are_names, reserved_bits_are_as_the_cpu_has_them,
          no_breakpoint_on_ports, enabling_loads_the_addresses,
          assists_by_type, ts_is_the_guests)
