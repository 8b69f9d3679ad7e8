/* SPDX-License-Identifier: MIT */
/* Claims about core/memory_op.c. */
#include <string.h>

#include <hv/boot_info.h>
#include <hv/memory.h>
#include <xen/memory.h>

#include "test_main.h"
#include "world.h"

#define FRAMES 64u
#define EXTENT_SHIFT 6

static struct world *w;

static void setup(void)
{
    w = world_with(2, FRAMES);
}

static void teardown(void)
{
    world_free(w);
}

static int64_t call(uint64_t command, gva_t arg)
{
    return world_call(__HYPERVISOR_memory_op, command, arg.v, 0, 0, 0);
}

struct list_call {
    uint64_t command;
    unsigned int count, order, flags;
    domid_t domid;
    gva_t list;
};

static int64_t change(const struct list_call *c)
{
    struct xen_memory_reservation r;

    memset(&r, 0, sizeof(r));
    r.extent_start.p = (xen_pfn_t *)(uintptr_t)c->list.v;
    r.nr_extents = c->count;
    r.extent_order = c->order;
    r.mem_flags = c->flags;
    r.domid = c->domid;
    return call(c->command, world_arg(w, &r, sizeof(r)));
}

static gva_t list_of(unsigned int count, uint64_t first)
{
    uint64_t list[FRAMES + 8];

    ck_assert_uint_le(count, FRAMES + 8);
    for (unsigned int i = 0; i < count; i++) {
        list[i] = first + i;
    }
    return world_arg(w, list, count * sizeof(list[0]));
}

static const uint64_t *list_at(gva_t va)
{
    return world_arg_at(w, va);
}

static struct list_call populate(unsigned int count, uint64_t first_pfn)
{
    return (struct list_call){ XENMEM_populate_physmap, count, 0, 0,
                               DOMID_SELF, list_of(count, first_pfn) };
}

/* --- populate ------------------------------------------------------------- */

START_TEST(populate_gives_zeroed_frames_with_their_pfns)
{
    struct list_call c = populate(5, 100);
    const uint64_t *mfns = list_at(c.list);

    ck_assert_int_eq(change(&c), 5);
    ck_assert_uint_eq(w->domains[0]->frames_total, 5);
    for (unsigned int i = 0; i < 5; i++) {
        const uint8_t *page = frame_map(MFN(mfns[i]));

        ck_assert_uint_eq(arch_m2p_get(MFN(mfns[i])), 100 + i);
        ck_assert_uint_eq(mfn_to_frame(MFN(mfns[i]))->owner, 0);
        ck_assert_int_eq(page[0] | page[4095], 0);
    }
}
END_TEST

START_TEST(populate_by_order_gives_adjacent_frames)
{
    struct list_call c = populate(3, 1000);
    const uint64_t *mfns = list_at(c.list);

    c.order = 2;
    ck_assert_int_eq(change(&c), 3);
    ck_assert_uint_eq(w->domains[0]->frames_total, 12);
    for (unsigned int i = 0; i < 4; i++) {
        ck_assert_uint_eq(arch_m2p_get(MFN(mfns[2] + i)), 1002 + i);
    }
}
END_TEST

START_TEST(populate_stops_at_the_domains_maximum)
{
    struct list_call c = populate(FRAMES + 5, 0);

    ck_assert_int_eq(change(&c), FRAMES);
    ck_assert_int_eq(change(&c), 0);
    ck_assert_uint_eq(w->domains[0]->frames_total, FRAMES);
}
END_TEST

START_TEST(populate_stops_when_memory_runs_out)
{
    struct list_call c = populate(10, 0);

    host_fail_alloc(4);
    ck_assert_int_eq(change(&c), 3);
    ck_assert_uint_eq(w->domains[0]->frames_total, 3);
}
END_TEST

START_TEST(populate_counts_what_it_did_before_a_bad_pointer)
{
    struct list_call c = populate(0, 0);

    /* Two entries before the end of the window. */
    c.list = GVA(WORLD_ARGS_BASE + WORLD_ARGS_SIZE - 16);
    c.count = 4;
    ck_assert_int_eq(change(&c), 2);
    ck_assert_uint_eq(w->domains[0]->frames_total, 2);
    c.list = GVA(HV_HOLE_START);
    ck_assert_int_eq(change(&c), 0);
    ck_assert_uint_eq(w->domains[0]->frames_total, 2);
}
END_TEST

