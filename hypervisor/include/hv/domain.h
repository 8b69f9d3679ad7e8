/* SPDX-License-Identifier: MIT */
/*
 * Domains and vcpus.
 *
 * A domain owns frames, ports and vcpus. Fields are grouped by the lock that
 * protects them. `page tables and descriptors` of a vcpu change only by the
 * vcpu itself while it runs, or while it is not runnable.
 */
#ifndef HV_DOMAIN_H
#define HV_DOMAIN_H

#include <hv/cpu.h>
#include <hv/cpu_regs.h>
#include <hv/frame.h>
#include <hv/joint.h>
#include <hv/lock.h>
#include <hv/runqueue.h>
#include <hv/timer.h>
#include <hv/types.h>
#include <xen/callback.h>
#include <xen/event_channel.h>
#include <xen/vcpu.h>
#include <xen/xen.h>

#define VCPUS_MAX 32           /* slots of vcpu_info in shared_info */
#define DOMAINS_MAX 64
#define WATCHDOGS 2

struct evtchn;                 /* hv/evtchn.h */
struct e820_entry;             /* core/memory_map.c */
struct evtchn_fifo;            /* core/evtchn_fifo.c */
struct xencons_interface;      /* xen/io/console.h */

/* A place the guest registered to be called at. */
struct callback {
    uint64_t address;          /* 0: none */
    bool mask_events;          /* upcall_mask becomes 1 on the way in */
    uint8_t dpl;               /* trap table: 3 if INT n of a user may do it */
};

enum vcpu_state {
    VCPU_OFFLINE,              /* never started, or VCPUOP_down */
    VCPU_RUNNABLE,
    VCPU_RUNNING,
    VCPU_BLOCKED,              /* SCHEDOP_block or poll */
};

#define GDT_GUEST_FRAMES 14    /* pages 0-13; page 14 is the hypervisor's */
#define GDT_GUEST_ENTRIES (GDT_GUEST_FRAMES * 512ul)
#define GRANT_FRAMES_MAX 32    /* 512 grants each */
#define LDT_MAX_ENTRIES 8192
#define LDT_FRAMES 16

/* What the PV interface lets a vcpu set. */
struct pv_vcpu {
    /* entry code reads these (asm_offsets.c) */
    uint64_t kernel_sp;        /* stack_switch */
    uint64_t kernel_ss;
    uint64_t kernel_cr3;       /* hardware CR3 of the kernel table, 0: none */
    uint64_t user_cr3;         /* of the user table, 0: none */
    struct callback user_call[USER_CALLS];

    struct callback event, failsafe;
    struct callback *traps;    /* 256 entries */

    mfn_t kernel_table;        /* L4 (PAE: L3); holds a type reference */
    mfn_t user_table;          /* L4 or INVALID_MFN; holds one too */

    mfn_t gdt_frames[GDT_GUEST_FRAMES]; /* SEGDESC references */
    uint32_t gdt_entries;
    gva_t ldt_base;
    uint32_t ldt_entries;
    mfn_t ldt_frames[LDT_FRAMES]; /* mapped lazily; SEGDESC references */
    uint32_t ldt_pages;        /* which of them are: bit n for page n */

    /* segment state while the vcpu is not loaded; bases as the guest set */
    uint16_t ds, es, fs, gs;
    uint64_t fs_base;
    uint64_t gs_base_kernel;
    uint64_t gs_base_user;

    uint64_t cr4_guest;        /* what the guest believes is in CR4 */
    uint64_t xcr0;             /* 0: the machine has no XSAVE */
    bool task_switched;        /* CR0.TS as the guest sees it */
    uint8_t iopl;              /* virtual IOPL; physdev_op set_iopl */
    gva_t io_bitmap;           /* physdev_op set_iobitmap */
    uint32_t io_bitmap_ports;  /* bits in it; ports above are refused */
    uint64_t debugreg[8];

    /* tables whose undoing ran out of budget: the next MMU call goes on */
    mfn_t unfinished[4];
    uint32_t unfinished_count;
};

