/* SPDX-License-Identifier: MIT */
/*
 * INT 0x80, the system call of old.
 *
 * It has a way of its own through the hypervisor: the handler's DPL does not
 * count.  Without a handler it is #GP at the instruction, with the vector in
 * the error code, as through any gate that is not there.
 */
#include "conformance.h"

USER_CODE(int_80, "int $0x80\n ud2");

static struct user user;

static void set_handler(unsigned int flags)
{
    struct trap_info table[3] = {
        { .vector = 0x80, .flags = (uint8_t)flags, .cs = GUEST_CS64,
          .address = trap_stub(0x80) },
    };

    expect_eq("set", 0, (uint64_t)hypercall_set_trap_table(table));
}

static void run(void)
{
    user.regs.rip = USER_CODE_VA;
    user.regs.rsp = USER_STACK_TOP - 8;
    user_run(&user);
}

/* All vectors but one: a table can only be extended or cleared. */
static void clear_handler(void)
{
    static struct trap_info table[256];
    unsigned int n = 0;

    for (unsigned int v = 0; v < 256; v++) {
        if (v != 0x80) {
            table[n++] = (struct trap_info){
                .vector = (uint8_t)v, .flags = 4, .cs = GUEST_CS64,
                .address = trap_stub(v),
            };
        }
    }
    table[n].address = 0;
    hypercall_set_trap_table(NULL);
    expect_eq("all-but-80", 0, (uint64_t)hypercall_set_trap_table(table));
}

CONFORMANCE_CASE("INT 0x80 with and without a handler", 0)
{
    struct fault fault;

    user_create(&user, USER_CODE_ARGS(int_80));
    set_handler(3 | 4);
    run();
    expect_eq("dpl-3", VECTOR_INT80, user.regs.vector);
    expect_eq("dpl-3-rip", USER_CODE_VA + 2, user.regs.rip);
    set_handler(0 | 4);
    run();
    expect_eq("dpl-0", VECTOR_INT80, user.regs.vector);
    expect_eq("dpl-0-rip", USER_CODE_VA + 2, user.regs.rip);
    fault = PROBE("int $0x80", "r"(0));
    expect_fault("kernel", &fault, VECTOR_INT80, 0);
    clear_handler();
    run();
    expect_eq("none", VECTOR_GP, user.regs.vector);
    expect_eq("none-error", 0x80 * 8 + 2, user.regs.error);
    expect_eq("none-rip", USER_CODE_VA, user.regs.rip);
    user_destroy(&user);
}
