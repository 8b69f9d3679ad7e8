/* SPDX-License-Identifier: MIT */
/* Bring-up version. */
#include <pv/console.h>
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/printf.h>
#include <pv/start.h>
#include <pv/time.h>

void guest_early(void)
{
    static const char hello[] = "stub: first words from ring 3\n";

    console_write(hello, sizeof(hello) - 1);
}

void guest_main(void)
{
    printf("stub: %lu pages, %lu free, time %lu ns, cmdline \"%s\"\n",
           start_info->nr_pages, page_free_count(), time_now_ns(),
           start_cmdline());
}
