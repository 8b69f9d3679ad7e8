/* SPDX-License-Identifier: MIT */
/*
 * Bounce frames, the way back, and the registration of handlers (pv/trap.c,
 * pv/iret.c, pv/callback.c).
 *
 * The lesson: the frame is the guest's only view of what happened, word for
 * word; and a guest that can not take it must end with a sentence, not with
 * the hypervisor.
 */
#include "../../hypervisor/pv/trap.h"

#include <hv/audit.h>
#include <hv/evtchn.h>
#include <hv/util.h>
#include <xen/errno.h>

#include <string.h>

#include "test_main.h"
#include "world.h"

#define HANDLER 0x1234000ull
#define STACK   (WORLD_DATA + 0x1ff7)  /* not aligned, on purpose */
#define USER_IP 0x5550000ull

static struct world *w;
static struct domain *d;
static struct vcpu *v;
static struct world_guest g;
static struct cpu_regs *regs;

static void setup(void)
{
    w = world_with(1, 96);
    d = w->domains[0];
    g = world_boot_guest(w, 0);
    v = current_vcpu();
    v->kernel_mode = true;
    v->info->evtchn_upcall_mask = 0;
    v->pv.kernel_sp = WORLD_DATA + 0x3000;
    regs = arch_guest_regs();
    *regs = (struct cpu_regs){
        .rax = 1, .rcx = 0xcccc, .r11 = 0x1111, .rip = USER_IP,
        .cs = PV_CS64, .ss = PV_SS, .rsp = STACK,
        .rflags = 0x202 | RFLAGS_TF | RFLAGS_RF | RFLAGS_AC | RFLAGS_NT |
                  RFLAGS_DF,
    };
}

static void teardown(void)
{
    world_free(w);
}

static void enter_user_mode(void)
{
    ck_assert_int_eq(pv_set_user_table(v, g.l4), 0);
    v->kernel_mode = false;
    regs->cs = 0x33;
    regs->ss = 0x2b;
}

static void set_handler(unsigned int vector, unsigned int flags)
{
    v->pv.traps[vector] = (struct callback){
        .address = HANDLER, .mask_events = flags >> 2, .dpl = flags & 3,
    };
}

static uint64_t word(unsigned int n)
{
    uint64_t value;

    ck_assert(!guest_load64(GVA(regs->rsp + n * 8), &value));
    return value;
}

/* B4 */
static void must_be_in_handler(uint64_t handler)
{
    ck_assert_uint_eq(regs->rip, handler);
    ck_assert_uint_eq(regs->cs, PV_CS64);
    ck_assert_uint_eq(regs->ss, PV_SS);
    ck_assert_uint_eq(regs->rflags & (RFLAGS_TF | RFLAGS_RF | RFLAGS_AC |
                                      RFLAGS_NT | RFLAGS_IF | RFLAGS_VM),
                      RFLAGS_IF);
    ck_assert_uint_eq(regs->entry_vector, ENTRY_SYSCALL); /* B7 */
    ck_assert(v->kernel_mode);
    ck_assert(!d->crashed);
}

START_TEST(a_frame_from_kernel_mode)
{
    uint64_t flags = regs->rflags;

    set_handler(TRAP_DE, 0);
    regs->entry_vector = TRAP_DE;
    pv_exception(v, regs, 0);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(regs->rsp, (STACK & ~15ull) - 7 * 8);
    ck_assert_uint_eq(word(0), 0xcccc);
    ck_assert_uint_eq(word(1), 0x1111);
    ck_assert_uint_eq(word(2), USER_IP);
    ck_assert_uint_eq(word(3), 0xe030); /* B3 */
    ck_assert_uint_eq(word(4), flags);
    ck_assert_uint_eq(word(5), STACK);
    ck_assert_uint_eq(word(6), PV_SS);
    ck_assert_uint_eq(regs->rflags & RFLAGS_DF, RFLAGS_DF);
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 0);
    ck_assert_uint_eq(regs->rcx, 0xcccc);
}
END_TEST

