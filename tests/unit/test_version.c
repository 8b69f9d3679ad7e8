/* SPDX-License-Identifier: MIT */
/* Claims about core/version.c and pv/cpuid.c: what a guest is told. */
#include <string.h>

#include <hv/boot_info.h>
#include <xen/features.h>
#include <xen/version.h>

#include "test_main.h"
#include "world.h"

#include "../../hypervisor/pv/cpuid.h"

static struct world *w;

static void setup(void)
{
    w = world_with(2, 64);
}

static void teardown(void)
{
    world_free(w);
}

static int64_t call(uint64_t command, gva_t arg)
{
    return world_call(__HYPERVISOR_xen_version, command, arg.v, 0, 0, 0);
}

/* Calls with a buffer full of ones; the result must be 0. */
static const void *ask(uint64_t command, size_t size)
{
    uint8_t ones[2048];
    gva_t va;

    memset(ones, 0xff, sizeof(ones));
    va = world_arg(w, ones, sizeof(ones));
    ck_assert_int_eq(call(command, va), 0);
    ck_assert_uint_eq(((uint8_t *)world_arg_at(w, va))[size], 0xff);
    return world_arg_at(w, va);
}

START_TEST(the_version_is_that_of_the_interface)
{
    ck_assert_int_eq(call(XENVER_version, GVA(0)), (4 << 16) | 17);
}
END_TEST

START_TEST(texts_end_with_a_zero_byte)
{
    const struct xen_compile_info *info;

    ck_assert_str_eq(ask(XENVER_extraversion, XEN_EXTRAVERSION_LEN),
                     ".0-xenios");
    ck_assert_str_eq(ask(XENVER_capabilities, XEN_CAPABILITIES_INFO_LEN),
                     "xen-3.0-x86_64 ");
    ck_assert_str_eq(ask(XENVER_changeset, XEN_CHANGESET_INFO_LEN),
                     "unavailable");
    info = ask(XENVER_compile_info, sizeof(*info));
    ck_assert_uint_lt(strlen(info->compiler), sizeof(info->compiler));
    ck_assert_str_eq(info->compile_date, "");
}
END_TEST

START_TEST(the_hole_begins_where_it_does)
{
    const struct xen_platform_parameters *p =
        ask(XENVER_platform_parameters, sizeof(*p));

    ck_assert_uint_eq(p->virt_start, HV_HOLE_START);
}
END_TEST

static uint32_t features(void)
{
    struct xen_feature_info info = { .submap_idx = 0 };
    gva_t va = world_arg(w, &info, sizeof(info));

    ck_assert_int_eq(call(XENVER_get_features, va), 0);
    return ((struct xen_feature_info *)world_arg_at(w, va))->submap;
}

START_TEST(features_are_those_of_a_pv_guest)
{
    uint32_t forbidden = 0xf; /* as if the guest were not paravirtualized */

    ck_assert_uint_eq(features() & 0xa0, 0xa0);
    ck_assert_uint_eq(features() & forbidden, 0);
    ck_assert_uint_ne(features() & (1u << XENFEAT_dom0), 0);
    world_enter(world_vcpu(w, 1));
    ck_assert_uint_eq(features(), 0x220e0);
    w->domains[1]->vm_assist |= 1u << VMASST_TYPE_pae_extended_cr3;
    ck_assert_uint_eq(features(), 0x220f0);
}
END_TEST

START_TEST(there_is_one_word_of_features)
{
    struct xen_feature_info info = { .submap_idx = 1 };
    gva_t va = world_arg(w, &info, sizeof(info));

    ck_assert_int_eq(call(XENVER_get_features, va), -XEN_EINVAL);
}
END_TEST

START_TEST(the_page_size_takes_no_argument)
{
    ck_assert_int_eq(call(XENVER_pagesize, GVA(0)), 4096);
    ck_assert_int_eq(call(XENVER_pagesize, GVA(8)), -XEN_EINVAL);
}
END_TEST

START_TEST(the_handle_is_all_zeros)
{
    static const xen_domain_handle_t zeros;

    ck_assert_mem_eq(ask(XENVER_guest_handle, sizeof(zeros)), zeros,
                     sizeof(zeros));
}
END_TEST

START_TEST(the_command_line_is_for_the_privileged)
{
    strcpy(boot_info.cmdline, "d0_mem=64 password");
    ck_assert_str_eq(ask(XENVER_commandline, sizeof(xen_commandline_t)),
                     "d0_mem=64 password");
    world_enter(world_vcpu(w, 1));
    ck_assert_str_eq(ask(XENVER_commandline, sizeof("<denied>")), "<denied>");
}
END_TEST

START_TEST(there_is_no_build_id)
{
    ck_assert_int_eq(call(XENVER_build_id, GVA(0)), -XEN_ENODATA);
    world_enter(world_vcpu(w, 1));
    ck_assert_int_eq(call(XENVER_build_id, GVA(0)), -XEN_EPERM);
}
END_TEST

