/* SPDX-License-Identifier: MIT */
/*
 * memory_op (manual: memory_op): how much memory a domain has, and which.
 *
 * The three calls that change a domain's reservation work on a list of
 * extents, each 2^order frames. They share one loop and one rule:
 *
 *   M1  an extent is done entirely or not at all
 *   M2  the result is the number of extents done; whatever goes wrong in
 *       extent n, a bad pointer included, is told by the result n. So even a
 *       structure that can not be read gives the count done so far.
 *   M3  when the budget is spent the call is restarted with the count in the
 *       bits of cmd above MEMOP_EXTENT_SHIFT. The structure is then read
 *       again, and may have changed: each round believes only what it reads.
 *   M4  a frame that a guest gives back leaves it when its last reference
 *       goes: mapped frames stay its own until they are unmapped, so nobody
 *       else can get them meanwhile. The pin of a table is dropped for it.
 *
 * New frames come zeroed and with their M2P entry set (or invalid, for
 * increase_reservation, where the guest has not said which pfn it means).
 *
 * No lock is held across these loops; totals are under d->lock, inside
 * core/page_ref.c.
 *
 * The lists of frames under the machine-to-physical table (for a domain that
 * wants a mapping of its own) are not offered: they would promise 2 MiB of
 * adjacent memory with each entry, and our table is made of single frames.
 */
#include <hv/arch.h>
#include <hv/boot_info.h>
#include <hv/hypercall.h>
#include <hv/pv.h>
#include <hv/util.h>
#include <xen/memory.h>

#define MEMOP_EXTENT_SHIFT 6
#define MEMOP_COMMAND_MASK ((1u << MEMOP_EXTENT_SHIFT) - 1)
#define MEMOP_EXTENTS_MAX  (UINT32_MAX >> MEMOP_EXTENT_SHIFT)

/* Largest extent: 2 MiB. It is done in one go, and so bounds how long a CPU
 * is kept; Xen lets its first domain have larger ones. */
#define EXTENT_ORDER_MAX 9u

/* One row of the firmware's memory map, as it is handed to guests. */
struct e820_entry {
    uint64_t start, length;
    uint32_t type;
} __attribute__((packed));
STATIC_ASSERT(sizeof(struct e820_entry) == 20, "ACPI 15.2");

/* --- reservations --------------------------------------------------------- */

struct batch {
    struct domain *domain;
    gva_t list;                /* of xen_pfn_t; 0: none */
    unsigned int order;
    mfn_t below;               /* new frames are below this one */
    uint64_t index;            /* extent being worked on */
};

enum extent_result { EXTENT_DONE, EXTENT_FAILED, EXTENT_RESTART };

static bool list_read(const struct batch *b, uint64_t *value)
{
    return !guest_load64(GVA(b->list.v + b->index * sizeof(*value)), value);
}

static bool list_write(const struct batch *b, uint64_t value)
{
    return !guest_store64(GVA(b->list.v + b->index * sizeof(value)), value);
}

/* Gives a whole new extent back; it has never been mapped. */
static void release_extent(const struct batch *b, mfn_t mfn)
{
    for (uint64_t i = 0; i < 1ull << b->order; i++) {
        domain_release_frame(b->domain, MFN(mfn.v + i));
    }
}

static enum extent_result extent_increase(const struct batch *b)
{
    mfn_t mfn = domain_alloc_frame(b->domain, b->order, b->below);

    if (!mfn_valid_number(mfn)) {
        return EXTENT_FAILED;
    }
    if (b->list.v != 0 && !list_write(b, mfn.v)) {
        release_extent(b, mfn); /* M1 */
        return EXTENT_FAILED;
    }
    return EXTENT_DONE;
}

static enum extent_result extent_populate(const struct batch *b)
{
    uint64_t pfn;
    mfn_t mfn;