START_TEST(a_frame_from_user_mode)
{
    enter_user_mode();
    set_handler(TRAP_GP, 4);
    regs->entry_vector = TRAP_GP;
    regs->error_code = 0x18;
    host_effects_clear();
    pv_exception(v, regs, 0);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(host_effect_count(EFFECT_TOGGLE), 1);
    ck_assert_uint_eq(regs->rsp, WORLD_DATA + 0x3000 - 8 * 8);
    ck_assert_uint_eq(word(2), 0x18);
    ck_assert_uint_eq(word(3), USER_IP);
    ck_assert_uint_eq(word(4), 0x33);
    ck_assert_uint_eq(word(6), STACK);
    ck_assert_uint_eq(word(7), 0x2b);
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 1);
}
END_TEST

/* B2 */
START_TEST(the_mask_byte_is_the_interrupt_flag)
{
    v->info->evtchn_upcall_mask = 1;
    set_handler(TRAP_DE, 0);
    regs->entry_vector = TRAP_DE;
    pv_exception(v, regs, 0);
    ck_assert_uint_eq(word(3), 0xe030ull | 1ull << 32);
    ck_assert_uint_eq(word(4) & RFLAGS_IF, 0);
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 1);
}
END_TEST

START_TEST(which_vectors_have_an_error_code)
{
    static const uint8_t with[] = { 8, 10, 11, 12, 13, 14, 17, 21 };
    unsigned int vector, i;

    for (vector = 0; vector < 256; vector++) {
        bool expected = false;

        for (i = 0; i < sizeof(with); i++) {
            expected = expected || with[i] == vector;
        }
        if (vector == 29) {
            continue; /* no PV guest can get it */
        }
        regs->rsp = STACK;
        regs->rip = USER_IP;
        set_handler(vector, 0);
        pv_inject(v, regs, vector, 0x77, 0);
        ck_assert_uint_eq(regs->rsp,
                          (STACK & ~15ull) - (expected ? 8 : 7) * 8);
        ck_assert_uint_eq(word(expected ? 3 : 2), USER_IP);
    }
}
END_TEST

START_TEST(page_faults_tell_the_mode)
{
    set_handler(TRAP_PF, 0);
    regs->entry_vector = TRAP_PF;
    regs->error_code = PFEC_PRESENT | PFEC_USER;
    pv_exception(v, regs, 0xabc000);
    ck_assert_uint_eq(word(2), PFEC_PRESENT);
    ck_assert_uint_eq(v->info->arch.cr2, 0xabc000);
    enter_user_mode();
    regs->entry_vector = TRAP_PF;
    regs->error_code = PFEC_WRITE;
    pv_exception(v, regs, 0xdef000);
    ck_assert_uint_eq(word(2), PFEC_WRITE | PFEC_USER);
    ck_assert_uint_eq(v->info->arch.cr2, 0xdef000);
}
END_TEST

/* A guest's own access to the LDT window is no look of the CPU's. */
START_TEST(the_ldt_window_is_no_guest_memory)
{
    v->pv.ldt_base = GVA(WORLD_DATA);
    v->pv.ldt_entries = 8;
    set_handler(TRAP_PF, 0);
    regs->entry_vector = TRAP_PF;
    regs->error_code = PFEC_USER | PFEC_WRITE;
    host_effects_clear();
    pv_exception(v, regs, LDT_BASE(0) + 8);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(v->info->arch.cr2, LDT_BASE(0) + 8);
    ck_assert_uint_eq(host_effect_count(EFFECT_LDT_PAGE), 0);
    /* The CPU's fault, on a page that can not be mapped: where the guest
     * put its table. */
    regs->entry_vector = TRAP_PF;
    regs->error_code = 0;
    pv_exception(v, regs, LDT_BASE(0) + 8);
    ck_assert_uint_eq(v->info->arch.cr2, WORLD_DATA + 8);
    v->pv.ldt_entries = 0;
}
END_TEST

/* --- software interrupts ------------------------------------------------------ */

static void execute_int(unsigned int number, uint32_t error_code)
{
    uint8_t insn[15] = { 0xcd, (uint8_t)number };

    world_args_reset(w);
    regs->rip = world_arg(w, insn, sizeof(insn)).v;
    regs->rsp = STACK;
    regs->entry_vector = TRAP_GP;
    regs->error_code = error_code;
    pv_exception(v, regs, 0);
}

