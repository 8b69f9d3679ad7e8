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
 *       goes: mapped or pinned frames stay its own until that ends, so nobody
 *       else can get them meanwhile.
 *
 * New frames come zeroed and with their M2P entry set (or invalid, for
 * increase_reservation, where the guest has not said which pfn it means).
 *
 * No lock is held across these loops; totals are under d->lock, inside
 * core/page_ref.c.
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/memory.h>
#include <hv/util.h>
#include <xen/memory.h>

#define MEMOP_EXTENT_SHIFT 6
#define MEMOP_COMMAND_MASK ((1u << MEMOP_EXTENT_SHIFT) - 1)
#define MEMOP_EXTENTS_MAX  (UINT32_MAX >> MEMOP_EXTENT_SHIFT)

/* --- reservations --------------------------------------------------------- */

struct batch {
    struct domain *domain;
    gva_t list;                /* of xen_pfn_t; 0: none */
    unsigned int order;
    mfn_t below;               /* new frames are below this one */
    uint64_t index;            /* extent being worked on */
};

static bool list_read(const struct batch *b, uint64_t *value)
{
    return !guest_load64(GVA(b->list.v + b->index * sizeof(*value)), value);
}

static bool list_write(const struct batch *b, uint64_t value)
{
    return !guest_store64(GVA(b->list.v + b->index * sizeof(value)), value);
}

static void release_extent(const struct batch *b, mfn_t mfn)
{
    for (uint64_t i = 0; i < 1ull << b->order; i++) {
        domain_release_frame(b->domain, MFN(mfn.v + i));
    }
}

static bool extent_increase(const struct batch *b)
{
    mfn_t mfn = domain_alloc_frame(b->domain, b->order, b->below);

    if (!mfn_valid_number(mfn)) {
        return false;
    }
    if (b->list.v != 0 && !list_write(b, mfn.v)) {
        release_extent(b, mfn); /* M1 */
        return false;
    }
    return true;
}

static bool extent_populate(const struct batch *b)
{
    uint64_t pfn;
    mfn_t mfn;

    if (!list_read(b, &pfn)) {
        return false;
    }
    mfn = domain_alloc_frame(b->domain, b->order, b->below);
    if (!mfn_valid_number(mfn)) {
        return false;
    }
    if (!list_write(b, mfn.v)) {
        release_extent(b, mfn);
        return false;
    }
    for (uint64_t i = 0; i < 1ull << b->order; i++) {
        arch_m2p_set(MFN(mfn.v + i), pfn + i);
    }
    return true;
}

/*
 * An extent is checked as a whole before its first frame goes (M1), as far as
 * that can be told: another vcpu may give back the same frames meanwhile.
 */
static bool all_owned(const struct batch *b, uint64_t mfn)
{
    for (uint64_t i = 0; i < 1ull << b->order; i++) {
        if (mfn + i < mfn || !frame_get(b->domain, MFN(mfn + i))) {
            return false;
        }
        frame_put(MFN(mfn + i));
    }
    return true;
}

/* M4: a frame that was given back before and is still in use goes once more,
 * without effect. */
static bool extent_decrease(const struct batch *b)
{
    uint64_t mfn;

    if (!list_read(b, &mfn) || !all_owned(b, mfn)) {
        return false;
    }
    release_extent(b, MFN(mfn));
    return true;
}

static bool extent_step(uint32_t command, const struct batch *b)
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

/* Zeroing a frame is worth many entries. */
#define WORK_PER_FRAME 64

int32_t memory_extent_work(unsigned int order)
{
    return (int32_t)min_u64((uint64_t)WORK_PER_FRAME << order, WORK_BUDGET);
}

static int64_t run_batch(uint32_t command, struct batch *b, uint64_t count)
{
    while (b->index < count && extent_step(command, b)) {
        b->index++;
        if (b->index < count && !work_spend(memory_extent_work(b->order))) {
            return restart_at(command, b->index);
        }
    }
    return (int64_t)b->index;
}

#define NODES_MAX 64u
#define NO_NODE   0xffu

/* There is one node, so nobody is asked for; but who may not name a node
 * exactly, or names one that no machine has, is told. */
static bool node_ok(uint32_t flags)
{
    uint32_t node = XENMEMF_get_node(flags);

    if (node == NO_NODE) {
        return true;
    }
    return current_domain()->is_privileged
               ? node < NODES_MAX
               : (flags & XENMEMF_exact_node_request) == 0;
}

