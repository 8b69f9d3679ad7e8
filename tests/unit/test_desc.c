/* SPDX-License-Identifier: MIT */
/*
 * Descriptors: what may stand in a guest's GDT or LDT.
 *
 * The lesson: the CPU believes a descriptor table without asking anybody, so
 * the page must be out of the guest's reach while it is one, and every entry
 * must be harmless before: nothing in it may lead to a ring above the
 * guest's own.
 */
#include "../../hypervisor/pv/pte.h"

#include <xen/errno.h>

#undef PTE_NX
#include "test_main.h"
#include "world.h"

static struct world *w;
static struct domain *d;
static struct world_guest g;

static void setup(void)
{
    w = world_with(2, 96);
    d = w->domains[0];
    g = world_boot_guest(w, 0);
}

static void teardown(void)
{
    world_free(w);
}

#define REFUSED 0xbadull

static uint64_t fixed(uint64_t desc)
{
    uint64_t copy = desc;

    if (!desc_fixup(d, &copy)) {
        ck_assert_uint_eq(copy, desc); /* nothing half done */
        return REFUSED;
    }
    return copy;
}

START_TEST(descriptors_of_64_bit_guests)
{
    static const struct { uint64_t in, out; } rows[] = {
        { 0, 0 },
        { 0x00af9b000000ffff, 0x00affb000000ffff }, /* code 64, DPL 0 */
        { 0x00affb000000ffff, 0x00affb000000ffff },
        { 0x00cf9b000000ffff, 0x00cffb000000ffff }, /* code 32 */
        { 0x00cfbb000000ffff, 0x00cffb000000ffff }, /* DPL 1 */
        { 0x00cfdb000000ffff, 0x00cffb000000ffff }, /* DPL 2 */
        { 0x00cf93000000ffff, 0x00cff3000000ffff }, /* data */
        { 0x00cf13000000ffff, 0x00cf13000000ffff }, /* not present */
        { 0x000089000000ffff & ~(1ull << 47), 0x000009000000ffff },
        { 0x000089000000ffff, REFUSED },            /* TSS */
        { 0x00008b000000ffff, REFUSED },
        { 0x000082000000ffff, REFUSED },            /* LDT */
        { 0x00008e0000080000, REFUSED },            /* interrupt gate */
        { 0x00008f0000080000, REFUSED },            /* trap gate */
        { 0x0000850000080000, REFUSED },            /* task gate */
        { 0x0000840000080000, REFUSED },            /* 16-bit call gate */
        { 0x00008c0000081234, 0x00008c00000b1234 }, /* call gate, guest cs */
        { 0x0000ec0000081234, 0x00008c00000b1234 }, /* its DPL goes to RPL */
        { 0x0000ec01000b1234, REFUSED },            /* reserved bits */
        { 0x00008c00e0081234, REFUSED },            /* the hypervisor's cs */
        { 0x00008c00e0331234, 0x00008c00e0331234 }, /* ...but the guest one */
        { 0x00008c00e00c1234, 0x00008c00e00f1234 }, /* a selector in the LDT */
        { 0x0000800000001234, 0x0000e00000001234 }, /* second half of a gate */
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        ck_assert_msg(fixed(rows[i].in) == rows[i].out,
                      "%016llx gives %016llx",
                      (unsigned long long)rows[i].in,
                      (unsigned long long)fixed(rows[i].in));
    }
}
END_TEST

START_TEST(descriptors_of_32_bit_guests)
{
    static const struct { uint64_t in, out; } rows[] = {
        { 0x00cf9b000000ffff, 0x00cfbb000000ffff },     /* ring 1 */
        { 0x00cffb000000ffff, 0x00cffb000000ffff },     /* ring 3 stays */
        { 0x00af9b000000ffff, REFUSED },                /* no 64-bit code */
        { 0x00cf9b000000ffff & ~0xf00000000ffffull,     /* small: stays */
          0x00c0bb0000000000 },
        { 0x00cf9b0000006fff & ~0xfull, 0x00cfbb000000ffff }, /* widened */
        { 0x00cf9b0100006fff, 0x00cfbb0100006fff },     /* not at base 0 */
        { 0x00008c00e0191234, 0x00008c00e0191234 },
        { 0x00008c00e0331234, REFUSED },
        { 0x00008c1f00081234, 0x00008c1f00091234 },     /* parameter count */
        { 0x00008c2000081234, REFUSED },
    };
    unsigned int i;

    d->is_32bit = true;
    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        uint64_t out = fixed(rows[i].in);

        ck_assert_msg(out == rows[i].out, "%016llx gives %016llx",
                      (unsigned long long)rows[i].in,
                      (unsigned long long)out);
    }
    d->is_32bit = false;
}
END_TEST

