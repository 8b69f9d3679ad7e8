/* SPDX-License-Identifier: MIT */
/*
 * Two hostile guests.
 *
 * An input becomes a sequence of steps of two domains with two vcpus each on
 * two CPUs: hypercalls with arguments that are nearly right (frames that are
 * tables, descriptors, shared pages, another domain's, free or no memory;
 * entries with every flag; pointers into windows, holes and the middle of
 * nowhere), stores into their own memory through their own page tables, mode
 * and vcpu switches, time, shortages and faults. The CPUs have TLBs.
 *
 * After each step the world is audited: references and types are counted
 * again from nothing, and no TLB may hold an entry that could break a rule.
 * A BUG_ON, an audit's disagreement or a sanitizer report is a finding; an
 * errno, a crashed domain or a power-off is a guest's own business.
 *
 *     fuzz_hypercalls [--first N] [--count N] [--seconds S]   seeds
 *     fuzz_hypercalls FILE...                                 saved inputs
 *
 * or libFuzzer's own main when built with clang -fsanitize=fuzzer.
 */
#include "input.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <hv/evtchn.h>
#include <hv/sched.h>
#include <xen/callback.h>
#include <xen/errno.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#include "world.h"

#define DOMAINS 2
#define VCPUS 2
#define CPUS 2
#define FRAMES 64
#define INPUT_BYTES 1024
#define STEPS_MAX 200
#define ENTRIES_MAX 6

static struct world *w;
static struct world_guest guests[DOMAINS];
static struct input in;
static bool trace;

/* Calls and successes by number, over the whole run. */
static unsigned long calls[HYPERCALL_MAX], good[HYPERCALL_MAX];
static unsigned long steps;

/* --- values ----------------------------------------------------------------- */

static unsigned int me(void)
{
    return current_domain()->id;
}

static uint64_t pick64(const uint64_t *values, size_t count)
{
    return values[input_below(&in, (unsigned int)count)];
}

#define PICK(...)                                                           \
    pick64((const uint64_t[]){ __VA_ARGS__ },                               \
           sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

static uint64_t any_table(unsigned int d)
{
    const struct world_guest *g = &guests[d];

    return PICK(g->l4.v, g->l3.v, g->l2.v, g->l1.v);
}

static uint64_t any_mfn(void)
{
    unsigned int d = input_one_in(&in, 8) ? 1 - me() : me();

    switch (input_below(&in, 8)) {
    case 0: case 1: case 2:
        return guests[d].data[input_below(&in, WORLD_DATA_PAGES)].v;
    case 3: case 4:
        return any_table(d);
    case 5:
        return w->domains[d]->shared_info_mfn.v;
    case 6:
        return HOST_HOLE_FRAMES + input_below(&in, 512);
    default:
        return PICK(0, 1, HOST_HOLE_FRAMES, frame_count - 1, frame_count,
                    frame_count + 256, 1ull << 40, ~0ull, ~0ull >> 12);
    }
}

static uint64_t any_flags(void)
{
    static const uint64_t usual[] = { PTE_RW_FLAGS, PTE_RO_FLAGS,
                                      PTE_RW_FLAGS, PTE_RO_FLAGS, 0 };
    uint64_t flags = pick64(usual, 5);

    if (input_one_in(&in, 4)) {
        flags ^= 1ull << input_below(&in, 12);
    }
    if (input_one_in(&in, 8)) {
        flags ^= 1ull << (51 + input_below(&in, 13));
    }
    return flags;
}

static uint64_t any_entry(void)
{
    if (input_one_in(&in, 6)) {
        return 0;
    }
    return any_mfn() << PAGE_SHIFT | any_flags();
}

static uint64_t any_va(void)
{
    switch (input_below(&in, 8)) {
    case 0: case 1: case 2: case 3:
        return WORLD_DATA + input_below(&in, WORLD_DATA_PAGES) * PAGE_SIZE +
               PICK(0, 0, 8, 0xff8, 0xffc, 1);
    case 4: case 5:
        return WORLD_TABLES + input_below(&in, 5) * PAGE_SIZE +
               PICK(0, 8, 0x800, 0xff8);
    case 6:
        return WORLD_ARGS_BASE + input_below(&in, 65536);
    default:
        return PICK(0, HV_HOLE_START, HV_HOLE_END, HV_HOLE_END - 8,
                    0x0000800000000000ull, 0x00007ffffffff000ull, ~0ull,
                    0xffffffff80000000ull);
    }
}

/* Index into a table where something is, or should not be. */
static uint64_t any_index(void)
{
    gva_t data = GVA(WORLD_DATA + input_below(&in, 10) * PAGE_SIZE);

    switch (input_below(&in, 5)) {
    case 0: case 1:
        return world_index(data, 1);
    case 2:
        return world_index(GVA(WORLD_TABLES), 1) + input_below(&in, 4);
    case 3:
        return PICK(0, 1, 2, 255, 256, 257, 264, 271, 272, 511);
    default:
        return input_below(&in, 512);
    }
}

static uint64_t small(void)
{
    return PICK(0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 23, 24, 31, 32, 63, 64, 127,
                128, 4095, 4096, 0xffff, DOMID_SELF, DOMID_SELF + 1,
                0x7fffffff, 0xffffffff, ~0ull);
}

static uint64_t any_value(void)
{
    switch (input_below(&in, 5)) {
    case 0: case 1:
        return small();
    case 2:
        return any_va();
    case 3:
        return any_mfn();
    default:
        return input_bits(&in, 8);
    }
}

/* --- calls ------------------------------------------------------------------- */

static int64_t call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                    uint64_t a3)
{
    int64_t result = world_call(nr, a0, a1, a2, a3, 0);

    calls[nr]++;
    good[nr] += result >= 0;
    if (trace) {
        fprintf(stderr, "d%uv%u call %u (%#llx %#llx %#llx %#llx) = %lld\n",
                current_domain()->id, current_vcpu()->id, nr,
                (unsigned long long)a0, (unsigned long long)a1,
                (unsigned long long)a2, (unsigned long long)a3,
                (long long)result);
    }
    return result;
}

