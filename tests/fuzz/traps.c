/* SPDX-License-Identifier: MIT */
/*
 * What a hostile guest does without a hypercall: it stores to its memory,
 * traps at instructions of its choice, stores to its page tables, uses
 * descriptors that are not mapped yet, calls out of user mode, and returns to
 * wherever it likes.
 */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

#include <hv/evtchn.h>

void fuzz_guest_store(void)
{
    gva_t va = GVA(any_va() & ~7ull);
    bool fault = guest_store64(va, one_in(2) ? any_entry() : any_descriptor());

    if (trace) {
        fprintf(stderr, "d%uv%u store at %#llx: %s\n", current_domain()->id,
                current_vcpu()->id, (unsigned long long)va.v,
                fault ? "fault" : "done");
    }
}

static const uint8_t trapping[][8] = {
    { 0x48, 0x89, 0x07 },             /* mov [rdi], rax */
    { 0x48, 0xc7, 0x07, 0x01 },       /* mov qword [rdi], 1 */
    { 0xf0, 0x48, 0x0f, 0xb1, 0x0f }, /* lock cmpxchg [rdi], rcx */
    { 0x0f, 0xa2 },                   /* cpuid */
    { 0x0f, 0x32 },                   /* rdmsr */
    { 0x0f, 0x30 },                   /* wrmsr */
    { 0xfa },                         /* cli */
    { 0xfb },                         /* sti */
    { 0xf4 },                         /* hlt */
    { 0x0f, 0x20, 0xc0 },             /* mov rax, cr0 */
    { 0x0f, 0x22, 0xd8 },             /* mov cr3, rax */
    { 0x0f, 0x22, 0xe0 },             /* mov cr4, rax */
    { 0x0f, 0x06 },                   /* clts */
    { 0x0f, 0x09 },                   /* wbinvd */
    { 0xe6, 0x80 },                   /* out 0x80, al */
    { 0xec },                         /* in al, dx */
    { 0xe4, 0x61 },                   /* in al, 0x61 */
    { 0xe5, 0x42 },                   /* in eax, 0x42 */
    { 0xef },                         /* out dx, eax */
    { 0x66, 0xed },                   /* in ax, dx */
    { 0x6c },                         /* insb */
    { 0xf3, 0x6e },                   /* rep outsb */
    { 0x66, 0x6d },                   /* insw */
    { 0x0f, 0x20, 0xd8 },             /* mov rax, cr3 */
    { 0x0f, 0x20, 0xe1 },             /* mov rcx, cr4 */
    { 0x44, 0x0f, 0x20, 0xc0 },       /* mov rax, cr8 */
    { 0x0f, 0x22, 0xc0 },             /* mov cr0, rax */
    { 0x0f, 0x22, 0xd1 },             /* mov cr2, rcx */
    { 0x0f, 0x21, 0xf8 },             /* mov rax, dr7 */
    { 0x0f, 0x23, 0xc7 },             /* mov dr0, rdi */
    { 0x2e, 0x66, 0x67, 0xfb },       /* sti, with prefixes */
    { 0xcc },                         /* int3 */
    { 0x9c },                         /* pushf, which does not trap */
    { 0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2 }, /* cpuid by its prefix */
};

/* A fault or trap of the guest at an instruction of its choice. */
void fuzz_exception(void)
{
    struct cpu_regs *r = arch_guest_regs();
    unsigned int i = below(ARRAY_SIZE(trapping));
    uint64_t cr2 = any_va();

    r->rip = WORLD_DATA + below(2) * PAGE_SIZE + PICK(0, 0xffe);
    if (guest_copy_out(GVA(r->rip), trapping[i],
                       sizeof(trapping[i]))) {
        r->rip = any_va();
    }
    r->cs = PICK(0xe033, 0xe033, 0x33, 0xe023);
    r->ss = 0xe02b;
    r->rflags = RFLAGS_IF | RFLAGS_MBS;
    r->rsp = WORLD_DATA + 6 * PAGE_SIZE + PICK(0x800, 0, 8, 0x803);
    r->rdi = cr2;
    r->rax = any_entry();
    r->rcx = PICK(any_value(), 0x1b, 0x277, 0x8b, 0x1a0, 0x17, 0xc0000080,
                  0xc0000100, 0xc0000101, 0xc0000102, 0xc0010015, 0xc0011029);
    r->rdx = any_value();
    r->entry_vector =
        (uint32_t)PICK(TRAP_PF, TRAP_PF, TRAP_PF, TRAP_GP, TRAP_GP, TRAP_UD,
                       TRAP_UD, TRAP_DE, TRAP_BP, TRAP_NM, TRAP_DB, TRAP_AC);
    r->error_code = (uint32_t)PICK(7, 7, 3, 6, 4, 0x15, 0, 0x402, 0x14);
    if (r->entry_vector != TRAP_PF && !one_in(8)) {
        r->error_code = 0;
    }
    if (trace) {
        fprintf(stderr, "d%uv%u exception %u error %#x code %u cr2 %#llx\n",
                current_domain()->id, current_vcpu()->id, r->entry_vector,
                r->error_code, i, (unsigned long long)cr2);
    }
    pv_exception(current_vcpu(), r, cr2);
}

