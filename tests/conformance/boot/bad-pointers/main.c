/* SPDX-License-Identifier: MIT */
/*
 * Every pointer of every call, at addresses that are not the guest's.
 *
 * The hypervisor shares the guest's address space and may read and write all
 * of it.  A pointer that leads into the hypervisor's part, or nowhere, must be
 * refused before it is followed: a kernel of this kind is broken by the one
 * place that forgot to look.  So each pointer of each call is tried, in
 * arguments and inside of structures, also where a range only ends in the
 * wrong place.
 */
#include "conformance.h"

#include <xen/grant_table.h>
#include <xen/physdev.h>

#define NO_STRUCT 0xffffu

static const unsigned long addresses[] = {
    HYPERVISOR_VA,
    HOLE_VA,                    /* the M2P: readable, but not by a call */
    0xffff87fffffffffc,         /* begins in the hole, ends behind it */
    NON_CANONICAL_VA,
    0x00007ffffffffffe,         /* begins where all is well */
    0xfffffffffffffffe,         /* wraps */
    UNMAPPED_VA,
};

#define ALL        ARRAY_SIZE(addresses)
#define NEVER_HIS  4u           /* those that no guest can ever map */

struct row {
    const char *name;
    unsigned int number;        /* of the call */
    uint64_t args[5];
    unsigned int which;         /* argument that is, or has, the pointer */
    unsigned int field;         /* its place in the structure, or NO_STRUCT */
};

/* The structure that rows with a field point to, as bytes. */
static union {
    unsigned char bytes[64];
    uint64_t words[8];
    struct xen_memory_reservation reservation;
    struct xen_memory_exchange exchange;
    struct xen_machphys_mfn_list mfn_list;
    struct xen_memory_map map;
    struct xen_foreign_memory_map foreign_map;
    struct mmuext_op mmuext;
    struct sched_poll poll;
    struct gnttab_setup_table grants;
    struct physdev_set_iobitmap iobitmap;
} structure, template;

#define ARG(nr, which, ...)                                                  \
    { #nr " argument " #which, __HYPERVISOR_##nr, { __VA_ARGS__ }, which,    \
      NO_STRUCT }
