/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions that are performed for a kernel, and its MSRs
 * (pv/emul_priv.c, pv/msr.c).
 *
 * The lesson: the list is closed. What is on it does what the manual says and
 * moves rip by its length; everything else, and everything of a user, is the
 * guest's #GP with nothing changed.
 */
#include "../../hypervisor/pv/trap.h"

#include <hv/util.h>

#include <string.h>

#include "test_main.h"
#include "world.h"

static struct world *w;
static struct domain *d;
static struct vcpu *v;
static struct world_guest g;
static struct cpu_regs regs;

static void setup(void)
{
    w = world_with(1, 96);
    d = w->domains[0];
    g = world_boot_guest(w, 0);
    v = current_vcpu();
    v->kernel_mode = true;
    v->pv.iopl = 1;
    regs = (struct cpu_regs){ .rflags = RFLAGS_MBS | RFLAGS_IF };
}

static void teardown(void)
{
    world_free(w);
}

#define REFUSAL 0xa000ull /* the handler that gets it */

/* Whether the guest gets this exception for it, and nothing else happened
 * (E3). Then what was injected is taken back. */
static bool raises(unsigned int vector,
                   void (*perform)(struct vcpu *, struct cpu_regs *))
{
    struct cpu_regs before = regs;
    struct callback gate = v->pv.traps[vector];
    bool was_kernel = v->kernel_mode;
    bool raised;

    v->pv.traps[vector] = (struct callback){ .address = REFUSAL };
    v->pv.kernel_sp = WORLD_DATA + 0x3000;
    if (regs.rsp == 0) {
        regs.rsp = v->pv.kernel_sp;
    }
    perform(v, &regs);
    v->pv.traps[vector] = gate;
    raised = regs.rip == REFUSAL;
    if (raised) {
        ck_assert_int_eq(memcmp(&regs, &before,
                                offsetof(struct cpu_regs, error_code)), 0);
        regs = before;
        if (!was_kernel) {
            arch_enter_user_mode(v);
        }
    } else if (before.rsp == 0) {
        regs.rsp = 0;
    }
    return raised;
}

/* The instruction, padded with what no decoder knows. */
static bool run(const char *bytes, size_t count)
{
    uint8_t insn[15];

    memset(insn, 0xf4, sizeof(insn));
    memcpy(insn, bytes, count);
    world_args_reset(w);
    regs.rip = world_arg(w, insn, sizeof(insn)).v;
    regs.entry_vector = TRAP_GP;
    regs.error_code = 0;
    return !raises(TRAP_GP, pv_emulate);
}

#define RUN(text) run(text, sizeof(text) - 1)
#define LENGTH_RUN() (regs.rip - WORLD_ARGS_BASE)

START_TEST(ports_are_an_empty_bus)
{
    regs.rax = 0x1122334455667788ull;
    regs.rdx = 0x3f8;
    ck_assert(RUN("\xec"));                 /* in al, dx */
    ck_assert_uint_eq(regs.rax, 0x11223344556677ffull);
    ck_assert_uint_eq(LENGTH_RUN(), 1);
    ck_assert(RUN("\x66\xed"));             /* in ax, dx */
    ck_assert_uint_eq(regs.rax, 0x112233445566ffffull);
    ck_assert(RUN("\xed"));                 /* in eax, dx */
    ck_assert_uint_eq(regs.rax, 0xffffffffull);
    regs.rax = 0x55;
    ck_assert(RUN("\xe4\x42"));             /* in al, 0x42 */
    ck_assert_uint_eq(regs.rax, 0);
    ck_assert_uint_eq(LENGTH_RUN(), 2);
    ck_assert(RUN("\xe5\xf0"));
    ck_assert_uint_eq(regs.rax, 0xffffffffull);
    regs.rax = 0x77;
    ck_assert(RUN("\xee"));
    ck_assert(RUN("\xe7\x80"));
    ck_assert_uint_eq(regs.rax, 0x77);
}
END_TEST

