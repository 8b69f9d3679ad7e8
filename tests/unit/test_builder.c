/* SPDX-License-Identifier: MIT */
/*
 * Claims about core/builder.c and pv/start_info.c: the first domain as its
 * kernel finds it, and every refusal. The kernel is a generated ELF file in
 * frames taken from the allocator, as a boot loader's module would be.
 */
#include <hv/audit.h>
#include <hv/boot_info.h>
#include <hv/builder.h>
#include <hv/options.h>
#include <hv/sched.h>

#include "elf_file.h"
#include "test_main.h"
#include "world.h"

#define MACHINE_FRAMES 6144u /* 24 MiB */
#define D0_MIB 8u
#define D0_FRAMES (D0_MIB * 256)

#define BASE 0xffffffff80000000ull
#define KERNEL_PFN 1u
#define KERNEL_BYTES 0x2345u
#define KERNEL_MEMORY 0x5000u
#define KERNEL_END (0x1000u + KERNEL_MEMORY)

static struct elf_file f;
static uint8_t kernel_bytes[KERNEL_BYTES];
static uint64_t frames_at_start;

static void setup(void)
{
    host_machine_start(MACHINE_FRAMES, 1);
    host_set_cpu(0);
    sched_init_cpu(cpus[0]);
    frames_at_start = page_alloc_free_frames();
    memset(&boot_info, 0, sizeof(boot_info));
    options = (struct options){ .d0_mem_mib = D0_MIB, .d0_vcpus = 1 };
    for (unsigned int i = 0; i < KERNEL_BYTES; i++) {
        kernel_bytes[i] = (uint8_t)(i * 7 + i / 256);
    }
}

/* Guest addresses are those of this vcpu from now on; it does not run. */
static void play(struct vcpu *v)
{
    cpus[0]->current->on_cpu = false;
    cpus[0]->current = v;
    cpus[0]->scheduled = v;
    v->on_cpu = true;
}

static void end_domain(void)
{
    if (domains[0] != NULL) {
        play(cpus[0]->idle);
        domain_destroy(domains[0]);
    }
}

/* Puts a module into frames of its own, `at` bytes from their beginning. */
static struct boot_module *add_module(const void *data, uint64_t length,
                                      uint64_t at, const char *text)
{
    struct boot_module *m = &boot_info.modules[boot_info.module_count++];
    uint64_t frames = (at + length + PAGE_SIZE - 1) / PAGE_SIZE;
    unsigned int order = 0;
    mfn_t mfn;

    while ((1ull << order) < frames) {
        order++;
    }
    mfn = page_alloc(order, INVALID_MFN);
    ck_assert(mfn_valid_number(mfn));
    for (uint64_t i = frames; i < 1ull << order; i++) {
        page_free(MFN(mfn.v + i), 0);
    }
    memset(frame_map(mfn), 0xee, frames * PAGE_SIZE);
    memcpy((uint8_t *)frame_map(mfn) + at, data, length);
    m->start = (mfn.v << PAGE_SHIFT) + at;
    m->length = length;
    strcpy(m->text, text);
    return m;
}

static void begin_kernel(void)
{
    elf_begin(&f);
    elf_load(&f, KERNEL_PFN * PAGE_SIZE, kernel_bytes, KERNEL_BYTES,
             KERNEL_MEMORY);
    elf_note_identity(&f);
    elf_note_number(&f, XEN_ELFNOTE_VIRT_BASE, BASE);
    elf_note_number(&f, XEN_ELFNOTE_ENTRY, BASE + 0x1010);
}

/* The file is padded to whole pages, so that nothing of it is lost. */
static void end_kernel(void)
{
    elf_finish(&f, NOTES_IN_SEGMENT);
    add_module(f.bytes, ELF_FILE_MAX, 0, "kernel arguments");
}

static void plain_kernel(void)
{
    begin_kernel();
    end_kernel();
}

static void build(void *unused)
{
    build_first_domain();
}