START_TEST(an_extent_whose_answer_can_not_be_given_is_taken_back)
{
    static uint64_t pfns[2] = { 7, 8 };
    struct list_call c = populate(0, 0);

    host_guest_window(GVA(0x7200000000), pfns, sizeof(pfns), false);
    c.list = GVA(0x7200000000);
    c.count = 2;
    ck_assert_int_eq(change(&c), 0);
    ck_assert_uint_eq(w->domains[0]->frames_total, 0);
}
END_TEST

START_TEST(every_access_may_fault_and_nothing_is_lost)
{
    for (unsigned int n = 1; n < 12; n++) {
        struct list_call c = populate(4, 0);
        uint64_t before = w->domains[0]->frames_total;
        int64_t done;

        host_fail_guest_access(n);
        done = change(&c);
        host_fail_guest_access(0);
        ck_assert_int_ge(done, 0);
        ck_assert_uint_eq(w->domains[0]->frames_total,
                          before + (uint64_t)done);
    }
}
END_TEST

START_TEST(address_bits_bound_the_frames)
{
    struct list_call c = populate(1, 0);

    c.flags = XENMEMF_address_bits(12);
    ck_assert_int_eq(change(&c), 0);
    c.flags = XENMEMF_address_bits(13); /* frame 0 or 1: no memory there */
    ck_assert_int_eq(change(&c), 0);
    c.flags = XENMEMF_address_bits(32);
    ck_assert_int_eq(change(&c), 1);
    c.flags = XENMEMF_address_bits(64);
    ck_assert_int_eq(change(&c), 1);
    c.flags = XENMEMF_address_bits(255);
    ck_assert_int_eq(change(&c), 1);
}
END_TEST

START_TEST(nodes_are_for_who_has_them)
{
    struct list_call c = populate(1, 0);

    c.flags = XENMEMF_node(63);
    ck_assert_int_eq(change(&c), 1);
    c.flags = XENMEMF_node(64);
    ck_assert_int_eq(change(&c), 0);
    c.flags = XENMEMF_exact_node(0);
    ck_assert_int_eq(change(&c), 1);
    c.flags = XENMEMF_populate_on_demand;
    ck_assert_int_eq(change(&c), 0);
    c.flags = XENMEMF_node(64); /* frames that go have no node to name */
    c.command = XENMEM_decrease_reservation;
    ck_assert_int_eq(change(&c), 1);
    c.command = XENMEM_populate_physmap;
    world_enter(world_vcpu(w, 1));
    c.flags = XENMEMF_node(64);
    ck_assert_int_eq(change(&c), 1);
    c.flags = XENMEMF_exact_node(0);
    ck_assert_int_eq(change(&c), 0);
}
END_TEST

START_TEST(a_long_batch_restarts_and_ends_complete)
{
    struct list_call c = populate(FRAMES, 0);
    const uint64_t *mfns = list_at(c.list);

    world_set_budget(100);
    ck_assert_int_eq(change(&c), FRAMES);
    ck_assert_uint_gt(world_restarts(), 10);
    world_set_budget(0);
    for (unsigned int i = 0; i < FRAMES; i++) {
        ck_assert_uint_eq(arch_m2p_get(MFN(mfns[i])), i);
    }
}
END_TEST

/* --- increase ------------------------------------------------------------- */

START_TEST(increase_gives_frames_without_pfns)
{
    struct list_call c = { XENMEM_increase_reservation, 3, 1, 0, DOMID_SELF,
                           list_of(3, 0) };
    const uint64_t *mfns = list_at(c.list);

    ck_assert_int_eq(change(&c), 3);
    ck_assert_uint_eq(w->domains[0]->frames_total, 6);
    ck_assert_uint_eq(arch_m2p_get(MFN(mfns[0])), M2P_INVALID);
    ck_assert_uint_eq(mfn_to_frame(MFN(mfns[2] + 1))->owner, 0);
}
END_TEST