/* Most pointers are good, some are not. */
static uint64_t arg(const void *data, size_t size)
{
    if (input_one_in(&in, 32)) {
        return any_va();
    }
    return world_arg(w, data, size).v;
}

static unsigned int any_count(void)
{
    return 1 + input_below(&in, ENTRIES_MAX);
}

/* What a call is told the count is: mostly the truth. */
static uint64_t told(unsigned int count)
{
    return input_one_in(&in, 32) ? small() : count;
}

static void do_mmu_update(void)
{
    struct mmu_update list[ENTRIES_MAX];
    unsigned int count = any_count();
    unsigned int i;

    for (i = 0; i < count; i++) {
        uint64_t mfn = input_one_in(&in, 3) ? any_mfn() : any_table(me());

        list[i].ptr = mfn << PAGE_SHIFT | any_index() << 3 |
                      PICK(0, 0, 0, 0, 1, 2, 2, 3);
        list[i].val = any_entry();
    }
    if (trace) {
        for (i = 0; i < count; i++) {
            fprintf(stderr, "   [%u] ptr %#llx val %#llx\n", i,
                    (unsigned long long)list[i].ptr,
                    (unsigned long long)list[i].val);
        }
    }
    call(__HYPERVISOR_mmu_update, arg(list, count * sizeof(list[0])),
         told(count), input_one_in(&in, 4) ? any_va() : 0,
         PICK(DOMID_SELF, DOMID_SELF, DOMID_SELF, 0, 1, DOMID_IO, DOMID_XEN));
}

static void do_mmuext_op(void)
{
    struct mmuext_op list[ENTRIES_MAX];
    unsigned int count = any_count();
    unsigned int i;

    memset(list, 0, sizeof(list));
    for (i = 0; i < count; i++) {
        uint64_t mask = input_byte(&in);

        list[i].cmd = (unsigned int)PICK(0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4,
                                         4, 4, 5, 5, 6, 7, 8, 9, 10, 11, 12,
                                         13, 14, 15, 15, 16, 17, 18, 19, 20,
                                         21, 255);
        switch (list[i].cmd) {
        case MMUEXT_INVLPG_LOCAL: case MMUEXT_INVLPG_MULTI:
        case MMUEXT_INVLPG_ALL: case MMUEXT_SET_LDT:
            list[i].arg1.linear_addr = any_va();
            break;
        default:
            list[i].arg1.mfn = any_mfn();
            break;
        }
        switch (list[i].cmd) {
        case MMUEXT_TLB_FLUSH_MULTI: case MMUEXT_INVLPG_MULTI:
            list[i].arg2.src_mfn = arg(&mask, sizeof(mask));
            break;
        case MMUEXT_COPY_PAGE:
            list[i].arg2.src_mfn = any_mfn();
            break;
        default:
            list[i].arg2.nr_ents = (unsigned int)small();
            break;
        }
        if (trace) {
            fprintf(stderr, "   [%u] cmd %u arg1 %#llx arg2 %#llx\n", i,
                    list[i].cmd, (unsigned long long)list[i].arg1.mfn,
                    (unsigned long long)list[i].arg2.src_mfn);
        }
    }
    call(__HYPERVISOR_mmuext_op, arg(list, count * sizeof(list[0])),
         told(count), input_one_in(&in, 4) ? any_va() : 0,
         PICK(DOMID_SELF, DOMID_SELF, DOMID_SELF, 0, 1, DOMID_IO));
}

