/* SPDX-License-Identifier: MIT */
/*
 * Ports for user mode.
 *
 * A kernel may let a process use ports: by the level, which must be 3 for a
 * process where 1 does for the kernel, or by the map, which it keeps in its own
 * memory, out of the process's sight.  CLI and STI follow the level and do
 * nothing.  Nothing else that is emulated for the kernel is for the process.
 * With the assist architectural_iopl frames show the level and iret sets it.
 */
#include "conformance.h"

#include <xen/physdev.h>

#define GUEST_CS32 0xe023u
#define IOPL(n) ((uint64_t)(n) << 12)

USER_CODE(in, "movw $0x80, %dx\n inb %dx, %al\n ud2");
USER_CODE(in_word, "movw $0x87, %dx\n inw %dx, %ax\n ud2");
USER_CODE(cli, "cli\n sti\n ud2");
USER_CODE(outs, "movw $0x80, %dx\n movl $0x400000, %esi\n outsb\n ud2");
USER_CODE(outs_bad, "movw $0x80, %dx\n movl $0x500000, %esi\n outsb\n ud2");
USER_CODE(read_cr0, "movq %cr0, %rax\n ud2");
USER_CODE(read_msr, "movl $0xc0000080, %ecx\n rdmsr\n ud2");

static struct regs regs;

static uint64_t run(const char *start, const char *end, uint16_t cs)
{
    struct user user;

    user_create(&user, start, (size_t)(end - start));
    user.regs.cs = cs;
    user.regs.rax = 0x1234;
    user_run(&user);
    regs = user.regs;
    user_destroy(&user);
    return regs.vector;
}

#define RUN(name) run(name##_start, name##_end, GUEST_CS64)

static void set_level(uint32_t level)
{
    struct physdev_set_iopl op = { .iopl = level };

    expect_eq("set-iopl", 0, (uint64_t)hypercall(
        __HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, (unsigned long)&op, 0, 0,
        0));
}

static void set_map(void *map, uint32_t ports)
{
    struct physdev_set_iobitmap op = { .nr_ports = ports };

    op.bitmap.p = map;
    expect_eq("set-iobitmap", 0, (uint64_t)hypercall(
        __HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, (unsigned long)&op,
        0, 0, 0));
}

static void by_level(void)
{
    for (unsigned int level = 0; level < 3; level++) {
        set_level(level);
        expect_eq("in-below-3", VECTOR_GP, RUN(in));
        expect_eq("cli-below-3", VECTOR_GP, RUN(cli));
    }
    set_level(3);
    expect_eq("in-at-3", VECTOR_UD, RUN(in));
    expect_eq("in-at-3-value", 0x12ff, regs.rax & 0xffff);
    expect_eq("in-compat-at-3", VECTOR_UD, run(in_start, in_end, GUEST_CS32));
    expect_eq("cli-at-3", VECTOR_UD, RUN(cli));
    expect_eq("cli-at-3-flags", 0x200, regs.rflags & 0x3200);
    expect_eq("outs-at-3", VECTOR_UD, RUN(outs));
    expect_eq("outs-at-3-rsi", 0x400001, regs.rsi);
    expect_eq("outs-bad-at-3", VECTOR_PF, RUN(outs_bad));
    expect_eq("outs-bad-at-3-error", 4, regs.error);
    expect_eq("cr0-at-3", VECTOR_GP, RUN(read_cr0));
    expect_eq("msr-at-3", VECTOR_GP, RUN(read_msr));
    set_level(0);
}

static void by_map(void)
{
    static uint8_t map[65536 / 8];

    memset(map, 0xff, sizeof(map));
    set_map(map, 65536);
    expect_eq("map-closed", VECTOR_GP, RUN(in));
    map[0x80 / 8] = 0x7f;
    expect_eq("map-other-port", VECTOR_GP, RUN(in));
    expect_eq("word-half-closed", VECTOR_GP, RUN(in_word));
    map[0x80 / 8] = 0x7e;
    expect_eq("map-open", VECTOR_UD, RUN(in));
    expect_eq("map-open-value", 0x12ff, regs.rax & 0xffff);
    expect_eq("word-half-open", VECTOR_GP, RUN(in_word));
    map[0x88 / 8] = 0xfe;
    expect_eq("word-open", VECTOR_UD, RUN(in_word));
    expect_eq("map-no-cli", VECTOR_GP, RUN(cli));
    set_map(map, 0x81);
    expect_eq("short-map-inside", VECTOR_UD, RUN(in));
    set_map(map, 0x80);
    expect_eq("short-map-outside", VECTOR_GP, RUN(in));
    set_map(hostile(UNMAPPED_VA), 65536);
    expect_eq("map-unmapped", VECTOR_GP, RUN(in));
    set_map(NULL, 0);
}

static void with_assist(void)
{
    struct fault fault;

    hypercall_vm_assist(VMASST_CMD_enable, VMASST_TYPE_architectural_iopl);
    set_level(0);
    fault = PROBE("inb %%dx, %%al", "d"(0x80), "a"(0));
    expect_no_fault("kernel-is-ring-0", &fault);
    expect_eq("user-at-0", VECTOR_GP, RUN(in));
    expect_eq("shown-0", 0, regs.rflags & IOPL(3));
    set_level(3);
    fault = PROBE("ud2", "r"(0));
    expect_eq("shown-3", IOPL(3), fault.regs.rflags & IOPL(3));
    /* That iret, and the one into user mode, load what their frames say. */
    expect_eq("iret-loads-0", VECTOR_GP, RUN(in));
    hypercall_vm_assist(VMASST_CMD_disable, VMASST_TYPE_architectural_iopl);
    set_level(0);
}

CONFORMANCE_CASE("Ports for user mode: level, map, architectural_iopl", 0)
{
    by_level();
    by_map();
    with_assist();
}