START_TEST(ports_need_the_level_or_the_map)
{
    uint8_t map[16];
    gva_t va;

    v->pv.iopl = 0;
    regs.rdx = 0x21;
    ck_assert(!RUN("\xec"));
    ck_assert(!RUN("\xfa"));
    ck_assert(!RUN("\xfb"));
    memset(map, 0xff, sizeof(map));
    map[4] = 0x01; /* ports 0x21-0x27 */
    va = GVA(WORLD_DATA);
    ck_assert(!guest_copy_out(va, map, sizeof(map)));
    v->pv.io_bitmap = va;
    v->pv.io_bitmap_ports = 128;
    ck_assert(RUN("\xec"));
    regs.rdx = 0x20;
    ck_assert(!RUN("\xec"));
    regs.rdx = 0x27;
    ck_assert(RUN("\xec"));
    ck_assert(!RUN("\x66\xed")); /* 0x27 and 0x28 */
    regs.rdx = 0x80;             /* behind the map */
    ck_assert(!RUN("\xec"));
    v->pv.io_bitmap = GVA(0x10); /* not there */
    regs.rdx = 0x21;
    ck_assert(!RUN("\xec"));
}
END_TEST

START_TEST(string_ports_go_element_by_element)
{
    uint64_t words[2] = { 0, 0 };

    regs.rdi = WORLD_DATA;
    regs.rcx = 2;
    regs.rdx = 0x60;
    ck_assert(RUN("\xf3\x6d"));             /* rep insd */
    ck_assert_uint_eq(regs.rcx, 1);
    ck_assert_uint_eq(regs.rdi, WORLD_DATA + 4);
    ck_assert_uint_eq(LENGTH_RUN(), 0);
    ck_assert(RUN("\xf3\x6d"));
    ck_assert_uint_eq(regs.rcx, 0);
    ck_assert_uint_eq(LENGTH_RUN(), 2);
    ck_assert(RUN("\xf3\x6d"));             /* none is left */
    ck_assert_uint_eq(LENGTH_RUN(), 2);
    ck_assert_uint_eq(regs.rdi, WORLD_DATA + 8);
    ck_assert(!guest_copy_in(words, GVA(WORLD_DATA), 16));
    ck_assert_uint_eq(words[0], ~0ull);
    ck_assert_uint_eq(words[1], 0);
    regs.rflags |= RFLAGS_DF;
    ck_assert(RUN("\x6c"));                 /* insb, downwards */
    ck_assert_uint_eq(regs.rdi, WORLD_DATA + 7);
    regs.rsi = WORLD_DATA;
    ck_assert(RUN("\x66\x6f"));             /* outsw */
    ck_assert_uint_eq(regs.rsi, WORLD_DATA - 2);
}
END_TEST

START_TEST(string_ports_fault_as_the_guests_memory_does)
{
    v->pv.traps[TRAP_PF] = (struct callback){ .address = 0x9000 };
    regs.rsp = WORLD_DATA + 0x1000;
    regs.rdi = HV_HOLE_START;
    ck_assert(!RUN("\x6c"));
    ck_assert_uint_eq(regs.rdi, HV_HOLE_START);
    regs.rsi = 0x10;
    ck_assert(RUN("\x6e"));
    ck_assert_uint_eq(regs.rip, 0x9000);
    ck_assert_uint_eq(v->info->arch.cr2, 0x10);
}
END_TEST