static void do_update_va_mapping(void)
{
    call(__HYPERVISOR_update_va_mapping, any_va(), any_entry(),
         input_one_in(&in, 4) ? any_value() : input_below(&in, 8), 0);
}

static void do_memory_op(void)
{
    xen_pfn_t list[ENTRIES_MAX];
    struct xen_memory_reservation r;
    unsigned int count = any_count();
    uint64_t cmd = PICK(XENMEM_increase_reservation,
                        XENMEM_decrease_reservation,
                        XENMEM_decrease_reservation, XENMEM_populate_physmap,
                        XENMEM_populate_physmap, XENMEM_exchange,
                        XENMEM_current_reservation,
                        XENMEM_maximum_reservation, XENMEM_maximum_gpfn,
                        XENMEM_machphys_mapping, XENMEM_memory_map,
                        XENMEM_machphys_mfn_list,
                        XENMEM_machine_memory_map, 63);
    unsigned int i;

    for (i = 0; i < count; i++) {
        list[i] = cmd == XENMEM_populate_physmap ? input_below(&in, 128)
                                                 : any_mfn();
    }
    memset(&r, 0, sizeof(r));
    r.extent_start.p = (void *)arg(list, count * sizeof(list[0]));
    r.nr_extents = told(count);
    r.extent_order = (unsigned int)PICK(0, 0, 0, 0, 1, 2, 3, 9, 18, 63);
    r.mem_flags = (unsigned int)PICK(0, 0, 0, 20, 32, 64, 0xffffffff);
    r.domid = (domid_t)PICK(DOMID_SELF, DOMID_SELF, DOMID_SELF, 0, 1);
    if (cmd == XENMEM_machine_memory_map && input_one_in(&in, 2)) {
        cmd = XENMEM_maximum_ram_page;
    }
    call(__HYPERVISOR_memory_op, cmd, arg(&r, sizeof(r)), 0, 0);
}

static void do_set_gdt(void)
{
    unsigned long list[16];
    unsigned int i;

    for (i = 0; i < 16; i++) {
        list[i] = any_mfn();
    }
    call(__HYPERVISOR_set_gdt, arg(list, sizeof(list)),
         PICK(0, 1, 2, 511, 512, 513, 1024, 7168, 7169, ~0ull), 0, 0);
}

static uint64_t any_descriptor(void)
{
    return PICK(0, 0x00cffa000000ffffull, 0x00affa000000ffffull,
                0x00cff2000000ffffull, 0x00cf9a000000ffffull,
                0x0000e9000000ffffull, 0x0000ec0000100000ull,
                0x000082000000ffffull, input_bits(&in, 8));
}

static void do_update_descriptor(void)
{
    call(__HYPERVISOR_update_descriptor,
         any_mfn() << PAGE_SHIFT | any_index() << 3, any_descriptor(), 0, 0);
}

/* Structures of small numbers serve the calls whose fields are that. */
static uint64_t arg_of_small_numbers(void)
{
    uint32_t words[16];
    unsigned int i;

    for (i = 0; i < 16; i++) {
        words[i] = (uint32_t)PICK(0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, DOMID_SELF,
                                  (uint32_t)small());
    }
    return arg(words, sizeof(words));
}

static uint64_t arg_of_values(void)
{
    uint64_t words[8];
    unsigned int i;

    for (i = 0; i < 8; i++) {
        words[i] = any_value();
    }
    return arg(words, sizeof(words));
}