static struct start_info *start_info(void)
{
    gva_t va = GVA(domains[0]->vcpus[0]->regs.rsi);
    mfn_t mfn = host_guest_translate(va, true);

    ck_assert(mfn_valid_number(mfn));
    return frame_map(mfn);
}

static void expect_built(void)
{
    ck_assert_msg(host_run(build, NULL) == HOST_RETURNED, "%s",
                  host_console_text());
    ck_assert_ptr_nonnull(domains[0]);
    play(domains[0]->vcpus[0]);
}

/* Everything comes back: all modules here end at page boundaries or belong to
 * the domain. */
static void expect_nothing_lost(void)
{
    audit_all();
    end_domain();
    ck_assert_uint_eq(page_alloc_free_frames(), frames_at_start);
}

static uint64_t p2m_entry(uint64_t pfn)
{
    gva_t va = GVA(start_info()->mfn_list + pfn * 8);
    mfn_t mfn = host_guest_translate(va, true);

    ck_assert(mfn_valid_number(mfn));
    return ((uint64_t *)frame_map(mfn))[va.v % PAGE_SIZE / 8];
}

/* --- the domain ----------------------------------------------------------- */

/* Of the kernel's module, which the file fills from its beginning. */
static uint64_t frame_of_file(uint64_t offset)
{
    return (boot_info.modules[0].start + offset) >> PAGE_SHIFT;
}

static void expect_image(uint64_t pfn, const uint8_t *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *page = frame_map(MFN(p2m_entry(pfn + i / PAGE_SIZE)));

        ck_assert_uint_eq(page[i % PAGE_SIZE], bytes[i]);
    }
}

START_TEST(whole_pages_of_the_file_become_the_domains)
{
    plain_kernel();
    expect_built();
    ck_assert_uint_eq(p2m_entry(KERNEL_PFN), frame_of_file(ELF_DATA_AT));
    ck_assert_uint_eq(p2m_entry(KERNEL_PFN + 1),
                      frame_of_file(ELF_DATA_AT) + 1);
    /* The file goes on where the segment ends. */
    ck_assert_uint_ne(p2m_entry(KERNEL_PFN + 2),
                      frame_of_file(ELF_DATA_AT) + 2);
    expect_image(KERNEL_PFN, kernel_bytes, KERNEL_BYTES);
    ck_assert_uint_eq(domains[0]->frames_total, D0_FRAMES);
    expect_nothing_lost();
}
END_TEST

START_TEST(pages_across_frames_of_the_file_are_copied)
{
    elf_begin(&f);
    f.size += 16;
    elf_load(&f, KERNEL_PFN * PAGE_SIZE, kernel_bytes, KERNEL_BYTES,
             KERNEL_MEMORY);
    elf_note_identity(&f);
    end_kernel();
    expect_built();
    ck_assert_uint_ne(p2m_entry(KERNEL_PFN), frame_of_file(ELF_DATA_AT));
    expect_image(KERNEL_PFN, kernel_bytes, KERNEL_BYTES);
    expect_nothing_lost();
}
END_TEST

START_TEST(bytes_named_twice_are_there_twice)
{
    begin_kernel();
    elf_load(&f, 16 * PAGE_SIZE, "", 0, KERNEL_MEMORY)->p_filesz =
        KERNEL_BYTES;
    elf_segment(&f, 1)->p_offset = ELF_DATA_AT;
    end_kernel();
    expect_built();
    ck_assert_uint_eq(p2m_entry(KERNEL_PFN), frame_of_file(ELF_DATA_AT));
    ck_assert_uint_ne(p2m_entry(16), p2m_entry(KERNEL_PFN));
    expect_image(KERNEL_PFN, kernel_bytes, KERNEL_BYTES);
    expect_image(16, kernel_bytes, KERNEL_BYTES);
    expect_nothing_lost();
}
END_TEST

