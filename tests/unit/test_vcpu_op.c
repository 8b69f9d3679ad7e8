/* SPDX-License-Identifier: MIT */
/*
 * vcpu_op as a guest calls it: each command's errors, vcpu_info in a frame of
 * the guest's own, and hostile arguments.
 */
#include "test_main.h"
#include "world.h"

#include <string.h>

#include <hv/evtchn.h>
#include <hv/sched.h>
#include <hv/sched_op.h>
#include <hv/time.h>

static struct world *w;
static struct domain *d0;
static struct vcpu *a, *b;

static void setup(void)
{
    w = world_with_cpus(2, 32, 2, 2);
    d0 = w->domains[0];
    a = d0->vcpus[0];
    b = d0->vcpus[1];
}

static void teardown(void)
{
    timer_audit(cpus[0]);
    sched_audit();
    evtchn_audit(d0);
    world_free(w);
}

static int64_t call(uint32_t cmd, uint32_t vcpu, uint64_t arg)
{
    return world_call(__HYPERVISOR_vcpu_op, cmd, vcpu, arg, 0, 0);
}

#define CALL(cmd, vcpu, ...) \
    call(cmd, vcpu, world_arg(w, &(__VA_ARGS__), sizeof(__VA_ARGS__)).v)

/* --- numbers of vcpus and commands ---------------------------------------- */

START_TEST(a_vcpu_is_up_down_or_not_there)
{
    uint32_t i;

    ck_assert_int_eq(call(VCPUOP_is_up, 0, 0), 1);
    ck_assert_int_eq(call(VCPUOP_is_up, 1, 0), 0);
    for (i = 2; i < 8192; i++) {
        ck_assert_int_eq(call(VCPUOP_is_up, i, 0), -XEN_ENOENT);
    }
    ck_assert_int_eq(call(VCPUOP_is_up, ~0u, 0), -XEN_ENOENT);
    b->initialised = true;
    vcpu_start(b);
    ck_assert_int_eq(call(VCPUOP_is_up, 1, 0), 1);
}
END_TEST

START_TEST(the_vcpu_is_looked_at_before_the_command)
{
    ck_assert_int_eq(call(99, 2, 0), -XEN_ENOENT);
    ck_assert_int_eq(call(99, 1, 0), -XEN_ENOSYS);
    ck_assert_int_eq(call(VCPUOP_up, 1, 0), -XEN_EINVAL);
    ck_assert_int_eq(call(VCPUOP_register_vcpu_info, 2, 0), -XEN_ENOENT);
    ck_assert_int_eq(call(VCPUOP_register_vcpu_info, 1, 0), -XEN_EFAULT);
}
END_TEST

START_TEST(bad_pointers_are_refused)
{
    static const uint32_t commands[] = {
        VCPUOP_get_runstate_info, VCPUOP_register_runstate_memory_area,
        VCPUOP_set_periodic_timer, VCPUOP_set_singleshot_timer,
        VCPUOP_register_vcpu_info,
    };
    static const uint64_t bad[] = { 0, 0xffff800000000000ull,
                                    0x7fffffffffffull, ~0ull };
    size_t i, j;

    for (i = 0; i < ARRAY_SIZE(commands); i++) {
        for (j = 0; j < ARRAY_SIZE(bad); j++) {
            ck_assert_int_eq(call(commands[i], 0, bad[j]), -XEN_EFAULT);
        }
    }
}
END_TEST

/* --- timers --------------------------------------------------------------- */

