/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's linear map, inside the hole that the PV interface gives
 * it: slots 256-271 of every L4 (docs/memory-map.md). Shared by C, NASM (as
 * generated offsets) and the linker script.
 */
#ifndef ARCH_LAYOUT_H
#define ARCH_LAYOUT_H

#define HV_HOLE_START 0xffff800000000000ull
#define HV_HOLE_END   0xffff880000000000ull
#define HV_HOLE_SHIFT 43 /* all of it, and nothing else, is HV_HOLE_START here */

/* Nearly all of it hangs below slot 256, and image and frame records share more
 * tables: after a flush each table on the way to a page is looked up anew.
 * First the machine-to-pseudo-physical table, 8 bytes a frame, guests read */
#define M2P_BASE      0xffff800000000000ull
/* image, per-CPU blocks, windows, devices; all in one GiB so that 32-bit
 * displacements reach across it */
#define HV_BASE       0xffff804000000000ull
#define HV_LOAD_PHYS  0x200000ull
#define PERCPU_BASE   (HV_BASE + 0x280000ull)   /* right behind the image */
#define DEVICE_BASE   (HV_BASE + 0x13000000ull) /* uncached, 2 MiB */
/* frame records, 16 bytes a frame; those of 128 GiB are in the same GiB */
#define FRAME_BASE    0xffff804020000000ull
/* the second, writable view of the M2P */
#define M2P_RW_BASE   0xffff805000000000ull
/* slots 256-264: all RAM, writable, never executable */
#define DIRECT_BASE   0xffff806000000000ull
#define DIRECT_MAX    0x40000000000ull          /* 4 TiB */

/* For each CPU three pieces of one size, so that they and the image need one
 * page of page tables: its block, and the windows that show a vcpu's GDT and
 * LDT. */
#define PERCPU_SIZE   0x10000
#define PERCPU_STRIDE 0x30000
#define PERCPU_BLOCK(id) (PERCPU_BASE + (uint64_t)(id) * PERCPU_STRIDE)
#define GDT_BASE(id)  (PERCPU_BLOCK(id) + PERCPU_SIZE)
#define LDT_BASE(id)  (PERCPU_BLOCK(id) + 2 * PERCPU_SIZE)
/* Inside a CPU's block: stacks with unmapped guards, and struct cpu where the
 * main one begins, so that both are in one page. */
#define PERCPU_DF_TOP   0x3000
#define PERCPU_NMI_TOP  0x5000
#define PERCPU_MC_TOP   0x7000
#define PERCPU_DB_TOP   0x9000
#define PERCPU_STACK_BOTTOM 0xc000
#define PERCPU_STACK_TOP 0xfb00

/* The hypervisor's selectors (page 14 of the GDT window) and the guest's. */
#define HV_CS           0xe008
#define HV_SS           0xe010
#define HV_TSS          0xe040
#define HV_LDT          0xe050
#define GUEST_CS32      0xe023
#define GUEST_SS        0xe02b
#define GUEST_CS64      0xe033
#define GUEST_CS64_RING0 0xe030 /* as a bounce frame shows kernel mode */

/* Vectors of the hypervisor. */
#define VECTOR_HYPERCALL32 0x82
#define VECTOR_UART     0xe0
#define VECTOR_KICK     0xf1
#define VECTOR_FLUSH    0xf2
#define VECTOR_TIMER    0xf0
#define VECTOR_SPURIOUS 0xff

#endif