struct vcpu {
    /* --- known to the entry code (asm_offsets.c) --- */
    struct vcpu_info *info;    /* hypervisor's mapping; never NULL; others
                                  than the vcpu read it by vcpu_info() */
    /* One word to the entry code: on its short ways for system calls and iret
     * nothing in it is set but kernel_mode. */
    bool kernel_mode;          /* TF_kernel_mode of Xen: which table is loaded */
    bool is_idle;
    bool areas_stale;          /* they wait for guest kernel mode: see
                                  time_refresh_areas() */
    bool nmi_masked;           /* the handler runs, until the next iret */
    bool shows_iopl;           /* vm_assist architectural_iopl, see pv/trap.h */
    bool is_traced;
    uint8_t pad[2];
    struct pv_vcpu pv;
    struct joint_table joint;  /* the CPU that runs it */

    struct cpu_regs regs;      /* while not on a CPU */
    struct domain *domain;
    uint32_t id;
    mfn_t info_frame;          /* registered by VCPUOP_register_vcpu_info, or
                                  INVALID_MFN: slot in shared_info */

    /* --- sched.c, under sched_lock --- */
    enum vcpu_state state;
    uint32_t cpu;              /* where it runs or last ran */
    struct turn turn;
    bool on_cpu;               /* it is what that CPU has chosen */
    bool saved;                /* atomic: its registers are here (S4) */
    bool initialised;          /* VCPUOP_initialise or the builder */
    bool initialising;         /* a CPU works at it */
    int pause_count;           /* not schedulable while > 0 */
    struct vcpu_runstate_info runstate;

    /* --- event channels: written by the vcpu itself or under evtchn_lock --- */
    uint32_t virq_port[24];    /* 0: unbound */
    uint32_t poll_single;      /* the one port polled; 0: any of them */

    /* --- time: the vcpu itself, or while it does not run --- */
    struct timer periodic, singleshot, poll_timer;
    ns_t periodic_period;      /* 0: stopped */
    ns_t periodic_last;        /* when the last tick was due */
    uint32_t time_cpu;         /* whose counter vcpu_time_info is for */
    gva_t runstate_guest;      /* registered area, v==0: none */
    gva_t time_guest;

    bool nmi_pending;          /* atomic: anybody sets it; VCPUOP_send_nmi */

    bool info_claimed;         /* atomic: a CPU is moving, or has moved, info */

    void *fpu;                 /* FXSAVE/XSAVE image, one page */
    bool fpu_loaded;
};

STATIC_ASSERT(offsetof(struct vcpu, pv) ==
                  offsetof(struct vcpu, kernel_mode) + 8,
              "the entry code compares it as one word");

struct domain {
    domid_t id;
    bool is_privileged;        /* control domain: d0 unless d0=guest */
    bool is_32bit;             /* PAE guest in ring 1 */
    bool is_dying;             /* no new references of any kind */
    bool crashed;
    bool crash_shown;          /* the registers have been printed */
    bool exit_pending;         /* its end is still to be announced */
    uint8_t shutdown_reason;
    bool is_shut_down;
    uint16_t announced_reason; /* atomic: SCHEDOP_shutdown_code, plus 1 */
    uint32_t vcpu_count;
    struct vcpu *vcpus[VCPUS_MAX];

    struct shared_info *shared_info;
    mfn_t shared_info_mfn;
    cpumask_t dirty_cpus;      /* CPUs that may hold TLB entries of it */
    uint32_t vm_assist;        /* bits 1 << VMASST_TYPE_* */

    /* --- console ring of a lone guest; NULL: none --- */
    struct xencons_interface *console_ring; /* under console_ring_lock */
    struct spinlock console_ring_lock;
    uint32_t console_port;

    /* --- under lock --- */
    struct spinlock lock;
    uint64_t frames_total;     /* frames with FW_ALLOCATED */
    uint64_t frames_max;
    uint32_t watchdogs_used;   /* bit n: watchdogs[n] is somebody's */
    struct timer watchdogs[WATCHDOGS];
    struct e820_entry *e820;   /* core/memory_map.c; NULL: none */
    uint32_t e820_entries;
    uint32_t grant_frame_count; /* atomic; see core/gnttab.c */
    void *grant_frames[GRANT_FRAMES_MAX]; /* lent to the domain */

