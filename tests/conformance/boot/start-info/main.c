/* SPDX-License-Identifier: MIT */
/*
 * The start_info page.
 *
 * The one structure which a guest cannot ask for: it says where everything
 * else is.  Old kernels compare magic only up to the version, so it must begin
 * with "xen-3."; the platform after it says which of the two ABIs is spoken.
 * For the initial domain the console field is not a frame and a port but the
 * (offset, size) of a description of the VGA console.
 */
#include "conformance.h"

CONFORMANCE_CASE("Fields of start_info", 0)
{
    const struct start_info *si = start_info;
    unsigned long boot_stack = entry_regs.rsp - PAGE_SIZE;

    expect_eq("page-aligned", 0, (uint64_t)si & ~PAGE_MASK);
    expect_eq("magic", 0, (uint64_t)strcmp(si->magic, "xen-3.0-x86_64"));
    expect_true("nr_pages", si->nr_pages >= 1024);
    expect_eq("shared_info-aligned", 0, si->shared_info & ~PAGE_MASK);
    expect_true("shared_info-is-not-ours",
                !mfn_is_mine(si->shared_info >> PAGE_SHIFT));
    expect_eq("cmd_line-terminated", 0,
              (uint64_t)si->cmd_line[MAX_GUEST_CMDLINE - 1]);
    expect_true("nr_pt_frames", si->nr_pt_frames >= 4);
    expect_eq("pt_base-aligned", 0, si->pt_base & ~PAGE_MASK);
    expect_true("order-image-p2m", si->mfn_list >= (uint64_t)image_end);
    expect_true("order-p2m-start_info", (uint64_t)si >= si->mfn_list +
                si->nr_pages * sizeof(unsigned long));
    expect_true("order-start_info-tables", si->pt_base > (uint64_t)si);
    expect_true("order-tables-stack", boot_stack >=
                si->pt_base + si->nr_pt_frames * PAGE_SIZE);
    if (si->flags & SIF_INITDOMAIN) {
        expect_true("initial-domain-is-privileged",
                    si->flags & SIF_PRIVILEGED);
        expect_eq("store_evtchn", 0, si->store_evtchn);
        expect_true("console-offset", si->console.dom0.info_off == 0 ||
                    si->console.dom0.info_off >= sizeof(*si));
    } else {
        expect_true("console-frame", mfn_is_mine(si->console.domU.mfn));
        expect_true("store-frame", mfn_is_mine(si->store_mfn));
    }
    if (!(si->flags & SIF_MULTIBOOT_MOD) && si->mod_len == 0) {
        expect_eq("no-module", 0, si->mod_start);
    }
}
