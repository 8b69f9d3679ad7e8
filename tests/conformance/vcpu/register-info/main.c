/* SPDX-License-Identifier: MIT */
/*
 * VCPUOP_register_vcpu_info for another vCPU.
 *
 * The first vCPU does it for those that are down.  A vCPU that is up can only
 * move its own, and once: afterwards the hypervisor holds the frame for good.
 */
#include "conformance.h"

#define OFFSET 512

static char page[PAGE_SIZE] __attribute__((aligned(4096)));
static volatile unsigned int heard, stage, may_end;
static evtchn_port_t port;

static void hear(evtchn_port_t p, void *context)
{
    __atomic_fetch_add(&heard, 1, __ATOMIC_SEQ_CST);
}

static uint64_t move(unsigned int vcpu, uint64_t mfn, uint32_t offset)
{
    struct vcpu_register_vcpu_info op = { .mfn = mfn, .offset = offset };

    return (uint64_t)hypercall_vcpu_op(VCPUOP_register_vcpu_info, vcpu, &op);
}

static void listen(void *unused)
{
    upcalls_enable();
    __atomic_store_n(&stage, 1, __ATOMIC_SEQ_CST);
    while (!may_end) {
        sched_yield();
    }
    upcalls_save_and_disable();
}

CONFORMANCE_CASE("vcpu_info of another vCPU is moved, once", 0)
{
    struct vcpu_info *info = (struct vcpu_info *)(page + OFFSET);
    uint64_t mfn = virt_to_mfn(page);

    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    REQUIRE(smp_initialise(1) == 0);
    heard = stage = may_end = 0;
    REQUIRE(evtchn_bind_ipi(1, &port) == 0);
    evtchn_set_handler(port, hear, NULL);
    evtchn_unmask(port);
    REQUIRE(smp_run(1, listen, NULL));
    REQUIRE(smp_wait_for(&stage, 1));
    expect_eq("it-is-up", -XEN_EINVAL, move(1, mfn, OFFSET));
    may_end = 1;
    REQUIRE(smp_wait(1));

    expect_eq("behind-the-page", -XEN_ENXIO, move(1, mfn, PAGE_SIZE - 63));
    expect_eq("far-behind", -XEN_ENXIO, move(1, mfn, ~0u - 7));
    expect_eq("unaligned", -XEN_ENXIO, move(1, mfn, OFFSET + 4));
    expect_eq("a-table", -XEN_EINVAL, move(1, mm_kernel.root_mfn, 0));
    expect_eq("absent", -XEN_EINVAL, move(1, FRAME_ABSENT, 0));
    expect_eq("good", 0, move(1, mfn, OFFSET));
    smp_set_vcpu_info(1, info);
    expect_eq("everything-pending", ~0ul, info->evtchn_pending_sel);
    expect_eq("upcall-pending", 1, info->evtchn_upcall_pending);
    expect_eq("mask-copied", 1, info->evtchn_upcall_mask);
    expect_eq("twice", -XEN_EINVAL, move(1, mfn, 0));
    expect_eq("twice-and-bad-offset", -XEN_ENXIO, move(1, mfn, PAGE_SIZE));

    stage = may_end = 0;
    REQUIRE(smp_run(1, listen, NULL));
    REQUIRE(smp_wait_for(&stage, 1));
    evtchn_send(port);
    expect_true("heard-through-the-new-one", smp_wait_for(&heard, 1));
    may_end = 1;
    expect_true("ends", smp_wait(1));
    expect_true("time-lives-there", info->time.tsc_to_system_mul != 0);
    evtchn_close(port);
}
