/* SPDX-License-Identifier: MIT */
/*
 * A process on a code segment of the LDT.
 *
 * LDT pages are mapped when the CPU first looks into them, and the first to
 * look may be the hypervisor's own IRET on the way to user mode.  That is no
 * bad selector: the way out is taken again.  (A hypervisor that forgets it
 * calls the failsafe callback instead.)
 */
#include "conformance.h"

#define FLAT_CODE64 0x00affb000000fffful
#define FLAT_DATA   0x00cff3000000fffful
#define LDT_SELECTOR(n) ((n) << 3 | 4 | 3)

USER_CODE(look, "movq %cs, %rax\n movq %ss, %rbx\n ud2");

CONFORMANCE_CASE("IRET to a code segment in an untouched LDT page", 0)
{
    uint64_t *page = page_alloc();
    struct user user;

    page[1] = FLAT_CODE64;
    page[2] = FLAT_DATA;
    page_make_readonly(page);
    REQUIRE(ldt_set((unsigned long)page, 8) == 0);
    user_create(&user, USER_CODE_ARGS(look));
    user.regs.cs = LDT_SELECTOR(1);
    user.regs.ss = LDT_SELECTOR(2);
    user_run(&user);
    expect_eq("ran-to-its-end", VECTOR_UD, user.regs.vector);
    expect_eq("its-cs", LDT_SELECTOR(1), user.regs.rax & 0xffff);
    expect_eq("its-ss", LDT_SELECTOR(2), user.regs.rbx & 0xffff);
    expect_eq("cs-of-the-frame", LDT_SELECTOR(1), user.regs.cs);
    user_destroy(&user);
    expect_eq("none", 0, ldt_set(0, 0));
    page_make_writable(page);
    page_free(page);
}
