/* SPDX-License-Identifier: MIT */
/*
 * Whole tables and address spaces.
 *
 * A process of this bench has one table of each upper level, one or two L1
 * tables, and the kernel's slots in its root, as a PV kernel gives them to
 * its processes.  Its tables are filled while they are still plain data, made
 * read-only in the direct map, and pinned: then one call validates them all.
 *
 *   T1  a tree that is not pinned has read-only tables or writable ones, and
 *       tree_protect() / tree_release() change all of them
 */
#include "bench.h"
#include "call.h"

#define PROCESS_VA    0x400000ul        /* below 1 GiB */
#define PROCESS_PAGES 16u               /* data pages of an ordinary tree */
#define FORK_PAGES    1000u
#define BATCH         32u               /* as many as Linux gathers */
#define TABLES_MAX    5u

enum table { L4, L3, L2, L1, L1_SECOND };

struct tree {
    pte_t *table[TABLES_MAX];
    unsigned int table_count;
};

static void *pool[FORK_PAGES];

static void pool_take(unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        pool[i] = page_alloc();
    }
}

static void pool_give(unsigned int count)
{
    for (unsigned int i = 0; i < count; i++) {
        page_free(pool[i]);
    }
}

static pte_t pool_entry(unsigned int index, uint64_t flags)
{
    return pte_make(virt_to_mfn(pool[index]), flags);
}

/* Plain stores: the tables are data yet. */
static inline void tree_fill(struct tree *tree, unsigned int pages,
                             uint64_t flags)
{
    pte_t *const *t = tree->table;

    t[L4][0] = pte_make(virt_to_mfn(t[L3]), PTE_TABLE);
    t[L3][0] = pte_make(virt_to_mfn(t[L2]), PTE_TABLE);
    for (unsigned int i = L1; i < tree->table_count; i++) {
        t[L2][pt_index(PROCESS_VA, 2) + i - L1] =
            pte_make(virt_to_mfn(t[i]), PTE_TABLE);
    }
    for (unsigned int i = 0; i < pages; i++) {
        t[L1 + i / PT_ENTRIES][i % PT_ENTRIES] = pool_entry(i, flags);
    }
}

static void tree_take(struct tree *tree, unsigned int l1_count)
{
    const volatile pte_t *kernel = mfn_to_virt(mm_kernel.root_mfn);

    tree->table_count = L1 + l1_count;
    for (unsigned int i = 0; i < tree->table_count; i++) {
        tree->table[i] = page_alloc();
    }
    for (unsigned int i = 1; i < PT_ENTRIES; i++) {
        if (i < PT_HOLE_FIRST || i > PT_HOLE_LAST) {
            tree->table[L4][i] = kernel[i];
        }
    }
}

static void tree_give(struct tree *tree)
{
    for (unsigned int i = 0; i < tree->table_count; i++) {
        page_free(tree->table[i]);
    }
}

static inline struct multicall_entry *set_direct(struct multicall_entry *call,
                                                 void *table, uint64_t flags)
{
    call->op = __HYPERVISOR_update_va_mapping;
    call->args[0] = (unsigned long)table;
    call->args[1] = pte_make(virt_to_mfn(table), flags);
    call->args[2] = UVMF_INVLPG | UVMF_ALL;
    return call + 1;
}

static inline struct multicall_entry *pin_call(struct multicall_entry *call,
                                               struct mmuext_op *op,
                                               unsigned int command,
                                               const void *table)
{
    op->cmd = command;
    op->arg1.mfn = virt_to_mfn(table);
    call->op = __HYPERVISOR_mmuext_op;
    call->args[0] = arg(op);
    call->args[1] = 1;
    call->args[2] = 0;
    call->args[3] = DOMID_SELF;
    return call + 1;
}

static inline bool all_well(const struct multicall_entry *calls,
                            unsigned int count)
{
    bool well = call_multi(calls, count) == 0;

    for (unsigned int i = 0; i < count; i++) {
        well = well && calls[i].result == 0;
    }
    return well;
}

/* One multicall: every table read-only, the root pinned. */
static inline bool tree_pin(struct tree *tree)
{
    struct multicall_entry calls[TABLES_MAX + 1], *end = calls;
    struct mmuext_op op;

    for (unsigned int i = 0; i < tree->table_count; i++) {
        end = set_direct(end, tree->table[i], PTE_READONLY);
    }
    end = pin_call(end, &op, MMUEXT_PIN_L4_TABLE, tree->table[L4]);
    return all_well(calls, (unsigned int)(end - calls));
}

/* One multicall: the root unpinned, every table writable again. */
static inline bool tree_unpin(struct tree *tree)
{
    struct multicall_entry calls[TABLES_MAX + 1], *end = calls;
    struct mmuext_op op;

    end = pin_call(end, &op, MMUEXT_UNPIN_TABLE, tree->table[L4]);
    for (unsigned int i = 0; i < tree->table_count; i++) {
        end = set_direct(end, tree->table[i], PTE_DATA);
    }
    return all_well(calls, (unsigned int)(end - calls));
}

