/* SPDX-License-Identifier: MIT */
/*
 * Where the hypervisor spends its time, by sampling.
 *
 * The hypervisor runs with interrupts off, so an ordinary timer interrupt
 * would show nothing but its exits. The PC's interval timer is therefore
 * delivered by the I/O APIC as an NMI, which no CPU can turn off. Its handler
 * counts, by kind of what it interrupted, and for the hypervisor itself by
 * address, in buckets of 16 bytes: compilers align functions so, and a function
 * is then a number of whole buckets.
 *
 *   N1  the handler only adds to numbers; it takes no lock, touches no guest
 *       and can not fault, so it may come between any two instructions. On
 *       which stack, see entry.asm.
 *   N2  the NMI goes to every CPU of the machine, also to those that we do not
 *       use, and would wake them to run what their firmware left; unless all
 *       are ours it goes to the boot CPU alone
 *
 * A CPU takes an NMI between two instructions; an emulator takes it between
 * two blocks of them, so that under QEMU without KVM a function's number is
 * right and an address's is not.
 *
 * 82C54 data sheet (mode 2); SDM 3A 6.7 (NMI).
 */
#include "profile.h"

#include <arch/portio.h>
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/util.h>

#include "acpi.h"
#include "backtrace.h"
#include "ioapic.h"

#define PIT_HZ       1193182u
#define PIT_CHANNEL0 0x40
#define PIT_COMMAND  0x43
#define PIT_IRQ      0

#define BUCKET_SHIFT 4
#define FUNCTIONS_SHOWN 30

enum kind { IN_GUEST_USER, IN_GUEST_KERNEL, IN_IDLE, IN_HYPERVISOR, KINDS };

static uint64_t samples[KINDS];
static uint32_t *buckets; /* of the text, for IN_HYPERVISOR */
static uint32_t sampled_hz;
static bool counting;

static enum kind kind_of(const struct cpu_regs *regs)
{
    const struct cpu *c = this_cpu();

    if ((regs->cs & 3) != 0) {
        return c->current->kernel_mode ? IN_GUEST_KERNEL : IN_GUEST_USER;
    }
    return c->in_idle ? IN_IDLE : IN_HYPERVISOR;
}

void profile_sample(const struct cpu_regs *regs)
{
    uint64_t offset = regs->rip - (uint64_t)text_start;
    enum kind kind;

    if (!__atomic_load_n(&counting, __ATOMIC_ACQUIRE)) {
        return;
    }
    kind = kind_of(regs);
    __atomic_fetch_add(&samples[kind], 1, __ATOMIC_RELAXED);
    if (kind == IN_HYPERVISOR && offset < (uint64_t)(text_end - text_start)) {
        __atomic_fetch_add(&buckets[offset >> BUCKET_SHIFT], 1,
                           __ATOMIC_RELAXED);
    }
}

static void pit_start(uint32_t divisor)
{
    outb(PIT_COMMAND, 0x34); /* channel 0, both bytes, mode 2 */
    outb(PIT_CHANNEL0, (uint8_t)divisor);
    outb(PIT_CHANNEL0, (uint8_t)(divisor >> 8));
}

void profile_start(uint32_t hz)
{
    uint64_t bytes = ((uint64_t)(text_end - text_start) >> BUCKET_SHIFT) * 4;
    bool all = cpu_count == acpi.madt.cpu_count; /* N2 */
    uint32_t divisor = (uint32_t)min_u64(PIT_HZ / hz, UINT16_MAX);
    unsigned int order = 0;

    while (PAGE_SIZE << order < bytes + 4) {
        order++;
    }
    buckets = hv_alloc_pages(order);
    if (buckets == NULL || ioapic_route_isa_nmi(PIT_IRQ, all) != 0) {
        printk("profile: no memory, or no timer that gives an NMI");
        return;
    }
    sampled_hz = PIT_HZ / divisor;
    __atomic_store_n(&counting, true, __ATOMIC_RELEASE);
    pit_start(divisor);
    printk("profile: %u samples a second of %s", sampled_hz,
           all ? "each CPU" : "CPU 0 (not every CPU is ours)");
}

/* --- telling ------------------------------------------------------------------ */

/* A bucket belongs to the function that its first byte is in. */
static uint32_t samples_between(uint32_t start, uint32_t end)
{
    uint32_t round = (1u << BUCKET_SHIFT) - 1, sum = 0;

    for (uint32_t b = (start + round) >> BUCKET_SHIFT;
         b < (end + round) >> BUCKET_SHIFT; b++) {
        sum += buckets[b];
    }
    return sum;
}

struct hot {
    uint32_t count, start;
    const char *name;
};

/* Is a behind b in the list, which goes from many samples to few? */
static bool is_behind(const struct hot *a, const struct hot *b)
{
    return a->count != b->count ? a->count < b->count : a->start > b->start;
}

/* The function that follows `last` in the list; count 0 at the end. */
static struct hot next_hot(const struct hot *last)
{
    const char *at = symbols_begin(), *name, *next_name = NULL;
    struct hot best = { .count = 0 };
    uint32_t start, end;
    bool more = symbol_next(&at, &start, &name);

    while (more) {
        struct hot here = { .start = start, .name = name };

        more = symbol_next(&at, &end, &next_name);
        here.count = samples_between(
            start, more ? end : (uint32_t)(text_end - text_start));
        if (is_behind(&here, last) && !is_behind(&here, &best)) {
            best = here;
        }
        start = end;
        name = next_name;
    }
    return best;
}

static void print_share(uint64_t count, uint64_t all, const char *what)
{
    uint64_t tenths = all != 0 ? count * 1000 / all : 0;

    printk("%3lu.%lu%% %8lu  %s", tenths / 10, tenths % 10, count, what);
}

void arch_profile_dump(void)
{
    static const char *const names[KINDS] = {
        "guests' users", "guests' kernels", "idle", "hypervisor, there:",
    };
    struct hot hot = { .count = UINT32_MAX };
    uint64_t all = 0;

    if (sampled_hz == 0) {
        printk("profile: off (option profile)");
        return;
    }
    __atomic_store_n(&counting, false, __ATOMIC_RELEASE); /* not the telling */
    for (unsigned int i = 0; i < KINDS; i++) {
        all += samples[i];
    }
    printk("profile: %lu samples, %u a second of a CPU", all, sampled_hz);
    for (unsigned int i = 0; i < KINDS; i++) {
        print_share(samples[i], all, names[i]);
    }
    for (unsigned int i = 0; i < FUNCTIONS_SHOWN; i++) {
        hot = next_hot(&hot);
        if (hot.count == 0) {
            break;
        }
        print_share(hot.count, all, hot.name);
    }
    __atomic_store_n(&counting, true, __ATOMIC_RELEASE);
}
