/* SPDX-License-Identifier: MIT */
/*
 * The life of a vcpu: made offline with its domain, given a state by the
 * builder or by VCPUOP_initialise, run by sched.c, given back with the
 * domain. It takes a block for itself and its trap table (the first vcpu's is
 * a part of its domain's) and what arch needs for its registers.
 *
 * What a vcpu holds: a type and a general reference on each of its base page
 * tables, on every frame of its GDT and mapped LDT pages, and on the frame of
 * its vcpu_info. They go in vcpu_destroy(); what that leaves of large trees
 * of page tables is the domain's to take apart.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/pv.h>
#include <hv/time.h>
#include <hv/trace.h>

#define VCPU_ORDER 1
STATIC_ASSERT(sizeof(struct vcpu_block) <= PAGE_SIZE << VCPU_ORDER,
              "a vcpu and its trap table take two pages");

static void init_pv(struct pv_vcpu *pv)
{
    unsigned int i;

    pv->kernel_table = INVALID_MFN;
    pv->user_table = INVALID_MFN;
    for (i = 0; i < GDT_GUEST_FRAMES; i++) {
        pv->gdt_frames[i] = INVALID_MFN;
    }
    for (i = 0; i < LDT_FRAMES; i++) {
        pv->ldt_frames[i] = INVALID_MFN;
    }
    pv->debugreg[6] = 0xffff0ff0ull; /* SDM 3B 17.2: the value after reset */
    pv->debugreg[7] = 0x400ull;
}

static struct vcpu_block *block_alloc(struct domain *d, uint32_t id)
{
    return id == 0 ? &((struct domain_block *)d)->first
                   : hv_alloc_pages(VCPU_ORDER);
}

static void block_free(struct vcpu *v)
{
    if (v->id != 0) {
        hv_free_pages(v, VCPU_ORDER);
    }
}

struct vcpu *vcpu_create(struct domain *d, uint32_t id)
{
    struct vcpu_block *block = block_alloc(d, id);
    struct vcpu *v;

    if (!block) {
        return NULL;
    }
    v = &block->vcpu;
    v->domain = d;
    v->id = id;
    v->info = &d->shared_info->vcpu_info[id];
    v->info_frame = INVALID_MFN;
    v->kernel_mode = true;
    v->is_traced = trace_mask != 0;
    init_pv(&v->pv);
    v->pv.traps = block->traps;
    if (arch_vcpu_init(v)) {
        block_free(v);
        return NULL;
    }
    sched_init_vcpu(v);
    time_init_vcpu(v);
    return v;
}

/* What a writable page holds is plain: dropping it never has to stop. */
static void drop_info_frame(struct vcpu *v)
{
    if (mfn_valid_number(v->info_frame)) {
        v->info = &v->domain->shared_info->vcpu_info[v->id];
        BUG_ON(frame_put_and_type(v->domain, v->info_frame) != 0);
        v->info_frame = INVALID_MFN;
    }
}

void vcpu_destroy(struct vcpu *v)
{
    BUG_ON(v->on_cpu || mfn_valid_number(v->pv.kernel_table) ||
           mfn_valid_number(v->pv.user_table));
    time_stop_vcpu(v);
    drop_info_frame(v);
    arch_vcpu_free(v);
    block_free(v);
}

void vcpu_show(const struct vcpu *v)
{
    const struct cpu_regs *r = &v->regs;

    printk("vcpu %u of domain %u, %s mode", v->id, v->domain->id,
           v->kernel_mode ? "kernel" : "user");
    printk("rip %04x:%016llx rsp %04x:%016llx rflags %08llx",
           (unsigned int)(r->cs & 0xffff), (unsigned long long)r->rip,
           (unsigned int)(r->ss & 0xffff), (unsigned long long)r->rsp,
           (unsigned long long)r->rflags);
    printk("rax %016llx rbx %016llx rcx %016llx rdx %016llx",
           (unsigned long long)r->rax, (unsigned long long)r->rbx,
           (unsigned long long)r->rcx, (unsigned long long)r->rdx);
    printk("rsi %016llx rdi %016llx rbp %016llx r8  %016llx",
           (unsigned long long)r->rsi, (unsigned long long)r->rdi,
           (unsigned long long)r->rbp, (unsigned long long)r->r8);
    printk("r9  %016llx r10 %016llx r11 %016llx r12 %016llx",
           (unsigned long long)r->r9, (unsigned long long)r->r10,
           (unsigned long long)r->r11, (unsigned long long)r->r12);
    printk("r13 %016llx r14 %016llx r15 %016llx cr2 %016llx",
           (unsigned long long)r->r13, (unsigned long long)r->r14,
           (unsigned long long)r->r15,
           (unsigned long long)__atomic_load_n(&vcpu_info(v)->arch.cr2,
                                               __ATOMIC_RELAXED));
    printk("entry %x error %x kernel table %llx user table %llx",
           r->entry_vector, r->error_code,
           (unsigned long long)v->pv.kernel_table.v,
           (unsigned long long)v->pv.user_table.v);
}
