/* SPDX-License-Identifier: MIT */
/*
 * Worlds: see world.h.
 *
 * Everything here goes through the interfaces that the hypervisor itself
 * uses (domain_create(), domain_alloc_frame(), the hypercall table), but for
 * the page tables of a new guest, which are plain memory until they are
 * pinned, and for the choice of the current vcpu, which a test makes instead
 * of the scheduler.
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hv/audit.h>
#include <hv/sched.h>

/* Hypervisor's own frames a domain needs: shared_info, traps, ports... */
#define OVERHEAD_FRAMES 64

#define CALL_BYTES 2 /* SYSCALL, int 0x82 */

/* Worlds also serve programs without Check, so a failure is an abort. */
#define REQUIRE(cond)                                                       \
    do {                                                                    \
        if (!(cond)) {                                                      \
            fail(__LINE__, #cond);                                          \
        }                                                                   \
    } while (0)

NORETURN static void fail(int line, const char *what)
{
    fprintf(stderr, "%sworld.c:%d: not so: %s\n", host_console_text(), line,
            what);
    abort();
}

static _Thread_local unsigned int restarts;
static _Thread_local int32_t budget = WORK_BUDGET;

struct world *world_with(unsigned int n_domains, uint64_t n_frames)
{
    return world_with_cpus(n_domains, n_frames, 1, 1);
}

static void create_domain(struct world *w, unsigned int id,
                          uint64_t n_frames, unsigned int n_vcpus)
{
    struct domain *d = domain_create((domid_t)id, n_vcpus, n_frames,
                                     id == 0);

    REQUIRE(d != NULL);
    w->domains[id] = d;
}

struct world *world_with_cpus(unsigned int n_domains, uint64_t n_frames,
                              unsigned int n_vcpus, unsigned int n_cpus)
{
    struct world *w = calloc(1, sizeof(*w));
    unsigned int i;

    REQUIRE(w != NULL);
    REQUIRE(n_domains <= WORLD_DOMAINS_MAX);
    host_machine_start(n_domains * (n_frames + OVERHEAD_FRAMES) +
                       OVERHEAD_FRAMES * n_cpus, n_cpus);
    for (i = 0; i < n_cpus; i++) {
        host_set_cpu(i);
        sched_init_cpu(cpus[i]);
        schedule();
    }
    host_set_cpu(0);
    w->args = calloc(WORLD_ARGS_CPUS, WORLD_ARGS_SIZE);
    REQUIRE(w->args != NULL);
    for (i = 0; i < WORLD_ARGS_CPUS; i++) {
        host_guest_window(GVA(WORLD_ARGS_BASE + i * WORLD_ARGS_STRIDE),
                          w->args + i * WORLD_ARGS_SIZE, WORLD_ARGS_SIZE,
                          true);
    }
    w->free_at_start = page_alloc_free_frames();
    w->domain_count = n_domains;
    for (i = 0; i < n_domains; i++) {
        create_domain(w, i, n_frames, n_vcpus);
    }
    if (n_domains > 0) {
        world_enter(world_vcpu(w, 0));
    }
    host_effects_clear();
    return w;
}

void world_audit(struct world *w)
{
    audit_all();
    host_tlb_audit();
}

/* No vcpu runs or can run any more. */
static void stop_all(struct world *w)
{
    unsigned int i;
    unsigned int n;

    for (i = 0; i < w->domain_count; i++) {
        for (n = 0; n < w->domains[i]->vcpu_count; n++) {
            vcpu_stop(w->domains[i]->vcpus[n]);
        }
    }
    for (i = 0; i < cpu_count; i++) {
        host_set_cpu(i);
        schedule();
        REQUIRE(current_vcpu()->is_idle);
    }
    host_set_cpu(0);
}

void world_free(struct world *w)
{
    unsigned int i;

    host_fail_alloc(0);
    host_fail_guest_access(0);
    world_audit(w);
    stop_all(w);
    for (i = 0; i < w->domain_count; i++) {
        domain_destroy(w->domains[i]);
    }
    page_alloc_audit();
    REQUIRE(page_alloc_free_frames() == w->free_at_start);
    host_machine_stop();
    free(w->args);
    free(w);
}

static void make_ready(struct vcpu *v)
{
    if (v->state == VCPU_OFFLINE) {
        v->initialised = true;
        vcpu_start(v);
    } else {
        vcpu_wake(v);
    }
}

/* v leaves the CPU where it is, if that is another than this one. */
static void call_here(struct vcpu *v)
{
    struct cpu *here = this_cpu();

    if (v->on_cpu && v->cpu != here->id) {
        vcpu_pause(v);
        host_set_cpu(v->cpu);
        schedule();
        host_set_cpu(here->id);
        vcpu_unpause(v);
    }
}

/* Who yields comes after all others, so it is v's turn soon. */
void world_enter(struct vcpu *v)
{
    unsigned int turns;

    host_set_cpu(v->id % cpu_count);
    call_here(v);
    if (current_vcpu() != v) {
        make_ready(v);
    }
    for (turns = 0; current_vcpu() != v; turns++) {
        REQUIRE(turns < WORLD_DOMAINS_MAX * VCPUS_MAX);
        if (!current_vcpu()->is_idle) {
            vcpu_yield(current_vcpu());
        }
        schedule();
    }
    __atomic_fetch_and(&this_cpu()->softirqs, ~(1u << SOFTIRQ_SCHEDULE),
                       __ATOMIC_RELAXED);
}

struct vcpu *world_vcpu(struct world *w, unsigned int domain)
{
    REQUIRE(domain < w->domain_count);
    return w->domains[domain]->vcpus[0];
}

mfn_t world_frame(struct world *w, unsigned int domain)
{
    mfn_t mfn = domain_alloc_frame(w->domains[domain], 0, INVALID_MFN);

    REQUIRE(mfn_valid_number(mfn));
    arch_m2p_set(mfn, w->next_pfn[domain]++);
    return mfn;
}

uint64_t world_pte(mfn_t mfn, uint64_t flags)
{
    return mfn.v << PAGE_SHIFT | flags;
}

void world_write_entry(mfn_t table, unsigned int index, uint64_t entry)
{
    __atomic_store_n((uint64_t *)frame_map(table) + index, entry,
                     __ATOMIC_RELAXED);
}

uint64_t world_read_entry(mfn_t table, unsigned int index)
{
    return pte_read((const uint64_t *)frame_map(table) + index);
}

unsigned int world_index(gva_t va, unsigned int level)
{
    return (unsigned int)(va.v >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

static mfn_t entry_frame(uint64_t entry)
{
    if ((entry & PTE_PRESENT) == 0) {
        return INVALID_MFN;
    }
    return MFN((entry & 0x000ffffffffff000ull) >> PAGE_SHIFT);
}

mfn_t world_table(mfn_t l4, gva_t va, unsigned int level)
{
    mfn_t table = l4;
    unsigned int l;

    for (l = 4; l > level && mfn_valid_number(table); l--) {
        table = entry_frame(world_read_entry(table, world_index(va, l)));
    }
    return table;
}

void world_map(struct world *w, unsigned int domain, mfn_t l4, gva_t va,
               uint64_t entry)
{
    mfn_t table = l4;
    unsigned int l;

    for (l = 4; l > 1; l--) {
        unsigned int i = world_index(va, l);
        mfn_t next = entry_frame(world_read_entry(table, i));

        if (!mfn_valid_number(next)) {
            next = world_frame(w, domain);
            world_write_entry(table, i, world_pte(next, PTE_RW_FLAGS));
        }
        table = next;
    }
    world_write_entry(table, world_index(va, 1), entry);
}

struct world_guest world_build_guest(struct world *w, unsigned int domain)
{
    struct world_guest g;
    unsigned int i;

    g.l4 = world_frame(w, domain);
    for (i = 0; i < WORLD_DATA_PAGES; i++) {
        g.data[i] = world_frame(w, domain);
        world_map(w, domain, g.l4, GVA(WORLD_DATA + i * PAGE_SIZE),
                  world_pte(g.data[i], PTE_RW_FLAGS));
    }
    g.l3 = world_table(g.l4, GVA(WORLD_DATA), 3);
    g.l2 = world_table(g.l4, GVA(WORLD_DATA), 2);
    g.l1 = world_table(g.l4, GVA(WORLD_DATA), 1);
    world_map(w, domain, g.l4, GVA(WORLD_TABLES),
              world_pte(g.l4, PTE_RO_FLAGS));
    world_map(w, domain, g.l4, GVA(WORLD_TABLES + PAGE_SIZE),
              world_pte(g.l3, PTE_RO_FLAGS));
    world_map(w, domain, g.l4, GVA(WORLD_TABLES + 2 * PAGE_SIZE),
              world_pte(g.l2, PTE_RO_FLAGS));
    world_map(w, domain, g.l4, GVA(WORLD_TABLES + 3 * PAGE_SIZE),
              world_pte(g.l1, PTE_RO_FLAGS));
    return g;
}

/* Pins as a hypercall would, with a fresh budget for each attempt. */
static int pin_l4(struct domain *d, mfn_t l4)
{
    int err;

    do {
        this_cpu()->work_left = WORK_BUDGET;
        err = page_type_pin(d, l4, PT_L4);
    } while (err == -XEN_ERESTART_CALL);
    return err;
}

struct world_guest world_boot_guest(struct world *w, unsigned int domain)
{
    struct world_guest g = world_build_guest(w, domain);

    REQUIRE(pin_l4(w->domains[domain], g.l4) == 0);
    this_cpu()->work_left = WORK_BUDGET;
    REQUIRE(pv_set_kernel_table(world_vcpu(w, domain), g.l4) == 0);
    if (current_vcpu() == world_vcpu(w, domain)) {
        arch_load_cr3(current_vcpu());
    }
    return g;
}

gva_t world_arg(struct world *w, const void *data, size_t size)
{
    unsigned int cpu = this_cpu()->id % WORLD_ARGS_CPUS;
    size_t *used = &w->args_used[cpu];
    gva_t va = GVA(WORLD_ARGS_BASE + cpu * WORLD_ARGS_STRIDE + *used);

    REQUIRE(*used + size <= WORLD_ARGS_SIZE);
    memcpy(world_arg_at(w, va), data, size);
    *used = round_up(*used + size, 8);
    return va;
}

void world_args_reset(struct world *w)
{
    w->args_used[this_cpu()->id % WORLD_ARGS_CPUS] = 0;
}

void *world_arg_at(struct world *w, gva_t va)
{
    uint64_t offset = va.v - WORLD_ARGS_BASE;

    return w->args + offset / WORLD_ARGS_STRIDE * WORLD_ARGS_SIZE +
           offset % WORLD_ARGS_STRIDE;
}

/* A restart is told from a result by rip: it points at the call again. */
int64_t world_call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                   uint64_t a3, uint64_t a4)
{
    struct cpu_regs *r = arch_guest_regs();
    uint64_t after = r->rip + CALL_BYTES;
    int64_t result;

    REQUIRE(nr < HYPERCALL_MAX);
    r->rdi = a0;
    r->rsi = a1;
    r->rdx = a2;
    r->r10 = a3;
    r->r8 = a4;
    restarts = 0;
    for (;;) {
        r->rax = nr;
        r->rip = after;
        this_cpu()->work_left = budget;
        result = hypercall_lane[nr](r->rdi, r->rsi, r->rdx, r->r10, r->r8);
        if (r->rip != after - CALL_BYTES) {
            break;
        }
        restarts++;
    }
    REQUIRE(result != -XEN_ERESTART_CALL);
    return result;
}

unsigned int world_restarts(void)
{
    return restarts;
}

void world_set_budget(int32_t b)
{
    budget = b == 0 ? WORK_BUDGET : b;
}
