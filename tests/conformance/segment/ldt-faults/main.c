/* SPDX-License-Identifier: MIT */
/*
 * Faults of the CPU's own reads of the LDT.
 *
 * The LDT is an address; its pages are looked up when a selector needs them.
 * One that is not mapped, or that may not be a descriptor page, is a page
 * fault of the guest at the descriptor's address, whoever made the CPU read:
 * a segment load, an IRET, or the verification instructions, which else never
 * fault.  Once the page is there, the same instruction succeeds.
 */
#include "conformance.h"

#define FLAT_DATA   0x00cff3000000fffful
#define FLAT_CODE64 0x00affb000000fffful
#define SELECTOR(n) ((n) << 3 | 7)
#define ENTRIES     1024u       /* two pages */
#define SECOND      (PT_ENTRIES + 3)

USER_CODE(undefined, "ud2");

static void expect_ldt_fault(const char *what, const struct fault *fault,
                             unsigned int entry)
{
    expect_fault(what, fault, VECTOR_PF, 0);
    expect_eq(what, SCRATCH_VA + entry * 8ul, fault->address);
}

static void loads(uint64_t *page)
{
    struct fault fault;

    fault = PROBE("movw %w0, %%es", "r"(SELECTOR(SECOND)));
    expect_ldt_fault("unmapped", &fault, SECOND);
    fault = PROBE("lar %w0, %%eax", "r"(SELECTOR(SECOND)), "a"(0));
    expect_ldt_fault("lar", &fault, SECOND);
    REQUIRE(scratch_map(SCRATCH_VA + PAGE_SIZE, virt_to_mfn(page),
                        PTE_DATA) == 0);
    fault = PROBE("movw %w0, %%es", "r"(SELECTOR(SECOND)));
    expect_ldt_fault("writable", &fault, SECOND);
    mm_unmap(&mm_kernel, SCRATCH_VA + PAGE_SIZE);
    page_make_readonly(page);
    REQUIRE(scratch_map(SCRATCH_VA + PAGE_SIZE, virt_to_mfn(page),
                        PTE_READONLY) == 0);
    fault = PROBE("movw %w0, %%es", "r"(SELECTOR(SECOND)));
    expect_no_fault("mapped", &fault);
    (void)PROBE("movw %w0, %%es", "r"(0));
    fault = PROBE("movw %w0, %%es", "r"(SELECTOR(3)));
    expect_ldt_fault("first-page-not", &fault, 3);
    fault = PROBE("movw %w0, %%es", "r"(SELECTOR(ENTRIES)));
    expect_fault("behind-the-end", &fault, VECTOR_GP, ENTRIES << 3 | 4);
}

/* cs out of a page that is not there: by IRET to user mode. */
static void returns(void)
{
    struct user user;

    user_create(&user, USER_CODE_ARGS(undefined));
    user.regs.cs = SELECTOR(3);
    user_run(&user);
    expect_eq("iret", VECTOR_PF, user.regs.vector);
    expect_eq("iret-error", 4, user.regs.error);
    expect_eq("iret-address", SCRATCH_VA + 3 * 8,
              evtchn_vcpu_info()->arch.cr2);
    expect_eq("iret-cs", SELECTOR(3), user.regs.cs);
    user.regs.cs = SELECTOR(SECOND + 1);
    user_run(&user);
    expect_eq("iret-to-the-mapped", VECTOR_UD, user.regs.vector);
    user_destroy(&user);
}

CONFORMANCE_CASE("An LDT with pages missing", 0)
{
    uint64_t *page = page_alloc();

    page[3] = FLAT_DATA;
    page[4] = FLAT_CODE64;
    expect_eq("set", 0, ldt_set(SCRATCH_VA, ENTRIES));
    loads(page);
    returns();
    expect_eq("none", 0, ldt_set(0, 0));
    scratch_release(SCRATCH_VA + PAGE_SIZE);
    page_make_writable(page);
    page_free(page);
}