START_TEST(increase_needs_no_list)
{
    struct list_call c = { XENMEM_increase_reservation, 3, 0, 0, DOMID_SELF,
                           GVA(0) };

    ck_assert_int_eq(change(&c), 3);
    ck_assert_uint_eq(w->domains[0]->frames_total, 3);
}
END_TEST

/* --- decrease ------------------------------------------------------------- */

START_TEST(decrease_returns_the_count_and_the_frames)
{
    struct list_call c = populate(4, 50);
    uint64_t first = page_alloc_free_frames();
    uint64_t mfn;

    ck_assert_int_eq(change(&c), 4);
    mfn = list_at(c.list)[0];
    c.command = XENMEM_decrease_reservation;
    ck_assert_int_eq(change(&c), 4);
    ck_assert_uint_eq(w->domains[0]->frames_total, 0);
    ck_assert_uint_eq(page_alloc_free_frames(), first);
    ck_assert_uint_eq(arch_m2p_get(MFN(mfn)), M2P_INVALID);
    ck_assert_int_eq(change(&c), 0); /* not twice */
}
END_TEST

START_TEST(decrease_stops_at_a_frame_that_is_not_ones_own)
{
    uint64_t list[4];
    struct list_call c = { XENMEM_decrease_reservation, 4, 0, 0, DOMID_SELF,
                           GVA(0) };
    static const uint64_t foreign[] = { 0, 1, 1ull << 40, ~0ull };

    list[0] = world_frame(w, 0).v;
    list[1] = world_frame(w, 0).v;
    list[3] = world_frame(w, 0).v;
    for (size_t i = 0; i < ARRAY_SIZE(foreign); i++) {
        list[2] = foreign[i];
        c.list = world_arg(w, list, sizeof(list));
        ck_assert_int_eq(change(&c), i == 0 ? 2 : 0);
        world_args_reset(w);
    }
    list[0] = world_frame(w, 1).v; /* another domain's */
    c.list = world_arg(w, list, sizeof(list));
    ck_assert_int_eq(change(&c), 0);
    ck_assert_uint_eq(w->domains[0]->frames_total, 1);
    list[0] = w->domains[0]->shared_info_mfn.v; /* the hypervisor's, lent */
    list[1] = 0;
    c.list = world_arg(w, list, sizeof(list));
    ck_assert_int_eq(change(&c), 1); /* without effect */
    ck_assert_int_eq(change(&c), 1);
    ck_assert_uint_eq(w->domains[0]->frames_total, 1);
}
END_TEST

START_TEST(an_extent_goes_as_a_whole_or_not_at_all)
{
    struct list_call c = populate(1, 50);
    uint64_t mfn;

    c.order = 2;
    ck_assert_int_eq(change(&c), 1);
    mfn = list_at(c.list)[0];
    c.command = XENMEM_decrease_reservation;
    c.order = 0;
    c.list = list_of(1, mfn + 3);
    ck_assert_int_eq(change(&c), 1); /* now a hole at its end */
    c.order = 2;
    c.list = list_of(1, mfn);
    ck_assert_int_eq(change(&c), 0);
    ck_assert_uint_eq(w->domains[0]->frames_total, 3);
}
END_TEST

START_TEST(a_frame_in_use_stays_ones_own_until_the_use_ends)
{
    struct domain *d = w->domains[0];
    mfn_t mfn = world_frame(w, 0);
    struct list_call c = { XENMEM_decrease_reservation, 1, 0, 0, DOMID_SELF,
                           list_of(1, mfn.v) };
    uint64_t free;

    ck_assert(frame_get(d, mfn));
    free = page_alloc_free_frames();
    ck_assert_int_eq(change(&c), 1);
    ck_assert_uint_eq(d->frames_total, 0);
    ck_assert_uint_eq(page_alloc_free_frames(), free);
    ck_assert_int_eq(change(&c), 1); /* given back already: no effect */
    ck_assert_uint_eq(d->frames_total, 0);
    frame_put(mfn);
    ck_assert_int_eq(change(&c), 0); /* gone */
    ck_assert_uint_eq(page_alloc_free_frames(), free + 1);
}
END_TEST

