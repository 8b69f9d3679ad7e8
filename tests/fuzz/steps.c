/* SPDX-License-Identifier: MIT */
/*
 * What a hostile guest does: hypercalls, alone and in sequences that lead
 * somewhere, stores into its own memory through its own page tables, traps,
 * mode and vcpu switches; and what happens to it: time, shortages, faults.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hv/evtchn.h>
#include <hv/sched.h>
#include <xen/callback.h>
#include <xen/errno.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#define VCPUS_ALL (DOMAINS * VCPUS)

struct world *w;
bool trace;
bool in_parallel;

/* Calls and successes by number, over the whole run. */
static unsigned long calls[HYPERCALL_MAX], good[HYPERCALL_MAX];
static unsigned long steps;

static void count(unsigned long *counter)
{
    __atomic_fetch_add(counter, 1, __ATOMIC_RELAXED);
}

/* --- calls --------------------------------------------------------------- */

int64_t fuzz_call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                  uint64_t a3)
{
    int64_t result;

    /* From user mode, the same instruction is something else. */
    if (!current_vcpu()->kernel_mode) {
        arch_enter_kernel_mode(current_vcpu());
    }
    result = world_call(nr, a0, a1, a2, a3, 0);
    count(&calls[nr]);
    if (result >= 0) {
        count(&good[nr]);
    }
    if (trace) {
        fprintf(stderr, "d%uv%u call %u (%#llx %#llx %#llx %#llx) = %lld\n",
                current_domain()->id, current_vcpu()->id, nr,
                (unsigned long long)a0, (unsigned long long)a1,
                (unsigned long long)a2, (unsigned long long)a3,
                (long long)result);
    }
    return result;
}

uint64_t fuzz_arg(const void *data, size_t size)
{
    if (one_in(32)) {
        return any_va();
    }
    return world_arg(w, data, size).v;
}

unsigned int fuzz_count(void)
{
    return one_in(3) ? 1 + below(ENTRIES_MAX) : 1;
}

uint64_t fuzz_told(unsigned int n)
{
    return one_in(32) ? small() : n;
}

/* The first frame of the list that a call returned joins our own. */
static void remember_new_frame(gva_t list)
{
    uint64_t mfn;

    if (!guest_load64(list, &mfn)) {
        fuzz_replace_data(me(), below(WORLD_DATA_PAGES), MFN(mfn));
    }
}

static void do_memory_op(void)
{
    xen_pfn_t list[ENTRIES_MAX];
    struct xen_memory_reservation r;
    unsigned int n = fuzz_count();
    uint64_t cmd =
        PICK(XENMEM_increase_reservation, XENMEM_decrease_reservation,
             XENMEM_decrease_reservation, XENMEM_populate_physmap,
             XENMEM_populate_physmap, XENMEM_set_memory_map,
             XENMEM_current_reservation, XENMEM_maximum_reservation,
             XENMEM_maximum_gpfn, XENMEM_machphys_mapping, XENMEM_memory_map,
             XENMEM_machphys_mfn_list, XENMEM_machine_memory_map, 63);
    unsigned int i;
    int64_t done;

    for (i = 0; i < n; i++) {
        list[i] = cmd == XENMEM_populate_physmap ? below(128) : any_mfn();
    }
    memset(&r, 0, sizeof(r));
    r.extent_start.p = (void *)fuzz_arg(list, n * sizeof(list[0]));
    r.nr_extents = fuzz_told(n);
    r.extent_order = (unsigned int)PICK(0, 0, 0, 0, 1, 2, 3, 9, 18, 63);
    r.mem_flags = (unsigned int)PICK(0, 0, 0, 20, 32, 64, 0xffffffff);
    r.domid = (domid_t)PICK(DOMID_SELF, DOMID_SELF, DOMID_SELF, 0, 1);
    if (cmd == XENMEM_machine_memory_map && one_in(2)) {
        cmd = XENMEM_maximum_ram_page;
    }
    done =
        fuzz_call(__HYPERVISOR_memory_op, cmd, fuzz_arg(&r, sizeof(r)), 0, 0);
    if ((cmd == XENMEM_populate_physmap ||
         cmd == XENMEM_increase_reservation) &&
        done > 0) {
        remember_new_frame(GVA((uint64_t)r.extent_start.p));
    }
}

