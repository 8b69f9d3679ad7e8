/* SPDX-License-Identifier: MIT */
/*
 * The audit: every count of every frame, recomputed from nothing.
 *
 * A count that is wrong by one is silent. Too high, and a frame stays typed
 * for ever; too low, and much later a guest writes into a page table. So the
 * counts are checked against what they count: each table that holds
 * references is walked, each pin, base pointer, descriptor window and
 * registered page is looked up, and the sums must be what the records say.
 *
 * For each frame this must hold:
 *   general references = one for each of FW_ALLOCATED, FW_HV, FW_PINNED and
 *       FW_PARTIAL in its word, one for each entry that names it in a table
 *       which is ready (or in the finished part of one that stopped), and one
 *       for each vcpu field that names it
 *   type uses = the same without FW_ALLOCATED, FW_HV and read-only entries,
 *       and each of them is a use as the type that the record has
 *   linear = linear uses less linear entries, and never both
 * For each domain, frames_total is the number of its allocated frames; and
 * for the allocator, the blocks marked free make up its total. Invariants
 * F1-F5 (hv/frame.h), V1, V4 (pt_validate.c), D1 (desc.c) are so checked.
 * Ports, grant tables, run queues and deadlines have audits of their own,
 * beside the code whose invariants they check; they panic.
 *
 * There may be millions of frames and no memory to count in: so sums are made
 * for one window of frames at a time, and everything is walked again for the
 * next window. Nobody else may run meanwhile; there is no lock.
 *
 * Memory that nobody refers to any more is no wrong count, but it is lost.
 * It shows at the end, when the last domain has been destroyed: as many
 * frames must be free as before the first one was made.
 */
#include <hv/arch.h>
#include <hv/audit.h>
#include <hv/boot_info.h>
#include <hv/bug.h>
#include <hv/console.h>
#include <hv/domain.h>
#include <hv/evtchn.h>
#include <hv/frame.h>
#include <hv/gnttab.h>
#include <hv/hypercall.h>
#include <hv/pv.h>
#include <hv/sched.h>
#include <xen/errno.h>

/* What was found to hold a frame. */
struct tally {
    uint32_t refs, uses;
    int32_t linear_uses, linear_entries;
};

#define SMALL_WINDOW 512
#define LARGE_WINDOW_ORDER 10

static struct tally small_window[SMALL_WINDOW];

struct audit {
    struct tally *window;
    uint64_t start, size;      /* frames of this window */
    mfn_t table;               /* whose entries are being walked */
    const struct domain *owner;
    bool failed;
    char *why;
    size_t why_size;
};

static void PRINTF_LIKE(2, 3) fail(struct audit *a, const char *fmt, ...)
{
    va_list ap;

    if (a->failed) {
        return; /* the first disagreement is the one that is told */
    }
    a->failed = true;
    va_start(ap, fmt);
    vsnprintk(a->why, a->why_size, fmt, ap);
    va_end(ap);
}

static struct tally *tally_of(struct audit *a, mfn_t mfn)
{
    if (mfn.v < a->start || mfn.v - a->start >= a->size) {
        return NULL;
    }
    return &a->window[mfn.v - a->start];
}

static const char *const type_names[] = {
    "nothing", "L1", "L2", "L3", "L4", "descriptors", "writable", "shared",
};

static const char *type_name(enum page_type type)
{
    return (unsigned int)type < sizeof(type_names) / sizeof(type_names[0])
               ? type_names[type]
               : "no type";
}

/* --- what holds frames ---------------------------------------------------- */

/* One holder: a reference, and a use unless type is PT_NONE. */
static void add(struct audit *a, mfn_t mfn, enum page_type type,
                const char *holder)
{
    struct tally *t = tally_of(a, mfn);
    uint64_t word;

    if (t == NULL) {
        return;
    }
    t->refs++;
    if (type == PT_NONE) {
        return;
    }
    t->uses++;
    word = mfn_to_frame(mfn)->word;
    if (fw_type(word) != type || (word & FW_VALIDATED) == 0) {
        fail(a, "frame %llx is used as %s by %s, but is %s%s",
             (unsigned long long)mfn.v, type_name(type), holder,
             type_name(fw_type(word)),
             word & FW_VALIDATED ? "" : ", not validated");
    }
}

