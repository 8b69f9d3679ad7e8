/* SPDX-License-Identifier: MIT */
/* Claims about pv/cpuid.c: a machine that has everything, and one that has
 * nothing. */
#include <hv/arch.h>
#include <host/host.h>

#include "../../hypervisor/pv/cpuid.h"
#include "test_main.h"
#include "world.h"

enum { EAX, EBX, ECX, EDX };

static struct world *w;
static struct vcpu *v;
static uint32_t r[4];

static void setup(void)
{
    w = world_with(1, 64);
    v = world_vcpu(w, 0);
    host_cpuid_fill(~0u);
}

static void teardown(void)
{
    host_cpuid_fill(0);
    world_free(w);
}

static void ask(uint32_t leaf, uint32_t subleaf)
{
    pv_cpuid(v, leaf, subleaf, r);
}

static bool has(unsigned int word, unsigned int bit)
{
    return (r[word] >> bit & 1) != 0;
}

static bool is_empty(void)
{
    return (r[EAX] | r[EBX] | r[ECX] | r[EDX]) == 0;
}

/* pv/cpuid.c gives the reasons. */
START_TEST(what_only_ring_0_can_use_is_hidden)
{
    static const uint8_t edx1[] = { 1, 3, 7, 12, 13, 14, 17, 18, 21, 22 };
    static const uint8_t ecx1[] = { 2, 3, 4, 5, 6, 8, 15, 17, 18, 21, 24 };
    static const uint8_t ebx7[] = { 0, 1, 2, 4, 6, 7, 10, 11, 12, 14, 15, 20 };

    ask(1, 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(edx1); i++) {
        ck_assert_msg(!has(EDX, edx1[i]), "edx %u", edx1[i]);
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(ecx1); i++) {
        ck_assert_msg(!has(ECX, ecx1[i]), "ecx %u", ecx1[i]);
    }
    ck_assert(has(EDX, 11)); /* SYSENTER, as this is none of AMD's */
    ck_assert_uint_eq(r[EBX] >> 24, 0);
    ask(7, 0);
    for (unsigned int i = 0; i < ARRAY_SIZE(ebx7); i++) {
        ck_assert_msg(!has(EBX, ebx7[i]), "ebx %u", ebx7[i]);
    }
    ck_assert_uint_eq(r[EAX], 0);
    ck_assert_uint_eq(r[ECX], 0);
    ask(0x80000001u, 0);
    ck_assert(!has(EDX, 26) && !has(EDX, 27) && !has(ECX, 2));
    ck_assert(has(EDX, 11) && has(EDX, 20) && has(EDX, 29));
}
END_TEST

START_TEST(a_machine_without_features_gets_none)
{
    host_cpuid_fill(0);
    ask(1, 0);
    ck_assert_uint_eq(r[EDX], 0);
    ck_assert_uint_eq(r[ECX], 1u << 31); /* but a hypervisor */
    ask(7, 0);
    ck_assert(is_empty());
    ask(0x80000001u, 0);
    ck_assert(is_empty());
}
END_TEST

START_TEST(leaves_end)
{
    static const uint32_t none[] = {
        3, 0xe, 0xb, 0x14, 0x1fffffff, 0x3fffffff, 0x40000006, 0x400000ff,
        0x40000100, 0x7fffffff, 0x80000007, 0x80000009, 0x8000001f, 0xffffffff,
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(none); i++) {
        ask(none[i], 0);
        ck_assert_msg(is_empty(), "leaf %x", none[i]);
    }
    ask(7, 1);
    ck_assert(is_empty());
    ask(0xd, 63);
    ck_assert(is_empty());
    ask(0xd, 0x80000002u);
    ck_assert(is_empty());
    ask(0x80000000u, 0);
    ck_assert_uint_eq(r[EAX], 0x80000008u);
}
END_TEST

START_TEST(the_leaves_of_xen)
{
    ask(0x40000000u, 0);
    ck_assert_uint_eq(r[EBX], 0x566e6558);
    ck_assert_uint_eq(r[ECX], 0x65584d4d);
    ck_assert_uint_eq(r[EDX], 0x4d4d566e);
    ask(0x40000001u, 0);
    ck_assert_uint_eq(r[EAX], 4u << 16 | 17);
    ask(0x40000005u, 0);
    ck_assert_uint_ge(r[EBX], 12); /* 64 frames need 18 bits */
    ck_assert_uint_ge(1ull << r[EBX], frame_count << PAGE_SHIFT);
    ck_assert_uint_lt(1ull << (r[EBX] - 1), frame_count << PAGE_SHIFT);
}
END_TEST

/* 576 bytes of old, and what the machine says of the others. */
START_TEST(sizes_of_xsave_follow_xcr0)
{
    host_cpuid_fill(256);
    v->pv.xcr0 = 3;
    ask(0xd, 0);
    ck_assert_uint_eq(r[EAX], 7);
    ck_assert_uint_eq(r[EBX], 576);
    ck_assert_uint_eq(r[ECX], 576);
    host_cpuid_fill(320);
    v->pv.xcr0 = 7;
    ask(0xd, 0);
    ck_assert_uint_eq(r[EBX], 640); /* 320 bytes at 320 */
    ck_assert_uint_eq(r[ECX], 640);
    ask(0xd, 1);
    ck_assert_uint_eq(r[EBX] | r[ECX] | r[EDX], 0);
    ask(0xd, 2);
    ck_assert_uint_eq(r[EAX], 320);
    ask(0xd, 3);
    ck_assert(is_empty()); /* not offered */
}
END_TEST

TEST_MAIN("cpuid", setup, teardown, what_only_ring_0_can_use_is_hidden,
          a_machine_without_features_gets_none, leaves_end, the_leaves_of_xen,
          sizes_of_xsave_follow_xcr0)