/* Pinned tables can not be mapped writable: so this tells. */
static bool is_table(void *page)
{
    return mm_set_direct(page, PTE_DATA) != 0;
}

static void pin_and_unpin(void *table, unsigned int command, bool pin_timed)
{
    uint64_t mfn = virt_to_mfn(table);
    struct mmuext_op pin = { .cmd = command, .arg1.mfn = mfn };
    struct mmuext_op unpin = { .cmd = MMUEXT_UNPIN_TABLE, .arg1.mfn = mfn };

    REPEAT {
        long result;

        CHECK(mm_set_direct(table, PTE_READONLY) == 0);
        if (pin_timed) {
            TIMED(result = call_mmuext(&pin, 1));
            CHECK(result == 0 && is_table(table));
            CHECK(mmuext_mfn(MMUEXT_UNPIN_TABLE, mfn) == 0);
        } else {
            CHECK(mmuext_mfn(command, mfn) == 0);
            TIMED(result = call_mmuext(&unpin, 1));
            CHECK(result == 0);
        }
        CHECK(!is_table(table));
    }
}

static void l1_row(unsigned int entries, bool pin_timed)
{
    pte_t *table = page_alloc();

    pool_take(entries);
    for (unsigned int i = 0; i < entries; i++) {
        table[i] = pool_entry(i, PTE_DATA);
    }
    pin_and_unpin(table, MMUEXT_PIN_L1_TABLE, pin_timed);
    page_free(table);
    pool_give(entries);
}

static void pin_empty(void)
{
    l1_row(0, true);
}

static void unpin_empty(void)
{
    l1_row(0, false);
}

static void pin_full(void)
{
    l1_row(PT_ENTRIES, true);
}

static void unpin_full(void)
{
    l1_row(PT_ENTRIES, false);
}

/* The tables below the root stay read-only all the time. */
static void tree_row(bool pin_timed)
{
    struct tree tree;

    pool_take(PROCESS_PAGES);
    tree_take(&tree, 1);
    tree_fill(&tree, PROCESS_PAGES, PTE_DATA | PTE_U);
    for (unsigned int i = L3; i < tree.table_count; i++) {
        CHECK(mm_set_direct(tree.table[i], PTE_READONLY) == 0);
    }
    pin_and_unpin(tree.table[L4], MMUEXT_PIN_L4_TABLE, pin_timed);
    for (unsigned int i = L3; i < tree.table_count; i++) {
        CHECK(mm_set_direct(tree.table[i], PTE_DATA) == 0);
    }
    tree_give(&tree);
    pool_give(PROCESS_PAGES);
}

static void pin_tree(void)
{
    tree_row(true);
}

static void unpin_tree(void)
{
    tree_row(false);
}

static void create_destroy(void)
{
    struct tree tree;

    pool_take(PROCESS_PAGES);
    tree_take(&tree, 1);
    REPEAT {
        bool pinned, unpinned;

        TIMED({
            tree_fill(&tree, PROCESS_PAGES, PTE_DATA | PTE_U);
            pinned = tree_pin(&tree);
            unpinned = tree_unpin(&tree);
        });
        CHECK(pinned && unpinned);
    }
    tree_give(&tree);
    pool_give(PROCESS_PAGES);
}

/* Change all entries of the parent, so many in one call. */
static inline bool protect_all(const struct tree *parent, uint64_t flags,
                               unsigned int batch)
{
    struct mmu_update requests[BATCH];
    bool well = true;

    for (unsigned int done = 0; done < FORK_PAGES; done += batch) {
        unsigned int count = 0;

        for (; count < batch && done + count < FORK_PAGES; count++) {
            unsigned int i = done + count;

            requests[count].ptr =
                virt_to_maddr(&parent->table[L1 + i / PT_ENTRIES]
                                            [i % PT_ENTRIES]);
            requests[count].val = pool_entry(i, flags);
        }
        well = call_mmu(requests, count) == 0 && well;
    }
    return well;
}

/*
 * What fork does to page tables: the parent's entries become read-only, the
 * child gets the same ones, its tables are pinned.  No page is copied.
 */
static void fork_row(unsigned int batch)
{
    struct tree parent, child;

    pool_take(FORK_PAGES);
    tree_take(&parent, 2);
    tree_take(&child, 2);
    tree_fill(&parent, FORK_PAGES, PTE_DATA | PTE_U);
    CHECK(tree_pin(&parent));
    REPEAT {
        bool protected, pinned;

        TIMED({
            protected = protect_all(&parent, PTE_READONLY | PTE_U, batch);
            tree_fill(&child, FORK_PAGES, PTE_READONLY | PTE_U);
            pinned = tree_pin(&child);
        });
        CHECK(protected && pinned);
        CHECK(!(parent.table[L1_SECOND][0] & PTE_RW));
        CHECK(is_table(child.table[L1]));
        CHECK(tree_unpin(&child));
        CHECK(protect_all(&parent, PTE_DATA | PTE_U, BATCH));
    }
    CHECK(tree_unpin(&parent));
    tree_give(&parent);
    tree_give(&child);
    pool_give(FORK_PAGES);
}

