/* SPDX-License-Identifier: MIT */
/*
 * Thousands of random operations, and one invariant.
 *
 * A handful of pages is written, hooked into each other, pinned, loaded,
 * mapped and cleared at random.  Most requests are refused, and which ones is
 * not the point: after every single one, no page which is in use as a table or
 * for descriptors may be writable through any mapping, and none may be a table
 * of two levels at once.  The case knows the uses from its own successful
 * calls and from the entries it reads.
 *
 * Where a table hangs in another without RW, it may be one level lower or, as
 * a linear table, of the same level; then it is known to be a table, but not
 * which.
 *
 * At the end all uses are given up, and every page must be data again.
 */
#include "conformance.h"

#define PAGES     16u
#define WINDOWS   6u
#define OPERATIONS 3000u
#define SOME_TABLE 0x40u                /* a table of unknown level */
#define DESCRIPTORS 0x80u

static const unsigned int slots[] = { 0, 1, 2, 100, 255, 272, 511 };

static const uint64_t rights[] = {
    0, PTE_P | PTE_A, PTE_P | PTE_U | PTE_A, PTE_P | PTE_RW | PTE_A | PTE_D,
    PTE_P | PTE_RW | PTE_U | PTE_A | PTE_D, PTE_P | PTE_RW | PTE_U | PTE_NX,
};

static struct {
    void *page[PAGES], *spare;
    uint64_t mfn[PAGES];
    unsigned int pinned[PAGES];         /* level, or 0 */
    int base, gdt;                      /* index, or -1 */
    unsigned int use[PAGES];            /* bit n: table of level n */
    bool writable[PAGES];
    bool visited[PAGES][PT_LEVELS + 1];
} w;

static uint64_t random_state;

static unsigned int below(unsigned int limit)
{
    random_state = random_state * 6364136223846793005ull + 1442695040888963407;
    return (unsigned int)((random_state >> 33) % limit);
}

static int index_of(uint64_t mfn)
{
    for (unsigned int i = 0; i < PAGES; i++) {
        if (w.mfn[i] == mfn) {
            return (int)i;
        }
    }
    return -1;
}

static void visit(unsigned int i, unsigned int level)
{
    const volatile pte_t *entries = w.page[i];

    w.use[i] |= 1u << level;
    if (w.visited[i][level]) {
        return;
    }
    w.visited[i][level] = true;
    for (unsigned int s = 0; s < ARRAY_SIZE(slots); s++) {
        pte_t entry = entries[slots[s]];
        int to = entry & PTE_P ? index_of(pte_mfn(entry)) : -1;

        if (to < 0) {
            continue;
        }
        if (level == 1) {
            w.writable[to] |= (entry & PTE_RW) != 0;
        } else if (entry & PTE_RW) {
            visit((unsigned int)to, level - 1);
        } else {
            w.use[to] |= SOME_TABLE;
        }
    }
}

static void look_through(unsigned long va)
{
    pte_t entry = kernel_entry(va);
    int to = index_of(pte_mfn(entry));

    if (to >= 0 && (entry & PTE_RW)) {
        w.writable[to] = true;
    }
}

/* How many pages break the rule. */
static unsigned int violations(void)
{
    unsigned int count = 0;

    memset(w.use, 0, sizeof(w.use));
    memset(w.writable, 0, sizeof(w.writable));
    memset(w.visited, 0, sizeof(w.visited));
    for (unsigned int i = 0; i < PAGES; i++) {
        look_through((unsigned long)w.page[i]);
        if (w.pinned[i] != 0) {
            visit(i, w.pinned[i]);
        }
    }
    for (unsigned int i = 0; i < WINDOWS; i++) {
        look_through(SCRATCH_VA + i * PAGE_SIZE);
    }
    if (w.base >= 0) {
        visit((unsigned int)w.base, PT_LEVELS);
    }
    if (w.gdt >= 0) {
        w.use[w.gdt] |= DESCRIPTORS;
    }
    for (unsigned int i = 0; i < PAGES; i++) {
        unsigned int levels = w.use[i] & ~SOME_TABLE;

        count += (levels & (levels - 1)) != 0;
        count += w.use[i] != 0 && w.writable[i];
    }
    return count;
}

