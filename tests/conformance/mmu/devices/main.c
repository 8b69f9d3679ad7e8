/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's own devices.
 *
 * The initial domain may map some devices, but never the local APIC: whoever
 * writes to it directs the interrupts of all.
 */
#include "conformance.h"

#define LOCAL_APIC_FRAME 0xfee00ull

CONFORMANCE_CASE("The local APIC cannot be mapped", 0)
{
    void *page = page_alloc();

    expect_eq("writable", -XEN_EPERM, (uint64_t)hypercall_update_va_mapping(
        (unsigned long)page, pte_make(LOCAL_APIC_FRAME, PTE_DATA),
        UVMF_INVLPG));
    expect_true("uncached", hypercall_update_va_mapping(
        (unsigned long)page,
        pte_make(LOCAL_APIC_FRAME, PTE_DATA | PTE_PCD | PTE_PWT),
        UVMF_INVLPG) < 0);
    page_free(page);
}
