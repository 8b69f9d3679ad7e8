/* SPDX-License-Identifier: MIT */
/*
 * Calls in their older form.
 *
 * Three calls once took their command inside the structure, or their argument
 * by value. Kernels from before 2006 and loaders descended from them still
 * use these numbers, so they are the same commands behind another door: the
 * structure is found by its offset, and the new call does the rest, with every
 * check of its own. The command is read once, here; what it selects is read
 * by the new call.
 *
 * Manual: sched_op_compat, event_channel_op_compat, physdev_op_compat.
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/physdev.h>
#include <xen/sched.h>

int64_t hc_sched_op_compat(uint64_t cmd, uint64_t arg, uint64_t a2,
                           uint64_t a3, uint64_t a4)
{
    switch ((uint32_t)cmd) {
    case SCHEDOP_yield:
    case SCHEDOP_block:
        return hc_sched_op((uint32_t)cmd, 0, 0, 0, 0);
    case SCHEDOP_shutdown:
        domain_shutdown(current_domain(), (uint8_t)arg);
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}

/* The whole structure must be readable, as it was copied whole. */
static bool read_command(uint64_t arg, size_t size, uint32_t *cmd)
{
    uint32_t last;

    return guest_load32(GVA(arg), cmd) ||
           guest_load32(GVA(arg + size - sizeof(last)), &last);
}

int64_t hc_event_channel_op_compat(uint64_t arg, uint64_t a1, uint64_t a2,
                                   uint64_t a3, uint64_t a4)
{
    uint32_t cmd;

    if (read_command(arg, sizeof(struct evtchn_op), &cmd)) {
        return -XEN_EFAULT;
    }
    if (cmd > EVTCHNOP_unmask) {
        return -XEN_ENOSYS;
    }
    return hc_event_channel_op(cmd, arg + offsetof(struct evtchn_op, u), 0, 0,
                               0);
}

int64_t hc_physdev_op_compat(uint64_t arg, uint64_t a1, uint64_t a2,
                             uint64_t a3, uint64_t a4)
{
    uint32_t cmd;

    if (read_command(arg, sizeof(struct physdev_op), &cmd)) {
        return -XEN_EFAULT;
    }
    return hc_physdev_op(cmd, arg + offsetof(struct physdev_op, u), 0, 0, 0);
}