static void do_event_channel_op(void)
{
    call(__HYPERVISOR_event_channel_op, input_below(&in, 15),
         arg_of_small_numbers(), 0, 0);
}

static void do_vcpu_op(void)
{
    uint64_t cmd = input_below(&in, 15);
    uint64_t words[8];

    if (cmd == VCPUOP_register_vcpu_info) {
        words[0] = any_mfn();
        words[1] = PICK(0, 64, 0xfc0, 0xfff, 8);
        call(__HYPERVISOR_vcpu_op, cmd, PICK(0, 0, 1, 1, 2, ~0ull),
             arg(words, 16), 0);
        return;
    }
    call(__HYPERVISOR_vcpu_op, cmd, PICK(0, 0, 1, 1, 2, ~0ull),
         arg_of_values(), 0);
}

static void do_sched_op(void)
{
    struct sched_poll poll;
    uint32_t ports[2] = { (uint32_t)small(), (uint32_t)small() };

    if (input_one_in(&in, 2)) {
        memset(&poll, 0, sizeof(poll));
        poll.ports.p = (void *)arg(ports, sizeof(ports));
        poll.nr_ports = (unsigned int)PICK(0, 1, 2, 129);
        poll.timeout = PICK(0, 1, 1000000, ~0ull);
        call(__HYPERVISOR_sched_op, SCHEDOP_poll, arg(&poll, sizeof(poll)),
             0, 0);
        return;
    }
    call(__HYPERVISOR_sched_op,
         input_one_in(&in, 16) ? SCHEDOP_shutdown : PICK(0, 1, 4, 6, 9),
         arg_of_small_numbers(), 0, 0);
}

static void do_multicall(void)
{
    static const unsigned int numbers[] = {
        __HYPERVISOR_fpu_taskswitch, __HYPERVISOR_stack_switch,
        __HYPERVISOR_update_va_mapping, __HYPERVISOR_update_descriptor,
        __HYPERVISOR_mmu_update, __HYPERVISOR_mmuext_op,
        __HYPERVISOR_set_segment_base, __HYPERVISOR_multicall,
        __HYPERVISOR_event_channel_op, __HYPERVISOR_memory_op,
    };
    struct multicall_entry list[ENTRIES_MAX];
    unsigned int count = any_count();
    unsigned int i;

    memset(list, 0, sizeof(list));
    for (i = 0; i < count; i++) {
        list[i].op = numbers[input_below(&in, ARRAY_SIZE(numbers))];
        if (list[i].op == __HYPERVISOR_update_va_mapping) {
            list[i].args[0] = any_va();
            list[i].args[1] = any_entry();
            list[i].args[2] = input_below(&in, 8);
        } else if (list[i].op == __HYPERVISOR_mmu_update) {
            struct mmu_update u = { any_table(me()) << PAGE_SHIFT |
                                    any_index() << 3, any_entry() };

            list[i].args[0] = arg(&u, sizeof(u));
            list[i].args[1] = 1;
            list[i].args[3] = DOMID_SELF;
        } else {
            list[i].args[0] = any_value();
            list[i].args[1] = any_value();
            list[i].args[2] = any_value();
            list[i].args[3] = any_value();
        }
    }
    call(__HYPERVISOR_multicall, arg(list, count * sizeof(list[0])),
         told(count), 0, 0);
}

static void do_trap_table(void)
{
    struct trap_info list[4];
    unsigned int i;

    memset(list, 0, sizeof(list));
    for (i = 0; i < 3; i++) {
        list[i].vector = (uint8_t)PICK(0, 3, 6, 13, 14, 0x80, 255);
        list[i].flags = input_byte(&in);
        list[i].cs = (uint16_t)PICK(0xe033, 0xe030, 0, 0xe008, 0x33);
        list[i].address = PICK(0x401000, 0x402000, any_va());
    }
    call(__HYPERVISOR_set_trap_table, arg(list, sizeof(list)), 0, 0, 0);
}

