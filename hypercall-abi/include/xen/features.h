/* SPDX-License-Identifier: MIT */
/*
 * Feature bits: answered by XENVER_get_features, and named in a kernel's ELF
 * notes (there without the prefix; '!' in front makes one indispensable).
 */
#ifndef XENIOS_XEN_FEATURES_H
#define XENIOS_XEN_FEATURES_H

#define XENFEAT_writable_page_tables 0          /* stores to tables work */
#define XENFEAT_writable_descriptor_tables 1    /* the same for GDT, LDT */
#define XENFEAT_auto_translated_physmap 2       /* guest sees pfns only */
#define XENFEAT_supervisor_mode_kernel 3        /* kernel runs in ring 0 */
#define XENFEAT_pae_pgdir_above_4gb 4           /* 32 bits: L3 anywhere */
#define XENFEAT_mmu_pt_update_preserve_ad 5     /* that MMU_* exists */
#define XENFEAT_highmem_assist 6                /* clear and copy page ops */
#define XENFEAT_gnttab_map_avail_bits 7         /* GNTMAP_guest_avail_mask */
#define XENFEAT_hvm_callback_vector 8
#define XENFEAT_hvm_safe_pvclock 9
#define XENFEAT_hvm_pirqs 10
#define XENFEAT_dom0 11                         /* note: fit to be first */
#define XENFEAT_memory_op_vnode_supported 13    /* XENMEMF_vnode */
#define XENFEAT_ARM_SMCCC_supported 14
#define XENFEAT_linux_rsdp_unrestricted 15      /* note: ACPI anywhere */
#define XENFEAT_not_direct_mapped 16
#define XENFEAT_direct_mapped 17

#define XENFEAT_NR_SUBMAPS 1                    /* words of 32 bits */

#endif /* XENIOS_XEN_FEATURES_H */
