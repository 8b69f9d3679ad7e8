/* SPDX-License-Identifier: MIT */
/*
 * What the hypervisor says about itself.
 *
 * xen_version(XENVER_version) is also the cheapest call there is, which
 * guests use as "look at my events now".  The features word decides what a
 * kernel does later; a guest which finds bit 5 (mmu_pt_update_preserve_ad) or
 * bit 7 (gnttab_map_avail_bits) missing may refuse to run, and must not find
 * bit 0 or 2 (writable tables, auto-translation), which would mean that the
 * rules of direct paging are off.
 */
#include "conformance.h"

#include <xen/features.h>

static long version(unsigned int command, void *argument)
{
    return hypercall_xen_version(command, argument);
}

CONFORMANCE_CASE("All queries of xen_version", 0)
{
    char text[XEN_CAPABILITIES_INFO_LEN];
    struct xen_compile_info compile;
    struct xen_platform_parameters platform;
    struct xen_feature_info features = { .submap_idx = 0 };
    long number = version(XENVER_version, NULL);

    expect_true("major-at-least-3", number >> 16 >= 3);
    expect_eq("version-ignores-argument", (uint64_t)number,
              (uint64_t)version(XENVER_version, hostile(HOLE_VA)));
    expect_eq("extraversion", 0,
              (uint64_t)version(XENVER_extraversion, text));
    expect_eq("compile_info", 0,
              (uint64_t)version(XENVER_compile_info, &compile));
    expect_eq("capabilities", 0,
              (uint64_t)version(XENVER_capabilities, text));
    expect_eq("capabilities-name-this-abi", 0,
              (uint64_t)strncmp(text, "xen-3.0-x86_64", 14));
    expect_eq("changeset", 0, (uint64_t)version(XENVER_changeset, text));
    expect_eq("platform_parameters", 0,
              (uint64_t)version(XENVER_platform_parameters, &platform));
    expect_eq("virt_start", HOLE_VA, platform.virt_start);
    expect_eq("get_features", 0,
              (uint64_t)version(XENVER_get_features, &features));
    expect_true("preserve_ad", features.submap >>
                XENFEAT_mmu_pt_update_preserve_ad & 1);
    expect_true("map_avail_bits", features.submap >>
                XENFEAT_gnttab_map_avail_bits & 1);
    expect_eq("no-paging-features", 0, features.submap &
              (1u << XENFEAT_writable_page_tables |
               1u << XENFEAT_writable_descriptor_tables |
               1u << XENFEAT_auto_translated_physmap |
               1u << XENFEAT_supervisor_mode_kernel));
    features.submap_idx = XENFEAT_NR_SUBMAPS;
    expect_eq("features-beyond-the-last", -XEN_EINVAL,
              (uint64_t)version(XENVER_get_features, &features));
    expect_eq("pagesize", PAGE_SIZE,
              (uint64_t)version(XENVER_pagesize, NULL));
    expect_eq("pagesize-with-argument", -XEN_EINVAL,
              (uint64_t)version(XENVER_pagesize, text));
    number = version(XENVER_build_id, NULL);
    expect_true("build-id-length", number > 0 || number == -XEN_ENODATA ||
                number == -XEN_EPERM);
    expect_eq("commandline-null", -XEN_EFAULT,
              (uint64_t)version(XENVER_commandline, hostile(UNMAPPED_VA)));
    expect_eq("unknown", -XEN_ENOSYS, (uint64_t)version(99, text));
    expect_eq("extraversion-unmapped", -XEN_EFAULT, (uint64_t)
              version(XENVER_extraversion, hostile(UNMAPPED_VA)));
    expect_eq("capabilities-into-the-hypervisor", -XEN_EFAULT, (uint64_t)
              version(XENVER_capabilities, hostile(HYPERVISOR_VA)));
    expect_eq("features-into-m2p", -XEN_EFAULT, (uint64_t)
              version(XENVER_get_features, hostile(HOLE_VA)));
    expect_eq("changeset-into-text", -XEN_EFAULT, (uint64_t)
              version(XENVER_changeset, hostile(start_info->pt_base)));
}