static void do_other_call(void)
{
    static const unsigned int numbers[] = {
        __HYPERVISOR_stack_switch, __HYPERVISOR_set_callbacks,
        __HYPERVISOR_fpu_taskswitch, __HYPERVISOR_set_debugreg,
        __HYPERVISOR_get_debugreg, __HYPERVISOR_set_timer_op,
        __HYPERVISOR_xen_version, __HYPERVISOR_console_io,
        __HYPERVISOR_vm_assist, __HYPERVISOR_set_segment_base,
        __HYPERVISOR_callback_op, __HYPERVISOR_iret,
    };
    unsigned int nr = numbers[input_below(&in, ARRAY_SIZE(numbers))];

    if (nr == __HYPERVISOR_xen_version || nr == __HYPERVISOR_callback_op) {
        call(nr, input_below(&in, 12), arg_of_values(), 0, 0);
    } else if (nr == __HYPERVISOR_console_io) {
        call(nr, input_below(&in, 3), small() & 0x1ff, arg_of_values(), 0);
    } else {
        call(nr, any_value(), any_value(), any_value(), any_value());
    }
}

static void do_any_call(void)
{
    call(input_below(&in, HYPERCALL_MAX), any_value(), any_value(),
         any_value(), any_value());
}

/* --- what guests do without a call -------------------------------------------- */

static void do_guest_store(void)
{
    gva_t va = GVA(any_va() & ~7ull);
    bool fault = guest_store64(va, input_one_in(&in, 2) ? any_entry()
                                                        : any_descriptor());

    if (trace) {
        fprintf(stderr, "d%uv%u store at %#llx: %s\n", current_domain()->id,
                current_vcpu()->id, (unsigned long long)va.v,
                fault ? "fault" : "done");
    }
}

/* A fault or trap of the guest at an instruction of its choice. */
static void do_exception(void)
{
    static const uint8_t code[][8] = {
        { 0x48, 0x89, 0x07 },             /* mov [rdi], rax */
        { 0x48, 0xc7, 0x07, 0x01 },       /* mov qword [rdi], 1 */
        { 0xf0, 0x48, 0x0f, 0xb1, 0x0f }, /* lock cmpxchg [rdi], rcx */
        { 0x0f, 0xa2 },                   /* cpuid */
        { 0x0f, 0x32 },                   /* rdmsr */
        { 0x0f, 0x30 },                   /* wrmsr */
        { 0xfa }, { 0xfb }, { 0xf4 },     /* cli, sti, hlt */
        { 0x0f, 0x20, 0xc0 },             /* mov rax, cr0 */
        { 0x0f, 0x22, 0xd8 },             /* mov cr3, rax */
        { 0x0f, 0x22, 0xe0 },             /* mov cr4, rax */
        { 0x0f, 0x06 }, { 0x0f, 0x09 },   /* clts, wbinvd */
        { 0xe6, 0x80 }, { 0xec },         /* out, in */
        { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 },
    };
    struct cpu_regs *r = arch_guest_regs();
    unsigned int i = input_below(&in, ARRAY_SIZE(code));
    uint64_t cr2 = any_va();

    r->rip = WORLD_DATA + input_below(&in, 2) * PAGE_SIZE + PICK(0, 0xffe);
    if (guest_copy_out(GVA(r->rip), code[i], sizeof(code[i]))) {
        r->rip = any_va();
    }
    r->cs = PICK(0xe033, 0xe033, 0x33, 0xe023);
    r->ss = 0xe02b;
    r->rflags = RFLAGS_IF | RFLAGS_MBS;
    r->rsp = WORLD_DATA + 6 * PAGE_SIZE + PICK(0x800, 0, 8, 0x803);
    r->rdi = cr2;
    r->rax = any_entry();
    r->rcx = any_value();
    r->entry_vector = (uint32_t)PICK(TRAP_PF, TRAP_PF, TRAP_PF, TRAP_GP,
                                     TRAP_GP, TRAP_UD, TRAP_UD, TRAP_DE,
                                     TRAP_BP, TRAP_NM, TRAP_DB, TRAP_AC);
    r->error_code = (uint32_t)PICK(7, 7, 3, 6, 4, 0x15, 0, 0x402, 0x14);
    if (trace) {
        fprintf(stderr, "d%uv%u exception %u error %#x code %u cr2 %#llx\n",
                current_domain()->id, current_vcpu()->id, r->entry_vector,
                r->error_code, i, (unsigned long long)cr2);
    }
    pv_exception(current_vcpu(), r, cr2);
}

