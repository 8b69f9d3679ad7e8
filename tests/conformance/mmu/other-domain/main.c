/* SPDX-License-Identifier: MIT */
/*
 * update_va_mapping_otherdomain: the frame may belong to somebody else.
 *
 * The usual name for oneself is DOMID_SELF, and only that: the caller's own
 * number is refused, as with the other calls that name a foreign domain.
 */
#include "conformance.h"

static uint64_t update(unsigned long va, pte_t pte, uint64_t domain)
{
    return (uint64_t)hypercall(__HYPERVISOR_update_va_mapping_otherdomain, va,
                               pte, UVMF_INVLPG, domain, 0);
}

CONFORMANCE_CASE("update_va_mapping_otherdomain", 0)
{
    uint64_t *a = page_alloc(), *b = page_alloc();
    volatile uint64_t *window = hostile(SCRATCH_VA);
    pte_t to_b = pte_make(virt_to_mfn(b), PTE_DATA);

    *a = 0xa;
    *b = 0xb;
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(a), PTE_DATA) == 0);
    expect_eq("self", 0, update(SCRATCH_VA, to_b, DOMID_SELF));
    expect_eq("self-shows-b", 0xb, *window);
    expect_eq("self-16-bits", 0, update(SCRATCH_VA, to_b,
                                        DOMID_SELF | 0x10000));
    expect_eq("nobody", -XEN_ESRCH, update(SCRATCH_VA, to_b, 0x7000));
    expect_eq("nobody-before-address", -XEN_ESRCH,
              update(HYPERVISOR_VA, to_b, 0x7000));
    expect_eq("cow", -XEN_ESRCH, update(SCRATCH_VA, 0, DOMID_COW));
    if (start_info->flags & SIF_INITDOMAIN) { /* a domU does not know its own */
        expect_eq("own-number", -XEN_ESRCH, update(SCRATCH_VA, to_b, 0));
    }
    expect_eq("hypervisor-address", -XEN_EINVAL,
              update(HYPERVISOR_VA, 0, DOMID_SELF));
    expect_eq("foreign-frame", -XEN_EBUSY,
              update(SCRATCH_VA, pte_make(frame_foreign(), PTE_DATA),
                     DOMID_SELF));
    expect_eq("still-b", 0xb, *window);
    scratch_release(SCRATCH_VA);
    page_free(a);
    page_free(b);
}