    if (!list_read(b, &pfn)) {
        return EXTENT_FAILED;
    }
    mfn = domain_alloc_frame(b->domain, b->order, b->below);
    if (!mfn_valid_number(mfn)) {
        return EXTENT_FAILED;
    }
    if (!list_write(b, mfn.v)) {
        release_extent(b, mfn);
        return EXTENT_FAILED;
    }
    for (uint64_t i = 0; i < 1ull << b->order; i++) {
        arch_m2p_set(MFN(mfn.v + i), pfn + i);
    }
    return EXTENT_DONE;
}

static enum extent_result release_one(struct domain *d, mfn_t mfn)
{
    bool released;
    int err;

    if (!frame_get(d, mfn)) {
        return EXTENT_FAILED; /* not its frame, or no frame at all */
    }
    err = page_type_release(d, mfn); /* M4 */
    if (err == -XEN_ERESTART_CALL) {
        frame_put(mfn);
        return EXTENT_RESTART;
    }
    released = domain_release_frame(d, mfn);
    frame_put(mfn);
    return released ? EXTENT_DONE : EXTENT_FAILED;
}

/*
 * An extent is checked as a whole before its first frame goes (M1), as far as
 * that can be told: another vcpu may give back the same frames meanwhile,
 * and gets the count it deserves.
 */
static bool all_releasable(const struct batch *b, uint64_t mfn)
{
    for (uint64_t i = 0; i < 1ull << b->order; i++) {
        uint64_t word;

        if (mfn + i < mfn || !frame_get(b->domain, MFN(mfn + i))) {
            return false;
        }
        word = __atomic_load_n(&mfn_to_frame(MFN(mfn + i))->word,
                               __ATOMIC_RELAXED);
        frame_put(MFN(mfn + i));
        if ((word & FW_ALLOCATED) == 0) {
            return false;
        }
    }
    return true;
}

/* Unpinning may need restarts, so all of it comes before any release. */
static enum extent_result extent_unpin(const struct batch *b, uint64_t mfn)
{
    for (uint64_t i = 0; i < 1ull << b->order; i++) {
        int err;

        if (!frame_get(b->domain, MFN(mfn + i))) {
            return EXTENT_FAILED;
        }
        err = page_type_release(b->domain, MFN(mfn + i)); /* M4 */
        frame_put(MFN(mfn + i));
        if (err == -XEN_ERESTART_CALL) {
            return EXTENT_RESTART;
        }
    }
    return EXTENT_DONE;
}

static enum extent_result extent_decrease(const struct batch *b)
{
    enum extent_result result;
    uint64_t mfn;

    if (!list_read(b, &mfn) || !all_releasable(b, mfn)) {
        return EXTENT_FAILED;
    }
    result = extent_unpin(b, mfn);
    for (uint64_t i = 0; i < 1ull << b->order && result == EXTENT_DONE; i++) {
        result = release_one(b->domain, MFN(mfn + i));
    }
    return result;
}

static enum extent_result extent_step(uint32_t command, const struct batch *b)
{
    switch (command) {
    case XENMEM_increase_reservation:
        return extent_increase(b);
    case XENMEM_decrease_reservation:
        return extent_decrease(b);
    default:
        return extent_populate(b);
    }
}

/* M3 */
static int64_t restart_at(uint32_t command, uint64_t done)
{
    uint64_t args[] = { command | (done << MEMOP_EXTENT_SHIFT) };

    return hypercall_restart(ARRAY_SIZE(args), args);
}

/* Units of budget for an extent: zeroing a frame is worth many entries. */
#define WORK_PER_FRAME 64

static int32_t extent_work(unsigned int order)
{
    return (int32_t)min_u64((uint64_t)WORK_PER_FRAME << order, WORK_BUDGET);
}

static int64_t run_batch(uint32_t command, struct batch *b, uint64_t count)
{
    while (b->index < count) {
        switch (extent_step(command, b)) {
        case EXTENT_DONE:
            b->index++;
            break;
        case EXTENT_RESTART:
            return restart_at(command, b->index);
        case EXTENT_FAILED:
            return (int64_t)b->index;
        }
        if (b->index < count && !work_spend(extent_work(b->order))) {
            return restart_at(command, b->index);
        }
    }
    return (int64_t)b->index;
}

