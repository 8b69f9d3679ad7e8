/* SPDX-License-Identifier: MIT */
/*
 * Event channels: interrupts of a machine that has none.
 *
 * shared_info holds one pending and one mask bit a port, and vcpu_info a
 * selector word with one bit for each word of pending bits, so that finding
 * the event costs two scans of one word each.  When a port becomes pending
 * and is not masked, the hypervisor sets its selector bit and upcall_pending;
 * on the next return to this vCPU with upcall_mask clear, it bounces to the
 * event callback with upcall_mask set.
 *
 *   E1  upcall_pending is cleared before the selector is read, and the
 *       selector is fetched by an exchange: an event raised at any point in
 *       between is found either by this scan or by the next
 *   E2  a pending bit is cleared before its handler runs, so an event raised
 *       during the handler is a new event
 *   E3  "masked" loses no event, it only defers: unmasking a pending port
 *       must raise it, which EVTCHNOP_unmask does
 *   E4  these words are shared with other CPUs: read-modify-write is locked
 *
 * upcall_mask itself is the vCPU's virtual interrupt flag.  Clearing it by a
 * plain store does not deliver what is already pending; a hypercall does, as
 * pending events are looked at on every return to the guest.
 */
#include <pv/evtchn.h>
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/printf.h>
#include <pv/smp.h>
#include <pv/start.h>

#define PORTS     EVTCHN_2L_NR_CHANNELS
#define WORD_BITS 64u

struct listener {
    evtchn_handler *handler;
    void *context;
};

static struct listener listeners[PORTS];

unsigned long evtchn_upcall_count, evtchn_event_count;

struct vcpu_info *evtchn_vcpu_info(void)
{
    return smp_vcpu_info(smp_vcpu_id());
}

static void bit_set(volatile unsigned long *words, evtchn_port_t port)
{
    __asm__ volatile("lock btsq %1, %0"
                     : "+m"(words[port / WORD_BITS])
                     : "r"((uint64_t)(port % WORD_BITS)) : "cc");
}

static void bit_clear(volatile unsigned long *words, evtchn_port_t port)
{
    __asm__ volatile("lock btrq %1, %0"
                     : "+m"(words[port / WORD_BITS])
                     : "r"((uint64_t)(port % WORD_BITS)) : "cc");
}

static void deliver(evtchn_port_t port)
{
    struct listener *listener = &listeners[port];

    bit_clear(shared_info.evtchn_pending, port);                /* E2 */
    evtchn_event_count++;
    if (listener->handler == NULL) {
        evtchn_mask(port);
        return;
    }
    listener->handler(port, listener->context);
}

static void deliver_word(unsigned int word)
{
    volatile unsigned long *pending = &shared_info.evtchn_pending[word];
    volatile unsigned long *mask = &shared_info.evtchn_mask[word];
    unsigned long ready;

    while ((ready = *pending & ~*mask) != 0) {
        deliver(word * WORD_BITS + (unsigned int)__builtin_ctzl(ready));
    }
}

void evtchn_dispatch(void)
{
    struct vcpu_info *info = evtchn_vcpu_info();
    unsigned long selector;

    evtchn_upcall_count++;
    do {
        __atomic_store_n(&info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
        selector = __atomic_exchange_n(&info->evtchn_pending_sel, 0,
                                       __ATOMIC_SEQ_CST);       /* E1 */
        while (selector != 0) {
            unsigned int word = (unsigned int)__builtin_ctzl(selector);

            selector &= selector - 1;
            deliver_word(word);
        }
    } while (__atomic_load_n(&info->evtchn_upcall_pending, __ATOMIC_SEQ_CST));
}

void evtchn_init(void)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(shared_info.evtchn_mask); i++) {
        shared_info.evtchn_mask[i] = ~0ul;
    }
    upcalls_enable();
}

void evtchn_set_handler(evtchn_port_t port, evtchn_handler *handler,
                        void *context)
{
    bool were_masked = upcalls_save_and_disable();

    listeners[port] = (struct listener){ handler, context };
    upcalls_restore(were_masked);
}

int evtchn_bind_virq(unsigned int virq, unsigned int vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_virq op = { .virq = virq, .vcpu = vcpu };
    long err = hypercall_event_channel_op(EVTCHNOP_bind_virq, &op);

    *port = op.port;
    return (int)err;
}

int evtchn_bind_ipi(unsigned int vcpu, evtchn_port_t *port)
{
    struct evtchn_bind_ipi op = { .vcpu = vcpu };
    long err = hypercall_event_channel_op(EVTCHNOP_bind_ipi, &op);

    *port = op.port;
    return (int)err;
}

int evtchn_alloc_unbound(domid_t domain, domid_t remote, evtchn_port_t *port)
{
    struct evtchn_alloc_unbound op = { .dom = domain, .remote_dom = remote };
    long err = hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &op);

    *port = op.port;
    return (int)err;
}

int evtchn_bind_interdomain(domid_t remote, evtchn_port_t remote_port,
                            evtchn_port_t *port)
{
    struct evtchn_bind_interdomain op = {
        .remote_dom = remote,
        .remote_port = remote_port,
    };
    long err = hypercall_event_channel_op(EVTCHNOP_bind_interdomain, &op);

    *port = op.local_port;
    return (int)err;
}

int evtchn_close(evtchn_port_t port)
{
    struct evtchn_close op = { .port = port };

    if (port < PORTS) {
        evtchn_mask(port);
        evtchn_set_handler(port, NULL, NULL);
    }
    return (int)hypercall_event_channel_op(EVTCHNOP_close, &op);
}

int evtchn_send(evtchn_port_t port)
{
    struct evtchn_send op = { .port = port };

    return (int)hypercall_event_channel_op(EVTCHNOP_send, &op);
}

void evtchn_mask(evtchn_port_t port)
{
    bit_set(shared_info.evtchn_mask, port);
}

void evtchn_unmask(evtchn_port_t port)
{
    struct evtchn_unmask op = { .port = port };

    hypercall_event_channel_op(EVTCHNOP_unmask, &op);           /* E3 */
}

bool evtchn_is_pending(evtchn_port_t port)
{
    unsigned long word =
        __atomic_load_n(&shared_info.evtchn_pending[port / WORD_BITS],
                        __ATOMIC_SEQ_CST);

    return (word >> (port % WORD_BITS)) & 1;
}

void evtchn_clear_pending(evtchn_port_t port)
{
    bit_clear(shared_info.evtchn_pending, port);
}

bool upcalls_save_and_disable(void)
{
    volatile struct vcpu_info *info = evtchn_vcpu_info();
    bool were_masked = info->evtchn_upcall_mask != 0;

    info->evtchn_upcall_mask = 1;
    barrier();
    return were_masked;
}

void upcalls_enable(void)
{
    volatile struct vcpu_info *info = evtchn_vcpu_info();

    barrier();
    info->evtchn_upcall_mask = 0;
    memory_fence();
    if (info->evtchn_upcall_pending) {
        hypercall_xen_version(XENVER_version, NULL);    /* any call will do */
    }
}

void upcalls_restore(bool were_masked)
{
    if (!were_masked) {
        upcalls_enable();
    }
}
