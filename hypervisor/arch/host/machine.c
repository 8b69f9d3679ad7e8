/* SPDX-License-Identifier: MIT */
/*
 * RAM, frame records, M2P and CPUs of the fake machine.
 *
 * RAM is one arena, so the direct map of hv/arch.h is pointer arithmetic on
 * it and a frame number is an index. What the allocator holds is poisoned
 * (ASan) or scribbled over, so a use after free fails loudly and memory that
 * somebody forgot to zero is not zero.
 *
 *   M1  a frame in the allocator is poisoned; one outside of it is not; but a
 *       machine of more than POISON_FRAMES_MAX is not poisoned at all, for it
 *       would then take real memory
 *   M2  frames below HOST_HOLE_FRAMES have records with no reference, are
 *       never allocated, and stay poisoned: like a hole between RAM regions
 *   M3  between host_machine_stop() and the next start the allocator's lists
 *       are empty (drain() takes every block out), so machines of different
 *       sizes can follow each other in one process
 */
#include "internal.h"

#include <hv/boot_info.h>

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__)
#define HOST_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HOST_ASAN 1
#elif __has_feature(memory_sanitizer)
#define HOST_MSAN 1
#endif
#endif

#ifdef HOST_ASAN
#include <sanitizer/asan_interface.h>

static void poison(void *p, size_t n)
{
    ASAN_POISON_MEMORY_REGION(p, n);
}

static void unpoison(void *p, size_t n)
{
    ASAN_UNPOISON_MEMORY_REGION(p, n);
}
#elif defined(HOST_MSAN)
#include <sanitizer/msan_interface.h>

/* Whoever uses memory that nobody has zeroed is told. */
static void poison(void *p, size_t n)
{
    __msan_poison(p, n);
}

static void unpoison(void *p, size_t n)
{
}
#elif defined(__SANITIZE_THREAD__)
/* A guest may write to a free frame by an old TLB entry, which is no race of
 * ours; a scribble would look like one. */
static void poison(void *p, size_t n)
{
}

static void unpoison(void *p, size_t n)
{
}
#else
static void poison(void *p, size_t n)
{
    memset(p, HOST_SCRIBBLE, n);
}

static void unpoison(void *p, size_t n)
{
}
#endif

struct boot_info boot_info;
uint64_t frame_count;
struct frame *host_frames;
uint8_t *host_ram;
struct cpu *cpus[CPUS_MAX];
unsigned int cpu_count;
_Thread_local struct cpu *host_this_cpu;

#define POISON_FRAMES_MAX (1ull << 16)

static uint64_t *m2p;
static uint64_t ram_frames;
static struct domain idle_domain;
static struct vcpu idle_vcpus[CPUS_MAX];
static struct vcpu_info idle_info;

void frames_left(mfn_t mfn, unsigned int order)
{
    if (ram_frames <= POISON_FRAMES_MAX) {
        unpoison(frame_map(mfn), PAGE_SIZE << order);
    }
    host_effect_add(EFFECT_FRAMES_LEFT, mfn.v, order);
}

void frames_came(mfn_t mfn, unsigned int order)
{
    if (ram_frames <= POISON_FRAMES_MAX) {
        poison(frame_map(mfn), PAGE_SIZE << order);
    }
    host_effect_add(EFFECT_FRAMES_CAME, mfn.v, order);
}

void arch_frame_zero(mfn_t mfn)
{
    memset(frame_map(mfn), 0, PAGE_SIZE);
}

void arch_m2p_set(mfn_t mfn, uint64_t pfn)
{
    BUG_ON(!mfn_valid(mfn));
    __atomic_store_n(&m2p[mfn.v], pfn, __ATOMIC_RELAXED);
}

uint64_t arch_m2p_get(mfn_t mfn)
{
    BUG_ON(!mfn_valid(mfn));
    return __atomic_load_n(&m2p[mfn.v], __ATOMIC_RELAXED);
}

