/* SPDX-License-Identifier: MIT */
/*
 * A domain's own memory map.
 *
 * Who builds a domain tells it by set_memory_map what its memory looks like,
 * in the firmware's form; a domain may also set its own.  The hypervisor keeps
 * the entries and gives them back as they are.  The first domain has none
 * until it sets one, which tells it to ask for the machine's.
 */
#include "conformance.h"

#define ENTRY_BYTES 20u
#define ENTRIES_MAX 1024u

static unsigned char map[(ENTRIES_MAX + 1) * ENTRY_BYTES];

static uint64_t set_map(domid_t domain, unsigned int entries, void *buffer)
{
    struct xen_foreign_memory_map op = {
        .domid = domain, .map = { .nr_entries = entries },
    };

    set_xen_guest_handle(op.map.buffer, buffer);
    return (uint64_t)hypercall_memory_op(XENMEM_set_memory_map, &op);
}

static uint64_t get_map(unsigned int *entries, void *buffer)
{
    struct xen_memory_map op = { .nr_entries = *entries };
    uint64_t result;

    set_xen_guest_handle(op.buffer, buffer);
    result = (uint64_t)hypercall_memory_op(XENMEM_memory_map, &op);
    *entries = op.nr_entries;
    return result;
}

static void expect_entries(const char *what, unsigned int room,
                           unsigned int want)
{
    memset(map, 0, sizeof(map));
    expect_eq(what, 0, get_map(&room, map));
    expect_eq(what, want, room);
    for (unsigned int i = 0; i <= want * ENTRY_BYTES; i++) {
        if (map[i] != (i < want * ENTRY_BYTES ? 0x11 : 0)) {
            expect_eq(what, want * ENTRY_BYTES, i);
            return;
        }
    }
}

CONFORMANCE_CASE("A memory map is given back as it was set", 0)
{
    unsigned int entries = 2;

    memset(map, 0x11, sizeof(map));
    expect_eq("set-most", 0, set_map(DOMID_SELF, ENTRIES_MAX, map));
    expect_entries("get-most", ENTRIES_MAX, ENTRIES_MAX);
    memset(map, 0x11, sizeof(map));
    expect_eq("set-three", 0, set_map(DOMID_SELF, 3, map));
    expect_entries("get-three", 10, 3);
    expect_entries("get-two", 2, 2);
    expect_entries("get-none", 0, 0);
    expect_eq("get-into-nowhere", -XEN_EFAULT,
              get_map(&entries, hostile(UNMAPPED_VA)));
    expect_eq("get-into-null", -XEN_EFAULT, get_map(&entries, NULL));
    expect_eq("get-into-the-hypervisor", -XEN_EFAULT,
              get_map(&entries, hostile(HYPERVISOR_VA)));

    expect_eq("set-too-many", -XEN_EINVAL,
              set_map(0x7000, ENTRIES_MAX + 1, map));
    expect_eq("set-nobodys", -XEN_ESRCH, set_map(0x7000, 1, map));
    expect_eq("set-from-nowhere", -XEN_EFAULT,
              set_map(DOMID_SELF, 1, hostile(UNMAPPED_VA)));
    expect_eq("set-from-the-hypervisor", -XEN_EFAULT,
              set_map(DOMID_SELF, 1, hostile(HYPERVISOR_VA)));
    expect_eq("set-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_memory_op(XENMEM_set_memory_map,
                                  hostile(UNMAPPED_VA)));
    expect_eq("set-extents", -XEN_ENOSYS, (uint64_t)
              hypercall_memory_op(XENMEM_set_memory_map | 1 << 6, map));
    expect_entries("kept-through-errors", 10, 3);

    expect_eq("set-empty", 0, set_map(DOMID_SELF, 0, NULL));
    expect_eq("get-after-empty", -XEN_ENOSYS, get_map(&entries, map));
}
