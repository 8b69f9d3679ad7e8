/* SPDX-License-Identifier: MIT */
/*
 * What each type of descriptor is good for.
 *
 * Whatever the guest wrote as privilege, its segments are of ring 3 in the end,
 * and the CPU's own checks do the rest.  A gate is accepted in the table and
 * can not be used: its privilege is ring 0's.  Where it may lead is looked at
 * all the same: into the guest's part of the table, to its LDT, or to the
 * 64-bit segment of the interface, and nowhere else.
 */
#include "conformance.h"

#define SEGMENT(type) (0x00cf90000000fffful | (uint64_t)(type) << 40)
#define DPL(n)        ((uint64_t)(n) << 45)
#define CODE64(type)  (0x00af90000000fffful | (uint64_t)(type) << 40)
#define GATE(target)  (0x00008c0000001000ul | (uint64_t)(target) << 16)
#define SLOT 20
#define SELECTOR (SLOT << 3 | 3)

enum { DATA_OK = 1, STACK_OK = 2, CODE_OK = 4 };

static uint64_t *table;

static uint64_t update(uint64_t descriptor)
{
    return (uint64_t)hypercall_update_descriptor(
        virt_to_maddr(&table[SLOT]), descriptor);
}

static bool loads_data(void)
{
    struct fault fault = PROBE("movw %w0, %%es", "r"(SELECTOR));

    (void)PROBE("movw %w0, %%es", "r"(0));
    return !fault.raised;
}

static bool loads_stack(void)
{
    struct fault fault = PROBE("movw %w0, %%ss", "r"(SELECTOR));

    __asm__ volatile("movw %w0, %%ss" : : "r"(GUEST_SS));
    return !fault.raised;
}

/* A far return there, and one back to the flat segment. */
static bool loads_code(void)
{
    probe_begin();
    __asm__ volatile("pushq %0\n\t"
                     "leaq 2f(%%rip), %%rax\n\t"
                     "pushq %%rax\n"
                     "1:\tlretq\n"
                     "2:\tpushq %1\n\t"
                     "leaq 4f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "lretq\n"
                     "3:\taddq $16, %%rsp\n"
                     "4:\n\t" EXTABLE("1b", "3b")
                     : : "r"((uint64_t)SELECTOR), "r"((uint64_t)GUEST_CS64)
                     : "rax", "memory");
    return !probe_end().raised;
}

static unsigned int good_for(void)
{
    return (loads_data() ? DATA_OK : 0u) | (loads_stack() ? STACK_OK : 0u);
}

static void segments(void)
{
    for (unsigned int dpl = 0; dpl < 4; dpl++) {
        for (unsigned int type = 0; type < 16; type++) {
            unsigned int want = type < 8 ? DATA_OK : 0u;
            char what[32];

            if (type < 8 && (type & 2) != 0) {
                want |= STACK_OK;       /* writable, also expand-down */
            }
            if (type >= 8 && (type & 2) != 0) {
                want |= DATA_OK;        /* readable code */
            }
            snprintf(what, sizeof(what), "type-%u-dpl-%u", type, dpl);
            expect_eq(what, 0, update(SEGMENT(type) | DPL(dpl)));
            expect_eq(what, want, good_for());
            expect_eq(what, 3, table[SLOT] >> 45 & 3);
            if (type >= 8) {
                expect_eq(what, 0, update(CODE64(type) | DPL(dpl)));
                expect_true(what, loads_code());
            }
        }
    }
}

static void gates(void)
{
    static const struct {
        const char *what;
        uint64_t target;
        int64_t result;
    } rows[] = {
        { "to-own-code", 5 << 3, 0 },
        { "to-own-last", 0xdff8, 0 },
        { "to-ldt", 5 << 3 | 4, 0 },
        { "to-flat-64", GUEST_CS64, 0 },
        { "to-flat-64-rpl-0", GUEST_CS64 & ~3u, -XEN_EINVAL },
        { "to-hypervisor-code", 0xe008, -XEN_EINVAL },
        { "to-flat-32", 0xe023, -XEN_EINVAL },
        { "to-flat-data", GUEST_SS, -XEN_EINVAL },
        { "to-tss", 0xe040, -XEN_EINVAL },
        { "beyond", 0xf000, -XEN_EINVAL },
    };

    for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
        for (unsigned int dpl = 0; dpl < 4; dpl += 3) {
            expect_eq(rows[i].what, (uint64_t)rows[i].result,
                      update(GATE(rows[i].target) | DPL(dpl)));
            if (rows[i].result == 0) {
                expect_eq(rows[i].what, 0, table[SLOT] >> 45 & 3);
                expect_eq(rows[i].what, 0, good_for());
                expect_true(rows[i].what, !loads_code());
            }
        }
        update(0);
    }
}

CONFORMANCE_CASE("Segments and gates of every kind", 0)
{
    unsigned long frame;

    table = page_alloc();
    frame = virt_to_mfn(table);
    page_make_readonly(table);
    REQUIRE(hypercall_set_gdt(&frame, PT_ENTRIES) == 0);
    segments();
    gates();
    REQUIRE(hypercall_set_gdt(NULL, 0) == 0);
    page_make_writable(table);
    page_free(table);
}