/* New frames, which nothing refers to yet, and others; some for some. */
static void do_exchange(void)
{
    xen_pfn_t in[ENTRIES_MAX], out[ENTRIES_MAX];
    struct xen_memory_reservation get;
    struct xen_memory_exchange e;
    unsigned int n = fuzz_count(), i;
    gva_t list, out_list;

    for (i = 0; i < n; i++) {
        out[i] = below(128);
    }
    list = GVA(fuzz_arg(in, n * sizeof(in[0])));
    out_list = GVA(fuzz_arg(out, n * sizeof(out[0])));
    memset(&get, 0, sizeof(get));
    get.extent_start.p = (void *)list.v;
    get.nr_extents = n;
    get.extent_order = (unsigned int)PICK(0, 0, 1, 2);
    get.domid = DOMID_SELF;
    fuzz_call(__HYPERVISOR_memory_op, XENMEM_increase_reservation,
              fuzz_arg(&get, sizeof(get)), 0, 0);
    if (one_in(3)) {
        guest_store64(GVA(list.v + 8 * below(n)), any_mfn());
    }
    memset(&e, 0, sizeof(e));
    e.in = e.out = get;
    e.out.extent_start.p = (void *)out_list.v;
    e.out.extent_order = (unsigned int)PICK(get.extent_order, 0, 1, 2, 9);
    e.out.nr_extents =
        fuzz_told(n << get.extent_order >> e.out.extent_order);
    e.out.mem_flags = (unsigned int)PICK(0, 0, 0, 18, 32);
    e.nr_exchanged = one_in(8) ? below(ENTRIES_MAX) : 0;
    if (e.out.nr_extents > n) {
        e.out.extent_start.p = (void *)any_va();
    }
    if (fuzz_call(__HYPERVISOR_memory_op, XENMEM_exchange,
                  fuzz_arg(&e, sizeof(e)), 0, 0) == 0) {
        remember_new_frame(out_list);
    }
    /* What is left of either list goes back, to let others have some. */
    fuzz_call(__HYPERVISOR_memory_op, XENMEM_decrease_reservation,
              fuzz_arg(&get, sizeof(get)), 0, 0);
    get.extent_start.p = (void *)out_list.v;
    get.extent_order = e.out.extent_order;
    if (!one_in(8)) {
        fuzz_call(__HYPERVISOR_memory_op, XENMEM_decrease_reservation,
                  fuzz_arg(&get, sizeof(get)), 0, 0);
    }
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
    return fuzz_arg(words, sizeof(words));
}

static uint64_t arg_of_values(void)
{
    uint64_t words[8];
    unsigned int i;

    for (i = 0; i < 8; i++) {
        words[i] = any_value();
    }
    return fuzz_arg(words, sizeof(words));
}

static uint64_t any_port(void)
{
    return one_in(16) ? small() : 1 + below(12);
}

static void do_event_channel_op(void)
{
    fuzz_call(__HYPERVISOR_event_channel_op, below(15), arg_of_small_numbers(),
              0, 0);
}

/* The two guests connect, talk, and hang up. */
static void do_connection(void)
{
    domid_t other = (domid_t)(1 - me());
    struct evtchn_alloc_unbound open = {
        .dom = DOMID_SELF,
        .remote_dom = one_in(8) ? DOMID_SELF : other,
    };
    struct evtchn_bind_interdomain bind = {
        .remote_dom = one_in(8) ? DOMID_SELF : other,
        .remote_port = (evtchn_port_t)any_port(),
    };
    struct evtchn_bind_ipi ipi = { .vcpu = below(3) };
    uint32_t port[2] = { (uint32_t)any_port(), below(3) };

    switch (below(8)) {
    case 0:
        fuzz_call(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound,
                  fuzz_arg(&open, sizeof(open)), 0, 0);
        break;
    case 1:
    case 2:
        fuzz_call(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain,
                  fuzz_arg(&bind, sizeof(bind)), 0, 0);
        break;
    case 3:
        fuzz_call(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_ipi,
                  fuzz_arg(&ipi, sizeof(ipi)), 0, 0);
        break;
    default:
        fuzz_call(__HYPERVISOR_event_channel_op,
                  PICK(EVTCHNOP_send, EVTCHNOP_send, EVTCHNOP_close,
                       EVTCHNOP_unmask, EVTCHNOP_bind_vcpu),
                  fuzz_arg(port, sizeof(port)), 0, 0);
        break;
    }
}

