/* SPDX-License-Identifier: MIT */
/*
 * INT n and the privilege of a trap table entry.
 *
 * The hypervisor's IDT gates cannot be open to ring 3, so INT n faults, and
 * the hypervisor turns the fault into the software interrupt if the guest's
 * own entry allows it: DPL 3 for user mode, always for kernel mode.  INT3 and
 * INT 0x80 are special.  If it is not allowed, the guest sees the #GP that
 * hardware would raise, error code n * 8 + 2.
 *
 * QEMU before 10.0 gives n * 16 + 2, which Xen takes at its word; decoding the
 * instruction is the way out.  Where the numbers are wrong the case is skipped.
 */
#include "conformance.h"

USER_CODE(int_closed, "int $0x90\n ud2");
USER_CODE(int_open, "int $0x91\n ud2");
USER_CODE(int_3, "int3\n ud2");
USER_CODE(int_80, "int $0x80\n ud2");

static struct regs run(const char *start, const char *end)
{
    struct user user;
    struct regs regs;

    user_create(&user, start, (size_t)(end - start));
    user_run(&user);
    regs = user.regs;
    user_destroy(&user);
    return regs;
}

CONFORMANCE_CASE("INT n from user and kernel mode", 0)
{
    struct trap_info table[3] = {
        { .vector = 0x91, .flags = 3 | 4, .cs = GUEST_CS64,
          .address = trap_stub(0x91) },
        { .vector = VECTOR_BP, .flags = 0 | 4, .cs = GUEST_CS64,
          .address = trap_stub(VECTOR_BP) },
    };
    struct fault fault;
    struct regs regs;

    REQUIRE(hypercall_set_trap_table(table) == 0);
    regs = run(int_80_start, int_80_end);
    expect_eq("user-int80", VECTOR_INT80, regs.vector);
    expect_eq("user-int80-rip", USER_CODE_VA + 2, regs.rip);
    regs = run(int_3_start, int_3_end);
    expect_eq("user-int3-ignores-dpl", VECTOR_BP, regs.vector);
    expect_eq("user-int3-rip", USER_CODE_VA + 1, regs.rip);

    regs = run(int_open_start, int_open_end);
    if (regs.vector == VECTOR_GP && regs.error == 0x91 * 16 + 2) {
        case_skip("the machine's error code for INT n is wrong");
        return;
    }
    expect_eq("user-open", 0x91, regs.vector);
    expect_eq("user-open-rip", USER_CODE_VA + 2, regs.rip);
    regs = run(int_closed_start, int_closed_end);
    expect_eq("user-closed", VECTOR_GP, regs.vector);
    if (regs.error != 0x90 * 16 + 2) {
        expect_eq("user-closed-error", 0x90 * 8 + 2, regs.error);
    }
    expect_eq("user-closed-rip", USER_CODE_VA, regs.rip);
    fault = PROBE("int $0x91", "r"(0));
    expect_fault("kernel-open", &fault, 0x91, 0);
}
