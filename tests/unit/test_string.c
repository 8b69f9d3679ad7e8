/* SPDX-License-Identifier: MIT */
/*
 * Claims about core/string.c, which the host library leaves empty: it is
 * compiled here under other names and compared with libc, for every length
 * and every alignment that matters.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <hv/util.h>

#include "test_main.h"

#undef HV_HOST
#define memcpy hv_memcpy
#define memset hv_memset
#define memmove hv_memmove
#define memcmp hv_memcmp
#define strlen hv_strlen
#define strcmp hv_strcmp
#define strncmp hv_strncmp
void *hv_memcpy(void *restrict dst, const void *restrict src, size_t n);
void *hv_memset(void *dst, int c, size_t n);
void *hv_memmove(void *dst, const void *src, size_t n);
int hv_memcmp(const void *a, const void *b, size_t n);
size_t hv_strlen(const char *s);
int hv_strcmp(const char *a, const char *b);
int hv_strncmp(const char *a, const char *b, size_t n);
#include "../../hypervisor/core/string.c"
#undef memcpy
#undef memset
#undef memmove
#undef memcmp
#undef strlen
#undef strcmp
#undef strncmp

#define SIZE 128u

static uint8_t from[SIZE], ours[SIZE], libc[SIZE];

static void reset(void)
{
    for (unsigned int i = 0; i < SIZE; i++) {
        from[i] = (uint8_t)(i + 1);
        ours[i] = libc[i] = (uint8_t)(200 - i);
    }
}

START_TEST(memcpy_copies_as_libc_does)
{
    for (size_t n = 0; n <= 40; n++) {
        for (size_t a = 0; a < 9; a++) {
            reset();
            ck_assert_ptr_eq(hv_memcpy(ours + a, from + 8 - a, n), ours + a);
            memcpy(libc + a, from + 8 - a, n);
            ck_assert_mem_eq(ours, libc, SIZE);
        }
    }
}
END_TEST

START_TEST(memset_sets_as_libc_does)
{
    for (size_t n = 0; n <= 40; n++) {
        for (size_t a = 0; a < 9; a++) {
            reset();
            ck_assert_ptr_eq(hv_memset(ours + a, 0x1a5, n), ours + a);
            memset(libc + a, 0x1a5, n);
            ck_assert_mem_eq(ours, libc, SIZE);
        }
    }
}
END_TEST

START_TEST(memmove_moves_in_both_directions)
{
    for (size_t n = 0; n <= 40; n++) {
        for (size_t a = 0; a < 60; a += 3) {
            reset();
            ck_assert_ptr_eq(hv_memmove(ours + a, ours + 30, n), ours + a);
            memmove(libc + a, libc + 30, n);
            ck_assert_mem_eq(ours, libc, SIZE);
        }
    }
}
END_TEST

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

START_TEST(memcmp_orders_bytes_as_unsigned)
{
    ck_assert_int_eq(hv_memcmp("abc", "abc", 3), 0);
    ck_assert_int_eq(hv_memcmp("abc", "xyz", 0), 0);
    ck_assert_int_lt(hv_memcmp("abc", "abd", 3), 0);
    ck_assert_int_gt(hv_memcmp("\xff", "\x01", 1), 0);
}
END_TEST

START_TEST(texts_compare_as_libc_compares_them)
{
    static const char *const texts[] = { "", "a", "ab", "abc", "abd", "b",
                                         "\x80", "\xff", "ab\xff" };

    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        ck_assert_uint_eq(hv_strlen(texts[i]), strlen(texts[i]));
        for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
            ck_assert_int_eq(sign(hv_strcmp(texts[i], texts[k])),
                             sign(strcmp(texts[i], texts[k])));
            for (size_t n = 0; n < 5; n++) {
                ck_assert_int_eq(sign(hv_strncmp(texts[i], texts[k], n)),
                                 sign(strncmp(texts[i], texts[k], n)));
            }
        }
    }
}
END_TEST

TEST_MAIN("string", NULL, NULL,
          memcpy_copies_as_libc_does,
          memset_sets_as_libc_does,
          memmove_moves_in_both_directions,
          memcmp_orders_bytes_as_unsigned,
          texts_compare_as_libc_compares_them)
