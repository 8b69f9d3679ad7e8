/* SPDX-License-Identifier: MIT */
/*
 * The exception table: instructions of ours that may fault, each with the
 * place to go on at. Reading a guest's memory is not checked beforehand (the
 * guest could unmap it between check and use); it is tried, and a fault at
 * exactly these instructions is an answer, not a bug. Any other fault in
 * ring 0 is.
 *
 * The table is short (some dozens of pairs, made at link time) and a fault
 * here is rare, so it is searched from end to end.
 */
#include "ex_table.h"

struct ex_entry {
    uint64_t from, to;
};

extern const struct ex_entry ex_table_start[], ex_table_end[];

bool ex_table_fixup(struct cpu_regs *regs)
{
    for (const struct ex_entry *e = ex_table_start; e < ex_table_end; e++) {
        if (e->from == regs->rip) {
            regs->rip = e->to;
            return true;
        }
    }
    return false;
}