START_TEST(outs_reads_where_its_segment_says)
{
    v->pv.traps[TRAP_PF] = (struct callback){ .address = 0x9000 };
    regs.rsp = WORLD_DATA + 0x1000;
    arch_set_segment_base(v, SEGBASE_FS, WORLD_DATA - 0x10);
    arch_set_segment_base(v, SEGBASE_GS_KERNEL, WORLD_DATA - 0x20);
    arch_set_segment_base(v, SEGBASE_GS_USER, 1);
    regs.rsi = 0x10;
    ck_assert(RUN("\x64\x6e"));
    ck_assert_uint_eq(regs.rsi, 0x11);
    regs.rsi = 0x20;
    ck_assert(RUN("\x65\x66\x6f"));
    ck_assert_uint_eq(regs.rsi, 0x22);
    arch_set_segment_base(v, SEGBASE_FS, HV_HOLE_START);
    ck_assert(!RUN("\x64\x6e"));
    arch_set_segment_base(v, SEGBASE_FS, 0x1000);
    ck_assert(RUN("\x64\x6e"));
    ck_assert_uint_eq(v->info->arch.cr2, 0x1022);
    regs.rdi = WORLD_DATA;
    ck_assert(RUN("\x64\x6c"));             /* INS is always ES */
    ck_assert_uint_eq(regs.rdi, WORLD_DATA + 1);
}
END_TEST

/* Tables are mapped read-only, and behind the data there is nothing. */
START_TEST(string_ports_name_the_first_byte_that_fails)
{
    uint64_t table = WORLD_TABLES + 3 * PAGE_SIZE;

    v->pv.traps[TRAP_PF] = (struct callback){ .address = 0x9000 };
    regs.rsp = WORLD_DATA + 0x1000;
    regs.rdi = regs.rsi = table + 8;
    ck_assert(RUN("\x6d")); /* insd */
    ck_assert_uint_eq(regs.rip, 0x9000);
    ck_assert_uint_eq(v->info->arch.cr2, table + 8);
    ck_assert(RUN("\x6f")); /* outsd only reads it */
    ck_assert_uint_eq(regs.rsi, table + 12);
    regs.rdi = table - 2;   /* from one table into the next */
    ck_assert(RUN("\x6d"));
    ck_assert_uint_eq(v->info->arch.cr2, table - 2);
    regs.rdi = regs.rsi = WORLD_DATA + WORLD_DATA_PAGES * PAGE_SIZE - 3;
    ck_assert(RUN("\x6d"));
    ck_assert_uint_eq(v->info->arch.cr2,
                      WORLD_DATA + WORLD_DATA_PAGES * PAGE_SIZE);
    v->info->arch.cr2 = 0;
    ck_assert(RUN("\x6f"));
    ck_assert_uint_eq(v->info->arch.cr2,
                      WORLD_DATA + WORLD_DATA_PAGES * PAGE_SIZE);
}
END_TEST

/* Bytes behind the page are asked for, but not needed. */
START_TEST(an_instruction_may_end_its_page)
{
    static const uint8_t cpuid[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };
    uint64_t end = WORLD_DATA + WORLD_DATA_PAGES * PAGE_SIZE;

    regs.rip = end - 2;
    ck_assert(!guest_store16(GVA(regs.rip), 0x320f)); /* rdmsr */
    regs.rcx = 0xc0000080;
    ck_assert(!raises(TRAP_GP, pv_emulate));
    ck_assert_uint_eq(regs.rip, end);
    ck_assert_uint_eq(regs.rax, 0xd01);
    regs.rip = end - 1;
    ck_assert(raises(TRAP_GP, pv_emulate));
    regs.rip = end - sizeof(cpuid);
    ck_assert(!guest_copy_out(GVA(regs.rip), cpuid, sizeof(cpuid)));
    regs.rax = 0x40000000;
    ck_assert(!raises(TRAP_UD, pv_emulate_forced));
    ck_assert_uint_eq(regs.rip, end);
    regs.rip = end - sizeof(cpuid) + 1;
    ck_assert(!guest_copy_out(GVA(regs.rip), cpuid, sizeof(cpuid) - 1));
    ck_assert(raises(TRAP_UD, pv_emulate_forced));
}
END_TEST