/* Whatever the bits: a descriptor that passes gives no ring above 3. */
START_TEST(no_descriptor_leads_upwards)
{
    uint64_t x = 88172645463325252ull;
    unsigned int i;

    for (i = 0; i < 200000; i++) {
        uint64_t out;
        uint32_t high;

        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        out = fixed(x);
        high = (uint32_t)(out >> 32);
        if (out == REFUSED || (high & (1u << 15)) == 0) {
            continue;
        }
        if (high & (1u << 12)) {
            ck_assert_uint_eq((high >> 13) & 3, 3);
        } else if (((high >> 8) & 0xf) == 0xc) {
            ck_assert_uint_eq((high >> 13) & 3, 0);
        } else {
            ck_assert_uint_eq((high >> 8) & 0xf, 0);
        }
    }
}
END_TEST

/* --- GDT ----------------------------------------------------------------------- */

static int64_t set_gdt(const uint64_t *frames, unsigned int count,
                       uint64_t entries)
{
    int64_t result;

    world_args_reset(w);
    result = world_call(__HYPERVISOR_set_gdt,
                        world_arg(w, frames, count * sizeof(*frames)).v,
                        entries, 0, 0, 0);
    world_audit(w);
    return result;
}

START_TEST(gdt_frames_are_held_and_let_go)
{
    struct vcpu *v = current_vcpu();
    uint64_t frames[14];
    mfn_t a = world_frame(w, 0), b = world_frame(w, 0);

    world_write_entry(a, 3, 0x00af9b000000ffff);
    frames[0] = a.v;
    frames[1] = b.v;
    host_effects_clear();
    ck_assert_int_eq(set_gdt(frames, 2, 513), 0);
    ck_assert_uint_eq(host_effect_count(EFFECT_GDT), 1);
    ck_assert_uint_eq(world_read_entry(a, 3), 0x00affb000000ffff);
    ck_assert_uint_eq(fw_type(mfn_to_frame(a)->word), PT_SEGDESC);
    ck_assert_uint_eq(v->pv.gdt_entries, 513);
    ck_assert_int_eq(frame_get_and_type(d, a, PT_WRITABLE), -XEN_EINVAL);
    ck_assert_int_eq(set_gdt(frames, 2, 512), 0);
    ck_assert_uint_eq(frame_uses(a), 1);
    ck_assert_uint_eq(frame_uses(b), 0);
    frames[1] = a.v;
    ck_assert_int_eq(set_gdt(frames, 2, 1024), 0);
    ck_assert_uint_eq(frame_uses(a), 2);
    ck_assert_int_eq(world_call(__HYPERVISOR_set_gdt, 0, 0, 0, 0, 0), 0);
    ck_assert_uint_eq(frame_uses(a), 0);
    ck_assert_uint_eq(v->pv.gdt_entries, 0);
}
END_TEST

