/* SPDX-License-Identifier: MIT */
/* Claims about core/hypercall.c: the table, the cursor, multicall and
 * restarts. Two calls stand for all: fpu_taskswitch, each execution of which
 * is an effect on the machine, and xen_version, which returns a number. */
#include <string.h>

#include <hv/trace.h>
#include <xen/version.h>

#include "test_main.h"
#include "world.h"

#define READ_ONLY_BASE 0x7100000000ull
#define ENTRIES 100

static struct world *w;

static void setup(void)
{
    w = world_with(1, 64);
}

static void teardown(void)
{
    world_free(w);
}

static int64_t call_multicall(gva_t list, uint64_t count)
{
    return world_call(__HYPERVISOR_multicall, list.v, count, 0, 0, 0);
}

static struct multicall_entry entry(uint64_t op, uint64_t a0)
{
    struct multicall_entry e;

    memset(&e, 0, sizeof(e));
    e.op = op;
    e.args[0] = a0;
    e.result = 0x1234; /* must be overwritten */
    return e;
}

START_TEST(numbers_without_a_row_are_not_implemented)
{
    static const bool offered[HYPERCALL_MAX] = {
#define HYPERCALL(nr, name, kind, restartable) [nr] = true,
#include <hypercalls.def>
    };
    unsigned int nr;

    for (nr = 0; nr < HYPERCALL_MAX; nr++) {
        if (!offered[nr]) {
            ck_assert_int_eq(world_call(nr, 1, 2, 3, 4, 5), -XEN_ENOSYS);
        }
    }
}
END_TEST

START_TEST(the_cursor_reads_each_element_once_in_order)
{
    uint32_t array[3] = { 7, 8, 9 };
    struct guest_iter it = guest_iter(world_arg(w, array, sizeof(array)), 3,
                                      sizeof(array[0]));
    uint32_t got;
    unsigned int i;

    for (i = 0; i < 3; i++) {
        ck_assert_uint_eq(it.left, 3 - i);
        ck_assert_int_eq(guest_iter_read(&it, &got), 0);
        ck_assert_uint_eq(got, 7 + i);
    }
    ck_assert_uint_eq(it.left, 0);
}
END_TEST

START_TEST(the_cursor_stays_where_it_faults)
{
    struct guest_iter it = guest_iter(GVA(HV_HOLE_START), 2, 8);
    uint64_t got = 1;

    ck_assert_int_eq(guest_iter_read(&it, &got), -XEN_EFAULT);
    ck_assert_uint_eq(it.left, 2);
    ck_assert_uint_eq(it.next.v, HV_HOLE_START);
    ck_assert_uint_eq(got, 0);
}
END_TEST

START_TEST(multicall_stores_each_result)
{
    struct multicall_entry list[4] = {
        entry(__HYPERVISOR_xen_version, XENVER_version),
        entry(__HYPERVISOR_fpu_taskswitch, 1),
        entry(11, 0),              /* never given out */
        entry(1ull << 40, 0),      /* far beyond the table */
    };
    gva_t va = world_arg(w, list, sizeof(list));
    const struct multicall_entry *after = world_arg_at(w, va);

    ck_assert_int_eq(call_multicall(va, 4), 0);
    ck_assert_int_gt((int64_t)after[0].result, 0);
    ck_assert_int_eq((int64_t)after[1].result, 0);
    ck_assert_int_eq((int64_t)after[2].result, -XEN_ENOSYS);
    ck_assert_int_eq((int64_t)after[3].result, -XEN_ENOSYS);
}
END_TEST

START_TEST(an_empty_multicall_succeeds)
{
    ck_assert_int_eq(call_multicall(GVA(WORLD_ARGS_BASE), 0), 0);
}
END_TEST

START_TEST(a_multicall_in_a_multicall_is_refused)
{
    struct multicall_entry list[2] = {
        entry(__HYPERVISOR_multicall, 0),
        entry(__HYPERVISOR_fpu_taskswitch, 1),
    };
    gva_t va = world_arg(w, list, sizeof(list));
    const struct multicall_entry *after = world_arg_at(w, va);

    ck_assert_int_eq(call_multicall(va, 2), 0);
    ck_assert_int_eq((int64_t)after[0].result, -XEN_EINVAL);
    ck_assert_int_eq((int64_t)after[1].result, 0);
}
END_TEST

