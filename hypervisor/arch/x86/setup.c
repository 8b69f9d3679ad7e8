/* SPDX-License-Identifier: MIT */
/*
 * From the first line of C to the first domain: the order of boot as a list.
 *
 * setup() runs on the boot block of boot32.asm with the early page tables;
 * setup_on_own_stack() on CPU 0's real block, behind guard pages.
 */
#include <arch/cr.h>
#include <hv/arch.h>
#include <hv/audit.h>
#include <hv/boot_info.h>
#include <hv/console.h>
#include <hv/options.h>
#include <hv/trace.h>
#include <hv/util.h>

#include "acpi.h"
#include "apic.h"
#include "boot.h"
#include "clock.h"
#include "desc_tables.h"
#include "ioapic.h"
#include "paging.h"
#include "profile.h"
#include "serial.h"
#include "smap.h"
#include "smp.h"
#include "traps.h"
#include "vga.h"

extern char boot_cpu_block[];

#define UART_IRQ 4
void setup(uint32_t magic, uint32_t info, uint64_t tsc);

void arch_console_write(const char *text, size_t len)
{
    serial_write(text, len);
    vga_write(text, len);
}

int arch_console_read(void)
{
    return serial_read();
}

static uint64_t entry_tsc; /* at the first instruction of ours */

/* The two figures that boot is measured by. */
static void print_figures(void)
{
    uint64_t us = (rdtsc() - entry_tsc) * 1000000 / clock_tsc_hz();

    printk("ready %lu us after entry; the hypervisor holds %lu KiB, 24 bytes "
           "a frame are %lu KiB of it", us, memory_held_kib(),
           memory_frames() * 24 / 1024);
}

NORETURN static void setup_on_own_stack(struct cpu *c)
{
    smp_init_boot_cpu(c);
    cpu_load_tables(c);
    smap_init();

    acpi_init(boot_info.rsdp);
    clock_init();
    apic_init(); /* measures its timer by the clock */
    ioapic_init();
    sched_init_cpu(c);
    smp_boot_all();
    printk("%u CPU%s, %lu MiB of memory, %lu MiB free", cpu_count,
           cpu_count == 1 ? "" : "s", memory_frames() >> (20 - PAGE_SHIFT),
           page_alloc_free_frames() >> (20 - PAGE_SHIFT));
    if (ioapic_route_isa(UART_IRQ, VECTOR_UART, c) == 0) {
        serial_enable_interrupt();
    }
    if (options.trace || options.trace_stream_kib != 0) {
        trace_start();
    }
    if (options.profile_hz != 0) {
        profile_start(options.profile_hz);
    }
    if (options.panic) {
        panic("asked for by the option `panic`");
    }
    build_first_domain();
    print_figures();
    schedule();
    vcpu_start(domains[0]->vcpus[0]);
    idle_loop();
}

/* Leaves the boot block's stack for the one at the end of c's block. */
NORETURN static void switch_stack(struct cpu *c)
{
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "call *%1"
                     : : "r"((struct cpu_regs *)c - 1),
                         "r"(setup_on_own_stack), "D"(c) : "memory");
    __builtin_unreachable();
}

void setup(uint32_t magic, uint32_t info, uint64_t tsc)
{
    char why[160];
    struct cpu *c;

    entry_tsc = tsc;
    cpus[0] = (struct cpu *)(boot_cpu_block + PERCPU_STACK_TOP);
    serial_init();
    vga_init();
    BUG_ON(image_phys(image_start) != HV_LOAD_PHYS);
    if (!boot_info_read(magic, info)) {
        cannot_start("unknown boot loader; use GRUB's multiboot2, a PVH "
                     "loader or qemu -kernel with the ELF32 image");
    }
    printk("Xenios, a hypervisor for Xen PV guests; booted by %s",
           boot_info.loader);
    if (options_parse(boot_info.cmdline, why, sizeof(why)) != 0) {
        cannot_start("%s", why);
    }
    if (boot_info.module_count == 0) {
        cannot_start("no guest: give the first domain's kernel as the first "
                     "boot module");
    }
    paging_init();
    vga_remap();
    smp_reserve_trampoline();
    paging_release_memory();
    c = percpu_create(0);
    if (c == NULL) {
        cannot_start("too little memory for the first CPU's stacks");
    }
    switch_stack(c);
}