START_TEST(gdt_errors_change_nothing)
{
    struct vcpu *v = current_vcpu();
    uint64_t good = world_frame(w, 0).v;
    uint64_t bad[] = { g.data[0].v, g.l1.v, world_frame(w, 1).v, 0,
                       frame_count, ~0ull, d->shared_info_mfn.v };
    uint64_t frames[14] = { good };
    mfn_t tss = world_frame(w, 0);
    unsigned int i;

    ck_assert_int_eq(set_gdt(frames, 1, 16), 0);
    for (i = 0; i < ARRAY_SIZE(bad); i++) {
        frames[1] = bad[i];
        ck_assert_int_eq(set_gdt(frames, 2, 1024), -XEN_EINVAL);
        ck_assert_uint_eq(v->pv.gdt_entries, 16);
        ck_assert_uint_eq(frame_uses(MFN(good)), 1);
    }
    world_write_entry(tss, 511, 0x000089000000ffff);
    frames[1] = tss.v;
    ck_assert_int_eq(set_gdt(frames, 2, 1024), -XEN_EINVAL);
    ck_assert_uint_eq(frame_uses(tss), 0);
    ck_assert_int_eq(set_gdt(frames, 14, 7169), -XEN_EINVAL);
    ck_assert_int_eq(world_call(__HYPERVISOR_set_gdt, HV_HOLE_START, 1, 0, 0,
                                0), -XEN_EFAULT);
    ck_assert_int_eq(world_call(__HYPERVISOR_set_gdt, 0x10, 1, 0, 0, 0),
                     -XEN_EFAULT);
}
END_TEST

/* D2 */
START_TEST(the_window_is_flushed_before_a_gdt_page_becomes_memory)
{
    uint64_t frames[1] = { world_frame(w, 0).v };
    int loaded;

    ck_assert_int_eq(set_gdt(frames, 1, 16), 0);
    host_effects_clear();
    ck_assert_int_eq(world_call(__HYPERVISOR_set_gdt, 0, 0, 0, 0, 0), 0);
    loaded = host_effect_find(EFFECT_GDT, 0);
    ck_assert_int_ge(loaded, 0);
    ck_assert_int_gt(host_effect_find(EFFECT_TLB_FLUSH, loaded), loaded);
}
END_TEST

/* --- update_descriptor --------------------------------------------------------- */

static int64_t update(mfn_t mfn, unsigned int offset, uint64_t desc)
{
    int64_t result = world_call(__HYPERVISOR_update_descriptor,
                                (mfn.v << PAGE_SHIFT) + offset, desc, 0, 0, 0);

    world_audit(w);
    return result;
}

START_TEST(single_descriptors_are_checked_and_stored)
{
    mfn_t page = world_frame(w, 0);
    uint64_t frames[1] = { page.v };

    ck_assert_int_eq(update(page, 8, 0x00af9b000000ffff), 0); /* memory yet */
    ck_assert_uint_eq(world_read_entry(page, 1), 0x00affb000000ffff);
    ck_assert_int_eq(set_gdt(frames, 1, 16), 0);
    ck_assert_int_eq(update(page, 16, 0x00cf93000000ffff), 0);
    ck_assert_uint_eq(world_read_entry(page, 2), 0x00cff3000000ffff);
    ck_assert_int_eq(update(page, 16, 0x000089000000ffff), -XEN_EINVAL);
    ck_assert_uint_eq(world_read_entry(page, 2), 0x00cff3000000ffff);
    ck_assert_int_eq(update(page, 4, 0), -XEN_EINVAL);
    ck_assert_int_eq(update(g.l1, 8, 0), -XEN_EINVAL);
    ck_assert_int_eq(update(world_frame(w, 1), 8, 0), -XEN_EINVAL);
    ck_assert_int_eq(update(MFN(0), 8, 0), -XEN_EINVAL);
    ck_assert_int_eq(update(MFN(frame_count), 8, 0), -XEN_EINVAL);
    ck_assert_int_eq(update(MFN(~0ull >> 12), 8, 0), -XEN_EINVAL);
}
END_TEST

/* --- LDT ----------------------------------------------------------------------- */

static void set_ldt(uint64_t base, unsigned int entries)
{
    struct mmuext_op op;

    memset(&op, 0, sizeof(op));
    op.cmd = MMUEXT_SET_LDT;
    op.arg1.linear_addr = base;
    op.arg2.nr_ents = entries;
    world_args_reset(w);
    ck_assert_int_eq(world_call(__HYPERVISOR_mmuext_op,
                                world_arg(w, &op, sizeof(op)).v, 1, 0,
                                DOMID_SELF, 0), 0);
}