/* The frame that iret takes, on the guest's kernel stack. */
static void do_iret(void)
{
    struct cpu_regs *r = arch_guest_regs();
    uint64_t frame[9];
    unsigned int i;

    for (i = 0; i < 9; i++) {
        frame[i] = any_value();
    }
    frame[3] = PICK(0, 1ull << 8);                     /* flags */
    frame[4] = PICK(0x401000, any_va());               /* rip */
    frame[5] = PICK(0xe033, 0xe030, 0xe023, 0x33, any_value());
    r->rsp = WORLD_DATA + 6 * PAGE_SIZE + 0x400;
    if (guest_copy_out(GVA(r->rsp), frame, sizeof(frame))) {
        r->rsp = any_va();
    }
    call(__HYPERVISOR_iret, 0, 0, 0, 0);
}

static void do_deliver(void)
{
    struct vcpu *v = current_vcpu();
    struct cpu_regs *r = arch_guest_regs();

    if (vcpu_event_deliverable(v)) {
        r->rsp = WORLD_DATA + 6 * PAGE_SIZE + 0x400;
        pv_deliver_events(v, r);
    }
}

static void do_user_syscall(void)
{
    struct vcpu *v = current_vcpu();

    if (v->kernel_mode && v->pv.user_cr3 != 0) {
        arch_toggle_mode(v);
    }
    if (!v->kernel_mode) {
        pv_user_syscall(v, arch_guest_regs(), input_one_in(&in, 4));
    }
}

static void do_time(void)
{
    host_advance(PICK(1, 1000, 1000000, 10000000, 1000000000));
}

/* Something that the next step will stumble over. */
static void arm_misfortune(void)
{
    switch (input_below(&in, 3)) {
    case 0:
        host_fail_alloc(1 + input_below(&in, 4));
        break;
    case 1:
        host_fail_guest_access(1 + input_below(&in, 8));
        break;
    default:
        world_set_budget((int32_t)PICK(1, 2, 5, 100, 513));
        break;
    }
}

static void disarm_misfortune(void)
{
    host_fail_alloc(0);
    host_fail_guest_access(0);
    world_set_budget(0);
}

/* --- steps -------------------------------------------------------------------- */

static bool can_run(const struct vcpu *v)
{
    return !v->domain->is_shut_down && v->pause_count == 0;
}

/* The exit path: softirqs, then events of whoever runs now. */
static void leave_hypervisor(void)
{
    softirq_run();
    if (!current_vcpu()->is_idle && input_one_in(&in, 2)) {
        do_deliver();
    }
}

/* Makes some vcpu current on some CPU; false when none can run. */
static bool choose_vcpu(void)
{
    unsigned int start = input_one_in(&in, 6) ? input_below(&in, 4) : 4;
    unsigned int i;

    if (start == 4 && !current_vcpu()->is_idle && can_run(current_vcpu())) {
        return true;
    }
    for (i = 0; i < DOMAINS * VCPUS; i++) {
        unsigned int n = (start + i) % (DOMAINS * VCPUS);
        struct vcpu *v = w->domains[n / VCPUS]->vcpus[n % VCPUS];

        if (can_run(v)) {
            world_enter(v);
            return true;
        }
    }
    return false;
}

static void one_step(void)
{
    static void (*const weighted[])(void) = {
        do_mmu_update, do_mmu_update, do_mmu_update, do_mmu_update,
        do_mmuext_op, do_mmuext_op, do_mmuext_op, do_mmuext_op,
        do_update_va_mapping, do_update_va_mapping, do_update_va_mapping,
        do_memory_op, do_memory_op, do_set_gdt, do_update_descriptor,
        do_event_channel_op, do_event_channel_op, do_vcpu_op, do_sched_op,
        do_multicall, do_trap_table, do_other_call, do_other_call,
        do_any_call, do_guest_store, do_guest_store, do_guest_store,
        do_guest_store, do_exception, do_exception, do_iret,
        do_user_syscall, do_time,
    };

    world_args_reset(w);
    if (input_one_in(&in, 8)) {
        arm_misfortune();
    }
    weighted[input_below(&in, ARRAY_SIZE(weighted))]();
    leave_hypervisor();
    disarm_misfortune();
    world_audit(w);
    steps++;
}

