/* SPDX-License-Identifier: MIT */
/*
 * VCPUOP_initialise: contexts that lie, in each field; failures and restarts
 * in the middle; two CPUs at once. world_free() audits every count, so what a
 * refused context leaves behind is found.
 */
#include "test_main.h"
#include "world.h"

#include <pthread.h>
#include <string.h>

#include <hv/sched.h>
#include <hv/sched_op.h>
#include <xen/sched.h>

#define BAD_VA  0x0000900000000000ull /* not canonical */
#define HOLE_VA 0xffff800000000000ull

static struct world *w;
static struct domain *d;
static struct vcpu *v;
static struct world_guest g;
static struct vcpu_guest_context context;

static uint64_t maddr(mfn_t mfn)
{
    return mfn.v << PAGE_SHIFT;
}

static void setup(void)
{
    w = world_with_cpus(2, 64, 3, 2);
    d = w->domains[0];
    v = d->vcpus[2];
    g = world_boot_guest(w, 0);
    memset(&context, 0, sizeof(context));
    context.flags = VGCF_in_kernel;
    context.user_regs.rip = 0x401000;
    context.user_regs.rsp = 0x402000;
    context.ctrlreg[3] = maddr(g.l4);
}

static void teardown(void)
{
    world_set_budget(0);
    world_free(w);
}

static int64_t initialise(void)
{
    gva_t arg;

    world_args_reset(w);
    arg = world_arg(w, &context, sizeof(context));
    return world_call(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 2, arg.v, 0, 0);
}

static int64_t up(void)
{
    return world_call(__HYPERVISOR_vcpu_op, VCPUOP_up, 2, 0, 0, 0);
}

/* Nothing is held for the vcpu. */
static void assert_empty(void)
{
    ck_assert(!v->initialised && !v->initialising);
    ck_assert_uint_eq(v->pv.kernel_cr3, 0);
    ck_assert_uint_eq(v->pv.user_cr3, 0);
    ck_assert_uint_eq(v->pv.gdt_entries, 0);
    ck_assert_int_eq(up(), -XEN_EINVAL);
    world_audit(w);
}

static void assert_refused(unsigned long *field, unsigned long value)
{
    unsigned long good = *field;

    *field = value;
    ck_assert_int_eq(initialise(), -XEN_EINVAL);
    *field = good;
    assert_empty();
}

START_TEST(a_vcpu_begins_as_its_context_says)
{
    context.user_regs.rdi = 0x1234;
    context.user_regs.cs = 0xe030;
    context.user_regs.ss = 0xe028;
    context.user_regs.rflags = 0x3000 | 0x20000; /* IOPL 3, VM */
    context.user_regs.fs = 0x13;
    context.ctrlreg[0] = 8;                      /* TS */
    context.kernel_sp = 0x500000;
    context.event_callback_eip = 0x401100;
    context.trap_ctxt[14].address = 0x401200;
    context.gs_base_kernel = 0xffff900000000000ull;
    context.gdt_ents = 16;
    context.gdt_frames[0] = world_frame(w, 0).v;
    ck_assert_int_eq(initialise(), 0);
    ck_assert(v->initialised && v->state == VCPU_OFFLINE);
    ck_assert_uint_eq(v->regs.rip, 0x401000);
    ck_assert_uint_eq(v->regs.rdi, 0x1234);
    ck_assert_uint_eq(v->regs.cs & 0xffff, 0xe033);
    ck_assert_uint_eq(v->regs.ss & 0xffff, 0xe02b);
    ck_assert_uint_eq(v->regs.rflags & 0x3200, 0x200);
    ck_assert_uint_eq(v->pv.iopl, 3);
    ck_assert_uint_eq(v->pv.fs, 0x13);
    ck_assert(v->pv.task_switched);
    ck_assert_uint_eq(v->pv.kernel_sp, 0x500000);
    ck_assert_uint_eq(v->pv.event.address, 0x401100);
    ck_assert_uint_eq(v->pv.traps[14].address, 0x401200);
    ck_assert_uint_eq(v->pv.gs_base_kernel, 0xffff900000000000ull);
    ck_assert_uint_eq(v->pv.gdt_entries, 16);
    ck_assert_uint_eq(v->pv.kernel_cr3, maddr(g.l4));
    ck_assert_int_eq(up(), 0);
    ck_assert_int_eq(v->state, VCPU_RUNNABLE);
}
END_TEST

