/* SPDX-License-Identifier: MIT */
/*
 * A panic's story: who called whom, by name.
 *
 * The image is built with frame pointers, so a stack is a linked list: rbp
 * points at the caller's rbp, and the return address lies above it. The walk
 * trusts nothing: it stays inside of this CPU's block, only goes upwards, and
 * ends after a bounded number of frames.
 *
 * Names come from a table that the build appends to the read-only data
 * (tools/gen_symbols.py): records of a 32-bit offset and a string.
 */
#include "backtrace.h"

#include <arch/cr.h>
#include <arch/layout.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/panic.h>
#include <hv/util.h>

#include "apic.h"

#define FRAMES_MAX 24

extern const char symbols[], symbols_end[];

static bool stopping;

bool panic_stops_cpus(void)
{
    return __atomic_load_n(&stopping, __ATOMIC_ACQUIRE);
}

void arch_stop_others(void)
{
    __atomic_store_n(&stopping, true, __ATOMIC_RELEASE);
    apic_nmi_others();
}

const char *symbols_begin(void)
{
    return symbols;
}

bool symbol_next(const char **at, uint32_t *start, const char **name)
{
    if (*at + 5 > symbols_end) {
        return false;
    }
    memcpy(start, *at, sizeof(*start));
    *name = *at + 4;
    *at += 4 + strlen(*name) + 1;
    return true;
}

/* The function that holds this address; "?" when the table has none. */
static const char *symbol_at(uint64_t address, uint32_t *offset)
{
    uint32_t want = (uint32_t)(address - (uint64_t)text_start), start;
    const char *at = symbols_begin(), *name = "?", *next;

    *offset = 0;
    while (symbol_next(&at, &start, &next) && start <= want) {
        name = next;
        *offset = want - start;
    }
    return name;
}

static bool is_text(uint64_t address)
{
    return address >= (uint64_t)text_start && address < (uint64_t)text_end;
}

static void print_caller(uint64_t rip)
{
    uint32_t offset;
    const char *name = symbol_at(rip, &offset);

    printk("  %016lx %s+0x%x", rip, name, offset);
}

void backtrace(uint64_t rip, uint64_t rbp)
{
    uint64_t block = (uint64_t)this_cpu() - PERCPU_STACK_TOP;

    if (is_text(rip)) {
        print_caller(rip);
    }
    for (unsigned int i = 0; i < FRAMES_MAX; i++) {
        const uint64_t *frame = (const uint64_t *)rbp;

        if (rbp < block || rbp > block + PERCPU_SIZE - 16 || rbp % 8 != 0 ||
            !is_text(frame[1])) {
            break;
        }
        print_caller(frame[1]);
        if (frame[0] <= rbp) {
            break;
        }
        rbp = frame[0];
    }
}

void arch_panic_details(void)
{
    uint64_t rbp = (uint64_t)__builtin_frame_address(0);

    printk("cr0 %lx cr2 %lx cr3 %lx cr4 %lx", read_cr0(), read_cr2(),
           read_cr3(), read_cr4());
    printk("called by:");
    backtrace(0, rbp);
}
