/* SPDX-License-Identifier: MIT */
/*
 * Page types on worlds small enough to try everything.
 *
 * First part: every sequence of three calls out of an alphabet of some sixty
 * (pins of each level, unpins, entries that lead anywhere with any right) on
 * five frames, for 4-level and for PAE tables. After each call all counts
 * are computed again from nothing; after each sequence the domain gives up
 * everything, and not one use may be left.
 *
 * Second part: long random sequences by two domains, one of each format, on
 * two vcpus each, that mostly build sensible trees and change them while
 * they are in use. Work budgets are tiny and random, and now and then a call
 * that asks to be restarted is never made again, so that trees lie about
 * half-made until somebody stumbles over them. Fixed seeds: a failure says
 * which, and `model_page_type --first SEED --count 1 --trace` repeats it.
 *
 *     model_page_type [--first N] [--count N] [--seconds S] [--trace]
 */
#include "../../hypervisor/pv/pte.h"

#include <hv/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <xen/errno.h>

#undef PTE_NX
#include "world.h"

#define RO (PTE_P | PTE_U)
#define RW (PTE_P | PTE_U | PTE_RW)
#define PLENTY 1000000

static struct world *w;
static bool trace;
static const char *where = "start";
static unsigned long where_seed;

#define DIE(...)                                                            \
    do {                                                                    \
        fprintf(stderr, "%s, seed %lu: ", where, where_seed);               \
        fprintf(stderr, __VA_ARGS__);                                       \
        fprintf(stderr, "\n");                                              \
        abort();                                                            \
    } while (0)

static void must_agree(void)
{
    char why[160];

    if (!audit_agrees(why, sizeof(why))) {
        DIE("%s", why);
    }
}

static bool is_owned(const struct domain *d, const struct frame *f)
{
    return (f->word & FW_FREE) == 0 && fw_ref_count(f->word) != 0 &&
           f->owner == d->id;
}

/* Everything a domain holds goes; then nothing of it is anything any more. */
static void give_up_everything(struct domain *d)
{
    uint64_t n;
    int err;

    do {
        this_cpu()->work_left = PLENTY;
        err = page_type_relinquish(d);
    } while (err == -XEN_ERESTART_CALL);
    must_agree();
    for (n = 0; n < frame_count; n++) {
        const struct frame *f = mfn_to_frame(MFN(n));

        if (is_owned(d, f) && (fw_type_count(f->word) || f->linear)) {
            DIE("frame %lx is still in use at the end", (unsigned long)n);
        }
    }
}

/* --- every short sequence --------------------------------------------------- */

#define SMALL_FRAMES 5

enum kind { KIND_PIN, KIND_UNPIN, KIND_ENTRY };

struct letter {
    enum kind kind;
    unsigned int frame;
    unsigned int level;      /* KIND_PIN */
    unsigned int slot;       /* KIND_ENTRY */
    unsigned int to;
    uint64_t flags;
};

#define LETTERS_MAX 128

static struct letter letters[LETTERS_MAX];
static unsigned int letter_count;
static mfn_t small[SMALL_FRAMES];

static void add_letter(struct letter l)
{
    if (letter_count == LETTERS_MAX) {
        DIE("too many letters");
    }
    letters[letter_count++] = l;
}

/* Frames 0, 1, 2 play tables; 3 is data; 4 belongs to the other domain. */
static void make_alphabet(unsigned int top)
{
    unsigned int f, to, level;

    letter_count = 0;
    for (f = 0; f < 3; f++) {
        for (level = 1; level <= top; level++) {
            add_letter((struct letter){ .kind = KIND_PIN, .frame = f,
                                        .level = level });
        }
        add_letter((struct letter){ .kind = KIND_UNPIN, .frame = f });
        add_letter((struct letter){ .kind = KIND_ENTRY, .frame = f,
                                    .to = 3, .flags = 0 });
        for (to = 0; to < SMALL_FRAMES; to++) {
            add_letter((struct letter){ .kind = KIND_ENTRY, .frame = f,
                                        .to = to, .flags = PTE_P });
            add_letter((struct letter){ .kind = KIND_ENTRY, .frame = f,
                                        .to = to, .flags = PTE_P | PTE_RW });
        }
    }
    for (f = 0; f < 2 && top == 3; f++) {
        add_letter((struct letter){ .kind = KIND_ENTRY, .frame = f, .slot = 3,
                                    .to = 2, .flags = PTE_P });
    }
}

