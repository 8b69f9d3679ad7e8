/* SPDX-License-Identifier: MIT */
/*
 * The conformance kernel: selects cases, runs them, reports.
 *
 * Command line:
 *   cases=a/b,c/x*   run these (exact ids, or a prefix and a star); default all
 *   skip=a/b,c/x*    but not these
 *   list             only print what there is
 *
 * Everything a program should read starts at column 0:
 *   CASE <id> TITLE <title>[ expect=crash]     (list)
 *   CASE <id> BEGIN
 *   EXPECT <what> want=<n> got=<n>
 *   CASE <id> SUCCESS|SKIP|ERROR|FAILURE [reason]
 *   CONFORMANCE DONE <number of cases run>
 *
 * A case marked EXPECT_CRASH succeeds if nothing follows its BEGIN but the
 * hypervisor's report, so it must have a boot of its own and runs only when
 * named exactly.
 *
 * After each case the runner puts trap table, callbacks, descriptor tables,
 * timers and upcall mask back, and compares free pages and event channels with
 * what was there before: a case that leaks is an ERROR, because it would
 * spoil those after it.  Then it lets a debug build of Xenios audit itself: a
 * count that the case made wrong is a FAILURE, whatever the case saw.
 */
#include "conformance.h"

#define PORTS_WATCHED 128u
#define REASON_BYTES  160

enum status { NONE, SUCCESS, SKIP, ERROR, FAILURE };

static const char *const status_names[] = {
    "ERROR", "SUCCESS", "SKIP", "ERROR", "FAILURE",
};

extern const struct conformance_case *const conformance_cases_start[];
extern const struct conformance_case *const conformance_cases_end[];

static enum status status;
static char reason[REASON_BYTES];

struct machine_state {
    unsigned long free_pages;
    uint32_t port_status[PORTS_WATCHED];
};

/* The worst status wins, and the first reason for it stays. */
static void worsen(enum status to, const char *why)
{
    if (to > status) {
        status = to;
        snprintf(reason, sizeof(reason), "%s", why);
    }
}

static const char *number(char *buffer, size_t size, uint64_t value)
{
    int64_t signed_value = (int64_t)value;

    if (signed_value > -65536 && signed_value < 65536) {
        snprintf(buffer, size, "%ld", signed_value);
    } else {
        snprintf(buffer, size, "0x%lx", value);
    }
    return buffer;
}

void expect_eq(const char *what, uint64_t want, uint64_t got)
{
    char want_text[24], got_text[24];

    if (want == got) {
        worsen(SUCCESS, "");
        return;
    }
    printf("EXPECT %s want=%s got=%s\n", what,
           number(want_text, sizeof(want_text), want),
           number(got_text, sizeof(got_text), got));
    worsen(FAILURE, what);
}

void expect_true(const char *what, bool holds)
{
    expect_eq(what, 1, holds);
}

void expect_no_fault(const char *what, const struct fault *fault)
{
    if (!fault->raised) {
        worsen(SUCCESS, "");
        return;
    }
    printf("EXPECT %s want=no-fault got=vector-%u-error-0x%lx\n", what,
           fault->vector, fault->error);
    worsen(FAILURE, what);
}

void expect_fault(const char *what, const struct fault *fault,
                  unsigned int vector, uint64_t error)
{
    if (fault->raised && fault->vector == vector && fault->error == error) {
        worsen(SUCCESS, "");
        return;
    }
    if (!fault->raised) {
        printf("EXPECT %s want=vector-%u-error-0x%lx got=no-fault\n", what,
               vector, error);
    } else {
        printf("EXPECT %s want=vector-%u-error-0x%lx "
               "got=vector-%u-error-0x%lx\n", what, vector, error,
               fault->vector, fault->error);
    }
    worsen(FAILURE, what);
}

void case_skip(const char *why)
{
    worsen(SKIP, why);
}

void case_error(const char *why)
{
    worsen(ERROR, why);
}

uint64_t frame_foreign(void)
{
    uint64_t mfn = 0x1000;              /* 16 MiB: RAM on any machine */

    while (mfn_is_mine(mfn)) {
        mfn++;
    }
    return mfn;
}

volatile unsigned int ear_heard;

static void hear(evtchn_port_t port, void *context)
{
    ear_heard++;
}

bool ear_open(evtchn_port_t *port)
{
    if (evtchn_bind_ipi(0, port) != 0) {
        return false;
    }
    evtchn_set_handler(*port, hear, NULL);
    evtchn_unmask(*port);
    ear_heard = 0;
    return true;
}