START_TEST(a_second_time_is_refused)
{
    ck_assert_int_eq(initialise(), 0);
    ck_assert_int_eq(initialise(), -XEN_EEXIST);
    context.user_regs.rip = BAD_VA;
    ck_assert_int_eq(initialise(), -XEN_EEXIST);
    ck_assert_int_eq(world_call(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 2,
                                HOLE_VA, 0, 0), -XEN_EFAULT);
    ck_assert_uint_eq(v->regs.rip, 0x401000);
}
END_TEST

START_TEST(bad_addresses_are_refused)
{
    assert_refused((unsigned long *)&context.user_regs.rip, BAD_VA);
    assert_refused((unsigned long *)&context.user_regs.rsp, BAD_VA);
    assert_refused(&context.kernel_sp, BAD_VA);
    assert_refused(&context.event_callback_eip, BAD_VA);
    assert_refused(&context.failsafe_callback_eip, BAD_VA);
    assert_refused(&context.syscall_callback_eip, BAD_VA);
    assert_refused((unsigned long *)&context.fs_base, BAD_VA);
    assert_refused((unsigned long *)&context.gs_base_kernel, BAD_VA);
    assert_refused((unsigned long *)&context.gs_base_user, BAD_VA);
    assert_refused(&context.trap_ctxt[0].address, BAD_VA);
    assert_refused(&context.trap_ctxt[255].address, BAD_VA);
    assert_refused(&context.ldt_base, HOLE_VA);
    assert_refused(&context.ldt_base, 0x1008);
    assert_refused(&context.ldt_ents, LDT_MAX_ENTRIES + 1);
    assert_refused(&context.ldt_ents, ~0ul);
    context.ldt_ents = 8192;
    assert_refused(&context.ldt_base, 0x00007ffffffff000ul);
}
END_TEST

START_TEST(bad_tables_are_refused)
{
    uint64_t foreign = world_frame(w, 1).v;

    assert_refused(&context.ctrlreg[3], 0);
    assert_refused(&context.ctrlreg[3], ~0ul);
    assert_refused(&context.ctrlreg[3], foreign << PAGE_SHIFT);
    assert_refused(&context.ctrlreg[3], maddr(g.l3));
    assert_refused(&context.ctrlreg[3], maddr(g.data[0]));
    assert_refused(&context.ctrlreg[1], maddr(g.l1));
    assert_refused(&context.ctrlreg[1], maddr(g.data[0]));
    assert_refused(&context.flags, 0); /* user mode without a user table */
}
END_TEST

START_TEST(bad_descriptor_frames_are_refused)
{
    uint64_t foreign = world_frame(w, 1).v;

    assert_refused(&context.gdt_ents, GDT_GUEST_ENTRIES + 1);
    assert_refused(&context.gdt_ents, ~0ul);
    context.gdt_ents = 513;
    context.gdt_frames[0] = world_frame(w, 0).v;
    assert_refused(&context.gdt_frames[1], foreign);
    assert_refused(&context.gdt_frames[1], ~0ul);
    assert_refused(&context.gdt_frames[1], g.l4.v);
    assert_refused(&context.gdt_frames[1], g.data[0].v);
    world_write_entry(MFN(context.gdt_frames[0]), 7, 0x0000890000000000ull);
    context.gdt_ents = 8; /* a TSS is nothing for a guest */
    ck_assert_int_eq(initialise(), -XEN_EINVAL);
    assert_empty();
}
END_TEST

START_TEST(user_mode_begins_on_a_user_table)
{
    context.flags = 0;
    context.ctrlreg[1] = maddr(g.l4);
    ck_assert_int_eq(initialise(), 0);
    ck_assert(!v->kernel_mode);
    ck_assert_uint_eq(v->pv.user_cr3, maddr(g.l4));
}
END_TEST

/* An L4 of its own, not validated before, by portions. */
START_TEST(a_restarted_call_ends_as_one)
{
    struct world_guest other = world_build_guest(w, 0);

    world_set_budget(3);
    context.ctrlreg[3] = maddr(other.l4);
    context.ctrlreg[1] = maddr(g.l4);
    ck_assert_int_eq(initialise(), 0);
    ck_assert_uint_gt(world_restarts(), 0);
    world_set_budget(0);
    world_audit(w);
}
END_TEST

START_TEST(a_late_failure_undoes_by_portions)
{
    struct world_guest other = world_build_guest(w, 0);

    world_set_budget(3);
    context.ctrlreg[3] = maddr(other.l4);
    context.ctrlreg[1] = maddr(g.data[0]);
    ck_assert_int_eq(initialise(), -XEN_EINVAL);
    ck_assert_uint_gt(world_restarts(), 0);
    world_set_budget(0);
    context.ctrlreg[1] = 0;
    context.ctrlreg[3] = maddr(g.l4);
    ck_assert_int_eq(initialise(), 0); /* and finishes what was left */
    ck_assert_uint_eq(v->pv.kernel_cr3, maddr(g.l4));
}
END_TEST

