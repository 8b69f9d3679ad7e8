/* SPDX-License-Identifier: MIT */
/* Claims about core/printk.c: formats, bounds. Where C's own snprintf gives an
 * answer, that is the answer expected. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <host/host.h>
#include <hv/console.h>

#include "test_main.h"

static void setup(void)
{
    host_machine_start(64, 1);
    host_set_cpu(0);
}

static void teardown(void)
{
    ck_assert_uint_eq(host_machine_stop(), 0);
}

/* Ours against libc's: text and length. */
#define SAME(...)                                                           \
    do {                                                                    \
        char ours[128], libc[128];                                          \
        int a = snprintk(ours, sizeof(ours), __VA_ARGS__);                  \
        int b = snprintf(libc, sizeof(libc), __VA_ARGS__);                  \
                                                                            \
        ck_assert_str_eq(ours, libc);                                       \
        ck_assert_int_eq(a, b);                                             \
    } while (0)

START_TEST(numbers_print_as_libc_prints_them)
{
    static const long values[] = { 0, 1, 9, 10, -1, -10, 12345, INT_MAX,
                                   INT_MIN, LONG_MAX, LONG_MIN, 0xdeadbeef };

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        long v = values[i];

        SAME("%ld|%lu|%lx", v, (unsigned long)v, (unsigned long)v);
        SAME("%lld|%llu|%llx", (long long)v, (unsigned long long)v,
             (unsigned long long)v);
        SAME("%d|%i|%u|%x", (int)v, (int)v, (unsigned int)v, (unsigned int)v);
        SAME("%zu|%zx", (size_t)v, (size_t)v);
        SAME("[%8d] [%-8d] [%08d]", (int)v, (int)v, (int)v);
        SAME("[%20lx] [%-20lx] [%020lx]", (unsigned long)v, (unsigned long)v,
             (unsigned long)v);
    }
}
END_TEST

START_TEST(texts_and_characters_print_as_libc_prints_them)
{
    SAME("%s|%5s|%-5s|%2s", "abc", "abc", "abc", "abc");
    SAME("%.2s|%.9s|%5.1s|%-5.1s|", "abc", "abc", "abc", "abc");
    SAME("%.*s|%*s|", 2, "abc", 6, "abc");
    SAME("%c%c|%3c|%-3c|", 'x', 'y', 'z', 'w');
    SAME("100%% of %s", "it");
    SAME("%p", (void *)0x1234);
    SAME("plain");
}
END_TEST

START_TEST(a_missing_text_is_no_crash)
{
    char buf[32];
    const char *volatile none = NULL;

    snprintk(buf, sizeof(buf), "<%s>", none);
    ck_assert_str_eq(buf, "<(null)>");
}
END_TEST

START_TEST(a_text_too_long_is_cut_and_never_overruns)
{
    char buf[16];

    for (size_t size = 0; size <= 10; size++) {
        memset(buf, '#', sizeof(buf));
        ck_assert_int_eq(snprintk(buf, size, "12345%d", 6789), 9);
        for (size_t i = size; i < sizeof(buf); i++) {
            ck_assert_int_eq(buf[i], '#');
        }
        if (size > 0) {
            ck_assert_uint_eq(strlen(buf), size - 1 < 9 ? size - 1 : 9);
            ck_assert_int_eq(memcmp(buf, "123456789", strlen(buf)), 0);
        }
    }
}
END_TEST

START_TEST(a_huge_width_only_counts)
{
    char buf[8];

    ck_assert_int_eq(snprintk(buf, sizeof(buf), "%9000d", 1), 9000);
    ck_assert_str_eq(buf, "       ");
}
END_TEST

START_TEST(a_line_gets_prefix_and_newline)
{
    printk("hello %d", 5);
    ck_assert_str_eq(host_console_text(), "(xenios) hello 5\n");
}
END_TEST

START_TEST(a_newline_at_the_end_is_not_doubled)
{
    printk("hello\n");
    ck_assert_str_eq(host_console_text(), "(xenios) hello\n");
}
END_TEST

START_TEST(each_line_of_a_text_gets_the_prefix)
{
    printk("a\nb\n\nc");
    ck_assert_str_eq(host_console_text(),
                     "(xenios) a\n(xenios) b\n(xenios) \n(xenios) c\n");
}
END_TEST

START_TEST(an_empty_text_is_an_empty_line)
{
    printk("%s", "");
    ck_assert_str_eq(host_console_text(), "(xenios) \n");
}
END_TEST

START_TEST(a_line_longer_than_the_buffer_is_cut)
{
    char longer[2000];

    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    printk("%s", longer);
    ck_assert_uint_lt(strlen(host_console_text()), 600);
    ck_assert_int_eq(host_console_text()[strlen(host_console_text()) - 1],
                     '\n');
}
END_TEST

TEST_MAIN("printk", setup, teardown,
          numbers_print_as_libc_prints_them,
          texts_and_characters_print_as_libc_prints_them,
          a_missing_text_is_no_crash,
          a_text_too_long_is_cut_and_never_overruns,
          a_huge_width_only_counts,
          a_line_gets_prefix_and_newline,
          a_newline_at_the_end_is_not_doubled,
          each_line_of_a_text_gets_the_prefix,
          an_empty_text_is_an_empty_line,
          a_line_longer_than_the_buffer_is_cut)