START_TEST(a_bad_list_faults)
{
    struct multicall_entry e = entry(__HYPERVISOR_fpu_taskswitch, 1);
    gva_t last;

    ck_assert_int_eq(call_multicall(GVA(HV_HOLE_START), 1), -XEN_EFAULT);
    ck_assert_int_eq(call_multicall(GVA(0x1000), 1), -XEN_EFAULT);
    ck_assert_int_eq(call_multicall(GVA(WORLD_ARGS_BASE), 1ull << 32), 0);
    ck_assert_int_eq(call_multicall(GVA(WORLD_ARGS_BASE), ~0ull),
                     -XEN_EFAULT);
    last = GVA(WORLD_ARGS_BASE + WORLD_ARGS_SIZE - sizeof(e));
    memcpy(world_arg_at(w, last), &e, sizeof(e));
    ck_assert_int_eq(call_multicall(last, 2), -XEN_EFAULT);
    ck_assert_uint_eq(host_effect_count(EFFECT_TASK_SWITCHED), 1);
}
END_TEST

START_TEST(a_result_that_can_not_be_stored_faults)
{
    static struct multicall_entry list[1];

    list[0] = entry(__HYPERVISOR_fpu_taskswitch, 1);
    host_guest_window(GVA(READ_ONLY_BASE), list, sizeof(list), false);
    ck_assert_int_eq(call_multicall(GVA(READ_ONLY_BASE), 1), -XEN_EFAULT);
}
END_TEST

/* However small the budget, each entry is executed exactly once. */
static void run_with_budget(int32_t budget)
{
    struct multicall_entry list[ENTRIES];
    const struct multicall_entry *after;
    gva_t va;
    unsigned int i;

    for (i = 0; i < ENTRIES; i++) {
        list[i] = entry(__HYPERVISOR_fpu_taskswitch, i & 1);
    }
    world_args_reset(w);
    host_effects_clear();
    va = world_arg(w, list, sizeof(list));
    after = world_arg_at(w, va);
    world_set_budget(budget);
    ck_assert_int_eq(call_multicall(va, ENTRIES), 0);
    world_set_budget(0);
    ck_assert_uint_eq(host_effect_count(EFFECT_TASK_SWITCHED), ENTRIES);
    for (i = 0; i < ENTRIES; i++) {
        ck_assert_int_eq((int64_t)after[i].result, 0);
    }
}

START_TEST(a_multicall_restarts_without_repeating_an_entry)
{
    int32_t b;

    for (b = 1; b < ENTRIES + 2; b++) {
        run_with_budget(b);
        ck_assert_uint_eq(world_restarts() > 0, b < ENTRIES);
    }
}
END_TEST

START_TEST(a_restart_keeps_number_and_other_arguments)
{
    struct cpu_regs *r = arch_guest_regs();
    uint64_t args[2] = { 10, 20 };

    r->rip = 0x1002;
    r->rax = __HYPERVISOR_mmu_update;
    r->rdx = 3;
    r->r10 = 4;
    ck_assert_int_eq(hypercall_restart(2, args), __HYPERVISOR_mmu_update);
    ck_assert_uint_eq(r->rip, 0x1000);
    ck_assert_uint_eq(r->rdi, 10);
    ck_assert_uint_eq(r->rsi, 20);
    ck_assert_uint_eq(r->rdx, 3);
    ck_assert_uint_eq(r->r10, 4);
}
END_TEST

/* A call that changes no argument gives no array: nor may the trace read it. */
START_TEST(a_restart_without_arguments_can_be_traced)
{
    struct cpu_regs *regs;

    world_enter(world_vcpu(w, 0));
    regs = arch_guest_regs();
    regs->rax = __HYPERVISOR_mmuext_op;
    trace_mask = TRC_ALL; /* without rings: only arguments are looked at */
    ck_assert_int_eq(hypercall_restart(0, NULL), __HYPERVISOR_mmuext_op);
}
END_TEST

TEST_MAIN("hypercall", setup, teardown,
          numbers_without_a_row_are_not_implemented,
          the_cursor_reads_each_element_once_in_order,
          the_cursor_stays_where_it_faults, multicall_stores_each_result,
          an_empty_multicall_succeeds, a_multicall_in_a_multicall_is_refused,
          a_bad_list_faults, a_result_that_can_not_be_stored_faults,
          a_multicall_restarts_without_repeating_an_entry,
          a_restart_keeps_number_and_other_arguments,
          a_restart_without_arguments_can_be_traced)
