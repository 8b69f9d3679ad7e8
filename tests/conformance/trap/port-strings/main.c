/* SPDX-License-Identifier: MIT */
/*
 * All forms of IN and OUT, for a kernel with I/O privilege.
 *
 * A string form is many instructions in one: an element that cannot be read
 * or written raises a page fault at just that element, the registers tell how
 * far it came, and after the fault is repaired the instruction goes on there.
 * A port without a device reads as all ones.
 */
#include "conformance.h"

#include <xen/physdev.h>

#define PORT 0x80               /* POST codes: nobody minds, nobody answers */

static uint64_t di, si, cx;

#define STRING(text)                                                         \
    __extension__ ({                                                         \
        probe_begin();                                                       \
        __asm__ volatile("1: " text "\n2:\n\tcld\n\t" EXTABLE("1b", "2b")    \
                         : "+D"(di), "+S"(si), "+c"(cx)                      \
                         : "d"(PORT) : "memory", "cc");                      \
        probe_end();                                                         \
    })

#define IN(text)                                                             \
    __extension__ ({                                                         \
        uint64_t in_value = 0x1122334455667788;                              \
        __asm__ volatile(text : "+a"(in_value) : "d"(PORT));                 \
        in_value;                                                            \
    })

static void plain_forms(void)
{
    expect_eq("inb", 0x11223344556677ff, IN("inb %%dx, %%al"));
    expect_eq("inw", 0x112233445566ffff, IN("inw %%dx, %%ax"));
    expect_eq("inl", 0xffffffff, IN("inl %%dx, %%eax"));
    expect_eq("inb-imm", 0x11223344556677ff, IN("inb $0x80, %%al"));
    expect_eq("inw-imm", 0x112233445566ffff, IN("inw $0x80, %%ax"));
    expect_eq("inl-imm", 0xffffffff, IN("inl $0x80, %%eax"));
    expect_eq("rex-inl", 0xffffffff, IN(".byte 0x48, 0xed"));
    expect_eq("rex-16-inl", 0xffffffff, IN(".byte 0x66, 0x48, 0xed"));
    expect_eq("rep-inb", 0x11223344556677ff, IN(".byte 0xf3, 0xec"));
    expect_eq("outb", 0x1122334455667788, IN("outb %%al, %%dx"));
    expect_eq("outl-imm", 0x1122334455667788, IN("outl %%eax, $0x80"));
}

static void string_forms(uint8_t *page)
{
    struct fault fault;

    memset(page, 0, 64);
    di = (uint64_t)page;
    cx = 77;
    fault = STRING("insb");
    expect_no_fault("insb", &fault);
    expect_eq("insb-one", 0x00ff, *(uint16_t *)page);
    expect_eq("insb-di", (uint64_t)page + 1, di);
    expect_eq("insb-cx", 77, cx);
    cx = 5;
    fault = STRING("rep insw");
    expect_eq("insw-di", (uint64_t)page + 11, di);
    expect_eq("insw-cx", 0, cx);
    expect_eq("insw-all", 0x00ff, *(uint16_t *)&page[10]);
    cx = 0;
    fault = STRING("rep insl");
    expect_eq("rep-0", (uint64_t)page + 11, di);
    di = (uint64_t)page + 32;
    cx = 3;
    fault = STRING("std\n\t3: rep insl\n\t" EXTABLE("3b", "2b"));
    expect_eq("down-di", (uint64_t)page + 20, di);
    expect_eq("down-untouched", 0, page[23]);
    expect_eq("down-first", 0xff, page[24]);
    si = (uint64_t)page;
    cx = 64;
    fault = STRING("rep outsb");
    expect_no_fault("outsb", &fault);
    expect_eq("outsb-si", (uint64_t)page + 64, si);
    hypercall_set_segment_base(SEGBASE_FS, (uint64_t)page - 0x10);
    si = 0x10;
    fault = STRING("outsb %%fs:(%%rsi), %%dx");
    expect_no_fault("outsb-fs", &fault);
    expect_eq("outsb-fs-si", 0x11, si);
    hypercall_set_segment_base(SEGBASE_FS, 0);
    cx = 1ul << 32 | 1;
    di = (uint64_t)page;
    fault = STRING("insw");
    expect_eq("no-rep-cx", 1ul << 32 | 1, cx);
}

/* The page is mapped at SCRATCH_VA, and nothing behind it. */
static void faults_half_way(void)
{
    uint64_t end = SCRATCH_VA + PAGE_SIZE;
    struct fault fault;

    di = end - 6;
    cx = 100;
    fault = STRING("rep insw");
    expect_fault("ins-end", &fault, VECTOR_PF, 2);
    expect_eq("ins-end-address", end, fault.address);
    expect_eq("ins-end-di", end, di);
    expect_eq("ins-end-cx", 97, cx);
    /* Behind its two prefixes, whose order is the assembler's to choose. */
    expect_eq("ins-end-rip", 0x6d,
              ((const volatile uint8_t *)fault.regs.rip)[2]);
    di = end - 5;
    cx = 4;
    fault = STRING("rep insl");
    expect_fault("ins-across", &fault, VECTOR_PF, 2);
    expect_eq("ins-across-address", end, fault.address);
    expect_eq("ins-across-di", end - 1, di);
    expect_eq("ins-across-cx", 3, cx);
    si = end - 3;
    cx = 9;
    fault = STRING("rep outsb");
    expect_fault("outs-end", &fault, VECTOR_PF, 0);
    expect_eq("outs-end-address", end, fault.address);
    expect_eq("outs-end-si", end, si);
    expect_eq("outs-end-cx", 6, cx);
    di = NON_CANONICAL_VA;
    cx = 1;
    fault = STRING("rep insb");
    expect_fault("ins-non-canonical", &fault, VECTOR_GP, 0);
    expect_eq("ins-non-canonical-cx", 1, cx);
    di = HYPERVISOR_VA;
    fault = STRING("insb");
    expect_fault("ins-hypervisor", &fault, VECTOR_GP, 0);
    si = HYPERVISOR_VA;
    fault = STRING("outsb");
    expect_fault("outs-hypervisor", &fault, VECTOR_GP, 0);
}

/* A page that is there, but not to be written. */
static void faults_at_once(void)
{
    uint64_t at = SCRATCH_VA + 0x123;
    struct fault fault;

    di = si = at;
    cx = 2;
    fault = STRING("rep insl");
    expect_fault("ins-read-only", &fault, VECTOR_PF, 2);
    expect_eq("ins-read-only-address", at, fault.address);
    expect_eq("ins-read-only-di", at, di);
    expect_eq("ins-read-only-cx", 2, cx);
    fault = STRING("rep outsl");
    expect_no_fault("outs-read-only", &fault);
    expect_eq("outs-read-only-si", at + 8, si);
}

CONFORMANCE_CASE("IN and OUT in all forms", 0)
{
    struct physdev_set_iopl level = { .iopl = 1 };
    void *page = page_alloc();

    REQUIRE(hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl,
                      (unsigned long)&level, 0, 0, 0) == 0);
    plain_forms();
    string_forms(page);
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    faults_half_way();
    scratch_release(SCRATCH_VA);
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA & ~PTE_RW) ==
            0);
    faults_at_once();
    scratch_release(SCRATCH_VA);
    level.iopl = 0;
    hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl,
              (unsigned long)&level, 0, 0, 0);
    page_free(page);
}
