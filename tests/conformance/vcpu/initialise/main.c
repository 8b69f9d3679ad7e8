/* SPDX-License-Identifier: MIT */
/*
 * VCPUOP_initialise: what a context may not contain.
 *
 * A context is the whole beginning of a vCPU, written by somebody else, and
 * each field is an argument that may lie: an address that no CPU can load, a
 * table that is none, a descriptor frame which is still writable.  A refused
 * context leaves nothing behind, so the right one is taken afterwards; and
 * then no second one ever is.
 */
#include "conformance.h"

static struct vcpu_guest_context context;

static uint64_t initialise(void)
{
    return (uint64_t)hypercall_vcpu_op(VCPUOP_initialise, 1, &context);
}

/* One field at a time is made bad, and put back. */
static void refused(const char *what, unsigned long *field,
                    unsigned long value)
{
    unsigned long good = *field;

    *field = value;
    expect_eq(what, -XEN_EINVAL, initialise());
    *field = good;
}

static void bad_addresses(void)
{
    refused("rip", (unsigned long *)&context.user_regs.rip, NON_CANONICAL_VA);
    refused("rsp", (unsigned long *)&context.user_regs.rsp, NON_CANONICAL_VA);
    refused("kernel_sp", &context.kernel_sp, NON_CANONICAL_VA);
    refused("event", &context.event_callback_eip, NON_CANONICAL_VA);
    refused("failsafe", &context.failsafe_callback_eip, NON_CANONICAL_VA);
    refused("syscall", &context.syscall_callback_eip, NON_CANONICAL_VA);
    refused("trap", &context.trap_ctxt[255].address, NON_CANONICAL_VA);
    refused("fs_base", (unsigned long *)&context.fs_base, NON_CANONICAL_VA);
    refused("gs_base_kernel", (unsigned long *)&context.gs_base_kernel,
            NON_CANONICAL_VA);
    refused("gs_base_user", (unsigned long *)&context.gs_base_user,
            NON_CANONICAL_VA);
    refused("ldt_base-hypervisor", &context.ldt_base, HYPERVISOR_VA);
    refused("ldt_base-unaligned", &context.ldt_base, 8);
    refused("ldt_ents", &context.ldt_ents, 8193);
}

static void bad_frames(void)
{
    void *data = page_alloc();
    struct walk walk;

    mm_walk(&mm_kernel, (unsigned long)data, &walk);
    refused("no-table", &context.ctrlreg[3], 0);
    refused("table-absent", &context.ctrlreg[3], FRAME_ABSENT << 12);
    refused("table-foreign", &context.ctrlreg[3], frame_foreign() << 12);
    refused("table-is-writable", &context.ctrlreg[3], virt_to_maddr(data));
    refused("table-is-an-l3", &context.ctrlreg[3],
            pte_mfn(walk.entry[PT_LEVELS]) << 12);
    refused("user-table-is-writable", &context.ctrlreg[1],
            virt_to_maddr(data));
    refused("user-mode-without-table", &context.flags, 0);
    refused("gdt_ents", &context.gdt_ents, 14 * 512 + 1025);
    context.gdt_ents = 16;
    refused("gdt-absent", &context.gdt_frames[0], FRAME_ABSENT);
    refused("gdt-foreign", &context.gdt_frames[0], frame_foreign());
    refused("gdt-is-writable", &context.gdt_frames[0], virt_to_mfn(data));
    context.gdt_ents = 0;
    page_free(data);
}

CONFORMANCE_CASE("VCPUOP_initialise: errors, then success, then never again",
                 0)
{
    if (!smp_exists(1)) {
        case_skip("the domain has one vCPU");
        return;
    }
    if (smp_is_initialised(1)) {
        case_skip("vCPU 1 is initialised already");
        return;
    }
    expect_eq("down", 0, (uint64_t)smp_vcpu_op(VCPUOP_is_up, 1));
    expect_eq("up-too-early", -XEN_EINVAL,
              (uint64_t)smp_vcpu_op(VCPUOP_up, 1));
    expect_eq("down-is-harmless", 0,
              (uint64_t)smp_vcpu_op(VCPUOP_down, 1));
    expect_eq("unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_initialise, 1, hostile(UNMAPPED_VA)));
    expect_eq("no-such-vcpu", -XEN_ENOENT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_initialise, 4000, &context));

    smp_context(1, &context);
    bad_addresses();
    bad_frames();
    expect_eq("still-too-early", -XEN_EINVAL,
              (uint64_t)smp_vcpu_op(VCPUOP_up, 1));
    expect_eq("good", 0, initialise());
    smp_set_initialised(1);
    expect_eq("still-down", 0, (uint64_t)smp_vcpu_op(VCPUOP_is_up, 1));
    expect_eq("again", -XEN_EEXIST, initialise());
    context.user_regs.rip = NON_CANONICAL_VA;
    expect_eq("again-and-bad", -XEN_EEXIST, initialise());
    expect_eq("again-and-unmapped", -XEN_EFAULT, (uint64_t)
              hypercall_vcpu_op(VCPUOP_initialise, 1, hostile(UNMAPPED_VA)));
    smp_context(0, &context);
    expect_eq("itself", -XEN_EEXIST, (uint64_t)
              hypercall_vcpu_op(VCPUOP_initialise, 0, &context));
}