static void fork_single(void)
{
    fork_row(1);
}

static void fork_batched(void)
{
    fork_row(BATCH);
}

/* Two processes, and the calls that make the other one current. */
static struct tree process[2];

static void processes_begin(void)
{
    pool_take(PROCESS_PAGES);
    for (unsigned int i = 0; i < 2; i++) {
        tree_take(&process[i], 1);
        tree_fill(&process[i], PROCESS_PAGES, PTE_DATA | PTE_U);
    }
    /* The first page tells the two apart. */
    process[1].table[L1][0] = pool_entry(1, PTE_DATA | PTE_U);
    *(uint64_t *)pool[0] = 0;
    *(uint64_t *)pool[1] = 1;
    CHECK(tree_pin(&process[0]) && tree_pin(&process[1]));
}

static void processes_end(void)
{
    CHECK(mmuext_mfn(MMUEXT_NEW_BASEPTR, mm_kernel.root_mfn) == 0);
    CHECK(mmuext_mfn(MMUEXT_NEW_USER_BASEPTR, 0) == 0);
    for (unsigned int i = 0; i < 2; i++) {
        CHECK(tree_unpin(&process[i]));
        tree_give(&process[i]);
    }
    pool_give(PROCESS_PAGES);
}

static uint64_t process_seen(void)
{
    return *(volatile uint64_t *)PROCESS_VA;
}

static void base_op(struct mmuext_op *op, unsigned int command,
                    unsigned int which)
{
    op->cmd = command;
    op->arg1.mfn = virt_to_mfn(process[which].table[L4]);
}

/* For each process its two roots. */
static void base_ops(struct mmuext_op ops[2][2])
{
    for (unsigned int i = 0; i < 2; i++) {
        base_op(&ops[i][0], MMUEXT_NEW_BASEPTR, i);
        base_op(&ops[i][1], MMUEXT_NEW_USER_BASEPTR, i);
    }
}

/* count 1: the kernel's root; 2: and the user's. */
static void base_row(unsigned int count)
{
    struct mmuext_op ops[2][2];
    unsigned int which = 0;

    processes_begin();
    base_ops(ops);
    REPEAT {
        long result;

        which ^= 1;
        TIMED(result = call_mmuext(ops[which], count));
        CHECK(result == 0 && process_seen() == which);
    }
    processes_end();
}

static void base_kernel(void)
{
    base_row(1);
}

static void base_pair(void)
{
    base_row(2);
}

static void base_same(void)
{
    struct mmuext_op op = {
        .cmd = MMUEXT_NEW_BASEPTR,
        .arg1.mfn = mm_kernel.root_mfn,
    };

    REPEAT {
        long result;

        TIMED(result = call_mmuext(&op, 1));
        CHECK(result == 0);
    }
}

/* As Linux does it: one multicall with the stack and both roots. */
static void context_switch(void)
{
    static char stack[2][1024] __attribute__((aligned(16)));
    struct multicall_entry calls[2] = {
        { .op = __HYPERVISOR_stack_switch, .args = { GUEST_SS } },
        { .op = __HYPERVISOR_mmuext_op },
    };
    struct mmuext_op ops[2][2];
    unsigned int which = 0;

    processes_begin();
    base_ops(ops);
    REPEAT {
        bool well;

        which ^= 1;
        calls[0].args[1] = (unsigned long)stack[which] + sizeof(stack[0]);
        calls[1].args[0] = arg(ops[which]);
        calls[1].args[1] = 2;
        calls[1].args[2] = 0;
        calls[1].args[3] = DOMID_SELF;
        TIMED(well = all_well(calls, 2));
        CHECK(well && process_seen() == which);
    }
    fast_end();
    processes_end();
}

const struct row rows_tree[] = {
    { "tree/pin-empty", "pin an empty L1", pin_empty },
    { "tree/unpin-empty", "unpin an empty L1", unpin_empty },
    { "tree/pin-full", "pin a full L1", pin_full },
    { "tree/unpin-full", "unpin a full L1", unpin_full },
    { "tree/pin-l4", "pin an L4 tree of 16 pages", pin_tree },
    { "tree/unpin-l4", "unpin an L4 tree of 16 pages", unpin_tree },
    { "tree/create", "create and destroy an address space",
      create_destroy },
    { "tree/fork", "fork-like duplication of 1000 pages", fork_single },
    { "tree/fork-batched", "duplication of 1000 pages, batched", fork_batched },
    { "tree/base-same", "base-pointer switch, kernel, the same",
      base_same },
    { "tree/base", "base-pointer switch, kernel", base_kernel },
    { "tree/base-pair", "base-pointer switch, kernel+user pair",
      base_pair },
    { "tree/switch", "guest context switch", context_switch },
    { NULL, NULL, NULL },
};