/* Handlers for everything, so that few traps are the guest's end. */
static void register_handlers(struct vcpu *v)
{
    struct trap_info list[33];
    unsigned int i;

    world_enter(v);
    world_args_reset(w);
    memset(list, 0, sizeof(list));
    for (i = 0; i < 32; i++) {
        list[i].vector = (uint8_t)i;
        list[i].flags = i == TRAP_BP ? 3 : 0;
        list[i].cs = GUEST_CS64;
        list[i].address = WORLD_DATA + 0x100 + i * 16;
    }
    world_call(__HYPERVISOR_set_trap_table,
               world_arg(w, list, sizeof(list)).v, 0, 0, 0, 0);
    world_call(__HYPERVISOR_stack_switch, GUEST_SS,
               WORLD_DATA + 6 * PAGE_SIZE, 0, 0, 0);
    world_call(__HYPERVISOR_set_callbacks, WORLD_DATA + 0x400,
               WORLD_DATA + 0x410, WORLD_DATA + 0x420, 0, 0);
}

static void build_world(void)
{
    unsigned int d;
    unsigned int i;

    w = world_with_cpus(DOMAINS, FRAMES, VCPUS, CPUS);
    host_tlb_enable(true);
    for (d = 0; d < DOMAINS; d++) {
        guests[d] = world_boot_guest(w, d);
        if (pv_set_kernel_table(w->domains[d]->vcpus[1], guests[d].l4) != 0) {
            abort();
        }
        for (i = 0; i < VCPUS; i++) {
            register_handlers(w->domains[d]->vcpus[i]);
        }
    }
    world_enter(world_vcpu(w, 0));
    world_set_budget(0);
    world_audit(w);
}

static void run_steps(void *unused)
{
    unsigned int n;

    (void)unused;
    for (n = 0; n < STEPS_MAX && in.left > 0 && choose_vcpu(); n++) {
        one_step();
    }
}

static void free_world(void *unused)
{
    (void)unused;
    world_free(w);
}

/* False when the sequence ended in a panic. */
static bool run_input(const uint8_t *bytes, size_t size)
{
    enum host_stop how;

    in.next = bytes;
    in.left = size;
    build_world();
    how = host_run(run_steps, NULL);
    if (how != HOST_PANIC) {
        how = host_run(free_world, NULL);
    }
    if (how == HOST_PANIC) {
        fputs(host_console_text(), stderr);
        return false;
    }
    return true;
}

#ifdef XENIOS_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!run_input(bytes, size)) {
        abort();
    }
    return 0;
}

#else

static bool run_seed(uint64_t seed)
{
    uint8_t bytes[INPUT_BYTES];

    input_from_seed(seed, bytes, sizeof(bytes));
    if (run_input(bytes, sizeof(bytes))) {
        return true;
    }
    fprintf(stderr, "seed %llu failed: --trace --first %llu --count 1\n",
            (unsigned long long)seed, (unsigned long long)seed);
    return false;
}

static bool run_file(const char *name)
{
    static uint8_t bytes[1 << 16];
    FILE *f = fopen(name, "rb");
    size_t size;

    if (f == NULL) {
        perror(name);
        return false;
    }
    size = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    return run_input(bytes, size);
}

static void print_census(void)
{
    unsigned int nr;

    printf("%lu steps\n", steps);
    for (nr = 0; nr < HYPERCALL_MAX; nr++) {
        if (good[nr] > 0) {
            printf("call %2u: %lu, of these %lu succeeded\n", nr, calls[nr],
                   good[nr]);
        }
    }
}

int main(int argc, char **argv)
{
    uint64_t first = 1;
    uint64_t count = 500;
    double seconds = 10;
    clock_t start = clock();
    uint64_t i;
    int a;

    for (a = 1; a < argc; a++) {
        bool more = a + 1 < argc;

        if (strcmp(argv[a], "--trace") == 0) {
            trace = true;
        } else if (more && strcmp(argv[a], "--first") == 0) {
            first = strtoull(argv[++a], NULL, 0);
        } else if (more && strcmp(argv[a], "--count") == 0) {
            count = strtoull(argv[++a], NULL, 0);
        } else if (more && strcmp(argv[a], "--seconds") == 0) {
            seconds = strtod(argv[++a], NULL);
        } else {
            return run_file(argv[a]) ? EXIT_SUCCESS : EXIT_FAILURE;
        }
    }
    for (i = 0; i < count; i++) {
        if ((double)(clock() - start) / CLOCKS_PER_SEC > seconds) {
            break;
        }
        if (!run_seed(first + i)) {
            return EXIT_FAILURE;
        }
    }
    printf("%llu sequences, ", (unsigned long long)i);
    print_census();
    return EXIT_SUCCESS;
}

#endif