/* Grant tables: their frames are the hypervisor's, for the guest to map. */
static void do_grant_table_op(void)
{
    xen_pfn_t frames[4] = { 0 };
    struct gnttab_setup_table setup;
    uint64_t list = fuzz_arg(frames, sizeof(frames));

    if (one_in(3)) {
        fuzz_call(__HYPERVISOR_grant_table_op, below(13),
                  arg_of_small_numbers(), PICK(0, 1, 1, 1, 2), 0);
        return;
    }
    memset(&setup, 0, sizeof(setup));
    setup.dom = (domid_t)PICK(DOMID_SELF, DOMID_SELF, DOMID_SELF, 0, 1);
    setup.nr_frames = (uint32_t)PICK(0, 1, 1, 2, 4, small());
    setup.frame_list.p = (void *)list;
    if (fuzz_call(__HYPERVISOR_grant_table_op, GNTTABOP_setup_table,
                  fuzz_arg(&setup, sizeof(setup)), 1, 0) == 0) {
        remember_new_frame(GVA(list));
    }
}

/* Both privileged and ordinary domains ask. */
static void do_sysctl(void)
{
    struct xen_sysctl op = {
        .cmd = (uint32_t)PICK(XEN_SYSCTL_perfc_op, XEN_SYSCTL_perfc_op,
                              small()),
        .interface_version = XEN_SYSCTL_INTERFACE_VERSION - one_in(9),
        .u.perfc_op = {
            .cmd = (uint32_t)below(4),
            .desc = one_in(2) ? 0 : any_va(),
            .val = one_in(2) ? 0 : any_va(),
        },
    };

    fuzz_call(__HYPERVISOR_sysctl, fuzz_arg(&op, sizeof(op)), 0, 0, 0);
}

/* The other form of event channels: queues in the guest's own frames. */
static void do_fifo(void)
{
    struct evtchn_init_control control;
    struct evtchn_expand_array array;
    struct evtchn_set_priority priority;
    unsigned int i = below(WORLD_DATA_PAGES);
    uint64_t mfn = one_in(4) ? any_mfn() : fuzz_data(me(), i).v;

    switch (below(4)) {
    case 0:
        memset(&control, 0, sizeof(control));
        control.control_gfn = mfn;
        control.offset = (uint32_t)PICK(0, 0, 64, 0xf80, 0xfff, small());
        control.vcpu = (uint32_t)PICK(0, 0, 1, 1, 2, small());
        fuzz_call(__HYPERVISOR_event_channel_op, EVTCHNOP_init_control,
                  fuzz_arg(&control, sizeof(control)), 0, 0);
        break;
    case 1:
        array.array_gfn = mfn;
        fuzz_call(__HYPERVISOR_event_channel_op, EVTCHNOP_expand_array,
                  fuzz_arg(&array, sizeof(array)), 0, 0);
        break;
    case 2:
        priority.port = (uint32_t)any_port();
        priority.priority = below(18);
        fuzz_call(__HYPERVISOR_event_channel_op, EVTCHNOP_set_priority,
                  fuzz_arg(&priority, sizeof(priority)), 0, 0);
        break;
    default: /* links, masks and heads as only a liar would write them */
        (void)guest_store32(GVA(WORLD_DATA + i * PAGE_SIZE + below(32) * 4),
                            (uint32_t)PICK(0, 1u << 31, 1u << 30, 1u << 29,
                                           any_port() | 7u << 29,
                                           any_port() | 1u << 29,
                                           input_bits(fuzz_input(), 4)));
        break;
    }
}

