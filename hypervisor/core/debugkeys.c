/* SPDX-License-Identifier: MIT */
/*
 * One key, one table: what a person at the console may ask of a running
 * hypervisor (ctrl-a three times brings the keys here).
 *
 * The keys read live data without locks, because the reason to look may be a
 * lock that is stuck; a number may therefore be a moment old. Registers of a
 * vcpu that runs on another CPU are not here but there, and are not shown.
 * Only the audit waits for the other CPUs, as it can not do without.
 */
#include <hv/arch.h>
#include <hv/audit.h>
#include <hv/console.h>
#include <hv/evtchn.h>
#include <hv/trace.h>
#include <hv/util.h>

static void help(void);

static const char *state_name(enum vcpu_state state)
{
    static const char *const names[] = {
        [VCPU_OFFLINE] = "offline", [VCPU_RUNNABLE] = "runnable",
        [VCPU_RUNNING] = "running", [VCPU_BLOCKED] = "blocked",
    };

    return (unsigned int)state < ARRAY_SIZE(names) ? names[state] : "?";
}

static void dump_vcpu(const struct vcpu *v)
{
    const struct cpu_regs *r = v == current_vcpu() ? arch_guest_regs()
                                                   : &v->regs;

    printk("d%u vcpu %u: %s on cpu %u, %s mode, upcall pending %u mask %u",
           v->domain->id, v->id, state_name(v->state), v->cpu,
           v->kernel_mode ? "kernel" : "user",
           vcpu_info(v)->evtchn_upcall_pending,
           vcpu_info(v)->evtchn_upcall_mask);
    if (v->state == VCPU_RUNNING && v != current_vcpu()) {
        return;
    }
    printk("  rip %lx rsp %lx rflags %lx cs %lx ss %lx", r->rip, r->rsp,
           r->rflags, r->cs, r->ss);
    printk("  rax %lx rbx %lx rcx %lx rdx %lx rsi %lx rdi %lx rbp %lx",
           r->rax, r->rbx, r->rcx, r->rdx, r->rsi, r->rdi, r->rbp);
    printk("  r8 %lx r9 %lx r10 %lx r11 %lx r12 %lx r13 %lx r14 %lx r15 %lx",
           r->r8, r->r9, r->r10, r->r11, r->r12, r->r13, r->r14, r->r15);
}

static void for_each_domain(void (*act)(const struct domain *d))
{
    for (unsigned int i = 0; i < DOMAINS_MAX; i++) {
        if (domains[i] != NULL) {
            act(domains[i]);
        }
    }
}

static void dump_vcpus_of(const struct domain *d)
{
    for (unsigned int i = 0; i < d->vcpu_count; i++) {
        dump_vcpu(d->vcpus[i]);
    }
}

static void dump_vcpus(void)
{
    for_each_domain(dump_vcpus_of);
}

static void memory_of(const struct domain *d)
{
    printk("d%u has %lu frames of at most %lu", d->id, d->frames_total,
           d->frames_max);
}

static void memory(void)
{
    printk("%lu frames free, numbers up to %lx; the hypervisor holds %lu KiB, "
           "24 bytes a frame are %lu KiB of it", page_alloc_free_frames(),
           frame_count, memory_held_kib(), memory_frames() * 24 / 1024);
    for_each_domain(memory_of);
}

/* What the port is bound to, where there is something to say. */
static void describe_binding(const struct evtchn *port, char *text,
                             size_t size)
{
    switch (port->state) {
    case ECS_VIRQ:
        snprintk(text, size, " %u", port->virq);
        break;
    case ECS_UNBOUND:
        snprintk(text, size, " for d%u", port->remote_domid);
        break;
    case ECS_INTERDOMAIN:
        snprintk(text, size, " with d%u port %u", port->remote_domid,
                 port->remote_port);
        break;
    default:
        text[0] = '\0';
        break;
    }
}

static void dump_port(const struct domain *d, uint32_t number,
                      const struct evtchn *port)
{
    static const char *const names[] = {
        [ECS_FREE] = "free", [ECS_RESERVED] = "reserved",
        [ECS_UNBOUND] = "unbound", [ECS_INTERDOMAIN] = "interdomain",
        [ECS_PIRQ] = "pirq", [ECS_VIRQ] = "virq", [ECS_IPI] = "ipi",
        [ECS_HV] = "hypervisor",
    };
    char binding[40];

    if (port->state == ECS_FREE || port->state >= ARRAY_SIZE(names)) {
        return;
    }
    describe_binding(port, binding, sizeof(binding));
    printk("d%u port %u: %s%s, vcpu %u%s%s", d->id, number,
           names[port->state], binding, port->notify_vcpu,
           evtchn_is_pending(d, number) ? ", pending" : "",
           evtchn_is_masked(d, number) ? ", masked" : "");
}

static void dump_ports_of(const struct domain *d)
{
    for (uint32_t i = 0; i < d->evtchn_port_limit; i++) {
        dump_port(d, i, evtchn_port(d, i));
    }
}

static void dump_ports(void)
{
    for_each_domain(dump_ports_of);
}

static void run_audit(void)
{
    (void)audit_at_rest(true);
}

static void dump_trace(void)
{
    trace_dump(32);
}

static void do_reboot(void)
{
    printk("rebooting, asked for on the console");
    arch_reboot();
}

static void do_panic(void)
{
    panic("asked for on the console");
}

static const struct {
    char key;
    void (*act)(void);
    const char *text;
} keys[] = {
    { 'h', help, "this list" },
    { 'd', dump_vcpus, "vcpus and their registers" },
    { 'm', memory, "memory totals" },
    { 'e', dump_ports, "event channels" },
    { 'a', run_audit, "audit all counts" },
    { 'c', counters_dump, "counters" },
    { 'C', counters_reset, "counters to 0" },
    { 'p', arch_profile_dump, "profile (option profile)" },
    { 't', dump_trace, "last trace events (option trace)" },
    { 'R', do_reboot, "reboot the machine" },
    { 'P', do_panic, "panic" },
};

static void help(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        printk("%c  %s", keys[i].key, keys[i].text);
    }
}

void debugkey(char key)
{
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (keys[i].key == key) {
            keys[i].act();
            return;
        }
    }
}
