/* SPDX-License-Identifier: MIT */
/*
 * What stands in a joint table (joint.c), as functions of plain arrays.
 *
 * A slot is known once it was asked for. Known slots are of three kinds:
 *
 *   common   the kernel's entry and the user's are the same: always there
 *   hidden   the kernel has an entry, the user another one or none: there in
 *            kernel mode only
 *   empty    the kernel has none
 *
 * An entry that no walk has used yet (accessed bit clear) counts as none,
 * because a walk through the joint table would not set that bit in the
 * guest's own.
 */
#ifndef ARCH_JOINT_PURE_H
#define ARCH_JOINT_PURE_H

#include <hv/joint.h>
#include <hv/util.h>

#define JOINT_PRESENT  (1ull << 0)
#define JOINT_ACCESSED (1ull << 5)
#define JOINT_USABLE   (JOINT_PRESENT | JOINT_ACCESSED)

/* The slot of a linear address in a top table. */
static inline unsigned int joint_slot(uint64_t va)
{
    return va >> 39 & 511;
}

static inline uint64_t joint_read(const uint64_t *table, unsigned int slot)
{
    return __atomic_load_n(&table[slot], __ATOMIC_RELAXED);
}

static inline void joint_write(uint64_t *entry, uint64_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELAXED);
}

static inline void joint_add_hidden(struct joint_table *j, uint64_t *entry,
                                    uint64_t value)
{
    j->hidden_entry[j->hidden_count] = entry;
    j->hidden_value[j->hidden_count] = value;
    j->hidden_count++;
}

/* Decides anew on one known slot. */
static inline void joint_refill_slot(struct joint_table *j, unsigned int slot,
                                     uint64_t kernel, uint64_t user,
                                     bool kernel_mode)
{
    uint64_t *entry = &j->table[slot];

    if ((kernel & JOINT_USABLE) != JOINT_USABLE) {
        joint_write(entry, 0);
    } else if (kernel == user) {
        joint_write(entry, kernel);
    } else {
        joint_add_hidden(j, entry, kernel);
        joint_write(entry, kernel_mode ? kernel : 0);
    }
}

/* All known slots, from the two tables as they are now; user may be NULL. */
static inline void joint_refill(struct joint_table *j, const uint64_t *kernel,
                                const uint64_t *user, bool kernel_mode)
{
    j->hidden_count = 0;
    for (unsigned int i = 0; i < j->known_count; i++) {
        unsigned int slot = j->known[i];

        joint_refill_slot(j, slot, joint_read(kernel, slot),
                          user ? joint_read(user, slot) : 0, kernel_mode);
    }
    if (j->hidden_count == 0) { /* so that the loops below need not ask */
        joint_add_hidden(j, &j->nowhere, 0);
    }
}

/* The slot is asked for; when all places are taken, all begin anew. A refill
 * must follow, without which hidden entries would come back. */
static inline void joint_know(struct joint_table *j, unsigned int slot)
{
    for (unsigned int i = 0; i < j->known_count; i++) {
        if (j->known[i] == slot) {
            return;
        }
    }
    if (j->known_count == ARRAY_SIZE(j->known)) {
        while (j->known_count > 0) {
            joint_write(&j->table[j->known[--j->known_count]], 0);
        }
    }
    j->known[j->known_count++] = (uint16_t)slot;
}

/* J1, J2: from here on the table is as the guest's are now, or marked again. */
static inline void joint_make(struct joint_table *j, const uint64_t *kernel,
                              const uint64_t *user, bool kernel_mode)
{
    __atomic_fetch_and(&j->state, ~(JOINT_BEHIND | JOINT_UNLIKE),
                       __ATOMIC_SEQ_CST);
    joint_refill(j, kernel, user, kernel_mode);
}

/* The walk that could not happen marks the guest's entry as it would. When
 * that changes meanwhile it may stay unmarked, and count as none (J4). */
static inline bool joint_walk(uint64_t *table, unsigned int slot)
{
    uint64_t entry = joint_read(table, slot);

    if ((entry & JOINT_USABLE) == JOINT_PRESENT) {
        (void)__atomic_compare_exchange_n(&table[slot], &entry,
                                          entry | JOINT_ACCESSED, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
    }
    return (entry & JOINT_PRESENT) != 0;
}

enum joint_miss {
    JOINT_GENUINE,     /* the fault is the guest's */
    JOINT_TRY_AGAIN,
    JOINT_GO_WITHOUT,  /* load the guest's own table, and try again (J4) */
};

/* J3: a fault in this slot. user is NULL in kernel mode only. */
static inline enum joint_miss joint_missed(struct joint_table *j,
                                           uint64_t *kernel, uint64_t *user,
                                           bool kernel_mode,
                                           unsigned int slot)
{
    uint32_t state = __atomic_load_n(&j->state, __ATOMIC_RELAXED);

    if ((state & JOINT_LOADED) == 0 || joint_read(j->table, slot) != 0 ||
        !joint_walk(kernel_mode ? kernel : user, slot)) {
        return JOINT_GENUINE;
    }
    joint_know(j, slot);
    joint_make(j, kernel, user, kernel_mode);
    if (joint_read(j->table, slot) != 0) {
        return JOINT_TRY_AGAIN;
    }
    __atomic_fetch_xor(&j->state, JOINT_LOADED | JOINT_UNLIKE,
                       __ATOMIC_SEQ_CST);
    return JOINT_GO_WITHOUT;
}

/* To kernel mode: what was hidden comes back; nothing has to be flushed,
 * because a CPU remembers no entry that is not there. This loop and the next
 * stand in entry.asm as well (KERNEL_TABLE, USER_TABLE_OR). */
static inline void joint_show(struct joint_table *j)
{
    uint64_t i = j->hidden_count;

    do {
        i--;
        joint_write(j->hidden_entry[i], j->hidden_value[i]);
    } while (i != 0);
}

/* To user mode; the caller flushes. */
static inline void joint_hide(struct joint_table *j)
{
    uint64_t i = j->hidden_count;

    do {
        i--;
        joint_write(j->hidden_entry[i], 0);
    } while (i != 0);
}

/* Every entry is one that it should be (J1 to J3); the slots of the hypervisor,
 * from..to, are not looked at. */
static inline bool joint_agrees(const struct joint_table *j,
                                const uint64_t *kernel, const uint64_t *user,
                                bool kernel_mode, unsigned int from,
                                unsigned int to)
{
    for (unsigned int slot = 0; slot < 512; slot++) {
        uint64_t entry = joint_read(j->table, slot);

        if (entry == 0 || (slot >= from && slot < to)) {
            continue;
        }
        if (entry != joint_read(kernel, slot) ||
            (!kernel_mode && (!user || entry != joint_read(user, slot)))) {
            return false;
        }
    }
    return true;
}

#endif