START_TEST(the_first_vcpu_is_ready_and_has_not_started)
{
    const struct vcpu *v;
    static const struct cpu_regs zero;

    plain_kernel();
    expect_built();
    v = domains[0]->vcpus[0];
    ck_assert_uint_eq(v->regs.rip, BASE + 0x1010);
    ck_assert_uint_eq(v->regs.rflags, 0x202);
    ck_assert_uint_eq(v->regs.cs, 0xe033);
    ck_assert_uint_eq(v->regs.ss, 0xe02b);
    ck_assert_uint_eq(v->regs.rsp % PAGE_SIZE, 0);
    ck_assert_mem_eq(&v->regs, &zero, offsetof(struct cpu_regs, rsi));
    ck_assert_uint_eq(v->regs.rdi, 0);
    ck_assert(v->kernel_mode && v->initialised);
    ck_assert_uint_eq(v->pv.debugreg[6], 0xffff0ff0);
    ck_assert_uint_eq(v->pv.debugreg[7], 0x400);
    ck_assert_int_eq(v->state, VCPU_OFFLINE);
    ck_assert(domains[0]->is_privileged);
    ck_assert_uint_eq(domains[0]->frames_total, D0_FRAMES);
    for (unsigned int i = 0; i < 32; i++) {
        ck_assert_uint_eq(domains[0]->shared_info->vcpu_info[i]
                              .evtchn_upcall_mask, 1);
    }
    expect_nothing_lost();
}
END_TEST

START_TEST(start_info_says_what_is_so)
{
    const struct start_info *si;

    plain_kernel();
    expect_built();
    si = start_info();
    ck_assert_str_eq(si->magic, "xen-3.0-x86_64");
    ck_assert_uint_eq(si->nr_pages, D0_FRAMES);
    ck_assert_uint_eq(si->flags, SIF_PRIVILEGED | SIF_INITDOMAIN);
    ck_assert_uint_eq(si->shared_info,
                      domains[0]->shared_info_mfn.v << PAGE_SHIFT);
    ck_assert_uint_eq(si->console.dom0.info_off, 0);
    ck_assert_uint_eq(si->console.dom0.info_size, 0);
    ck_assert_uint_eq(si->store_mfn, 0);
    ck_assert_uint_eq(si->mod_start, 0);
    ck_assert_uint_eq(si->mod_len, 0);
    ck_assert_uint_eq(si->first_p2m_pfn, 0);
    ck_assert_uint_eq(si->nr_p2m_frames, 0);
    ck_assert_str_eq((const char *)si->cmd_line, "kernel arguments");
    expect_nothing_lost();
}
END_TEST

START_TEST(text_behind_two_dashes_replaces_the_modules)
{
    plain_kernel();
    strcpy(options.d0_cmdline, "other words");
    expect_built();
    ck_assert_str_eq((const char *)start_info()->cmd_line, "other words");
    expect_nothing_lost();
}
END_TEST

START_TEST(the_order_of_pages_is_as_promised)
{
    const struct start_info *si;
    uint64_t p2m, info, stack_end;

    plain_kernel();
    expect_built();
    si = start_info();
    p2m = BASE + KERNEL_END;
    info = p2m + D0_FRAMES * 8;
    ck_assert_uint_eq(si->mfn_list, p2m);
    ck_assert_uint_eq(domains[0]->vcpus[0]->regs.rsi, info);
    ck_assert_uint_eq(si->pt_base, info + PAGE_SIZE);
    stack_end = si->pt_base + (si->nr_pt_frames + 1) * PAGE_SIZE;
    ck_assert_uint_eq(domains[0]->vcpus[0]->regs.rsp, stack_end);
    ck_assert_uint_eq(si->nr_pt_frames, 5); /* L4, L3, L2, two L1: 4 MiB */
    expect_nothing_lost();
}
END_TEST

