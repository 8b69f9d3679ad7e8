/* SPDX-License-Identifier: MIT */
/* Claims about core/trace.c: what a reader finds in the rings. Each claim has
 * a process of its own, so each may start the trace for the first time. */
#include <stdlib.h>
#include <string.h>

#include <hv/hypercall.h>
#include <hv/options.h>
#include <hv/trace.h>
#include <xen/sched.h>

#include "test_main.h"
#include "world.h"

#define RING_KIB 16u
#define RING_BYTES (RING_KIB * 1024 - (uint32_t)sizeof(struct t_buf))
#define HEADER(number, words) \
    ((number) | (uint32_t)(words) << TRACE_EXTRA_SHIFT | 1u << 31)

static struct world *w;

static void setup(void)
{
    w = world_with_cpus(1, 64, 1, 2);
    host_console_clear();
    options.trace_mask = TRC_ALL;
    options.trace_stream_kib = 0;
}

/* The rings are the hypervisor's for good: not world_free(). */
static void teardown(void)
{
    free(w->args);
    free(w);
}

/* What the console said of the rings' place. */
static const struct t_info *find_info(void)
{
    const char *text = strstr(host_console_text(), "listed at ");

    ck_assert_ptr_nonnull(text);
    return frame_map(MFN(strtoull(text + 10, NULL, 16) >> PAGE_SHIFT));
}

static struct t_buf *ring_of(unsigned int cpu)
{
    const struct t_info *info = find_info();
    const uint32_t *mfns = (const uint32_t *)(const void *)info +
                           info->mfn_offset[cpu];

    return frame_map(MFN(mfns[0]));
}

static struct t_buf *start_stream(void)
{
    options.trace_stream_kib = RING_KIB;
    trace_start();
    return ring_of(0);
}

static const uint32_t *words_of(const struct t_buf *ring)
{
    return (const uint32_t *)(ring + 1);
}

START_TEST(records_are_xens)
{
    struct t_buf *ring = start_stream();
    const uint32_t *r = words_of(ring);

    ck_assert_uint_eq(find_info()->tbuf_size, RING_KIB / 4);
    TRACE(PAGE_FAULT, 0x1122334455667788, 0x99aabbccddeeff00, 6);
    ck_assert_uint_eq(ring->cons, 0);
    ck_assert_uint_eq(ring->prod, 4 * 8);
    ck_assert_uint_eq(r[0], HEADER(TRC_PV_PAGE_FAULT | TRC_64_FLAG, 5));
    ck_assert_uint_eq(r[3], 0x55667788);
    ck_assert_uint_eq(r[4], 0x11223344);
    ck_assert_uint_eq(r[5], 0xddeeff00);
    ck_assert_uint_eq(r[6], 0x99aabbcc);
    ck_assert_uint_eq(r[7], 6);
}
END_TEST

START_TEST(each_cpu_has_its_own_ring)
{
    struct t_buf *first = start_stream(), *second = ring_of(1);

    TRACE(BLOCK, 0, 7);
    host_set_cpu(1);
    TRACE(WAKE, 0, 8);
    TRACE(WAKE, 0, 9);
    host_set_cpu(0);
    ck_assert_uint_eq(first->prod, 20);
    ck_assert_uint_eq(second->prod, 40);
    ck_assert_uint_eq(words_of(second)[0], HEADER(TRC_SCHED_WAKE, 2));
    ck_assert_uint_eq(words_of(second)[4], 8);
}
END_TEST

START_TEST(a_call_tells_number_and_telling_arguments)
{
    struct t_buf *ring = start_stream();
    const uint32_t *r = words_of(ring);

    ck_assert_int_eq(world_call(__HYPERVISOR_vm_assist, 77, 3, 0, 0, 0),
                     -XEN_ENOSYS);
    ck_assert_uint_eq(r[0], HEADER(TRC_PV_HYPERCALL_V2, 3));
    ck_assert_uint_eq(r[3], __HYPERVISOR_vm_assist | 0x5u << 20);
    ck_assert_uint_eq(r[4], 77);
    ck_assert_uint_eq(r[5], 3);
    ck_assert_uint_eq(r[6], HEADER(TRACE_OWN(1), 3));
    ck_assert_uint_eq(r[9], __HYPERVISOR_vm_assist);
    ck_assert_int_eq((int32_t)r[10], -XEN_ENOSYS);
}
END_TEST

START_TEST(run_states_are_in_the_number)
{
    struct t_buf *ring = start_stream();

    trace_runstate(5, 3, RUNSTATE_blocked, RUNSTATE_running);
    ck_assert_uint_eq(words_of(ring)[0], HEADER(0x00021201, 1));
    ck_assert_uint_eq(words_of(ring)[3], 5 << 16 | 3);
}
END_TEST

