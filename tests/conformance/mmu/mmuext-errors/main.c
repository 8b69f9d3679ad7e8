/* SPDX-License-Identifier: MIT */
/*
 * Errors of mmuext_op.
 *
 * Like mmu_update: a list that may be anywhere and of any length.
 */
#include "conformance.h"

static uint64_t call(void *ops, unsigned int count, unsigned int *done,
                     domid_t domain)
{
    return (uint64_t)hypercall_mmuext_op(ops, count, done, domain);
}

/* They act on the caller, whoever owns frames. */
static const unsigned int callers_own[] = {
    MMUEXT_NEW_BASEPTR, MMUEXT_NEW_USER_BASEPTR, MMUEXT_TLB_FLUSH_LOCAL,
    MMUEXT_TLB_FLUSH_MULTI, MMUEXT_TLB_FLUSH_ALL, MMUEXT_INVLPG_LOCAL,
    MMUEXT_INVLPG_MULTI, MMUEXT_INVLPG_ALL, MMUEXT_FLUSH_CACHE,
    MMUEXT_FLUSH_CACHE_GLOBAL, MMUEXT_SET_LDT,
};

static const unsigned int never[] = { MMUEXT_MARK_SUPER, MMUEXT_UNMARK_SUPER };

CONFORMANCE_CASE("mmuext_op: errors", 0)
{
    struct mmuext_op ops[3] = {
        { .cmd = MMUEXT_TLB_FLUSH_LOCAL }, { .cmd = 99 },
        { .cmd = MMUEXT_TLB_FLUSH_LOCAL },
    };
    unsigned int done = 77;

    expect_eq("empty", 0, call(NULL, 0, &done, DOMID_SELF));
    expect_eq("empty-done", 0, done);
    expect_eq("unknown", -XEN_ENOSYS, call(&ops[1], 1, NULL, DOMID_SELF));
    expect_eq("second-unknown", -XEN_ENOSYS, call(ops, 3, &done, DOMID_SELF));
    expect_eq("one-done", 1, done);
    expect_eq("unmapped", -XEN_EFAULT,
              call(hostile(UNMAPPED_VA), 1, NULL, DOMID_SELF));
    expect_eq("hypervisor", -XEN_EFAULT,
              call(hostile(HYPERVISOR_VA), 1, NULL, DOMID_SELF));
    expect_eq("m2p", -XEN_EFAULT, call(hostile(HOLE_VA), 1, NULL,
                                       DOMID_SELF));
    expect_eq("huge-count", -XEN_EFAULT,
              call(hostile(UNMAPPED_VA), 0x7fffffff, NULL, DOMID_SELF));
    expect_eq("nobody", -XEN_ESRCH, call(ops, 1, NULL, 0x7000));
    if (start_info->flags & SIF_INITDOMAIN) { /* a domU has another one */
        expect_eq("itself-by-number", -XEN_ESRCH, call(ops, 1, NULL, 0));
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(callers_own); i++) {
        ops[0].cmd = callers_own[i];
        expect_eq("of-nobody-s-frames", -XEN_EPERM,
                  call(ops, 1, NULL, DOMID_IO));
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(never); i++) {
        expect_eq("large-pages", -XEN_EOPNOTSUPP, (uint64_t)
                  mmuext_mfn(never[i], mm_kernel.root_mfn));
    }
}