/* S1 and S3 of pv/start_info.c */
START_TEST(everything_is_mapped_at_its_place)
{
    const struct start_info *si;
    uint64_t table_pfn, table_end, mapped;

    plain_kernel();
    expect_built();
    si = start_info();
    table_pfn = (si->pt_base - BASE) >> PAGE_SHIFT;
    table_end = table_pfn + si->nr_pt_frames;
    for (mapped = 0; mapped < D0_FRAMES; mapped++) {
        gva_t va = GVA(BASE + (mapped << PAGE_SHIFT));
        mfn_t mfn = host_guest_translate(va, false);
        bool is_table = mapped >= table_pfn && mapped < table_end;

        if (!mfn_valid_number(mfn)) {
            break;
        }
        ck_assert_uint_eq(mfn.v, p2m_entry(mapped));
        ck_assert_uint_eq(mfn_valid_number(host_guest_translate(va, true)),
                          !is_table);
    }
    ck_assert_uint_eq(mapped, 1024); /* 4 MiB */
    ck_assert_uint_ge(mapped - table_end - 1, 128); /* 512 KiB */
    expect_nothing_lost();
}
END_TEST

START_TEST(p2m_and_m2p_agree)
{
    plain_kernel();
    expect_built();
    for (uint64_t pfn = 0; pfn < D0_FRAMES; pfn++) {
        mfn_t mfn = MFN(p2m_entry(pfn));

        ck_assert(mfn_valid(mfn));
        ck_assert_uint_eq(arch_m2p_get(mfn), pfn);
        ck_assert_uint_eq(mfn_to_frame(mfn)->owner, 0);
    }
    ck_assert_uint_eq(arch_m2p_get(domains[0]->shared_info_mfn), M2P_INVALID);
    expect_nothing_lost();
}
END_TEST

START_TEST(the_image_is_loaded_and_the_rest_is_zero)
{
    plain_kernel();
    expect_built();
    for (uint64_t pfn = KERNEL_PFN; pfn < KERNEL_END / PAGE_SIZE; pfn++) {
        const uint8_t *page = frame_map(MFN(p2m_entry(pfn)));

        for (uint64_t i = 0; i < PAGE_SIZE; i++) {
            uint64_t at = pfn * PAGE_SIZE + i - KERNEL_PFN * PAGE_SIZE;

            ck_assert_uint_eq(page[i],
                              at < KERNEL_BYTES ? kernel_bytes[at] : 0);
        }
    }
    expect_nothing_lost();
}
END_TEST

START_TEST(the_top_table_is_pinned_and_loaded)
{
    mfn_t l4;
    uint64_t word;

    plain_kernel();
    expect_built();
    l4 = host_guest_translate(GVA(start_info()->pt_base), false);
    word = mfn_to_frame(l4)->word;
    ck_assert_int_eq(fw_type(word), PT_L4);
    ck_assert((word & FW_PINNED) && (word & FW_VALIDATED));
    ck_assert_uint_eq(fw_type_count(word), 2); /* pin, base pointer */
    ck_assert_uint_eq(domains[0]->vcpus[0]->pv.kernel_table.v, l4.v);
    expect_nothing_lost();
}
END_TEST

START_TEST(the_hypercall_page_is_filled)
{
    static const uint8_t call5[] = { 0x51, 0x41, 0x53, 0xb8, 5, 0, 0, 0,
                                     0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3,
                                     0xcc };
    static const uint8_t iret[] = { 0x51, 0x41, 0x53, 0x50, 0xb8, 23, 0, 0, 0,
                                    0x0f, 0x05, 0xcc };
    const uint8_t *page;

    begin_kernel();
    elf_note_number(&f, XEN_ELFNOTE_HYPERCALL_PAGE, BASE + 0x5000);
    end_kernel();
    expect_built();
    page = frame_map(MFN(p2m_entry(5)));
    ck_assert_mem_eq(page + 5 * 32, call5, sizeof(call5));
    ck_assert_mem_eq(page + 23 * 32, iret, sizeof(iret));
    ck_assert_uint_eq(page[127 * 32 + 4], 127);
    ck_assert_uint_eq(page[4095], 0xcc);
    expect_nothing_lost();
}
END_TEST

START_TEST(the_kernels_file_comes_back)
{
    uint64_t before;

    plain_kernel();
    before = page_alloc_free_frames() - D0_FRAMES;
    expect_built();
    /* shared_info, vcpu and the like take less than the file gave. */
    ck_assert_uint_gt(page_alloc_free_frames() + 64,
                      before + ELF_FILE_MAX / PAGE_SIZE);
    expect_nothing_lost();
}
END_TEST