void arch_m2p_range(uint64_t *start, uint64_t *end, uint64_t *entries)
{
    *start = M2P_BASE;
    *end = M2P_BASE + round_up(frame_count * 8, 1ull << 21);
    *entries = frame_count;
}

/* The table is no part of the fake RAM; tests only count its extents. */
mfn_t arch_m2p_extent(uint64_t index)
{
    return index * (1ull << 21) < frame_count * 8 ? MFN(index) : INVALID_MFN;
}

static void *map_memory(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (p == MAP_FAILED) {
        abort();
    }
    return p;
}

static void start_cpu(unsigned int id)
{
    struct host_cpu *hc = calloc(1, sizeof(*hc));
    struct vcpu *idle = &idle_vcpus[id];

    if (hc == NULL) {
        abort();
    }
    memset(idle, 0, sizeof(*idle));
    idle->info = &idle_info;
    idle->kernel_mode = true;
    idle->is_idle = true;
    idle->domain = &idle_domain;
    idle->id = id;
    idle->cpu = id;
    idle->state = VCPU_RUNNING;
    idle->initialised = true;
    hc->deadline = NS_NEVER;
    pthread_mutex_init(&hc->access, NULL);
    hc->cpu.id = id;
    hc->cpu.apic_id = id;
    hc->cpu.online = true;
    hc->cpu.idle = idle;
    hc->cpu.current = idle;
    hc->cpu.work_left = WORK_BUDGET;
    hc->cpu.timer_programmed = NS_NEVER;
    spin_lock_init(&hc->cpu.timer_lock, LOCK_TIMER);
    cpus[id] = &hc->cpu;
}

void host_machine_start(uint64_t frames, unsigned int cpus_wanted)
{
    unsigned int id;
    uint64_t i;

    ram_frames = frames;
    frame_count = HOST_HOLE_FRAMES + frames;
    host_ram = map_memory(frame_count * PAGE_SIZE);
    host_frames = map_memory(frame_count * sizeof(struct frame));
    m2p = map_memory(frame_count * sizeof(uint64_t));
    for (i = 0; i < frame_count; i++) {
        m2p[i] = M2P_INVALID;
    }
    memset(&idle_domain, 0, sizeof(idle_domain));
    idle_domain.id = DOMID_IDLE;
    for (id = 0; id < cpus_wanted; id++) {
        start_cpu(id);
    }
    cpu_count = cpus_wanted;
    host_set_cpu(0);
    clock_reset();
    inject_reset();
    tlb_reset();
    host_guest_windows_clear();
    host_console_clear();
    host_effects_clear();
    poison(host_ram, HOST_HOLE_FRAMES * PAGE_SIZE);
    page_alloc_add_range(MFN(HOST_HOLE_FRAMES), MFN(frame_count));
    host_effects_clear();
}

/* M3 */
static void drain(void)
{
    unsigned int order = PAGE_ORDER_MAX + 1;

    inject_reset();
    while (order > 0) {
        mfn_t mfn = page_alloc(order - 1, INVALID_MFN);

        if (!mfn_valid_number(mfn)) {
            order--;
        }
    }
}

uint64_t host_machine_stop(void)
{
    uint64_t missing = ram_frames - page_alloc_free_frames();
    unsigned int id;

    drain();
    if (ram_frames <= POISON_FRAMES_MAX) {
        unpoison(host_ram, frame_count * PAGE_SIZE);
    }
    munmap(host_ram, frame_count * PAGE_SIZE);
    munmap(host_frames, frame_count * sizeof(struct frame));
    munmap(m2p, frame_count * sizeof(uint64_t));
    for (id = 0; id < cpu_count; id++) {
        free(cpus[id]);
        cpus[id] = NULL;
    }
    host_this_cpu = NULL;
    cpu_count = 0;
    frame_count = 0;
    return missing;
}

void host_set_cpu(unsigned int id)
{
    BUG_ON(cpus[id] == NULL);
    host_this_cpu = cpus[id];
}

struct cpu_regs *arch_guest_regs(void)
{
    return &host_cpu(this_cpu())->regs;
}
