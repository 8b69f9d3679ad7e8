/* SPDX-License-Identifier: MIT */
/* Claims about core/hypercall.c: the table, the cursor, multicall and
 * restarts. Two calls stand for all: fpu_taskswitch, each execution of which
 * is an effect on the machine, and xen_version, which returns a number. */
#include <string.h>

#include <hv/trace.h>
#include <xen/sched.h>
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

/* The range is judged for the whole list, before the first call. */
START_TEST(a_list_ends_where_the_guests_memory_does)
{
    static struct multicall_entry list[2];
    gva_t low_end = GVA((1ull << 47) - sizeof(list[0]));
    gva_t high_start = GVA(HV_HOLE_END);
    gva_t in_the_gap = GVA(0x0000900000000000ull);

    list[0] = list[1] = entry(__HYPERVISOR_fpu_taskswitch, 1);
    host_guest_window(low_end, list, sizeof(list), true);
    host_guest_window(GVA(high_start.v - sizeof(list[0])), list, sizeof(list),
                      true);
    host_guest_window(in_the_gap, list, sizeof(list), true);
    ck_assert_int_eq(call_multicall(low_end, 2), -XEN_EFAULT);
    ck_assert_int_eq(call_multicall(GVA(high_start.v - sizeof(list[0])), 2),
                     -XEN_EFAULT);
    ck_assert_int_eq(call_multicall(in_the_gap, 1), -XEN_EFAULT);
    ck_assert_int_eq(call_multicall(GVA(~0ull - 63), 2), -XEN_EFAULT);
    ck_assert_uint_eq(host_effect_count(EFFECT_TASK_SWITCHED), 0);
    ck_assert_int_eq(call_multicall(low_end, 1), 0);
    ck_assert_int_eq(call_multicall(high_start, 1), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_TASK_SWITCHED), 2);
}
END_TEST

/* Its last words are where nothing is: the call is not made. */
START_TEST(half_an_entry_is_none)
{
    struct multicall_entry e = entry(__HYPERVISOR_fpu_taskswitch, 1);
    gva_t last = GVA(WORLD_ARGS_BASE + WORLD_ARGS_SIZE - sizeof(e) / 2);

    memcpy(world_arg_at(w, last), &e, sizeof(e) / 2);
    ck_assert_int_eq(call_multicall(last, 1), -XEN_EFAULT);
    ck_assert_uint_eq(host_effect_count(EFFECT_TASK_SWITCHED), 0);
    ck_assert_ptr_null(this_cpu()->multicall);
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

/* What is left to do of a call that stops goes into its entry: each of a
 * batch's operations is done once. */
START_TEST(an_entry_restarts_where_it_stopped)
{
    struct mmuext_op ops[ENTRIES];
    struct multicall_entry list[2] = {
        entry(__HYPERVISOR_mmuext_op, 0),
        entry(__HYPERVISOR_fpu_taskswitch, 1),
    };
    const struct multicall_entry *after;
    gva_t va;

    memset(ops, 0, sizeof(ops));
    for (unsigned int i = 0; i < ENTRIES; i++) {
        ops[i].cmd = MMUEXT_TLB_FLUSH_LOCAL;
    }
    list[0].args[0] = world_arg(w, ops, sizeof(ops)).v;
    list[0].args[1] = ENTRIES;
    list[0].args[3] = DOMID_SELF;
    va = world_arg(w, list, sizeof(list));
    after = world_arg_at(w, va);
    host_effects_clear();
    world_set_budget(7);
    ck_assert_int_eq(call_multicall(va, 2), 0);
    world_set_budget(0);
    ck_assert_uint_gt(world_restarts(), 1);
    ck_assert_uint_eq(host_effect_count(EFFECT_TLB_FLUSH), ENTRIES);
    ck_assert_uint_eq(host_effect_count(EFFECT_TASK_SWITCHED), 1);
    ck_assert_uint_gt(after[0].args[0], list[0].args[0]);
    ck_assert_uint_lt(after[0].args[1] & 0xffff, ENTRIES);
    ck_assert_uint_eq(after[0].args[3], DOMID_SELF);
    ck_assert_int_eq((int64_t)after[0].result, 0);
}
END_TEST

/* M2: a value that looks like the inner code for a restart is a value. */
START_TEST(no_result_restarts_an_entry)
{
    struct multicall_entry list[2] = {
        entry(__HYPERVISOR_set_debugreg, 0),
        entry(__HYPERVISOR_get_debugreg, 0),
    };
    const struct multicall_entry *after;
    gva_t va;

    list[0].args[1] = (uint64_t)-XEN_ERESTART_CALL;
    va = world_arg(w, list, sizeof(list));
    after = world_arg_at(w, va);
    ck_assert_int_eq(call_multicall(va, 2), 0);
    ck_assert_int_eq((int64_t)after[0].result, 0);
    ck_assert_int_eq((int64_t)after[1].result, -XEN_ERESTART_CALL);
    ck_assert_uint_eq(world_restarts(), 0);
}
END_TEST

/* M3 */
START_TEST(softirqs_come_before_the_next_entry)
{
    struct multicall_entry list[3] = {
        entry(__HYPERVISOR_fpu_taskswitch, 1),
        entry(__HYPERVISOR_sched_op, SCHEDOP_block),
        entry(__HYPERVISOR_fpu_taskswitch, 1),
    };
    gva_t va = world_arg(w, list, sizeof(list));
    struct cpu_regs *regs = arch_guest_regs();

    regs->rax = __HYPERVISOR_multicall;
    regs->rip = 0x1002;
    this_cpu()->work_left = WORK_BUDGET;
    ck_assert_int_eq(hc_multicall(va.v, 3, 0, 0, 0), __HYPERVISOR_multicall);
    ck_assert_uint_eq(host_effect_count(EFFECT_TASK_SWITCHED), 1);
    ck_assert_uint_eq(regs->rip, 0x1000);
    ck_assert_uint_eq(regs->rdi, va.v + 2 * sizeof(list[0]));
    ck_assert_uint_eq(regs->rsi, 1);
    vcpu_wake(current_vcpu());
}
END_TEST

START_TEST(a_list_ends_with_its_domain)
{
    struct sched_shutdown off = { .reason = SHUTDOWN_poweroff };
    struct multicall_entry list[2] = {
        entry(__HYPERVISOR_sched_op, SCHEDOP_shutdown),
        entry(__HYPERVISOR_fpu_taskswitch, 1),
    };
    struct cpu_regs *regs = arch_guest_regs();

    list[0].args[1] = world_arg(w, &off, sizeof(off)).v;
    regs->rip = 0x1002;
    this_cpu()->work_left = WORK_BUDGET;
    ck_assert_int_eq(hc_multicall(world_arg(w, list, sizeof(list)).v, 2, 0, 0,
                                  0), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_TASK_SWITCHED), 0);
    ck_assert_uint_eq(regs->rip, 0x1002);
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
          a_bad_list_faults, a_list_ends_where_the_guests_memory_does,
          half_an_entry_is_none, a_result_that_can_not_be_stored_faults,
          a_multicall_restarts_without_repeating_an_entry,
          an_entry_restarts_where_it_stopped, no_result_restarts_an_entry,
          softirqs_come_before_the_next_entry, a_list_ends_with_its_domain,
          a_restart_keeps_number_and_other_arguments,
          a_restart_without_arguments_can_be_traced)