START_TEST(periodic_timers_have_limits)
{
    struct vcpu_set_periodic_timer op = { .period_ns = NS_PER_MS - 1 };

    ck_assert_int_eq(CALL(VCPUOP_set_periodic_timer, 0, op), -XEN_EINVAL);
    op.period_ns = 0;
    ck_assert_int_eq(CALL(VCPUOP_set_periodic_timer, 0, op), -XEN_EINVAL);
    op.period_ns = ~0ull;
    ck_assert_int_eq(CALL(VCPUOP_set_periodic_timer, 0, op), -XEN_EINVAL);
    op.period_ns = (1ull << 62) + 1;
    ck_assert_int_eq(CALL(VCPUOP_set_periodic_timer, 0, op), -XEN_EINVAL);
    op.period_ns = 1ull << 62;
    ck_assert_int_eq(CALL(VCPUOP_set_periodic_timer, 0, op), 0);
    op.period_ns = NS_PER_MS;
    ck_assert_int_eq(CALL(VCPUOP_set_periodic_timer, 0, op), 0);
    ck_assert_uint_eq(timer_deadline(&a->periodic), arch_now() + NS_PER_MS);
    ck_assert_int_eq(CALL(VCPUOP_set_periodic_timer, 1, op), 0);
    ck_assert_int_eq(call(VCPUOP_stop_periodic_timer, 0, 0), 0);
    ck_assert(!timer_is_active(&a->periodic));
    ck_assert_int_eq(call(VCPUOP_stop_periodic_timer, 0, 0), 0);
    ck_assert_int_eq(call(VCPUOP_stop_periodic_timer, 1, 0), 0);
}
END_TEST

START_TEST(one_shot_timers_belong_to_the_caller)
{
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
    struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = 5000 };

    time_set_periodic(a, 0);
    ck_assert_int_eq(evtchn_op_bind_virq(d0, &virq), 0);
    host_set_now(1000);
    ck_assert_int_eq(CALL(VCPUOP_set_singleshot_timer, 1, op), -XEN_EINVAL);
    ck_assert_int_eq(call(VCPUOP_stop_singleshot_timer, 1, 0), -XEN_EINVAL);
    ck_assert_int_eq(CALL(VCPUOP_set_singleshot_timer, 0, op), 0);
    host_set_now(5000);
    softirq_run();
    ck_assert(evtchn_2l_is_pending(d0, virq.port));
    evtchn_2l_clear_pending(d0, virq.port);

    /* Past is fine, with the flag that once forbade it, too. */
    ck_assert_int_eq(CALL(VCPUOP_set_singleshot_timer, 0, op), 0);
    softirq_run();
    ck_assert(evtchn_2l_is_pending(d0, virq.port));
    evtchn_2l_clear_pending(d0, virq.port);
    host_set_now(5001);
    op.flags = VCPU_SSHOTTMR_future;
    ck_assert_int_eq(CALL(VCPUOP_set_singleshot_timer, 0, op), 0);
    softirq_run();
    ck_assert(evtchn_2l_is_pending(d0, virq.port));
    op.timeout_abs_ns = 9000;
    ck_assert_int_eq(CALL(VCPUOP_set_singleshot_timer, 0, op), 0);
    ck_assert(timer_is_active(&a->singleshot));
    ck_assert_int_eq(call(VCPUOP_stop_singleshot_timer, 0, 0), 0);
    ck_assert(!timer_is_active(&a->singleshot));
    ck_assert_int_eq(call(VCPUOP_stop_singleshot_timer, 0, 0), 0);
}
END_TEST

START_TEST(a_negative_deadline_is_past)
{
    struct evtchn_bind_virq virq = { .virq = VIRQ_TIMER };
    struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = ~0ull };

    time_set_periodic(a, 0);
    ck_assert_int_eq(evtchn_op_bind_virq(d0, &virq), 0);
    ck_assert_int_eq(CALL(VCPUOP_set_singleshot_timer, 0, op), 0);
    softirq_run();
    ck_assert(evtchn_2l_is_pending(d0, virq.port));
}
END_TEST

/* --- run state ------------------------------------------------------------ */

START_TEST(run_state_can_be_asked_for)
{
    struct vcpu_runstate_info r = { 0 };
    gva_t arg = world_arg(w, &r, sizeof(r));

    host_set_now(7000);
    ck_assert_int_eq(call(VCPUOP_get_runstate_info, 0, arg.v), 0);
    memcpy(&r, world_arg_at(w, arg), sizeof(r));
    ck_assert_int_eq(r.state, RUNSTATE_running);
    ck_assert_uint_eq(r.time[RUNSTATE_running], 7000);
    ck_assert_int_eq(call(VCPUOP_get_runstate_info, 1, arg.v), 0);
    memcpy(&r, world_arg_at(w, arg), sizeof(r));
    ck_assert_int_eq(r.state, RUNSTATE_offline);
    ck_assert_uint_eq(r.time[RUNSTATE_offline], 7000);
}
END_TEST

