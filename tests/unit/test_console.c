/* SPDX-License-Identifier: MIT */
/* Claims about core/console.c: whose line is whose, console_io, input. */
#include <string.h>

#include <hv/console.h>
#include <hv/evtchn.h>

#include "test_main.h"
#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_with(2, 64);
    host_console_clear();
}

static void teardown(void)
{
    world_free(w);
}

static void guest(const char *text)
{
    console_guest_write(text, strlen(text));
}

static void expect(const char *text)
{
    ck_assert_str_eq(host_console_text(), text);
}

/* --- lines ---------------------------------------------------------------- */

START_TEST(guest_text_passes_as_it_is)
{
    guest("hello\nworld (xenios) is no prefix here\n\ttab\x1b[1m(bold)\n");
    expect("hello\nworld (xenios) is no prefix here\n\ttab\x1b[1m(bold)\n");
}
END_TEST

START_TEST(a_line_of_the_hypervisor_begins_at_column_0)
{
    guest("half a line");
    printk("mine");
    guest("the rest\n");
    printk("mine again");
    expect("half a line\n(xenios) mine\nthe rest\n(xenios) mine again\n");
}
END_TEST

START_TEST(a_guest_can_not_fake_a_line)
{
    guest("(xenios) PANIC: no\n");
    expect("(xenios)| PANIC: no\n");
}
END_TEST

START_TEST(nor_in_pieces)
{
    static const char fake[] = "(xenios) PANIC";

    for (size_t i = 0; i < strlen(fake); i++) {
        console_guest_write(fake + i, 1);
    }
    expect("(xenios)| PANIC");
}
END_TEST

START_TEST(nor_around_a_line_of_the_hypervisor)
{
    guest("(xeni");
    printk("mine");
    guest("os) x\n");
    guest("abc");
    printk("mine");
    guest("(xenios) y\n");
    expect("(xeni\n(xenios) mine\nos) x\nabc\n(xenios) mine\n"
           "(xenios)| y\n");
}
END_TEST

START_TEST(nor_behind_a_control_character)
{
    static const char *const starts[] = { "\r", "x\r", "\n", "\f", "\v",
                                          "\x1b", "\b", "\x1e" };

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        host_console_clear();
        guest(starts[i]);
        guest("(xenios) z\n");
        ck_assert_ptr_nonnull(strstr(host_console_text(), "(xenios)| z\n"));
    }
}
END_TEST

START_TEST(nor_with_zero_bytes_between)
{
    static const char fake[] = "(xen\0ios)\0 PANIC\n";

    console_guest_write(fake, sizeof(fake) - 1);
    ck_assert_int_eq(memcmp(host_console_text(), "(xen\0ios)\0| PANIC\n", 19),
                     0);
}
END_TEST

START_TEST(what_only_looks_like_the_prefix_passes)
{
    guest("(xenios)\n(xenios]  (xenios) \n((xenios) \n (xenios) \n");
    expect("(xenios)\n(xenios]  (xenios) \n((xenios) \n (xenios) \n");
}
END_TEST

/* --- console_io: write ---------------------------------------------------- */

static int64_t call(uint64_t command, uint64_t count, gva_t buffer)
{
    return world_call(__HYPERVISOR_console_io, command, count, buffer.v, 0, 0);
}

START_TEST(write_prints_and_returns_0)
{
    gva_t text = world_arg(w, "hello\n", 6);

    ck_assert_int_eq(call(CONSOLEIO_write, 6, text), 0);
    expect("hello\n");
}
END_TEST

START_TEST(write_of_nothing_is_nothing)
{
    ck_assert_int_eq(call(CONSOLEIO_write, 0, GVA(0x1000)), 0);
    expect("");
}
END_TEST