/* Address width to frame limit; false when not even one frame fits. */
static bool frames_below(unsigned int address_bits, mfn_t *below)
{
    *below = INVALID_MFN;
    if (address_bits == 0 || address_bits >= 64) {
        return true;
    }
    *below = MFN(address_bits > PAGE_SHIFT
                     ? 1ull << (address_bits - PAGE_SHIFT) : 0);
    return address_bits > PAGE_SHIFT;
}

static bool may_act_on(const struct domain *d)
{
    return d == current_domain() || current_domain()->is_privileged;
}

/* M2: every refusal is the count of extents done before. */
static int64_t change_reservation(uint32_t command, uint64_t done, gva_t arg)
{
    struct xen_memory_reservation r;
    struct batch b;

    if (guest_copy_in(&r, arg, sizeof(r)) ||
        r.nr_extents > MEMOP_EXTENTS_MAX || done >= r.nr_extents) {
        return (int64_t)done;
    }
    b = (struct batch){
        .domain = domain_resolve(current_domain(), r.domid),
        .list = GVA((uint64_t)(uintptr_t)r.extent_start.p),
        .order = r.extent_order,
        .index = done,
    };
    if (b.domain == NULL || !may_act_on(b.domain) ||
        r.extent_order > EXTENT_ORDER_MAX ||
        !frames_below(XENMEMF_get_address_bits(r.mem_flags), &b.below)) {
        return (int64_t)done;
    }
    return run_batch(command, &b, r.nr_extents);
}

/* --- queries -------------------------------------------------------------- */

static int64_t query_domain(uint32_t command, gva_t arg)
{
    struct xen_memory_domain query;
    struct domain *d;

    if (guest_copy_in(&query, arg, sizeof(query))) {
        return -XEN_EFAULT;
    }
    d = domain_resolve(current_domain(), query.domid);
    if (d == NULL) {
        return -XEN_ESRCH;
    }
    if (!may_act_on(d)) {
        return -XEN_EPERM;
    }
    switch (command) {
    case XENMEM_current_reservation:
        return (int64_t)__atomic_load_n(&d->frames_total,
                                        __ATOMIC_RELAXED);
    case XENMEM_maximum_reservation:
        return (int64_t)d->frames_max;
    default:
        /* The guest's own word for it, which is a count. */
        return (int64_t)__atomic_load_n(&d->shared_info->arch.max_pfn,
                                        __ATOMIC_RELAXED) - 1;
    }
}

static int64_t machphys_mapping(gva_t arg)
{
    struct xen_machphys_mapping mapping;
    uint64_t start, end, entries;

    arch_m2p_range(&start, &end, &entries);
    mapping.v_start = start;
    mapping.v_end = end;
    mapping.max_mfn = entries - 1;
    return guest_copy_out(arg, &mapping, sizeof(mapping)) ? -XEN_EFAULT : 0;
}

#define M2P_EXTENT_ENTRIES ((2ull << 20) / sizeof(uint64_t))

/* The frames of the M2P by extents of 2 MiB. Where there is no memory the
 * one before is named again, as a list must not have holes. */
static int64_t machphys_mfn_list(gva_t arg)
{
    struct xen_machphys_mfn_list list;
    uint64_t count = (frame_count + M2P_EXTENT_ENTRIES - 1) /
                     M2P_EXTENT_ENTRIES;
    mfn_t last = arch_m2p_extent(0);
    uint32_t i;

    if (guest_copy_in(&list, arg, sizeof(list))) {
        return -XEN_EFAULT;
    }
    for (i = 0; i < list.max_extents && i < count; i++) {
        mfn_t mfn = arch_m2p_extent(i);

        last = mfn_valid_number(mfn) ? mfn : last;
        if (guest_store64(GVA((uint64_t)(uintptr_t)list.extent_start.p +
                              i * sizeof(uint64_t)), last.v)) {
            return -XEN_EFAULT;
        }
    }
    list.nr_extents = i;
    return guest_copy_out(arg, &list, sizeof(list)) ? -XEN_EFAULT : 0;
}