static void do_vcpu_op(void)
{
    uint64_t cmd = below(16);
    uint64_t words[8];

    if (cmd == VCPUOP_register_vcpu_info) {
        words[0] = any_mfn();
        words[1] = PICK(0, 64, 0xfc0, 0xfff, 8);
        fuzz_call(__HYPERVISOR_vcpu_op, cmd, PICK(0, 0, 1, 1, 2, ~0ull),
                  fuzz_arg(words, 16), 0);
        return;
    }
    fuzz_call(__HYPERVISOR_vcpu_op, cmd, PICK(0, 0, 1, 1, 2, ~0ull),
              arg_of_values(), 0);
}

/* The third vcpu gets a context that is nearly right, and starts. */
static void do_initialise(void)
{
    static _Thread_local struct vcpu_guest_context c;

    memset(&c, 0, sizeof(c));
    c.flags = PICK(VGCF_in_kernel, VGCF_in_kernel, 0, small());
    c.user_regs.rip = one_in(8) ? any_va() : WORLD_DATA;
    c.user_regs.rsp = one_in(8) ? any_va() : WORLD_DATA + PAGE_SIZE;
    c.user_regs.cs = PICK(GUEST_CS64, 0, HV_CS);
    c.user_regs.rflags = PICK(RFLAGS_IF, 0, ~0ull);
    c.trap_ctxt[TRAP_PF].address = one_in(8) ? any_va() : WORLD_DATA;
    c.kernel_sp = WORLD_DATA + PAGE_SIZE;
    c.ctrlreg[3] = (one_in(4) ? any_mfn() : fuzz_guest(me())->l4.v)
                   << PAGE_SHIFT;
    c.ctrlreg[1] = one_in(4) ? any_mfn() << PAGE_SHIFT : 0;
    c.gdt_frames[0] = any_mfn();
    c.gdt_ents = PICK(0, 0, 0, 1, 512, 7169);
    c.ldt_base = PICK(0, WORLD_DATA, any_va());
    c.ldt_ents = PICK(0, 0, 1, 8193);
    c.debugreg[7] = PICK(0, 0, 1, ~0ull);
    c.gs_base_kernel = one_in(8) ? any_va() : 0;
    fuzz_call(__HYPERVISOR_vcpu_op, VCPUOP_initialise, PICK(2, 2, 2, 1, 3),
              fuzz_arg(&c, sizeof(c)), 0);
    fuzz_call(__HYPERVISOR_vcpu_op, PICK(VCPUOP_up, VCPUOP_up, VCPUOP_down),
              PICK(2, 2, 2, 0, 1), 0, 0);
}

static void do_sched_op(void)
{
    struct sched_poll poll;
    uint32_t ports[2] = { (uint32_t)small(), (uint32_t)small() };

    if (one_in(2)) {
        memset(&poll, 0, sizeof(poll));
        poll.ports.p = (void *)fuzz_arg(ports, sizeof(ports));
        poll.nr_ports = (unsigned int)PICK(0, 1, 2, 129);
        poll.timeout = PICK(0, 1, 1000000, ~0ull);
        fuzz_call(__HYPERVISOR_sched_op, SCHEDOP_poll,
                  fuzz_arg(&poll, sizeof(poll)), 0, 0);
        return;
    }
    fuzz_call(__HYPERVISOR_sched_op,
              one_in(16) ? SCHEDOP_shutdown : PICK(0, 1, 4, 6, 9),
              arg_of_small_numbers(), 0, 0);
}