START_TEST(cli_and_sti_do_not_touch_the_mask)
{
    v->info->evtchn_upcall_mask = 0;
    ck_assert(RUN("\xfa"));
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 0);
    v->info->evtchn_upcall_mask = 1;
    ck_assert(RUN("\xfb"));
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 1);
}
END_TEST

START_TEST(control_registers)
{
    ck_assert(RUN("\x0f\x20\xc3"));         /* mov rbx, cr0 */
    ck_assert_uint_eq(regs.rbx, 0x80050033);
    regs.rbx |= 8;
    ck_assert(RUN("\x0f\x22\xc3"));
    ck_assert(v->pv.task_switched);
    ck_assert(RUN("\x0f\x20\xc3"));
    ck_assert_uint_eq(regs.rbx, 0x8005003b);
    ck_assert(RUN("\x0f\x06"));             /* clts */
    ck_assert(!v->pv.task_switched);
    regs.rbx = 0x80050032;                  /* without PE */
    ck_assert(!RUN("\x0f\x22\xc3"));
    regs.rbx = 0x12345000;
    ck_assert(RUN("\x0f\x22\xd3"));         /* mov cr2, rbx */
    ck_assert_uint_eq(v->info->arch.cr2, 0x12345000);
    ck_assert(RUN("\x41\x0f\x20\xd7"));     /* mov r15, cr2 */
    ck_assert_uint_eq(regs.r15, 0x12345000);
    ck_assert(RUN("\x0f\x20\xdb"));         /* mov rbx, cr3 */
    ck_assert_uint_eq(regs.rbx, g.l4.v << PAGE_SHIFT);
    ck_assert(RUN("\x0f\x22\xdb"));         /* and back */
    regs.rbx = g.data[0].v << PAGE_SHIFT;   /* no table */
    ck_assert(!RUN("\x0f\x22\xdb"));
    regs.rbx = ~0ull;
    ck_assert(!RUN("\x0f\x22\xdb"));
    ck_assert(!RUN("\x0f\x20\xcb"));        /* cr1 */
    ck_assert(!RUN("\x44\x0f\x20\xc3"));    /* cr8 */
}
END_TEST

START_TEST(cr4_keeps_what_a_guest_may_have)
{
    regs.rbx = ~0ull;
    ck_assert(RUN("\x0f\x22\xe3"));         /* mov cr4, rbx */
    ck_assert(RUN("\x0f\x20\xe3"));
    ck_assert_uint_eq(regs.rbx, 0x40668);   /* with DE and OSXSAVE */
    regs.rbx = 0;
    ck_assert(RUN("\x0f\x22\xe3"));
    ck_assert(RUN("\x0f\x20\xe3"));
    ck_assert_uint_eq(regs.rbx, 0x660);
}
END_TEST

/* #UD in place of #GP. */
static void expect_undefined(const char *bytes)
{
    v->pv.traps[TRAP_UD] = (struct callback){ .address = 0x9000 };
    regs.rsp = WORLD_DATA + 0x1000;
    ck_assert(run(bytes, strlen(bytes)));
    ck_assert_uint_eq(regs.rip, 0x9000);
}

START_TEST(debug_registers)
{
    regs.rbx = WORLD_DATA;
    ck_assert(RUN("\x0f\x23\xc3"));         /* mov dr0, rbx */
    ck_assert_uint_eq(v->pv.debugreg[0], WORLD_DATA);
    ck_assert(RUN("\x0f\x21\xc1"));         /* mov rcx, dr0 */
    ck_assert_uint_eq(regs.rcx, WORLD_DATA);
    regs.rbx = HV_HOLE_START;
    ck_assert(!RUN("\x0f\x23\xc3"));
    regs.rbx = 0x2000;                      /* general detect */
    ck_assert(!RUN("\x0f\x23\xfb"));
    regs.rbx = 0x600;
    ck_assert(RUN("\x0f\x23\xeb"));         /* mov dr5, rbx */
    ck_assert_uint_eq(v->pv.debugreg[7], 0x600);
    v->pv.cr4_guest = 8;
    expect_undefined("\x0f\x23\xeb");
    expect_undefined("\x44\x0f\x21\xc1");  /* dr8 */
}
END_TEST