START_TEST(a_pinned_table_goes_when_its_pin_does)
{
    struct domain *d = w->domains[0];
    uint64_t free = page_alloc_free_frames();
    mfn_t data = world_frame(w, 0);
    mfn_t l1 = world_frame(w, 0);
    struct list_call c = { XENMEM_decrease_reservation, 2, 0, 0, DOMID_SELF,
                           GVA(0) };
    uint64_t list[2] = { l1.v, data.v };

    world_write_entry(l1, 0, world_pte(data, PTE_RW_FLAGS));
    ck_assert_int_eq(page_type_pin(d, l1, PT_L1), 0);
    c.list = world_arg(w, list, sizeof(list));
    ck_assert_int_eq(change(&c), 2);
    ck_assert_uint_eq(d->frames_total, 0);
    ck_assert_uint_eq(page_alloc_free_frames(), free - 2);
    ck_assert_int_eq(page_type_unpin(d, l1), 0);
    ck_assert_uint_eq(page_alloc_free_frames(), free);
}
END_TEST

START_TEST(decrease_restarts_too)
{
    struct list_call c = populate(FRAMES, 0);

    ck_assert_int_eq(change(&c), FRAMES);
    c.command = XENMEM_decrease_reservation;
    world_set_budget(100);
    ck_assert_int_eq(change(&c), FRAMES);
    ck_assert_uint_gt(world_restarts(), 10);
    world_set_budget(0);
    ck_assert_uint_eq(w->domains[0]->frames_total, 0);
}
END_TEST

/* --- who, and how much ---------------------------------------------------- */

START_TEST(a_structure_that_can_not_be_read_counts_nothing)
{
    ck_assert_int_eq(call(XENMEM_populate_physmap, GVA(0)), 0);
    ck_assert_int_eq(call(XENMEM_populate_physmap | 7 << EXTENT_SHIFT,
                          GVA(HV_HOLE_START)), 7);
}
END_TEST

START_TEST(a_count_beyond_the_list_counts_nothing_more)
{
    struct list_call c = populate(3, 0);

    c.command |= 3 << EXTENT_SHIFT;
    ck_assert_int_eq(change(&c), 3);
    c.command |= 0xffu << EXTENT_SHIFT;
    ck_assert_int_eq(change(&c), 0xff);
    ck_assert_uint_eq(w->domains[0]->frames_total, 0);
}
END_TEST

START_TEST(too_much_is_nothing)
{
    struct list_call c = populate(4, 0);

    c.order = 10;
    ck_assert_int_eq(change(&c), 0);
    c.order = 0xffffffff;
    ck_assert_int_eq(change(&c), 0);
    c.order = 0;
    c.count = 1u << 26;
    ck_assert_int_eq(change(&c), 0);
}
END_TEST

START_TEST(another_domain_is_for_the_privileged)
{
    struct list_call c = populate(4, 0);

    c.domid = 1;
    ck_assert_int_eq(change(&c), 4);
    ck_assert_uint_eq(w->domains[1]->frames_total, 4);
    c.domid = 5;
    ck_assert_int_eq(change(&c), 0);
    world_enter(world_vcpu(w, 1));
    c.domid = 0;
    ck_assert_int_eq(change(&c), 0);
    c.domid = DOMID_SELF;
    ck_assert_int_eq(change(&c), 4);
    c.domid = 1;
    ck_assert_int_eq(change(&c), 4);
    ck_assert_uint_eq(w->domains[0]->frames_total, 0);
}
END_TEST

/* --- queries -------------------------------------------------------------- */

static int64_t query(uint64_t command, domid_t domid)
{
    struct xen_memory_domain q = { .domid = domid };

    return call(command, world_arg(w, &q, sizeof(q)));
}