static void do_multicall(void)
{
    static const unsigned int numbers[] = {
        __HYPERVISOR_fpu_taskswitch,    __HYPERVISOR_stack_switch,
        __HYPERVISOR_update_va_mapping, __HYPERVISOR_update_descriptor,
        __HYPERVISOR_mmu_update,        __HYPERVISOR_mmuext_op,
        __HYPERVISOR_set_segment_base,  __HYPERVISOR_multicall,
        __HYPERVISOR_event_channel_op,  __HYPERVISOR_memory_op,
    };
    struct multicall_entry list[ENTRIES_MAX];
    unsigned int n = fuzz_count();
    unsigned int i;

    memset(list, 0, sizeof(list));
    for (i = 0; i < n; i++) {
        list[i].op = numbers[below(ARRAY_SIZE(numbers))];
        if (list[i].op == __HYPERVISOR_update_va_mapping) {
            list[i].args[0] = any_va();
            list[i].args[1] = any_entry();
            list[i].args[2] = below(8);
        } else if (list[i].op == __HYPERVISOR_mmu_update) {
            struct mmu_update u = { any_table(me()) << PAGE_SHIFT | any_index()
                                                                        << 3,
                                    any_entry() };

            list[i].args[0] = fuzz_arg(&u, sizeof(u));
            list[i].args[1] = 1;
            list[i].args[3] = DOMID_SELF;
        } else {
            list[i].args[0] = any_value();
            list[i].args[1] = any_value();
            list[i].args[2] = any_value();
            list[i].args[3] = any_value();
        }
    }
    fuzz_call(__HYPERVISOR_multicall, fuzz_arg(list, n * sizeof(list[0])),
              fuzz_told(n), 0, 0);
}

static void do_trap_table(void)
{
    struct trap_info list[4];
    unsigned int i;

    memset(list, 0, sizeof(list));
    for (i = 0; i < 3; i++) {
        list[i].vector = (uint8_t)PICK(0, 3, 6, 13, 14, 0x80, 255);
        list[i].flags = input_byte(fuzz_input());
        list[i].cs = (uint16_t)PICK(0xe033, 0xe030, 0, 0xe008, 0x33);
        list[i].address = PICK(0x401000, 0x402000, any_va());
    }
    fuzz_call(__HYPERVISOR_set_trap_table, fuzz_arg(list, sizeof(list)), 0, 0,
              0);
}

static void do_other_call(void)
{
    static const unsigned int numbers[] = {
        __HYPERVISOR_stack_switch,   __HYPERVISOR_set_callbacks,
        __HYPERVISOR_fpu_taskswitch, __HYPERVISOR_set_debugreg,
        __HYPERVISOR_get_debugreg,   __HYPERVISOR_set_timer_op,
        __HYPERVISOR_xen_version,    __HYPERVISOR_console_io,
        __HYPERVISOR_vm_assist,      __HYPERVISOR_set_segment_base,
        __HYPERVISOR_callback_op,    __HYPERVISOR_iret,
        __HYPERVISOR_physdev_op,
    };
    unsigned int nr = numbers[below(ARRAY_SIZE(numbers))];

    if (nr == __HYPERVISOR_xen_version || nr == __HYPERVISOR_callback_op ||
        nr == __HYPERVISOR_physdev_op) {
        fuzz_call(nr, below(12), arg_of_values(), 0, 0);
    } else if (nr == __HYPERVISOR_console_io) {
        fuzz_call(nr, below(3), small() & 0x1ff, arg_of_values(), 0);
    } else {
        fuzz_call(nr, any_value(), any_value(), any_value(), any_value());
    }
}

static void do_any_call(void)
{
    unsigned int nr = below(HYPERCALL_MAX);

    if (in_parallel && nr == __HYPERVISOR_arch_7) {
        return; /* an audit: nobody may run meanwhile */
    }
    fuzz_call(nr, any_value(), any_value(), any_value(), any_value());
}

/* --- what happens to guests ---------------------------------------------- */

static void do_time(void)
{
    host_advance(PICK(1, 1000, 1000000, 10000000, 1000000000));
}

/* Something that the next step will stumble over. */
static void arm_misfortune(void)
{
    switch (below(3)) {
    case 0:
        host_fail_alloc(1 + below(4));
        break;
    case 1:
        host_fail_guest_access(1 + below(8));
        break;
    default:
        world_set_budget((int32_t)PICK(1, 2, 5, 13, 65));
        break;
    }
}

static void disarm_misfortune(void)
{
    host_fail_alloc(0);
    host_fail_guest_access(0);
    world_set_budget(0);
}

/* --- steps --------------------------------------------------------------- */

static bool can_run(const struct vcpu *v)
{
    return !v->domain->is_shut_down && v->pause_count == 0 && v->initialised;
}

/* The exit path: softirqs, then events of whoever runs now. */
static void leave_hypervisor(void)
{
    softirq_run();
    if (!current_vcpu()->is_idle && one_in(2)) {
        fuzz_deliver();
    }
}

