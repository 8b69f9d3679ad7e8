/* SPDX-License-Identifier: MIT */
/*
 * The initial mapping.
 *
 * Frame 0 is at VIRT_BASE and frame n at VIRT_BASE + n pages, without a gap,
 * up to an end that is a multiple of 4 MiB and leaves at least 512 KiB behind
 * the boot stack.  Kernels bootstrap their own memory management in that
 * slack, before they can map anything.  Everything is writable but the page
 * tables: a kernel which clears its .bss or its stack must not fault.
 */
#include "conformance.h"

static bool is_boot_table(unsigned long va)
{
    return va >= start_info->pt_base &&
        va < start_info->pt_base + start_info->nr_pt_frames * PAGE_SIZE;
}

CONFORMANCE_CASE("Frames are mapped in order from VIRT_BASE", 0)
{
    unsigned long end = mm_builder_end();
    unsigned long wrong_frame = 0, wrong_right = 0, not_mapped = 0;

    for (unsigned long pfn = 0; pfn < end; pfn++) {
        unsigned long va = (unsigned long)pfn_to_virt(pfn);
        pte_t entry = kernel_entry(va);

        if (va == (unsigned long)&shared_info) {
            continue;                   /* the library has remapped it */
        }
        not_mapped += !(entry & PTE_P);
        wrong_frame += pte_mfn(entry) != pfn_to_mfn(pfn);
        if (va >= entry_regs.rsp) {
            continue;                   /* the library uses these frames */
        }
        wrong_right += !(entry & PTE_RW) != is_boot_table(va);
    }
    expect_eq("not-mapped", 0, not_mapped);
    expect_eq("wrong-frame", 0, wrong_frame);
    expect_eq("wrong-right", 0, wrong_right);
    expect_eq("end-aligned-4MiB", 0, end & 1023);
    expect_true("slack-512KiB", (unsigned long)pfn_to_virt(end) >=
                entry_regs.rsp + 512 * 1024);
}
