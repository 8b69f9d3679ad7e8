/* SPDX-License-Identifier: MIT */
/*
 * console_io of the initial domain.
 *
 * The first and the last thing that works.  Text comes from guest memory, so
 * pointer and length are looked at like any other.
 */
#include "conformance.h"

CONFORMANCE_CASE("console_io: writing, reading, errors", 0)
{
    static char text[] = "console-io: a line by console_io\n";
    static char big[300];
    char input[16];

    if (!(start_info->flags & SIF_INITDOMAIN)) {
        case_skip("only the initial domain has console_io");
        return;
    }
    memset(big, '.', sizeof(big));
    big[sizeof(big) - 1] = '\n';
    expect_eq("write", 0, (uint64_t)
              hypercall_console_io(CONSOLEIO_write, sizeof(text) - 1, text));
    expect_eq("write-nothing", 0, (uint64_t)
              hypercall_console_io(CONSOLEIO_write, 0, NULL));
    expect_eq("write-300", 0, (uint64_t)
              hypercall_console_io(CONSOLEIO_write, sizeof(big), big));
    expect_eq("read-nothing", 0, (uint64_t)
              hypercall_console_io(CONSOLEIO_read, sizeof(input), input));
    expect_eq("write-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_console_io(CONSOLEIO_write, 16,
                                   hostile(UNMAPPED_VA)));
    expect_eq("write-hypervisor", -XEN_EFAULT, (uint64_t)
              hypercall_console_io(CONSOLEIO_write, 16,
                                   hostile(HYPERVISOR_VA)));
    expect_eq("read-more-than-can-be-counted", -XEN_E2BIG, (uint64_t)
              hypercall_console_io(CONSOLEIO_read, 0x80000000u, input));
    expect_eq("unknown-command", -XEN_ENOSYS, (uint64_t)
              hypercall_console_io(99, 16, text));
}
