/* SPDX-License-Identifier: MIT */
/*
 * VCPUOP_send_nmi.
 *
 * The one interrupt that no mask holds back: it comes with upcalls masked.
 * Its handler is vector 2 of the trap table, which the NMI callback also
 * sets; while it runs the next one waits, until the iret call that ends it.
 */
#include "conformance.h"

static volatile unsigned int nmis, depth, deepest, nmi_on, stage, may_end;
static volatile unsigned int again;

static bool on_nmi(struct regs *regs)
{
    depth++;
    if (depth > deepest) {
        deepest = depth;
    }
    if (again > 0) {
        again--;
        smp_vcpu_op(VCPUOP_send_nmi, smp_vcpu_id());
        smp_vcpu_op(VCPUOP_send_nmi, smp_vcpu_id());
    }
    nmi_on = smp_vcpu_id();
    depth--;
    __atomic_fetch_add(&nmis, 1, __ATOMIC_SEQ_CST);
    return true;
}

static void wait_there(void *unused)
{
    __atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
    while (!may_end) {
        sched_yield();
    }
}

static uint64_t send(unsigned int vcpu)
{
    return (uint64_t)smp_vcpu_op(VCPUOP_send_nmi, vcpu);
}

CONFORMANCE_CASE("NMIs from vCPU to vCPU", 0)
{
    struct callback_unregister off = { .type = CALLBACKTYPE_nmi };

    nmis = depth = deepest = stage = may_end = again = 0;
    trap_set_handler(2, on_nmi);
    upcalls_save_and_disable();
    expect_eq("to-itself", 0, send(0));
    expect_eq("taken-though-masked", 1, nmis);
    again = 1;
    expect_eq("from-the-handler", 0, send(0));
    expect_eq("two-were-one", 3, nmis);
    expect_eq("not-nested", 1, deepest);
    upcalls_enable();
    expect_eq("with-an-argument", -XEN_EINVAL, (uint64_t)
              hypercall_vcpu_op(VCPUOP_send_nmi, 0, &off));
    expect_eq("no-such-vcpu", -XEN_ENOENT, send(4000));

    hypercall_callback_op(CALLBACKOP_unregister, &off);
    expect_eq("without-handler", 0, send(0));
    trap_register();
    expect_eq("nobody-heard", 3, nmis);

    if (smp_exists(1)) {
        REQUIRE(smp_initialise(1) == 0);
        REQUIRE(smp_run(1, wait_there, NULL));
        REQUIRE(smp_wait_for(&stage, 1));
        expect_eq("to-another", 0, send(1));
        expect_true("heard-there", smp_wait_for(&nmis, 4));
        expect_eq("on-vcpu-1", 1, nmi_on);
        may_end = 1;
        expect_true("ends", smp_wait(1));
    }
    trap_set_handler(2, NULL);
}
