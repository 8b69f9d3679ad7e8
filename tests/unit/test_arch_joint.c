/* SPDX-License-Identifier: MIT */
/*
 * Claims about arch/joint_pure.h: what a walk through a joint table can give,
 * after any sequence of the things that happen to one.
 */
#include <string.h>

#include "../../hypervisor/arch/x86/include/arch/joint_pure.h"
#include "test_main.h"

#define SLOTS  512u
#define STRIDE 8u /* between those that the model uses */
#define A_TABLE 0x1067ull /* present, accessed, and somewhere */
#define B_TABLE 0x2067ull
#define UNUSED  0x3047ull /* present, never walked */

static uint64_t joint[SLOTS], kernel[SLOTS], user[SLOTS];
static struct joint_table table;

static void setup(void)
{
    memset(joint, 0, sizeof(joint));
    memset(kernel, 0, sizeof(kernel));
    memset(user, 0, sizeof(user));
    memset(&table, 0, sizeof(table));
    table.table = joint;
}

static void refill(bool kernel_mode)
{
    joint_refill(&table, kernel, user, kernel_mode);
}

START_TEST(what_nobody_asked_for_is_not_there)
{
    kernel[1] = user[1] = A_TABLE;
    refill(true);
    ck_assert_uint_eq(joint[1], 0);
    joint_know(&table, 1);
    refill(true);
    ck_assert_uint_eq(joint[1], A_TABLE);
}
END_TEST

START_TEST(shared_entries_stay_and_the_kernels_come_and_go)
{
    kernel[1] = user[1] = A_TABLE;
    kernel[2] = B_TABLE;
    kernel[3] = B_TABLE;
    user[3] = A_TABLE;
    for (unsigned int slot = 1; slot <= 3; slot++) {
        joint_know(&table, slot);
    }
    refill(true);
    for (unsigned int round = 0; round < 3; round++) {
        ck_assert_uint_eq(joint[1], A_TABLE);
        ck_assert_uint_eq(joint[2], B_TABLE);
        ck_assert_uint_eq(joint[3], B_TABLE);
        joint_hide(&table);
        ck_assert_uint_eq(joint[1], A_TABLE);
        ck_assert_uint_eq(joint[2], 0);
        ck_assert_uint_eq(joint[3], 0);
        joint_show(&table);
    }
    refill(false);
    ck_assert_uint_eq(joint[2] | joint[3], 0);
}
END_TEST

START_TEST(what_the_kernel_lacks_the_user_does_not_get)
{
    user[1] = A_TABLE;
    joint_know(&table, 1);
    refill(false);
    ck_assert_uint_eq(joint[1], 0);
}
END_TEST

START_TEST(an_entry_that_no_walk_marked_counts_as_none)
{
    kernel[1] = user[1] = UNUSED;
    joint_know(&table, 1);
    refill(true);
    ck_assert_uint_eq(joint[1], 0);
    ck_assert_ptr_eq(table.hidden_entry[0], &table.nowhere);
}
END_TEST

START_TEST(too_many_slots_begin_anew)
{
    for (unsigned int slot = 0; slot < SLOTS; slot++) {
        kernel[slot] = A_TABLE;
    }
    for (unsigned int slot = 0; slot < 40; slot++) {
        unsigned int present = 0;

        joint_know(&table, slot);
        joint_know(&table, slot);
        refill(true);
        ck_assert_uint_eq(joint[slot], A_TABLE);
        for (unsigned int i = 0; i < SLOTS; i++) {
            present += joint[i] != 0;
        }
        ck_assert_uint_eq(present, table.known_count);
        ck_assert_uint_le(present, JOINT_SLOTS);
    }
}
END_TEST

/*
 * A model of a CPU beside it. For each slot it knows which of the values stood
 * in either root since the CPU last flushed. Whatever a walk finds must be one
 * of those of the mode's root: one found otherwise is a leak, or a frame that
 * is no table any more (J1, J2); a fault where none of them was 0 is one that
 * the guest did not earn (J3, J4).
 */
enum { KERNEL, USER, ROOTS };

static const uint64_t values[] = { 0, A_TABLE, B_TABLE, UNUSED };

static struct model {
    uint64_t *root[ROOTS];
    unsigned int since[ROOTS][SLOTS]; /* bit n: values[n] */
    bool kernel_mode;
    bool own;                         /* its own table is in force */
    uint32_t random;
} model;

static unsigned int pick(unsigned int below)
{
    model.random = model.random * 1664525u + 1013904223u;
    return (model.random >> 8) % below;
}

/* Accessed bits apart, which walks set. */
static unsigned int bit_of(uint64_t value)
{
    unsigned int n = 0;

    while ((values[n] | JOINT_ACCESSED) != (value | JOINT_ACCESSED)) {
        n++;
        ck_assert_uint_lt(n, ARRAY_SIZE(values));
    }
    return value == 0 ? 1u : 1u << n;
}

