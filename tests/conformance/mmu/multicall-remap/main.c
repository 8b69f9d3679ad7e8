/* SPDX-License-Identifier: MIT */
/*
 * A multicall that changes what its later entries see.
 *
 * Entries are done one after the other, each as if it had been called alone:
 * so when one of them maps another page where the next one's argument, or the
 * list itself, lies, the next one must see that.  The hypervisor may keep
 * nothing of what it read before.
 */
#include "conformance.h"

static uint64_t l1_entry;
static struct multicall_entry calls[4];

static struct multicall_entry map(uint64_t mfn, uint64_t flags)
{
    return (struct multicall_entry){
        .op = __HYPERVISOR_update_va_mapping, .result = 77,
        .args = { SCRATCH_VA, mfn ? pte_make(mfn, flags) : 0,
                  UVMF_INVLPG | UVMF_ALL },
    };
}

/* xen_version's features: submap in, submap out. */
static struct multicall_entry features(void)
{
    return (struct multicall_entry){
        .op = __HYPERVISOR_xen_version, .result = 77,
        .args = { XENVER_get_features, SCRATCH_VA },
    };
}

static void arguments(struct xen_feature_info *a, struct xen_feature_info *b)
{
    a->submap_idx = 0;
    b->submap_idx = 99;
    a->submap = b->submap = 0x77;
    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(a), PTE_DATA) == 0);
    calls[0] = map(virt_to_mfn(b), PTE_DATA);
    calls[1] = features();
    calls[2] = map(virt_to_mfn(a), PTE_READONLY);
    calls[3] = features();
    expect_eq("swap", 0, (uint64_t)hypercall_multicall(calls, 4));
    expect_eq("swap-mapped", 0, calls[0].result);
    expect_eq("argument-is-b", -XEN_EINVAL, calls[1].result);
    expect_eq("a-untouched", 0x77, a->submap);
    expect_eq("argument-is-read-only", -XEN_EFAULT, calls[3].result);

    calls[0] = map(0, 0);
    calls[1] = features();
    calls[2] = map(virt_to_mfn(a), PTE_DATA);
    calls[3] = features();
    expect_eq("gone-and-back", 0, (uint64_t)hypercall_multicall(calls, 4));
    expect_eq("argument-is-gone", -XEN_EFAULT, calls[1].result);
    expect_eq("argument-is-back", 0, calls[3].result);
    expect_true("a-filled", a->submap != 0x77);
}

/* The list lies in the page that its first entry replaces. */
static void list_replaced(struct multicall_entry *a,
                          struct multicall_entry *b)
{
    struct multicall_entry *list = hostile(SCRATCH_VA);
    uint64_t version = (uint64_t)hypercall_xen_version(XENVER_version, NULL);

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(a), PTE_DATA) == 0);
    a[0] = b[0] = map(virt_to_mfn(b), PTE_DATA);
    a[1] = b[1] = (struct multicall_entry){
        .op = __HYPERVISOR_xen_version, .result = 77, .args = { 99 },
    };
    b[1].args[0] = XENVER_version;
    expect_eq("list-replaced", 0, (uint64_t)hypercall_multicall(list, 2));
    expect_eq("result-in-the-new-list", 0, b[0].result);
    expect_eq("not-in-the-old", 77, a[0].result);
    expect_eq("second-of-the-new-list", version, b[1].result);
    expect_eq("second-of-the-old", 77, a[1].result);
}

/* Then there is no place for the first result. */
static void list_removed(struct multicall_entry *a)
{
    struct multicall_entry *list = hostile(SCRATCH_VA);

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(a), PTE_DATA) == 0);
    a[0] = map(0, 0);
    a[1] = (struct multicall_entry){
        .op = __HYPERVISOR_xen_version, .result = 77,
        .args = { XENVER_version },
    };
    expect_eq("list-removed", -XEN_EFAULT, (uint64_t)
              hypercall_multicall(list, 2));
    expect_eq("removed", 0, kernel_entry(SCRATCH_VA));
    expect_eq("no-result", 77, a[0].result);
    expect_eq("no-second", 77, a[1].result);
}

/* A table that the first entry makes, the second uses, the third unmakes. */
static void table_made(void)
{
    uint64_t *table = page_alloc();
    struct mmuext_op pin = { .cmd = MMUEXT_PIN_L1_TABLE,
                             .arg1.mfn = virt_to_mfn(table) };
    struct mmuext_op unpin = { .cmd = MMUEXT_UNPIN_TABLE,
                               .arg1.mfn = virt_to_mfn(table) };
    struct mmu_update store = { virt_to_maddr(table),
                                pte_make(frame_foreign(), PTE_DATA) };

    page_make_readonly(table);
    for (unsigned int i = 0; i < 4; i++) {
        calls[i] = (struct multicall_entry){
            .op = i == 0 || i == 2 ? __HYPERVISOR_mmuext_op
                                   : __HYPERVISOR_mmu_update,
            .args = { i == 0   ? (uint64_t)&pin
                      : i == 2 ? (uint64_t)&unpin
                               : (uint64_t)&store,
                      1, 0, DOMID_SELF },
        };
    }
    expect_eq("made-and-unmade", 0, (uint64_t)hypercall_multicall(calls, 4));
    expect_eq("pin", 0, calls[0].result);
    expect_eq("theft-from-a-table", -XEN_EBUSY, calls[1].result);
    expect_eq("unpin", 0, calls[2].result);
    expect_eq("any-word-in-plain-memory", 0, calls[3].result);
    expect_eq("stored", store.val, *table);
    page_make_writable(table);
    page_free(table);
}

CONFORMANCE_CASE("A multicall that changes what a later entry sees", 0)
{
    void *a = page_alloc(), *b = page_alloc();
    struct walk walk;

    REQUIRE(scratch_map(SCRATCH_VA, virt_to_mfn(a), PTE_DATA) == 0);
    mm_walk(&mm_kernel, SCRATCH_VA, &walk);
    l1_entry = walk.entry_address[1];
    arguments(a, b);
    list_replaced(a, b);
    list_removed(a);
    table_made();
    expect_eq("clear", 0, (uint64_t)mm_write_entry(l1_entry, 0));
    scratch_release(SCRATCH_VA);
    page_free(a);
    page_free(b);
}
