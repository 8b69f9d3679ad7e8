/* SPDX-License-Identifier: MIT */
/*
 * Where a guest wants to be called: the trap table, the callbacks, and the
 * stack that goes with them.
 *
 * Every address is checked here, once, for being canonical (pv/trap.c relies on
 * it, B6). A bounce frame then needs no check of its own. An address in the
 * hypervisor's range is nothing special, as on Xen: the guest enters it in ring
 * 3, and the page fault is its own.
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/pv.h>
#include <hv/subop.h>
#include <hv/util.h>

#include "trap.h"

/*
 * set_trap_table(list): entries up to one with address 0; each replaces the
 * vector's handler. A NULL list clears the table. -XEN_EFAULT, -XEN_EINVAL
 * for an address that no handler can have.
 */
int64_t hc_set_trap_table(uint64_t list, uint64_t a1, uint64_t a2,
                          uint64_t a3, uint64_t a4)
{
    struct vcpu *v = current_vcpu();
    struct guest_iter it = guest_iter(GVA(list), 256 + 1,
                                      sizeof(struct trap_info));
    struct trap_info t;

    if (list == 0) {
        memset(v->pv.traps, 0, 256 * sizeof(*v->pv.traps));
        return 0;
    }
    /* A list longer than the table only repeats vectors; the bound keeps it
     * from being endless. */
    while (it.left > 0) {
        if (guest_iter_read(&it, &t) != 0) {
            return -XEN_EFAULT;
        }
        if (t.address == 0) {
            break;
        }
        if (!pv_code_address_ok(t.address)) {
            return -XEN_EINVAL;
        }
        v->pv.traps[t.vector] = pv_trap_gate(&t);
    }
    return 0;
}

static struct callback *callback_by_type(struct pv_vcpu *pv, unsigned int type)
{
    switch (type) {
    case CALLBACKTYPE_event:
        return &pv->event;
    case CALLBACKTYPE_failsafe:
        return &pv->failsafe;
    case CALLBACKTYPE_syscall:
        return &pv->user_call[USER_SYSCALL];
    case CALLBACKTYPE_syscall32:
        return &pv->user_call[USER_SYSCALL32];
    case CALLBACKTYPE_sysenter:
        return &pv->user_call[USER_SYSENTER];
    default:
        return NULL;
    }
}

int callback_op_register(struct domain *d, struct callback_register *op);
int callback_op_unregister(struct domain *d, struct callback_unregister *op);

/* The NMI's callback is another way to write its row of the trap table. */
static void set_nmi_handler(struct pv_vcpu *pv, uint64_t address)
{
    pv->traps[TRAP_NMI] = (struct callback){
        .address = address,
        .mask_events = true,
    };
}

int callback_op_register(struct domain *d, struct callback_register *op)
{
    struct callback *cb = callback_by_type(&current_vcpu()->pv, op->type);

    if (!pv_code_address_ok(op->address)) {
        return -XEN_EINVAL;
    }
    if (op->type == CALLBACKTYPE_nmi) {
        set_nmi_handler(&current_vcpu()->pv, op->address);
        return 0;
    }
    if (cb == NULL) {
        return -XEN_ENOSYS;
    }
    cb->address = op->address;
    /* Of the event callback itself, they are masked always. */
    cb->mask_events = (op->flags & CALLBACKF_mask_events) != 0;
    return 0;
}

int callback_op_unregister(struct domain *d, struct callback_unregister *op)
{
    switch (op->type) {
    case CALLBACKTYPE_event:
    case CALLBACKTYPE_failsafe:
    case CALLBACKTYPE_syscall:
    case CALLBACKTYPE_syscall32:
    case CALLBACKTYPE_sysenter:
        return -XEN_EINVAL; /* a kernel can not do without, once it has it */
    default:
        break;
    }
    if (op->type != CALLBACKTYPE_nmi) {
        return -XEN_ENOSYS;
    }
    set_nmi_handler(&current_vcpu()->pv, 0);
    return 0;
}

int64_t hc_callback_op(uint64_t cmd, uint64_t arg, uint64_t a2, uint64_t a3,
                       uint64_t a4)
{
    struct domain *d = current_domain();

    switch ((int)cmd) {
#undef SUBOP_callback_op
#define SUBOP_callback_op(command, type, direction, handler) \
    SUBOP_CASE_##direction(command, type, arg, handler, d)
#include <subops.def>
    default:
        return -XEN_ENOSYS;
    }
}

/*
 * set_callbacks(event, failsafe, syscall): the old form of the above. It has
 * no way to refuse: an address that no handler can have is left out.
 */
int64_t hc_set_callbacks(uint64_t event, uint64_t failsafe, uint64_t syscall,
                         uint64_t a3, uint64_t a4)
{
    struct callback_register list[] = {
        { .type = CALLBACKTYPE_event, .address = event },
        { .type = CALLBACKTYPE_failsafe, .address = failsafe },
        { .type = CALLBACKTYPE_syscall, .address = syscall },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(list); i++) {
        callback_op_register(current_domain(), &list[i]);
    }
    return 0;
}

/* stack_switch(ss, sp): the kernel's stack for entries out of user mode. */
int64_t hc_stack_switch(uint64_t ss, uint64_t sp, uint64_t a2, uint64_t a3,
                        uint64_t a4)
{
    struct pv_vcpu *pv = &current_vcpu()->pv;

    pv->kernel_ss = ss | 3;
    pv->kernel_sp = sp;
    return 0;
}
