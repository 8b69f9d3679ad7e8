/* SPDX-License-Identifier: MIT */
/*
 * The machine state of a vcpu: saving the one, loading the other.
 *
 * General registers stand in the frame at the end of the CPU's block and are
 * copied whole. The rest is split by when it can change:
 *
 *   S1  FS and GS bases and the four data selectors are the guest's to change
 *       at any time (loading a selector changes a base), so they are read
 *       back when the vcpu leaves the CPU.
 *   S2  in guest kernel mode the active GS base is the kernel's and the
 *       hidden one the user's; in user mode the other way round. The two
 *       trade places with the page table (arch_enter_*_mode).
 *   S3  FPU, SSE and AVX state is switched eagerly (fpu.c).
 *   S4  debug registers are loaded only when one of the two vcpus has a
 *       breakpoint enabled. DR6 is never anybody's: each exception takes out
 *       what it reports.
 *   S5  a CPU that leaves a domain's page table and turns idle loads the
 *       hypervisor's own, so a dead domain's tables are nobody's.
 *   S6  the next vcpu may still be in the hands of the CPU that it ran on, and
 *       that CPU may want the one that leaves here. So this CPU lets go of its
 *       own before it waits. Letting go means that the vcpu can run elsewhere
 *       and give back its page table, so this CPU must not walk that any more:
 *       it has loaded the next one's first, which is not among what is saved.
 *
 * A selector may name a descriptor that the guest has since broken; loading
 * it faults, the exception table turns that into a null selector, and the
 * guest is told by its failsafe callback.
 */
#include <arch/cr.h>
#include <arch/msr.h>
#include <hv/arch.h>
#include <hv/pv.h>
#include <xen/errno.h>
#include <xen/xen.h>

#include "desc_tables.h"
#include "fpu.h"
#include "joint.h"
#include "paging.h"
#include "tlb.h"
#include "traps.h"

STATIC_ASSERT(sizeof(struct cpu_regs) % 8 == 0, "copied as words");

/* --- segments ---------------------------------------------------------------- */

#define READ_SELECTOR(name)                                  \
    static uint16_t read_##name(void)                        \
    {                                                        \
        uint16_t s;                                          \
                                                             \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(s));   \
        return s;                                            \
    }

