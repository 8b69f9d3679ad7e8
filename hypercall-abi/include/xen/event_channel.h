/* SPDX-License-Identifier: MIT */
/*
 * Event channels: numbered ports of a domain, each the end of a one-bit
 * wire. The other end is a port of another domain, a virtual interrupt, a
 * physical one, or another vCPU of the same domain.
 *
 * event_channel_op(cmd, argument). A port number never comes from the
 * caller's wish: the hypervisor gives out the lowest free one. Port 0 is
 * never given out.
 */
#ifndef XENIOS_XEN_EVENT_CHANNEL_H
#define XENIOS_XEN_EVENT_CHANNEL_H

#include "xen.h"

#define EVTCHNOP_bind_interdomain 0
#define EVTCHNOP_bind_virq 1
#define EVTCHNOP_bind_pirq 2
#define EVTCHNOP_close 3
#define EVTCHNOP_send 4
#define EVTCHNOP_status 5
#define EVTCHNOP_alloc_unbound 6
#define EVTCHNOP_bind_ipi 7
#define EVTCHNOP_bind_vcpu 8
#define EVTCHNOP_unmask 9
#define EVTCHNOP_reset 10
#define EVTCHNOP_init_control 11
#define EVTCHNOP_expand_array 12
#define EVTCHNOP_set_priority 13

typedef uint32_t evtchn_port_t;
DEFINE_XEN_GUEST_HANDLE(evtchn_port_t);

/*
 * Make a port of dom to which only remote_dom may connect. A dom other than
 * the caller needs privilege; remote_dom may be the caller (loop-back).
 */
struct evtchn_alloc_unbound {
    domid_t dom;            /* IN: whose port; DOMID_SELF allowed */
    domid_t remote_dom;     /* IN: who may bind; DOMID_SELF allowed */
    evtchn_port_t port;     /* OUT */
};
typedef struct evtchn_alloc_unbound evtchn_alloc_unbound_t;

/*
 * Connect a new port of the caller to an unbound port which waits for it.
 * The new port is made pending at once: the other side may have sent before.
 */
struct evtchn_bind_interdomain {
    domid_t remote_dom;         /* IN */
    evtchn_port_t remote_port;  /* IN */
    evtchn_port_t local_port;   /* OUT */
};
typedef struct evtchn_bind_interdomain evtchn_bind_interdomain_t;

/* Receive a VIRQ_*. A global one must be bound on vCPU 0. */
struct evtchn_bind_virq {
    uint32_t virq;          /* IN */
    uint32_t vcpu;          /* IN */
    evtchn_port_t port;     /* OUT */
};
typedef struct evtchn_bind_virq evtchn_bind_virq_t;

/* Receive a physical interrupt which was mapped by a physdev operation. */
struct evtchn_bind_pirq {
    uint32_t pirq;          /* IN */
#define BIND_PIRQ__WILL_SHARE 1
    uint32_t flags;         /* IN: BIND_PIRQ__* */
    evtchn_port_t port;     /* OUT */
};
typedef struct evtchn_bind_pirq evtchn_bind_pirq_t;

/* Make a port that any vCPU may send to and that vcpu receives. */
struct evtchn_bind_ipi {
    uint32_t vcpu;          /* IN */
    evtchn_port_t port;     /* OUT */
};
typedef struct evtchn_bind_ipi evtchn_bind_ipi_t;

/* Free a port. The peer of an interdomain port becomes unbound. */
struct evtchn_close {
    evtchn_port_t port;     /* IN */
};
typedef struct evtchn_close evtchn_close_t;

/* Make the other end pending. */
struct evtchn_send {
    evtchn_port_t port;     /* IN: the caller's own end */
};
typedef struct evtchn_send evtchn_send_t;

/* Describe a port. Another domain's port needs privilege. */
struct evtchn_status {
    domid_t dom;            /* IN */
    evtchn_port_t port;     /* IN */
#define EVTCHNSTAT_closed 0
#define EVTCHNSTAT_unbound 1
#define EVTCHNSTAT_interdomain 2
#define EVTCHNSTAT_pirq 3
#define EVTCHNSTAT_virq 4
#define EVTCHNSTAT_ipi 5
    uint32_t status;        /* OUT: EVTCHNSTAT_*, selects the member of u */
    uint32_t vcpu;          /* OUT: who is notified */
    union {
        struct {
            domid_t dom;    /* OUT: who may bind */
        } unbound;
        struct {
            domid_t dom;    /* OUT: the peer... */
            evtchn_port_t port; /* ...and its port */
        } interdomain;
        uint32_t pirq;      /* OUT */
        uint32_t virq;      /* OUT */
    } u;
};
typedef struct evtchn_status evtchn_status_t;