static bool put_e820(const struct xen_memory_map *map, uint64_t index,
                     const struct e820_entry *entry)
{
    gva_t to = GVA((uint64_t)(uintptr_t)map->buffer.p +
                   index * sizeof(*entry));

    return !guest_copy_out(to, entry, sizeof(*entry));
}

/* A PV domain's memory has no holes: one entry says it all. For the first
 * domain nobody has set a map; it asks for the machine's. */
static int64_t memory_map(gva_t arg)
{
    const struct e820_entry ram = {
        .length = current_domain()->frames_max << PAGE_SHIFT,
        .type = REGION_RAM,
    };
    struct xen_memory_map map;

    if (guest_copy_in(&map, arg, sizeof(map))) {
        return -XEN_EFAULT;
    }
    if (current_domain()->is_privileged) {
        return -XEN_ENOSYS;
    }
    if (map.nr_entries > 0) {
        map.nr_entries = 1;
        if (!put_e820(&map, 0, &ram)) {
            return -XEN_EFAULT;
        }
    }
    return guest_copy_out(arg, &map, sizeof(map)) ? -XEN_EFAULT : 0;
}

/* Xen wants room for one entry more than there are, and so do we. Without a
 * buffer only the number of entries is told. */
static int64_t machine_memory_map(gva_t arg)
{
    struct xen_memory_map map;
    bool store;

    if (!current_domain()->is_privileged) {
        return -XEN_EPERM;
    }
    if (guest_copy_in(&map, arg, sizeof(map))) {
        return -XEN_EFAULT;
    }
    store = map.buffer.p != NULL;
    if (store && map.nr_entries <= boot_info.region_count) {
        return -XEN_EINVAL;
    }
    for (unsigned int i = 0; store && i < boot_info.region_count; i++) {
        const struct boot_region *r = &boot_info.regions[i];
        struct e820_entry entry = { r->start, r->length, r->type };

        if (!put_e820(&map, i, &entry)) {
            return -XEN_EFAULT;
        }
    }
    map.nr_entries = boot_info.region_count;
    return guest_copy_out(arg, &map, sizeof(map)) ? -XEN_EFAULT : 0;
}

/* --- dispatch ------------------------------------------------------------- */

static int64_t query(uint32_t command, gva_t arg)
{
    switch (command) {
    case XENMEM_maximum_ram_page:
        return (int64_t)frame_count;
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return query_domain(command, arg);
    case XENMEM_machphys_mapping:
        return machphys_mapping(arg);
    case XENMEM_machphys_mfn_list:
        return machphys_mfn_list(arg);
    case XENMEM_memory_map:
        return memory_map(arg);
    case XENMEM_machine_memory_map:
        return machine_memory_map(arg);
    default:
        return -XEN_ENOSYS;
    }
}

/* What stands above the command is for those that work by extents. */
static int64_t refuse_extents(uint32_t command)
{
    switch (command) {
    case XENMEM_maximum_ram_page:
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
    case XENMEM_maximum_gpfn:
        return -XEN_EINVAL;
    default:
        return -XEN_ENOSYS; /* the number as a whole is not known */
    }
}

int64_t hc_memory_op(uint64_t command, uint64_t argument, uint64_t unused2,
                     uint64_t unused3, uint64_t unused4)
{
    uint32_t op = (uint32_t)command & MEMOP_COMMAND_MASK;
    uint64_t done = (uint32_t)command >> MEMOP_EXTENT_SHIFT;

    (void)unused2;
    (void)unused3;
    (void)unused4;
    switch (op) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return change_reservation(op, done, GVA(argument));
    default:
        return done != 0 ? refuse_extents(op) : query(op, GVA(argument));
    }
}
