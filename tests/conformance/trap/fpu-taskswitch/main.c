/* SPDX-License-Identifier: MIT */
/*
 * fpu_taskswitch: the TS bit by hypercall.
 *
 * A kernel that switches FPU state lazily sets TS at a context switch and waits
 * for #NM.  The hypervisor clears TS when it delivers the #NM, because every
 * handler would do that first.
 */
#include "conformance.h"

CONFORMANCE_CASE("TS makes the next FPU instruction trap, once", 0)
{
    struct fault fault;

    expect_eq("set", 0, (uint64_t)hypercall_fpu_taskswitch(1));
    fault = PROBE("fninit", "r"(0));
    expect_fault("first-use", &fault, VECTOR_NM, 0);
    fault = PROBE("fninit", "r"(0));
    expect_no_fault("second-use", &fault);
    expect_eq("set-again", 0, (uint64_t)hypercall_fpu_taskswitch(1));
    expect_eq("clear", 0, (uint64_t)hypercall_fpu_taskswitch(0));
    fault = PROBE("fninit", "r"(0));
    expect_no_fault("after-clear", &fault);
}