static int64_t remap(unsigned int page, uint64_t flags)
{
    int64_t result = world_call(__HYPERVISOR_update_va_mapping,
                                WORLD_DATA + page * PAGE_SIZE,
                                pte_make(g.data[page], flags), 0, 0, 0);

    world_audit(w);
    return result;
}

START_TEST(ldt_pages_come_when_they_are_needed)
{
    struct vcpu *v = current_vcpu();

    set_ldt(WORLD_DATA, 1024);
    ck_assert(!pv_map_ldt_page(v, 0)); /* mapped writable */
    ck_assert_int_eq(remap(0, PTE_P | PTE_U), 0);
    ck_assert_int_eq(remap(1, PTE_P | PTE_U), 0);
    ck_assert(pv_map_ldt_page(v, 8));
    ck_assert_uint_eq(frame_uses(g.data[0]), 1);
    ck_assert(!pv_map_ldt_page(v, 16)); /* it is there: another reason */
    ck_assert(pv_map_ldt_page(v, 0x1ff8));
    ck_assert(!pv_map_ldt_page(v, 0x2000));
    ck_assert(!pv_map_ldt_page(v, ~0ull));
    world_audit(w);
    ck_assert_int_eq(remap(0, PTE_P | PTE_U | PTE_RW), -XEN_EBUSY);
    set_ldt(0, 0);
    ck_assert_uint_eq(frame_uses(g.data[0]) + frame_uses(g.data[1]), 0);
    ck_assert_int_eq(remap(0, PTE_P | PTE_U | PTE_RW), 0);
}
END_TEST

START_TEST(ldt_pages_go_with_their_mapping)
{
    struct vcpu *v = current_vcpu();

    set_ldt(WORLD_DATA, 512);
    ck_assert_int_eq(remap(0, PTE_P | PTE_U), 0);
    ck_assert(pv_map_ldt_page(v, 0));
    ck_assert_int_eq(world_call(__HYPERVISOR_update_va_mapping, WORLD_DATA, 0,
                                0, 0, 0), 0);
    world_audit(w);
    ck_assert_uint_eq(frame_uses(g.data[0]), 0);
    ck_assert(!pv_map_ldt_page(v, 0));
}
END_TEST

START_TEST(ldt_pages_go_with_the_address_space)
{
    struct vcpu *v = current_vcpu();
    mfn_t l4 = world_frame(w, 0);

    world_write_entry(l4, 0, world_read_entry(g.l4, 0));
    set_ldt(WORLD_DATA, 512);
    ck_assert_int_eq(remap(0, PTE_P | PTE_U), 0);
    ck_assert(pv_map_ldt_page(v, 0));
    ck_assert_int_eq(pv_set_kernel_table(v, l4), 0);
    world_audit(w);
    ck_assert_uint_eq(frame_uses(g.data[0]), 0);
    ck_assert(pv_map_ldt_page(v, 0)); /* and come back from the new one */
}
END_TEST

START_TEST(a_bad_ldt_page_is_not_mapped)
{
    struct vcpu *v = current_vcpu();

    world_write_entry(g.data[0], 100, 0x000089000000ffff);
    set_ldt(WORLD_DATA, 512);
    ck_assert_int_eq(remap(0, PTE_P | PTE_U), 0);
    ck_assert(!pv_map_ldt_page(v, 0));
    world_audit(w);
    ck_assert_uint_eq(frame_uses(g.data[0]), 0);
    set_ldt(WORLD_TABLES, 512); /* the guest's own L4, read-only */
    ck_assert(!pv_map_ldt_page(v, 0));
    set_ldt(0x40000000, 512); /* nothing there */
    ck_assert(!pv_map_ldt_page(v, 0));
}
END_TEST

TEST_MAIN("desc", setup, teardown, descriptors_of_64_bit_guests,
          descriptors_of_32_bit_guests, no_descriptor_leads_upwards,
          gdt_frames_are_held_and_let_go, gdt_errors_change_nothing,
          the_window_is_flushed_before_a_gdt_page_becomes_memory,
          single_descriptors_are_checked_and_stored,
          ldt_pages_come_when_they_are_needed,
          ldt_pages_go_with_their_mapping,
          ldt_pages_go_with_the_address_space, a_bad_ldt_page_is_not_mapped)
