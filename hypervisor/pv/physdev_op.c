/* SPDX-License-Identifier: MIT */
/*
 * physdev_op: the I/O privilege of a guest's kernel.
 *
 * A guest has no ports, but its kernel may think so: it asks for an I/O
 * privilege level, and from then on its port instructions are performed
 * (pv/emul_priv.c) instead of faulting. The level is the vcpu's own and
 * virtual: the hardware's IOPL stays 0. The commands for interrupts and PCI
 * belong to domains with devices and are absent.
 *
 * Manual: physdev_op.
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/subop.h>
#include <xen/physdev.h>

#define IO_PORTS 65536u

int physdev_op_set_iopl(struct domain *d, struct physdev_set_iopl *op);
int physdev_op_set_iobitmap(struct domain *d, struct physdev_set_iobitmap *op);

/* -XEN_EINVAL: there are four levels. */
int physdev_op_set_iopl(struct domain *d, struct physdev_set_iopl *op)
{
    if (op->iopl > 3) {
        return -XEN_EINVAL;
    }
    current_vcpu()->pv.iopl = (uint8_t)op->iopl;
    return 0;
}

/* A map of ports in the guest's memory, a clear bit allowing one; it is read
 * at each access. -XEN_EINVAL: more ports than there are, or a map that does
 * not begin at an address of the guest's. */
int physdev_op_set_iobitmap(struct domain *d, struct physdev_set_iobitmap *op)
{
    struct pv_vcpu *pv = &current_vcpu()->pv;

    if (op->nr_ports > IO_PORTS ||
        !gva_ok(GVA((uint64_t)op->bitmap.p))) {
        return -XEN_EINVAL;
    }
    pv->io_bitmap = GVA((uint64_t)op->bitmap.p);
    pv->io_bitmap_ports = op->nr_ports;
    return 0;
}

int64_t hc_physdev_op(uint64_t cmd, uint64_t arg, uint64_t a2, uint64_t a3,
                      uint64_t a4)
{
    struct domain *d = current_domain();

    switch ((int)cmd) {
#undef SUBOP_physdev_op
#define SUBOP_physdev_op(command, type, direction, handler) \
    SUBOP_CASE_##direction(command, type, arg, handler, d)
#include <subops.def>
    default:
        return -XEN_ENOSYS;
    }
}
