/* SPDX-License-Identifier: MIT */
/*
 * Making and destroying domains: what a new one looks like, names, and that
 * no failure on the way costs a frame.
 */
#include "test_main.h"
#include "world.h"

#include <string.h>

#include <hv/evtchn.h>
#include <hv/sched.h>

static struct world *w;

static void setup(void)
{
    w = world_with(1, 64);
}

static void teardown(void)
{
    world_free(w);
}

START_TEST(a_new_domain_is_masked_offline_and_empty)
{
    struct domain *d = domain_create(5, 3, 10, false);
    unsigned int i;

    ck_assert_ptr_nonnull(d);
    ck_assert(!d->is_privileged);
    ck_assert_uint_eq(d->frames_total, 0);
    ck_assert_uint_eq(d->frames_max, 10);
    for (i = 0; i < XEN_LEGACY_MAX_VCPUS; i++) {
        ck_assert_uint_eq(d->shared_info->vcpu_info[i].evtchn_upcall_mask, 1);
        ck_assert_uint_eq(d->shared_info->vcpu_info[i].evtchn_upcall_pending,
                          0);
    }
    for (i = 0; i < 3; i++) {
        const struct vcpu *v = d->vcpus[i];

        ck_assert_int_eq(v->state, VCPU_OFFLINE);
        ck_assert(v->kernel_mode);
        ck_assert_ptr_eq(v->info, &d->shared_info->vcpu_info[i]);
        ck_assert(!mfn_valid_number(v->info_frame));
        ck_assert(!mfn_valid_number(v->pv.kernel_table));
        ck_assert(!mfn_valid_number(v->pv.user_table));
        ck_assert_ptr_nonnull(v->pv.traps);
    }
    ck_assert_ptr_null(d->vcpus[3]);
    domain_destroy(d);
}
END_TEST

START_TEST(the_shared_page_can_be_held_by_its_domain_only)
{
    struct domain *d = domain_create(5, 1, 10, false);

    ck_assert(frame_get(d, d->shared_info_mfn));
    frame_put(d->shared_info_mfn);
    ck_assert(!frame_get(w->domains[0], d->shared_info_mfn));
    ck_assert_uint_eq(arch_m2p_get(d->shared_info_mfn), M2P_INVALID);
    domain_destroy(d);
}
END_TEST

START_TEST(a_domain_is_found_by_its_number)
{
    struct domain *d0 = w->domains[0];
    struct domain *d = domain_create(5, 1, 10, false);

    ck_assert_ptr_eq(domain_by_id(0), d0);
    ck_assert_ptr_eq(domain_by_id(5), d);
    ck_assert_ptr_null(domain_by_id(5 + DOMAINS_MAX));
    ck_assert_ptr_null(domain_by_id(6));
    ck_assert_ptr_null(domain_by_id(DOMID_SELF));
    ck_assert_ptr_null(domain_by_id(DOMID_IDLE));
    ck_assert_ptr_null(domain_by_id(0xffff));
    ck_assert_ptr_eq(domain_resolve(d, DOMID_SELF), d);
    ck_assert_ptr_eq(domain_resolve(d, 0), d0);
    ck_assert_ptr_null(domain_resolve(d, DOMID_XEN));
    domain_destroy(d);
    ck_assert_ptr_null(domain_by_id(5));
}
END_TEST

START_TEST(a_number_is_given_once)
{
    struct domain *d = domain_create(5, 1, 10, false);
    uint64_t free_frames = page_alloc_free_frames();

    ck_assert_ptr_null(domain_create(0, 1, 10, false));
    ck_assert_ptr_null(domain_create(5, 1, 10, false));
    ck_assert_ptr_null(domain_create(5 + DOMAINS_MAX, 1, 10, false));
    ck_assert_ptr_null(domain_create(DOMID_FIRST_RESERVED, 1, 10, false));
    ck_assert_ptr_null(domain_create(0xffff, 1, 10, false));
    ck_assert_ptr_null(domain_create(6, 0, 10, false));
    ck_assert_ptr_null(domain_create(6, VCPUS_MAX + 1, 10, false));
    ck_assert_uint_eq(page_alloc_free_frames(), free_frames);
    ck_assert_ptr_eq(domain_by_id(5), d);
    domain_destroy(d);
}
END_TEST

START_TEST(a_failure_at_any_point_costs_nothing)
{
    uint64_t free_frames = page_alloc_free_frames();
    unsigned int needed = host_alloc_count(), n;
    struct domain *d = domain_create(5, 4, 10, false);

    needed = host_alloc_count() - needed;
    ck_assert_uint_ge(needed, 10);
    domain_destroy(d);
    for (n = 1; n <= needed; n++) {
        host_fail_alloc(n);
        ck_assert_ptr_null(domain_create(5, 4, 10, false));
        host_fail_alloc(0);
        ck_assert_uint_eq(page_alloc_free_frames(), free_frames);
        ck_assert_ptr_null(domain_by_id(5));
    }
}
END_TEST

START_TEST(everything_comes_back_from_a_busy_domain)
{
    uint64_t free_frames = page_alloc_free_frames();
    struct domain *d = domain_create(5, 2, 40, false);
    struct evtchn_alloc_unbound unbound = { .dom = 5, .remote_dom = 0 };
    struct evtchn_bind_interdomain bind = { .remote_dom = 5 };
    struct evtchn_status status = { .dom = DOMID_SELF };
    unsigned int i;

    for (i = 0; i < 20; i++) {
        ck_assert(mfn_valid_number(domain_alloc_frame(d, 0, INVALID_MFN)));
    }
    for (i = 0; i < 600; i++) {
        ck_assert_int_eq(evtchn_op_alloc_unbound(w->domains[0], &unbound), 0);
    }
    bind.remote_port = unbound.port;
    ck_assert_int_eq(evtchn_op_bind_interdomain(w->domains[0], &bind), 0);
    d->vcpus[0]->initialised = true;
    vcpu_start(d->vcpus[0]);
    timer_set(&d->vcpus[1]->singleshot, NS_PER_S);
    domain_destroy(d);
    ck_assert_uint_eq(page_alloc_free_frames(), free_frames);
    sched_audit();
    timer_audit(cpus[0]);
    evtchn_audit(w->domains[0]);
    /* The other end has been told. */
    status.port = bind.local_port;
    ck_assert_int_eq(evtchn_op_status(w->domains[0], &status), 0);
    ck_assert_uint_eq(status.status, EVTCHNSTAT_unbound);
}
END_TEST

START_TEST(the_end_of_another_domain_is_written_down)
{
    struct domain *d = domain_create(5, 1, 10, false);

    host_console_clear();
    domain_shutdown(d, 1);
    domain_shutdown(d, 0); /* it has ended */
    ck_assert_ptr_nonnull(strstr(host_console_text(),
                                 "(xenios) domain 5 shut down, reason 1\n"));
    ck_assert_ptr_null(strstr(host_console_text(), "reason 0"));
    ck_assert_uint_eq(d->shutdown_reason, 1);
    softirq_run();
    domain_destroy(d);
}
END_TEST

TEST_MAIN("domain", setup, teardown,
          a_new_domain_is_masked_offline_and_empty,
          the_shared_page_can_be_held_by_its_domain_only,
          a_domain_is_found_by_its_number,
          a_number_is_given_once,
          a_failure_at_any_point_costs_nothing,
          everything_comes_back_from_a_busy_domain,
          the_end_of_another_domain_is_written_down)