START_TEST(shortage_and_faults_leave_nothing)
{
    host_fail_alloc(1);
    ck_assert_int_eq(initialise(), -XEN_ENOMEM);
    assert_empty();
    host_fail_guest_access(1);
    ck_assert_int_eq(initialise(), -XEN_EFAULT);
    assert_empty();
    ck_assert_int_eq(initialise(), 0);
}
END_TEST

START_TEST(bad_debug_registers_stay_as_they_were)
{
    context.debugreg[0] = HOLE_VA;
    context.debugreg[1] = 0x401000;
    ck_assert_int_eq(initialise(), 0);
    ck_assert_uint_eq(v->pv.debugreg[0], 0);
    ck_assert_uint_eq(v->pv.debugreg[1], 0x401000);
}
END_TEST

/* --- two CPUs ------------------------------------------------------------- */

static int64_t results[2];

static int64_t initialise_on(unsigned int cpu)
{
    gva_t arg;

    host_set_cpu(cpu);
    world_args_reset(w);
    arg = world_arg(w, &context, sizeof(context));
    return world_call(__HYPERVISOR_vcpu_op, VCPUOP_initialise, 2, arg.v, 0, 0);
}

static void *other_cpu(void *unused)
{
    results[1] = initialise_on(1);
    return NULL;
}

START_TEST(one_of_two_cpus_initialises)
{
    pthread_t thread;

    world_enter(d->vcpus[1]);
    ck_assert_int_eq(pthread_create(&thread, NULL, other_cpu, NULL), 0);
    results[0] = initialise_on(0);
    pthread_join(thread, NULL);
    host_set_cpu(0);
    ck_assert((results[0] == 0) != (results[1] == 0));
    ck_assert_int_eq(results[0] + results[1], -XEN_EEXIST);
    ck_assert(v->initialised);
}
END_TEST

/* --- down and NMI --------------------------------------------------------- */

START_TEST(the_last_vcpu_down_ends_the_domain)
{
    ck_assert_int_eq(initialise(), 0);
    ck_assert_int_eq(up(), 0);
    ck_assert_int_eq(world_call(__HYPERVISOR_vcpu_op, VCPUOP_down, 2, 0, 0, 0),
                     0);
    ck_assert_int_eq(v->state, VCPU_OFFLINE);
    ck_assert(!d->is_shut_down);
    ck_assert_int_eq(world_call(__HYPERVISOR_vcpu_op, VCPUOP_down, 0, 0, 0, 0),
                     0);
    ck_assert(d->is_shut_down);
    ck_assert_uint_eq(d->shutdown_reason, SHUTDOWN_poweroff);
}
END_TEST

START_TEST(an_nmi_waits_for_the_one_before)
{
    struct vcpu *self = d->vcpus[0];
    struct cpu_regs *regs = arch_guest_regs();

    regs->rsp = WORLD_DATA + 2 * PAGE_SIZE;
    self->pv.traps[2].address = 0x401000;
    ck_assert_int_eq(world_call(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 0, 0, 0,
                                0), 0);
    softirq_run();
    ck_assert(self->nmi_masked && !self->nmi_pending);
    ck_assert_uint_eq(regs->rip, 0x401000);
    regs->rip = 0x402000;
    ck_assert_int_eq(world_call(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 0, 0, 0,
                                0), 0);
    softirq_run();
    ck_assert(self->nmi_pending);
    ck_assert_uint_ne(regs->rip, 0x401000);
    ck_assert_int_eq(world_call(__HYPERVISOR_vcpu_op, VCPUOP_send_nmi, 0, 8, 0,
                                0), -XEN_EINVAL);
    self->nmi_masked = false;
    self->pv.traps[2].address = 0;
    softirq_raise(cpus[0], SOFTIRQ_NMI);
    softirq_run();
    ck_assert(!self->nmi_pending && !self->nmi_masked); /* nobody heard it */
}
END_TEST

TEST_MAIN("vcpu_context", setup, teardown,
          a_vcpu_begins_as_its_context_says,
          a_second_time_is_refused,
          bad_addresses_are_refused,
          bad_tables_are_refused,
          bad_descriptor_frames_are_refused,
          user_mode_begins_on_a_user_table,
          a_restarted_call_ends_as_one,
          a_late_failure_undoes_by_portions,
          shortage_and_faults_leave_nothing,
          bad_debug_registers_stay_as_they_were,
          one_of_two_cpus_initialises,
          the_last_vcpu_down_ends_the_domain,
          an_nmi_waits_for_the_one_before)
