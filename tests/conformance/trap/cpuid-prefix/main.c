/* SPDX-License-Identifier: MIT */
/*
 * CPUID by its forced-emulation prefix.
 *
 * CPUID does not trap in ring 3 (where the CPU has no faulting for it), so a
 * guest cannot be kept from seeing the machine's leaves.  It asks for the
 * virtual ones by the bytes ud2, "xen", cpuid: #UD enters the hypervisor,
 * which recognises them and steps over all seven.  Leaf 0x40000000 names it.
 */
#include "conformance.h"

struct leaf {
    uint32_t eax, ebx, ecx, edx;
};

static struct leaf cpuid(uint32_t number)
{
    struct leaf leaf = { .eax = number, .ecx = 0 };

    __asm__ volatile("ud2\n\t .ascii \"xen\"\n\t cpuid"
                     : "+a"(leaf.eax), "=b"(leaf.ebx), "+c"(leaf.ecx),
                       "=d"(leaf.edx));
    return leaf;
}

CONFORMANCE_CASE("The hypervisor's CPUID leaves", 0)
{
    struct leaf leaf = cpuid(0x40000000);

    expect_true("last-leaf", leaf.eax >= 0x40000002);
    expect_eq("ebx", 0x566e6558, leaf.ebx);
    expect_eq("ecx", 0x65584d4d, leaf.ecx);
    expect_eq("edx", 0x4d4d566e, leaf.edx);
    leaf = cpuid(0x40000001);
    expect_eq("version", (uint64_t)
              hypercall_xen_version(XENVER_version, NULL), leaf.eax);
    leaf = cpuid(1);
    expect_eq("hypervisor-present", 1u << 31, leaf.ecx & (1u << 31));
    expect_eq("no-large-pages", 0, leaf.edx & (1u << 3));
    expect_eq("no-global-pages", 0, leaf.edx & (1u << 13));
}