START_TEST(nothing_privileged_can_be_locked)
{
    expect_undefined("\xf0\x0f\x20\xc3");
    expect_undefined("\xf0\x0f\x30");
    expect_undefined("\xf0\xec");
    expect_undefined("\xf0\xfa");
}
END_TEST

START_TEST(xsetbv)
{
    v->pv.traps[TRAP_UD] = (struct callback){ .address = 0x9000 };
    regs.rsp = WORLD_DATA + 0x1000;
    regs.rax = 3;
    ck_assert(RUN("\x0f\x01\xd1")); /* CR4.OSXSAVE is off */
    ck_assert_uint_eq(regs.rip, 0x9000);
    ck_assert_uint_eq(v->pv.xcr0, 1);
    regs.rbx = 0x40628;
    ck_assert(RUN("\x0f\x22\xe3"));
    regs.rcx = 0;
    regs.rax = 7;
    regs.rdx = 0;
    ck_assert(RUN("\x0f\x01\xd1"));
    ck_assert_uint_eq(v->pv.xcr0, 7);
    ck_assert_uint_eq(LENGTH_RUN(), 3);
    regs.rax = 6;                           /* without x87 */
    ck_assert(!RUN("\x0f\x01\xd1"));
    regs.rax = 5;                           /* AVX without SSE */
    ck_assert(!RUN("\x0f\x01\xd1"));
    regs.rax = 0x207;
    ck_assert(!RUN("\x0f\x01\xd1"));
    regs.rax = 3;
    regs.rdx = 1;
    ck_assert(!RUN("\x0f\x01\xd1"));
    regs.rdx = 0;
    regs.rcx = 1;
    ck_assert(!RUN("\x0f\x01\xd1"));
    ck_assert_uint_eq(v->pv.xcr0, 7);
}
END_TEST

START_TEST(what_is_not_on_the_list)
{
    static const struct { char bytes[6]; uint8_t count; } list[] = {
        { "\xf4", 1 },                      /* hlt */
        { "\x0f\x08", 2 },                  /* invd */
        { "\x0f\x01\x3f", 3 },              /* invlpg [rdi] */
        { "\x0f\x01\x17", 3 },              /* lgdt */
        { "\x0f\x01\x1f", 3 },              /* lidt */
        { "\x0f\x01\xf8", 3 },              /* swapgs */
        { "\x0f\x01\xf0", 3 },              /* lmsw */
        { "\x0f\x01\xc8", 3 },              /* monitor */
        { "\x0f\x00\xd8", 3 },              /* ltr */
        { "\x0f\x07", 2 },                  /* sysret */
        { "\x0f\x35", 2 },                  /* sysexit */
        { "\x0f\xaa", 2 },                  /* rsm */
        { "\xcf", 1 },                      /* iret */
        { "\x89\x07", 2 },                  /* mov [rdi], eax */
        { "\xf0\x89\x07", 3 },              /* lock mov [rdi], eax */
    };
    struct cpu_regs before;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(list); i++) {
        regs = (struct cpu_regs){ .rflags = 0x202, .rcx = 0x1b };
        world_args_reset(w);
        before = regs;
        ck_assert_msg(!run(list[i].bytes, list[i].count), "row %u", i);
        before.rip = regs.rip;
        before.entry_vector = regs.entry_vector;
        ck_assert_int_eq(memcmp(&before, &regs, sizeof(regs)), 0);
        ck_assert_uint_eq(regs.rip, WORLD_ARGS_BASE);
    }
}
END_TEST

