/* SPDX-License-Identifier: MIT */
/*
 * SMAP: ring 0 can not touch user memory but where it says so.
 *
 * The guest's whole memory is user memory, kernel included, so with SMAP a
 * stray pointer of ours into a guest faults. Every legitimate access opens a
 * window with STAC and closes it with CLAC; traps, which keep the guest's AC
 * flag, begin with CLAC (SYSCALL clears AC by SFMASK).
 *
 * Two things keep it optional. A CPU without SMAP knows neither instruction,
 * so the places where they belong hold a three-byte NOP, listed in
 * .smap_sites, which is replaced at boot. And some emulated CPUs read the
 * frame of an IRET that a guest executes in ring 3 with the rights of ring 0:
 * under SMAP such a guest, which does nothing wrong, would die. Whether this
 * machine is one of them is found out by doing it once: a page that ring 3
 * may use, an IRETQ in it, and a look at what came back.
 */
#include "smap.h"

#include <arch/cr.h>
#include <arch/layout.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/options.h>

#include "desc_tables.h"
#include "paging.h"

struct smap_site {
    uint64_t address;
    uint64_t is_stac;
};

extern const struct smap_site smap_sites_start[], smap_sites_end[];

extern const char smap_probe_ud[], smap_probe_pf[];
bool smap_probe_ring3(uint64_t rip, uint64_t rsp);

#define PROBE_PAGE 0x10000ull /* any address of a guest */
#define PROBE_STACK 0x800ull
#define PROBE_UD   16ull
#define USER_TABLE 0x7ull     /* present, writable, user */
#define TABLES     5u

/* IRETQ at the page's start, the frame it will read, UD2 where it leads. */
static void fill_probe_page(uint8_t *page)
{
    uint64_t *frame = (uint64_t *)(page + PROBE_STACK);

    page[0] = 0x48;
    page[1] = 0xcf;
    page[PROBE_UD] = 0x0f;
    page[PROBE_UD + 1] = 0x0b;
    frame[0] = PROBE_PAGE + PROBE_UD;
    frame[1] = GUEST_CS64;
    frame[2] = 2;
    frame[3] = PROBE_PAGE + PROBE_STACK;
    frame[4] = GUEST_SS;
}

static uint64_t table_entry(const void *table)
{
    return mfn_to_maddr(frame_unmap_addr(table)).v | USER_TABLE;
}

static bool ring3_iret_works(void)
{
    uint64_t *t[TABLES]; /* L4, L3, L2, L1, the page */
    bool works = false;
    unsigned int n;

    for (n = 0; n < TABLES; n++) {
        t[n] = hv_alloc_pages(0);
        if (t[n] == NULL) {
            break;
        }
    }
    if (n == TABLES) {
        memcpy(t[0], hypervisor_l4, PAGE_SIZE);
        for (unsigned int l = 0; l < 4; l++) {
            t[l][PROBE_PAGE >> (39 - 9 * l) & 511] = table_entry(t[l + 1]);
        }
        fill_probe_page((uint8_t *)t[4]);
        idt_redirect(TRAP_UD, smap_probe_ud);
        idt_redirect(TRAP_PF, smap_probe_pf);
        arch_write_cr3(mfn_to_maddr(frame_unmap_addr(t[0])).v);
        works = smap_probe_ring3(PROBE_PAGE, PROBE_PAGE + PROBE_STACK);
        arch_write_cr3(hypervisor_cr3);
        idt_redirect(TRAP_UD, NULL);
        idt_redirect(TRAP_PF, NULL);
    }
    while (n > 0) {
        hv_free_pages(t[--n], 0);
    }
    return works;
}

/* Boot only, one CPU, interrupts off: the text may be written for once. */
static void patch_sites(void)
{
    static const uint8_t clac[3] = { 0x0f, 0x01, 0xca };
    static const uint8_t stac[3] = { 0x0f, 0x01, 0xcb };
    uint64_t cr0 = read_cr0();

    write_cr0(cr0 & ~CR0_WP);
    for (const struct smap_site *s = smap_sites_start; s < smap_sites_end;
         s++) {
        memcpy((void *)s->address, s->is_stac != 0 ? stac : clac, 3);
    }
    write_cr0(cr0);
}

void smap_init(void)
{
    uint32_t leaf7[4] = { 0 };

    if (cpuid_max(0) >= 7) {
        cpuid(7, 0, leaf7);
    }
    if ((leaf7[1] & (1u << 20)) == 0 || options.no_smap) {
        return;
    }
    write_cr4(read_cr4() | CR4_SMAP);
    if (!ring3_iret_works()) {
        write_cr4(read_cr4() & ~CR4_SMAP);
        printk("SMAP stays off: an IRET of ring 3 does not survive it here");
        return;
    }
    patch_sites();
    cpu_use_smap();
    printk("SMAP is on");
}
