/* SPDX-License-Identifier: MIT */
/*
 * The failsafe callback.
 *
 * Data selectors of a vCPU are loaded when it gets a CPU, and by then their
 * descriptors may be gone.  They become null, as nothing else can be loaded,
 * and the kernel is told before anything else runs: by a frame that has the
 * four selectors as they should have been, above rcx and r11.  A first start
 * is such a load, too.
 */
#include "conformance.h"

#define VCPU 3u
#define FLAT_DATA 0x00cff3000000fffful
#define SELECTOR(n) ((n) << 3 | 3)

enum { RCX, R11, DS, ES, FS, GS, RIP, CS, RFLAGS, RSP, SS, WORDS };

static uint64_t frame[WORDS];
static uint64_t frame_rsp;
static uint16_t live[4];
static uint8_t mask_inside;
static volatile unsigned int entered;

void failsafe_record(const uint64_t *at);
extern const char failsafe_raw[];

__asm__(".pushsection .text\n"
        "failsafe_raw:\n\t"
        "movq %rsp, %rdi\n\t"
        "andq $-16, %rsp\n\t"
        "cld\n\t"
        "call failsafe_record\n\t"
        "ud2\n"
        ".popsection");

void failsafe_record(const uint64_t *at)
{
    frame_rsp = (uint64_t)at;
    memcpy(frame, at, sizeof(frame));
    __asm__ volatile("movw %%ds, %0\n\t movw %%es, %1\n\t"
                     "movw %%fs, %2\n\t movw %%gs, %3"
                     : "=m"(live[0]), "=m"(live[1]), "=m"(live[2]),
                       "=m"(live[3]));
    mask_inside = smp_vcpu_info(VCPU)->evtchn_upcall_mask;
    __atomic_store_n(&entered, 1, __ATOMIC_SEQ_CST);
    for (;;) {
        smp_vcpu_op(VCPUOP_down, VCPU);
    }
}

static struct vcpu_guest_context context;

static void fill(unsigned long gdt_frame)
{
    smp_context(VCPU, &context);
    context.flags |= VGCF_failsafe_disables_events;
    context.gdt_frames[0] = gdt_frame;
    context.gdt_ents = PT_ENTRIES;
    context.failsafe_callback_eip = (unsigned long)failsafe_raw;
    context.user_regs.ds = SELECTOR(1);
    context.user_regs.es = SELECTOR(2);
    context.user_regs.fs = 0xe00b;      /* the hypervisor's code */
    context.user_regs.gs = SELECTOR(1);
    context.user_regs.rflags = RFLAGS_RESERVED | RFLAGS_DF;
    context.user_regs.rcx = 0x1111;
    context.user_regs.r11 = 0x2222;
}

CONFORMANCE_CASE("Selectors that a vCPU can not be started with", 0)
{
    /* It stays this vCPU's table, so it is not of the allocator. */
    static uint64_t table[PT_ENTRIES] __attribute__((aligned(PAGE_SIZE)));

    if (!smp_exists(VCPU) || smp_is_initialised(VCPU)) {
        case_skip("there is no vCPU left that was never started");
        return;
    }
    table[1] = FLAT_DATA;
    page_make_readonly(table);
    fill(virt_to_mfn(table));
    REQUIRE(hypercall_vcpu_op(VCPUOP_initialise, VCPU, &context) == 0);
    smp_set_initialised(VCPU);
    smp_vcpu_info(VCPU)->evtchn_upcall_mask = 0;
    expect_eq("up", 0, (uint64_t)smp_vcpu_op(VCPUOP_up, VCPU));
    expect_true("entered", smp_wait_for(&entered, 1));
    expect_eq("frame-at", (context.user_regs.rsp & ~15ul) - sizeof(frame),
              frame_rsp);
    expect_eq("rcx", 0x1111, frame[RCX]);
    expect_eq("r11", 0x2222, frame[R11]);
    expect_eq("ds", SELECTOR(1), frame[DS]);
    expect_eq("es", SELECTOR(2), frame[ES]);
    expect_eq("fs", 0xe00b, frame[FS]);
    expect_eq("gs", SELECTOR(1), frame[GS]);
    expect_eq("rip", context.user_regs.rip, frame[RIP]);
    expect_eq("cs-and-mask", GUEST_CS64 & ~3u, frame[CS]);
    expect_eq("rflags", RFLAGS_RESERVED | RFLAGS_DF | RFLAGS_IF,
              frame[RFLAGS]);
    expect_eq("rsp", context.user_regs.rsp, frame[RSP]);
    expect_eq("ss", GUEST_SS, frame[SS]);
    expect_eq("good-ds-loaded", SELECTOR(1), live[0]);
    expect_eq("bad-es-null", 0, live[1]);
    expect_eq("bad-fs-null", 0, live[2]);
    expect_eq("good-gs-loaded", SELECTOR(1), live[3]);
    expect_eq("masked", 1, mask_inside);
}