/* Choose the vCPU that a port notifies. Not for IPIs and per-vCPU VIRQs. */
struct evtchn_bind_vcpu {
    evtchn_port_t port;     /* IN */
    uint32_t vcpu;          /* IN */
};
typedef struct evtchn_bind_vcpu evtchn_bind_vcpu_t;

/* Clear the mask bit, and deliver the event if it was pending behind it. */
struct evtchn_unmask {
    evtchn_port_t port;     /* IN */
};
typedef struct evtchn_unmask evtchn_unmask_t;

/* Close all ports and go back to the two-level form. */
struct evtchn_reset {
    domid_t dom;            /* IN: DOMID_SELF, or any with privilege */
};
typedef struct evtchn_reset evtchn_reset_t;

/* FIFO form: give one vCPU its control block (also turns the form on). */
struct evtchn_init_control {
    uint64_t control_gfn;   /* IN: frame which holds the block */
    uint32_t offset;        /* IN: bytes into the frame, 8-aligned */
    uint32_t vcpu;          /* IN */
    uint8_t link_bits;      /* OUT: width of LINK in an event word */
    uint8_t _pad[7];
};
typedef struct evtchn_init_control evtchn_init_control_t;

/* FIFO form: append one frame of 1024 event words. */
struct evtchn_expand_array {
    uint64_t array_gfn;     /* IN */
};
typedef struct evtchn_expand_array evtchn_expand_array_t;

/* FIFO form: the queue of a port, used from its next event on. */
struct evtchn_set_priority {
    evtchn_port_t port;     /* IN */
    uint32_t priority;      /* IN: EVTCHN_FIFO_PRIORITY_* */
};
typedef struct evtchn_set_priority evtchn_set_priority_t;

/* The argument of the older call, number 16: command and argument in one. */
struct evtchn_op {
    uint32_t cmd;           /* IN: EVTCHNOP_* up to unmask */
    union {
        evtchn_alloc_unbound_t alloc_unbound;
        evtchn_bind_interdomain_t bind_interdomain;
        evtchn_bind_virq_t bind_virq;
        evtchn_bind_pirq_t bind_pirq;
        evtchn_bind_ipi_t bind_ipi;
        evtchn_close_t close;
        evtchn_send_t send;
        evtchn_status_t status;
        evtchn_bind_vcpu_t bind_vcpu;
        evtchn_unmask_t unmask;
    } u;
};
typedef struct evtchn_op evtchn_op_t;
DEFINE_XEN_GUEST_HANDLE(evtchn_op_t);

/*
 * Two-level form: one selector word per vCPU over an array of that many
 * words, hence 64 * 64 = 4096 ports (1024 for 32-bit guests).
 */
#define EVTCHN_2L_NR_CHANNELS \
    (sizeof(xen_ulong_t) * sizeof(xen_ulong_t) * 64)

/*
 * FIFO form: 16 queues per vCPU, 0 is served first. Pending ports of a queue
 * are chained through the LINK field of their event words.
 */
#define EVTCHN_FIFO_PRIORITY_MAX 0
#define EVTCHN_FIFO_PRIORITY_DEFAULT 7
#define EVTCHN_FIFO_PRIORITY_MIN 15
#define EVTCHN_FIFO_MAX_QUEUES (EVTCHN_FIFO_PRIORITY_MIN + 1)

typedef uint32_t event_word_t;

#define EVTCHN_FIFO_PENDING 31  /* bit numbers in an event word */
#define EVTCHN_FIFO_MASKED 30
#define EVTCHN_FIFO_LINKED 29   /* is in a queue */
#define EVTCHN_FIFO_BUSY 28     /* being unmasked; the hypervisor keeps off */
#define EVTCHN_FIFO_LINK_BITS 17
#define EVTCHN_FIFO_LINK_MASK ((1 << EVTCHN_FIFO_LINK_BITS) - 1)
#define EVTCHN_FIFO_NR_CHANNELS (1 << EVTCHN_FIFO_LINK_BITS)

struct evtchn_fifo_control_block {
    uint32_t ready;         /* bit n: queue n is not empty */
    uint32_t _rsvd;
    uint32_t head[EVTCHN_FIFO_MAX_QUEUES];  /* first port; 0 is none */
};
typedef struct evtchn_fifo_control_block evtchn_fifo_control_block_t;

#endif /* XENIOS_XEN_EVENT_CHANNEL_H */
