/* SPDX-License-Identifier: MIT */
/*
 * How the fake machine stops.
 *
 * Power-off, reboot and panic never return to core/, so they leave by
 * longjmp() to the host_run() that the test put around the call. Without one
 * a panic aborts (a test program then fails with its text), and power-off
 * ends the process as a success would.
 *
 * The world is as the stop left it: locks may still be taken. A test looks
 * at the console and the log and ends.
 */
#include "internal.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

static _Thread_local jmp_buf *catcher;

enum host_stop host_run(void (*fn)(void *arg), void *arg)
{
    jmp_buf here;
    jmp_buf *volatile outer = catcher;
    volatile uint8_t held = this_cpu()->locks_held_count;
    int how;

    how = setjmp(here);
    if (how == HOST_RETURNED) {
        catcher = &here;
        fn(arg);
    } else {
        this_cpu()->locks_held_count = held;
    }
    catcher = outer;
    return (enum host_stop)how;
}

NORETURN static void stop(enum host_stop how)
{
    host_effect_add(EFFECT_STOP, how, 0);
    if (catcher != NULL) {
        longjmp(*catcher, how);
    }
    if (how == HOST_PANIC) {
        fputs(host_console_text(), stderr);
        abort();
    }
    exit(0);
}

void arch_poweroff(void)
{
    stop(HOST_POWEROFF);
}

void arch_reboot(void)
{
    stop(HOST_REBOOT);
}

void host_panicked(void)
{
    stop(HOST_PANIC);
}
