/* SPDX-License-Identifier: MIT */
/*
 * GDT, IDT, TSS and the SYSCALL registers of each CPU.
 *
 * The GDT is a window of sixteen pages for each CPU: pages 0-13 show the
 * frames that the current vcpu registered by set_gdt, page 14 (selectors from
 * 0xe000) is ours, at the place that the PV interface reserves for it. A
 * guest may load any of the flat selectors there (SDM 3A 3.4.5 for the
 * formats); ring 0 ones fail their privilege check by themselves.
 *
 * The TSS lives in the unused part of the same page: only rsp0 and the four
 * IST stacks are used, and there is no I/O bitmap, so port access of ring 3
 * always faults. One IDT serves all CPUs: interrupt gates only, so IF is off
 * at every entry. All gates have DPL 0 but four: int3 and into, which user
 * code may execute, int 0x80, the system call of old, and int 0x82, the
 * hypercall of 32-bit kernels in ring 1.
 */
#include "desc_tables.h"

#include <arch/cr.h>
#include <arch/layout.h>
#include <arch/msr.h>
#include <hv/cpu_regs.h>
#include <hv/util.h>

#include "fpu.h"
#include "paging.h"

#define TSS_OFFSET 0x800 /* in the GDT page */

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map;
} __attribute__((packed));

STATIC_ASSERT(sizeof(struct tss) == 104, "SDM 3A 8.7");

enum { IST_DF = 1, IST_NMI = 2, IST_MC = 3, IST_DB = 4 };

struct gate {
    uint16_t offset_low, selector;
    uint8_t ist, type;
    uint16_t offset_mid;
    uint32_t offset_high, reserved;
};

static bool use_smap;
static struct gate idt[256];  /* its beginning is hot: hypervisor.ld */

extern const char vector_stubs[];
extern const char syscall_trampolines[], syscall32_trampolines[];
extern const char entry_sysenter[];

static const char *stub_of(unsigned int vector)
{
    return vector_stubs + vector * 16ull;
}

void idt_redirect(unsigned int vector, const char *handler)
{
    uint64_t address = (uint64_t)(handler != NULL ? handler
                                                  : stub_of(vector));
    struct gate *g = &idt[vector];

    g->offset_low = (uint16_t)address;
    g->offset_mid = (uint16_t)(address >> 16);
    g->offset_high = (uint32_t)(address >> 32);
}

static void set_gate(unsigned int vector, unsigned int dpl, unsigned int ist)
{
    struct gate *g = &idt[vector];

    idt_redirect(vector, NULL);
    g->selector = HV_CS;
    g->ist = (uint8_t)ist;
    g->type = (uint8_t)(0x8e | dpl << 5);
    g->reserved = 0;
}

static void fill_idt(void)
{
    for (unsigned int v = 0; v < 256; v++) {
        set_gate(v, 0, 0);
    }
    set_gate(TRAP_BP, 3, 0);
    set_gate(TRAP_OF, 3, 0);
    set_gate(TRAP_INT80, 3, 0);
    set_gate(VECTOR_HYPERCALL32, 1, 0);
    set_gate(TRAP_NMI, 0, IST_NMI);
    set_gate(TRAP_DF, 0, IST_DF);
    set_gate(TRAP_MC, 0, IST_MC);
    set_gate(TRAP_DB, 0, IST_DB);
}

static uint64_t *hv_gdt(const struct cpu *c)
{
    return (uint64_t *)(GDT_BASE(c->id) + 0xe000);
}

/* A TSS or LDT descriptor: 16 bytes in long mode (SDM 3A 8.2.3). */
static void set_system_descriptor(uint64_t *d, uint64_t base, uint32_t limit,
                                  unsigned int type)
{
    d[0] = (limit & 0xffff) | (base & 0xffffff) << 16 |
           (uint64_t)(0x80 | type) << 40 | (base >> 24 & 0xff) << 56;
    d[1] = base >> 32;
}