static bool add_entry(void *arg, const struct pt_held *held)
{
    struct audit *a = arg;
    struct tally *t;

    if (held->broken) {
        fail(a, "entry %x of table %llx %s", held->slot,
             (unsigned long long)a->table.v, held->broken);
        return false;
    }
    if (held->linear) {
        t = tally_of(a, held->frame);
        if (t) {
            t->linear_uses++;
        }
        t = tally_of(a, a->table);
        if (t) {
            t->linear_entries++;
        }
    }
    if (tally_of(a, held->frame) &&
        mfn_to_frame(held->frame)->owner != a->owner->id) {
        fail(a, "entry %x of table %llx leads to frame %llx of domain %u",
             held->slot, (unsigned long long)a->table.v,
             (unsigned long long)held->frame.v,
             mfn_to_frame(held->frame)->owner);
    }
    add(a, held->frame, held->type, "a page-table entry");
    return !a->failed;
}

static bool is_used_table(uint64_t word)
{
    return fw_type(word) >= PT_L1 && fw_type(word) <= PT_L4 &&
           fw_type_count(word) != 0;
}

static void add_table(struct audit *a, mfn_t mfn)
{
    const struct frame *f = mfn_to_frame(mfn);
    struct domain *d = domain_by_id(f->owner);

    if ((f->word & (FW_VALIDATED | FW_PARTIAL)) == 0) {
        fail(a, "table %llx is being validated", (unsigned long long)mfn.v);
        return;
    }
    if (d == NULL) {
        fail(a, "table %llx belongs to domain %u, which is not there",
             (unsigned long long)mfn.v, f->owner);
        return;
    }
    a->table = mfn;
    a->owner = d;
    pt_for_each_held(d, mfn, add_entry, a);
}

static void add_frames(struct audit *a)
{
    uint64_t n;

    for (n = 0; n < frame_count && !a->failed; n++) {
        uint64_t word = mfn_to_frame(MFN(n))->word;

        if ((word & FW_FREE) == 0 && is_used_table(word)) {
            add_table(a, MFN(n));
        }
    }
}

static void add_if_there(struct audit *a, mfn_t mfn, enum page_type type,
                         const char *holder)
{
    if (mfn_valid_number(mfn) && mfn.v != 0) {
        add(a, mfn, type, holder);
    }
}

static void add_vcpu(struct audit *a, const struct vcpu *v)
{
    const struct pv_vcpu *pv = &v->pv;
    enum page_type top = v->domain->is_32bit ? PT_L3 : PT_L4;
    unsigned int i;

    if (pv->kernel_cr3) {
        add(a, pv->kernel_table, top, "a vcpu's kernel table");
    }
    if (pv->user_cr3) {
        add(a, pv->user_table, PT_L4, "a vcpu's user table");
    }
    for (i = 0; i < GDT_GUEST_FRAMES; i++) {
        add_if_there(a, pv->gdt_frames[i], PT_SEGDESC, "a GDT");
    }
    for (i = 0; i < LDT_FRAMES; i++) {
        add_if_there(a, pv->ldt_frames[i], PT_SEGDESC, "an LDT");
    }
    add_if_there(a, v->info_frame, PT_WRITABLE, "a vcpu_info");
    if (!arch_top_tables_agree(v)) {
        fail(a, "vcpu %u of domain %u runs on other tables than its own",
             v->id, v->domain->id);
    }
}

static void add_domains(struct audit *a)
{
    unsigned int i, n;

    for (i = 0; i < DOMAINS_MAX; i++) {
        if (domains[i] && domains[i]->console_ring) {
            add_if_there(a, frame_unmap_addr(domains[i]->console_ring),
                         PT_WRITABLE, "a console ring");
        }
        for (n = 0; domains[i] && n < EVTCHN_FIFO_FRAMES_MAX; n++) {
            add_if_there(a, evtchn_fifo_frame(domains[i], n), PT_WRITABLE,
                         "event queues");
        }
        for (n = 0; domains[i] && n < domains[i]->vcpu_count; n++) {
            if (domains[i]->vcpus[n]) {
                add_vcpu(a, domains[i]->vcpus[n]);
            }
        }
    }
}

