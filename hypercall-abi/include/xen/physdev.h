/* SPDX-License-Identifier: MIT */
/*
 * physdev_op(cmd, argument): real devices. Only a domain that owns a device
 * or is privileged has business here, with one exception: every kernel calls
 * set_iopl to keep its own I/O privilege level apart from its users'.
 *
 * A pirq is a domain's own number for an interrupt line (gsi) or message.
 */
#ifndef XENIOS_XEN_PHYSDEV_H
#define XENIOS_XEN_PHYSDEV_H

#include "xen.h"

/* The guest has dealt with a level-triggered interrupt. */
#define PHYSDEVOP_eoi 12
struct physdev_eoi {
    uint32_t irq;       /* IN: pirq */
};
typedef struct physdev_eoi physdev_eoi_t;
DEFINE_XEN_GUEST_HANDLE(physdev_eoi_t);

/*
 * Register a page where bit n says that pirq n needs the call above. Under
 * v1 an unmask also counts as eoi; v2 leaves that to the guest.
 */
#define PHYSDEVOP_pirq_eoi_gmfn_v1 17
#define PHYSDEVOP_pirq_eoi_gmfn_v2 28
#define PHYSDEVOP_pirq_eoi_gmfn PHYSDEVOP_pirq_eoi_gmfn_v2
struct physdev_pirq_eoi_gmfn {
    xen_pfn_t gmfn;     /* IN */
};
typedef struct physdev_pirq_eoi_gmfn physdev_pirq_eoi_gmfn_t;
DEFINE_XEN_GUEST_HANDLE(physdev_pirq_eoi_gmfn_t);

#define PHYSDEVOP_irq_status_query 5
struct physdev_irq_status_query {
    uint32_t irq;       /* IN: pirq */
    uint32_t flags;     /* OUT: XENIRQSTAT_* */
};
typedef struct physdev_irq_status_query physdev_irq_status_query_t;
DEFINE_XEN_GUEST_HANDLE(physdev_irq_status_query_t);
#define _XENIRQSTAT_needs_eoi (0)
#define XENIRQSTAT_needs_eoi (1U << _XENIRQSTAT_needs_eoi)
#define _XENIRQSTAT_shared (1)
#define XENIRQSTAT_shared (1U << _XENIRQSTAT_shared)

/*
 * The I/O privilege level of this vCPU. The guest's kernel counts as level 1
 * and its users as 3, unless VMASST_TYPE_architectural_iopl is on.
 */
#define PHYSDEVOP_set_iopl 6
struct physdev_set_iopl {
    uint32_t iopl;      /* IN: 0 to 3 */
};
typedef struct physdev_set_iopl physdev_set_iopl_t;
DEFINE_XEN_GUEST_HANDLE(physdev_set_iopl_t);

/* Ports that user programs of this vCPU may use: a cleared bit permits. */
#define PHYSDEVOP_set_iobitmap 7
struct physdev_set_iobitmap {
    XEN_GUEST_HANDLE(uint8) bitmap;     /* IN */
    uint32_t nr_ports;                  /* IN: at most 65536 */
};
typedef struct physdev_set_iobitmap physdev_set_iobitmap_t;
DEFINE_XEN_GUEST_HANDLE(physdev_set_iobitmap_t);

/* A register of an I/O APIC. */
#define PHYSDEVOP_apic_read 8
#define PHYSDEVOP_apic_write 9
struct physdev_apic {
    unsigned long apic_physbase;    /* IN: which, by machine address */
    uint32_t reg;                   /* IN: index */
    uint32_t value;                 /* IN for write, OUT for read */
};
typedef struct physdev_apic physdev_apic_t;
DEFINE_XEN_GUEST_HANDLE(physdev_apic_t);