static pte_t random_entry(void)
{
    uint64_t flags = rights[below(ARRAY_SIZE(rights))];
    uint64_t mfn = below(40) == 0 ? frame_foreign() : w.mfn[below(PAGES)];

    return flags == 0 ? 0 : pte_make(mfn, flags);
}

static void change_use(unsigned int i)
{
    unsigned long frame = w.mfn[i];
    unsigned int level = 1 + below(PT_LEVELS);

    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        if (mmuext_mfn(MMUEXT_PIN_L1_TABLE + level - 1, w.mfn[i]) == 0) {
            w.pinned[i] = level;
        }
        break;
    case 3:
    case 4:
        if (mmuext_mfn(MMUEXT_UNPIN_TABLE, w.mfn[i]) == 0) {
            w.pinned[i] = 0;
        }
        break;
    case 5:
        if (mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, w.mfn[i]) == 0) {
            w.base = (int)i;
        }
        break;
    case 6:
        if (hypercall_set_gdt(&frame, PT_ENTRIES) == 0) {
            w.gdt = (int)i;
        }
        break;
    default:
        mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0);
        hypercall_set_gdt(NULL, 0);
        w.base = w.gdt = -1;
        break;
    }
}

static void one_operation(void)
{
    unsigned int i = below(PAGES), slot = slots[below(ARRAY_SIZE(slots))];
    unsigned int what = below(20);

    if (what < 9) {
        mm_write_entry((w.mfn[i] << PAGE_SHIFT) + 8 * slot, random_entry());
    } else if (what < 12) {
        mm_set_direct(w.page[i], below(3) == 0 ? PTE_DATA : PTE_READONLY);
    } else if (what < 14) {
        hypercall_update_va_mapping(SCRATCH_VA + below(WINDOWS) * PAGE_SIZE,
                                    random_entry(), UVMF_INVLPG);
    } else if (what == 14) {
        mmuext_mfn(MMUEXT_CLEAR_PAGE, w.mfn[i]);
    } else if (what == 15) {
        probe_write((pte_t *)w.page[i] + slot, random_entry());
    } else {
        change_use(i);
    }
}

static unsigned int give_up_all(void)
{
    unsigned int stuck = 0;

    mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0);
    hypercall_set_gdt(NULL, 0);
    for (unsigned int i = 0; i < WINDOWS; i++) {
        hypercall_update_va_mapping(SCRATCH_VA + i * PAGE_SIZE, 0,
                                    UVMF_INVLPG);
    }
    for (unsigned int i = 0; i < PAGES; i++) {
        if (w.pinned[i] != 0) {
            stuck += mmuext_mfn(MMUEXT_UNPIN_TABLE, w.mfn[i]) != 0;
        }
    }
    for (unsigned int i = 0; i < PAGES; i++) {
        if (mm_set_direct(w.page[i], PTE_DATA) == 0) {
            page_free(w.page[i]);
        } else {
            stuck++;
        }
    }
    return stuck;
}

CONFORMANCE_CASE("Random operations never make a table writable", 0)
{
    unsigned int bad = 0;

    memset(&w, 0, sizeof(w));
    w.base = w.gdt = -1;
    random_state = 20261121;
    w.spare = page_alloc();
    for (unsigned int i = 0; i < PAGES; i++) {
        w.page[i] = page_alloc();
        w.mfn[i] = virt_to_mfn(w.page[i]);
    }
    for (unsigned int i = 0; i < WINDOWS; i++) {
        REQUIRE(scratch_map(SCRATCH_VA + i * PAGE_SIZE, virt_to_mfn(w.spare),
                            PTE_READONLY) == 0);
    }
    for (unsigned int n = 0; n < OPERATIONS && bad == 0; n++) {
        one_operation();
        bad = violations();
    }
    expect_eq("tables-writable-or-of-two-levels", 0, bad);
    expect_eq("pages-that-cannot-be-data-again", 0, give_up_all());
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(w.spare), PTE_DATA) == 0);
    scratch_release(SCRATCH_VA);
    page_free(w.spare);
}
