/* SPDX-License-Identifier: MIT */
/*
 * Start of day of a 64-bit PV domain: what a kernel finds when its first
 * instruction runs.
 *
 * A PV kernel starts where no real machine can: in a lower ring, with paging
 * on, and on page tables that somebody else made. The interface fixes what it
 * may rely on, and small kernels rely on all of it, so the order of pages is
 * part of the promise (manual: start of day):
 *
 *   kernel | ramdisk | p2m | start_info | store and console ring |
 *   page tables | boot stack | slack
 *
 * (the two rings for a plain guest only)
 *
 *   S1  pfn n of this range is mapped at VIRT_BASE + n * 4 KiB, writable,
 *       but for the page tables, which are mapped read-only
 *   S2  tables come as one L4, then all L3, all L2, all L1; pt_base is the L4
 *   S3  at least 512 KiB are mapped behind the stack, and the range ends at a
 *       multiple of 4 MiB
 *   S4  a ramdisk lies outside the range when the kernel takes it by pfn
 *       (MOD_START_PFN); the p2m does when the kernel names an address for
 *       it (INIT_P2M), and then brings page tables of its own behind it
 *   S5  the M2P holds the pfn of every frame; shared_info has none
 *   S6  the L4 is pinned: the kernel unpins it when it has its own
 *
 * The count of tables and the length of what they map depend on each other;
 * the plan iterates to the smallest pair that agrees.
 *
 * Nothing here runs while the domain does, so no lock is taken.
 */
#include <hv/arch.h>
#include <hv/builder.h>
#include <hv/console.h>
#include <hv/pv.h>
#include <hv/util.h>

#define MAPPED_END_ALIGN (4ull << 20)
#define MAPPED_SLACK     (512ull << 10)

#define ENTRIES 512u

#define PTE_PRESENT  0x001ull
#define PTE_WRITABLE 0x002ull
#define PTE_USER     0x004ull
#define PTE_ACCESSED 0x020ull
#define PTE_DIRTY    0x040ull
#define PTE_GUEST_KERNEL (1ull << 52) /* pv/pte.c: user page of the kernel */
#define PTE_FRAME    0x000ffffffffff000ull

#define L1_FLAGS (PTE_PRESENT | PTE_USER | PTE_ACCESSED | PTE_GUEST_KERNEL)
#define TABLE_FLAGS (PTE_PRESENT | PTE_WRITABLE | PTE_USER | PTE_ACCESSED | \
                     PTE_DIRTY)

/* --- the plan ------------------------------------------------------------- */

/* Bits of an address below the index into a table of this level. */
static unsigned int level_shift(unsigned int level)
{
    return PAGE_SHIFT + 9 * (level - 1);
}

/* Tables of one level that a range of linear addresses passes through. */
static uint64_t tables_of_level(uint64_t va, uint64_t bytes,
                                unsigned int level)
{
    unsigned int shift = level_shift(level + 1);

    return ((va + bytes - 1) >> shift) - (va >> shift) + 1;
}

/* L1 to L3; the L4 is not counted. */
static uint64_t tables_for(uint64_t va, uint64_t bytes)
{
    return tables_of_level(va, bytes, 1) + tables_of_level(va, bytes, 2) +
           tables_of_level(va, bytes, 3);
}

/* S3 */
static uint64_t mapped_end(uint64_t virt_base, uint64_t used_frames)
{
    uint64_t used = virt_base + (used_frames << PAGE_SHIFT);
    uint64_t end = round_up(used, MAPPED_END_ALIGN);

    return end - used < MAPPED_SLACK ? end + MAPPED_END_ALIGN : end;
}

/*
 * The smallest number of tables that maps everything, themselves included:
 * each step can only grow, and stops where it maps what it needs. False when
 * the range leaves the guest's part of the address space, and so may wrap.
 */
static bool plan_tables(struct guest_layout *l)
{
    uint64_t needed = 1;

    do {
        l->table_frames = needed;
        l->stack_pfn = l->table_pfn + l->table_frames;
        l->mapped_frames =
            (mapped_end(l->virt_base, l->stack_pfn + 1) - l->virt_base) >>
            PAGE_SHIFT;
        if (!gva_range_ok(GVA(l->virt_base),
                          l->mapped_frames << PAGE_SHIFT)) {
            return false;
        }
        needed = 1 + tables_for(l->virt_base, l->mapped_frames << PAGE_SHIFT);
    } while (needed != l->table_frames);
    return true;
}

static bool ranges_meet(uint64_t a, uint64_t a_bytes, uint64_t b,
                        uint64_t b_bytes)
{
    return a < b + b_bytes && b < a + a_bytes;
}

