/* SPDX-License-Identifier: MIT */
/*
 * Small registers of a vcpu that a guest sets by hypercall: segment bases,
 * CR0.TS, debug registers, and the switches of vm_assist.
 *
 * A debug register is dangerous in one way only: a breakpoint on an address
 * of the hypervisor would let a guest watch or stop ring 0. Addresses must
 * be the guest's, and DR7 keeps the bits that ask for more than a plain
 * breakpoint off (general detect: SDM 3B 17.2.4; I/O breakpoints, which would
 * only be hit by our own ports).
 */
#include <hv/arch.h>
#include <hv/hypercall.h>
#include <hv/pv.h>

#include "trap.h"

/* set_segment_base(which, base): -XEN_EINVAL for an address that no guest
 * has or an unknown register. SEGBASE_GS_USER_SEL can not fail. */
int64_t hc_set_segment_base(uint64_t which, uint64_t base, uint64_t a2,
                            uint64_t a3, uint64_t a4)
{
    struct vcpu *v = current_vcpu();

    switch ((unsigned int)which) {
    case SEGBASE_FS:
    case SEGBASE_GS_USER:
    case SEGBASE_GS_KERNEL:
        if (!gva_is_canonical(base)) {
            return -XEN_EINVAL;
        }
        break;
    case SEGBASE_GS_USER_SEL:
        break;
    default:
        return -XEN_EINVAL;
    }
    arch_set_segment_base(v, (unsigned int)which, base);
    return 0;
}

int64_t hc_fpu_taskswitch(uint64_t set, uint64_t a1, uint64_t a2, uint64_t a3,
                          uint64_t a4)
{
    arch_set_task_switched(current_vcpu(), (int)set != 0);
    return 0;
}

/* --- debug registers ----------------------------------------------------------- */

#define DR6_FIXED   0xffff0ff0ull  /* read as one */
#define DR6_ZERO    0x1000ull      /* reads as zero */
#define DR7_FIXED   0x400ull
#define DR7_ZERO    0xd800ull      /* reserved bits */
#define DR7_GD      0x2000ull      /* general detect: would trap our own use */
#define DR7_ENABLED 0xffull
#define DR_TYPE_IO  2u

/* Any of the four breakpoints of type I/O? */
static bool dr7_has_io_breakpoint(uint64_t dr7)
{
    for (unsigned int i = 0; i < 4; i++) {
        if ((dr7 >> (16 + i * 4) & 3) == DR_TYPE_IO) {
            return true;
        }
    }
    return false;
}

static int dr7_check(uint64_t *value)
{
    if (*value > UINT32_MAX) {
        return -XEN_EINVAL;
    }
    *value &= ~DR7_ZERO;
    *value |= DR7_FIXED;
    if ((*value & DR7_GD) != 0) {
        return -XEN_EPERM;
    }
    if ((*value & DR7_ENABLED) != 0 && dr7_has_io_breakpoint(*value)) {
        return -XEN_EPERM;
    }
    return 0;
}

int pv_store_debugreg(struct vcpu *v, unsigned int reg, uint64_t value)
{
    int err;

    if (!pv_debugreg_exists(v, reg)) {
        return -XEN_ENODEV;
    }
    switch (reg) {
    case 0:
    case 1:
    case 2:
    case 3:
        if (!gva_ok(GVA(value))) {
            return -XEN_EPERM;
        }
        v->pv.debugreg[reg] = value;
        return 0;
    case 4:
    case 6:
        if (value > UINT32_MAX) {
            return -XEN_EINVAL;
        }
        v->pv.debugreg[6] = (value & ~DR6_ZERO) | DR6_FIXED;
        return 0;
    default:
        err = dr7_check(&value);
        if (err == 0) {
            v->pv.debugreg[7] = value;
        }
        return err;
    }
}

int pv_set_debugreg(struct vcpu *v, unsigned int reg, uint64_t value)
{
    int err = pv_store_debugreg(v, reg, value);

    if (err != 0) {
        return err;
    }
    reg |= (reg & 4) >> 1; /* 4 and 5 are other names of 6 and 7 */
    if (reg == 6) {
        return 0; /* a variable only: see debug_exception() */
    }
    if (reg == 7 && (v->pv.debugreg[7] & DR7_ENABLED) != 0) {
        for (unsigned int i = 0; i < 4; i++) {
            arch_load_debugreg(v, i);
        }
    }
    arch_load_debugreg(v, reg);
    return 0;
}

int pv_get_debugreg(struct vcpu *v, unsigned int reg, uint64_t *value)
{
    if (!pv_debugreg_exists(v, reg)) {
        return -XEN_ENODEV;
    }
    *value = v->pv.debugreg[reg | (reg & 4) >> 1];
    return 0;
}

/* set_debugreg(reg, value): -XEN_EINVAL for a mode or status of more than 32
 * bits, -XEN_EPERM for an address of the hypervisor or a mode that a guest may
 * not have, -XEN_ENODEV for a register that is none. */
int64_t hc_set_debugreg(uint64_t reg, uint64_t value, uint64_t a2,
                        uint64_t a3, uint64_t a4)
{
    return pv_set_debugreg(current_vcpu(), (unsigned int)reg, value);
}

int64_t hc_get_debugreg(uint64_t reg, uint64_t a1, uint64_t a2, uint64_t a3,
                        uint64_t a4)
{
    uint64_t value;
    int err = pv_get_debugreg(current_vcpu(), (unsigned int)reg, &value);

    return err != 0 ? err : (int64_t)value;
}

/* --- vm_assist --------------------------------------------------------------------- */

/* What this hypervisor does when asked. A type that is not here is unknown to
 * it: -XEN_EINVAL. */
#define ASSISTS_OFFERED                                                    \
    (1u << VMASST_TYPE_4gb_segments | 1u << VMASST_TYPE_4gb_segments_notify | \
     1u << VMASST_TYPE_writable_pagetables |                               \
     1u << VMASST_TYPE_pae_extended_cr3 |                                  \
     1u << VMASST_TYPE_architectural_iopl |                                \
     1u << VMASST_TYPE_runstate_update_flag)

/* Where traps look for it. */
static void note_iopl(struct domain *d)
{
    bool shows = (d->vm_assist & 1u << VMASST_TYPE_architectural_iopl) != 0;

    for (unsigned int i = 0; i < d->vcpu_count; i++) {
        __atomic_store_n(&d->vcpus[i]->shows_iopl, shows, __ATOMIC_RELAXED);
    }
}

int64_t hc_vm_assist(uint64_t cmd, uint64_t type, uint64_t a2, uint64_t a3,
                     uint64_t a4)
{
    struct domain *d = current_domain();

    type = (uint32_t)type; /* the ABI's type; it is a shift count below */
    if (type >= 32 || (ASSISTS_OFFERED >> type & 1) == 0) {
        return -XEN_EINVAL;
    }
    switch ((unsigned int)cmd) {
    case VMASST_CMD_enable:
        __atomic_or_fetch(&d->vm_assist, 1u << type, __ATOMIC_RELAXED);
        note_iopl(d);
        return 0;
    case VMASST_CMD_disable:
        __atomic_and_fetch(&d->vm_assist, ~(1u << type), __ATOMIC_RELAXED);
        note_iopl(d);
        return 0;
    default:
        return -XEN_ENOSYS;
    }
}
