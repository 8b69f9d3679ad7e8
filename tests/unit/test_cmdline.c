/* SPDX-License-Identifier: MIT */
/* Claims about core/cmdline.c. */
#include <stdio.h>
#include <string.h>

#include <hv/cpu.h>
#include <hv/options.h>
#include <xen/errno.h>

#include "test_main.h"

static char why[160];

static void expect_ok(const char *text)
{
    why[0] = '\0';
    ck_assert_msg(options_parse(text, why, sizeof(why)) == 0, "%s: %s", text,
                  why);
}

/* Refused, with a sentence that names the word. */
static void expect_refused(const char *text, const char *word)
{
    why[0] = '\0';
    ck_assert_int_eq(options_parse(text, why, sizeof(why)), -XEN_EINVAL);
    ck_assert_msg(strstr(why, word) != NULL, "%s: %s", text, why);
}

START_TEST(no_option_gives_the_defaults)
{
    expect_ok("");
    ck_assert_uint_eq(options.d0_mem_mib, 128);
    ck_assert_uint_eq(options.d0_vcpus, 1);
    ck_assert_uint_eq(options.cpus_limit, CPUS_MAX);
    ck_assert(!options.panic && !options.no_smap && !options.reboot_on_panic);
    ck_assert_str_eq(options.d0_cmdline, "");
}
END_TEST

START_TEST(each_option_sets_its_field)
{
    expect_ok("d0_mem=256 d0_vcpus=4 cpus=2 panic no-smap reboot trace");
    ck_assert_uint_eq(options.d0_mem_mib, 256);
    ck_assert_uint_eq(options.d0_vcpus, 4);
    ck_assert_uint_eq(options.cpus_limit, 2);
    ck_assert(options.panic);
    ck_assert(options.no_smap);
    ck_assert(options.reboot_on_panic);
    ck_assert(options.trace);
}
END_TEST

START_TEST(blanks_do_not_matter)
{
    expect_ok("  \t d0_mem=64\t  panic  ");
    ck_assert_uint_eq(options.d0_mem_mib, 64);
    ck_assert(options.panic);
}
END_TEST

START_TEST(hexadecimal_is_a_number_too)
{
    expect_ok("d0_mem=0x100");
    ck_assert_uint_eq(options.d0_mem_mib, 256);
    expect_ok("d0_mem=0XfF");
    ck_assert_uint_eq(options.d0_mem_mib, 255);
}
END_TEST

START_TEST(the_last_of_two_counts)
{
    expect_ok("d0_mem=64 d0_mem=32");
    ck_assert_uint_eq(options.d0_mem_mib, 32);
}
END_TEST

START_TEST(the_only_console_may_be_named)
{
    expect_ok("console=com1");
    expect_refused("console=com2", "com2");
    expect_refused("console", "console");
}
END_TEST

START_TEST(an_unknown_option_is_named)
{
    expect_refused("d0_mem=64 frobnicate", "'frobnicate'");
    expect_refused("frobnicate=7 d0_mem=64", "'frobnicate=7'");
    expect_refused("d0_mems=64", "'d0_mems=64'");
    expect_refused("d0_me=64", "'d0_me=64'");
    expect_refused("D0_MEM=64", "D0_MEM");
    expect_refused("=64", "'=64'");
    expect_refused("-", "'-'");
    expect_refused("---", "'---'");
}
END_TEST

START_TEST(a_bad_number_is_named)
{
    static const char *const bad[] = {
        "", "x", "12a", "-1", "0x", "0xg", "1.5", "+1", "0", "33", "64M",
        "99999999999999999999999", "0xffffffffffffffffff", "4294967297",
        "18446744073709551617",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[64];

        snprintf(text, sizeof(text), "d0_vcpus=%s", bad[i]);
        expect_refused(text, "'d0_vcpus'");
        expect_refused(text, bad[i]);
    }
    expect_refused("d0_vcpus", "'d0_vcpus'");
    expect_refused("cpus=65", "65");
    expect_refused("d0_mem=0", "d0_mem");
}
END_TEST

START_TEST(a_flag_takes_no_value)
{
    expect_refused("panic=1", "'panic'");
    expect_refused("panic=", "'panic'");
}
END_TEST

START_TEST(a_long_word_is_shortened_in_the_message)
{
    char text[1000];

    memset(text, 'y', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    expect_refused(text, "yyyy");
    ck_assert_uint_lt(strlen(why), 140);
}
END_TEST

START_TEST(the_text_behind_two_dashes_is_the_guests)
{
    expect_ok("d0_mem=64 --   console=hvc0  root=/dev/ram -- panic");
    ck_assert_str_eq(options.d0_cmdline,
                     "console=hvc0  root=/dev/ram -- panic");
    ck_assert(!options.panic);
    expect_ok("--");
    ck_assert_str_eq(options.d0_cmdline, "");
    expect_ok("-- ");
    ck_assert_str_eq(options.d0_cmdline, "");
}
END_TEST

START_TEST(a_guests_text_that_does_not_fit_is_refused)
{
    char text[1100];

    memset(text, 'z', sizeof(text));
    memcpy(text, "-- ", 3);
    text[3 + 1023] = '\0';
    expect_ok(text);
    ck_assert_uint_eq(strlen(options.d0_cmdline), 1023);
    text[3 + 1023] = 'z';
    text[3 + 1024] = '\0';
    expect_refused(text, "1024");
}
END_TEST

START_TEST(a_second_parse_starts_afresh)
{
    expect_ok("panic d0_mem=64 -- x");
    expect_ok("");
    ck_assert(!options.panic);
    ck_assert_uint_eq(options.d0_mem_mib, 128);
    ck_assert_str_eq(options.d0_cmdline, "");
}
END_TEST

TEST_MAIN("cmdline", NULL, NULL,
          no_option_gives_the_defaults,
          each_option_sets_its_field,
          blanks_do_not_matter,
          hexadecimal_is_a_number_too,
          the_last_of_two_counts,
          the_only_console_may_be_named,
          an_unknown_option_is_named,
          a_bad_number_is_named,
          a_flag_takes_no_value,
          a_long_word_is_shortened_in_the_message,
          the_text_behind_two_dashes_is_the_guests,
          a_guests_text_that_does_not_fit_is_refused,
          a_second_parse_starts_afresh)