static bool p2m_place_ok(const struct guest_layout *l, uint64_t va)
{
    uint64_t bytes = l->p2m_frames << PAGE_SHIFT;

    return gva_range_ok(GVA(va), bytes) &&
           !ranges_meet(va, bytes, l->virt_base,
                        l->mapped_frames << PAGE_SHIFT);
}

/* What S4 puts behind the mapped range. */
static void plan_unmapped(const struct elf_image *image,
                          struct guest_layout *l)
{
    uint64_t next = l->mapped_frames;

    if (image->unmapped_ramdisk) {
        l->ramdisk_pfn = next;
        next += l->ramdisk_frames;
    }
    if (image->has_init_p2m) {
        l->p2m_pfn = next;
        l->p2m_va = image->init_p2m;
        l->p2m_table_pfn = next + l->p2m_frames;
        l->p2m_table_frames = tables_for(l->p2m_va,
                                         l->p2m_frames << PAGE_SHIFT);
        next = l->p2m_table_pfn + l->p2m_table_frames;
    }
    l->frames_needed = next;
}

/* Far above any machine, far below where sums could wrap. */
#define PLAN_BYTES_MAX (1ull << 44)

int pv_layout(const struct elf_image *image, uint64_t frames,
              uint64_t ramdisk_frames, bool has_rings,
              struct guest_layout *out, char *why, size_t why_size)
{
    uint64_t next;

    if (image->end_offset > PLAN_BYTES_MAX ||
        ramdisk_frames > PLAN_BYTES_MAX >> PAGE_SHIFT ||
        frames > PLAN_BYTES_MAX >> PAGE_SHIFT) {
        snprintk(why, why_size, "ends at %lx from VIRT_BASE, more than any "
                 "machine has", image->end_offset);
        return -XEN_EINVAL;
    }
    *out = (struct guest_layout){
        .frames = frames,
        .virt_base = image->virt_base,
        .kernel_frames = round_up(image->end_offset, PAGE_SIZE) >> PAGE_SHIFT,
        .ramdisk_frames = ramdisk_frames,
        .p2m_frames = round_up(frames * 8, PAGE_SIZE) >> PAGE_SHIFT,
    };
    next = out->kernel_frames;
    if (!image->unmapped_ramdisk) {
        out->ramdisk_pfn = next;
        next += ramdisk_frames;
    }
    if (!image->has_init_p2m) {
        out->p2m_pfn = next;
        out->p2m_va = image->virt_base + (next << PAGE_SHIFT);
        next += out->p2m_frames;
    }
    out->start_info_pfn = next++;
    if (has_rings) {
        out->store_pfn = next++;
        out->console_pfn = next++;
    }
    out->table_pfn = next;
    if (!plan_tables(out)) {
        snprintk(why, why_size, "wants to be mapped from %lx on, where a guest "
                 "does not have room for it", out->virt_base);
        return -XEN_EINVAL;
    }
    if (image->has_init_p2m && !p2m_place_ok(out, image->init_p2m)) {
        snprintk(why, why_size, "wants its p2m list at %lx, which is not free",
                 image->init_p2m);
        return -XEN_EINVAL;
    }
    plan_unmapped(image, out);
    return 0;
}

/* --- page tables ---------------------------------------------------------- */

/* Frames for tables, handed out in order. */
struct table_pool {
    uint64_t next_pfn, end_pfn;
};

static void *pfn_map(const struct guest_build *b, uint64_t pfn)
{
    return frame_map(MFN(b->mfns[pfn]));
}

static uint64_t pte_to(const struct guest_build *b, uint64_t pfn,
                       uint64_t flags)
{
    return (b->mfns[pfn] << PAGE_SHIFT) | flags;
}

/* The table of this level that va passes through; all above it exist. */
static uint64_t *table_at(const struct guest_build *b, uint64_t va,
                          unsigned int level)
{
    uint64_t *table = pfn_map(b, b->layout.table_pfn);

    for (unsigned int at = 4; at > level; at--) {
        uint64_t pte = table[(va >> level_shift(at)) % ENTRIES];

        table = frame_map(MFN((pte & PTE_FRAME) >> PAGE_SHIFT));
    }
    return table;
}

/* S2: one level for the whole range before the next. Two ranges may share an
 * upper table, so one that exists is left alone. */
