/* SPDX-License-Identifier: MIT */
/* A vcpu's top table of ours (arch/x86/joint.c); other machines have none. */
#ifndef HV_JOINT_H
#define HV_JOINT_H

#include <hv/types.h>

#define JOINT_SLOTS 12

/* Bits of its state. */
#define JOINT_LOADED 1u /* CR3 is the joint table, or was when v had a CPU */
#define JOINT_BEHIND 2u /* it may differ from what it was made of */
#define JOINT_UNLIKE 4u /* these two tables make none */

struct joint_table {
    uint32_t state;            /* atomic: JOINT_* bits */
    uint32_t hidden_count;     /* at least 1 */
    uint64_t cr3;
    uint64_t *table;
    uint64_t *hidden_entry[JOINT_SLOTS]; /* the kernel's alone */
    uint64_t hidden_value[JOINT_SLOTS];
    uint64_t nowhere;          /* the hidden entry when there is none */
    uint32_t known_count;
    uint16_t known[JOINT_SLOTS];
};

#endif
