/* SPDX-License-Identifier: MIT */
/* Claims about core/panic.c: how the end is told. Each claim
 * has a process of its own, so each may panic for the first time. */
#include <stdlib.h>
#include <string.h>

#include <hv/console.h>
#include <hv/options.h>
#include <hv/trace.h>
#include <xen/sched.h>

#include "test_main.h"
#include "world.h"

static struct world *w;

static void setup(void)
{
    w = world_with_cpus(1, 64, 1, 2);
    host_console_clear();
}

/* Not world_free(): after a panic nothing has to be in order. */
static void teardown(void)
{
    free(w->args);
    free(w);
}

static void expect_text(const char *words)
{
    ck_assert_msg(strstr(host_console_text(), words) != NULL,
                  "'%s' is not in: %s", words, host_console_text());
}

static void do_panic(void *unused)
{
    panic("the number is %d", 42);
}

START_TEST(the_sentence_comes_first)
{
    ck_assert_int_eq(host_run(do_panic, NULL), HOST_PANIC);
    ck_assert_int_eq(strncmp(host_console_text(),
                             "(xenios) PANIC: the number is 42\n", 33), 0);
    expect_text("(xenios) cpu 0, d0 vcpu 0 in guest kernel mode\n");
}
END_TEST

START_TEST(a_guests_half_line_does_not_hide_it)
{
    console_guest_write("login: (xenios", 14);
    ck_assert_int_eq(host_run(do_panic, NULL), HOST_PANIC);
    expect_text("login: (xenios\n(xenios) PANIC: the number is 42\n");
}
END_TEST

static void panic_with_lock(void *lock)
{
    spin_lock(lock);
    panic("while locked");
}

START_TEST(held_locks_are_named)
{
    struct spinlock lock = SPINLOCK(LOCK_EVTCHN);

    ck_assert_int_eq(host_run(panic_with_lock, &lock), HOST_PANIC);
    expect_text("(xenios) holds the evtchn lock at ");
}
END_TEST

static void bug(void *unused)
{
    BUG_ON(1 + 1 == 2);
}

START_TEST(a_bug_says_where_and_what)
{
    ck_assert_int_eq(host_run(bug, NULL), HOST_PANIC);
    expect_text("PANIC: bug at ");
    expect_text("test_panic.c:");
    expect_text("1 + 1 == 2");
}
END_TEST

START_TEST(the_last_events_are_told)
{
    options.trace_mask = TRC_ALL;
    trace_start();
    for (unsigned int i = 0; i < 100; i++) {
        TRACE(BLOCK, i, 0);
    }
    TRACE(SHUTDOWN, 3, 1, SHUTDOWN_crash);
    ck_assert_int_eq(host_run(do_panic, NULL), HOST_PANIC);
    expect_text(": d99v0 blocks\n");
    expect_text(": d3v1 shuts its domain down, reason 3\n");
    ck_assert_ptr_null(strstr(host_console_text(), "d50v0 blocks"));
}
END_TEST

TEST_MAIN("panic", setup, teardown,
          the_sentence_comes_first,
          a_guests_half_line_does_not_hide_it,
          held_locks_are_named,
          a_bug_says_where_and_what,
          the_last_events_are_told)