START_TEST(areas_are_filled_when_registered)
{
    static const uint64_t nowhere[] = {
        0x12345678, 0x800000000000ull - 8, ~0ull - 4, 0,
    };
    struct vcpu_register_runstate_memory_area op;
    struct vcpu_runstate_info zero = { 0 };
    gva_t there = world_arg(w, &zero, sizeof(zero));
    const struct vcpu_runstate_info *r = world_arg_at(w, there);

    host_set_now(7000);
    op.addr.p = there.v;
    ck_assert_int_eq(CALL(VCPUOP_register_runstate_memory_area, 0, op), 0);
    ck_assert_int_eq(r->state, RUNSTATE_running);
    /* A boot processor does it for the others. */
    ck_assert_int_eq(CALL(VCPUOP_register_runstate_memory_area, 1, op), 0);
    ck_assert_uint_eq(b->runstate_guest.v, there.v);
    ck_assert_int_eq(r->state, RUNSTATE_offline);
    ck_assert_uint_eq(r->time[RUNSTATE_offline], 7000);
    /* Nothing there, or not all of it: that is the guest's affair. */
    for (unsigned int i = 0; i < ARRAY_SIZE(nowhere); i++) {
        op.addr.p = nowhere[i];
        ck_assert_int_eq(CALL(VCPUOP_register_runstate_memory_area, 0, op), 0);
    }
    op.addr.p = 0xffff800000000000ull;
    ck_assert_int_eq(CALL(VCPUOP_register_runstate_memory_area, 0, op),
                     -XEN_EFAULT);
    ck_assert_uint_eq(a->runstate_guest.v, 0);
}
END_TEST

/* --- vcpu_info ------------------------------------------------------------ */

static int64_t register_info(uint32_t vcpu, uint64_t mfn, uint32_t offset)
{
    struct vcpu_register_vcpu_info op = { .mfn = mfn, .offset = offset };

    return CALL(VCPUOP_register_vcpu_info, vcpu, op);
}

START_TEST(vcpu_info_moves_with_its_contents)
{
    struct evtchn_bind_ipi ipi = { .vcpu = 0 };
    mfn_t mfn = world_frame(w, 0);
    const struct vcpu_info *slot = a->info;
    const uint8_t *page = frame_map(mfn);

    a->info->evtchn_upcall_mask = 1;
    a->info->arch.cr2 = 0x4711;
    ck_assert_int_eq(register_info(0, mfn.v, 128), 0);
    ck_assert_ptr_eq(a->info, page + 128);
    ck_assert_uint_eq(a->info->evtchn_upcall_mask, 1);
    ck_assert_uint_eq(a->info->arch.cr2, 0x4711);
    ck_assert_uint_eq(a->info->time.version, slot->time.version);
    ck_assert_uint_eq(a->info->evtchn_upcall_pending, 1);
    ck_assert_uint_eq(a->info->evtchn_pending_sel, ~0ull);

    a->info->evtchn_pending_sel = 0;
    a->info->evtchn_upcall_pending = 0;
    ck_assert_int_eq(evtchn_op_bind_ipi(d0, &ipi), 0);
    evtchn_2l_set_pending(a, ipi.port);
    ck_assert_uint_eq(a->info->evtchn_pending_sel, 1);
    ck_assert_uint_eq(slot->evtchn_upcall_pending, 0);
}
END_TEST

START_TEST(vcpu_info_moves_once)
{
    mfn_t mfn = world_frame(w, 0);

    ck_assert_int_eq(register_info(0, mfn.v, 0), 0);
    ck_assert_int_eq(register_info(0, mfn.v, 64), -XEN_EINVAL);
    /* Another vcpu may share the frame; it is down, so it can be prepared. */
    ck_assert_int_eq(register_info(1, mfn.v, 64), 0);
}
END_TEST