static void fill_gdt(struct cpu *c)
{
    uint64_t *gdt = hv_gdt(c);
    uint64_t base = PERCPU_BLOCK(c->id);
    struct tss *tss = (struct tss *)((char *)gdt + TSS_OFFSET);

    gdt[(HV_CS - 0xe000) / 8] = 0x00af9b000000ffff;
    gdt[(HV_SS - 0xe000) / 8] = 0x00cf93000000ffff;
    gdt[0x18 / 8] = 0x00cfbb000000ffff; /* e019: ring-1 code, 32-bit guests */
    gdt[0x20 / 8] = 0x00cffb000000ffff; /* e023 */
    gdt[0x28 / 8] = 0x00cff3000000ffff; /* e02b */
    gdt[0x30 / 8] = 0x00affb000000ffff; /* e033 */

    tss->rsp[0] = (uint64_t)c;
    tss->ist[IST_DF - 1] = base + PERCPU_DF_TOP;
    tss->ist[IST_NMI - 1] = base + PERCPU_NMI_TOP;
    tss->ist[IST_MC - 1] = base + PERCPU_MC_TOP;
    tss->ist[IST_DB - 1] = base + PERCPU_DB_TOP;
    tss->io_map = sizeof(*tss);
    set_system_descriptor(&gdt[(HV_TSS - 0xe000) / 8], (uint64_t)tss,
                          sizeof(*tss) - 1, 0x9);
}

static void load_segments(struct cpu *c)
{
    struct table_pointer gdtr = { 0xefff, GDT_BASE(c->id) };
    struct table_pointer idtr = { sizeof(idt) - 1, (uint64_t)idt };

    lgdt(&gdtr);
    __asm__ volatile("pushq %0\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "1:\tmov %1, %%ss\n\t"
                     "xor %%eax, %%eax\n\t"
                     "mov %%eax, %%ds\n\t"
                     "mov %%eax, %%es\n\t"
                     "mov %%eax, %%fs\n\t"
                     "mov %%eax, %%gs"
                     : : "i"(HV_CS), "r"(HV_SS) : "rax", "memory");
    lidt(&idtr);
    ltr(HV_TSS);
    lldt(0);
}

static void set_syscall(const struct cpu *c)
{
    /* Cleared on entry: what a guest must not hand to ring 0. AC matters for
     * SMAP, NT for IRET, TF for single-stepping us. */
    const uint64_t mask = RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL |
                          RFLAGS_NT | RFLAGS_RF | RFLAGS_VM | RFLAGS_AC;

    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
    wrmsr(MSR_STAR, (uint64_t)GUEST_CS32 << 48 | (uint64_t)HV_CS << 32);
    wrmsr(MSR_LSTAR, (uint64_t)syscall_trampolines + c->id * 32ull);
    wrmsr(MSR_CSTAR, (uint64_t)syscall32_trampolines + c->id * 32ull);
    wrmsr(MSR_SFMASK, mask);
    wrmsr(MSR_FS_BASE, 0);
    wrmsr(MSR_GS_BASE, 0);
    wrmsr(MSR_KERNEL_GS_BASE, 0);
}

/* AMD's CPUs do not have it in long mode; with a null CS it is #GP. */
static void set_sysenter(const struct cpu *c)
{
    bool have = !cpu_vendor_is_amd();

    wrmsr(MSR_SYSENTER_CS, have ? HV_CS : 0);
    wrmsr(MSR_SYSENTER_ESP, have ? (uint64_t)c : 0);
    wrmsr(MSR_SYSENTER_EIP, have ? (uint64_t)entry_sysenter : 0);
}

static void set_control_registers(void)
{
    uint32_t leaf7[4] = { 0 };
    uint64_t cr4 = CR4_PAE | CR4_PGE | CR4_MCE | CR4_OSFXSR |
                   CR4_OSXMMEXCPT | CR4_DE;

    if (cpuid_max(0) >= 7) {
        cpuid(7, 0, leaf7);
    }
    if ((leaf7[1] & (1u << 7)) != 0) {
        cr4 |= CR4_SMEP;
    }
    if (use_smap) {
        cr4 |= CR4_SMAP;
    }
    write_cr4(cr4);
    write_cr0(CR0_PE | CR0_MP | CR0_ET | CR0_NE | CR0_WP | CR0_AM | CR0_PG);
}

void cpu_load_tables(struct cpu *c)
{
    if (c->id == 0) {
        fill_idt();
    }
    fill_gdt(c);
    load_segments(c);
    set_control_registers();
    fpu_cpu_init();
    set_syscall(c);
    set_sysenter(c);
}

void cpu_use_smap(void)
{
    use_smap = true;
}

void cpu_set_ldt(struct cpu *c, unsigned int entries)
{
    uint64_t *gdt = hv_gdt(c);

    if (entries == 0) {
        lldt(0);
        return;
    }
    set_system_descriptor(&gdt[(HV_LDT - 0xe000) / 8], LDT_BASE(c->id),
                          entries * 8 - 1, 0x2);
    lldt(HV_LDT);
}