static int update_entry(mfn_t table, unsigned int slot, uint64_t pte)
{
    struct mmu_update u = { (table.v << PAGE_SHIFT) + slot * 8ull, pte };

    world_args_reset(w);
    return (int)world_call(__HYPERVISOR_mmu_update,
                           world_arg(w, &u, sizeof(u)).v, 1, 0, DOMID_SELF, 0);
}

static unsigned long small_calls, small_good;

static void play(struct domain *d, const struct letter *l)
{
    mfn_t f = small[l->frame];
    int err = 0;

    this_cpu()->work_left = PLENTY;
    switch (l->kind) {
    case KIND_PIN:
        err = page_type_pin(d, f, (enum page_type)l->level);
        break;
    case KIND_UNPIN:
        err = page_type_unpin(d, f);
        break;
    case KIND_ENTRY:
        err = update_entry(f, l->slot, pte_make(small[l->to], l->flags));
        break;
    }
    small_calls++;
    small_good += err == 0;
    must_agree();
}

static void play_sequence(struct domain *d, const unsigned int index[3])
{
    unsigned int i;

    for (i = 0; i < 3; i++) {
        play(d, &letters[index[i]]);
    }
    give_up_everything(d);
    for (i = 0; i < 3; i++) {
        memset(frame_map(small[i]), 0, PAGE_SIZE);
    }
}

static void every_short_sequence(bool pae)
{
    struct domain *d;
    unsigned int i[3];
    unsigned int n;

    where = pae ? "short PAE sequences" : "short sequences";
    w = world_with(2, 16);
    d = w->domains[0];
    d->is_32bit = pae;
    for (n = 0; n < SMALL_FRAMES; n++) {
        small[n] = world_frame(w, n == 4 ? 1 : 0);
    }
    make_alphabet(pae ? 3 : 4);
    for (i[0] = 0; i[0] < letter_count; i[0]++) {
        for (i[1] = 0; i[1] < letter_count; i[1]++) {
            for (i[2] = 0; i[2] < letter_count; i[2]++) {
                where_seed = (i[0] * 1000ul + i[1]) * 1000 + i[2];
                play_sequence(d, i);
            }
        }
    }
    world_free(w);
}

/* --- long random sequences -------------------------------------------------- */

#define POOL 14
#define DATA_FIRST 10        /* the rest of the pool is data */
#define STEPS 120

static mfn_t pools[2][POOL];
static uint64_t random_state;

static unsigned int below(unsigned int n)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned int)((random_state >> 11) % n);
}

static bool one_in(unsigned int n)
{
    return below(n) == 0;
}

static unsigned int me(void)
{
    return current_domain()->id;
}

/* The level that a frame of the pool is meant for; 0: data. */
static unsigned int level_of(unsigned int domain, unsigned int i)
{
    static const unsigned int four[POOL] = { 4, 4, 3, 3, 2, 2, 2, 1, 1, 1 };
    static const unsigned int pae[POOL] = { 3, 3, 2, 2, 2, 2, 2, 1, 1, 1 };

    return domain == 1 ? pae[i] : four[i];
}

static unsigned int any_of_level(unsigned int domain, unsigned int level)
{
    unsigned int i;

    do {
        i = below(POOL);
    } while (level_of(domain, i) != level);
    return i;
}

static unsigned int any_slot(unsigned int level)
{
    static const unsigned int slots[] = { 0, 0, 0, 1, 2, 3, 3, 255, 256, 271,
                                          272, 427, 428, 511 };

    if (level == 3 && me() == 1) {
        return below(5);
    }
    return slots[below(ARRAY_SIZE(slots))];
}

static uint64_t any_flags(unsigned int level)
{
    uint64_t flags = one_in(3) ? RO : RW;

    if (level == 3 && me() == 1) {
        flags = PTE_P;
    }
    if (one_in(6)) {
        flags ^= PTE_A | PTE_D;
    }
    if (one_in(40)) {
        flags ^= 1ull << below(12);
    }
    if (one_in(60)) {
        flags ^= 1ull << (52 + below(12));
    }
    return flags;
}