#define COMMAND(nr, command)                                                 \
    { #command, __HYPERVISOR_##nr, { command }, 1, NO_STRUCT }
#define VCPU_COMMAND(command)                                                \
    { #command, __HYPERVISOR_vcpu_op, { command }, 2, NO_STRUCT }

static const struct row in_arguments[] = {
    ARG(set_trap_table, 0, 0),
    ARG(mmu_update, 0, 0, 1, 0, DOMID_SELF),
    ARG(set_gdt, 0, 0, 512),
    ARG(multicall, 0, 0, 1),
    ARG(update_va_mapping, 2, SCRATCH_VA, 0, UVMF_TLB_FLUSH),
    ARG(update_va_mapping_otherdomain, 2, SCRATCH_VA, 0, UVMF_INVLPG,
        DOMID_SELF),
    ARG(mmuext_op, 0, 0, 1, 0, DOMID_SELF),
    ARG(event_channel_op_compat, 0, 0),
    ARG(physdev_op_compat, 0, 0),
    COMMAND(memory_op, XENMEM_current_reservation),
    COMMAND(memory_op, XENMEM_maximum_reservation),
    COMMAND(memory_op, XENMEM_maximum_gpfn),
    COMMAND(memory_op, XENMEM_machphys_mfn_list),
    COMMAND(memory_op, XENMEM_machphys_mapping),
    COMMAND(memory_op, XENMEM_memory_map),
    COMMAND(memory_op, XENMEM_set_memory_map),
    COMMAND(memory_op, XENMEM_exchange),
    COMMAND(memory_op, XENMEM_add_to_physmap),
    COMMAND(memory_op, XENMEM_add_to_physmap_batch),
    COMMAND(memory_op, XENMEM_remove_from_physmap),
    COMMAND(xen_version, XENVER_extraversion),
    COMMAND(xen_version, XENVER_compile_info),
    COMMAND(xen_version, XENVER_capabilities),
    COMMAND(xen_version, XENVER_changeset),
    COMMAND(xen_version, XENVER_platform_parameters),
    COMMAND(xen_version, XENVER_get_features),
    COMMAND(xen_version, XENVER_guest_handle),
    COMMAND(xen_version, XENVER_commandline),
    VCPU_COMMAND(VCPUOP_get_runstate_info),
    VCPU_COMMAND(VCPUOP_register_runstate_memory_area),
    VCPU_COMMAND(VCPUOP_set_periodic_timer),
    VCPU_COMMAND(VCPUOP_set_singleshot_timer),
    VCPU_COMMAND(VCPUOP_register_vcpu_info),
    VCPU_COMMAND(VCPUOP_register_vcpu_time_memory_area),
    COMMAND(sched_op, SCHEDOP_shutdown),
    COMMAND(sched_op, SCHEDOP_poll),
    COMMAND(sched_op, SCHEDOP_remote_shutdown),
    COMMAND(sched_op, SCHEDOP_shutdown_code),
    COMMAND(sched_op, SCHEDOP_watchdog),
    COMMAND(callback_op, CALLBACKOP_register),
    COMMAND(callback_op, CALLBACKOP_unregister),
    COMMAND(event_channel_op, EVTCHNOP_bind_interdomain),
    COMMAND(event_channel_op, EVTCHNOP_bind_virq),
    COMMAND(event_channel_op, EVTCHNOP_close),
    COMMAND(event_channel_op, EVTCHNOP_send),
    COMMAND(event_channel_op, EVTCHNOP_status),
    COMMAND(event_channel_op, EVTCHNOP_alloc_unbound),
    COMMAND(event_channel_op, EVTCHNOP_bind_ipi),
    COMMAND(event_channel_op, EVTCHNOP_bind_vcpu),
    COMMAND(event_channel_op, EVTCHNOP_unmask),
    COMMAND(event_channel_op, EVTCHNOP_reset),
    COMMAND(event_channel_op, EVTCHNOP_init_control),
    COMMAND(event_channel_op, EVTCHNOP_expand_array),
    COMMAND(event_channel_op, EVTCHNOP_set_priority),
    COMMAND(physdev_op, PHYSDEVOP_set_iopl),
    COMMAND(physdev_op, PHYSDEVOP_set_iobitmap),
    ARG(grant_table_op, 1, GNTTABOP_setup_table, 0, 1),
    ARG(grant_table_op, 1, GNTTABOP_query_size, 0, 1),
    ARG(grant_table_op, 1, GNTTABOP_set_version, 0, 1),
    ARG(grant_table_op, 1, GNTTABOP_get_version, 0, 1),
    { "VCPUOP_initialise", __HYPERVISOR_vcpu_op, { VCPUOP_initialise, 1 }, 2,
      NO_STRUCT },
};

static void expect_row(const struct row *row, unsigned int count, int want)
{
    for (unsigned int i = 0; i < count; i++) {
        uint64_t args[5];
        char what[96];

        memcpy(args, row->args, sizeof(args));
        structure = template;
        if (row->field == NO_STRUCT) {
            args[row->which] |= addresses[i] & ~UVMF_FLUSHTYPE_MASK;
        } else {
            memcpy(structure.bytes + row->field, &addresses[i],
                   sizeof(addresses[i]));
            args[row->which] = (uint64_t)&structure;
        }
        snprintf(what, sizeof(what), "%s at %lx", row->name, addresses[i]);
        expect_eq(what, (uint64_t)want, (uint64_t)
                  hypercall(row->number, args[0], args[1], args[2], args[3],
                            args[4]));
    }
}

static void clear(void)
{
    memset(&template, 0, sizeof(template));
}

/* `template` is the argument of memory_op, with a list at `field`. */
static void in_memory_op(const char *name, uint64_t command,
                         unsigned int field, int want)
{
    const struct row row = { name, __HYPERVISOR_memory_op, { command }, 1,
                             field };

    expect_row(&row, ALL, want);
}

static void in_memory_ops(void *list)
{
    clear();
    template.reservation.nr_extents = 1;
    template.reservation.domid = DOMID_SELF;
    in_memory_op("increase list", XENMEM_increase_reservation, 0, 0);
    in_memory_op("decrease list", XENMEM_decrease_reservation, 0, 0);
    in_memory_op("populate list", XENMEM_populate_physmap, 0, 0);
    clear();
    template.exchange.in.nr_extents = template.exchange.out.nr_extents = 1;
    template.exchange.in.domid = template.exchange.out.domid = DOMID_SELF;
    set_xen_guest_handle(template.exchange.out.extent_start,
                         (xen_pfn_t *)list);
    in_memory_op("exchange list", XENMEM_exchange, 0, -XEN_EFAULT);
    clear();
    template.mfn_list.max_extents = 1;
    in_memory_op("M2P list", XENMEM_machphys_mfn_list,
                 offsetof(struct xen_machphys_mfn_list, extent_start),
                 -XEN_EFAULT);
    clear();
    template.foreign_map.map.nr_entries = 1;
    template.foreign_map.domid = DOMID_SELF;
    in_memory_op("new memory map", XENMEM_set_memory_map,
                 offsetof(struct xen_foreign_memory_map, map.buffer),
                 -XEN_EFAULT);
    clear();
    template.map.nr_entries = 64;
    if (start_info->flags & SIF_INITDOMAIN) {
        in_memory_op("memory map", XENMEM_machine_memory_map,
                     offsetof(struct xen_memory_map, buffer), -XEN_EFAULT);
    }
}

static void in_mmuext_op(const char *name, unsigned int command,
                         unsigned int field, int want)
{
    const struct row row = { name, __HYPERVISOR_mmuext_op,
                             { 0, 1, 0, DOMID_SELF }, 0, field };

    clear();
    template.mmuext.cmd = command;
    if (command == MMUEXT_SET_LDT) {
        template.mmuext.arg2.nr_ents = 1;
    }
    expect_row(&row, command == MMUEXT_SET_LDT ? NEVER_HIS : ALL, want);
}

static void in_mmuext_ops(void)
{
    const unsigned int address = offsetof(struct mmuext_op, arg1.linear_addr);
    const unsigned int mask = offsetof(struct mmuext_op, arg2.vcpumask);

    in_mmuext_op("flush mask", MMUEXT_TLB_FLUSH_MULTI, mask, -XEN_EINVAL);
    in_mmuext_op("page flush mask", MMUEXT_INVLPG_MULTI, mask, -XEN_EINVAL);
    in_mmuext_op("page flush", MMUEXT_INVLPG_LOCAL, address, 0);
    in_mmuext_op("page flush of all", MMUEXT_INVLPG_ALL, address, 0);
    in_mmuext_op("LDT", MMUEXT_SET_LDT, address, -XEN_EINVAL);
}

static void in_other_structures(void)
{
    static const struct row poll = {
        "polled ports", __HYPERVISOR_sched_op, { SCHEDOP_poll }, 1,
        offsetof(struct sched_poll, ports),
    };
    static const struct row grants = {
        "grant frames", __HYPERVISOR_grant_table_op,
        { GNTTABOP_setup_table, 0, 1 }, 1,
        offsetof(struct gnttab_setup_table, frame_list),
    };
    static const struct row iobitmap = {
        "I/O bitmap", __HYPERVISOR_physdev_op, { PHYSDEVOP_set_iobitmap }, 1,
        offsetof(struct physdev_set_iobitmap, bitmap),
    };
    static const struct row console = {
        "console text", __HYPERVISOR_console_io, { CONSOLEIO_write, 4 }, 2,
        NO_STRUCT,
    };
    static const struct row runstate = {
        "runstate area", __HYPERVISOR_vcpu_op,
        { VCPUOP_register_runstate_memory_area }, 2, 0,
    };
    static const struct row time = {
        "time area", __HYPERVISOR_vcpu_op,
        { VCPUOP_register_vcpu_time_memory_area }, 2, 0,
    };

    clear();
    template.poll.nr_ports = 1;
    expect_row(&poll, ALL, -XEN_EFAULT);
    template.poll.nr_ports = 2;
    expect_row(&poll, ALL, -XEN_EFAULT);
    clear();
    template.grants.dom = DOMID_SELF;
    template.grants.nr_frames = 1;
    expect_row(&grants, NEVER_HIS, -XEN_EFAULT);
    clear();
    template.iobitmap.nr_ports = 65536;
    expect_row(&iobitmap, NEVER_HIS, -XEN_EINVAL);
    clear();
    expect_row(&runstate, NEVER_HIS, -XEN_EFAULT);
    expect_row(&time, NEVER_HIS, -XEN_EFAULT);
    if (start_info->flags & SIF_INITDOMAIN) {
        expect_row(&console, ALL, -XEN_EFAULT);
    }
}

CONFORMANCE_CASE("Bad addresses in every pointer of every call", 0)
{
    void *page = page_alloc();

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(in_arguments); i++) {
        expect_row(&in_arguments[i], ALL, -XEN_EFAULT);
    }
    in_memory_ops(page);
    in_mmuext_ops();
    in_other_structures();
    scratch_release(SCRATCH_VA);
    page_free(page);
}
