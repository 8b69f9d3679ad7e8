/* SPDX-License-Identifier: MIT */
/*
 * Builds the first domain from the boot modules.
 *
 * Module 0 is its kernel. A second one is its ramdisk; several become the
 * interface's multiboot module list, an array of (start, end, text) offsets
 * at the ramdisk's place, followed by the texts and then by the modules, each
 * from a page boundary on.
 *
 *   B1  what the kernel's file leaves open in the range that is mapped at the
 *       start is zero, and so is a module's last page behind its last byte.
 *       Memory behind that range is as the firmware left it: no guest has
 *       ever run, and to clear gigabytes that most guests never touch is the
 *       longest part of a boot
 *   B2  a module's frames become the domain's own where they can, since any
 *       frame may be any pfn of a PV guest: all of a module that begins at a
 *       page boundary and shares no frame with another, and those frames of
 *       the kernel's file that hold exactly one page of its image. The rest
 *       is copied.
 *   B3  whole frames of the kernel's file and of copied modules that are not
 *       the domain's then go to the allocator (arch kept all modules out of
 *       it), and become the domain's memory behind the mapped range
 *   B4  whatever the loader or the user got wrong ends in cannot_start(),
 *       with one sentence that says what to do
 *
 * The loader is trusted not to lie about addresses, the files are not
 * trusted. All this runs once, on the boot CPU, before any guest.
 */
#include <hv/arch.h>
#include <hv/audit.h>
#include <hv/boot_info.h>
#include <hv/builder.h>
#include <hv/console.h>
#include <hv/console_ring.h>
#include <hv/memory.h>
#include <hv/options.h>
#include <hv/util.h>

#define WHY_SIZE 200

#define FRAMES_PER_MIB (1ul << (20 - PAGE_SHIFT))

/* Left to the hypervisor when d0 has all it asked for: 1 MiB. */
#define FRAMES_KEPT FRAMES_PER_MIB

void cannot_start(const char *fmt, ...)
{
    char text[WHY_SIZE + 100];
    va_list ap;

    va_start(ap, fmt);
    vsnprintk(text, sizeof(text), fmt, ap);
    va_end(ap);
    printk("cannot start: %s", text);
    arch_poweroff();
}

static uint64_t frames_for(uint64_t bytes)
{
    return round_up(bytes, PAGE_SIZE) >> PAGE_SHIFT;
}

static uint64_t mib_for(uint64_t frames)
{
    return (frames + FRAMES_PER_MIB - 1) / FRAMES_PER_MIB;
}

static uint64_t kib_of(uint64_t frames)
{
    return frames * PAGE_SIZE / 1024;
}

/* --- modules as they lie in memory ---------------------------------------- */

static const uint8_t *module_bytes(const struct boot_module *m)
{
    return (const uint8_t *)frame_map(MFN(m->start >> PAGE_SHIFT)) +
           m->start % PAGE_SIZE;
}

static bool modules_meet(const struct boot_module *a,
                         const struct boot_module *b, uint64_t granule)
{
    uint64_t a_start = round_down(a->start, granule);
    uint64_t b_start = round_down(b->start, granule);

    return a_start < round_up(b->start + b->length, granule) &&
           b_start < round_up(a->start + a->length, granule);
}

static bool shares_with_others(unsigned int index, uint64_t granule)
{
    const struct boot_module *m = &boot_info.modules[index];

    for (unsigned int i = 0; i < boot_info.module_count; i++) {
        if (i != index && m->length != 0 && boot_info.modules[i].length != 0 &&
            modules_meet(m, &boot_info.modules[i], granule)) {
            return true;
        }
    }
    return false;
}

/* B2 */
static bool can_adopt(unsigned int index)
{
    return boot_info.modules[index].start % PAGE_SIZE == 0 &&
           !shares_with_others(index, PAGE_SIZE);
}

