/* SPDX-License-Identifier: MIT */
/*
 * The emulation prefix cut off by the end of a page.
 *
 * To recognise seven bytes the hypervisor reads the guest's code.  If the
 * page ends in the middle of them and the next is not mapped, it must not be
 * the hypervisor who faults.  The guest gets #UD for the UD2 or #PF for the
 * byte that is missing (Xen does the latter, although the CPU never fetched
 * it), always at the UD2.
 */
#include "conformance.h"

static void jump(void *to)
{
    void (*function)(void);

    memcpy(&function, &to, sizeof(function));
    function();
}

CONFORMANCE_CASE("UD2 with half an emulation prefix behind it", 0)
{
    static const uint8_t prefix[5] = { 0x0f, 0x0b, 'x', 'e', 'n' };
    uint8_t *page = page_alloc();
    struct fault fault;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    for (unsigned int length = 2; length <= 5; length++) {
        uint64_t at = SCRATCH_VA + PAGE_SIZE - length;

        memcpy(page + PAGE_SIZE - length, prefix, length);
        fault = probe_call(jump, hostile(at));
        if (length < 5) {
            expect_true("cut", fault.raised &&
                        (fault.vector == VECTOR_UD ||
                         (fault.vector == VECTOR_PF &&
                          fault.address == SCRATCH_VA + PAGE_SIZE)));
            expect_eq("cut-rip", at, fault.regs.rip);
        } else {
            expect_true("cut-behind-the-prefix", fault.raised);
        }
    }
    scratch_release(SCRATCH_VA);
    page_free(page);
}
