/* SPDX-License-Identifier: MIT */
/*
 * Ports without the right to them.
 *
 * The initial domain may be given ports, but only after it has asked for I/O
 * privilege.  Before, IN, OUT and their string forms are #GP, in the kernel
 * and in user mode, and so are CLI and STI.
 */
#include "conformance.h"

USER_CODE(user_in, "movw $0x70, %dx\n inb %dx, %al\n ud2");
USER_CODE(user_cli, "cli\n ud2");

static uint64_t user_vector(const char *start, const char *end)
{
    struct user user;
    uint64_t vector;

    user_create(&user, start, (size_t)(end - start));
    user_run(&user);
    vector = user.regs.vector;
    user_destroy(&user);
    return vector;
}

CONFORMANCE_CASE("IN, OUT, CLI and STI without I/O privilege", 0)
{
    static uint8_t byte;
    struct fault fault;

    fault = PROBE("inb %%dx, %%al", "d"(0x71), "a"(0));
    expect_fault("in", &fault, VECTOR_GP, 0);
    fault = PROBE("outb %%al, %%dx", "d"(0x80), "a"(0));
    expect_fault("out", &fault, VECTOR_GP, 0);
    fault = PROBE("inl $0x40, %%eax", "a"(0));
    expect_fault("in-immediate", &fault, VECTOR_GP, 0);
    fault = PROBE("outsb", "d"(0x80), "S"(&byte));
    expect_fault("outs", &fault, VECTOR_GP, 0);
    fault = PROBE("cli", "r"(0));
    expect_fault("cli", &fault, VECTOR_GP, 0);
    fault = PROBE("sti", "r"(0));
    expect_fault("sti", &fault, VECTOR_GP, 0);
    expect_eq("user-in", VECTOR_GP, user_vector(user_in_start, user_in_end));
    expect_eq("user-cli", VECTOR_GP,
              user_vector(user_cli_start, user_cli_end));
}