/* A CPU vector for an interrupt line; only very old kernels ask. */
#define PHYSDEVOP_alloc_irq_vector 10
#define PHYSDEVOP_free_irq_vector 11
struct physdev_irq {
    uint32_t irq;       /* IN */
    uint32_t vector;    /* OUT for alloc, IN for free */
};
typedef struct physdev_irq physdev_irq_t;
DEFINE_XEN_GUEST_HANDLE(physdev_irq_t);

/* Give an interrupt a pirq. */
#define MAP_PIRQ_TYPE_MSI 0x0
#define MAP_PIRQ_TYPE_GSI 0x1
#define MAP_PIRQ_TYPE_UNKNOWN 0x2
#define MAP_PIRQ_TYPE_MSI_SEG 0x3
#define MAP_PIRQ_TYPE_MULTI_MSI 0x4
#define PHYSDEVOP_map_pirq 13
struct physdev_map_pirq {
    domid_t domid;          /* IN */
    int type;               /* IN: MAP_PIRQ_TYPE_* */
    int index;              /* IN: the line, for GSI; -1 with MSI */
    int pirq;               /* IN: wish, or -1; OUT: which it is */
    int bus;                /* IN: bits 16-31 the segment, for MSI_SEG */
    int devfn;              /* IN */
    int entry_nr;           /* IN: MSI-X entry; OUT: count, for MULTI_MSI */
    uint64_t table_base;    /* IN: machine address of the MSI-X table, or 0 */
};
typedef struct physdev_map_pirq physdev_map_pirq_t;
DEFINE_XEN_GUEST_HANDLE(physdev_map_pirq_t);

#define PHYSDEVOP_unmap_pirq 14
struct physdev_unmap_pirq {
    domid_t domid;      /* IN */
    int pirq;           /* IN */
};
typedef struct physdev_unmap_pirq physdev_unmap_pirq_t;
DEFINE_XEN_GUEST_HANDLE(physdev_unmap_pirq_t);

/* Tell which PCI devices there are; segment 0, older forms. */
#define PHYSDEVOP_manage_pci_add 15
#define PHYSDEVOP_manage_pci_remove 16
struct physdev_manage_pci {
    uint8_t bus;        /* IN */
    uint8_t devfn;      /* IN */
};
typedef struct physdev_manage_pci physdev_manage_pci_t;
DEFINE_XEN_GUEST_HANDLE(physdev_manage_pci_t);

/* Write a device's MSI set-up again, after it lost power. */
#define PHYSDEVOP_restore_msi 19
struct physdev_restore_msi {
    uint8_t bus;        /* IN */
    uint8_t devfn;      /* IN */
};
typedef struct physdev_restore_msi physdev_restore_msi_t;
DEFINE_XEN_GUEST_HANDLE(physdev_restore_msi_t);

#define PHYSDEVOP_manage_pci_add_ext 20
struct physdev_manage_pci_ext {
    uint8_t bus;            /* IN */
    uint8_t devfn;          /* IN */
    uint32_t is_extfn;      /* IN */
    uint32_t is_virtfn;     /* IN */
    struct {
        uint8_t bus;        /* IN: of the physical function */
        uint8_t devfn;
    } physfn;
};
typedef struct physdev_manage_pci_ext physdev_manage_pci_ext_t;
DEFINE_XEN_GUEST_HANDLE(physdev_manage_pci_ext_t);

/* The argument of the older call, number 19. */
struct physdev_op {
    uint32_t cmd;           /* IN: PHYSDEVOP_*, up to 11 */
    union {
        physdev_irq_status_query_t irq_status_query;
        physdev_set_iopl_t set_iopl;
        physdev_set_iobitmap_t set_iobitmap;
        physdev_apic_t apic_op;
        physdev_irq_t irq_op;
    } u;
};
typedef struct physdev_op physdev_op_t;
DEFINE_XEN_GUEST_HANDLE(physdev_op_t);