static void make_tables(const struct guest_build *b, uint64_t va,
                        uint64_t bytes, struct table_pool *pool)
{
    for (unsigned int level = 3; level >= 1; level--) {
        unsigned int shift = level_shift(level + 1);
        uint64_t count = tables_of_level(va, bytes, level);

        for (uint64_t i = 0; i < count; i++) {
            uint64_t at = ((va >> shift) + i) << shift;
            uint64_t *entry = table_at(b, at, level + 1) +
                              (at >> shift) % ENTRIES;

            if (*entry == 0) {
                BUG_ON(pool->next_pfn == pool->end_pfn);
                arch_frame_zero(MFN(b->mfns[pool->next_pfn]));
                *entry = pte_to(b, pool->next_pfn++, TABLE_FLAGS);
            }
        }
    }
}

/* S1 */
static uint64_t l1_flags(const struct guest_layout *l, uint64_t pfn)
{
    if (pfn >= l->table_pfn && pfn < l->table_pfn + l->table_frames) {
        return L1_FLAGS;
    }
    return L1_FLAGS | PTE_WRITABLE;
}

static void map_frames(const struct guest_build *b, uint64_t va, uint64_t pfn,
                       uint64_t count)
{
    uint64_t *table = NULL;

    for (uint64_t i = 0; i < count; i++) {
        uint64_t index = (va >> PAGE_SHIFT) % ENTRIES;

        if (table == NULL || index == 0) {
            table = table_at(b, va, 1);
        }
        table[index] = pte_to(b, pfn + i, l1_flags(&b->layout, pfn + i));
        va += PAGE_SIZE;
    }
}

static void build_tables(const struct guest_build *b)
{
    const struct guest_layout *l = &b->layout;
    struct table_pool pool = { l->table_pfn + 1,
                               l->table_pfn + l->table_frames };

    make_tables(b, l->virt_base, l->mapped_frames << PAGE_SHIFT, &pool);
    map_frames(b, l->virt_base, 0, l->mapped_frames);
    if (l->p2m_table_frames == 0) {
        return;
    }
    pool = (struct table_pool){ l->p2m_table_pfn,
                                l->p2m_table_pfn + l->p2m_table_frames };
    make_tables(b, l->p2m_va, l->p2m_frames << PAGE_SHIFT, &pool);
    map_frames(b, l->p2m_va, l->p2m_pfn, l->p2m_frames);
}

/* --- p2m and M2P ---------------------------------------------------------- */

/* S5. Entries behind the last pfn, up to the end of their page, are invalid
 * ones: kernels round the list up to whole pages. */
static void build_p2m(const struct guest_build *b)
{
    const struct guest_layout *l = &b->layout;

    for (uint64_t page = 0; page < l->p2m_frames; page++) {
        uint64_t *entries = pfn_map(b, l->p2m_pfn + page);

        for (uint64_t i = 0; i < ENTRIES; i++) {
            uint64_t pfn = page * ENTRIES + i;

            entries[i] = pfn < l->frames ? b->mfns[pfn] : ~0ull;
        }
    }
    for (uint64_t pfn = 0; pfn < l->frames; pfn++) {
        arch_m2p_set(MFN(b->mfns[pfn]), pfn);
    }
}

/* --- start_info ----------------------------------------------------------- */

static uint64_t pfn_to_va(const struct guest_layout *l, uint64_t pfn)
{
    return l->virt_base + (pfn << PAGE_SHIFT);
}

static void put_cmdline(struct start_info *si, const char *text)
{
    size_t length = min_u64(strlen(text), MAX_GUEST_CMDLINE - 1);

    memcpy(si->cmd_line, text, length);
    si->cmd_line[length] = 0;
}

static void build_start_info(const struct guest_build *b)
{
    static const char magic[] = "xen-3.0-x86_64";
    const struct guest_layout *l = &b->layout;
    struct start_info *si = pfn_map(b, l->start_info_pfn);

    memcpy(si->magic, magic, sizeof(magic));
    si->nr_pages = l->frames;
    si->shared_info = mfn_to_maddr(b->domain->shared_info_mfn).v;
    si->flags = b->start_flags;
    si->pt_base = pfn_to_va(l, l->table_pfn);
    si->nr_pt_frames = l->table_frames;
    si->mfn_list = l->p2m_va;
    if (b->ramdisk_bytes != 0) {
        bool by_pfn = (b->start_flags & SIF_MOD_START_PFN) != 0;

        si->mod_start = by_pfn ? l->ramdisk_pfn
                               : pfn_to_va(l, l->ramdisk_pfn);
        si->mod_len = b->ramdisk_bytes;
    }
    if (l->p2m_table_frames != 0) {
        si->first_p2m_pfn = l->p2m_pfn;
        si->nr_p2m_frames = l->p2m_frames + l->p2m_table_frames;
    }
    put_cmdline(si, b->cmdline);
    if (l->console_pfn != 0) {
        /* No xenstore answers: a port of 0 says so. */
        si->store_mfn = b->mfns[l->store_pfn];
        si->console.domU.mfn = b->mfns[l->console_pfn];
        si->console.domU.evtchn = b->console_port;
    }
}

