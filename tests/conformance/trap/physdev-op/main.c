/* SPDX-License-Identifier: MIT */
/*
 * The I/O privilege of the kernel, and what the two calls for it refuse.
 *
 * A kernel in ring 3 asks for a level; with 1 or more its port instructions
 * are performed instead of faulting.  Linux does so at start-up and stops when
 * it cannot.  The map of ports is read at each access, so an address that
 * could never be the guest's is refused at once.
 */
#include "conformance.h"

#include <xen/physdev.h>

static uint64_t op(unsigned int command, void *argument)
{
    return (uint64_t)hypercall(__HYPERVISOR_physdev_op, command,
                               (unsigned long)argument, 0, 0, 0);
}

static uint64_t set_level(uint32_t level)
{
    struct physdev_set_iopl iopl = { .iopl = level };

    return op(PHYSDEVOP_set_iopl, &iopl);
}

static uint64_t set_map(void *map, uint32_t ports)
{
    struct physdev_set_iobitmap bitmap = { .nr_ports = ports };

    bitmap.bitmap.p = map;
    return op(PHYSDEVOP_set_iobitmap, &bitmap);
}

static struct fault in(void)
{
    return PROBE("inb %%dx, %%al", "d"(0x80), "a"(0));
}

CONFORMANCE_CASE("physdev_op: I/O privilege and errors", 0)
{
    static uint8_t map[65536 / 8];
    struct fault fault;

    expect_eq("level-4", -XEN_EINVAL, set_level(4));
    expect_eq("level-huge", -XEN_EINVAL, set_level(~0u));
    fault = in();
    expect_fault("in-without", &fault, VECTOR_GP, 0);
    expect_eq("level-1", 0, set_level(1));
    fault = in();
    expect_no_fault("in-at-level-1", &fault);
    expect_eq("level-0", 0, set_level(0));
    fault = in();
    expect_fault("in-at-level-0", &fault, VECTOR_GP, 0);

    expect_eq("too-many-ports", -XEN_EINVAL, set_map(map, 65537));
    expect_eq("map-in-the-hypervisor", -XEN_EINVAL,
              set_map(hostile(HYPERVISOR_VA), 65536));
    expect_eq("map-into-the-gap", 0, set_map(hostile(LAST_VA), 65536));
    expect_eq("map-wraps", 0, set_map(hostile(~7ul), 65536));
    fault = in();
    expect_fault("in-by-a-map-that-is-not-there", &fault, VECTOR_GP, 0);
    expect_eq("map", 0, set_map(map, 65536));
    fault = in();
    expect_no_fault("in-by-the-map", &fault);
    expect_eq("no-map", 0, set_map(NULL, 0));
    fault = in();
    expect_fault("in-without-map", &fault, VECTOR_GP, 0);

    expect_eq("iopl-unmapped", -XEN_EFAULT,
              op(PHYSDEVOP_set_iopl, hostile(UNMAPPED_VA)));
    expect_eq("iobitmap-hypervisor", -XEN_EFAULT,
              op(PHYSDEVOP_set_iobitmap, hostile(HYPERVISOR_VA)));
    expect_eq("unknown", -XEN_ENOSYS, op(99, NULL));
}
