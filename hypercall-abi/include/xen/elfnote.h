/* SPDX-License-Identifier: MIT */
/*
 * ELF notes with owner name "Xen": what a kernel tells its builder. "number"
 * is a 4- or 8-byte integer, "string" a zero-terminated text. The oldest
 * kernels write the same as one text, NAME=value with commas between, into a
 * section called __xen_guest.
 */
#ifndef XENIOS_XEN_ELFNOTE_H
#define XENIOS_XEN_ELFNOTE_H

#define XEN_ELFNOTE_INFO 0              /* string, for people */
#define XEN_ELFNOTE_ENTRY 1             /* number: first instruction */
#define XEN_ELFNOTE_HYPERCALL_PAGE 2    /* number: page to be filled in */
#define XEN_ELFNOTE_VIRT_BASE 3         /* number: address of pfn 0 */
#define XEN_ELFNOTE_PADDR_OFFSET 4      /* number: subtract from p_paddr */
#define XEN_ELFNOTE_XEN_VERSION 5       /* string, must be "xen-3.0" */
#define XEN_ELFNOTE_GUEST_OS 6          /* string */
#define XEN_ELFNOTE_GUEST_VERSION 7     /* string */
#define XEN_ELFNOTE_LOADER 8            /* string, "generic" */
#define XEN_ELFNOTE_PAE_MODE 9          /* string: yes, no, bimodal */
#define XEN_ELFNOTE_FEATURES 10         /* string: a|!b|..., see features.h */
#define XEN_ELFNOTE_BSD_SYMTAB 11       /* string: yes, load symbol table */
#define XEN_ELFNOTE_HV_START_LOW 12     /* number: hole may begin here */
/*
 * Pairs of numbers, mask and value: an L1 entry is valid if entry & mask
 * equals value. For whoever reads a saved image.
 */
#define XEN_ELFNOTE_L1_MFN_VALID 13
#define XEN_ELFNOTE_SUSPEND_CANCEL 14   /* number: 1, a suspend may fail */
#define XEN_ELFNOTE_INIT_P2M 15         /* number: put the p2m here */
#define XEN_ELFNOTE_MOD_START_PFN 16    /* number: 1, module may be unmapped */
#define XEN_ELFNOTE_SUPPORTED_FEATURES 17   /* number: bit map of features */
#define XEN_ELFNOTE_PHYS32_ENTRY 18     /* number: entry for PVH, 32 bits */

#define XEN_ELFNOTE_MAX XEN_ELFNOTE_PHYS32_ENTRY

/* Notes in a crash dump of the hypervisor itself. */
#define XEN_ELFNOTE_CRASH_INFO 0x1000001
#define XEN_ELFNOTE_CRASH_REGS 0x1000002

/* Notes in a core dump of a domain. */
#define XEN_ELFNOTE_DUMPCORE_NONE 0x2000000
#define XEN_ELFNOTE_DUMPCORE_HEADER 0x2000001
#define XEN_ELFNOTE_DUMPCORE_XEN_VERSION 0x2000002
#define XEN_ELFNOTE_DUMPCORE_FORMAT_VERSION 0x2000003

#endif /* XENIOS_XEN_ELFNOTE_H */
