/* SPDX-License-Identifier: MIT */
/*
 * From the first C instruction to the program's guest_main().
 *
 * The order matters and each step needs only those before it:
 *
 *   guest_early   nothing but hypercalls: proof of life as soon as possible
 *   trap_init     from here on a bug prints registers instead of vanishing
 *   mm_init       maps shared_info, so from here on there are events and time
 *   evtchn_init   the vCPU starts with upcalls masked (evtchn_upcall_mask is
 *                 1); this opens them, with every single port masked
 *   console_init  needs a port, and in an ordinary domain the M2P, through
 *                 which it finds its ring
 *   time_init     binds VIRQ_TIMER, so needs ports
 */
#include <pv/console.h>
#include <pv/evtchn.h>
#include <pv/mm.h>
#include <pv/printf.h>
#include <pv/sched.h>
#include <pv/start.h>
#include <pv/string.h>
#include <pv/time.h>
#include <pv/trap.h>

const struct start_info *start_info;

__attribute__((weak)) void guest_early(void)
{
}

const char *start_cmdline(void)
{
    return (const char *)start_info->cmd_line;
}

/* Called by start64.asm. */
_Noreturn void guest_entry(const struct start_info *info);

_Noreturn void guest_entry(const struct start_info *info)
{
    start_info = info;
    guest_early();
    trap_init();
    mm_init();
    evtchn_init();
    console_init();
    time_init();
    guest_main();
    sched_shutdown(SHUTDOWN_poweroff);
}
