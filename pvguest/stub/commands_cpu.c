/* SPDX-License-Identifier: MIT */
/*
 * Commands about the CPU: rings, hypercall, events, timer, user.
 */
#include <pv/evtchn.h>
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/printf.h>
#include <pv/sched.h>
#include <pv/start.h>
#include <pv/string.h>
#include <pv/time.h>
#include <pv/user.h>

#include <xen/errno.h>

#include "stub.h"

#define CALLS          1000u
#define MILLISECOND    1000000ull
#define NO_SUCH_CALL   63u

enum user_call { USER_PRINT = 1, USER_TELL = 2, USER_EXIT = 3 };

/* What one run of the user program did. */
struct user_story {
    char text[32];
    uint64_t told;
    unsigned int syscalls, int80s;
    unsigned int end_vector;
    uint64_t end_error, end_address;
};

static unsigned int current_cs(void)
{
    unsigned int cs;

    __asm__("mov %%cs, %0" : "=r"(cs));
    return cs;
}

static uint64_t current_rflags(void)
{
    uint64_t rflags;

    __asm__ volatile("pushfq; popq %0" : "=r"(rflags) : : "memory");
    return rflags;
}

static const char *probe_verdict(const struct fault *fault)
{
    if (!fault->raised) {
        return "is ignored";
    }
    return fault->vector == VECTOR_GP ? "raises #GP" : "raises a trap";
}

/* The kernel reads a user buffer through the user's own page table. */
static void copy_user_text(const struct user *user, char *to, size_t size)
{
    size_t length = user->regs.rsi < size - 1 ? user->regs.rsi : size - 1;
    struct walk walk;

    to[0] = '\0';
    if ((user->regs.rdi & ~PAGE_MASK) + length > PAGE_SIZE ||
        !mm_walk(&user->space, user->regs.rdi, &walk)) {
        return;
    }
    memcpy(to, (char *)mfn_to_virt(pte_mfn(walk.entry[1])) +
           (user->regs.rdi & ~PAGE_MASK), length);
    to[length] = '\0';
}

static void user_serve(struct user *user, struct user_story *story)
{
    switch (user->regs.rax) {
    case USER_PRINT:
        copy_user_text(user, story->text, sizeof(story->text));
        break;
    case USER_TELL:
        story->told = user->regs.rdi;
        break;
    default:
        break;
    }
    user->regs.rax = 0;
}

static void user_tell_story(struct user_story *story)
{
    struct user user;

    *story = (struct user_story){ .end_vector = 0 };
    user_create(&user, user_prog_start,
                (size_t)(user_prog_end - user_prog_start));
    user.regs.rbx = (uint64_t)start_info;
    for (;;) {
        user_run(&user);
        if (user.regs.vector == VECTOR_SYSCALL) {
            story->syscalls++;
        } else if (user.regs.vector == VECTOR_INT80) {
            story->int80s++;
        } else {
            break;
        }
        if (user.regs.rax == USER_EXIT) {
            break;
        }
        user_serve(&user, story);
    }
    story->end_vector = (unsigned int)user.regs.vector;
    story->end_error = user.regs.error;
    story->end_address = evtchn_vcpu_info()->arch.cr2;
    user_destroy(&user);
}

bool command_rings(const char *argument)
{
    volatile struct vcpu_info *info = evtchn_vcpu_info();
    uint8_t mask = info->evtchn_upcall_mask;
    struct fault cli = PROBE("cli", "r"(0));
    uint64_t rflags = current_rflags();
    struct fault hlt = PROBE("hlt", "r"(0));
    struct user_story story;
    bool ok;

    user_tell_story(&story);
    printf("kernel: cs %04x, so ring %u; user: cs %04lx, ring %lu\n",
           current_cs(), current_cs() & 3, story.told, story.told & 3);
    printf("ring 0 is the hypervisor's; page tables keep our two ring-3 "
           "worlds apart\n");
    printf("cli %s; interrupts stay %s, and the upcall mask stays %u\n",
           probe_verdict(&cli), rflags & RFLAGS_IF ? "on" : "OFF",
           info->evtchn_upcall_mask);
    printf("hlt %s: to sleep is the hypervisor's to do, so we ask it\n",
           probe_verdict(&hlt));
    ok = check((current_cs() & 3) == 3, "the kernel runs in ring 3");
    ok &= check((story.told & 3) == 3, "the user runs in ring 3");
    ok &= check(rflags & RFLAGS_IF, "the real interrupt flag is ours to clear");
    ok &= check(info->evtchn_upcall_mask == mask, "cli leaves the mask alone");
    ok &= check(hlt.raised && hlt.vector == VECTOR_GP, "hlt raises #GP");
    return ok;
}

static uint64_t time_calls(bool raw)
{
    uint64_t start = read_tsc();

    for (unsigned int i = 0; i < CALLS; i++) {
        if (raw) {
            hypercall_raw(__HYPERVISOR_xen_version, XENVER_version, 0, 0, 0,
                          0);
        } else {
            hypercall_xen_version(XENVER_version, NULL);
        }
    }
    return (read_tsc() - start) / CALLS;
}

