/* SPDX-License-Identifier: MIT */
/*
 * Errors of set_trap_table.
 *
 * The table is an array ended by a zero address.  Entries are merged into what
 * is there.  A handler the vCPU could never be sent to is refused: it would
 * fault inside the hypervisor when it builds the frame.  A null pointer is not
 * an error, it clears the table.
 */
#include "conformance.h"

static struct trap_info entry(uint8_t vector, unsigned long address)
{
    return (struct trap_info){
        .vector = vector, .flags = 4, .cs = GUEST_CS64, .address = address,
    };
}

CONFORMANCE_CASE("set_trap_table: merging and errors", 0)
{
    struct trap_info *page = page_alloc();
    struct trap_info one[2] = { entry(200, trap_stub(200)), { 0 } };
    unsigned int room = PAGE_SIZE / sizeof(*page);
    struct fault fault;

    expect_eq("one-entry", 0, (uint64_t)hypercall_set_trap_table(one));
    fault = PROBE("ud2", "r"(0));
    expect_fault("others-stay", &fault, VECTOR_UD, 0);
    expect_eq("unmapped", -XEN_EFAULT,
              (uint64_t)hypercall_set_trap_table(hostile(UNMAPPED_VA)));
    expect_eq("hypervisor", -XEN_EFAULT,
              (uint64_t)hypercall_set_trap_table(hostile(HYPERVISOR_VA)));
    expect_eq("m2p", -XEN_EFAULT,
              (uint64_t)hypercall_set_trap_table(hostile(HOLE_VA)));
    expect_eq("non-canonical", -XEN_EFAULT,
              (uint64_t)hypercall_set_trap_table(hostile(NON_CANONICAL_VA)));
    one[0] = entry(200, NON_CANONICAL_VA);
    expect_eq("handler-non-canonical", -XEN_EINVAL,
              (uint64_t)hypercall_set_trap_table(one));
    one[0] = entry(200, HYPERVISOR_VA);
    expect_eq("handler-in-the-hypervisor", 0,
              (uint64_t)hypercall_set_trap_table(one));

    /* No terminator, and nothing mapped behind the page. */
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(page), PTE_DATA) == 0);
    for (unsigned int i = 0; i < room; i++) {
        page[i] = entry(200, trap_stub(200));
    }
    expect_eq("runs-off-its-page", -XEN_EFAULT,
              (uint64_t)hypercall_set_trap_table(hostile(SCRATCH_VA)));
    expect_eq("null-clears", 0, (uint64_t)hypercall_set_trap_table(NULL));
    trap_register();
    scratch_release(SCRATCH_VA);
    page_free(page);
}