START_TEST(several_vcpus_are_there_and_offline)
{
    plain_kernel();
    options.d0_vcpus = 4;
    expect_built();
    ck_assert_uint_eq(domains[0]->vcpu_count, 4);
    ck_assert(!domains[0]->vcpus[1]->initialised);
    expect_nothing_lost();
}
END_TEST

START_TEST(the_p2m_goes_where_the_kernel_wants_it)
{
    const struct start_info *si;
    uint64_t first;

    begin_kernel();
    elf_note_number(&f, XEN_ELFNOTE_INIT_P2M, 0x8000000000);
    end_kernel();
    expect_built();
    si = start_info();
    ck_assert_uint_eq(si->mfn_list, 0x8000000000);
    ck_assert_uint_eq(si->nr_p2m_frames, D0_FRAMES * 8 / PAGE_SIZE + 3);
    first = si->first_p2m_pfn;
    ck_assert_uint_ge(first, 1024); /* behind the mapped range */
    for (uint64_t i = 0; i < D0_FRAMES * 8 / PAGE_SIZE; i++) {
        gva_t va = GVA(0x8000000000 + i * PAGE_SIZE);

        ck_assert_uint_eq(host_guest_translate(va, true).v,
                          p2m_entry(first + i));
    }
    for (uint64_t pfn = 0; pfn < D0_FRAMES; pfn++) {
        ck_assert_uint_eq(arch_m2p_get(MFN(p2m_entry(pfn))), pfn);
    }
    expect_nothing_lost();
}
END_TEST

START_TEST(the_p2m_may_share_upper_tables_with_the_image)
{
    begin_kernel();
    elf_note_number(&f, XEN_ELFNOTE_INIT_P2M, BASE + 0x40000000);
    end_kernel();
    expect_built();
    ck_assert_uint_eq(start_info()->mfn_list, BASE + 0x40000000);
    ck_assert_uint_eq(arch_m2p_get(MFN(p2m_entry(77))), 77);
    expect_nothing_lost();
}
END_TEST

START_TEST(a_kernel_may_live_at_address_0)
{
    elf_begin(&f);
    elf_load(&f, 0, kernel_bytes, KERNEL_BYTES, KERNEL_MEMORY);
    elf_note_identity(&f);
    end_kernel();
    expect_built();
    ck_assert_uint_eq(domains[0]->vcpus[0]->regs.rip, 0);
    ck_assert_uint_eq(host_guest_translate(GVA(0), true).v, p2m_entry(0));
    expect_nothing_lost();
}
END_TEST

/* --- ramdisks ------------------------------------------------------------- */

static uint8_t disk[3][0x3000];

static void fill_disks(void)
{
    for (unsigned int i = 0; i < 3; i++) {
        memset(disk[i], (int)('1' + i), sizeof(disk[i]));
    }
}

/* The bytes of the domain at an address of the initial mapping. */
static const uint8_t *at_va(uint64_t va)
{
    mfn_t mfn = host_guest_translate(GVA(va), false);

    ck_assert(mfn_valid_number(mfn));
    return (const uint8_t *)frame_map(mfn) + va % PAGE_SIZE;
}

static void expect_bytes(uint64_t va, const uint8_t *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        ck_assert_uint_eq(*at_va(va + i), bytes[i]);
    }
}

START_TEST(a_ramdisks_frames_become_the_domains)
{
    const struct start_info *si;
    const struct boot_module *m;

    fill_disks();
    plain_kernel();
    m = add_module(disk[0], 0x2345, 0, "");
    expect_built();
    si = start_info();
    ck_assert_uint_eq(si->mod_start, BASE + KERNEL_END);
    ck_assert_uint_eq(si->mod_len, 0x2345);
    ck_assert_uint_eq(si->flags, SIF_PRIVILEGED | SIF_INITDOMAIN);
    expect_bytes(si->mod_start, disk[0], 0x2345);
    ck_assert_uint_eq(p2m_entry(KERNEL_END / PAGE_SIZE),
                      m->start >> PAGE_SHIFT);
    for (uint64_t i = 0x2345; i < 0x3000; i++) { /* B1 */
        ck_assert_uint_eq(*at_va(si->mod_start + i), 0);
    }
    ck_assert_uint_eq(domains[0]->frames_total, D0_FRAMES);
    expect_nothing_lost();
}
END_TEST