static void model_flush(void)
{
    if (table.state == (JOINT_LOADED | JOINT_BEHIND)) {
        joint_make(&table, model.root[KERNEL], model.root[USER],
                   model.kernel_mode);
    }
    for (unsigned int root = 0; root < ROOTS; root++) {
        for (unsigned int slot = 0; slot < SLOTS; slot += STRIDE) {
            model.since[root][slot] = bit_of(model.root[root][slot]);
        }
    }
}

static void model_load_own(void)
{
    table.state = JOINT_BEHIND;
    model.own = true;
    model_flush();
}

static void model_change_entry(unsigned int slot)
{
    unsigned int root = pick(ROOTS);
    uint64_t value = values[pick(ARRAY_SIZE(values))];

    model.root[root][slot] = value;
    model.since[root][slot] |= bit_of(value);
    table.state |= JOINT_BEHIND;
}

/* A root that was none for a while comes back with other contents. */
static void model_new_root(unsigned int slot)
{
    unsigned int root = model.kernel_mode ? pick(ROOTS) : ROOTS;

    if (root == ROOTS) {
        return; /* a user can not ask for it */
    }
    model.root[root][slot] = values[pick(ARRAY_SIZE(values))];
    if (root == KERNEL) {
        model_load_own();
    } else {
        model.since[USER][slot] |= bit_of(model.root[USER][slot]);
        table.state |= JOINT_BEHIND;
    }
}

static void model_to_user(void)
{
    model.kernel_mode = false;
    model.own = false;
    if (table.state == JOINT_LOADED) {
        joint_hide(&table);
    } else if (table.state == JOINT_UNLIKE) {
        model.own = true;
    } else {
        joint_make(&table, model.root[KERNEL], model.root[USER], false);
        table.state |= JOINT_LOADED;
    }
    model_flush();
}

static void model_to_kernel(void)
{
    model.kernel_mode = true;
    if (table.state & JOINT_LOADED) {
        joint_show(&table);
    } else {
        model.own = true;
        model_flush();
    }
}

static uint64_t model_walk(unsigned int root, unsigned int slot)
{
    uint64_t found;

    while (!model.own) {
        found = joint[slot];
        if (found != 0) {
            return found;
        }
        switch (joint_missed(&table, model.root[KERNEL], model.root[USER],
                             model.kernel_mode, slot)) {
        case JOINT_GENUINE:
            return 0;
        case JOINT_TRY_AGAIN:
            ck_assert_uint_ne(joint[slot], 0);
            break;
        default:
            model.own = true;
            model_flush();
            break;
        }
    }
    found = model.root[root][slot];
    return found == 0 ? 0 : found | JOINT_ACCESSED;
}

static void model_access(unsigned int slot)
{
    unsigned int root = model.kernel_mode ? KERNEL : USER;
    uint64_t found = model_walk(root, slot);

    ck_assert_uint_ne(model.since[root][slot] & bit_of(found), 0);
}

/* What can be seen without a walk: the entries at hand, and the audit. */
static void model_check(void)
{
    unsigned int root = model.kernel_mode ? KERNEL : USER;

    for (unsigned int slot = 0; !model.own && slot < SLOTS; slot += STRIDE) {
        if (joint[slot] != 0) {
            ck_assert_uint_ne(model.since[root][slot] & bit_of(joint[slot]),
                              0);
            ck_assert_uint_ne(model.since[KERNEL][slot] &
                              bit_of(joint[slot]), 0);
        }
    }
    ck_assert(table.state != JOINT_LOADED ||
              joint_agrees(&table, model.root[KERNEL], model.root[USER],
                           model.kernel_mode, 256, 272));
}

static void model_step(void)
{
    unsigned int slot = pick(20) * STRIDE; /* more than it has places */

    switch (pick(10)) {
    case 0:
        model_change_entry(slot);
        break;
    case 1:
        model_new_root(slot);
        break;
    case 2:
        model_flush();
        break;
    case 3:
        model_load_own(); /* another vcpu had the CPU */
        break;
    case 4:
    case 5:
        if (model.kernel_mode) {
            model_to_user();
        } else {
            model_to_kernel();
        }
        break;
    default:
        model_access(slot);
        break;
    }
}

START_TEST(no_sequence_gives_what_the_own_table_would_not)
{
    for (unsigned int round = 0; round < 20; round++) {
        setup();
        memset(&model, 0, sizeof(model));
        model.root[KERNEL] = kernel;
        model.root[USER] = user;
        model.random = round;
        model.kernel_mode = true;
        model_load_own();
        for (unsigned int step = 0; step < 3000; step++) {
            model_step();
            model_check();
        }
    }
}
END_TEST

TEST_MAIN("arch_joint", setup, NULL, what_nobody_asked_for_is_not_there,
          shared_entries_stay_and_the_kernels_come_and_go,
          what_the_kernel_lacks_the_user_does_not_get,
          an_entry_that_no_walk_marked_counts_as_none,
          too_many_slots_begin_anew,
          no_sequence_gives_what_the_own_table_would_not)