#define LOAD_SELECTOR(name)                                              \
    static bool load_##name(uint16_t selector)                           \
    {                                                                    \
        __asm__ goto("1: mov %0, %%" #name "\n"                          \
                     ARCH_EX_TABLE("1b", "%l[bad]")                      \
                     : : "r"((uint32_t)selector) : "memory" : bad);      \
        return true;                                                     \
    bad:                                                                 \
        __asm__ volatile("mov %0, %%" #name : : "r"(0) : "memory");      \
        return false;                                                    \
    }

READ_SELECTOR(ds)
READ_SELECTOR(es)
READ_SELECTOR(fs)
READ_SELECTOR(gs)
LOAD_SELECTOR(ds)
LOAD_SELECTOR(es)
LOAD_SELECTOR(fs)
LOAD_SELECTOR(gs)

static void save_segments(struct vcpu *v)
{
    uint64_t active = rdmsr(MSR_GS_BASE);
    uint64_t hidden = rdmsr(MSR_KERNEL_GS_BASE);

    v->pv.ds = read_ds();
    v->pv.es = read_es();
    v->pv.fs = read_fs();
    v->pv.gs = read_gs();
    v->pv.fs_base = rdmsr(MSR_FS_BASE);
    v->pv.gs_base_kernel = v->kernel_mode ? active : hidden;
    v->pv.gs_base_user = v->kernel_mode ? hidden : active;
}

/* False when one of the four selectors was refused. */
static bool load_segments(struct vcpu *v)
{
    bool ok = load_ds(v->pv.ds);

    ok = load_es(v->pv.es) && ok;
    ok = load_fs(v->pv.fs) && ok;
    ok = load_gs(v->pv.gs) && ok;
    wrmsr(MSR_FS_BASE, v->pv.fs_base);
    wrmsr(MSR_GS_BASE,
          v->kernel_mode ? v->pv.gs_base_kernel : v->pv.gs_base_user);
    wrmsr(MSR_KERNEL_GS_BASE,
          v->kernel_mode ? v->pv.gs_base_user : v->pv.gs_base_kernel);
    return ok;
}

/* S2: which register holds a GS base depends on the mode. */
static uint32_t msr_of_base(const struct vcpu *v, unsigned int which)
{
    if (which == SEGBASE_FS) {
        return MSR_FS_BASE;
    }
    return (which == SEGBASE_GS_KERNEL) == v->kernel_mode
               ? MSR_GS_BASE : MSR_KERNEL_GS_BASE;
}

void arch_set_segment_base(struct vcpu *v, unsigned int which, uint64_t base)
{
    if (which != SEGBASE_GS_USER_SEL) {
        wrmsr(msr_of_base(v, which), base);
        return;
    }
    /* The user's selector: its base must land in the hidden register. */
    arch_swapgs();
    load_gs((uint16_t)base);
    arch_swapgs();
}

uint64_t arch_get_segment_base(struct vcpu *v, unsigned int which)
{
    return rdmsr(msr_of_base(v, which));
}

/* --- page tables and mode -------------------------------------------------------- */

static void load_own_table(const struct vcpu *v)
{
    arch_write_cr3(v->kernel_mode ? v->pv.kernel_cr3 : v->pv.user_cr3);
}

void arch_load_cr3(struct vcpu *v)
{
    joint_leave(v);
    load_own_table(v);
}

/* --- descriptor windows ------------------------------------------------------------- */

/* What each CPU's windows show, so that a switch touches only what differs
 * from the empty window before or after. */
static struct {
    uint32_t gdt_frames;    /* the first so many */
    uint32_t ldt_pages;     /* bit n for page n */
    uint32_t ldt_entries;   /* in LDTR */
} shown[CPUS_MAX];

void arch_load_gdt(struct vcpu *v)
{
    unsigned int cpu = this_cpu()->id;
    uint32_t frames = (v->pv.gdt_entries + 511) / 512;
    uint32_t end = frames > shown[cpu].gdt_frames ? frames
                                                  : shown[cpu].gdt_frames;

    for (uint32_t i = 0; i < end; i++) {
        gdt_window_set(cpu, i, v->pv.gdt_frames[i]);
    }
    shown[cpu].gdt_frames = frames;
}

void arch_load_ldt(struct vcpu *v)
{
    struct cpu *c = this_cpu();
    uint32_t pages = shown[c->id].ldt_pages | v->pv.ldt_pages;

    for (; pages != 0; pages &= pages - 1) {
        unsigned int i = (unsigned int)__builtin_ctz(pages);

        ldt_window_set(c->id, i, v->pv.ldt_frames[i]);
    }
    shown[c->id].ldt_pages = v->pv.ldt_pages;
    if ((shown[c->id].ldt_entries | v->pv.ldt_entries) != 0) {
        cpu_set_ldt(c, v->pv.ldt_entries);
        shown[c->id].ldt_entries = v->pv.ldt_entries;
    }
}

void arch_map_ldt_page(struct vcpu *v, unsigned int page, mfn_t mfn)
{
    unsigned int cpu = this_cpu()->id;

    ldt_window_set(cpu, page, mfn);
    shown[cpu].ldt_pages |= 1u << page;
}

/* --- debug registers ------------------------------------------------------------------ */

#define DR7_ENABLED 0xffull
#define DR6_NONE    0xffff0ff0ull

static void write_debugreg(unsigned int reg, uint64_t value)
{
    switch (reg) {
    case 0:
        __asm__ volatile("mov %0, %%dr0" : : "r"(value));
        break;
    case 1:
        __asm__ volatile("mov %0, %%dr1" : : "r"(value));
        break;
    case 2:
        __asm__ volatile("mov %0, %%dr2" : : "r"(value));
        break;
    case 3:
        __asm__ volatile("mov %0, %%dr3" : : "r"(value));
        break;
    default:
        __asm__ volatile("mov %0, %%dr7" : : "r"(value));
        break;
    }
}

void arch_load_debugreg(struct vcpu *v, unsigned int reg)
{
    write_debugreg(reg, v->pv.debugreg[reg]);
}

uint64_t arch_read_debugreg(struct vcpu *v, unsigned int reg)
{
    uint64_t dr6;

    if (reg != 6) {
        return v->pv.debugreg[reg];
    }
    /* Bits in it stay until somebody clears them: the next exception must not
     * report this one's, least of all to another vcpu. */
    dr6 = read_dr6();
    write_dr6(DR6_NONE);
    return dr6;
}

static bool has_breakpoints(const struct vcpu *v)
{
    return (v->pv.debugreg[7] & DR7_ENABLED) != 0;
}

static void save_debugregs(const struct vcpu *v)
{
    if (has_breakpoints(v)) {
        write_debugreg(7, 0x400);
    }
}

static void load_debugregs(const struct vcpu *v)
{
    if (has_breakpoints(v)) {
        for (unsigned int i = 0; i < 4; i++) {
            write_debugreg(i, v->pv.debugreg[i]);
        }
        write_debugreg(7, v->pv.debugreg[7]);
    }
}

/* --- the vcpu as a whole ---------------------------------------------------------------------- */

int arch_vcpu_init(struct vcpu *v)
{
    v->fpu = hv_alloc_pages(0);
    if (v->fpu == NULL) {
        return -XEN_ENOMEM;
    }
    fpu_image_reset(v);
    v->pv.debugreg[6] = DR6_NONE;
    v->pv.debugreg[7] = 0x400;
    return joint_init(v);
}

void arch_vcpu_free(struct vcpu *v)
{
    if (v->fpu != NULL) {
        hv_free_pages(v->fpu, 0);
        v->fpu = NULL;
    }
    joint_free(v);
}

static void save(struct vcpu *v)
{
    v->regs = *arch_guest_regs();
    save_segments(v);
    save_debugregs(v);
    fpu_save(v);
}

static void load(struct vcpu *v)
{
    bool selectors_ok;

    *arch_guest_regs() = v->regs;
    /* SYSRET would be wrong for a frame that has been away. */
    arch_guest_regs()->entry_vector = TRAP_NMI;
    arch_load_gdt(v);
    arch_load_ldt(v);
    selectors_ok = load_segments(v);
    load_debugregs(v);
    fpu_load(v);
    if (UNLIKELY(!selectors_ok)) {
        pv_failsafe(v, arch_guest_regs());
    }
}

/* The CPU may hold entries of the domain before it can get any. */
static void enter_tables(struct vcpu *v, cpumask_t self)
{
    uint64_t flush;

    __atomic_or_fetch(&v->domain->dirty_cpus, self, __ATOMIC_SEQ_CST);
    flush = tlb_stamp_begin();
    load_own_table(v);
    tlb_stamp_end(flush);
}

/* After another table was loaded: until then v's may still be walked. */
static void leave_tables(struct vcpu *v, const struct vcpu *next,
                         cpumask_t self)
{
    if (v->domain != next->domain) {
        __atomic_and_fetch(&v->domain->dirty_cpus, ~self, __ATOMIC_RELEASE);
    }
    vcpu_set_saved(v);
}

/* S6: save, change tables, let go, and only then wait. */
void arch_vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
    cpumask_t self = (cpumask_t)1 << this_cpu()->id;

    if (!prev->is_idle) {
        save(prev);
    }
    if (next->is_idle) {
        arch_write_cr3(hypervisor_cr3);
        tlb_holds_nothing();
    } else {
        enter_tables(next, self);
    }
    if (!prev->is_idle) {
        leave_tables(prev, next, self);
    }
    if (!next->is_idle) {
        vcpu_await_saved(next);
        joint_leave(next);
        load(next);
    }
}
