/* SPDX-License-Identifier: MIT */
/*
 * CLEAR_PAGE and COPY_PAGE.
 *
 * They write a frame by its number, through the hypervisor's own mapping, so
 * they are a writable use like any other: not of a table, and not of a frame
 * that is somebody else's.
 */
#include "conformance.h"

static uint64_t copy(uint64_t to, uint64_t from)
{
    struct mmuext_op op = {
        .cmd = MMUEXT_COPY_PAGE, .arg1.mfn = to, .arg2.src_mfn = from,
    };

    return (uint64_t)hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

CONFORMANCE_CASE("CLEAR_PAGE and COPY_PAGE", 0)
{
    uint64_t *a = page_alloc(), *b = page_alloc();
    uint64_t on_a = virt_to_mfn(a), on_b = virt_to_mfn(b);

    a[0] = a[511] = 0x4242;
    expect_eq("copy", 0, copy(on_b, on_a));
    expect_eq("copied-first", 0x4242, b[0]);
    expect_eq("copied-last", 0x4242, b[511]);
    expect_eq("clear", 0, (uint64_t)mmuext_mfn(MMUEXT_CLEAR_PAGE, on_b));
    expect_eq("cleared-first", 0, b[0]);
    expect_eq("cleared-last", 0, b[511]);
    expect_eq("clear-table", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_CLEAR_PAGE, mm_kernel.root_mfn));
    expect_eq("clear-foreign", -XEN_EINVAL, (uint64_t)
              mmuext_mfn(MMUEXT_CLEAR_PAGE, frame_foreign()));
    expect_eq("copy-onto-table", -XEN_EINVAL,
              copy(mm_kernel.root_mfn, on_a));
    expect_eq("copy-from-foreign", -XEN_EINVAL, copy(on_b, frame_foreign()));
    expect_eq("copy-to-foreign", -XEN_EINVAL, copy(frame_foreign(), on_a));
    expect_eq("copy-to-absent", -XEN_EINVAL, copy(FRAME_ABSENT, on_a));
    page_free(a);
    page_free(b);
}