START_TEST(a_long_write_is_restarted_and_complete)
{
    static char text[9001];

    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)('a' + i % 26);
    }
    text[sizeof(text) - 1] = '\n';
    for (int32_t budget = 1; budget < 5000; budget = budget * 3 + 1) {
        gva_t va;

        world_args_reset(w);
        va = world_arg(w, text, sizeof(text));
        host_console_clear();
        world_set_budget(budget);
        ck_assert_int_eq(call(CONSOLEIO_write, sizeof(text), va), 0);
        ck_assert_uint_gt(world_restarts(), 0);
        ck_assert_uint_eq(strlen(host_console_text()), sizeof(text));
        ck_assert_int_eq(memcmp(host_console_text(), text, sizeof(text)), 0);
    }
    world_set_budget(0);
}
END_TEST

START_TEST(a_bad_buffer_faults)
{
    ck_assert_int_eq(call(CONSOLEIO_write, 1, GVA(0x1000)), -XEN_EFAULT);
    ck_assert_int_eq(call(CONSOLEIO_write, 1, GVA(HV_HOLE_START)),
                     -XEN_EFAULT);
    ck_assert_int_eq(call(CONSOLEIO_write, 0xffffffff, GVA(HV_HOLE_END - 1)),
                     -XEN_EFAULT);
    ck_assert_int_eq(call(CONSOLEIO_write, 2, GVA(~0ull)), -XEN_EFAULT);
}
END_TEST

START_TEST(only_the_low_half_of_the_count_counts)
{
    gva_t text = world_arg(w, "hi", 2);

    ck_assert_int_eq(call(CONSOLEIO_write, 0x700000002, text), 0);
    expect("hi");
}
END_TEST

START_TEST(an_unknown_command_is_not_implemented)
{
    ck_assert_int_eq(call(2, 0, GVA(0)), -XEN_ENOSYS);
    ck_assert_int_eq(call(0xffffffff, 0, GVA(0)), -XEN_ENOSYS);
}
END_TEST

/* --- input ---------------------------------------------------------------- */

static void type(const char *text)
{
    host_console_type(text);
    console_input_softirq();
}

static void expect_read(const char *text)
{
    char empty[300] = { 0 };
    gva_t va = world_arg(w, empty, sizeof(empty));

    ck_assert_int_eq(call(CONSOLEIO_read, sizeof(empty), va),
                     (int64_t)strlen(text));
    ck_assert_str_eq(world_arg_at(w, va), text);
    world_args_reset(w);
}

START_TEST(typed_text_is_read_in_order)
{
    type("ab");
    type("cd");
    expect_read("abcd");
    expect_read("");
}
END_TEST

START_TEST(a_short_read_leaves_the_rest)
{
    gva_t va = world_arg(w, "....", 4);

    type("abcd");
    ck_assert_int_eq(call(CONSOLEIO_read, 3, va), 3);
    ck_assert_int_eq(memcmp(world_arg_at(w, va), "abc.", 4), 0);
    expect_read("d");
}
END_TEST

START_TEST(a_read_that_faults_loses_nothing)
{
    type("abcd");
    ck_assert_int_eq(call(CONSOLEIO_read, 4, GVA(0x1000)), -XEN_EFAULT);
    expect_read("abcd");
}
END_TEST

START_TEST(a_read_without_bounds_is_refused)
{
    ck_assert_int_eq(call(CONSOLEIO_read, 0x80000000, GVA(WORLD_ARGS_BASE)),
                     -XEN_E2BIG);
}
END_TEST

START_TEST(the_console_is_the_privileged_domains)
{
    type("secret");
    world_enter(world_vcpu(w, 1));
    ck_assert_int_eq(call(CONSOLEIO_read, 4, GVA(WORLD_ARGS_BASE)),
                     -XEN_EPERM);
    ck_assert_int_eq(call(CONSOLEIO_write, 4, GVA(WORLD_ARGS_BASE)),
                     -XEN_EPERM);
    ck_assert_int_eq(call(9, 0, GVA(0)), -XEN_EPERM);
    expect("");
}
END_TEST

START_TEST(input_that_nobody_reads_is_dropped_when_the_ring_is_full)
{
    char line[101];

    memset(line, 'x', 100);
    line[100] = '\0';
    for (int i = 0; i < 5; i++) {
        type(line);
    }
    line[0] = '\0';
    {
        char buf[400];

        ck_assert_uint_eq(console_guest_read(buf, sizeof(buf)), 256);
    }
}
END_TEST

