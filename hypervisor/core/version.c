/* SPDX-License-Identifier: MIT */
/*
 * xen_version (manual: xen_version): who is there.
 *
 * We say what Xen 4.17 says wherever a guest may act on the answer: version,
 * capabilities, features, the place of the hole. Where the answer is for
 * people only (extra version, compiler, change set) it is our own.
 *
 * Everything is readable by everybody, as on Xen, but for the hypervisor's
 * command line. There is no build id: the linker is told to make none.
 *
 * XENVER_version is the cheapest call there is; guests make it to have their
 * pending events looked at, so it stays first and short.
 */
#include <hv/arch.h>
#include <hv/boot_info.h>
#include <hv/hypercall.h>
#include <hv/util.h>
#include <xen/features.h>
#include <xen/version.h>

#define VERSION_MAJOR 4
#define VERSION_MINOR 17

static int64_t put(gva_t arg, const void *what, size_t size)
{
    return guest_copy_out(arg, what, size) ? -XEN_EFAULT : 0;
}

static int64_t get_compile_info(gva_t arg)
{
    static const struct xen_compile_info info = {
        .compiler = __VERSION__,
        .compile_by = "xenios",
        .compile_domain = "",
        .compile_date = "",    /* a build must be reproducible */
    };

    return put(arg, &info, sizeof(info));
}

static int64_t get_capabilities(gva_t arg)
{
    static const xen_capabilities_info_t text = "xen-3.0-x86_64 ";

    return put(arg, text, sizeof(text));
}

static int64_t get_platform_parameters(gva_t arg)
{
    static const struct xen_platform_parameters parameters = {
        .virt_start = HYPERVISOR_VIRT_START,
    };

    return put(arg, &parameters, sizeof(parameters));
}

static uint32_t feature_bit(unsigned int feature)
{
    return 1u << feature;
}

static uint32_t features_of(const struct domain *d)
{
    uint32_t map = feature_bit(XENFEAT_mmu_pt_update_preserve_ad) |
                   feature_bit(XENFEAT_highmem_assist) |
                   feature_bit(XENFEAT_gnttab_map_avail_bits) |
                   feature_bit(XENFEAT_memory_op_vnode_supported) |
                   feature_bit(XENFEAT_direct_mapped);

    if ((d->vm_assist & (1u << VMASST_TYPE_pae_extended_cr3)) != 0) {
        map |= feature_bit(XENFEAT_pae_pgdir_above_4gb);
    }
    if (d->is_privileged) {
        map |= feature_bit(XENFEAT_dom0);
    }
    return map;
}

static int64_t get_features(gva_t arg)
{
    struct xen_feature_info info;

    if (guest_copy_in(&info, arg, sizeof(info))) {
        return -XEN_EFAULT;
    }
    if (info.submap_idx >= XENFEAT_NR_SUBMAPS) {
        return -XEN_EINVAL;
    }
    info.submap = features_of(current_domain());
    return put(arg, &info, sizeof(info));
}

/* Of domains there are no names yet: all zeros, as Xen's first domain has. */
static int64_t get_guest_handle(gva_t arg)
{
    static const xen_domain_handle_t handle;

    return put(arg, handle, sizeof(handle));
}

static int64_t get_commandline(gva_t arg)
{
    static const char denied[] = "<denied>";

    if (!current_domain()->is_privileged) {
        return put(arg, denied, sizeof(denied));
    }
    STATIC_ASSERT(sizeof(boot_info.cmdline) == sizeof(xen_commandline_t),
                  "copied whole");
    return put(arg, boot_info.cmdline, sizeof(boot_info.cmdline));
}

static int64_t answer(uint32_t command, gva_t arg)
{
    static const xen_extraversion_t extraversion = ".0-xenios";
    static const xen_changeset_info_t changeset = "unavailable";

    switch (command) {
    case XENVER_extraversion:
        return put(arg, extraversion, sizeof(extraversion));
    case XENVER_compile_info:
        return get_compile_info(arg);
    case XENVER_capabilities:
        return get_capabilities(arg);
    case XENVER_changeset:
        return put(arg, changeset, sizeof(changeset));
    case XENVER_platform_parameters:
        return get_platform_parameters(arg);
    case XENVER_get_features:
        return get_features(arg);
    case XENVER_pagesize:
        return arg.v != 0 ? -XEN_EINVAL : (int64_t)PAGE_SIZE;
    case XENVER_guest_handle:
        return get_guest_handle(arg);
    case XENVER_commandline:
        return get_commandline(arg);
    case XENVER_build_id:
        return current_domain()->is_privileged ? -XEN_ENODATA : -XEN_EPERM;
    default:
        return -XEN_ENOSYS;
    }
}

int64_t hc_xen_version(uint64_t command, uint64_t argument, uint64_t unused2,
                       uint64_t unused3, uint64_t unused4)
{
    if ((uint32_t)command == XENVER_version) {
        return (VERSION_MAJOR << 16) | VERSION_MINOR;
    }
    return answer((uint32_t)command, GVA(argument));
}
