/* SPDX-License-Identifier: MIT */
/*
 * Registers the short ways in of handlers.asm.  A row does so before its
 * repetitions and calls fast_end() after, because the library's own are what
 * the rest of the guest needs (its dumps tell where a bug is).
 */
#include "bench.h"

void fast_vector(unsigned int vector, unsigned int dpl, const char *handler)
{
    struct trap_info table[2] = {
        {
            .vector = (uint8_t)vector,
            .flags = (uint8_t)(dpl | 4),
            .cs = GUEST_CS64,
            .address = (unsigned long)handler,
        },
    };

    fast_count = 0;
    CHECK(hypercall_set_trap_table(table) == 0);
}

void fast_callback(uint16_t type, const char *handler)
{
    struct callback_register op = {
        .type = type,
        .flags = CALLBACKF_mask_events,
        .address = (xen_callback_t)handler,
    };

    fast_count = 0;
    CHECK(hypercall_callback_op(CALLBACKOP_register, &op) == 0);
}

void fast_end(void)
{
    trap_register();
}