START_TEST(an_unmapped_ramdisk_is_given_by_pfn)
{
    const struct start_info *si;
    const struct boot_module *m;

    fill_disks();
    begin_kernel();
    elf_note_number(&f, XEN_ELFNOTE_MOD_START_PFN, 1);
    end_kernel();
    m = add_module(disk[0], 0x3000, 0, "");
    expect_built();
    si = start_info();
    ck_assert_uint_eq(si->flags, SIF_PRIVILEGED | SIF_INITDOMAIN |
                                 SIF_MOD_START_PFN);
    ck_assert_uint_eq(si->mod_start, 1024);
    ck_assert_uint_eq(si->mod_len, 0x3000);
    ck_assert_uint_eq(p2m_entry(1024), m->start >> PAGE_SHIFT);
    ck_assert(!mfn_valid_number(
        host_guest_translate(GVA(BASE + 0x400000), false)));
    expect_nothing_lost();
}
END_TEST

START_TEST(an_unaligned_ramdisk_is_copied)
{
    const struct start_info *si;
    const struct boot_module *m;

    fill_disks();
    plain_kernel();
    m = add_module(disk[0], 0x2000, 0x123, "");
    expect_built();
    si = start_info();
    ck_assert_uint_eq(si->mod_len, 0x2000);
    expect_bytes(si->mod_start, disk[0], 0x2000);
    ck_assert_uint_ne(p2m_entry(KERNEL_END / PAGE_SIZE),
                      m->start >> PAGE_SHIFT);
    end_domain();
    /* The two frames at its ends are lost, the one between came back. */
    ck_assert_uint_eq(page_alloc_free_frames(), frames_at_start - 2);
}
END_TEST

START_TEST(several_modules_become_a_list)
{
    const struct start_info *si;
    const struct xen_multiboot_mod_list *list;

    fill_disks();
    plain_kernel();
    add_module(disk[0], 0x1001, 0, "name=a kernel");
    add_module(disk[1], 0x1000, 0, "");
    add_module(disk[2], 0x10, 0, "third");
    expect_built();
    si = start_info();
    ck_assert_uint_eq(si->flags, SIF_PRIVILEGED | SIF_INITDOMAIN |
                                 SIF_MULTIBOOT_MOD);
    ck_assert_uint_eq(si->mod_len, 0x5000);
    list = (const void *)at_va(si->mod_start);
    ck_assert_uint_eq(list[0].mod_start, 0x1000);
    ck_assert_uint_eq(list[0].mod_end, 0x2001);
    ck_assert_uint_eq(list[1].mod_start, 0x3000);
    ck_assert_uint_eq(list[1].mod_end, 0x4000);
    ck_assert_uint_eq(list[2].mod_start, 0x4000);
    ck_assert_uint_eq(list[2].mod_end, 0x4010);
    ck_assert_uint_eq(list[3].mod_start | list[3].mod_end | list[3].cmdline,
                      0);
    ck_assert_str_eq((const char *)at_va(si->mod_start + list[0].cmdline),
                     "name=a kernel");
    ck_assert_str_eq((const char *)at_va(si->mod_start + list[1].cmdline), "");
    ck_assert_str_eq((const char *)at_va(si->mod_start + list[2].cmdline),
                     "third");
    expect_bytes(si->mod_start + list[0].mod_start, disk[0], 0x1001);
    expect_bytes(si->mod_start + list[1].mod_start, disk[1], 0x1000);
    expect_bytes(si->mod_start + list[2].mod_start, disk[2], 0x10);
    expect_nothing_lost();
}
END_TEST

