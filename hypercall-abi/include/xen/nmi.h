/* SPDX-License-Identifier: MIT */
/*
 * nmi_op(cmd, argument), the older way to register an NMI handler, and the
 * reasons of a hardware NMI as the first domain reads them in
 * arch_shared_info.nmi_reason.
 */
#ifndef XENIOS_XEN_NMI_H
#define XENIOS_XEN_NMI_H

#include "xen.h"

#define _XEN_NMIREASON_io_error 0   /* an I/O channel check */
#define XEN_NMIREASON_io_error (1UL << _XEN_NMIREASON_io_error)
#define _XEN_NMIREASON_pci_serr 1   /* system error line of a PCI bus */
#define XEN_NMIREASON_pci_serr (1UL << _XEN_NMIREASON_pci_serr)
#define _XEN_NMIREASON_unknown 2
#define XEN_NMIREASON_unknown (1UL << _XEN_NMIREASON_unknown)

#define XENNMI_register_callback 0
struct xennmi_callback {
    unsigned long handler_address;  /* IN */
    unsigned long pad;
};
typedef struct xennmi_callback xennmi_callback_t;
DEFINE_XEN_GUEST_HANDLE(xennmi_callback_t);

#define XENNMI_unregister_callback 1    /* no argument */

#endif /* XENIOS_XEN_NMI_H */
