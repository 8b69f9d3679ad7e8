/* SPDX-License-Identifier: MIT */
/* Claims about arch/x86/fpu_pure.h, over all values of the components. */
#include "../../hypervisor/arch/x86/fpu_pure.h"
#include "test_main.h"

#define KNOWN 0xe7ull

static unsigned int bits(uint64_t v)
{
    return (unsigned int)__builtin_popcountll(v);
}

START_TEST(four_combinations_are_left)
{
    unsigned int good = 0;

    for (uint64_t v = 0; v < 256; v++) {
        if ((v & ~KNOWN) == 0 && xcr0_combination_ok(v)) {
            good++;
            ck_assert(v & XCR0_X87);
            ck_assert(!(v & XCR0_AVX) || (v & XCR0_SSE));
            ck_assert(bits(v & XCR0_AVX512) % 3 == 0);
            ck_assert(!(v & XCR0_AVX512) || (v & XCR0_AVX));
        }
    }
    /* x87, and SSE, and AVX, and AVX-512 */
    ck_assert_uint_eq(good, 4);
}
END_TEST

START_TEST(what_is_offered_can_be_set)
{
    for (uint64_t leaf = 0; leaf < 4096; leaf++) {
        uint64_t offer = xcr0_offer(leaf | 1);

        ck_assert_uint_eq(offer & ~(leaf | 1), 0);
        ck_assert(xcr0_may_be_set(offer, offer));
    }
}
END_TEST

START_TEST(unknown_components_are_never_offered)
{
    ck_assert_uint_eq(xcr0_offer(~0ull), KNOWN);
    ck_assert_uint_eq(xcr0_offer(0x2e7), KNOWN);  /* PKRU */
    ck_assert_uint_eq(xcr0_offer(0x1f), 7);       /* MPX */
    ck_assert_uint_eq(xcr0_offer(0x67), 3);       /* an odd AVX-512 */
}
END_TEST

START_TEST(nothing_beyond_the_offer_can_be_set)
{
    for (uint64_t offer = 1; offer < 256; offer++) {
        for (uint64_t v = 0; v < 1024; v++) {
            if (xcr0_may_be_set(v, offer)) {
                ck_assert_uint_eq(v & ~offer, 0);
                ck_assert_uint_eq(v & 1, 1);
            }
        }
    }
    ck_assert(!xcr0_may_be_set(1ull << 63 | 7, 7));
}
END_TEST

static void setup(void)
{
}

static void teardown(void)
{
}

TEST_MAIN("fpu", setup, teardown, four_combinations_are_left,
          what_is_offered_can_be_set, unknown_components_are_never_offered,
          nothing_beyond_the_offer_can_be_set)
