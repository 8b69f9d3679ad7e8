/* SPDX-License-Identifier: MIT */
/*
 * Instructions performed for a guest.
 *
 * CPUID in ring 3 is not privileged, so a guest would see the machine instead
 * of the policy. A paravirtualized kernel therefore asks with a prefix that
 * is an illegal instruction followed by the letters "xen": the #UD arrives
 * here, and the bytes that follow must be CPUID (0f a2).
 */
#include <hv/arch.h>
#include <hv/pv.h>
#include <hv/util.h>

#include "cpuid.h"
#include "trap.h"

bool pv_emulate_forced(struct vcpu *v, struct cpu_regs *regs)
{
    static const uint8_t prefixed_cpuid[] = { 0x0f, 0x0b, 'x', 'e', 'n',
                                              0x0f, 0xa2 };
    uint8_t insn[sizeof(prefixed_cpuid)];
    uint32_t out[4];

    if (guest_copy_in(insn, GVA(regs->rip), sizeof(insn)) ||
        memcmp(insn, prefixed_cpuid, sizeof(insn)) != 0) {
        return false;
    }
    pv_cpuid(v->domain, (uint32_t)regs->rax, (uint32_t)regs->rcx, out);
    regs->rax = out[0];
    regs->rbx = out[1];
    regs->rcx = out[2];
    regs->rdx = out[3];
    regs->rip += sizeof(insn);
    return true;
}