    /* --- under evtchn_lock --- */
    struct spinlock evtchn_lock;
    struct evtchn *evtchn_buckets[16]; /* 256 ports each, one page */
    struct evtchn **evtchn_more;       /* those above: one page, or NULL */
    struct evtchn_fifo *evtchn_fifo;   /* NULL: was never asked for */
    bool evtchn_is_fifo;               /* atomic: the FIFO form is on */
    uint32_t evtchn_reset_next;        /* where a reset goes on */
    uint32_t evtchn_port_limit;        /* ports below exist, if only free */
    uint32_t evtchn_free_hint;         /* no port below is free */
    uint32_t evtchn_pollers;           /* atomic: bit n: vcpu n polls */
};

/* A vcpu and its trap table: the exceptions' entries are in the page where the
 * vcpu begins. */
struct vcpu_block {
    struct vcpu vcpu;
    struct callback traps[256];
};

/* The first vcpu stands behind its domain: what a fault or an update looks at
 * in both is one page, since each page costs a walk after a flush. */
struct domain_block {
    struct domain domain;
    struct vcpu_block first;
};

extern struct domain *domains[DOMAINS_MAX];

/* The domain with this id or NULL. No reference is taken: domains are not
 * destroyed while others run yet; the table's lock guards creation. */
struct domain *domain_by_id(domid_t id);

/* DOMID_SELF and numbers, as an operation of d names them; NULL if none. */
struct domain *domain_resolve(struct domain *d, domid_t id);

/*
 * Makes a domain with vcpu_count offline vcpus, shared_info and no memory.
 * NULL when memory is short or the id is taken.
 */
struct domain *domain_create(domid_t id, unsigned int vcpu_count,
                             uint64_t frames_max, bool is_privileged);

/* Gives back everything a domain holds. None of its vcpus is on a CPU, and
 * nobody else uses it: host tests, and the end of the machine. */
void domain_destroy(struct domain *d);

/*
 * The guest broke a rule and can not be told: prints the sentence, the
 * registers of the current vcpu, and takes the domain off the CPUs. The
 * caller returns as soon as it can; the vcpu does not run again.
 */
void domain_crash(struct domain *d, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* SCHEDOP_shutdown: the domain stops; d0 takes the machine along, at the
 * next softirq of this CPU. */
void domain_shutdown(struct domain *d, uint8_t reason);

/* The reason that the domain will have stopped for, whatever it says then; the
 * first one counts. */
void domain_announce_reason(struct domain *d, uint8_t reason);

/* core/watchdog.c */
void watchdog_init(struct domain *d);
void watchdog_stop(struct domain *d);

static inline struct domain *current_domain(void);

/* SOFTIRQ_POWER: says why the first domain is over and leaves. */
void domain_power_softirq(void);

/* --- core/vcpu.c --- */

/* Another vcpu of the domain may move it (VCPUOP_register_vcpu_info). */
static inline struct vcpu_info *vcpu_info(const struct vcpu *v)
{
    return __atomic_load_n(&v->info, __ATOMIC_RELAXED);
}

/* An offline vcpu of d, or NULL when memory is short. Its vcpu_info is the
 * slot in shared_info, with upcalls masked. */
struct vcpu *vcpu_create(struct domain *d, uint32_t id);
/* Gives back v's own memory (the first one's block goes with its domain). It
 * is offline, its domain is dying, and has gone through
 * page_type_relinquish(). */
void vcpu_destroy(struct vcpu *v);
/* Prints the registers of a vcpu that is not running. */
void vcpu_show(const struct vcpu *v);

/* Moves vcpu_info into the domain's frame (VCPUOP_register_vcpu_info); v is
 * current or offline. 0 or -XEN_EINVAL. */
int vcpu_info_register(struct vcpu *v, mfn_t mfn, uint32_t offset) MUST_CHECK;

/* --- core/shared_info.c --- */
int shared_info_create(struct domain *d) MUST_CHECK;
void shared_info_destroy(struct domain *d);

/* core/sched.c is in hv/sched.h. */

#include <hv/sched.h>
#include <arch/inline.h>

/* False once the vcpu's domain crashed or shut down: a loop that works for
 * the vcpu ends, and the exit path takes it off the CPU. */
static inline bool vcpu_may_go_on(const struct vcpu *v)
{
    return !__atomic_load_n(&v->domain->crashed, __ATOMIC_RELAXED) &&
           !__atomic_load_n(&v->domain->is_shut_down, __ATOMIC_RELAXED);
}

#endif