bool command_hypercall(const char *argument)
{
    long by_page = hypercall_xen_version(XENVER_version, NULL);
    long by_syscall = hypercall_raw(__HYPERVISOR_xen_version, XENVER_version,
                                    0, 0, 0, 0);
    long refused = hypercall(NO_SUCH_CALL, 0, 0, 0, 0, 0);
    struct multicall_entry batch[3] = {
        { .op = __HYPERVISOR_xen_version, .args = { XENVER_version } },
        { .op = NO_SUCH_CALL },
        { .op = __HYPERVISOR_sched_op, .args = { SCHEDOP_yield } },
    };
    long multi = hypercall_multicall(batch, 3);
    bool ok;

    printf("xen_version by the hypercall page: %lx, by a bare SYSCALL: %lx\n",
           by_page, by_syscall);
    printf("%u calls each: %lu TSC ticks a call by the page, %lu by SYSCALL\n",
           CALLS, time_calls(false), time_calls(true));
    printf("call %u does not exist: %ld; a multicall of 3 gave %lx, %ld, %ld "
           "in one entry\n", NO_SUCH_CALL, refused, batch[0].result,
           (long)batch[1].result, (long)batch[2].result);
    ok = check(by_page > 0 && by_page == by_syscall, "both doors agree");
    ok &= check(refused == -XEN_ENOSYS, "an unknown call is -ENOSYS");
    ok &= check(multi == 0 && (long)batch[0].result == by_page &&
                (long)batch[1].result == -XEN_ENOSYS &&
                batch[2].result == 0, "the batch gives the same answers");
    return ok;
}

static void count_event(evtchn_port_t port, void *context)
{
    unsigned int *count = context;

    (*count)++;
}

bool command_events(const char *argument)
{
    evtchn_port_t ear = 0, mouth = 0;
    unsigned int heard = 0, while_masked;
    bool pending, ok;

    ok = check(evtchn_alloc_unbound(DOMID_SELF, DOMID_SELF, &ear) == 0,
               "a port can be offered");
    ok &= check(evtchn_bind_interdomain(DOMID_SELF, ear, &mouth) == 0,
                "a port can be bound to it");
    if (!ok) {
        return false;
    }
    evtchn_set_handler(ear, count_event, &heard);
    evtchn_unmask(ear);
    evtchn_send(mouth);
    printf("port %u is the ear of port %u: one send, %u heard\n", ear, mouth,
           heard);
    ok &= check(heard == 1, "a sent event arrives before the call returns");

    evtchn_mask(ear);
    evtchn_send(mouth);
    evtchn_send(mouth);
    while_masked = heard - 1;
    pending = evtchn_is_pending(ear);
    evtchn_unmask(ear);
    printf("masked: two sends, %u heard, pending bit %u; unmasked: %u more "
           "(a bit holds one)\n", while_masked, pending, heard - 1);
    ok &= check(while_masked == 0 && pending && heard == 2,
                "masking defers and merges events");
    ok &= check(evtchn_close(mouth) == 0 && evtchn_close(ear) == 0,
                "both ports close");
    return ok;
}

bool command_timer(const char *argument)
{
    struct vcpu_set_periodic_timer periodic = {
        .period_ns = 10 * MILLISECOND,
    };
    uint64_t start = time_now_ns(), woken, ticks_end;
    unsigned long before;
    bool ok;

    time_sleep_until_ns(start + 20 * MILLISECOND);
    woken = time_now_ns();
    printf("asked to sleep 20 ms, slept %lu us\n", (woken - start) / 1000);
    ok = check(woken >= start + 20 * MILLISECOND, "no timer fires early");

    before = time_tick_count;
    ok &= check(hypercall_vcpu_op(VCPUOP_set_periodic_timer, 0,
                                  &periodic) == 0, "a period can be set");
    /* Spinning, not blocked: the period pauses while the vCPU sleeps. */
    while (time_tick_count < before + 5 &&
           time_now_ns() < woken + 5000 * MILLISECOND) {
        barrier();
    }
    ticks_end = time_now_ns();
    hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    printf("five ticks of 10 ms came within %lu us; wall clock %lu s after "
           "1970\n", (ticks_end - woken) / 1000, time_wallclock_s());
    ok &= check(time_tick_count >= before + 5, "ticks arrive");
    return ok;
}

bool command_user(const char *argument)
{
    struct user_story story;
    bool ok;

    user_tell_story(&story);
    printf("the process said \"%s\" by SYSCALL and told its cs %04lx by INT "
           "0x80\n", story.text, story.told);
    printf("then it read %lx, where our start_info is: vector %u, error %lx, "
           "address %lx\n", (unsigned long)start_info, story.end_vector,
           story.end_error, story.end_address);
    ok = check(strcmp(story.text, "hello from user mode") == 0,
               "system calls carry arguments");
    ok &= check(story.syscalls == 1 && story.int80s == 1,
                "two system calls arrive by two ways");
    ok &= check(story.end_vector == VECTOR_PF && (story.end_error & 4) != 0 &&
                story.end_address == (uint64_t)start_info,
                "the kernel is not in the user's page table");
    return ok;
}
