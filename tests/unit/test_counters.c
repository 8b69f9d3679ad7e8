/* SPDX-License-Identifier: MIT */
/* Claims about core/counters.c: what is counted, and how it is told. */
#include <string.h>

#include <hv/counters.h>
#include <hv/hypercall.h>
#include <xen/sysctl.h>

#include "test_main.h"
#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_with_cpus(1, 64, 1, 2);
    counters_reset();
    host_console_clear();
}

static void teardown(void)
{
    world_free(w);
}

START_TEST(each_cpu_counts_for_itself)
{
    COUNT(upcall);
    host_set_cpu(1);
    COUNT(upcall);
    COUNT(upcall);
    host_set_cpu(0);
    ck_assert_uint_eq(cpus[0]->counters[COUNTER_upcall], 1);
    ck_assert_uint_eq(cpus[1]->counters[COUNTER_upcall], 2);
    ck_assert_uint_eq(counter_sum(COUNTER_upcall), 3);
    counters_dump();
    ck_assert_ptr_nonnull(strstr(host_console_text(),
                                 "(xenios) event upcalls"));
    ck_assert_ptr_nonnull(strstr(host_console_text(), " 3: 1 2\n"));
}
END_TEST

START_TEST(what_did_not_happen_is_not_told)
{
    counters_dump();
    ck_assert_ptr_null(strstr(host_console_text(), "upcalls"));
}
END_TEST

START_TEST(reset_forgets_all)
{
    COUNT_AT(hypercall, HYPERCALL_MAX - 1);
    counters_reset();
    for (unsigned int i = 0; i < COUNTERS_TOTAL; i++) {
        ck_assert_uint_eq(counter_sum(i), 0);
    }
}
END_TEST

static void expect_name(unsigned int counter, const char *want)
{
    char name[80];

    counter_name(counter, name, sizeof(name));
    ck_assert_str_eq(name, want);
}

START_TEST(every_counter_has_a_name)
{
    expect_name(COUNTER_hypercall + __HYPERVISOR_mmu_update,
                "hypercall 1 mmu_update");
    expect_name(COUNTER_hypercall + 63, "hypercall 63 ");
    expect_name(COUNTER_exception + TRAP_PF, "exception 14 #PF");
    expect_name(COUNTERS_TOTAL - 1, "switches to idle");
}
END_TEST

START_TEST(the_calls_of_a_multicall_count)
{
    struct multicall_entry list[2] = {
        { .op = __HYPERVISOR_xen_version }, { .op = 63 },
    };
    gva_t va = world_arg(w, list, sizeof(list));

    ck_assert_int_eq(world_call(__HYPERVISOR_multicall, va.v, 2, 0, 0, 0), 0);
    ck_assert_uint_eq(counter_sum(COUNTER_hypercall +
                                  __HYPERVISOR_xen_version), 1);
    ck_assert_uint_eq(counter_sum(COUNTER_hypercall + 63), 1);
}
END_TEST

START_TEST(only_the_privileged_are_told)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_perfc_op,
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
        .u.perfc_op.cmd = XEN_SYSCTL_PERFCOP_query,
    };
    gva_t va = world_arg(w, &op, sizeof(op));
    const struct xen_sysctl *after = world_arg_at(w, va);

    current_domain()->is_privileged = false;
    ck_assert_int_eq(world_call(__HYPERVISOR_sysctl, va.v, 0, 0, 0, 0),
                     -XEN_EPERM);
    ck_assert_uint_eq(after->u.perfc_op.nr_vals, 0);
    current_domain()->is_privileged = true;
    ck_assert_int_eq(world_call(__HYPERVISOR_sysctl, va.v, 0, 0, 0, 0), 0);
    ck_assert_uint_eq(after->u.perfc_op.nr_counters, COUNTERS_TOTAL);
    ck_assert_uint_eq(after->u.perfc_op.nr_vals, 2 * COUNTERS_TOTAL);
}
END_TEST

START_TEST(nothing_is_forgotten_that_nobody_was_told)
{
    struct xen_sysctl op = {
        .cmd = XEN_SYSCTL_perfc_op,
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION,
        .u.perfc_op.cmd = XEN_SYSCTL_PERFCOP_reset,
    };
    gva_t read_only = GVA(0x10000000);
    gva_t va = world_arg(w, &op, sizeof(op));

    COUNT(upcall);
    current_domain()->is_privileged = true;
    host_guest_window(read_only, &op, sizeof(op), false);
    ck_assert_int_eq(world_call(__HYPERVISOR_sysctl, read_only.v, 0, 0, 0, 0),
                     -XEN_EFAULT);
    ck_assert_uint_eq(counter_sum(COUNTER_upcall), 1);
    ck_assert_int_eq(world_call(__HYPERVISOR_sysctl, va.v, 0, 0, 0, 0), 0);
    ck_assert_uint_eq(counter_sum(COUNTER_upcall), 0);
}
END_TEST

TEST_MAIN("counters", setup, teardown,
          each_cpu_counts_for_itself,
          what_did_not_happen_is_not_told,
          reset_forgets_all,
          every_counter_has_a_name,
          the_calls_of_a_multicall_count,
          only_the_privileged_are_told,
          nothing_is_forgotten_that_nobody_was_told)
