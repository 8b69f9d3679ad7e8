/* SPDX-License-Identifier: MIT */
/*
 * vcpu state on the fake machine: there are no registers to load, so each
 * function keeps what a test can ask for and writes a line to the log of
 * effects.
 */
#include "internal.h"

#include <xen/errno.h>

#include <sched.h>
#include <string.h>

void arch_relax(void)
{
    sched_yield();
}

void arch_kick(struct cpu *c)
{
    host_effect_add(EFFECT_KICK, c->id, 0);
}

bool arch_park_others(void)
{
    return false;
}

void arch_release_others(void)
{
}

void arch_park_here(void)
{
}

int arch_vcpu_init(struct vcpu *v)
{
    v->fpu = hv_alloc_pages(0);
    v->pv.xcr0 = 1;
    v->regs.rflags = RFLAGS_IF | RFLAGS_MBS; /* as tests enter it anywhere */
    return v->fpu == NULL ? -XEN_ENOMEM : 0;
}

void arch_vcpu_free(struct vcpu *v)
{
    if (v->fpu != NULL) {
        hv_free_pages(v->fpu, 0);
        v->fpu = NULL;
    }
}

void arch_load_cr3(struct vcpu *v)
{
    host_effect_add(EFFECT_CR3,
                    v->kernel_mode ? v->pv.kernel_cr3 : v->pv.user_cr3,
                    v->kernel_mode);
    host_tlb_flush_local();
}

void arch_vcpu_switch(struct vcpu *prev, struct vcpu *next)
{
    struct cpu_regs *regs = arch_guest_regs();
    cpumask_t me = 1ull << this_cpu()->id;

    host_effect_add(EFFECT_SWITCH, (uintptr_t)prev, (uintptr_t)next);
    if (!prev->is_idle) {
        prev->regs = *regs;
    }
    if (next->is_idle) {
        host_tlb_flush_local();
    } else {
        __atomic_or_fetch(&next->domain->dirty_cpus, me, __ATOMIC_SEQ_CST);
        arch_load_cr3(next);
    }
    if (!prev->is_idle) {
        if (prev->domain != next->domain) {
            __atomic_and_fetch(&prev->domain->dirty_cpus, ~me,
                               __ATOMIC_SEQ_CST);
        }
        vcpu_set_saved(prev);
    }
    if (!next->is_idle) {
        vcpu_await_saved(next);
        *regs = next->regs;
        arch_load_gdt(next);
        arch_load_ldt(next);
    }
}

bool arch_top_tables_agree(const struct vcpu *v)
{
    return true;
}

void arch_enter_kernel_mode(struct vcpu *v)
{
    BUG_ON(v->kernel_mode);
    v->kernel_mode = true;
    host_effect_add(EFFECT_TOGGLE, v->kernel_mode, 0);
    arch_load_cr3(v);
}

void arch_enter_user_mode(struct vcpu *v)
{
    BUG_ON(!v->kernel_mode || v->pv.user_cr3 == 0);
    v->kernel_mode = false;
    host_effect_add(EFFECT_TOGGLE, v->kernel_mode, 0);
    arch_load_cr3(v);
}

void arch_load_gdt(struct vcpu *v)
{
    host_effect_add(EFFECT_GDT, v->pv.gdt_entries, 0);
}

void arch_load_ldt(struct vcpu *v)
{
    host_effect_add(EFFECT_LDT, v->pv.ldt_entries, v->pv.ldt_base.v);
}

void arch_map_ldt_page(struct vcpu *v, unsigned int page, mfn_t mfn)
{
    host_effect_add(EFFECT_LDT_PAGE, page, mfn.v);
}

void arch_set_segment_base(struct vcpu *v, unsigned int which, uint64_t base)
{
    switch (which) {
    case SEGBASE_FS:
        v->pv.fs_base = base;
        break;
    case SEGBASE_GS_USER:
        v->pv.gs_base_user = base;
        break;
    case SEGBASE_GS_KERNEL:
        v->pv.gs_base_kernel = base;
        break;
    default:
        v->pv.gs = (uint16_t)base;
        break;
    }
    host_effect_add(EFFECT_SEGMENT_BASE, which, base);
}

void arch_set_task_switched(struct vcpu *v, bool ts)
{
    v->pv.task_switched = ts;
    host_effect_add(EFFECT_TASK_SWITCHED, ts, 0);
}

void arch_load_debugreg(struct vcpu *v, unsigned int reg)
{
    host_effect_add(EFFECT_DEBUGREG, reg, v->pv.debugreg[reg]);
}

uint64_t arch_read_debugreg(struct vcpu *v, unsigned int reg)
{
    return v->pv.debugreg[reg];
}

/* Entries that name no frame: code which takes them for a guest's fails. */
void arch_fill_hypervisor_slots(uint64_t *l4)
{
    unsigned int slot;

    for (slot = 256; slot < 272; slot++) {
        l4[slot] = ((frame_count + slot) << PAGE_SHIFT) | 0x63;
    }
}

static uint32_t cpuid_fill;

void host_cpuid_fill(uint32_t word)
{
    cpuid_fill = word;
}

void arch_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4])
{
    for (unsigned int i = 0; i < 4; i++) {
        out[i] = cpuid_fill;
    }
    if (leaf == 0) {
        out[0] = 1;
        memcpy(&out[1], "Xeni", 4);
        memcpy(&out[3], "osHo", 4);
        memcpy(&out[2], "st  ", 4);
    }
}

uint64_t arch_tsc(void)
{
    return arch_now();
}

uint64_t arch_get_segment_base(struct vcpu *v, unsigned int which)
{
    switch (which) {
    case SEGBASE_FS:
        return v->pv.fs_base;
    case SEGBASE_GS_USER:
        return v->pv.gs_base_user;
    default:
        return v->pv.gs_base_kernel;
    }
}

void arch_set_fpu_image(struct vcpu *v, const void *image)
{
    if (v->fpu != NULL) {
        memcpy(v->fpu, image, 512);
    }
}

/* x87, SSE and AVX. */
#define HOST_XCR0 7ull

uint64_t arch_xcr0_offered(void)
{
    return HOST_XCR0;
}

bool arch_set_xcr0(struct vcpu *v, uint64_t value)
{
    if ((value & ~HOST_XCR0) != 0 || (value & 1) == 0 ||
        (value & 6) == 4) {
        return false;
    }
    v->pv.xcr0 = value;
    return true;
}