/* E1 */
START_TEST(users_are_not_helped)
{
    ck_assert_int_eq(pv_set_user_table(v, g.l4), 0);
    v->kernel_mode = false;
    ck_assert(!RUN("\xfa"));
    ck_assert(!RUN("\xec"));
    ck_assert(!RUN("\x0f\x32"));
    ck_assert(!RUN("\x0f\x01\xd1"));
}
END_TEST

START_TEST(users_get_ports_by_level_three)
{
    ck_assert_int_eq(pv_set_user_table(v, g.l4), 0);
    v->kernel_mode = false;
    regs.cs = 0xe033;
    v->pv.iopl = 2;
    ck_assert(!RUN("\xec"));
    v->pv.iopl = 3;
    ck_assert(RUN("\xec"));
    ck_assert(RUN("\xfa"));
    ck_assert(!RUN("\x0f\x32"));
    regs.cs = 0x33; /* of the guest's own: where is rip? */
    ck_assert(!RUN("\xec"));
    regs.cs = 0xe023;
    ck_assert(RUN("\xec"));
    ck_assert(!RUN("\x6e"));
}
END_TEST

START_TEST(users_get_ports_by_the_map)
{
    static const uint8_t map[2] = { 0xff, 0xfe };

    ck_assert_int_eq(pv_set_user_table(v, g.l4), 0);
    v->kernel_mode = false;
    v->pv.iopl = 0;
    regs.cs = 0xe033;
    v->pv.io_bitmap = GVA(WORLD_DATA);
    ck_assert(!guest_copy_out(GVA(WORLD_DATA), map, 2));
    v->pv.io_bitmap_ports = 16;
    regs.rdx = 8;
    ck_assert(RUN("\xec"));
    ck_assert(!v->kernel_mode);
    regs.rdx = 9;
    ck_assert(!RUN("\xec"));
    regs.rdx = 16;
    ck_assert(!RUN("\xec"));
    regs.rdx = 8;
    ck_assert(!RUN("\xfa"));
}
END_TEST

START_TEST(the_assist_makes_the_kernel_ring_0)
{
    v->pv.iopl = 0;
    ck_assert(!RUN("\xec"));
    ck_assert_int_eq(hc_vm_assist(VMASST_CMD_enable,
                                  VMASST_TYPE_architectural_iopl, 0, 0, 0),
                     0);
    ck_assert(RUN("\xec"));
}
END_TEST

START_TEST(performed_instructions_are_stepped_over)
{
    v->pv.traps[TRAP_DB] = (struct callback){ .address = 0x9000 };
    regs.rsp = WORLD_DATA + 0x1000;
    regs.rflags |= RFLAGS_TF | RFLAGS_RF;
    ck_assert(RUN("\xfa"));
    ck_assert_uint_eq(regs.rip, 0x9000);
    ck_assert_uint_eq(v->pv.debugreg[6] & 0x4000, 0x4000);
}
END_TEST

/* --- the CPUID prefix ----------------------------------------------------------- */

START_TEST(the_prefix_asks_for_the_policy)
{
    static const uint8_t insn[] = { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 };

    regs.rip = world_arg(w, insn, sizeof(insn)).v;
    regs.rax = 0xffffffff40000000ull;
    ck_assert(!raises(TRAP_UD, pv_emulate_forced));
    ck_assert_uint_eq(regs.rbx, 0x566e6558);
    ck_assert_uint_eq(regs.rip, WORLD_ARGS_BASE + 7);
    ck_assert(raises(TRAP_UD, pv_emulate_forced)); /* zeroes follow */
    regs.rip = HV_HOLE_START;
    ck_assert(raises(TRAP_UD, pv_emulate_forced));
}
END_TEST

/* --- MSRs --------------------------------------------------------------------------- */

static bool wrmsr(uint32_t msr, uint64_t value)
{
    regs.rcx = msr | 0xabc00000000ull; /* the upper half does not matter */
    regs.rax = (uint32_t)value | 0x100000000ull;
    regs.rdx = value >> 32;
    return RUN("\x0f\x30");
}

