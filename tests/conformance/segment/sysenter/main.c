/* SPDX-License-Identifier: MIT */
/*
 * SYSENTER without a callback.
 *
 * The instruction takes nothing from the process but trust: it jumps to ring
 * 0 with addresses out of MSRs.  Where a guest has not asked for it, the
 * process gets an exception, whichever the CPU's vendor prefers, and the
 * machine goes on.
 */
#include "conformance.h"

USER_CODE(enter, "sysenter\n ud2");

CONFORMANCE_CASE("SYSENTER of a process faults", 0)
{
    struct user user;

    user_create(&user, USER_CODE_ARGS(enter));
    user_run(&user);
    expect_true("faults", user.regs.vector == VECTOR_GP ||
                          user.regs.vector == VECTOR_UD);
    user_destroy(&user);
}