START_TEST(modules_that_share_a_frame_are_copied)
{
    const struct start_info *si;
    const struct xen_multiboot_mod_list *list;
    struct boot_module *m;

    fill_disks();
    memcpy(disk[0] + 0x1800, disk[1], 0x800);
    plain_kernel();
    m = add_module(disk[0], 0x2000, 0, "first"); /* 0-0x17ff, aligned */
    boot_info.modules[2] = *m;
    m->length = 0x1800;
    boot_info.modules[2].start += 0x1800;
    boot_info.modules[2].length = 0x800;
    boot_info.module_count = 3;
    expect_built();
    si = start_info();
    list = (const void *)at_va(si->mod_start);
    expect_bytes(si->mod_start + list[0].mod_start, disk[0], 0x1800);
    expect_bytes(si->mod_start + list[1].mod_start, disk[1], 0x800);
}
END_TEST

START_TEST(an_empty_module_is_no_ramdisk)
{
    fill_disks();
    plain_kernel();
    boot_info.module_count = 2;
    expect_built();
    ck_assert_uint_eq(start_info()->mod_start, 0);
    ck_assert_uint_eq(start_info()->mod_len, 0);
    expect_nothing_lost();
}
END_TEST

/* --- refusals ------------------------------------------------------------- */

static void expect_refused(const char *words)
{
    host_console_clear();
    ck_assert_int_eq(host_run(build, NULL), HOST_POWEROFF);
    ck_assert_msg(strstr(host_console_text(), "(xenios) cannot start: ") !=
                  NULL, "%s", host_console_text());
    ck_assert_msg(strstr(host_console_text(), words) != NULL,
                  "'%s' is not in: %s", words, host_console_text());
}

START_TEST(no_module_is_no_guest)
{
    expect_refused("no guest");
}
END_TEST

START_TEST(a_bad_kernel_is_refused_with_its_reason)
{
    plain_kernel();
    memcpy(frame_map(MFN(boot_info.modules[0].start >> PAGE_SHIFT)), "text",
           4);
    expect_refused("the guest kernel is not an ELF file");
}
END_TEST

START_TEST(too_little_memory_is_refused)
{
    plain_kernel();
    options.d0_mem_mib = 3;
    expect_refused("needs at least 4 MiB");
}
END_TEST

START_TEST(an_image_larger_than_the_memory_is_refused)
{
    elf_begin(&f);
    elf_load(&f, 0, "x", 1, 100ull << 20);
    elf_note_identity(&f);
    end_kernel();
    expect_refused("image needs 100 MiB, but the first domain has 8: raise "
                   "d0_mem");
}
END_TEST

START_TEST(an_image_larger_than_any_machine_is_refused)
{
    elf_begin(&f);
    elf_load(&f, 0, "x", 1, 1ull << 60);
    elf_note_identity(&f);
    end_kernel();
    expect_refused("more than any machine");
}
END_TEST

START_TEST(more_memory_than_there_is_is_refused)
{
    plain_kernel();
    options.d0_mem_mib = 24;
    expect_refused("but only 23 are free");
    options.d0_mem_mib = 1u << 14;
    expect_refused("are free");
}
END_TEST

START_TEST(a_ramdisk_that_does_not_fit_is_refused)
{
    static uint8_t big[5 << 20];

    plain_kernel();
    add_module(big, sizeof(big), 0, "");
    options.d0_mem_mib = 7;
    expect_refused("with its ramdisk needs at least 8 MiB");
}
END_TEST

START_TEST(a_guest_in_the_hypervisors_place_is_refused)
{
    static const uint64_t bases[] = {
        0xffff800000000000, 0xffff87fffff00000, 0x0000800000000000,
        0xffff7fffff000000, 0xfffffffffff00000, 0x00007fffffff0000,
    };

    for (size_t i = 0; i < ARRAY_SIZE(bases); i++) {
        begin_kernel();
        elf_note_number(&f, XEN_ELFNOTE_VIRT_BASE, bases[i]);
        elf_note_number(&f, XEN_ELFNOTE_ENTRY, bases[i] + 0x1010);
        end_kernel();
        expect_refused("wants to be mapped");
        boot_info.module_count = 0;
    }
}
END_TEST

