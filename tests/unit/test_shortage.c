/* SPDX-License-Identifier: MIT */
/*
 * Every allocation and every access to guest memory can fail, at any point of
 * an operation. Each operation here runs once to count them, then once for
 * each of them with that one failing. Nothing may be lost: the audit agrees,
 * no frame is missing at the end, and the operation works the next time.
 */
#include <string.h>

#include <hv/evtchn.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/memory.h>

#include "test_main.h"
#include "world.h"

#define SPARE_DOMAIN 5

static struct world *w;
static struct world_guest g;

/* An operation: true when it succeeded. It undoes what it did, so that it can
 * be made again. */
typedef bool operation(void);

static void setup(void)
{
    w = world_with(1, 64);
    g = world_boot_guest(w, 0);
}

static void teardown(void)
{
    world_free(w);
}

static void fail_each_allocation(operation *run)
{
    unsigned int before = host_alloc_count();
    unsigned int count;
    unsigned int n;

    ck_assert(run());
    count = host_alloc_count() - before;
    ck_assert_uint_gt(count, 0);
    for (n = 1; n <= count; n++) {
        uint64_t frames = page_alloc_free_frames();

        host_fail_alloc(n);
        ck_assert_msg(!run(), "allocation %u of %u does not matter", n, count);
        host_fail_alloc(0);
        ck_assert_uint_eq(page_alloc_free_frames(), frames);
        world_audit(w);
    }
    ck_assert(run());
}

/* Some accesses do not matter to the result; none may do harm. */
static void fail_each_access(operation *run)
{
    unsigned int before = host_guest_access_count();
    unsigned int failures = 0;
    unsigned int count;
    unsigned int n;

    ck_assert(run());
    count = host_guest_access_count() - before;
    for (n = 1; n <= count; n++) {
        host_fail_guest_access(n);
        failures += !run();
        host_fail_guest_access(0);
        world_audit(w);
        ck_assert(!w->domains[0]->crashed);
    }
    ck_assert_uint_gt(failures, 0);
    ck_assert(run());
}

static bool create_domain(void)
{
    struct domain *d = domain_create(SPARE_DOMAIN, 3, 10, false);

    if (d == NULL) {
        ck_assert_ptr_null(domain_by_id(SPARE_DOMAIN));
        return false;
    }
    domain_destroy(d);
    return true;
}

START_TEST(a_domain_is_made_whole_or_not_at_all)
{
    fail_each_allocation(create_domain);
}
END_TEST

static bool hypercall(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                      uint64_t a3)
{
    return world_call(nr, a0, a1, a2, a3, 0) >= 0;
}

/* One frame in, one frame out. */
static bool populate_and_give_back(void)
{
    xen_pfn_t frame = 40;
    struct xen_memory_reservation r;
    uint64_t had = w->domains[0]->frames_total;
    gva_t list;
    bool good;

    world_args_reset(w);
    list = world_arg(w, &frame, sizeof(frame));
    memset(&r, 0, sizeof(r));
    r.extent_start.p = (void *)list.v;
    r.nr_extents = 1;
    r.domid = DOMID_SELF;
    good = world_call(__HYPERVISOR_memory_op, XENMEM_populate_physmap,
                      world_arg(w, &r, sizeof(r)).v, 0, 0, 0) == 1;
    if (w->domains[0]->frames_total > had) {
        /* What was not told to the guest is still the guest's. */
        mfn_t mfn = MFN(*(uint64_t *)world_arg_at(w, list));

        if (good) {
            ck_assert(domain_release_frame(w->domains[0], mfn));
        }
    }
    return good;
}

START_TEST(populating_memory_survives_a_shortage)
{
    fail_each_allocation(populate_and_give_back);
}
END_TEST