/* A store to an entry of the guest's own L1 table, by any of the instructions
 * that compilers use for it. */
void fuzz_table_store(void)
{
    static const uint8_t code[][8] = {
        { 0x48, 0x89, 0x07 },    /* mov [rdi], rax */
        { 0x48, 0x87, 0x07 },    /* xchg [rdi], rax */
        { 0x48, 0xc7, 0x07, 0 }, /* mov qword [rdi], 0 */
        { 0x89, 0x07 },
        { 0x88, 0x07 }, /* mov [rdi], eax; al */
        { 0x66, 0x89, 0x07 },
        { 0xf0, 0x48, 0x0f, 0xb1, 0x0f },    /* lock cmpxchg [rdi], rcx */
        { 0xf0, 0x48, 0x0f, 0xba, 0x37, 1 }, /* lock btr qword [rdi], 1 */
        { 0xf0, 0x48, 0x0f, 0xba, 0x2f, 6 }, /* lock bts */
        { 0xf0, 0x80, 0x27, 0xfd },          /* lock and byte [rdi], ~2 */
        { 0x48, 0x83, 0x0f, 2 },             /* or qword [rdi], 2 */
        { 0x48, 0x01, 0x07 },
        { 0x48, 0x31, 0x07 },
        { 0x48, 0x29, 0x07 },
        { 0x48, 0x0f, 0xc1, 0x07 }, /* xadd [rdi], rax */
        { 0x48, 0x0f, 0xab, 0x07 }, /* bts [rdi], rax */
        { 0x48, 0x81, 0x27, 0xfd, 0xff, 0xff, 0xff },
    };
    struct cpu_regs *r = arch_guest_regs();
    unsigned int i = below(ARRAY_SIZE(code));
    gva_t va = GVA(WORLD_TABLES + PICK(3, 3, 3, 3, 3, 2, 0) * PAGE_SIZE +
                   any_index() * 8 + PICK(0, 0, 0, 0, 1, 4));

    r->rip = WORLD_DATA + PICK(0x10, 0x10, 0x10, 0xffc);
    if (guest_copy_out(GVA(r->rip), code[i], sizeof(code[i]))) {
        return;
    }
    r->cs = GUEST_CS64;
    r->ss = GUEST_SS;
    r->rsp = WORLD_DATA + 6 * PAGE_SIZE;
    r->rflags = RFLAGS_IF | RFLAGS_MBS;
    r->rdi = va.v;
    r->rax = one_in(3) ? world_read_entry(fuzz_guest(me())->l1,
                                          (unsigned int)any_index())
                       : any_entry();
    r->rcx = any_entry();
    r->entry_vector = TRAP_PF;
    r->error_code = PFEC_PRESENT | PFEC_WRITE | PFEC_USER;
    if (trace) {
        fprintf(stderr, "d%uv%u table store %u at %#llx rax %#llx\n", me(),
                current_vcpu()->id, i, (unsigned long long)va.v,
                (unsigned long long)r->rax);
    }
    /* As the entry code does, or as if an event were traced. */
    if (!current_vcpu()->kernel_mode || (va.v & 8) != 0 ||
        !pv_store_lean(current_vcpu(), r, va.v)) {
        pv_exception(current_vcpu(), r, va.v);
    }
}

/* The processor looks for a descriptor in the LDT. */
void fuzz_ldt_fault(void)
{
    struct cpu_regs *r = arch_guest_regs();
    uint64_t offset = PICK(0, 8, 0xff8, 0x1000, 0xfff8);

    r->rsp = WORLD_DATA + 6 * PAGE_SIZE;
    r->entry_vector = TRAP_PF;
    r->error_code = 0;
    pv_exception(current_vcpu(), r,
                 LDT_BASE(this_cpu()->id) + offset);
}

/* The frame that iret takes, on the guest's kernel stack. */
void fuzz_iret(void)
{
    struct cpu_regs *r = arch_guest_regs();
    uint64_t frame[9];
    unsigned int i;

    for (i = 0; i < 9; i++) {
        frame[i] = any_value();
    }
    frame[3] = PICK(0, 1ull << 8);       /* flags */
    frame[4] = PICK(0x401000, any_va()); /* rip */
    frame[5] = PICK(0xe033, 0xe030, 0xe023, 0x33, any_value());
    r->rsp = WORLD_DATA + 6 * PAGE_SIZE + 0x400;
    if (guest_copy_out(GVA(r->rsp), frame, sizeof(frame))) {
        r->rsp = any_va();
    }
    fuzz_call(__HYPERVISOR_iret, 0, 0, 0, 0);
}

void fuzz_deliver(void)
{
    struct vcpu *v = current_vcpu();
    struct cpu_regs *r = arch_guest_regs();

    if (vcpu_event_deliverable(v)) {
        r->rsp = WORLD_DATA + 6 * PAGE_SIZE + 0x400;
        pv_deliver_events(v, r);
    }
}

void fuzz_user_syscall(void)
{
    struct vcpu *v = current_vcpu();

    if (v->kernel_mode && v->pv.user_cr3 != 0) {
        arch_enter_user_mode(v);
    }
    if (!v->kernel_mode) {
        pv_user_syscall(v, arch_guest_regs(), (enum user_call)below(3));
    }
}