/* An entry that a table of this level could have; or nearly. */
static uint64_t any_entry(unsigned int domain, unsigned int level)
{
    unsigned int to_level = level > 0 ? level - 1 : 0;

    if (one_in(5)) {
        return one_in(2) ? 0 : (uint64_t)below(1u << 30) << 1;
    }
    if (one_in(30)) {
        return pte_make(MFN(one_in(2) ? frame_count : 0), RO);
    }
    if (one_in(30)) {
        return pte_make(pools[1 - domain][below(POOL)], any_flags(level));
    }
    if (one_in(5)) {
        return pte_make(pools[domain][any_of_level(domain, level)], RO);
    }
    if (one_in(8)) {
        return pte_make(pools[domain][below(POOL)], any_flags(level));
    }
    return pte_make(pools[domain][any_of_level(domain, to_level)],
                    any_flags(level));
}

static unsigned long random_calls[64], random_good[64], abandoned;

/* A call whose restart, if it asks for one, may never come. */
static int64_t call(unsigned int nr, uint64_t a0, uint64_t a1, uint64_t a2,
                    uint64_t a3)
{
    int64_t result;

    if (one_in(8)) {
        struct cpu_regs *r = arch_guest_regs();
        uint64_t rip = r->rip;

        r->rax = nr;
        this_cpu()->work_left = 1 + (int32_t)below(600);
        result = hypercall_table[nr](a0, a1, a2, a3, 0);
        abandoned += r->rip != rip;
        r->rip = rip;
    } else {
        world_set_budget(one_in(3) ? 1 + (int32_t)below(90) : 0);
        result = world_call(nr, a0, a1, a2, a3, 0);
        world_set_budget(0);
    }
    random_calls[nr]++;
    random_good[nr] += result == 0;
    if (trace) {
        fprintf(stderr, "d%uv%u call %u = %ld\n", me(), current_vcpu()->id,
                nr, (long)result);
    }
    return result;
}

static void random_mmu_update(void)
{
    struct mmu_update list[4];
    unsigned int count = 1 + below(4);
    unsigned int domain = me();
    unsigned int i;

    for (i = 0; i < count; i++) {
        unsigned int f = below(one_in(10) ? POOL : DATA_FIRST);
        unsigned int level = level_of(domain, f);

        list[i].ptr = (pools[domain][f].v << PAGE_SHIFT) +
                      any_slot(level) * 8ull + (one_in(4) ? 2 : 0);
        list[i].val = any_entry(domain, level);
        if (trace) {
            fprintf(stderr, "  L%u %lx = %lx\n", level,
                    (unsigned long)list[i].ptr, (unsigned long)list[i].val);
        }
    }
    call(__HYPERVISOR_mmu_update,
         world_arg(w, list, count * sizeof(list[0])).v, count, 0, DOMID_SELF);
}

static void random_mmuext(void)
{
    struct mmuext_op list[3];
    unsigned int count = 1 + below(3);
    unsigned int domain = me();
    unsigned int i;

    memset(list, 0, sizeof(list));
    for (i = 0; i < count; i++) {
        unsigned int f = below(DATA_FIRST);
        unsigned int level = level_of(domain, f);

        list[i].arg1.mfn = pools[domain][f].v;
        switch (below(6)) {
        case 0: case 1:
            list[i].cmd = MMUEXT_PIN_L1_TABLE +
                          (one_in(12) ? below(4) : level - 1);
            break;
        case 2: case 3:
            list[i].cmd = MMUEXT_UNPIN_TABLE;
            break;
        case 4:
            list[i].cmd = MMUEXT_NEW_BASEPTR;
            list[i].arg1.mfn = pools[domain][below(2)].v;
            break;
        default:
            list[i].cmd = MMUEXT_NEW_USER_BASEPTR;
            list[i].arg1.mfn = one_in(3) ? 0 : pools[domain][below(2)].v;
            break;
        }
        if (trace) {
            fprintf(stderr, "  op %u %lx\n", list[i].cmd,
                    (unsigned long)list[i].arg1.mfn);
        }
    }
    call(__HYPERVISOR_mmuext_op,
         world_arg(w, list, count * sizeof(list[0])).v, count, 0, DOMID_SELF);
}

