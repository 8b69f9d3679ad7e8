/* SPDX-License-Identifier: MIT */
/*
 * The dispatch edge: the table, restarts, and multicall.
 *
 * The entry code calls a row of hypercall_table with the guest's argument
 * registers as C arguments, and stores what it returns in rax. That is all
 * that a register call costs.
 *
 * A call whose work is long stops when its budget is spent (cpu.h) and asks
 * to be made again: rip goes back over the two bytes of SYSCALL or int 0x82,
 * the argument registers get what is left to do, and rax keeps the number of
 * the call. The guest executes the call again without knowing, and between
 * the two, interrupts and events are served. Progress is therefore in the
 * guest's registers and in the tables worked on; the hypervisor keeps none
 * (R1: a restarted call is an ordinary call with other arguments, checked as
 * any other).
 *
 * In a multicall the registers are the multicall's own, so a call that stops
 * writes its arguments into its entry in the guest's list instead, and the
 * multicall restarts at that entry.
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/trace.h>
#include <hv/util.h>

static int64_t hc_absent(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                         uint64_t a4)
{
    (void)a0;
    (void)a1;
    (void)a2;
    (void)a3;
    (void)a4;
    return -XEN_ENOSYS;
}

/* Every number has an entry, so that the entry code needs one comparison:
 * first all are absent, then the rows of the table replace theirs. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#define HYPERCALL(nr, name, kind, restartable) [nr] = hc_##name,
hypercall_fn *const hypercall_table[HYPERCALL_MAX] = {
    [0 ... HYPERCALL_MAX - 1] = hc_absent,
#include <hypercalls.def>
};
#pragma GCC diagnostic pop

hypercall_fn *const *hypercall_lane = hypercall_table;

/* Every row of the table in the plain one's place while calls are recorded:
 * so, tracing off costs nothing on the way in. */
static int64_t hc_traced(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                         uint64_t a4)
{
    uint64_t nr = arch_guest_regs()->rax;
    int64_t result;

    trace_hypercall(TRACE_HYPERCALL, nr, (uint64_t[]){ a0, a1, a2, a3, a4 });
    result = hypercall_table[nr](a0, a1, a2, a3, a4);
    TRACE(HYPERCALL_DONE, nr, (uint64_t)result);
    return result;
}

static hypercall_fn *const traced_table[HYPERCALL_MAX] = {
    [0 ... HYPERCALL_MAX - 1] = hc_traced,
};

void hypercall_trace(void)
{
    hypercall_lane = traced_table;
}

int guest_iter_read(struct guest_iter *it, void *element)
{
    ASSERT(it->left > 0);
    if (guest_copy_in(element, it->next, it->size)) {
        return -XEN_EFAULT;
    }
    it->next.v += it->size;
    it->left--;
    return 0;
}

/* --- restarts ---------------------------------------------------------------- */

int64_t hypercall_restart(unsigned int count, const uint64_t args[])
{
    struct multicall_entry *entry = this_cpu()->multicall;
    struct cpu_regs *regs = arch_guest_regs();
    uint64_t *reg[5] = { &regs->rdi, &regs->rsi, &regs->rdx, &regs->r10,
                         &regs->r8 };

    BUG_ON(count > ARRAY_SIZE(reg));
    COUNT(restart);
    TRACE(RESTART, entry != NULL ? entry->op : regs->rax,
          count > 0 ? args[0] : 0);
    if (entry != NULL) {
        for (unsigned int i = 0; i < count; i++) {
            entry->args[i] = args[i];
        }
        return -XEN_ERESTART_CALL;
    }
    for (unsigned int i = 0; i < count; i++) {
        *reg[i] = args[i];
    }
    regs->rip -= 2;
    return (int64_t)regs->rax;
}

/* --- multicall ---------------------------------------------------------------- */

/* One entry, in its private copy. iret ends a multicall: what it returns to
 * is not the instruction behind it. */
static int64_t multicall_one(struct multicall_entry *e)
{
    if (e->op >= HYPERCALL_MAX || e->op == __HYPERVISOR_multicall) {
        return e->op >= HYPERCALL_MAX ? -XEN_ENOSYS : -XEN_EINVAL;
    }
    COUNT_AT(hypercall, e->op);
    if (UNLIKELY(trace_mask != 0)) {
        trace_hypercall(TRACE_SUBCALL, e->op, e->args);
    }
    return hypercall_table[e->op](e->args[0], e->args[1], e->args[2],
                                  e->args[3], e->args[4]);
}

static int64_t multicall_restart(gva_t list, uint64_t left)
{
    uint64_t args[2] = { list.v, left };

    return hypercall_restart(2, args);
}

/*
 * multicall(list, nr): executes nr entries in order. Results go into the
 * entries; a call that fails does not stop the rest. 0; -XEN_EFAULT when an
 * entry can not be read or written; -XEN_EINVAL for a multicall in one.
 */
int64_t hc_multicall(uint64_t list, uint64_t nr, uint64_t a2, uint64_t a3,
                     uint64_t a4)
{
    struct cpu *c = this_cpu();
    struct vcpu *v = current_vcpu();
    gva_t at = GVA(list);

    (void)a2;
    (void)a3;
    (void)a4;
    nr = (uint32_t)nr; /* the ABI's type */
    if (!gva_range_ok(at, nr * sizeof(struct multicall_entry))) {
        return -XEN_EFAULT;
    }
    for (; nr > 0; nr--, at.v += sizeof(struct multicall_entry)) {
        struct multicall_entry e;
        int64_t result;

        if (guest_copy_in(&e, at, sizeof(e))) {
            return -XEN_EFAULT;
        }
        c->multicall = &e;
        result = multicall_one(&e);
        c->multicall = NULL;
        if (result == -XEN_ERESTART_CALL) {
            if (guest_copy_out(at, &e, sizeof(e))) {
                return -XEN_EFAULT;
            }
            return multicall_restart(at, nr);
        }
        if (e.op == __HYPERVISOR_iret) {
            return result;
        }
        if (guest_store64(GVA(at.v + offsetof(struct multicall_entry, result)),
                          (uint64_t)result)) {
            return -XEN_EFAULT;
        }
        if (!vcpu_may_go_on(v)) {
            return 0;
        }
        if (!work_spend(1) && nr > 1) {
            at.v += sizeof(struct multicall_entry);
            return multicall_restart(at, nr - 1);
        }
    }
    return 0;
}

/* --- 32-bit callers -------------------------------------------------------------- */

void hypercall_entry_32(struct cpu_regs *regs)
{
    /* No 32-bit domain can exist yet, so only a bug gets here; still, it is
     * a guest that asks, and it gets an answer. */
    regs->rax = (uint32_t)-XEN_ENOSYS;
}
