/* SPDX-License-Identifier: MIT */
/*
 * Pinning and unpinning a big tree.
 *
 * 32,768 entries are more than the hypervisor should look at in one go.  It
 * stops in the middle, keeps what it has done, lets events through, and goes
 * on when the guest executes the same call again, which happens by itself.
 */
#include "conformance.h"

#define TABLES 64u

CONFORMANCE_CASE("A tree of 32,768 entries", 0)
{
    static uint64_t *l1[TABLES];
    uint64_t *l2 = page_alloc(), *data = page_alloc();
    uint64_t mfn = virt_to_mfn(l2);
    unsigned long ticks = time_tick_count;
    struct vcpu_set_periodic_timer often = { .period_ns = 1000000 };

    for (unsigned int i = 0; i < TABLES; i++) {
        l1[i] = page_alloc();
        for (unsigned int j = 0; j < PT_ENTRIES; j++) {
            l1[i][j] = pte_make(virt_to_mfn(data), PTE_DATA);
        }
        page_make_readonly(l1[i]);
        l2[i] = pte_make(virt_to_mfn(l1[i]), PTE_TABLE);
    }
    page_make_readonly(l2);
    hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0, &often);
    for (unsigned int round = 0; round < 3; round++) {
        expect_eq("pin", 0, (uint64_t)mmuext_mfn(MMUEXT_PIN_L2_TABLE, mfn));
        expect_true("typed", mm_set_direct(l1[TABLES - 1], PTE_DATA) < 0);
        expect_eq("unpin", 0, (uint64_t)mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn));
    }
    hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    expect_true("ticks-came-through", time_tick_count > ticks);
    for (unsigned int i = 0; i < TABLES; i++) {
        page_make_writable(l1[i]);
        page_free(l1[i]);
    }
    page_make_writable(l2);
    page_free(l2);
    page_free(data);
}