bool memory_flags_limit(uint32_t flags, mfn_t *below)
{
    unsigned int bits = XENMEMF_get_address_bits(flags);

    *below = INVALID_MFN;
    if (bits != 0 && bits < 64) {
        *below = MFN(bits > PAGE_SHIFT ? 1ull << (bits - PAGE_SHIFT) : 0);
    }
    return node_ok(flags);
}

bool memory_may_act_on(const struct domain *d)
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
    if (b.domain == NULL || !memory_may_act_on(b.domain) ||
        r.extent_order > EXTENT_ORDER_MAX ||
        (command == XENMEM_populate_physmap &&
         (r.mem_flags & XENMEMF_populate_on_demand)) ||
        (command != XENMEM_decrease_reservation &&
         !memory_flags_limit(r.mem_flags, &b.below))) {
        return (int64_t)done;
    }
    return run_batch(command, &b, r.nr_extents);
}

/* --- queries -------------------------------------------------------------- */

/* The guest's own word for it, which is a count. */
static int64_t highest_pfn(const struct domain *d)
{
    uint64_t count = __atomic_load_n(&d->shared_info->arch.max_pfn,
                                     __ATOMIC_RELAXED);

    return count != 0 ? (int64_t)(count - 1) : 0;
}

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
    if (!memory_may_act_on(d)) {
        return -XEN_EPERM;
    }
    switch (command) {
    case XENMEM_current_reservation:
        return (int64_t)__atomic_load_n(&d->frames_total,
                                        __ATOMIC_RELAXED);
    case XENMEM_maximum_reservation:
        return (int64_t)d->frames_max;
    default:
        return highest_pfn(d);
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

/* --- for translated guests ------------------------------------------------ */

/* A PV guest has no table of the hypervisor's between its frames and the
 * machine's: nothing can be put there, or taken from it. */
static int64_t refuse_physmap(uint32_t command, gva_t arg)
{
    union {
        struct xen_add_to_physmap one;
        struct xen_add_to_physmap_batch batch;
        struct xen_remove_from_physmap gone;
    } op;
    size_t size = command == XENMEM_add_to_physmap ? sizeof(op.one)
                : command == XENMEM_add_to_physmap_batch ? sizeof(op.batch)
                : sizeof(op.gone);

    if (guest_copy_in(&op, arg, size)) {
        return -XEN_EFAULT;
    }
    if (command == XENMEM_add_to_physmap &&
        op.one.space == XENMAPSPACE_gmfn_foreign) {
        return -XEN_ENOSYS; /* in batches only */
    }
    if (command == XENMEM_add_to_physmap_batch &&
        op.batch.space == XENMAPSPACE_gmfn_range) {
        return -XEN_EOPNOTSUPP; /* a batch of ranges */
    }
    /* All of them begin with the domain. */
    return domain_resolve(current_domain(), op.one.domid) ? -XEN_EACCES
                                                          : -XEN_ESRCH;
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
        return memory_op_memory_map(arg);
    case XENMEM_set_memory_map:
        return memory_op_set_memory_map(arg);
    case XENMEM_machine_memory_map:
        return memory_op_machine_memory_map(arg);
    case XENMEM_exchange:
        return memory_op_exchange(arg);
    case XENMEM_remove_from_physmap:
        return refuse_physmap(command, arg);
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
    case XENMEM_exchange:
    case XENMEM_remove_from_physmap:
        return -XEN_EINVAL;
    default:
        return -XEN_ENOSYS; /* the number as a whole is not known */
    }
}

int64_t hc_memory_op(uint64_t command, uint64_t argument, uint64_t unused2,
                     uint64_t unused3, uint64_t unused4)
{
    uint32_t op = (uint32_t)command & MEMOP_COMMAND_MASK;
    uint64_t done = command >> MEMOP_EXTENT_SHIFT;

    switch (op) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        return change_reservation(op, done, GVA(argument));
    case XENMEM_add_to_physmap:
    case XENMEM_add_to_physmap_batch:
        return done > UINT16_MAX ? -XEN_EDOM
                                 : refuse_physmap(op, GVA(argument));
    default:
        return done != 0 ? refuse_extents(op) : query(op, GVA(argument));
    }
}