START_TEST(reservations_are_told)
{
    world_frame(w, 0);
    world_frame(w, 1);
    world_frame(w, 1);
    w->domains[0]->shared_info->arch.max_pfn = 77;
    ck_assert_int_eq(query(XENMEM_current_reservation, DOMID_SELF), 1);
    ck_assert_int_eq(query(XENMEM_current_reservation, 1), 2);
    ck_assert_int_eq(query(XENMEM_maximum_reservation, DOMID_SELF), FRAMES);
    ck_assert_int_eq(query(XENMEM_maximum_gpfn, DOMID_SELF), 76);
    w->domains[0]->shared_info->arch.max_pfn = 0;
    ck_assert_int_eq(query(XENMEM_maximum_gpfn, DOMID_SELF), 0);
    ck_assert_int_eq(query(XENMEM_current_reservation, 9), -XEN_ESRCH);
    ck_assert_int_eq(call(XENMEM_current_reservation, GVA(0)), -XEN_EFAULT);
    world_enter(world_vcpu(w, 1));
    ck_assert_int_eq(query(XENMEM_current_reservation, 0), -XEN_EPERM);
    ck_assert_int_eq(query(XENMEM_maximum_reservation, 0), -XEN_EPERM);
    ck_assert_int_eq(query(XENMEM_maximum_gpfn, 0), -XEN_EPERM);
    ck_assert_int_eq(query(XENMEM_current_reservation, 1), 2);
}
END_TEST

START_TEST(the_machine_to_physical_table_is_where_arch_says)
{
    struct xen_machphys_mapping m = { 0, 0, 0 };
    gva_t va = world_arg(w, &m, sizeof(m));
    const struct xen_machphys_mapping *got = world_arg_at(w, va);

    ck_assert_int_eq(call(XENMEM_machphys_mapping, va), 0);
    ck_assert_uint_eq(got->v_start, M2P_BASE);
    ck_assert_uint_gt(got->v_end, got->v_start);
    ck_assert_uint_eq(got->max_mfn, frame_count - 1);
    ck_assert_int_eq(call(XENMEM_machphys_mapping, GVA(0)), -XEN_EFAULT);
    ck_assert_int_eq(call(XENMEM_machphys_mfn_list, GVA(0)), -XEN_EFAULT);
    ck_assert_int_eq(call(XENMEM_maximum_ram_page, GVA(0)),
                     (int64_t)frame_count);
}
END_TEST

struct e820 {
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed));

static gva_t map_arg(unsigned int room, gva_t buffer)
{
    struct xen_memory_map map;

    memset(&map, 0, sizeof(map));
    map.nr_entries = room;
    map.buffer.p = (void *)(uintptr_t)buffer.v;
    return world_arg(w, &map, sizeof(map));
}

START_TEST(a_plain_map_is_one_piece_of_memory)
{
    struct e820 entries[2] = { { 0 } };
    gva_t buffer = world_arg(w, entries, sizeof(entries));
    gva_t arg = map_arg(2, buffer);
    const struct e820 *e = world_arg_at(w, buffer);

    ck_assert_int_eq(call(XENMEM_memory_map, arg), -XEN_ENOSYS);
    ck_assert_int_eq(call(XENMEM_memory_map, GVA(0)), -XEN_EFAULT);
    host_fail_alloc(1);
    ck_assert(!memory_map_set_plain(w->domains[1]));
    ck_assert(memory_map_set_plain(w->domains[1]));
    world_enter(world_vcpu(w, 1));
    ck_assert_int_eq(call(XENMEM_memory_map, arg), 0);
    ck_assert_uint_eq(((struct xen_memory_map *)world_arg_at(w, arg))
                          ->nr_entries, 1);
    ck_assert_uint_eq(e->start, 0);
    ck_assert_uint_eq(e->length, FRAMES * 4096);
    ck_assert_uint_eq(e->type, 1);
    ck_assert_int_eq(call(XENMEM_memory_map, GVA(0)), -XEN_EFAULT);
    ck_assert_int_eq(call(XENMEM_memory_map, map_arg(2, GVA(0))),
                     -XEN_EFAULT);
    ck_assert_int_eq(call(XENMEM_memory_map, map_arg(0, GVA(0))), 0);
}
END_TEST

static int64_t set_map(domid_t domid, unsigned int entries, gva_t buffer)
{
    struct xen_foreign_memory_map op;

    memset(&op, 0, sizeof(op));
    op.domid = domid;
    op.map.nr_entries = entries;
    op.map.buffer.p = (void *)(uintptr_t)buffer.v;
    return call(XENMEM_set_memory_map, world_arg(w, &op, sizeof(op)));
}

