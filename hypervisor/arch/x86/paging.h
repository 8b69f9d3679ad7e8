/* SPDX-License-Identifier: MIT */
/* The hypervisor's own mappings, and the memory it takes before there is an
 * allocator. Boot only unless a comment says otherwise. */
#ifndef ARCH_PAGING_H
#define ARCH_PAGING_H

#include <hv/cpu.h>
#include <hv/frame.h>

/*
 * Builds the final page tables, the frame records and the M2P table over the
 * memory map in boot_info, and switches to them. cannot_start() when memory
 * is too small.
 */
void paging_init(void);

/* Hands all memory that nobody uses to the frame allocator. Modules, the
 * image and what paging_init took stay out. */
void paging_release_memory(void);

/* A free frame below 1 MiB, kept out of everything else; boot only.
 * INVALID_MFN when the firmware left none. */
mfn_t boot_alloc_low(void);

/* Uncached access to a device's registers; NULL when the window is full. */
void *map_device(uint64_t maddr, size_t len);

/* Read access to firmware tables anywhere in the machine; NULL as above. */
const void *map_acpi(uint64_t maddr, size_t len);

/*
 * Allocates and maps a CPU's block (struct cpu and stacks, with guard pages),
 * its GDT page in its GDT window, and fills struct cpu.id. NULL when memory
 * is short. After paging_release_memory.
 */
struct cpu *percpu_create(unsigned int id);

/* The machine address of the page table that holds the hypervisor alone. */
extern uint64_t hypervisor_cr3;
/* Its L4, for arch_fill_hypervisor_slots. */
extern uint64_t *hypervisor_l4;

/* One page of a CPU's GDT or LDT window becomes this frame, or, given
 * INVALID_MFN, a page of null descriptors (GDT) or nothing (LDT). Local TLB
 * entry flushed. Hot: called at vcpu switches. */
void gdt_window_set(unsigned int cpu, unsigned int page, mfn_t mfn);
void ldt_window_set(unsigned int cpu, unsigned int page, mfn_t mfn);

#endif