/* How many frames free_module() would give back, and the first of them. */
static uint64_t whole_frames(unsigned int index, mfn_t *start)
{
    const struct boot_module *m = &boot_info.modules[index];
    uint64_t end = (m->start + m->length) >> PAGE_SHIFT;

    *start = MFN(frames_for(m->start));
    return start->v < end ? end - start->v : 0;
}

/* Of a module: neither the domain's nor the allocator's. */
static bool is_left(uint64_t mfn)
{
    return mfn_to_frame(MFN(mfn))->word == 0;
}

/* B3 */
static void free_module(unsigned int index)
{
    mfn_t first;
    uint64_t end = whole_frames(index, &first) + first.v;

    for (uint64_t mfn = first.v; mfn < end; mfn++) {
        uint64_t run = mfn;

        while (mfn < end && is_left(mfn)) {
            mfn++;
        }
        if (run < mfn) {
            page_alloc_add_range(MFN(run), MFN(mfn));
        }
    }
}

/* What the modules will have given to the allocator when no domain is left,
 * by B2 or B3. */
static uint64_t frames_of_modules(void)
{
    uint64_t frames = 0;
    mfn_t start;

    for (unsigned int i = 0; i < boot_info.module_count; i++) {
        frames += i != 0 && can_adopt(i)
                      ? frames_for(boot_info.modules[i].length)
                      : whole_frames(i, &start);
    }
    return frames;
}

static void check_modules(void)
{
    if (boot_info.module_count == 0) {
        cannot_start("there is no guest: give its kernel as the first boot "
                     "module");
    }
    for (unsigned int i = 0; i < boot_info.module_count; i++) {
        const struct boot_module *m = &boot_info.modules[i];

        if (m->start + m->length < m->start ||
            m->start + m->length > frame_count << PAGE_SHIFT) {
            cannot_start("boot module %u lies outside the memory: %lx-%lx", i,
                         m->start, m->start + m->length);
        }
        if (shares_with_others(i, 1)) {
            cannot_start("boot module %u overlaps another one: the boot "
                         "loader's fault", i);
        }
    }
}

/* --- the ramdisk as the guest will see it --------------------------------- */

/* Of the module list, when there are several modules behind the kernel. */
static uint64_t list_bytes(void)
{
    uint64_t bytes = boot_info.module_count *
                     sizeof(struct xen_multiboot_mod_list);

    if (boot_info.module_count <= 2) {
        return 0;
    }
    for (unsigned int i = 1; i < boot_info.module_count; i++) {
        bytes += strlen(boot_info.modules[i].text) + 1;
    }
    return bytes;
}

static uint64_t ramdisk_frames(void)
{
    uint64_t frames = frames_for(list_bytes());

    for (unsigned int i = 1; i < boot_info.module_count; i++) {
        frames += frames_for(boot_info.modules[i].length);
    }
    return frames;
}

/* --- memory of the domain ------------------------------------------------- */

/* Writes into the domain's frames, at an offset counted from pfn 0, what is
 * not there already (B2). */
static void copy_to_domain(const struct guest_build *b, uint64_t offset,
                           const void *from, uint64_t length)
{
    const uint8_t *bytes = from;

    while (length > 0) {
        uint64_t in_page = offset % PAGE_SIZE;
        uint64_t n = min_u64(length, PAGE_SIZE - in_page);
        uint8_t *page = frame_map(MFN(b->mfns[offset >> PAGE_SHIFT]));

        if (page + in_page != bytes) {
            memcpy(page + in_page, bytes, n);
        }
        bytes += n;
        offset += n;
        length -= n;
    }
}

#define POPULATE_ORDER 9 /* 2 MiB at a time while there are such blocks */

static void populate(const struct guest_build *b, uint64_t pfn, uint64_t end)
{
    unsigned int order = POPULATE_ORDER;

    while (pfn < end) {
        mfn_t mfn;

        while ((1ull << order) > end - pfn) {
            order--;
        }
        mfn = domain_alloc_frame_as_is(b->domain, order);
        if (!mfn_valid_number(mfn)) {
            if (order == 0) {
                cannot_start("memory ran out while the first domain got its "
                             "own: give the machine more, or lower d0_mem");
            }
            order--;
            continue;
        }
        for (uint64_t i = 0; i < 1ull << order; i++) {
            b->mfns[pfn++] = mfn.v + i;
        }
    }
}