START_TEST(a_map_is_kept_as_it_was_set)
{
    struct e820 entries[300];
    gva_t buffer, ask;
    uint64_t free;

    memset(entries, 0x5a, sizeof(entries));
    buffer = world_arg(w, entries, sizeof(entries));
    ck_assert_int_eq(set_map(DOMID_SELF, 300, buffer), 0);
    memset(world_arg_at(w, buffer), 0, sizeof(entries));
    ask = map_arg(301, buffer);
    ck_assert_int_eq(call(XENMEM_memory_map, ask), 0);
    ck_assert_uint_eq(((struct xen_memory_map *)world_arg_at(w, ask))
                          ->nr_entries, 300);
    ck_assert_int_eq(memcmp(world_arg_at(w, buffer), entries,
                            sizeof(entries)), 0);
    free = page_alloc_free_frames();
    host_fail_alloc(1);
    ck_assert_int_eq(set_map(DOMID_SELF, 1, buffer), -XEN_ENOMEM);
    ck_assert_int_eq(set_map(DOMID_SELF, 1025, buffer), -XEN_EINVAL);
    ck_assert_int_eq(set_map(DOMID_SELF, 1024, GVA(0)), -XEN_EFAULT);
    ck_assert_int_eq(set_map(5, 1, buffer), -XEN_ESRCH);
    ck_assert_int_eq(call(XENMEM_set_memory_map, GVA(0)), -XEN_EFAULT);
    ck_assert_uint_eq(page_alloc_free_frames(), free);
    ck_assert_int_eq(call(XENMEM_memory_map, map_arg(2, buffer)), 0);
    ck_assert_int_eq(set_map(DOMID_SELF, 0, GVA(0)), 0);
    ck_assert_int_eq(call(XENMEM_memory_map, map_arg(2, buffer)),
                     -XEN_ENOSYS);
    ck_assert_int_eq(set_map(1, 1, buffer), 0);
    world_enter(world_vcpu(w, 1));
    ck_assert_int_eq(call(XENMEM_memory_map, map_arg(2, buffer)), 0);
    ck_assert_int_eq(set_map(0, 1, buffer), -XEN_EPERM);
}
END_TEST

START_TEST(the_machines_map_is_for_the_privileged)
{
    struct e820 entries[4] = { { 0 } };
    gva_t buffer = world_arg(w, entries, sizeof(entries));
    const struct e820 *e = world_arg_at(w, buffer);
    gva_t ask;

    boot_info.region_count = 3;
    boot_info.regions[2] = (struct boot_region){ 1ull << 32, 1ull << 30,
                                                 REGION_RAM };
    ck_assert_int_eq(call(XENMEM_machine_memory_map, map_arg(3, buffer)),
                     -XEN_EINVAL);
    ck_assert_int_eq(call(XENMEM_machine_memory_map, map_arg(4, buffer)), 0);
    ck_assert_uint_eq(e[2].start, 1ull << 32);
    ck_assert_uint_eq(e[2].type, REGION_RAM);
    ck_assert_int_eq(call(XENMEM_machine_memory_map,
                          map_arg(4, GVA(HV_HOLE_START))), -XEN_EFAULT);
    ask = map_arg(0, GVA(0));
    ck_assert_int_eq(call(XENMEM_machine_memory_map, ask), 0);
    ck_assert_uint_eq(((struct xen_memory_map *)world_arg_at(w, ask))
                          ->nr_entries, 3);
    ck_assert_int_eq(call(XENMEM_machine_memory_map, GVA(0)), -XEN_EFAULT);
    world_enter(world_vcpu(w, 1));
    ck_assert_int_eq(call(XENMEM_machine_memory_map, map_arg(4, buffer)),
                     -XEN_EPERM);
}
END_TEST