START_TEST(a_kernel_may_use_any_vector)
{
    set_handler(0x20, 0);
    execute_int(0x20, 0x20 * 8 + 2);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(word(2), WORLD_ARGS_BASE + 2); /* behind it */
    /* An emulated CPU that says 16 for 8. */
    execute_int(0x20, 0x20 * 16 + 2);
    ck_assert_uint_eq(word(2), WORLD_ARGS_BASE + 2);
}
END_TEST

START_TEST(software_interrupts_have_no_error_code)
{
    v->info->arch.cr2 = 0x1234;
    set_handler(TRAP_PF, 0);
    execute_int(TRAP_PF, TRAP_PF * 8 + 2);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(word(2), WORLD_ARGS_BASE + 2);
    ck_assert_uint_eq(v->info->arch.cr2, 0x1234);
}
END_TEST

START_TEST(int_80_asks_for_no_dpl)
{
    set_handler(TRAP_GP, 0);
    enter_user_mode();
    regs->entry_vector = TRAP_INT80;
    pv_exception(v, regs, 0);
    ck_assert_uint_eq(word(2), 0x80 * 8 + 2);
    ck_assert_uint_eq(word(3), USER_IP - 2);
    set_handler(TRAP_INT80, 0);
    enter_user_mode();
    regs->rip = USER_IP;
    regs->entry_vector = TRAP_INT80;
    pv_exception(v, regs, 0);
    ck_assert_uint_eq(word(2), USER_IP);
}
END_TEST

START_TEST(a_user_needs_dpl_3)
{
    unsigned int dpl;

    set_handler(TRAP_GP, 0);
    for (dpl = 0; dpl < 4; dpl++) {
        enter_user_mode();
        set_handler(0x81, dpl);
        execute_int(0x81, 0x81 * 8 + 2);
        ck_assert_uint_eq(word(dpl == 3 ? 2 : 3),
                          WORLD_ARGS_BASE + (dpl == 3 ? 2 : 0));
        if (dpl != 3) {
            ck_assert_uint_eq(word(2), 0x81 * 8 + 2);
        }
    }
}
END_TEST

START_TEST(a_vector_without_handler_is_a_protection_fault)
{
    set_handler(TRAP_GP, 0);
    execute_int(0x33, 0x33 * 8 + 2);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(word(2), 0x33 * 8 + 2);
    ck_assert_uint_eq(word(3), WORLD_ARGS_BASE);
}
END_TEST

/* --- those who can not take it ---------------------------------------------------- */

START_TEST(no_handler_ends_the_domain)
{
    regs->entry_vector = TRAP_UD;
    pv_exception(v, regs, 0);
    ck_assert(d->crashed);
    ck_assert_ptr_nonnull(strstr(host_console_text(),
                                 "no handler is registered for #UD"));
    ck_assert_uint_eq(regs->rip, USER_IP);
}
END_TEST

static void must_crash_with_stack(uint64_t sp)
{
    set_handler(TRAP_DE, 0);
    regs->rsp = sp;
    regs->entry_vector = TRAP_DE;
    pv_exception(v, regs, 0);
    ck_assert(d->crashed);
    ck_assert_ptr_nonnull(strstr(host_console_text(), "kernel stack"));
}

START_TEST(an_unmapped_stack_ends_the_domain)
{
    must_crash_with_stack(0x10000);
}
END_TEST

START_TEST(a_read_only_stack_ends_the_domain)
{
    must_crash_with_stack(WORLD_TABLES + 0x800);
}
END_TEST

START_TEST(a_stack_of_the_hypervisor_ends_the_domain)
{
    must_crash_with_stack(HV_HOLE_START + 0x1000);
}
END_TEST

START_TEST(a_stack_at_zero_ends_the_domain)
{
    must_crash_with_stack(8);
}
END_TEST

START_TEST(a_stack_that_ends_in_the_hole_ends_the_domain)
{
    must_crash_with_stack(HV_HOLE_END + 16);
}
END_TEST

START_TEST(a_callback_that_is_missing_ends_the_domain)
{
    pv_deliver_events(v, regs);
    ck_assert(d->crashed);
}
END_TEST