static bool update_one_entry(void)
{
    struct mmu_update u[2];
    uint64_t maddr = g.l1.v << PAGE_SHIFT;

    world_args_reset(w);
    u[0].ptr = maddr | world_index(GVA(WORLD_DATA), 1) * 8;
    u[0].val = 0;
    u[1].ptr = u[0].ptr;
    u[1].val = world_pte(g.data[0], PTE_RW_FLAGS);
    return hypercall(__HYPERVISOR_mmu_update, world_arg(w, u, sizeof(u)).v, 2,
                     world_arg(w, &maddr, 4).v, DOMID_SELF);
}

START_TEST(page_table_updates_survive_faults)
{
    fail_each_access(update_one_entry);
}
END_TEST

static bool pin_and_unpin(void)
{
    struct mmuext_op op[2];

    world_args_reset(w);
    memset(op, 0, sizeof(op));
    op[0].cmd = MMUEXT_UNPIN_TABLE;
    op[0].arg1.mfn = g.l4.v;
    op[1].cmd = MMUEXT_PIN_L4_TABLE;
    op[1].arg1.mfn = g.l4.v;
    if (!hypercall(__HYPERVISOR_mmuext_op, world_arg(w, op, sizeof(op)).v, 2,
                   0, DOMID_SELF)) {
        /* The fault may have come between the two. */
        (void)hypercall(__HYPERVISOR_mmuext_op,
                        world_arg(w, &op[1], sizeof(op[1])).v, 1, 0,
                        DOMID_SELF);
        return false;
    }
    return true;
}

START_TEST(pinning_survives_faults)
{
    fail_each_access(pin_and_unpin);
}
END_TEST

static bool open_and_close_port(void)
{
    struct evtchn_alloc_unbound open = {
        .dom = DOMID_SELF, .remote_dom = DOMID_SELF,
    };
    struct evtchn_close end;
    gva_t va;

    world_args_reset(w);
    va = world_arg(w, &open, sizeof(open));
    if (!hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
                   va.v, 0, 0)) {
        return false;
    }
    end.port = ((struct evtchn_alloc_unbound *)world_arg_at(w, va))->port;
    va = world_arg(w, &end, sizeof(end));
    if (hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_close, va.v, 0, 0)) {
        return true;
    }
    ck_assert(hypercall(__HYPERVISOR_event_channel_op, EVTCHNOP_close, va.v,
                        0, 0));
    return false;
}

START_TEST(opening_a_port_survives_faults)
{
    fail_each_access(open_and_close_port);
}
END_TEST

static bool two_calls_in_one(void)
{
    struct multicall_entry list[2];

    world_args_reset(w);
    memset(list, 0, sizeof(list));
    list[0].op = __HYPERVISOR_update_va_mapping;
    list[0].args[0] = WORLD_DATA;
    list[1].op = __HYPERVISOR_update_va_mapping;
    list[1].args[0] = WORLD_DATA;
    list[1].args[1] = world_pte(g.data[0], PTE_RW_FLAGS);
    return hypercall(__HYPERVISOR_multicall,
                     world_arg(w, list, sizeof(list)).v, 2, 0, 0);
}

START_TEST(multicalls_survive_faults)
{
    fail_each_access(two_calls_in_one);
}
END_TEST

static bool load_gdt(void)
{
    unsigned long frame = g.data[7].v;
    uint64_t va = WORLD_DATA + 7 * PAGE_SIZE;

    world_args_reset(w);
    ck_assert(hypercall(__HYPERVISOR_update_va_mapping, va, 0, UVMF_INVLPG,
                        0));
    return hypercall(__HYPERVISOR_set_gdt,
                     world_arg(w, &frame, sizeof(frame)).v, 512, 0, 0);
}

START_TEST(loading_a_gdt_survives_faults)
{
    fail_each_access(load_gdt);
}
END_TEST

TEST_MAIN("shortage", setup, teardown, a_domain_is_made_whole_or_not_at_all,
          populating_memory_survives_a_shortage,
          page_table_updates_survive_faults, pinning_survives_faults,
          opening_a_port_survives_faults, multicalls_survive_faults,
          loading_a_gdt_survives_faults)