START_TEST(a_pv_guest_has_no_physmap_to_change)
{
    struct xen_add_to_physmap one;
    struct xen_add_to_physmap_batch batch;
    gva_t at;

    memset(&one, 0, sizeof(one));
    memset(&batch, 0, sizeof(batch));
    one.domid = batch.domid = DOMID_SELF;
    at = world_arg(w, &one, sizeof(one));
    ck_assert_int_eq(call(XENMEM_add_to_physmap, at), -XEN_EACCES);
    ck_assert_int_eq(call(XENMEM_remove_from_physmap, at), -XEN_EACCES);
    at = world_arg(w, &batch, sizeof(batch));
    ck_assert_int_eq(call(XENMEM_add_to_physmap_batch, at), -XEN_EACCES);
    one.space = XENMAPSPACE_gmfn_foreign;
    batch.space = XENMAPSPACE_gmfn_range;
    at = world_arg(w, &one, sizeof(one));
    ck_assert_int_eq(call(XENMEM_add_to_physmap, at), -XEN_ENOSYS);
    at = world_arg(w, &batch, sizeof(batch));
    ck_assert_int_eq(call(XENMEM_add_to_physmap_batch, at), -XEN_EOPNOTSUPP);
    one.space = 0;
    one.domid = 9;
    at = world_arg(w, &one, sizeof(one));
    ck_assert_int_eq(call(XENMEM_add_to_physmap, at), -XEN_ESRCH);
    ck_assert_int_eq(call(XENMEM_remove_from_physmap, at), -XEN_ESRCH);
    ck_assert_int_eq(call(XENMEM_add_to_physmap, GVA(0)), -XEN_EFAULT);
    ck_assert_int_eq(call(XENMEM_add_to_physmap_batch, GVA(0)), -XEN_EFAULT);
    ck_assert_int_eq(call(XENMEM_remove_from_physmap, GVA(0)), -XEN_EFAULT);
}
END_TEST

START_TEST(the_rest_is_not_offered)
{
    static const unsigned int absent[] = { 8, 16, 17, 18, 19, 20, 21, 22, 24,
                                           25, 26, 27, 28, 29, 63 };

    for (size_t i = 0; i < ARRAY_SIZE(absent); i++) {
        ck_assert_int_eq(call(absent[i], GVA(0)), -XEN_ENOSYS);
    }
    ck_assert_int_eq(call(XENMEM_maximum_ram_page | 1 << EXTENT_SHIFT,
                          GVA(0)), -XEN_EINVAL);
    ck_assert_int_eq(call(XENMEM_exchange | 1 << EXTENT_SHIFT, GVA(0)),
                     -XEN_EINVAL);
    ck_assert_int_eq(call(XENMEM_memory_map | 1 << EXTENT_SHIFT, GVA(0)),
                     -XEN_ENOSYS);
}
END_TEST

TEST_MAIN("memory_op", setup, teardown,
          populate_gives_zeroed_frames_with_their_pfns,
          populate_by_order_gives_adjacent_frames,
          populate_stops_at_the_domains_maximum,
          populate_stops_when_memory_runs_out,
          populate_counts_what_it_did_before_a_bad_pointer,
          an_extent_whose_answer_can_not_be_given_is_taken_back,
          every_access_may_fault_and_nothing_is_lost,
          address_bits_bound_the_frames,
          a_long_batch_restarts_and_ends_complete,
          increase_gives_frames_without_pfns,
          increase_needs_no_list,
          decrease_returns_the_count_and_the_frames,
          decrease_stops_at_a_frame_that_is_not_ones_own,
          an_extent_goes_as_a_whole_or_not_at_all,
          a_frame_in_use_stays_ones_own_until_the_use_ends,
          a_pinned_table_goes_when_its_pin_does,
          decrease_restarts_too,
          a_structure_that_can_not_be_read_counts_nothing,
          a_count_beyond_the_list_counts_nothing_more,
          too_much_is_nothing,
          another_domain_is_for_the_privileged,
          reservations_are_told,
          the_machine_to_physical_table_is_where_arch_says,
          a_plain_map_is_one_piece_of_memory,
          the_machines_map_is_for_the_privileged,
          a_map_is_kept_as_it_was_set,
          a_pv_guest_has_no_physmap_to_change,
          nodes_are_for_who_has_them,
          the_rest_is_not_offered)