/* --- one frame ------------------------------------------------------------ */

static void compare(struct audit *a, mfn_t mfn, const char *what,
                    uint64_t counted, uint64_t found)
{
    if (counted != found) {
        const struct frame *f = mfn_to_frame(mfn);

        fail(a, "frame %llx of domain %u, word %llx, has %llu %s, found %llu",
             (unsigned long long)mfn.v, f->owner, (unsigned long long)f->word,
             (unsigned long long)counted, what, (unsigned long long)found);
    }
}

static void check_word(struct audit *a, mfn_t mfn, uint64_t word)
{
    unsigned long long n = mfn.v;

    if (fw_type_count(word) == 0 &&
        (word & (FW_PINNED | FW_PARTIAL)) != 0) {
        fail(a, "frame %llx is pinned or stopped without a use", n);
    }
    if ((word & FW_PARTIAL) && (word & FW_VALIDATED)) {
        fail(a, "frame %llx is stopped and validated", n);
    }
    if ((word & FW_PARTIAL) && fw_type_count(word) != 1) {
        fail(a, "frame %llx is stopped, but has %llu uses", n,
             (unsigned long long)fw_type_count(word));
    }
    if (fw_type_count(word) > fw_ref_count(word)) {
        fail(a, "frame %llx has more uses than references", n); /* F2 */
    }
    if (fw_type_count(word) && (word & (FW_PARTIAL | FW_VALIDATED)) == 0) {
        fail(a, "frame %llx is busy", n);
    }
}

static void check_linear(struct audit *a, mfn_t mfn, const struct tally *t)
{
    const struct frame *f = mfn_to_frame(mfn);

    if (t->linear_uses && t->linear_entries) {
        fail(a, "table %llx has linear entries and linear uses",
             (unsigned long long)mfn.v);
    }
    if (f->linear != t->linear_uses - t->linear_entries) {
        fail(a, "table %llx: linear count is %d, found %d uses, %d entries",
             (unsigned long long)mfn.v, f->linear, t->linear_uses,
             t->linear_entries);
    }
}

static unsigned int flags_set(uint64_t word, uint64_t flags)
{
    return (unsigned int)count_bits(word & flags);
}

static void check_frame(struct audit *a, mfn_t mfn, const struct tally *t)
{
    const struct frame *f = mfn_to_frame(mfn);
    uint64_t word = f->word;

    if (word & FW_FREE) {
        compare(a, mfn, "references while free", 0, t->refs); /* F1 */
        return;
    }
    check_word(a, mfn, word);
    compare(a, mfn, "references", fw_ref_count(word),
            t->refs + flags_set(word, FW_ALLOCATED | FW_HV | FW_PINNED |
                                          FW_PARTIAL));
    compare(a, mfn, "uses of its type", fw_type_count(word),
            t->uses + flags_set(word, FW_PINNED | FW_PARTIAL));
    if (fw_ref_count(word) != 0) {
        check_linear(a, mfn, t);
    }
}

static void check_window(struct audit *a)
{
    uint64_t i;

    memset(a->window, 0, a->size * sizeof(*a->window));
    add_frames(a);
    add_domains(a);
    for (i = 0; i < a->size && !a->failed; i++) {
        check_frame(a, MFN(a->start + i), &a->window[i]);
    }
}

static void check_windows(struct audit *a, uint64_t window_frames)
{
    for (a->start = 0; a->start < frame_count && !a->failed;
         a->start += window_frames) {
        a->size = min_u64(window_frames, frame_count - a->start);
        check_window(a);
    }
}

/* --- totals --------------------------------------------------------------- */

static void check_domain_total(struct audit *a, const struct domain *d)
{
    uint64_t n, found = 0;

    for (n = 0; n < frame_count; n++) {
        const struct frame *f = mfn_to_frame(MFN(n));

        if ((f->word & FW_FREE) == 0 && (f->word & FW_ALLOCATED) &&
            f->owner == d->id) {
            found++;
        }
    }
    if (found != d->frames_total) {
        fail(a, "domain %u counts %llu frames, but has %llu", d->id,
             (unsigned long long)d->frames_total, (unsigned long long)found);
    }
}