/* Tell how the firmware wired a line. */
#define PHYSDEVOP_setup_gsi 21
struct physdev_setup_gsi {
    int gsi;                /* IN */
    uint8_t triggering;     /* IN: 0 edge, 1 level */
    uint8_t polarity;       /* IN: 0 active high, 1 active low */
};
typedef struct physdev_setup_gsi physdev_setup_gsi_t;
DEFINE_XEN_GUEST_HANDLE(physdev_setup_gsi_t);

#define PHYSDEVOP_get_free_pirq 23
struct physdev_get_free_pirq {
    int type;           /* IN: MAP_PIRQ_TYPE_* */
    uint32_t pirq;      /* OUT */
};
typedef struct physdev_get_free_pirq physdev_get_free_pirq_t;
DEFINE_XEN_GUEST_HANDLE(physdev_get_free_pirq_t);

/* Tell where PCI configuration space is mapped, and if it is reserved. */
#define XEN_PCI_MMCFG_RESERVED 0x1
#define PHYSDEVOP_pci_mmcfg_reserved 24
struct physdev_pci_mmcfg_reserved {
    uint64_t address;       /* IN: machine address */
    uint16_t segment;       /* IN */
    uint8_t start_bus;      /* IN */
    uint8_t end_bus;        /* IN: included */
    uint32_t flags;         /* IN: XEN_PCI_MMCFG_* */
};
typedef struct physdev_pci_mmcfg_reserved physdev_pci_mmcfg_reserved_t;
DEFINE_XEN_GUEST_HANDLE(physdev_pci_mmcfg_reserved_t);

/* Tell which PCI devices there are; the present form. */
#define XEN_PCI_DEV_EXTFN 0x1
#define XEN_PCI_DEV_VIRTFN 0x2
#define XEN_PCI_DEV_PXM 0x4         /* optarr[0] is a proximity domain */
#define PHYSDEVOP_pci_device_add 25
struct physdev_pci_device_add {
    uint16_t seg;           /* IN */
    uint8_t bus;            /* IN */
    uint8_t devfn;          /* IN */
    uint32_t flags;         /* IN: XEN_PCI_DEV_* */
    struct {
        uint8_t bus;        /* IN: of the physical function */
        uint8_t devfn;
    } physfn;
    uint32_t optarr[XEN_FLEX_ARRAY_DIM];
};
typedef struct physdev_pci_device_add physdev_pci_device_add_t;
DEFINE_XEN_GUEST_HANDLE(physdev_pci_device_add_t);

#define PHYSDEVOP_pci_device_remove 26
#define PHYSDEVOP_restore_msi_ext 27
#define PHYSDEVOP_prepare_msix 30
#define PHYSDEVOP_release_msix 31
struct physdev_pci_device {
    uint16_t seg;           /* IN */
    uint8_t bus;            /* IN */
    uint8_t devfn;          /* IN */
};
typedef struct physdev_pci_device physdev_pci_device_t;
DEFINE_XEN_GUEST_HANDLE(physdev_pci_device_t);

/* A USB debug port which the hypervisor uses is about to be reset. */
#define PHYSDEVOP_DBGP_RESET_PREPARE 1
#define PHYSDEVOP_DBGP_RESET_DONE 2
#define PHYSDEVOP_DBGP_BUS_UNKNOWN 0
#define PHYSDEVOP_DBGP_BUS_PCI 1
#define PHYSDEVOP_dbgp_op 29
struct physdev_dbgp_op {
    uint8_t op;             /* IN */
    uint8_t bus;            /* IN: selects the member of u */
    union {
        physdev_pci_device_t pci;
    } u;
};
typedef struct physdev_dbgp_op physdev_dbgp_op_t;
DEFINE_XEN_GUEST_HANDLE(physdev_dbgp_op_t);

/* Was needed after unmasking; answers -ENOSYS everywhere today. */
#define PHYSDEVOP_IRQ_UNMASK_NOTIFY 4

#endif /* XENIOS_XEN_PHYSDEV_H */