START_TEST(input_raises_the_console_virq)
{
    struct evtchn_bind_virq bind = { .virq = VIRQ_CONSOLE, .vcpu = 0 };
    gva_t va = world_arg(w, &bind, sizeof(bind));
    const struct evtchn_bind_virq *bound = world_arg_at(w, va);
    uint64_t *pending = w->domains[0]->shared_info->evtchn_pending;

    ck_assert_int_eq(world_call(__HYPERVISOR_event_channel_op,
                                EVTCHNOP_bind_virq, va.v, 0, 0, 0), 0);
    ck_assert_uint_eq(pending[0], 0);
    console_input_softirq(); /* nothing typed */
    ck_assert_uint_eq(pending[0], 0);
    type("x");
    ck_assert_uint_eq(pending[0], 1ull << bound->port);
}
END_TEST

START_TEST(ctrl_a_three_times_switches_to_the_debug_keys_and_back)
{
    type("a\x01\x01\x01mb");
    expect_read("a");
    ck_assert_ptr_nonnull(strstr(host_console_text(),
                                 "(xenios) input goes to the hypervisor"));
    ck_assert_ptr_nonnull(strstr(host_console_text(), "frames free"));
    type("\x01\x01\x01z");
    ck_assert_ptr_nonnull(strstr(host_console_text(),
                                 "(xenios) input goes to the first domain"));
    expect_read("z");
}
END_TEST

START_TEST(fewer_ctrl_a_are_the_guests)
{
    type("\x01");
    expect_read("");
    type("x\x01\x01y");
    expect_read("\x01x\x01\x01y");
}
END_TEST

START_TEST(every_harmless_debug_key_works)
{
    type("\x01\x01\x01hdmeat?\n");
    ck_assert_ptr_nonnull(strstr(host_console_text(), "(xenios) h  this list"));
    ck_assert_ptr_nonnull(strstr(host_console_text(), "d0 vcpu 0: "));
    ck_assert_ptr_nonnull(strstr(host_console_text(), "d1 vcpu 0: "));
    ck_assert_ptr_nonnull(strstr(host_console_text(), "audit: all"));
}
END_TEST

static void type_reboot(void *unused)
{
    type("\x01\x01\x01R");
}

static void type_panic(void *unused)
{
    type("\x01\x01\x01P");
}

START_TEST(the_reboot_key_reboots)
{
    ck_assert_int_eq(host_run(type_reboot, NULL), HOST_REBOOT);
}
END_TEST

START_TEST(the_panic_key_panics)
{
    ck_assert_int_eq(host_run(type_panic, NULL), HOST_PANIC);
    ck_assert_ptr_nonnull(strstr(host_console_text(), "(xenios) PANIC: asked "
                                 "for on the console\n"));
    ck_assert_ptr_nonnull(strstr(host_console_text(), "cpu 0, d0 vcpu 0"));
}
END_TEST

TEST_MAIN("console", setup, teardown,
          guest_text_passes_as_it_is,
          a_line_of_the_hypervisor_begins_at_column_0,
          a_guest_can_not_fake_a_line,
          nor_in_pieces,
          nor_around_a_line_of_the_hypervisor,
          nor_behind_a_control_character,
          nor_with_zero_bytes_between,
          what_only_looks_like_the_prefix_passes,
          write_prints_and_returns_0,
          write_of_nothing_is_nothing,
          a_long_write_is_restarted_and_complete,
          a_bad_buffer_faults,
          only_the_low_half_of_the_count_counts,
          an_unknown_command_is_not_implemented,
          typed_text_is_read_in_order,
          a_short_read_leaves_the_rest,
          a_read_that_faults_loses_nothing,
          a_read_without_bounds_is_refused,
          the_console_is_the_privileged_domains,
          input_that_nobody_reads_is_dropped_when_the_ring_is_full,
          input_raises_the_console_virq,
          ctrl_a_three_times_switches_to_the_debug_keys_and_back,
          fewer_ctrl_a_are_the_guests,
          every_harmless_debug_key_works,
          the_reboot_key_reboots,
          the_panic_key_panics)