/* An address that the vcpu's tables lead to, if a few tries find one. */
static uint64_t any_va(void)
{
    static const unsigned int shifts[] = { 0, 12, 21, 30, 39 };
    struct vcpu *v = current_vcpu();
    unsigned int level = me() == 1 ? 3 : 4;
    mfn_t table = v->pv.kernel_table;
    uint64_t va = 0;

    for (; level > 0; level--) {
        unsigned int tries = 16, slot = any_slot(level);
        uint64_t pte = 0;

        for (; v->pv.kernel_cr3 && level > 1 && tries > 0; tries--) {
            slot = any_slot(level);
            pte = world_read_entry(table, slot);
            if (pte_present(pte) && mfn_valid(pte_mfn(pte))) {
                table = pte_mfn(pte);
                break;
            }
        }
        va |= (uint64_t)slot << shifts[level];
    }
    return va & (1ull << 47) ? va | 0xffffull << 48 : va;
}

static void random_va_mapping(void)
{
    call(__HYPERVISOR_update_va_mapping, any_va(), any_entry(me(), 1),
         below(3), 0);
}

static void random_gdt(void)
{
    uint64_t frames[2] = { pools[me()][below(POOL)].v,
                           pools[me()][DATA_FIRST + below(4)].v };

    call(__HYPERVISOR_set_gdt, world_arg(w, frames, sizeof(frames)).v,
         below(3) * 512ull, 0, 0);
}

/* The domain gives a frame back and gets another, maybe while it is used. */
static void random_release(void)
{
    unsigned int i = below(POOL);

    if (domain_release_frame(current_domain(), pools[me()][i])) {
        pools[me()][i] = domain_alloc_frame(current_domain(), 0, INVALID_MFN);
        if (!mfn_valid_number(pools[me()][i])) {
            DIE("no frame left");
        }
    }
}

static void random_step(void)
{
    world_args_reset(w);
    if (one_in(6)) {
        world_enter(w->domains[below(2)]->vcpus[below(2)]);
    }
    switch (below(16)) {
    case 0: case 1: case 2: case 3: case 4: case 5: case 6: case 7:
        random_mmu_update();
        break;
    case 8: case 9: case 10: case 11: case 12:
        random_mmuext();
        break;
    case 13:
        random_va_mapping();
        break;
    case 14:
        random_gdt();
        break;
    default:
        if (one_in(4)) {
            random_release();
        }
        break;
    }
    must_agree();
    page_alloc_audit();
}

static void random_sequence(unsigned long seed)
{
    unsigned int i, n;

    where = "random sequence";
    where_seed = seed;
    random_state = (seed + 1) * 0x9e3779b97f4a7c15ull;
    w = world_with_cpus(2, 128, 2, 2);
    w->domains[1]->is_32bit = true;
    for (n = 0; n < 2; n++) {
        for (i = 0; i < POOL; i++) {
            pools[n][i] = world_frame(w, n);
        }
    }
    for (i = 0; i < STEPS; i++) {
        random_step();
    }
    for (n = 0; n < 2; n++) {
        if (one_in(2)) {
            give_up_everything(w->domains[n]);
        }
    }
    world_free(w);
}

/* --- the program -------------------------------------------------------------- */

static void report(unsigned long sequences)
{
    unsigned int i;

    printf("short sequences: %lu calls, %lu succeeded\n", small_calls,
           small_good);
    printf("random sequences: %lu, restarts abandoned: %lu\n", sequences,
           abandoned);
    for (i = 0; i < 64; i++) {
        if (random_calls[i]) {
            printf("  call %u: %lu, of these %lu succeeded\n", i,
                   random_calls[i], random_good[i]);
        }
    }
}

int main(int argc, char **argv)
{
    unsigned long first = 0, count = ~0ul, seconds = 10, seed;
    time_t end;
    int i;

    for (i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--trace") == 0) {
            trace = true;
        } else if (i + 1 < argc && strcmp(argv[i], "--first") == 0) {
            first = strtoul(argv[++i], NULL, 0);
        } else if (i + 1 < argc && strcmp(argv[i], "--count") == 0) {
            count = strtoul(argv[++i], NULL, 0);
        } else if (i + 1 < argc && strcmp(argv[i], "--seconds") == 0) {
            seconds = strtoul(argv[++i], NULL, 0);
        } else {
            fprintf(stderr, "unknown argument %s\n", argv[i]);
            return 2;
        }
    }
    if (!trace) {
        every_short_sequence(false);
        every_short_sequence(true);
    }
    end = time(NULL) + (time_t)seconds;
    for (seed = first; seed - first < count && time(NULL) < end; seed++) {
        random_sequence(seed);
    }
    report(seed - first);
    return 0;
}
