/* SPDX-License-Identifier: MIT */
/*
 * The event rings.
 *
 * Each CPU writes only its own ring, interrupts off, so recording takes no
 * lock and no locked instruction. Records and ring heads are laid out as Xen's
 * (xen/trace.h), so Xen's tools read them. A ring has one of two readers:
 *
 *   - nobody, until a panic or a debug key prints the last events. The writer
 *     makes room by moving `cons` over the oldest records.
 *   - a program that sees the machine's memory and empties the rings while the
 *     machine runs (option trace_stream). It alone moves `cons`; where it is
 *     too slow, new records are dropped and counted, and the count becomes a
 *     record as soon as there is room.
 *
 *   T1  cons and prod count bytes modulo twice the size; prod - cons is what
 *       is in the ring
 *   T2  a record does not reach over the ring's end: records of kind WRAP,
 *       whole words, fill what is left there
 *   T3  prod moves after the record is written
 *
 * A dump reads the rings of other CPUs without stopping them and may see
 * records that are being overwritten: it is for people, after the others were
 * stopped or when nothing depends on it.
 *
 * The time is the CPU's own time-stamp counter, not system time: events must
 * be recordable while the clock code itself is what is being watched.
 */
#include <hv/arch.h>
#include <hv/console.h>
#include <hv/hypercall.h>
#include <hv/options.h>
#include <hv/trace.h>
#include <hv/util.h>

#define LAST_EVENTS_PAGES 4u
#define RECORD_WORDS_MAX (3u + TRACE_EXTRA_MAX)
#define ARGS_MAX 4u

struct trace_ring {
    struct t_buf *head;        /* NULL: silent */
    uint32_t size;             /* bytes behind the head */
    uint32_t lost;
    uint64_t lost_tsc;         /* of the first that was lost */
};

uint32_t trace_mask;

static struct trace_ring rings[CPUS_MAX];