static void zero_pfns(const struct guest_build *b, uint64_t pfn, uint64_t end)
{
    for (; pfn < end; pfn++) {
        arch_frame_zero(MFN(b->mfns[pfn]));
    }
}

/* Memory for those of [pfn, end) that have none yet. */
static void populate_missing(const struct guest_build *b, uint64_t pfn,
                             uint64_t end)
{
    while (pfn < end) {
        uint64_t behind = pfn;

        while (behind < end && b->mfns[behind] == 0) {
            behind++;
        }
        populate(b, pfn, behind);
        while (behind < end && b->mfns[behind] != 0) {
            behind++;
        }
        pfn = behind;
    }
}

/* B2 and B1: nothing of the loader's stays behind the last byte. */
static void adopt_module(const struct guest_build *b, unsigned int index,
                         uint64_t pfn)
{
    const struct boot_module *m = &boot_info.modules[index];
    uint64_t first = m->start >> PAGE_SHIFT;
    uint64_t frames = frames_for(m->length);
    uint64_t tail = m->length % PAGE_SIZE;

    for (uint64_t i = 0; i < frames; i++) {
        domain_adopt_frame(b->domain, MFN(first + i));
        b->mfns[pfn + i] = first + i;
    }
    if (tail != 0) {
        uint8_t *last = frame_map(MFN(first + frames - 1));

        memset(last + tail, 0, PAGE_SIZE - tail);
    }
}

static void copy_module(const struct guest_build *b, unsigned int index,
                        uint64_t pfn)
{
    const struct boot_module *m = &boot_info.modules[index];

    populate(b, pfn, pfn + frames_for(m->length));
    zero_pfns(b, pfn + (m->length >> PAGE_SHIFT), pfn + frames_for(m->length));
    copy_to_domain(b, pfn << PAGE_SHIFT, module_bytes(m), m->length);
    free_module(index);
}

/* Offsets of the list's entries count from its beginning. */
static void put_module_list(const struct guest_build *b)
{
    uint64_t base = b->layout.ramdisk_pfn << PAGE_SHIFT;
    uint64_t text_at = boot_info.module_count *
                       sizeof(struct xen_multiboot_mod_list);
    uint64_t module_at = round_up(list_bytes(), PAGE_SIZE);

    for (unsigned int i = 1; i < boot_info.module_count; i++) {
        const struct boot_module *m = &boot_info.modules[i];
        struct xen_multiboot_mod_list entry = {
            .mod_start = (uint32_t)module_at,
            .mod_end = (uint32_t)(module_at + m->length),
            .cmdline = (uint32_t)text_at,
        };
        uint64_t text_bytes = strlen(m->text) + 1;

        copy_to_domain(b, base + (i - 1) * sizeof(entry), &entry,
                       sizeof(entry));
        copy_to_domain(b, base + text_at, m->text, text_bytes);
        text_at += text_bytes;
        module_at += round_up(m->length, PAGE_SIZE);
    }
}

static void place_ramdisk(struct guest_build *b)
{
    uint64_t pfn = b->layout.ramdisk_pfn;
    uint64_t list_frames = frames_for(list_bytes());

    if (b->layout.ramdisk_frames == 0) {
        return;
    }
    if (list_frames != 0) {
        populate(b, pfn, pfn + list_frames);
        zero_pfns(b, pfn, pfn + list_frames);
        put_module_list(b);
        pfn += list_frames;
        b->start_flags |= SIF_MULTIBOOT_MOD;
    }
    if (b->image->unmapped_ramdisk) {
        b->start_flags |= SIF_MOD_START_PFN;
    }
    for (unsigned int i = 1; i < boot_info.module_count; i++) {
        if (can_adopt(i)) {
            adopt_module(b, i, pfn);
        } else {
            copy_module(b, i, pfn);
        }
        pfn += frames_for(boot_info.modules[i].length);
    }
}