START_TEST(the_mask_chooses_classes_and_kinds)
{
    struct t_buf *ring;

    options.trace_mask = TRC_SCHED_VERBOSE;
    ring = start_stream();
    TRACE(UPCALL, 1);
    trace_runstate(0, 0, 1, 0);
    ck_assert_uint_eq(ring->prod, 0);
    TRACE(BLOCK, 0, 0);
    ck_assert_uint_eq(ring->prod, 20);
}
END_TEST

/* Reads all that is there; returns how many records have a time. *sum adds
 * up the first words of those of BLOCK. */
static unsigned int drain(struct t_buf *ring, uint64_t *sum, uint32_t *lost)
{
    unsigned int n = 0;

    while (ring->cons != ring->prod) {
        uint32_t offset = ring->cons % RING_BYTES;
        const uint32_t *r = words_of(ring) + offset / 4;
        uint32_t bytes = 4 + 4 * (*r >> 28 & 7) + (*r >> 31) * 8;

        ck_assert_uint_le(offset + bytes, RING_BYTES);
        if ((*r & 0x0fffffff) == TRC_SCHED_BLOCK) {
            *sum += r[3];
        } else if ((*r & 0x0fffffff) == TRC_LOST_RECORDS) {
            *lost += r[3];
        } else {
            ck_assert_uint_eq(*r & 0x8fffffff, TRC_TRACE_WRAP_BUFFER);
        }
        n += *r >> 31;
        ring->cons = (ring->cons + bytes) % (2 * RING_BYTES);
    }
    return n;
}

START_TEST(a_reader_who_keeps_up_loses_nothing)
{
    struct t_buf *ring = start_stream();
    uint64_t sum = 0, want = 0;
    uint32_t lost = 0;
    unsigned int n = 0;

    for (unsigned int i = 0; i < 20000; i++) {
        TRACE(BLOCK, i & 0xffff, 0);
        want += i & 0xffff;
        if (i % 700 == 0) {
            n += drain(ring, &sum, &lost);
        }
    }
    n += drain(ring, &sum, &lost);
    ck_assert_uint_eq(n, 20000);
    ck_assert_uint_eq(lost, 0);
    ck_assert_uint_eq(sum, want);
}
END_TEST

START_TEST(what_is_lost_is_counted)
{
    struct t_buf *ring = start_stream();
    uint64_t sum = 0;
    uint32_t lost = 0;
    unsigned int n;

    for (unsigned int i = 0; i < 1000; i++) {
        TRACE(BLOCK, 1, 0);
    }
    n = drain(ring, &sum, &lost);
    ck_assert_uint_eq(n, RING_BYTES / 20);
    ck_assert_uint_eq(lost, 0);
    TRACE(BLOCK, 1, 0);
    ck_assert_uint_eq(drain(ring, &sum, &lost), 2);
    ck_assert_uint_eq(lost, 1000 - n);
    ck_assert_uint_eq(sum, n + 1);
}
END_TEST

START_TEST(without_a_reader_the_last_ones_stay)
{
    trace_start();
    for (unsigned int i = 0; i < 5000; i++) {
        TRACE(BLOCK, i, 0);
    }
    host_console_clear();
    trace_dump(3);
    ck_assert_ptr_null(strstr(host_console_text(), ": d4996v0"));
    ck_assert_ptr_nonnull(strstr(host_console_text(), ": d4997v0 blocks\n"));
    ck_assert_ptr_nonnull(strstr(host_console_text(), ": d4999v0 blocks\n"));
}
END_TEST

START_TEST(without_tracing_nothing_is_recorded)
{
    TRACE(BLOCK, 3, 1);
    trace_dump(10);
    ck_assert_str_eq(host_console_text(), "");
}
END_TEST

START_TEST(a_cpu_without_memory_for_a_ring_is_silent)
{
    host_fail_alloc(1);
    trace_start();
    host_fail_alloc(0);
    TRACE(BLOCK, 0, 7);
    trace_dump(10);
    ck_assert_str_eq(host_console_text(), "");
}
END_TEST

TEST_MAIN("trace", setup, teardown,
          records_are_xens,
          each_cpu_has_its_own_ring,
          a_call_tells_number_and_telling_arguments,
          run_states_are_in_the_number,
          the_mask_chooses_classes_and_kinds,
          a_reader_who_keeps_up_loses_nothing,
          what_is_lost_is_counted,
          without_a_reader_the_last_ones_stay,
          without_tracing_nothing_is_recorded,
          a_cpu_without_memory_for_a_ring_is_silent)
