/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's part of the GDT.
 *
 * Above entry 7168 lie the flat segments a guest runs on, and the
 * hypervisor's own, which ring 3 must not be able to load.
 */
#include "conformance.h"

CONFORMANCE_CASE("Selectors of the hypervisor", 0)
{
    struct fault fault;

    fault = PROBE("movw %w0, %%es", "r"(0xe02b));
    expect_no_fault("data-32", &fault);
    fault = PROBE("movw %w0, %%es", "r"(0xe008));
    expect_fault("hypervisor-code", &fault, VECTOR_GP, 0xe008);
    fault = PROBE("movw %w0, %%es", "r"(0xe010));
    expect_fault("hypervisor-data", &fault, VECTOR_GP, 0xe010);
    fault = PROBE("movw %w0, %%es", "r"(0));
    expect_no_fault("null", &fault);
}
