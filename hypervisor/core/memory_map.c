/* SPDX-License-Identifier: MIT */
/*
 * Memory maps, in the firmware's form (manual: memory_op/memory_map).
 *
 * The first domain asks for the machine's map, to find the devices. Other
 * domains ask for one of their own, which whoever built them has set; a domain
 * may also set its own anew. The hypervisor only keeps it: what stands in it
 * means nothing here.
 *
 *   E1  d->e820 has d->e820_entries entries; NULL and 0: none was set
 *   E2  a new map is complete before it takes the place of the old one
 *
 * Lock: d->lock for both fields, and while the entries are copied out.
 */
#include <hv/arch.h>
#include <hv/boot_info.h>
#include <hv/memory.h>
#include <hv/util.h>
#include <xen/errno.h>
#include <xen/memory.h>

#define E820_MAX 1024u /* Xen's limit, whatever the header says */

struct e820_entry {
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed));
STATIC_ASSERT(sizeof(struct e820_entry) == 20, "ACPI 15.2");

static gva_t entry_at(const struct xen_memory_map *map, uint64_t index)
{
    return GVA((uint64_t)(uintptr_t)map->buffer.p +
               index * sizeof(struct e820_entry));
}

static unsigned int map_order(uint32_t entries)
{
    unsigned int order = 0;

    while ((PAGE_SIZE << order) < entries * sizeof(struct e820_entry)) {
        order++;
    }
    return order;
}

/* E2 */
static void map_replace(struct domain *d, struct e820_entry *e820,
                        uint32_t entries)
{
    struct e820_entry *old;
    uint32_t old_entries;

    spin_lock(&d->lock);
    old = d->e820;
    old_entries = d->e820_entries;
    d->e820 = e820;
    d->e820_entries = entries;
    spin_unlock(&d->lock);
    if (old) {
        hv_free_pages(old, map_order(old_entries));
    }
}

bool memory_map_set_plain(struct domain *d)
{
    struct e820_entry *e820 = hv_alloc_pages(0);

    if (!e820) {
        return false;
    }
    e820->length = d->frames_max << PAGE_SHIFT;
    e820->type = REGION_RAM;
    map_replace(d, e820, 1);
    return true;
}

void memory_map_destroy(struct domain *d)
{
    map_replace(d, NULL, 0);
}

int64_t memory_op_memory_map(gva_t arg)
{
    struct domain *d = current_domain();
    struct xen_memory_map map;
    int err = 0;

    if (guest_copy_in(&map, arg, sizeof(map))) {
        return -XEN_EFAULT;
    }
    spin_lock(&d->lock);
    if (!d->e820) {
        err = -XEN_ENOSYS;
    } else {
        map.nr_entries = (uint32_t)min_u64(map.nr_entries, d->e820_entries);
        if (guest_copy_out(entry_at(&map, 0), d->e820,
                           map.nr_entries * sizeof(*d->e820))) {
            err = -XEN_EFAULT;
        }
    }
    spin_unlock(&d->lock);
    if (err) {
        return err;
    }
    return guest_copy_out(arg, &map, sizeof(map)) ? -XEN_EFAULT : 0;
}

int64_t memory_op_set_memory_map(gva_t arg)
{
    struct xen_foreign_memory_map op;
    struct e820_entry *e820 = NULL;
    unsigned int order;
    struct domain *d;

    if (guest_copy_in(&op, arg, sizeof(op))) {
        return -XEN_EFAULT;
    }
    if (op.map.nr_entries > E820_MAX) {
        return -XEN_EINVAL;
    }
    d = domain_resolve(current_domain(), op.domid);
    if (d == NULL) {
        return -XEN_ESRCH;
    }
    if (!memory_may_act_on(d)) {
        return -XEN_EPERM;
    }
    order = map_order(op.map.nr_entries);
    if (op.map.nr_entries != 0) {
        e820 = hv_alloc_pages(order);
        if (!e820) {
            return -XEN_ENOMEM;
        }
        if (guest_copy_in(e820, entry_at(&op.map, 0),
                          op.map.nr_entries * sizeof(*e820))) {
            hv_free_pages(e820, order);
            return -XEN_EFAULT;
        }
    }
    map_replace(d, e820, op.map.nr_entries);
    return 0;
}

/* Xen wants room for one entry more than there are, and so do we. Without a
 * buffer only the number of entries is told. */
int64_t memory_op_machine_memory_map(gva_t arg)
{
    struct xen_memory_map map;
    bool store;

    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    if (guest_copy_in(&map, arg, sizeof(map))) {
        return -XEN_EFAULT;
    }
    store = map.buffer.p != NULL;
    if (store && map.nr_entries <= boot_info.region_count) {
        return -XEN_EINVAL;
    }
    for (unsigned int i = 0; store && i < boot_info.region_count; i++) {
        const struct boot_region *r = &boot_info.regions[i];
        struct e820_entry entry = { r->start, r->length, r->type };

        if (guest_copy_out(entry_at(&map, i), &entry, sizeof(entry))) {
            return -XEN_EFAULT;
        }
    }
    map.nr_entries = boot_info.region_count;
    return guest_copy_out(arg, &map, sizeof(map)) ? -XEN_EFAULT : 0;
}
