/* SPDX-License-Identifier: MIT */
/*
 * Trap and emulate, beside asking.
 *
 * A privileged instruction in ring 3 is #GP; the hypervisor fetches and
 * decodes it, does what it means, and steps over it.  For most of them the
 * interface has a call or a word in memory that means the same.  The pair of
 * numbers is the reason for paravirtualization:
 *
 *     CLI, STI          a store to evtchn_upcall_mask, no call
 *     CPUID by prefix   CPUID itself (where what the CPU says will do)
 *     RDMSR, WRMSR      set_segment_base
 *     MOV to CR0, CLTS  fpu_taskswitch
 *     MOV from CR2      a load from vcpu_info, no call
 *     MOV to CR3        mmuext NEW_BASEPTR
 *     MOV from DR7      get_debugreg
 */
#include "bench.h"

#include <xen/physdev.h>

#define MSR_EFER    0xc0000080u
#define MSR_FS_BASE 0xc0000100u
#define EFER_LMA    0x400u
#define CR0_PE      0x1u
#define CR4_PAE     0x20u

static void iopl_set(unsigned int level)
{
    struct physdev_set_iopl op = { .iopl = level };

    CHECK(hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, arg(&op), 0,
                    0, 0) == 0);
}

static void cpuid_prefix(void)
{
    REPEAT {
        uint32_t eax = 0x40000000, ebx, ecx = 0, edx;

        TIMED(__asm__ volatile("ud2\n\t.ascii \"xen\"\n\tcpuid"
                               : "+a"(eax), "=b"(ebx), "+c"(ecx), "=d"(edx)));
        CHECK(ebx == 0x566e6558 && eax >= 0x40000001);
    }
}

static void cpuid_native(void)
{
    REPEAT {
        uint32_t eax = 0, ebx, ecx = 0, edx;

        TIMED(__asm__ volatile("cpuid" : "+a"(eax), "=b"(ebx), "+c"(ecx),
                               "=d"(edx)));
        CHECK(eax != 0 && ebx != 0);
    }
}

static void rdmsr(void)
{
    REPEAT {
        uint32_t low, high;

        TIMED(__asm__ volatile("rdmsr"
                               : "=a"(low), "=d"(high) : "c"(MSR_EFER)));
        CHECK(low & EFER_LMA);
    }
}

static void wrmsr(void)
{
    static const uint64_t words[2] = { 0x1111, 0x2222 };
    unsigned int which = 0;

    REPEAT {
        unsigned long base;
        uint64_t seen;

        which ^= 1;
        base = (unsigned long)&words[which];
        TIMED(__asm__ volatile("wrmsr" : : "c"(MSR_FS_BASE), "a"(base),
                               "d"(base >> 32)));
        __asm__ volatile("movq %%fs:0, %0" : "=r"(seen));
        CHECK(seen == words[which]);
    }
    hypercall_set_segment_base(SEGBASE_FS, 0);
}

/* Without I/O privilege these are the guest's own #GP, so ask for it. */
static void cli(void)
{
    iopl_set(1);
    REPEAT {
        TIMED(__asm__ volatile("cli"));
    }
    upcalls_enable();
    iopl_set(0);
}

static void sti(void)
{
    iopl_set(1);
    REPEAT {
        TIMED(__asm__ volatile("sti"));
    }
    iopl_set(0);
}

static void mask_store(void)
{
    volatile struct vcpu_info *info = evtchn_vcpu_info();

    REPEAT {
        info->evtchn_upcall_mask = 0;
        TIMED(info->evtchn_upcall_mask = 1);
        CHECK(info->evtchn_upcall_mask == 1);
    }
    upcalls_enable();
}

/* The CMOS index register and the POST port: no device answers with time. */
static void in(void)
{
    iopl_set(1);
    REPEAT {
        uint32_t value = 0x1234;

        TIMED(__asm__ volatile("inb %%dx, %%al" : "+a"(value) : "d"(0x80)));
        CHECK((value & ~0xffu) == 0x1200);
    }
    iopl_set(0);
}

static void out(void)
{
    iopl_set(1);
    REPEAT {
        TIMED(__asm__ volatile("outb %%al, %%dx" : : "a"(0), "d"(0x80)));
    }
    iopl_set(0);
}

static void mov_from_cr0(void)
{
    REPEAT {
        uint64_t value;

        TIMED(__asm__ volatile("movq %%cr0, %0" : "=r"(value)));
        CHECK(value & CR0_PE);
    }
}

static void mov_from_cr2(void)
{
    uint64_t ignored;

    probe_read((volatile void *)SCRATCH_VA, &ignored);
    REPEAT {
        uint64_t value;

        TIMED(__asm__ volatile("movq %%cr2, %0" : "=r"(value)));
        CHECK(value == SCRATCH_VA);
    }
}

static void mov_from_cr4(void)
{
    REPEAT {
        uint64_t value;

        TIMED(__asm__ volatile("movq %%cr4, %0" : "=r"(value)));
        CHECK(value & CR4_PAE);
    }
}

static void mov_to_cr0(void)
{
    uint64_t cr0;

    __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
    REPEAT {
        TIMED(__asm__ volatile("movq %0, %%cr0" : : "r"(cr0)));
    }
}

static void clts(void)
{
    REPEAT {
        uint64_t cr0;

        hypercall_fpu_taskswitch(1);
        TIMED(__asm__ volatile("clts"));
        __asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
        CHECK(!(cr0 & 8));
    }
}

static void mov_to_cr3(void)
{
    uint64_t cr3;

    __asm__ volatile("movq %%cr3, %0" : "=r"(cr3));
    REPEAT {
        TIMED(__asm__ volatile("movq %0, %%cr3" : : "r"(cr3) : "memory"));
    }
}

static void mov_from_dr7(void)
{
    REPEAT {
        uint64_t value;

        TIMED(__asm__ volatile("movq %%dr7, %0" : "=r"(value)));
        CHECK(value == 0x400);
    }
}

const struct row rows_emulate[] = {
    { "emulate/cpuid", "CPUID by prefix", cpuid_prefix },
    { "emulate/cpuid-native", "CPUID itself", cpuid_native },
    { "emulate/rdmsr", "RDMSR, emulated", rdmsr },
    { "emulate/wrmsr", "WRMSR of FS base, emulated", wrmsr },
    { "emulate/cli", "CLI, emulated", cli },
    { "emulate/sti", "STI, emulated", sti },
    { "emulate/mask-store", "upcall mask, by a store", mask_store },
    { "emulate/in", "IN, emulated", in },
    { "emulate/out", "OUT, emulated", out },
    { "emulate/mov-from-cr0", "MOV from CR0, emulated", mov_from_cr0 },
    { "emulate/mov-to-cr0", "MOV to CR0, emulated", mov_to_cr0 },
    { "emulate/mov-from-cr2", "MOV from CR2, emulated", mov_from_cr2 },
    { "emulate/mov-from-cr4", "MOV from CR4, emulated", mov_from_cr4 },
    { "emulate/clts", "CLTS, emulated", clts },
    { "emulate/mov-to-cr3", "MOV to CR3, emulated", mov_to_cr3 },
    { "emulate/mov-from-dr7", "MOV from DR7, emulated", mov_from_dr7 },
    { NULL, NULL, NULL },
};
