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
 * has its arguments written into its entry in the guest's list instead, and
 * the multicall restarts at that entry.
 *
 *   M1  an entry is read just before it is executed, once: what an earlier one
 *       did to the list counts. The list's range is checked once, for all;
 *       whether there is memory is found out entry by entry
 *   M2  what a call returns is the guest's to choose (get_debugreg), so only
 *       struct multicall says how the multicall goes on
 *   M3  softirqs that an entry left, and a spent budget, come before the next:
 *       who blocks or yields in a list does so there
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/trace.h>
#include <hv/util.h>

static int64_t hc_absent(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                         uint64_t a4)
{
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

/* The same for the entries of a multicall, but for two rows. */
static int64_t hc_nested(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                         uint64_t a4)
{
    return -XEN_EINVAL;
}

/* What it returns to is not the instruction behind the multicall. */
static int64_t hc_last_iret(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                            uint64_t a4)
{
    this_cpu()->multicall->state = MULTICALL_LEFT;
    return hc_iret(a0, a1, a2, a3, a4);
}

#define HYPERCALL(nr, name, kind, restartable) [nr] = hc_##name,
static hypercall_fn *const multicall_table[HYPERCALL_MAX] = {
    [0 ... HYPERCALL_MAX - 1] = hc_absent,
#include <hypercalls.def>
    [__HYPERVISOR_multicall] = hc_nested,
    [__HYPERVISOR_iret] = hc_last_iret,
};
#pragma GCC diagnostic pop

hypercall_fn *const *hypercall_lane = hypercall_table;

/* Every row of the tables in the plain one's place while calls are recorded:
 * so, tracing off costs nothing on the way in. */
static int64_t hc_traced(uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3,
                         uint64_t a4)
{
    const struct multicall *m = this_cpu()->multicall;
    uint64_t nr = m != NULL ? m->op : arch_guest_regs()->rax;
    int64_t result;

    trace_hypercall(m != NULL ? TRACE_SUBCALL : TRACE_HYPERCALL, nr,
                    (uint64_t[]){ a0, a1, a2, a3, a4 });
    if (m != NULL) {
        return multicall_table[nr](a0, a1, a2, a3, a4);
    }
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
    struct multicall *m = this_cpu()->multicall;
    struct cpu_regs *regs = arch_guest_regs();
    uint64_t *reg[5] = { &regs->rdi, &regs->rsi, &regs->rdx, &regs->r10,
                         &regs->r8 };

    BUG_ON(count > ARRAY_SIZE(reg));
    COUNT(restart);
    TRACE(RESTART, m != NULL ? m->op : regs->rax, count > 0 ? args[0] : 0);
    if (m != NULL) {
        for (unsigned int i = 0; i < count; i++) {
            m->args[i] = args[i];
        }
        m->arg_count = count;
        m->state = MULTICALL_RESTARTS;
        return -XEN_ERESTART_CALL;
    }
    for (unsigned int i = 0; i < count; i++) {
        *reg[i] = args[i];
    }
    regs->rip -= 2;
    return (int64_t)regs->rax;
}

/* --- multicall ---------------------------------------------------------------- */

#define WORD(field) (offsetof(struct multicall_entry, field) / 8)

/* Arguments that the call does not change are still in the entry. */
static bool write_args(gva_t at, const struct multicall *m)
{
    bool fault = false;

    for (unsigned int i = 0; i < m->arg_count; i++) {
        fault = fault || guest_store64(GVA(at.v + 8 * (WORD(args) + i)),
                                       m->args[i]);
    }
    return fault;
}

/* One entry, M1; the lane has a row for each number below the table's end.
 * False: m->state says why the list does not simply go on. */
static ALWAYS_INLINE bool run_entry(struct cpu *c, struct multicall *m,
                                    hypercall_fn *const *lane, gva_t at)
{
    uint64_t op, a0, a1, a2, a3, a4;
    int64_t result = -XEN_ENOSYS;

    guest_words_reopen();
    if (guest_word_get(at, WORD(op), &op) ||
        guest_word_get(at, WORD(args[0]), &a0) ||
        guest_word_get(at, WORD(args[1]), &a1) ||
        guest_word_get(at, WORD(args[2]), &a2) ||
        guest_word_get(at, WORD(args[3]), &a3) ||
        guest_word_get(at, WORD(args[4]), &a4)) {
        goto fault;
    }
    guest_words_end();
    if (LIKELY(op < HYPERCALL_MAX)) {
        m->op = op;
        arch_count(&c->counters[COUNTER_hypercall + op]);
        result = lane[op](a0, a1, a2, a3, a4);
        if (UNLIKELY(m->state != MULTICALL_GOES_ON)) {              /* M2 */
            m->result = result;
            return false;
        }
    }
    guest_words_reopen();
    if (guest_word_put(at, WORD(result), (uint64_t)result)) {
        goto fault;
    }
    guest_words_end();
    return true;
fault:
    guest_words_end();
    m->state = MULTICALL_FAULTED;
    return false;
}

/* M3 */
static ALWAYS_INLINE bool has_to_wait(const struct cpu *c)
{
    return !work_spend(1) ||
           __atomic_load_n(&c->softirqs, __ATOMIC_RELAXED) != 0;
}

/* What the multicall returns that stopped before the entry at `at`. */
static COLD int64_t multicall_stop(const struct multicall *m, gva_t at,
                                   uint64_t left)
{
    uint64_t args[2] = { at.v, left };

    if (m->state == MULTICALL_LEFT) {
        return m->result;
    }
    if (m->state == MULTICALL_FAULTED || write_args(at, m)) {
        return -XEN_EFAULT;
    }
    return vcpu_may_go_on(current_vcpu()) ? hypercall_restart(2, args) : 0;
}

/*
 * multicall(list, nr): executes nr entries in order. Results go into the
 * entries; a call that fails does not stop the rest. 0; -XEN_EFAULT when an
 * entry can not be read or written; -XEN_EINVAL for a multicall in one.
 */
int64_t hc_multicall(uint64_t list, uint64_t nr, uint64_t a2, uint64_t a3,
                     uint64_t a4)
{
    hypercall_fn *const *lane = hypercall_lane == traced_table
                                    ? traced_table : multicall_table;
    struct cpu *c = this_cpu();
    struct multicall m;
    gva_t at = GVA(list);

    nr = (uint32_t)nr; /* the ABI's type */
    if (!gva_range_ok(at, nr * sizeof(struct multicall_entry))) {
        return -XEN_EFAULT;
    }
    m.state = MULTICALL_GOES_ON;
    m.arg_count = 0;
    c->multicall = &m;
    while (nr > 0 && run_entry(c, &m, lane, at)) {
        at.v += sizeof(struct multicall_entry);
        nr--;
        if (has_to_wait(c) && nr > 0) {
            m.state = MULTICALL_RESTARTS;
            break;
        }
    }
    c->multicall = NULL;
    return LIKELY(m.state == MULTICALL_GOES_ON) ? 0
                                                : multicall_stop(&m, at, nr);
}

/* --- 32-bit callers -------------------------------------------------------------- */

void hypercall_entry_32(struct cpu_regs *regs)
{
    /* No 32-bit domain can exist yet, so only a bug gets here; still, it is
     * a guest that asks, and it gets an answer. */
    regs->rax = (uint32_t)-XEN_ENOSYS;
}