/* --- callbacks ----------------------------------------------------------------------- */

START_TEST(events_mask_events)
{
    v->pv.event.address = HANDLER;
    v->pv.event.mask_events = false;
    pv_deliver_events(v, regs);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 1);
    ck_assert_uint_eq(word(3), 0xe030);
    ck_assert_uint_eq(word(4) & RFLAGS_IF, RFLAGS_IF);
}
END_TEST

START_TEST(the_failsafe_frame)
{
    enter_user_mode();
    v->pv.ds = 0xd5;
    v->pv.es = 0xe5;
    v->pv.fs = 0xf5;
    v->pv.gs = 0x95;
    v->pv.failsafe.address = HANDLER;
    pv_failsafe(v, regs);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(regs->rsp, WORLD_DATA + 0x3000 - 11 * 8);
    ck_assert_uint_eq(word(1), 0x1111);
    ck_assert_uint_eq(word(2), 0xd5);
    ck_assert_uint_eq(word(3), 0xe5);
    ck_assert_uint_eq(word(4), 0xf5);
    ck_assert_uint_eq(word(5), 0x95);
    ck_assert_uint_eq(word(6), USER_IP);
    ck_assert_uint_eq(word(7), 0x33);
    ck_assert_uint_eq(word(10), 0x2b);
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 0);
}
END_TEST

/* The frame shows what IRET would have loaded; nothing of it is looked at. */
START_TEST(an_iret_that_faults_is_the_guests_exception)
{
    regs->cs = 0xf03;
    regs->entry_vector = TRAP_NP;
    regs->error_code = 0xf00;
    v->pv.traps[TRAP_NP].address = HANDLER;
    pv_iret_fault(v, regs, 0);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(word(2), 0xf00);
    ck_assert_uint_eq(word(4) & 0xffff, 0xf00);
}
END_TEST

START_TEST(system_calls)
{
    enter_user_mode();
    v->pv.user_call[USER_SYSCALL] = (struct callback){ HANDLER, true, 0 };
    v->pv.user_call[USER_SYSCALL32] = (struct callback){ HANDLER + 0x100, false, 0 };
    pv_user_syscall(v, regs, USER_SYSCALL);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(regs->rflags & RFLAGS_DF, 0);
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 1);
    ck_assert_uint_eq(word(2), USER_IP);
    v->info->evtchn_upcall_mask = 0;
    enter_user_mode();
    pv_user_syscall(v, regs, USER_SYSCALL32);
    must_be_in_handler(HANDLER + 0x100);
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 0);
    v->pv.user_call[USER_SYSENTER] = (struct callback){ HANDLER + 0x200, false, 0 };
    enter_user_mode();
    pv_user_syscall(v, regs, USER_SYSENTER);
    must_be_in_handler(HANDLER + 0x200);
}
END_TEST

START_TEST(a_system_call_that_nobody_takes_is_undefined)
{
    enter_user_mode();
    set_handler(TRAP_UD, 0);
    pv_user_syscall(v, regs, USER_SYSCALL);
    must_be_in_handler(HANDLER);
    ck_assert_uint_eq(word(2), USER_IP - 2);
    enter_user_mode();
    regs->rip = USER_IP;
    set_handler(TRAP_GP, 0);
    pv_user_syscall(v, regs, USER_SYSENTER);
    ck_assert_uint_eq(word(2), 0);
    ck_assert_uint_eq(word(3), USER_IP);
}
END_TEST

START_TEST(single_steps_add_to_dr6)
{
    set_handler(TRAP_DB, 0);
    v->pv.debugreg[6] = 0xffff0ff1;
    pv_inject_single_step(v, regs);
    ck_assert_uint_eq(v->pv.debugreg[6], 0xffff4ff1);
    regs->entry_vector = TRAP_DB;
    pv_exception(v, regs, 0);
    ck_assert_uint_eq(v->pv.debugreg[6], 0xffff4ff1);
}
END_TEST

/* --- iret ---------------------------------------------------------------------------- */