/* The file fills the whole frame, so that nothing need be cleared. */
static bool file_fills(const struct elf_image *image, uint64_t pfn)
{
    uint64_t start = pfn << PAGE_SHIFT;

    for (unsigned int i = 0; i < image->segment_count; i++) {
        const struct elf_segment *s = &image->segments[i];

        if (s->offset <= start &&
            start + PAGE_SIZE <= s->offset + s->file_size) {
            return true;
        }
    }
    return false;
}

/* B1. What lies below the image is memory like that behind the range. */
static void zero_mapped(const struct guest_build *b)
{
    const struct guest_layout *l = &b->layout;
    uint64_t pfn = l->kernel_frames;

    for (unsigned int i = 0; i < b->image->segment_count; i++) {
        pfn = min_u64(pfn, b->image->segments[i].offset >> PAGE_SHIFT);
    }
    for (; pfn < l->mapped_frames; pfn++) {
        bool in_ramdisk = pfn - l->ramdisk_pfn < l->ramdisk_frames;

        if (!in_ramdisk && !file_fills(b->image, pfn)) {
            arch_frame_zero(MFN(b->mfns[pfn]));
        }
    }
}

/* B2. Two segments may name the same bytes of the file: the first gets the
 * frame. */
static void adopt_kernel(const struct guest_build *b)
{
    for (unsigned int i = 0; i < b->image->segment_count; i++) {
        const struct elf_segment *s = &b->image->segments[i];
        uint64_t to_file = boot_info.modules[0].start + s->file_offset -
                           s->offset;
        uint64_t end = s->offset + s->file_size;

        if (to_file % PAGE_SIZE != 0) {
            continue;
        }
        for (uint64_t at = round_up(s->offset, PAGE_SIZE);
             at + PAGE_SIZE <= end; at += PAGE_SIZE) {
            uint64_t mfn = (at + to_file) >> PAGE_SHIFT;

            if (is_left(mfn)) {
                domain_adopt_frame(b->domain, MFN(mfn));
                b->mfns[at >> PAGE_SHIFT] = mfn;
            }
        }
    }
}

static void load_kernel(const struct guest_build *b)
{
    const uint8_t *file = module_bytes(&boot_info.modules[0]);

    for (unsigned int i = 0; i < b->image->segment_count; i++) {
        const struct elf_segment *s = &b->image->segments[i];

        copy_to_domain(b, s->offset, file + s->file_offset, s->file_size);
    }
    free_module(0); /* B3 */
}

/* --- all together --------------------------------------------------------- */

static void parse_kernel(struct elf_image *image)
{
    const struct boot_module *m = &boot_info.modules[0];
    char why[WHY_SIZE];

    if (elf_parse(module_bytes(m), m->length, image, why, sizeof(why))) {
        cannot_start("the guest kernel %s", why);
    }
    if (!image->d0_capable && !options.d0_is_guest) {
        printk("the guest kernel says that it can not be the first domain; "
               "trying all the same");
    }
}

/* B4: everything that can be said before memory is taken. */
static void plan(struct guest_build *b)
{
    uint64_t frames = options.d0_mem_mib * FRAMES_PER_MIB;
    uint64_t ramdisk = ramdisk_frames();
    uint64_t kernel = frames_for(b->image->end_offset);
    uint64_t free;
    mfn_t unused;
    char why[WHY_SIZE];

    if (pv_layout(b->image, frames, ramdisk, options.d0_is_guest, &b->layout,
                  why, sizeof(why))) {
        cannot_start("the guest kernel %s", why);
    }
    if (kernel > frames) {
        cannot_start("the guest kernel's image needs %lu MiB, but the first "
                     "domain has %lu: raise d0_mem", mib_for(kernel),
                     options.d0_mem_mib);
    }
    if (b->layout.frames_needed > frames) {
        cannot_start("the guest kernel%s needs at least %lu MiB to start, but "
                     "the first domain has %lu: raise d0_mem",
                     ramdisk != 0 ? " with its ramdisk" : "",
                     mib_for(b->layout.frames_needed), options.d0_mem_mib);
    }
    free = page_alloc_free_frames() + whole_frames(0, &unused); /* B3 */
    if (frames - ramdisk + FRAMES_KEPT > free) {
        cannot_start("the first domain should get %lu MiB (d0_mem), but only "
                     "%lu are free: give the machine more memory, or lower "
                     "d0_mem", options.d0_mem_mib,
                     (free + ramdisk) / FRAMES_PER_MIB);
    }
}

