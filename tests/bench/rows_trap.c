/* SPDX-License-Identifier: MIT */
/*
 * Traps that are the guest's own: the hypervisor takes them and bounces them
 * to the kernel, which returns by the iret hypercall.
 *
 * A user program measures itself: its samples go to a page at USER_SAMPLES,
 * and the kernel sees them when it has ended.
 */
#include "bench.h"

#define USER_SAMPLES     0x600000ul
#define USER_REPETITIONS 121            /* WARM_UP + SAMPLES, for assembler */

#define TEXT_(x) #x
#define TEXT(x)  TEXT_(x)

/* A user program that measures one instruction, rbx being 0. */
#define USER_PROGRAM(name, operation)                                        \
    __asm__(".pushsection .rodata\n"                                         \
            #name "_start:\n\t"                                              \
            "movl $" TEXT(USER_REPETITIONS) ", %ebp\n\t"                     \
            "movl $0x600000, %edi\n\t"                                       \
            "xorl %ebx, %ebx\n"                                              \
            "1:\n\t" TSC_BEGIN "\n\t"                                        \
            "movl %eax, %esi\n\t"                                            \
            operation "\n\t"                                                 \
            TSC_END "\n\t"                                                   \
            "subl %esi, %eax\n\t"                                            \
            "movl %eax, (%rdi)\n\t"                                          \
            "addq $4, %rdi\n\t"                                              \
            "decl %ebp\n\t"                                                  \
            "jnz 1b\n\t"                                                     \
            "ud2\n"                                                          \
            #name "_end:\n.popsection\n");                                   \
    extern const char name##_start[], name##_end[]

STATIC_ASSERT(USER_REPETITIONS == WARM_UP + SAMPLES);

USER_PROGRAM(user_syscall, "syscall");
USER_PROGRAM(user_int80, "int $0x80");
USER_PROGRAM(user_fault, "movq (%rbx), %rax");

/* The kernel's way in is registered; count says how often it was used. */
static void user_row(const char *start, const char *end)
{
    struct user user;
    uint32_t *ticks;

    user_create(&user, start, (size_t)(end - start));
    ticks = user_add_page(&user, USER_SAMPLES,
                          PTE_P | PTE_U | PTE_RW | PTE_A | PTE_D);
    user_run(&user);
    CHECK(user.regs.vector == VECTOR_UD);
    CHECK(fast_count == USER_REPETITIONS);
    bench_samples(ticks);
    fast_end();
    user_destroy(&user);
}

static void syscall_round_trip(void)
{
    fast_callback(CALLBACKTYPE_syscall, fast_syscall);
    user_row(user_syscall_start, user_syscall_end);
}

static void user_interrupt(void)
{
    fast_vector(VECTOR_INT80, 3, fast_return);
    user_row(user_int80_start, user_int80_end);
}

static void user_page_fault(void)
{
    fast_vector(VECTOR_PF, 0, fast_skip_fault);
    user_row(user_fault_start, user_fault_end);
}

/* rbx, because the handler steps over three bytes. */
#define LOAD_FROM(va)                                                        \
    __asm__ volatile("movq (%%rbx), %%rax" : : "b"(va) : "rax", "memory")

static void kernel_page_fault(void)
{
    uint64_t expected = 0;

    fast_vector(VECTOR_PF, 0, fast_skip_fault);
    REPEAT {
        TIMED(LOAD_FROM(SCRATCH_VA));
        CHECK(fast_count == ++expected);
    }
    fast_end();
}

static void repaired_page_fault(void)
{
    uint64_t expected = 0;
    void *page = page_alloc();

    CHECK(mm_map(&mm_kernel, SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    fast_repair_va = SCRATCH_VA;
    fast_repair_pte = pte_make(virt_to_mfn(page), PTE_DATA);
    fast_vector(VECTOR_PF, 0, fast_repair_fault);
    REPEAT {
        CHECK(hypercall_update_va_mapping(SCRATCH_VA, 0,
                                          UVMF_INVLPG | UVMF_LOCAL) == 0);
        TIMED(LOAD_FROM(SCRATCH_VA));
        CHECK(fast_count == ++expected);
    }
    fast_end();
    mm_unmap(&mm_kernel, SCRATCH_VA);
    page_free(page);
}

static void kernel_interrupt(void)
{
    fast_vector(VECTOR_INT80, 0, fast_return);
    REPEAT {
        uint64_t before = fast_count;

        TIMED(__asm__ volatile("int $0x80" : : : "memory"));
        CHECK(fast_count == before + 1);
    }
    fast_end();
}

static void breakpoint(void)
{
    fast_vector(VECTOR_BP, 0, fast_return);
    REPEAT {
        uint64_t before = fast_count;

        TIMED(__asm__ volatile("int3" : : : "memory"));
        CHECK(fast_count == before + 1);
    }
    fast_end();
}

const struct row rows_trap[] = {
    { "trap/page-fault", "page fault to the guest and back, kernel",
      kernel_page_fault },
    { "trap/page-fault-user", "page fault to the guest and back, user",
      user_page_fault },
    { "trap/page-fault-repair", "page fault, repaired, retried",
      repaired_page_fault },
    { "trap/syscall", "user system call and back", syscall_round_trip },
    { "trap/int80-user", "user INT 80h and back", user_interrupt },
    { "trap/int80", "INT 80h of the kernel and back", kernel_interrupt },
    { "trap/int3", "INT3 of the kernel and back", breakpoint },
    { NULL, NULL, NULL },
};