START_TEST(bad_pointers_fault)
{
    static const unsigned int commands[] = {
        XENVER_extraversion, XENVER_compile_info, XENVER_capabilities,
        XENVER_changeset, XENVER_platform_parameters, XENVER_get_features,
        XENVER_guest_handle, XENVER_commandline,
    };

    for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
        ck_assert_int_eq(call(commands[i], GVA(0)), -XEN_EFAULT);
        ck_assert_int_eq(call(commands[i], GVA(HV_HOLE_START)), -XEN_EFAULT);
        ck_assert_int_eq(call(commands[i], GVA(HV_HOLE_START - 4)),
                         -XEN_EFAULT);
        ck_assert_int_eq(call(commands[i], GVA(~0ull)), -XEN_EFAULT);
    }
}
END_TEST

START_TEST(unknown_queries_are_not_implemented)
{
    ck_assert_int_eq(call(11, GVA(0)), -XEN_ENOSYS);
    ck_assert_int_eq(call(0xffffffff, GVA(0)), -XEN_ENOSYS);
}
END_TEST

/* --- CPUID ---------------------------------------------------------------- */

static const uint32_t *cpuid_of(uint32_t leaf, uint32_t subleaf)
{
    static uint32_t out[4];

    out[0] = out[1] = out[2] = out[3] = 0xdeadbeef;
    pv_cpuid(w->domains[0]->vcpus[0], leaf, subleaf, out);
    return out;
}

START_TEST(the_signature_is_xens)
{
    const uint32_t *r = cpuid_of(0x40000000, 0);
    char text[13] = { 0 };

    memcpy(text, &r[1], 4);
    memcpy(text + 4, &r[2], 4);
    memcpy(text + 8, &r[3], 4);
    ck_assert_str_eq(text, "XenVMMXenVMM");
    ck_assert_uint_eq(r[0], 0x40000005);
    ck_assert_uint_eq(cpuid_of(0x40000001, 0)[0], 0x00040011);
    ck_assert_uint_eq(cpuid_of(0x40000002, 0)[0], 1);
    ck_assert_uint_eq(cpuid_of(0x40000002, 0)[1], 0x40000000);
    ck_assert_uint_ge(cpuid_of(0x40000005, 0)[1], 12);
    ck_assert_uint_le(cpuid_of(0x40000005, 0)[1], 44);
    ck_assert_uint_eq(cpuid_of(0x40000006, 0)[0], 0);
}
END_TEST

START_TEST(what_a_kernel_in_ring_3_can_not_use_is_hidden)
{
    const uint32_t *r = cpuid_of(1, 0);

    ck_assert_uint_ne(r[2] & (1u << 31), 0);    /* under a hypervisor */
    ck_assert_uint_eq(r[2] & (1u << 26 | 1u << 27 | 1u << 5 | 1u << 21 |
                              1u << 17 | 1u << 28), 0);
    ck_assert_uint_eq(r[3] & (1u << 1 | 1u << 3 | 1u << 7 | 1u << 11 |
                              1u << 12 | 1u << 13 | 1u << 14 | 1u << 17), 0);
    ck_assert_uint_eq(r[1] >> 24, 0);
    r = cpuid_of(7, 0);
    ck_assert_uint_eq(r[0], 0);
    ck_assert_uint_eq(r[1] & (1u << 0 | 1u << 5 | 1u << 7 | 1u << 10 |
                              1u << 16 | 1u << 20), 0);
    ck_assert_uint_eq(r[2], 0);
    r = cpuid_of(0x80000001, 0);
    ck_assert_uint_eq(r[3] & (1u << 26 | 1u << 27), 0);
    ck_assert_uint_eq(r[2] & (1u << 2), 0);
}
END_TEST

START_TEST(leaves_beyond_the_policy_are_empty)
{
    static const uint32_t leaves[] = { 5, 6, 8, 0xa, 0xb, 0xd, 0x14, 0x1f,
                                       0x3fffffff, 0x40000100, 0x50000000,
                                       0x7fffffff, 0x80000007, 0x80000009,
                                       0x8000001f, 0xffffffff };

    for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
        const uint32_t *r = cpuid_of(leaves[i], 1);

        ck_assert_uint_eq(r[0] | r[1] | r[2] | r[3], 0);
    }
    ck_assert_uint_le(cpuid_of(0, 0)[0], 7);
    ck_assert_uint_le(cpuid_of(0x80000000, 0)[0], 0x80000008);
    ck_assert_uint_eq(cpuid_of(0x80000008, 0)[0] >> 8, 48);
}
END_TEST

TEST_MAIN("version", setup, teardown,
          the_version_is_that_of_the_interface,
          texts_end_with_a_zero_byte,
          the_hole_begins_where_it_does,
          features_are_those_of_a_pv_guest,
          there_is_one_word_of_features,
          the_page_size_takes_no_argument,
          the_handle_is_all_zeros,
          the_command_line_is_for_the_privileged,
          there_is_no_build_id,
          bad_pointers_fault,
          unknown_queries_are_not_implemented,
          the_signature_is_xens,
          what_a_kernel_in_ring_3_can_not_use_is_hidden,
          leaves_beyond_the_policy_are_empty)