static unsigned int order_for(uint64_t bytes)
{
    unsigned int order = 0;

    while ((PAGE_SIZE << order) < bytes) {
        order++;
    }
    return order;
}

static void fill_domain(struct guest_build *b)
{
    const struct guest_layout *l = &b->layout;
    unsigned int order = order_for(l->frames * sizeof(*b->mfns));

    b->mfns = order <= PAGE_ORDER_MAX ? hv_alloc_pages(order) : NULL;
    if (b->mfns == NULL) {
        cannot_start("there is no memory for the list of the first domain's "
                     "%lu frames: lower d0_mem", l->frames);
    }
    memset(b->mfns, 0, l->frames * sizeof(*b->mfns)); /* none yet */
    place_ramdisk(b);
    adopt_kernel(b);
    populate_missing(b, 0, l->mapped_frames);
    zero_mapped(b);
    load_kernel(b);
    populate_missing(b, l->mapped_frames, l->frames);
    if (l->console_pfn != 0 &&
        console_ring_attach(b->domain, MFN(b->mfns[l->console_pfn]),
                            &b->console_port) != 0) {
        cannot_start("there is no memory for the first domain's console");
    }
    pv_start_of_day(b);
    hv_free_pages(b->mfns, order);
}

static void report(const struct guest_build *b)
{
    const struct elf_image *image = b->image;

    printk("d0: %s %s, %lu MiB, %u vcpu%s, image %lu KiB, ramdisk %lu KiB, "
           "entry %lx", image->guest_os[0] != '\0' ? image->guest_os : "guest",
           image->guest_version, options.d0_mem_mib, b->domain->vcpu_count,
           b->domain->vcpu_count == 1 ? "" : "s",
           kib_of(b->layout.kernel_frames),
           kib_of(b->layout.ramdisk_frames), image->entry);
}

/* The list and its modules, or the one module. */
static uint64_t ramdisk_bytes(void)
{
    if (boot_info.module_count == 2) {
        return boot_info.modules[1].length;
    }
    return ramdisk_frames() << PAGE_SHIFT;
}

void build_first_domain(void)
{
    struct elf_image image;
    struct guest_build b = {
        .image = &image,
        .start_flags = options.d0_is_guest ? 0
                                           : SIF_PRIVILEGED | SIF_INITDOMAIN,
    };

    check_modules();
    parse_kernel(&image);
    b.cmdline = options.d0_cmdline[0] != '\0' ? options.d0_cmdline
                                              : boot_info.modules[0].text;
    b.ramdisk_bytes = ramdisk_bytes();
    plan(&b);
    if (b.ramdisk_bytes > UINT32_MAX && boot_info.module_count > 2) {
        cannot_start("the boot modules are together larger than 4 GiB, which "
                     "their list can not express");
    }
    audit_expect_free(page_alloc_free_frames() + frames_of_modules());
    b.domain = domain_create(0, options.d0_vcpus, b.layout.frames,
                             !options.d0_is_guest);
    if (b.domain == NULL ||
        (options.d0_is_guest && !memory_map_set_plain(b.domain))) {
        cannot_start("there is no memory for the first domain's own data: "
                     "give the machine more");
    }
    fill_domain(&b);
    report(&b);
}
