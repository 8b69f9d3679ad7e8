/* SPDX-License-Identifier: MIT */
/*
 * How the fake machine stops.
 *
 * Power-off, reboot and panic never return to core/, so they leave by
 * longjmp() to the host_run() that the test put around the call. Without one
 * the process prints the console and aborts, so that the test fails.
 *
 * The world is as the stop left it: locks may still be taken. A test looks
 * at the console and the log and ends.
 *
 *   S1  core/panic.c ends in a power-off like any other; that it was a panic
 *       is known from its call of arch_stop_others(). It makes that call
 *       once in a process, hence the flag is never cleared: after a first
 *       panic every stop counts as one.
 */
#include "internal.h"

#include <hv/panic.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

static _Thread_local jmp_buf *catcher;
static bool panicked; /* S1 */

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
    if (__atomic_load_n(&panicked, __ATOMIC_RELAXED)) {
        how = HOST_PANIC;
    }
    host_effect_add(EFFECT_STOP, how, 0);
    if (catcher != NULL) {
        longjmp(*catcher, how);
    }
    fputs(host_console_text(), stderr);
    abort();
}

void arch_poweroff(void)
{
    stop(HOST_POWEROFF);
}

void arch_reboot(void)
{
    stop(HOST_REBOOT);
}

void arch_profile_dump(void)
{
}

void arch_stop_others(void)
{
    __atomic_store_n(&panicked, true, __ATOMIC_RELAXED);
}