uint64_t ldt_set(unsigned long address, unsigned int entries)
{
    struct mmuext_op op = {
        .cmd = MMUEXT_SET_LDT, .arg1.linear_addr = address,
        .arg2.nr_ents = entries,
    };

    return (uint64_t)hypercall_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

void set_osxsave(bool on)
{
    const uint64_t bit = 1ul << 18;
    uint64_t cr4;

    __asm__ volatile("movq %%cr4, %0" : "=r"(cr4));
    cr4 = on ? cr4 | bit : cr4 & ~bit;
    __asm__ volatile("movq %0, %%cr4" : : "r"(cr4));
}

uint64_t read_xcr0(void)
{
    uint32_t low, high;

    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

int scratch_map(unsigned long va, uint64_t mfn, uint64_t flags)
{
    return mm_map(&mm_kernel, va, mfn, flags);
}

static bool table_is_empty(const void *table)
{
    const volatile pte_t *entries = table;

    for (unsigned int i = 0; i < PT_ENTRIES; i++) {
        if (entries[i] != 0) {
            return false;
        }
    }
    return true;
}

void scratch_release(unsigned long va)
{
    struct walk walk;

    mm_unmap(&mm_kernel, va);
    mm_walk(&mm_kernel, va, &walk);
    for (unsigned int level = walk.last + 1; level <= PT_LEVELS; level++) {
        void *table = mfn_to_virt(pte_mfn(walk.entry[level]));

        if (!table_is_empty(table)) {
            return;
        }
        mm_write_entry(walk.entry_address[level], 0);
        mm_flush_tlb();
        mm_table_free(table);
    }
}

pte_t kernel_entry(unsigned long va)
{
    struct walk walk;

    return mm_walk(&mm_kernel, va, &walk) ? walk.entry[1] : 0;
}

static void state_read(struct machine_state *state)
{
    state->free_pages = page_free_count();
    for (unsigned int port = 0; port < PORTS_WATCHED; port++) {
        struct evtchn_status op = { .dom = DOMID_SELF, .port = port };

        state->port_status[port] = EVTCHNSTAT_closed;
        if (hypercall_event_channel_op(EVTCHNOP_status, &op) == 0) {
            state->port_status[port] = op.status;
        }
    }
}

static void state_compare(const struct machine_state *before)
{
    struct machine_state after;
    char text[64];

    state_read(&after);
    if (after.free_pages != before->free_pages) {
        snprintf(text, sizeof(text), "%ld pages leaked",
                 (long)(before->free_pages - after.free_pages));
        case_error(text);
    }
    for (unsigned int port = 0; port < PORTS_WATCHED; port++) {
        if (after.port_status[port] != before->port_status[port]) {
            snprintf(text, sizeof(text), "port %u has changed state", port);
            case_error(text);
        }
    }
}

/* Only a debug build of Xenios offers the call. */
static void audit(void)
{
    long result = hypercall_audit();

    if (result != -XEN_ENOSYS && result != 0) {
        expect_eq("audit", 0, (uint64_t)result);
    }
}

static void state_reset(void)
{
    for (unsigned int vector = 0; vector < 256; vector++) {
        trap_set_handler(vector, NULL);
    }
    trap_register();
    hypercall_set_gdt(NULL, 0);
    ldt_set(0, 0);
    hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    hypercall_vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL);
    hypercall_set_timer_op(0);
    hypercall_fpu_taskswitch(0);
    upcalls_enable();
}

static void run_body(void *descriptor)
{
    const struct conformance_case *c = descriptor;

    c->run();
}

static void run_case(const struct conformance_case *c)
{
    struct machine_state before;
    struct fault fault;
    char text[96];

    status = NONE;
    reason[0] = '\0';
    printf("CASE %s BEGIN\n", c->id);
    state_read(&before);
    fault = probe_call(run_body, (void *)(uintptr_t)c);
    if (fault.raised) {
        snprintf(text, sizeof(text), "unexpected trap %u error %lx at %lx",
                 fault.vector, fault.error, fault.regs.rip);
        printf("EXPECT %s\n", text);
        worsen(FAILURE, text);
    }
    state_reset();
    state_compare(&before);
    audit();
    if (status == NONE) {
        worsen(ERROR, "nothing was reported");
    }
    if (c->flags & EXPECT_CRASH) {
        worsen(FAILURE, "the domain survived");
    }
    printf("CASE %s %s%s%s\n", c->id, status_names[status],
           reason[0] != '\0' ? " " : "", reason);
}

static bool selected(const struct conformance_case *c)
{
    const char *cases = start_option("cases=");

    if (pattern_list_has(start_option("skip="), c->id, false)) {
        return false;
    }
    if (c->flags & EXPECT_CRASH) {
        return pattern_list_has(cases, c->id, true);
    }
    return cases == NULL || pattern_list_has(cases, c->id, false);
}

void guest_main(void)
{
    const struct conformance_case *const *at;
    unsigned int count = 0;
    const char *list = start_option("list");
    bool list_only = list != NULL && (*list == '\0' || *list == ' ');

    for (at = conformance_cases_start; at < conformance_cases_end; at++) {
        const struct conformance_case *c = *at;

        if (list_only) {
            printf("CASE %s TITLE %s%s\n", c->id, c->title,
                   c->flags & EXPECT_CRASH ? " expect=crash" : "");
        } else if (selected(c)) {
            run_case(c);
            count++;
        }
    }
    if (!list_only) {
        printf("CONFORMANCE DONE %u\n", count);
    }
    sched_shutdown(SHUTDOWN_poweroff);
}