/* --- hypercall page ------------------------------------------------------- */

#define STUB_BYTES 32u
#define STUB_FILL  0xcc /* int3: nobody may run into the rest */

/* An ordinary stub is called; rcx and r11 are SYSCALL's victims. */
static void put_call_stub(uint8_t *p, uint32_t number)
{
    static const uint8_t code[] = {
        0x51,                         /* push rcx */
        0x41, 0x53,                   /* push r11 */
        0xb8, 0, 0, 0, 0,             /* mov eax, number */
        0x0f, 0x05,                   /* syscall */
        0x41, 0x5b,                   /* pop r11 */
        0x59,                         /* pop rcx */
        0xc3,                         /* ret */
    };

    memcpy(p, code, sizeof(code));
    memcpy(p + 4, &number, sizeof(number));
}

/* The stub of iret is jumped to: what it pushes is the frame's beginning. */
static void put_iret_stub(uint8_t *p, uint32_t number)
{
    static const uint8_t code[] = {
        0x51,                         /* push rcx */
        0x41, 0x53,                   /* push r11 */
        0x50,                         /* push rax */
        0xb8, 0, 0, 0, 0,             /* mov eax, number */
        0x0f, 0x05,                   /* syscall */
    };

    memcpy(p, code, sizeof(code));
    memcpy(p + 5, &number, sizeof(number));
}

void pv_fill_hypercall_page(void *page)
{
    uint8_t *stub = page;

    memset(page, STUB_FILL, PAGE_SIZE);
    for (uint32_t nr = 0; nr < PAGE_SIZE / STUB_BYTES; nr++) {
        if (nr == __HYPERVISOR_iret) {
            put_iret_stub(stub, nr);
        } else {
            put_call_stub(stub, nr);
        }
        stub += STUB_BYTES;
    }
}

/* --- the first vcpu ------------------------------------------------------- */

#define DR6_DEFAULT 0xffff0ff0u
#define DR7_DEFAULT 0x400u

static void init_vcpu(const struct guest_build *b, struct vcpu *v)
{
    const struct guest_layout *l = &b->layout;

    v->regs = (struct cpu_regs){
        .rip = b->image->entry,
        .cs = FLAT_KERNEL_CS,
        .rflags = RFLAGS_IF | RFLAGS_MBS,
        .rsp = pfn_to_va(l, l->stack_pfn + 1),
        .ss = FLAT_KERNEL_SS,
        .rsi = pfn_to_va(l, l->start_info_pfn),
    };
    v->kernel_mode = true;
    v->pv.debugreg[6] = DR6_DEFAULT;
    v->pv.debugreg[7] = DR7_DEFAULT;
    v->initialised = true;
}

/* At boot there is no guest to send back for the rest: refill the budget. */
static void load_tables(const struct guest_build *b, struct vcpu *v)
{
    mfn_t l4 = MFN(b->mfns[b->layout.table_pfn]);
    int err;

    do {
        this_cpu()->work_left = WORK_BUDGET;
        err = page_type_pin(b->domain, l4, PT_L4); /* S6 */
    } while (err == -XEN_ERESTART_CALL);
    BUG_ON(err != 0);
    do {
        this_cpu()->work_left = WORK_BUDGET;
        err = pv_set_kernel_table(v, l4);
    } while (err == -XEN_ERESTART_CALL);
    BUG_ON(err != 0);
}

/* No event may arrive before the kernel can take one. */
static void mask_events(struct shared_info *si)
{
    for (unsigned int i = 0; i < XEN_LEGACY_MAX_VCPUS; i++) {
        si->vcpu_info[i].evtchn_upcall_mask = 1;
    }
}

void pv_start_of_day(const struct guest_build *b)
{
    const struct elf_image *image = b->image;

    if (image->has_hypercall_page) {
        pv_fill_hypercall_page(pfn_map(b, (image->hypercall_page -
                                           image->virt_base) >> PAGE_SHIFT));
    }
    build_p2m(b);
    build_start_info(b);
    build_tables(b);
    mask_events(b->domain->shared_info);
    load_tables(b, b->domain->vcpus[0]);
    init_vcpu(b, b->domain->vcpus[0]);
}