static int64_t iret(uint64_t flags, uint64_t cs, uint64_t rflags)
{
    uint64_t frame[9] = { 0xaaaa, 0xb11, 0xbcc, flags, USER_IP, cs, rflags,
                          0x7777, 0x18 };

    world_args_reset(w);
    regs->rsp = world_arg(w, frame, sizeof(frame)).v;
    regs->entry_vector = ENTRY_SYSCALL;
    return hypercall_table[__HYPERVISOR_iret](0, 0, 0, 0, 0);
}

START_TEST(iret_to_the_kernel)
{
    ck_assert_int_eq(iret(0, 0x10, ~0ull), 0xaaaa);
    ck_assert(v->kernel_mode);
    ck_assert_uint_eq(regs->rip, USER_IP);
    ck_assert_uint_eq(regs->cs, 0x13);
    ck_assert_uint_eq(regs->ss, 0x1b);
    ck_assert_uint_eq(regs->rsp, 0x7777);
    ck_assert_uint_eq(regs->rcx, 0xbcc);
    ck_assert_uint_eq(regs->r11, 0xb11);
    ck_assert_uint_eq(regs->rflags & (RFLAGS_IOPL | RFLAGS_VM | RFLAGS_VIF |
                                      RFLAGS_VIP), 0); /* I2 */
    ck_assert_uint_eq(regs->rflags >> 22, 0);
    ck_assert_uint_eq(regs->rflags & (RFLAGS_IF | RFLAGS_MBS),
                      RFLAGS_IF | RFLAGS_MBS);
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 0);
    ck_assert_uint_ne(regs->entry_vector, ENTRY_SYSCALL);
}
END_TEST

START_TEST(iret_masks_by_the_interrupt_flag)
{
    iret(VGCF_in_syscall, 0xe033 & ~3u, 0);
    ck_assert_uint_eq(v->info->evtchn_upcall_mask, 1);
    ck_assert_uint_eq(regs->rflags, RFLAGS_IF | RFLAGS_MBS);
    ck_assert_uint_eq(regs->rcx, 0xcccc); /* I3 */
    ck_assert_uint_eq(regs->r11, 0x1111);
}
END_TEST

START_TEST(iret_to_user_mode)
{
    ck_assert_int_eq(pv_set_user_table(v, g.l4), 0);
    iret(0, 0x33, 0x202);
    ck_assert(!v->kernel_mode);
    ck_assert_uint_eq(regs->cs, 0x33);
}
END_TEST

START_TEST(iret_without_user_tables_ends_the_domain)
{
    iret(0, 0x33, 0x202);
    ck_assert(d->crashed);
    ck_assert(v->kernel_mode);
}
END_TEST

START_TEST(iret_from_a_bad_stack_ends_the_domain)
{
    regs->rsp = HV_HOLE_START;
    hypercall_table[__HYPERVISOR_iret](0, 0, 0, 0, 0);
    ck_assert(d->crashed);
}
END_TEST

/* --- registration ----------------------------------------------------------------------- */

static int64_t set_table(const struct trap_info *t, unsigned int n)
{
    world_args_reset(w);
    return world_call(__HYPERVISOR_set_trap_table,
                      world_arg(w, t, n * sizeof(*t)).v, 0, 0, 0, 0);
}

START_TEST(trap_tables_merge)
{
    struct trap_info one[] = { { 3, 3, 0x10, HANDLER }, { 0, 0, 0, 0 } };
    struct trap_info two[] = { { 4, 7, 0x10, HANDLER + 1 }, { 0, 0, 0, 0 } };

    ck_assert_int_eq(set_table(one, 2), 0);
    ck_assert_int_eq(set_table(two, 2), 0);
    ck_assert_uint_eq(v->pv.traps[3].address, HANDLER);
    ck_assert(v->pv.traps[4].mask_events);
    ck_assert_uint_eq(v->pv.traps[4].dpl, 3);
    ck_assert_int_eq(world_call(__HYPERVISOR_set_trap_table, 0, 0, 0, 0, 0),
                     0);
    ck_assert_uint_eq(v->pv.traps[3].address, 0);
}
END_TEST

