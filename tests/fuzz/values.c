/* SPDX-License-Identifier: MIT */
/*
 * Values that are nearly right: frames that are tables, descriptors, shared,
 * another domain's, free or no memory; entries with every flag; addresses of
 * data, of tables, in windows, in the hole, and in the middle of nowhere.
 */
#include "fuzz.h"

static _Thread_local struct input input;

static struct world_guest guests[DOMAINS];

struct input *fuzz_input(void)
{
    return &input;
}

unsigned int me(void)
{
    return current_domain()->id;
}

struct world_guest *fuzz_guest(unsigned int d)
{
    return &guests[d];
}

mfn_t fuzz_data(unsigned int d, unsigned int i)
{
    return MFN(__atomic_load_n(&guests[d].data[i].v, __ATOMIC_RELAXED));
}

void fuzz_replace_data(unsigned int d, unsigned int i, mfn_t mfn)
{
    __atomic_store_n(&guests[d].data[i].v, mfn.v, __ATOMIC_RELAXED);
}

uint64_t pick64(const uint64_t *values, size_t count)
{
    return values[below((unsigned int)count)];
}

uint64_t any_table(unsigned int d)
{
    const struct world_guest *g = &guests[d];

    return PICK(g->l4.v, g->l3.v, g->l2.v, g->l1.v);
}

uint64_t any_mfn(void)
{
    unsigned int d = one_in(8) ? 1 - me() : me();

    switch (below(8)) {
    case 0:
    case 1:
    case 2:
        return fuzz_data(d, below(WORLD_DATA_PAGES)).v;
    case 3:
    case 4:
        return any_table(d);
    case 5:
        return w->domains[d]->shared_info_mfn.v;
    case 6:
        return HOST_HOLE_FRAMES + below(512);
    default:
        return PICK(0, 1, HOST_HOLE_FRAMES, frame_count - 1, frame_count,
                    frame_count + 256, 1ull << 40, ~0ull, ~0ull >> 12);
    }
}

static uint64_t any_flags(void)
{
    static const uint64_t usual[] = { PTE_RW_FLAGS, PTE_RO_FLAGS, PTE_RW_FLAGS,
                                      PTE_RO_FLAGS, 0 };
    uint64_t flags = pick64(usual, 5);

    if (one_in(4)) {
        flags ^= 1ull << below(12);
    }
    if (one_in(8)) {
        flags ^= 1ull << (51 + below(13));
    }
    return flags;
}

uint64_t any_entry(void)
{
    if (one_in(6)) {
        return 0;
    }
    return any_mfn() << PAGE_SHIFT | any_flags();
}

uint64_t any_va(void)
{
    switch (below(8)) {
    case 0:
    case 1:
    case 2:
    case 3:
        return WORLD_DATA + below(WORLD_DATA_PAGES) * PAGE_SIZE +
               PICK(0, 0, 8, 0xff8, 0xffc, 1);
    case 4:
    case 5:
        return WORLD_TABLES + below(5) * PAGE_SIZE + PICK(0, 8, 0x800, 0xff8);
    case 6:
        return WORLD_ARGS_BASE + this_cpu()->id * WORLD_ARGS_STRIDE +
               below(WORLD_ARGS_SIZE);
    default:
        return PICK(0, HV_HOLE_START, HV_HOLE_END, HV_HOLE_END - 8,
                    0x0000800000000000ull, 0x00007ffffffff000ull, ~0ull,
                    0xffffffff80000000ull);
    }
}

/* Index into a table where something is, or should not be. */
uint64_t any_index(void)
{
    gva_t data = GVA(WORLD_DATA + below(10) * PAGE_SIZE);

    switch (below(5)) {
    case 0:
    case 1:
        return world_index(data, 1);
    case 2:
        return world_index(GVA(WORLD_TABLES), 1) + below(4);
    case 3:
        return PICK(0, 1, 2, 255, 256, 257, 264, 271, 272, 511);
    default:
        return below(512);
    }
}

uint64_t small(void)
{
    return PICK(0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 23, 24, 31, 32, 63, 64, 127, 128,
                4095, 4096, 0xffff, DOMID_SELF, DOMID_SELF + 1, 0x7fffffff,
                0xffffffff, ~0ull);
}

uint64_t any_value(void)
{
    switch (below(5)) {
    case 0:
    case 1:
        return small();
    case 2:
        return any_va();
    case 3:
        return any_mfn();
    default:
        return input_bits(fuzz_input(), 8);
    }
}

uint64_t any_descriptor(void)
{
    return PICK(0, 0x00cffa000000ffffull, 0x00affa000000ffffull,
                0x00cff2000000ffffull, 0x00cf9a000000ffffull,
                0x0000e9000000ffffull, 0x0000ec0000100000ull,
                0x000082000000ffffull, input_bits(fuzz_input(), 8));
}
