/* SPDX-License-Identifier: MIT */
/*
 * What is in the hole is not for ring 3.
 *
 * Slots 256 to 271 of every root are the hypervisor's, and hang below the
 * guest's own tables: only the U bit keeps a kernel in ring 3 out. The M2P
 * is there too and has it, in the same slot as much that must not. So the case
 * knocks at all of the hole behind the place that the ABI sets aside for the
 * M2P: at each GiB of the first slot, more rarely behind it, at places where
 * hypervisors have their image or memory. Each read and write must fault.
 */
#include "conformance.h"

#define GIB        (1ull << 30)
#define HOLE       0xffff800000000000ull
#define HOLE_END   0xffff880000000000ull
#define M2P_PLACE  (256 * GIB)
#define FIRST_SLOT (512 * GIB)
#define FAR_STEP   (16 * GIB)

/* Whether neither a read nor a write gets through. */
static bool is_shut(uint64_t va)
{
    uint64_t value;
    struct fault read = probe_read((const void *)(uintptr_t)va, &value);

    return read.vector == 14 &&
           probe_write((void *)(uintptr_t)va, 0).vector == 14;
}

CONFORMANCE_CASE("A guest reaches nothing of the hole but the M2P", 0)
{
    static const uint64_t places[] = {
        0, 0x1000, 0x200000, 0x237000, 0x28f000, 0x400000, 0x1000000,
        0x13000000, 0x20000000, GIB - 0x1000,
    };
    const volatile uint64_t *m2p = mm_m2p();
    void *page = page_alloc();
    uint64_t mine = virt_to_mfn(page), value;
    unsigned long open = 0;
    struct fault fault;

    for (uint64_t at = M2P_PLACE; at < HOLE_END - HOLE;
         at += at < FIRST_SLOT ? GIB : FAR_STEP) {
        for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            open += !is_shut(HOLE + at + places[i]);
        }
    }
    expect_eq("places-open", 0, open);

    fault = probe_read((const void *)(uintptr_t)&m2p[mine], &value);
    expect_no_fault("m2p-read", &fault);
    fault = probe_write((void *)(uintptr_t)&m2p[mine], value ^ 1);
    expect_fault("m2p-write", &fault, 14, 3);
    expect_eq("m2p-value", value, m2p[mine]);
    page_free(page);
}