START_TEST(vcpu_info_must_lie_in_one_frame)
{
    mfn_t mfn = world_frame(w, 0);
    static const uint32_t bad[] = { 4096 - 56, 4095, 4096, 0x7fffffff,
                                    ~0u, ~0u - 63, 1, 4, 4096 - 68 };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_int_eq(register_info(0, mfn.v, bad[i]), -XEN_ENXIO);
    }
    ck_assert_int_eq(register_info(0, mfn.v, 4096 - 64), 0);
}
END_TEST

START_TEST(vcpu_info_must_lie_in_a_frame_of_the_callers)
{
    mfn_t theirs = world_frame(w, 1);
    static const uint64_t bad[] = { 0, 1ull << 40, ~0ull, ~0ull >> 1 };
    size_t i;

    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        ck_assert_int_eq(register_info(0, bad[i], 0), -XEN_EINVAL);
    }
    ck_assert_int_eq(register_info(0, theirs.v, 0), -XEN_EINVAL);
    ck_assert_int_eq(register_info(0, frame_count, 0), -XEN_EINVAL);
    ck_assert_ptr_eq(a->info, &d0->shared_info->vcpu_info[0]);
}
END_TEST

START_TEST(vcpu_info_of_a_running_vcpu_is_its_own_affair)
{
    mfn_t mfn = world_frame(w, 0);

    b->initialised = true;
    vcpu_start(b);
    ck_assert_int_eq(register_info(1, mfn.v, 0), -XEN_EINVAL);
}
END_TEST

START_TEST(vcpu_info_cannot_lie_in_a_page_table)
{
    struct world_guest g = world_boot_guest(w, 0);

    ck_assert_int_ne(register_info(0, g.l1.v, 0), 0);
    ck_assert_int_ne(register_info(0, g.l4.v, 0), 0);
    ck_assert_ptr_eq(a->info, &d0->shared_info->vcpu_info[0]);
    /* And no page table in the frame of a vcpu_info. */
    ck_assert_int_eq(register_info(0, g.data[0].v, 0), 0);
    this_cpu()->work_left = WORK_BUDGET;
    ck_assert_int_eq(page_type_pin(d0, g.data[0], PT_L1), -XEN_EINVAL);
}
END_TEST

/* --- handlers that the table does not offer yet --------------------------- */

START_TEST(no_vcpu_is_pinned)
{
    struct vcpu_get_physid op = { 0 };

    ck_assert_int_eq(vcpu_op_get_physid(d0, 0, &op), -XEN_EINVAL);
}
END_TEST

START_TEST(a_second_time_area_can_be_registered)
{
    struct vcpu_register_time_memory_area op;
    struct vcpu_time_info zero = { 0 };
    gva_t there = world_arg(w, &zero, sizeof(zero));
    const struct vcpu_time_info *t = world_arg_at(w, there);

    op.addr.p = there.v;
    ck_assert_int_eq(vcpu_op_register_vcpu_time_memory_area(d0, 0, &op), 0);
    ck_assert_uint_ne(t->tsc_to_system_mul, 0);
    op.addr.p = 0xffff87fffffffff8ull;
    ck_assert_int_eq(vcpu_op_register_vcpu_time_memory_area(d0, 0, &op),
                     -XEN_EFAULT);
}
END_TEST

TEST_MAIN("vcpu_op", setup, teardown,
          a_vcpu_is_up_down_or_not_there,
          the_vcpu_is_looked_at_before_the_command,
          bad_pointers_are_refused,
          periodic_timers_have_limits,
          one_shot_timers_belong_to_the_caller,
          a_negative_deadline_is_past,
          run_state_can_be_asked_for,
          areas_are_filled_when_registered,
          vcpu_info_moves_with_its_contents,
          vcpu_info_moves_once,
          vcpu_info_must_lie_in_one_frame,
          vcpu_info_must_lie_in_a_frame_of_the_callers,
          vcpu_info_of_a_running_vcpu_is_its_own_affair,
          vcpu_info_cannot_lie_in_a_page_table,
          no_vcpu_is_pinned,
          a_second_time_area_can_be_registered)
