/* SPDX-License-Identifier: MIT */
/*
 * multicall: many calls for one.
 *
 * Entries run in order and each gets its own result, as if it had been made by
 * itself; a failing entry does not stop the rest.  Only a bad list is an error
 * of the multicall.  The list may be long: the hypervisor must be able to stop
 * and go on in the middle of it.  A call that sleeps does so before the next
 * one is made; and any value may be a result, as get_debugreg's is the guest's
 * own.
 */
#include "conformance.h"

#define MANY 1000u
#define HOLE_END_VA 0xffff880000000000ul

static struct multicall_entry calls[MANY];

static void fill(unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        calls[i] = (struct multicall_entry){
            .op = __HYPERVISOR_xen_version, .result = 0x55,
            .args = { XENVER_version },
        };
    }
}

static struct vcpu_runstate_info info;

/* The vcpu's time in every state, so that a busy machine does no harm. */
static uint64_t age(void)
{
    return info.time[RUNSTATE_running] + info.time[RUNSTATE_runnable] +
           info.time[RUNSTATE_blocked] + info.time[RUNSTATE_offline];
}

static void sleep_in_a_list(void)
{
    struct sched_poll poll = { 0 };
    uint64_t before;

    REQUIRE(hypercall_vcpu_op(VCPUOP_get_runstate_info, 0, &info) == 0);
    before = age();
    poll.timeout = time_now_ns() + 10000000;
    calls[0] = (struct multicall_entry){
        .op = __HYPERVISOR_sched_op, .args = { SCHEDOP_poll, (uint64_t)&poll },
    };
    calls[1] = (struct multicall_entry){
        .op = __HYPERVISOR_vcpu_op,
        .args = { VCPUOP_get_runstate_info, 0, (uint64_t)&info },
    };
    expect_eq("sleeping", 0, (uint64_t)hypercall_multicall(calls, 2));
    expect_eq("slept", 0, calls[0].result);
    expect_true("before-the-next", age() >= before + 9000000);
}

/* Values of all kinds, error numbers inside the hypervisor among them. */
static void return_anything(void)
{
    unsigned int wrong = 0;

    for (uint64_t value = 1; value < 200; value++) {
        calls[0] = (struct multicall_entry){
            .op = __HYPERVISOR_set_debugreg, .args = { 0, -value },
        };
        calls[1] = (struct multicall_entry){
            .op = __HYPERVISOR_get_debugreg, .args = { 0 },
        };
        wrong += hypercall_multicall(calls, 2) != 0 ||
                 calls[0].result != 0 || calls[1].result != -value;
    }
    expect_eq("any-value", 0, wrong);
    expect_eq("debug-register-reset", 0, (uint64_t)hypercall(
        __HYPERVISOR_set_debugreg, 0, 0, 0, 0, 0));
}

/* The list goes on where nothing is mapped. */
static void over_the_edge(uint64_t version)
{
    struct multicall_entry *page = page_alloc();

    fill(2);
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    memcpy(page, &calls[1], sizeof(*page));
    for (unsigned int i = 1; i < PAGE_SIZE / sizeof(*page); i++) {
        page[i] = page[0];
    }
    expect_eq("count-off-its-page", -XEN_EFAULT, (uint64_t)
              hypercall_multicall(hostile(SCRATCH_VA), 100));
    expect_eq("what-could-be-done-was", version, page[0].result);
    page[0].result = 0x55;
    memcpy((char *)page + PAGE_SIZE - 32, page, 32);
    expect_eq("half-an-entry", -XEN_EFAULT, (uint64_t)
              hypercall_multicall(hostile(SCRATCH_VA + PAGE_SIZE - 32), 1));
    expect_eq("not-done", 0x55,
              ((uint64_t *)page)[(PAGE_SIZE - 32) / 8 + 1]);
    scratch_release(SCRATCH_VA);
    page_free(page);
}

CONFORMANCE_CASE("multicall: results, order, errors", 0)
{
    uint64_t version = (uint64_t)hypercall_xen_version(XENVER_version, NULL);
    unsigned int wrong = 0;

    fill(4);
    calls[1].op = 63;
    calls[2].args[0] = 99;
    expect_eq("mixed", 0, (uint64_t)hypercall_multicall(calls, 3));
    expect_eq("first", version, calls[0].result);
    expect_eq("unknown-call", -XEN_ENOSYS, calls[1].result);
    expect_eq("unknown-command", -XEN_ENOSYS, calls[2].result);
    expect_eq("beyond-untouched", 0x55, calls[3].result);
    expect_eq("empty", 0, (uint64_t)hypercall_multicall(NULL, 0));

    fill(MANY);
    expect_eq("many", 0, (uint64_t)hypercall_multicall(calls, MANY));
    for (unsigned int i = 0; i < MANY; i++) {
        wrong += calls[i].result != version;
    }
    expect_eq("many-wrong", 0, wrong);

    fill(2);
    expect_eq("count-has-32-bits", 0, (uint64_t)hypercall(
        __HYPERVISOR_multicall, (unsigned long)calls, 1ul << 32 | 1, 0, 0, 0));
    expect_eq("first-of-them", version, calls[0].result);
    fill(2);
    calls[0] = (struct multicall_entry){
        .op = __HYPERVISOR_multicall, .args = { (uint64_t)&calls[1], 1 },
    };
    expect_eq("nested", 0, (uint64_t)hypercall_multicall(calls, 1));
    expect_eq("nested-refused", -XEN_EINVAL, calls[0].result);

    expect_eq("unmapped", -XEN_EFAULT,
              (uint64_t)hypercall_multicall(hostile(UNMAPPED_VA), 1));
    expect_eq("hypervisor", -XEN_EFAULT,
              (uint64_t)hypercall_multicall(hostile(HYPERVISOR_VA), 1));
    expect_eq("m2p", -XEN_EFAULT,
              (uint64_t)hypercall_multicall(hostile(HOLE_VA), 1));
    expect_eq("below-the-kernels-half", -XEN_EFAULT, (uint64_t)
              hypercall_multicall(hostile(HOLE_END_VA - sizeof(calls[0])), 2));
    expect_eq("not-canonical", -XEN_EFAULT, (uint64_t)
              hypercall_multicall(hostile(NON_CANONICAL_VA), 1));
    expect_eq("around-the-end", -XEN_EFAULT, (uint64_t)
              hypercall_multicall(hostile(-sizeof(calls[0])), 2));
    sleep_in_a_list();
    return_anything();
    over_the_edge(version);
}