START_TEST(a_p2m_in_a_taken_place_is_refused)
{
    static const uint64_t places[] = {
        0xffff800000000000, 0x0000800000000000, BASE, BASE + 0x3ff000,
        BASE - 0x1000, 0xfffffffffffff000,
    };

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        begin_kernel();
        elf_note_number(&f, XEN_ELFNOTE_INIT_P2M, places[i]);
        end_kernel();
        expect_refused("wants its p2m list");
        boot_info.module_count = 0;
    }
}
END_TEST

START_TEST(modules_that_lie_wrong_are_refused)
{
    plain_kernel();
    boot_info.modules[1] = boot_info.modules[0];
    boot_info.module_count = 2;
    expect_refused("overlaps");
    boot_info.modules[1].start = frame_count << PAGE_SHIFT;
    expect_refused("outside the memory");
    boot_info.modules[1].start = ~0ull - 5;
    expect_refused("outside the memory");
}
END_TEST

/* --- the plan alone ------------------------------------------------------- */

START_TEST(plans_agree_with_themselves)
{
    struct elf_image image = { .virt_base = BASE };
    struct guest_layout l;
    char why[200];

    for (uint64_t mib = 1; mib <= 1024; mib = mib * 3 / 2 + 1) {
        for (uint64_t size = 1; size < 900; size = size * 2 + 1) {
            uint64_t tables;

            image.end_offset = size << 20;
            if (pv_layout(&image, mib * 256, size, false, &l, why,
                          sizeof(why))) {
                continue; /* leaves the top 2 GiB */
            }
            tables = 3 + (l.mapped_frames + 511) / 512 +
                     (l.mapped_frames > 1u << 18 ? 1 : 0);
            ck_assert_uint_eq(l.table_frames, tables);
            ck_assert_uint_ge(l.mapped_frames, l.stack_pfn + 1 + 128);
            ck_assert_uint_lt(l.mapped_frames, l.stack_pfn + 1 + 128 + 1024);
            ck_assert_uint_eq(l.mapped_frames % 1024, 0);
        }
    }
}
END_TEST

TEST_MAIN("builder", setup, NULL,
          whole_pages_of_the_file_become_the_domains,
          pages_across_frames_of_the_file_are_copied,
          bytes_named_twice_are_there_twice, the_first_vcpu_is_ready_and_has_not_started,
          start_info_says_what_is_so,
          text_behind_two_dashes_replaces_the_modules,
          the_order_of_pages_is_as_promised,
          everything_is_mapped_at_its_place,
          p2m_and_m2p_agree,
          the_image_is_loaded_and_the_rest_is_zero,
          the_top_table_is_pinned_and_loaded,
          the_hypercall_page_is_filled,
          the_kernels_file_comes_back,
          several_vcpus_are_there_and_offline,
          the_p2m_goes_where_the_kernel_wants_it,
          the_p2m_may_share_upper_tables_with_the_image,
          a_kernel_may_live_at_address_0,
          a_ramdisks_frames_become_the_domains,
          an_unmapped_ramdisk_is_given_by_pfn,
          an_unaligned_ramdisk_is_copied,
          several_modules_become_a_list,
          modules_that_share_a_frame_are_copied,
          an_empty_module_is_no_ramdisk,
          no_module_is_no_guest,
          a_bad_kernel_is_refused_with_its_reason,
          too_little_memory_is_refused,
          an_image_larger_than_the_memory_is_refused,
          an_image_larger_than_any_machine_is_refused,
          more_memory_than_there_is_is_refused,
          a_ramdisk_that_does_not_fit_is_refused,
          a_guest_in_the_hypervisors_place_is_refused,
          a_p2m_in_a_taken_place_is_refused,
          modules_that_lie_wrong_are_refused,
          plans_agree_with_themselves)