static bool rdmsr(uint32_t msr, uint64_t *value)
{
    bool done;

    regs.rcx = msr;
    done = RUN("\x0f\x32");
    *value = (uint32_t)regs.rax | regs.rdx << 32;
    return done;
}

START_TEST(segment_bases_are_the_guests)
{
    uint64_t value;

    ck_assert(wrmsr(0xc0000100, 0x7f0012345678ull));
    ck_assert_uint_eq(v->pv.fs_base, 0x7f0012345678ull);
    ck_assert(wrmsr(0xc0000101, 0xffff888000001000ull));
    ck_assert_uint_eq(v->pv.gs_base_kernel, 0xffff888000001000ull);
    ck_assert(wrmsr(0xc0000102, 0x1000));
    ck_assert_uint_eq(v->pv.gs_base_user, 0x1000);
    ck_assert(rdmsr(0xc0000101, &value));
    ck_assert_uint_eq(value, 0xffff888000001000ull);
    ck_assert(!wrmsr(0xc0000101, 0x800000000000ull));
    ck_assert_uint_eq(v->pv.gs_base_kernel, 0xffff888000001000ull);
}
END_TEST

START_TEST(registers_of_the_machine_are_constants)
{
    static const uint32_t faults[] = { 0xc0000081, 0xc0000082, 0xc0000103,
                                       0x174, 0x176, 0x179, 0x1d9,
                                       0x6e0, 0x800, 0xc0010010 };
    uint64_t value;
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(faults); i++) {
        ck_assert(!rdmsr(faults[i], &value));
        ck_assert(!wrmsr(faults[i], 0));
    }
    ck_assert(rdmsr(0xc0000080, &value));
    ck_assert_uint_eq(value, 0xd01);
    ck_assert(wrmsr(0xc0000080, 0xd01));
    ck_assert(!wrmsr(0xc0000080, 0x501));
    ck_assert(rdmsr(0x1b, &value));
    ck_assert_uint_eq(value, 0xfee00900);
    ck_assert(!wrmsr(0x1b, 0xfee00900));
    ck_assert(rdmsr(0x277, &value));
    ck_assert(!wrmsr(0x277, value));
    ck_assert(wrmsr(0x8b, 0));
    ck_assert(wrmsr(0x140, 0));
    ck_assert(!wrmsr(0x140, 1));
    ck_assert(wrmsr(0x1a0, 0));
    ck_assert(rdmsr(0x1a0, &value));
    ck_assert_uint_eq(value, 0x1801);
    ck_assert(rdmsr(0x10, &value));
    ck_assert(!wrmsr(0x10, value));
    /* The fake machine is none of AMD's. */
    ck_assert(rdmsr(0x17, &value));
    ck_assert(!rdmsr(0xc0010015, &value));
    ck_assert(!wrmsr(0xc0010015, 0));
}
END_TEST

TEST_MAIN("emul_priv", setup, teardown, ports_are_an_empty_bus,
          ports_need_the_level_or_the_map, string_ports_go_element_by_element,
          string_ports_fault_as_the_guests_memory_does,
          string_ports_name_the_first_byte_that_fails,
          outs_reads_where_its_segment_says,
          an_instruction_may_end_its_page,
          cli_and_sti_do_not_touch_the_mask, control_registers,
          cr4_keeps_what_a_guest_may_have, debug_registers,
          nothing_privileged_can_be_locked, xsetbv, what_is_not_on_the_list,
          users_are_not_helped, users_get_ports_by_level_three,
          users_get_ports_by_the_map, the_assist_makes_the_kernel_ring_0,
          performed_instructions_are_stepped_over,
          the_prefix_asks_for_the_policy, segment_bases_are_the_guests,
          registers_of_the_machine_are_constants)