static void check_totals(struct audit *a)
{
    unsigned int i;

    for (i = 0; i < DOMAINS_MAX && !a->failed; i++) {
        if (domains[i]) {
            check_domain_total(a, domains[i]);
        }
    }
}

/* --- what has an audit of its own ----------------------------------------- */

static void audit_others(void)
{
    unsigned int i;

    for (i = 0; i < DOMAINS_MAX; i++) {
        if (domains[i]) {
            evtchn_audit(domains[i]);
            gnttab_audit(domains[i]);
        }
    }
    sched_audit();
    for (i = 0; i < cpu_count; i++) {
        (void)timer_audit(cpus[i]);
    }
}

/* --- the audit ------------------------------------------------------------ */

/* As large a window as there is memory for, of frames there are. */
static struct tally *alloc_window(unsigned int *order, uint64_t *frames)
{
    for (*order = LARGE_WINDOW_ORDER; *order > 1; (*order)--) {
        struct tally *window;

        *frames = (PAGE_SIZE << *order) / sizeof(*window);
        if (*frames >= 2 * frame_count) {
            continue;
        }
        window = hv_alloc_pages(*order);
        if (window) {
            return window;
        }
    }
    return NULL;
}

bool audit_agrees(char *why, size_t size)
{
    struct audit a = { .why = why, .why_size = size };
    struct tally *large;
    uint64_t frames;
    unsigned int order;

    page_alloc_audit();
    audit_others();
    large = alloc_window(&order, &frames);
    a.window = large ? large : small_window;
    check_windows(&a, large ? frames : SMALL_WINDOW);
    check_totals(&a);
    if (large) {
        hv_free_pages(large, order);
    }
    return !a.failed;
}

void audit_all(void)
{
    char why[160];

    if (!audit_agrees(why, sizeof(why))) {
        panic("audit: %s", why);
    }
}

bool audit_at_rest(bool tell)
{
    char why[160];
    bool parked = arch_park_others();
    bool agrees = audit_agrees(why, sizeof(why));

    if (parked) {
        arch_release_others();
    }
    if (!agrees) {
        printk("audit: %s", why);
    } else if (tell) {
        printk("audit: all counts agree");
    }
    return agrees;
}

int64_t hc_arch_7(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                  uint64_t a4)
{
    if (!DEBUG_BUILD) {
        return -XEN_ENOSYS;
    }
    if (current_domain()->id != 0) {
        return -XEN_EPERM;
    }
    return audit_at_rest(false) ? 0 : -XEN_EIO;
}

/* --- where the memory is -------------------------------------------------- */

#define LOW_FRAMES (0xa0000u / PAGE_SIZE)

uint64_t memory_frames(void)
{
    uint64_t bytes = 0;

    for (unsigned int i = 0; i < boot_info.region_count; i++) {
        if (boot_info.regions[i].type == REGION_RAM) {
            bytes += boot_info.regions[i].length;
        }
    }
    return bytes >> PAGE_SHIFT;
}

uint64_t memory_held_kib(void)
{
    uint64_t frames = memory_frames() - LOW_FRAMES - page_alloc_free_frames();

    for (unsigned int i = 0; i < DOMAINS_MAX; i++) {
        if (domains[i]) {
            frames -= domains[i]->frames_total;
        }
    }
    return frames * (PAGE_SIZE / 1024);
}

/* --- the end -------------------------------------------------------------- */

static uint64_t free_without_domains;

void audit_expect_free(uint64_t frames)
{
    free_without_domains = frames;
}

static void destroy_all(void)
{
    for (unsigned int i = 0; i < DOMAINS_MAX; i++) {
        if (domains[i]) {
            domain_destroy(domains[i]);
        }
    }
}

void audit_last(void)
{
    uint64_t now_free;

    if (!arch_park_others()) {
        return;
    }
    if (DEBUG_BUILD) {
        audit_all();
    }
    destroy_all();
    if (DEBUG_BUILD) {
        audit_all();
    }
    now_free = page_alloc_free_frames();
    if (now_free != free_without_domains) {
        panic("%lu frames are free after the last domain, but %lu were "
              "before the first", now_free, free_without_domains);
    }
    printk("all memory is back: %lu frames are free, as before the first "
           "domain", now_free);
}