bool fuzz_choose_vcpu(void)
{
    unsigned int start = one_in(6) ? below(VCPUS_ALL) : VCPUS_ALL;
    unsigned int i;

    if (start == VCPUS_ALL && !current_vcpu()->is_idle &&
        can_run(current_vcpu())) {
        return true;
    }
    for (i = 0; i < VCPUS_ALL; i++) {
        unsigned int n = (start + i) % VCPUS_ALL;
        struct vcpu *v = w->domains[n / VCPUS]->vcpus[n % VCPUS];

        if (can_run(v)) {
            world_enter(v);
            return true;
        }
    }
    return false;
}

bool fuzz_schedule_here(void)
{
    unsigned int d;
    unsigned int n;

    for (d = 0; d < DOMAINS; d++) {
        for (n = 0; n < VCPUS; n++) {
            if (n % CPUS == this_cpu()->id) {
                vcpu_wake(w->domains[d]->vcpus[n]);
            }
        }
    }
    if (!current_vcpu()->is_idle && one_in(6)) {
        vcpu_yield(current_vcpu());
    }
    schedule();
    return !current_vcpu()->is_idle;
}

/* Each as often as it stands here. */
static void (*const weighted[])(void) = {
    fuzz_mmu_update, fuzz_mmu_update, fuzz_mmu_update, fuzz_mmu_update,
    fuzz_mmuext_op, fuzz_mmuext_op, fuzz_mmuext_op, fuzz_mmuext_op,
    fuzz_update_va_mapping, fuzz_update_va_mapping, fuzz_update_va_mapping,
    do_memory_op, do_memory_op, do_exchange, fuzz_set_gdt,
    fuzz_update_descriptor, do_event_channel_op, do_fifo, do_fifo,
    do_grant_table_op, do_sysctl, do_connection, do_connection, do_vcpu_op,
    do_initialise, do_sched_op, do_multicall, do_trap_table, do_other_call,
    do_other_call, do_any_call, fuzz_guest_store, fuzz_guest_store,
    fuzz_guest_store, fuzz_guest_store, fuzz_exception, fuzz_exception,
    fuzz_table_store, fuzz_table_store, fuzz_ldt_fault, fuzz_ldt, fuzz_iret,
    fuzz_user_syscall, do_time, fuzz_retype, fuzz_retype, fuzz_retype,
    fuzz_retype, fuzz_retype_back, fuzz_retype_back, fuzz_base_pointer,
};

void fuzz_step(void)
{
    world_args_reset(w);
    if (one_in(8)) {
        arm_misfortune();
    }
    weighted[below(ARRAY_SIZE(weighted))]();
    leave_hypervisor();
    disarm_misfortune();
    count(&steps);
}

/* --- the world ----------------------------------------------------------- */

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
    world_call(__HYPERVISOR_set_trap_table, world_arg(w, list, sizeof(list)).v,
               0, 0, 0, 0);
    world_call(__HYPERVISOR_stack_switch, GUEST_SS, WORLD_DATA + 6 * PAGE_SIZE,
               0, 0, 0);
    world_call(__HYPERVISOR_vm_assist, VMASST_CMD_enable,
               VMASST_TYPE_writable_pagetables, 0, 0, 0);
    world_call(__HYPERVISOR_set_callbacks, WORLD_DATA + 0x400,
               WORLD_DATA + 0x410, WORLD_DATA + 0x420, 0, 0);
}

void fuzz_build_world(void)
{
    unsigned int d;
    unsigned int i;

    w = world_with_cpus(DOMAINS, FRAMES, VCPUS, CPUS);
    host_tlb_enable(true);
    for (d = 0; d < DOMAINS; d++) {
        *fuzz_guest(d) = world_boot_guest(w, d);
        if (pv_set_kernel_table(w->domains[d]->vcpus[1], fuzz_guest(d)->l4) !=
            0) {
            abort();
        }
        for (i = 0; i < 2; i++) {
            register_handlers(w->domains[d]->vcpus[i]);
        }
    }
    world_enter(world_vcpu(w, 0));
    world_set_budget(0);
    world_audit(w);
}

void fuzz_print_census(void)
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