static const struct event {
    uint32_t number;
    const char *layout, *text;
} events[] = {
#define TRACE_EVENT(name, number, layout, text) \
    [TRACE_##name] = { number, layout, text },
#include <hv/trace_events.def>
#undef TRACE_EVENT
};

/* --- the ring --------------------------------------------------------------- */

static uint32_t *at(const struct trace_ring *ring, uint32_t position)
{
    uint32_t offset = position < ring->size ? position : position - ring->size;

    return (uint32_t *)(void *)((char *)(ring->head + 1) + offset);
}

static uint32_t advance(const struct trace_ring *ring, uint32_t position,
                        uint32_t bytes)
{
    position += bytes;
    return position < 2 * ring->size ? position : position - 2 * ring->size;
}

/* T1 */
static uint32_t used(const struct trace_ring *ring)
{
    uint32_t cons = __atomic_load_n(&ring->head->cons, __ATOMIC_ACQUIRE);
    uint32_t prod = ring->head->prod;

    return prod >= cons ? prod - cons : prod + 2 * ring->size - cons;
}

static uint32_t record_bytes(uint32_t header)
{
    return 4 + ((header & TRC_HD_CYCLE_FLAG) != 0 ? 8 : 0) +
           4 * (uint32_t)TRC_HD_EXTRA(header);
}

/* From prod to the ring's end. */
static uint32_t to_end(const struct trace_ring *ring)
{
    uint32_t prod = ring->head->prod;

    return (prod < ring->size ? ring->size : 2 * ring->size) - prod;
}

static bool make_room(struct trace_ring *ring, uint32_t bytes)
{
    while (ring->size - used(ring) < bytes) {
        uint32_t cons = ring->head->cons;

        if (options.trace_stream_kib != 0) {
            return false;
        }
        ring->head->cons = advance(ring, cons, record_bytes(*at(ring, cons)));
    }
    return true;
}

static void publish(struct trace_ring *ring, uint32_t bytes)
{
    __atomic_store_n(&ring->head->prod,
                     advance(ring, ring->head->prod, bytes),
                     __ATOMIC_RELEASE); /* T3 */
}

/* T2 */
static void fill_end(struct trace_ring *ring, uint32_t bytes)
{
    while (bytes > 0) {
        uint32_t words = (uint32_t)min_u64(bytes / 4, 1 + TRACE_EXTRA_MAX);

        *at(ring, ring->head->prod) = TRC_TRACE_WRAP_BUFFER |
                                      (words - 1) << TRACE_EXTRA_SHIFT;
        publish(ring, words * 4);
        bytes -= words * 4;
    }
}

/* False: no room. */
static bool put(struct trace_ring *ring, uint64_t tsc, uint32_t number,
                const uint32_t words[], unsigned int count)
{
    uint32_t bytes = 4 * (3 + count);
    uint32_t end = to_end(ring) < bytes ? to_end(ring) : 0;
    uint32_t *record;

    if (!make_room(ring, bytes + end)) {
        return false;
    }
    fill_end(ring, end);
    record = at(ring, ring->head->prod);
    record[0] = number | count << TRACE_EXTRA_SHIFT |
                (uint32_t)TRC_HD_CYCLE_FLAG;
    record[1] = (uint32_t)tsc;
    record[2] = (uint32_t)(tsc >> 32);
    for (unsigned int i = 0; i < count; i++) {
        record[3 + i] = words[i];
    }
    publish(ring, bytes);
    return true;
}

/* Domain and vcpu in one word, as Xen's records have them. */
static uint32_t vcpu_word(uint32_t domid, uint32_t vcpu_id)
{
    return domid << 16 | vcpu_id;
}

/* The gap is told before what follows it. */
static bool put_lost(struct trace_ring *ring)
{
    const struct vcpu *v = current_vcpu();
    uint32_t words[4] = {
        ring->lost, vcpu_word(v->domain->id, v->id),
        (uint32_t)ring->lost_tsc, (uint32_t)(ring->lost_tsc >> 32),
    };

    if (!put(ring, ring->lost_tsc, TRC_LOST_RECORDS, words, 4)) {
        return false;
    }
    ring->lost = 0;
    return true;
}

/* --- recording -------------------------------------------------------------- */

/* As Xen's mask: one of the classes, and one of the kinds. */
static bool is_wanted(uint32_t number)
{
    uint32_t both = trace_mask & number;

    return both >> TRC_CLS_SHIFT != 0 && (both & 0xf000) != 0;
}

static void record(uint32_t number, const uint32_t words[], unsigned int count)
{
    struct trace_ring *ring = &rings[this_cpu()->id];
    uint64_t tsc = __builtin_ia32_rdtsc();

    if (ring->head == NULL || !is_wanted(number)) {
        return;
    }
    if (ring->lost > 0 && !put_lost(ring)) {
        ring->lost++;
    } else if (!put(ring, tsc, number, words, count)) {
        ring->lost = 1;
        ring->lost_tsc = tsc;
    }
}

void trace_record(enum trace_event event, const uint64_t args[])
{
    const struct event *e = &events[event];
    uint32_t words[2 * ARGS_MAX];
    unsigned int count = 0;

    for (unsigned int i = 0; e->layout[i] != '\0'; i++) {
        words[count++] = (uint32_t)args[i];
        if (e->layout[i] == '8') {
            words[count++] = (uint32_t)(args[i] >> 32);
        }
    }
    record(e->number, words, count);
}

#define A32(i) (uint32_t)TRC_PV_HYPERCALL_V2_ARG_32(i)
#define A64(i) (uint32_t)TRC_PV_HYPERCALL_V2_ARG_64(i)

/* Arguments that say more than where a structure lies: commands, counts,
 * addresses that are the call's object. */
static const uint32_t telling[HYPERCALL_MAX] = {
    [__HYPERVISOR_mmu_update] = A32(1),
    [__HYPERVISOR_set_gdt] = A32(1),
    [__HYPERVISOR_stack_switch] = A64(1),
    [__HYPERVISOR_fpu_taskswitch] = A32(0),
    [__HYPERVISOR_set_debugreg] = A32(0) | A64(1),
    [__HYPERVISOR_get_debugreg] = A32(0),
    [__HYPERVISOR_memory_op] = A32(0),
    [__HYPERVISOR_multicall] = A32(1),
    [__HYPERVISOR_update_va_mapping] = A64(0),
    [__HYPERVISOR_set_timer_op] = A64(0),
    [__HYPERVISOR_xen_version] = A32(0),
    [__HYPERVISOR_console_io] = A32(0) | A32(1),
    [__HYPERVISOR_grant_table_op] = A32(0) | A32(2),
    [__HYPERVISOR_vm_assist] = A32(0) | A32(1),
    [__HYPERVISOR_vcpu_op] = A32(0) | A32(1),
    [__HYPERVISOR_set_segment_base] = A32(0) | A64(1),
    [__HYPERVISOR_mmuext_op] = A32(1),
    [__HYPERVISOR_sched_op] = A32(0),
    [__HYPERVISOR_callback_op] = A32(0),
    [__HYPERVISOR_event_channel_op] = A32(0),
    [__HYPERVISOR_physdev_op] = A32(0),
};

void trace_hypercall(enum trace_event event, uint64_t nr,
                     const uint64_t args[5])
{
    uint32_t words[1 + 2 * 5] = { (uint32_t)nr | telling[nr] };
    unsigned int count = 1;

    for (unsigned int i = 0; i < 5; i++) {
        if ((telling[nr] & (A32(i) | A64(i))) != 0) {
            words[count++] = (uint32_t)args[i];
        }
        if ((telling[nr] & A64(i)) != 0) {
            words[count++] = (uint32_t)(args[i] >> 32);
        }
    }
    record(events[event].number, words, count);
}

void trace_runstate(uint32_t domid, uint32_t vcpu_id, int from, int to)
{
    uint32_t word = vcpu_word(domid, vcpu_id);

    record(TRC_SCHED_RUNSTATE_CHANGE | (uint32_t)from << 8 |
           (uint32_t)to << 4, &word, 1);
}

/* --- set-up ----------------------------------------------------------------- */

static void make_ring(struct trace_ring *ring, uint32_t pages)
{
    struct t_buf *head = hv_alloc_pages(
        (unsigned int)__builtin_ctz(pages));

    if (head != NULL) {
        ring->head = head;
        ring->size = (uint32_t)(pages * PAGE_SIZE - sizeof(*head));
    }
}

/* Tells a reader outside where the rings are: t_info, and on the console where
 * that is. False: no memory. */
static bool describe_rings(uint32_t pages)
{
    uint32_t bytes = (CPUS_MAX + cpu_count * pages) * 4;
    unsigned int order = 0;
    struct t_info *info;
    uint32_t *list;

    while (PAGE_SIZE << order < bytes) {
        order++;
    }
    info = hv_alloc_pages(order);
    if (info == NULL) {
        return false;
    }
    info->tbuf_size = (uint16_t)pages;
    list = (uint32_t *)(void *)info + CPUS_MAX;
    for (unsigned int cpu = 0; cpu < cpu_count; cpu++) {
        if (rings[cpu].head == NULL) {
            continue;
        }
        info->mfn_offset[cpu] = (uint16_t)(list - (uint32_t *)(void *)info);
        for (uint32_t i = 0; i < pages; i++) {
            *list++ = (uint32_t)(frame_unmap_addr(rings[cpu].head).v + i);
        }
    }
    printk("trace: %u pages a CPU for %u CPUs, listed at %lx", pages,
           cpu_count, mfn_to_maddr(frame_unmap_addr(info)).v);
    return true;
}

void trace_start(void)
{
    uint32_t pages = LAST_EVENTS_PAGES;

    if (options.trace_stream_kib != 0) {
        pages = options.trace_stream_kib * 1024 / (uint32_t)PAGE_SIZE;
        pages = 1u << (31 - __builtin_clz(pages));
        while (pages * cpu_count > UINT16_MAX - CPUS_MAX) {
            pages /= 2; /* offsets in t_info have 16 bits */
        }
    }
    for (unsigned int i = 0; i < cpu_count; i++) {
        make_ring(&rings[i], pages);
    }
    if (options.trace_stream_kib != 0 && !describe_rings(pages)) {
        printk("trace: no memory for the list of the rings");
        return;
    }
    trace_mask = options.trace_mask;
    if (is_wanted(TRC_PV_HYPERCALL_V2)) {
        hypercall_trace();
    }
}

/* --- printing --------------------------------------------------------------- */

/* The row that a record's number belongs to, or NULL. */
static const struct event *find_event(uint32_t number)
{
    if ((number & ~0xff0u) == TRC_SCHED_RUNSTATE_CHANGE) {
        number = TRC_SCHED_RUNSTATE_CHANGE;
    }
    for (unsigned int i = 0; i < ARRAY_SIZE(events); i++) {
        if (events[i].number == number) {
            return &events[i];
        }
    }
    return NULL;
}

static void unpack(const struct event *e, const uint32_t *words,
                   uint64_t args[ARGS_MAX])
{
    for (unsigned int i = 0; e->layout[i] != '\0'; i++) {
        args[i] = *words++;
        if (e->layout[i] == '8') {
            args[i] |= (uint64_t)*words++ << 32;
        }
    }
    if (e->number == TRC_PV_HYPERCALL_V2 ||
        e->number == TRC_PV_HYPERCALL_SUBCALL) {
        args[0] &= ~(uint64_t)TRC_PV_HYPERCALL_V2_ARG_MASK;
    }
}

static void print_record(unsigned int cpu, const uint32_t *r)
{
    const struct event *e = find_event(TRC_HD_TO_EVENT(*r));
    uint64_t args[ARGS_MAX] = { 0 };
    char line[120];
    int length;

    if (e == NULL) {
        return;
    }
    unpack(e, r + 3, args);
    length = snprintk(line, sizeof(line), "cpu %u tsc %lu: ", cpu,
                      r[1] | (uint64_t)r[2] << 32);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintk(line + length, sizeof(line) - (size_t)length, e->text, args[0],
             args[1], args[2], args[3]);
#pragma GCC diagnostic pop
    printk("%s", line);
}

/* Prints the records behind the first `skip`; returns how many there are. A
 * ring's size bounds the walk, should the ring change under it. */
static uint32_t walk(unsigned int cpu, uint32_t skip, bool print)
{
    const struct trace_ring *ring = &rings[cpu];
    uint32_t left = used(ring), position = ring->head->cons, n = 0;

    while (left > 0) {
        const uint32_t *r = at(ring, position);
        uint32_t bytes = record_bytes(*r);

        if (bytes > left) {
            break;
        }
        if ((*r & TRC_HD_CYCLE_FLAG) != 0 && n++ >= skip && print) {
            print_record(cpu, r);
        }
        position = advance(ring, position, bytes);
        left -= bytes;
    }
    return n;
}

void trace_dump(unsigned int count)
{
    for (unsigned int cpu = 0; cpu < CPUS_MAX; cpu++) {
        if (rings[cpu].head != NULL) {
            uint32_t n = walk(cpu, 0, false);

            walk(cpu, n > count ? n - count : 0, true);
        }
    }
}