/* B6 */
START_TEST(handlers_must_be_canonical)
{
    static const uint64_t bad[] = { 0x0000800000000000ull,
                                    0xffff700000000000ull };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        struct trap_info t[] = { { 3, 3, 0x10, bad[i] }, { 0, 0, 0, 0 } };
        struct callback_register cb = { CALLBACKTYPE_event, 0, bad[i] };

        ck_assert_int_eq(set_table(t, 2), -XEN_EINVAL);
        ck_assert_uint_eq(v->pv.traps[3].address, 0);
        /* The old form can not refuse: it leaves the bad one out. */
        ck_assert_int_eq(world_call(__HYPERVISOR_set_callbacks, bad[i],
                                    HANDLER, HANDLER, 0, 0), 0);
        ck_assert_int_eq(world_call(__HYPERVISOR_callback_op,
                                    CALLBACKOP_register,
                                    world_arg(w, &cb, sizeof(cb)).v, 0, 0, 0),
                         -XEN_EINVAL);
        ck_assert_uint_eq(v->pv.event.address, 0);
    }
}
END_TEST

START_TEST(an_endless_table_ends)
{
    static struct trap_info t[300];
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(t); i++) {
        t[i] = (struct trap_info){ (uint8_t)i, 0, 0, HANDLER + i };
    }
    ck_assert_int_eq(set_table(t, ARRAY_SIZE(t)), 0);
    ck_assert_int_eq(world_call(__HYPERVISOR_set_trap_table, HV_HOLE_START, 0,
                                0, 0, 0), -XEN_EFAULT);
}
END_TEST

START_TEST(callbacks_by_type)
{
    static const uint16_t types[] = { CALLBACKTYPE_event,
                                      CALLBACKTYPE_failsafe,
                                      CALLBACKTYPE_syscall,
                                      CALLBACKTYPE_sysenter,
                                      CALLBACKTYPE_syscall32,
                                      CALLBACKTYPE_nmi };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(types); i++) {
        struct callback_register cb = { types[i], CALLBACKF_mask_events,
                                        HANDLER + i };

        world_args_reset(w);
        ck_assert_int_eq(world_call(__HYPERVISOR_callback_op,
                                    CALLBACKOP_register,
                                    world_arg(w, &cb, sizeof(cb)).v, 0, 0, 0),
                         0);
    }
    ck_assert_uint_eq(v->pv.event.address, HANDLER);
    ck_assert_uint_eq(v->pv.user_call[USER_SYSENTER].address, HANDLER + 3);
    ck_assert(v->pv.user_call[USER_SYSCALL32].mask_events);
}
END_TEST

START_TEST(the_stack_of_the_kernel)
{
    ck_assert_int_eq(world_call(__HYPERVISOR_stack_switch, 0x18, 0x9000, 0, 0,
                                0), 0);
    ck_assert_uint_eq(v->pv.kernel_ss, 0x1b);
    ck_assert_uint_eq(v->pv.kernel_sp, 0x9000);
}
END_TEST

TEST_MAIN("trap", setup, teardown, a_frame_from_kernel_mode,
          a_frame_from_user_mode, the_mask_byte_is_the_interrupt_flag,
          which_vectors_have_an_error_code, page_faults_tell_the_mode,
          the_ldt_window_is_no_guest_memory, a_kernel_may_use_any_vector,
          software_interrupts_have_no_error_code, int_80_asks_for_no_dpl,
          a_user_needs_dpl_3, a_vector_without_handler_is_a_protection_fault,
          no_handler_ends_the_domain, an_unmapped_stack_ends_the_domain,
          a_read_only_stack_ends_the_domain,
          a_stack_of_the_hypervisor_ends_the_domain,
          a_stack_at_zero_ends_the_domain,
          a_stack_that_ends_in_the_hole_ends_the_domain,
          a_callback_that_is_missing_ends_the_domain, events_mask_events,
          the_failsafe_frame, an_iret_that_faults_is_the_guests_exception,
          system_calls,
          a_system_call_that_nobody_takes_is_undefined,
          single_steps_add_to_dr6, iret_to_the_kernel,
          iret_masks_by_the_interrupt_flag, iret_to_user_mode,
          iret_without_user_tables_ends_the_domain,
          iret_from_a_bad_stack_ends_the_domain, trap_tables_merge,
          handlers_must_be_canonical, an_endless_table_ends,
          callbacks_by_type, the_stack_of_the_kernel)
