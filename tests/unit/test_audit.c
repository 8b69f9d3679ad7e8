/* SPDX-License-Identifier: MIT */
/*
 * The audit itself: it must find what is wrong.
 *
 * The lesson: a check that never fails may check nothing. Here each kind of
 * damage is done on purpose to a healthy world, one at a time; the audit must
 * see it and say what it is, and must be content again when it is repaired.
 */
#include "../../hypervisor/pv/pte.h"

#include <hv/audit.h>
#include <string.h>

#undef PTE_NX
#include "test_main.h"
#include "world.h"

static struct world *w;
static struct domain *d;
static struct world_guest g;
static char why[160];

static void setup(void)
{
    w = world_with(2, 96);
    d = w->domains[0];
    g = world_boot_guest(w, 0);
    ck_assert(audit_agrees(why, sizeof(why)));
}

static void teardown(void)
{
    world_free(w);
}

static void must_find(const char *what)
{
    ck_assert(!audit_agrees(why, sizeof(why)));
    ck_assert_msg(strstr(why, what) != NULL, "\"%s\" does not say \"%s\"",
                  why, what);
}

static uint64_t *word(mfn_t mfn)
{
    return &mfn_to_frame(mfn)->word;
}

/* The word is changed by `by`, looked at, and repaired. */
static void damage(mfn_t mfn, uint64_t by, const char *what)
{
    *word(mfn) += by;
    must_find(what);
    *word(mfn) -= by;
}

static void flip(mfn_t mfn, uint64_t bits, const char *what)
{
    *word(mfn) ^= bits;
    must_find(what);
    *word(mfn) ^= bits;
}

START_TEST(a_reference_too_many_or_too_few)
{
    mfn_t list[] = { g.l4, g.l1, g.data[0], d->shared_info_mfn,
                     frame_unmap_addr(d), world_frame(w, 1) };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(list); i++) {
        damage(list[i], FW_ONE_REF, "references");
        damage(list[i], -FW_ONE_REF, "references");
    }
}
END_TEST

START_TEST(a_use_too_many_or_too_few)
{
    mfn_t list[] = { g.l4, g.l1, g.data[0] };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(list); i++) {
        damage(list[i], -FW_ONE_TYPE, "found"); /* or its entries' frames */
        damage(list[i], FW_ONE_TYPE | FW_ONE_REF, "references");
        damage(list[i], FW_ONE_TYPE, "uses");
    }
}
END_TEST

START_TEST(a_type_that_is_not_what_it_is_used_as)
{
    flip(g.data[0], (uint64_t)(PT_WRITABLE ^ PT_SEGDESC) << FW_TYPE_SHIFT,
         "is used as writable by a page-table entry, but is descriptors");
    flip(g.data[0], FW_VALIDATED, "not validated");
    flip(g.l1, FW_VALIDATED, "not validated");
    flip(g.l4, FW_VALIDATED, "is being validated");
    flip(g.l1, FW_PINNED, "references");
    flip(g.data[0], FW_ALLOCATED, "references");
    flip(g.data[0], FW_PARTIAL, "stopped and validated");
}
END_TEST

START_TEST(entries_that_break_rules)
{
    struct { mfn_t table; unsigned int slot; uint64_t pte; const char *what; }
    rows[] = {
        { g.l1, 300, pte_make(MFN(frame_count), PTE_P | PTE_U), "no frame" },
        { g.l1, 300, pte_make(g.data[0], PTE_P | PTE_U | PTE_PCD),
          "may not set" },
        { g.l2, 300, pte_make(g.l1, PTE_P | PTE_U | PTE_PSE), "may not set" },
        { g.l2, 300, pte_make(g.l1, PTE_P), "lacks a bit" },
        { g.l1, 300, pte_make(g.data[0], PTE_P | PTE_U | PTE_G), "global" },
        { g.l2, 300, pte_make(g.l2, PTE_P | PTE_U | PTE_RW),
          "writable linear" },
        { g.l1, 300, pte_make(g.l1, PTE_P | PTE_U | PTE_RW), "is used as" },
        { g.l1, 300, pte_make(g.data[0], PTE_P | PTE_U), "references" },
        { g.l1, 300, pte_make(d->shared_info_mfn, PTE_P | PTE_U),
          "references" },
        { g.l1, 300, pte_make(world_frame(w, 1), PTE_P | PTE_U),
          "of domain 1" },
    };
    unsigned int i;

    for (i = 0; i < ARRAY_SIZE(rows); i++) {
        world_write_entry(rows[i].table, rows[i].slot, rows[i].pte);
        must_find(rows[i].what);
        world_write_entry(rows[i].table, rows[i].slot, 0);
    }
}
END_TEST

START_TEST(linear_counts)
{
    mfn_to_frame(g.l2)->linear = 1;
    must_find("linear count is 1, found 0 uses");
    mfn_to_frame(g.l2)->linear = -1;
    must_find("linear count is -1");
    mfn_to_frame(g.l2)->linear = 0;
}
END_TEST

START_TEST(holders_that_hold_nothing)
{
    struct vcpu *v = current_vcpu();
    mfn_t kernel = v->pv.kernel_table;

    v->pv.user_cr3 = 1;
    v->pv.user_table = g.l4;
    must_find("has 4 references, found 5");
    v->pv.user_cr3 = 0;
    v->pv.user_table = INVALID_MFN;
    v->pv.gdt_frames[3] = g.data[0];
    must_find("is used as descriptors by a GDT");
    v->pv.gdt_frames[3] = INVALID_MFN;
    v->pv.ldt_frames[3] = g.data[0];
    must_find("an LDT");
    v->pv.ldt_frames[3] = INVALID_MFN;
    v->info_frame = g.data[0];
    must_find("references");
    v->info_frame = INVALID_MFN;
    v->pv.kernel_table = g.l3;
    must_find("a vcpu's kernel table");
    v->pv.kernel_table = kernel;
}
END_TEST

START_TEST(totals_and_owners)
{
    struct frame *f = mfn_to_frame(g.l1);
    mfn_t lone = world_frame(w, 0);

    ck_assert_int_eq(page_type_pin(d, lone, PT_L1), 0);
    d->frames_total++;
    must_find("counts");
    d->frames_total--;
    f->owner = 5;
    must_find("leads to frame");
    f->owner = d->id;
    mfn_to_frame(lone)->owner = 5;
    must_find("which is not there");
    mfn_to_frame(lone)->owner = d->id;
}
END_TEST

TEST_MAIN("audit", setup, teardown, a_reference_too_many_or_too_few,
          a_use_too_many_or_too_few, a_type_that_is_not_what_it_is_used_as,
          entries_that_break_rules, linear_counts, holders_that_hold_nothing,
          totals_and_owners)
