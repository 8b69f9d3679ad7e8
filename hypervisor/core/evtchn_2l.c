/* SPDX-License-Identifier: MIT */
/*
 * Pending events on the two-level ABI.
 *
 * Three levels of "look here", each a bit that only says that the one below
 * may have something: upcall_pending of a vcpu, a selector word of 64 bits in
 * its vcpu_info, and 64 words of 64 pending bits in shared_info, one bit a
 * port. The hypervisor sets bits from the bottom up, the guest takes them
 * from the top down, so a bit set at any moment is seen either by this pass
 * of the guest or by the next. A masked port gets its bottom bit only.
 *
 *   P1  the pending bit is set before the mask is read: an unmask that comes
 *       in between sees the pending bit and does the rest itself
 *   P2  a level is set before the level above; each by a locked operation,
 *       which also orders it before the look at the vcpu's state (S3)
 *   P3  upcall_pending 0 -> 1 wakes the vcpu, nothing else does, but polling
 *
 * All of it is guest memory: whatever the guest writes there confuses only
 * itself. No locks. Manual: event_channel_op, "two-level form".
 */
#include <hv/arch.h>
#include <hv/evtchn.h>
#include <hv/trace.h>

static inline bool clear_bit_was_set(xen_ulong_t *word, unsigned int n)
{
    uint64_t bit = 1ull << n;

    return (__atomic_fetch_and(word, ~bit, __ATOMIC_SEQ_CST) & bit) != 0;
}

void evtchn_2l_tell(struct vcpu *v, uint32_t port, enum evtchn_told told)
{
    if (told == EVTCHN_UPCALL) {
        evtchn_raise_upcall(v);
    }
    if (told >= EVTCHN_POLLERS) {
        evtchn_wake_pollers(v->domain, port);
    }
}

void evtchn_2l_set_pending(struct vcpu *v, uint32_t port)
{
    enum evtchn_told told = EVTCHN_OLD;

    if (port < EVTCHN_2L_PORTS_MAX) {
        told = evtchn_2l_mark(v->domain, v, port);
    }
    if (told != EVTCHN_OLD) {
        TRACE(PENDING, port, v->domain->id, v->id);
        evtchn_2l_tell(v, port, told);
    }
}

void evtchn_2l_unmask(struct vcpu *v, uint32_t port)
{
    struct shared_info *shared = v->domain->shared_info;

    if (port < EVTCHN_2L_PORTS_MAX &&
        clear_bit_was_set(&shared->evtchn_mask[port / 64], port % 64) &&
        arch_bit_is_set(shared->evtchn_pending, port) &&
        !arch_bit_set(&vcpu_info(v)->evtchn_pending_sel, port / 64)) {
        evtchn_raise_upcall(v);
    }
}

void evtchn_2l_clear_pending(struct domain *d, uint32_t port)
{
    if (port < EVTCHN_2L_PORTS_MAX) {
        clear_bit_was_set(&d->shared_info->evtchn_pending[port / 64],
                          port % 64);
    }
}
