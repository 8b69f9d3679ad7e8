/* SPDX-License-Identifier: MIT */
/*
 * The only source of offsets for NASM: compiled to text, never linked.
 * tools/asm_offsets.py turns each line below into a %define.
 */
#include <arch/layout.h>
#include <hv/boot_info.h>
#include <hv/domain.h>

/* A string, because clang reads the text it assembles even with -S. */
#define DEFINE(name, value)                                           \
    __asm__ volatile("\n.ascii \"->" #name " %0 " #value "\""          \
                     : : "i"((long)(value)))
#define REGS(field) DEFINE(REGS_##field, offsetof(struct cpu_regs, field))
#define CPU(field) DEFINE(CPU_##field, offsetof(struct cpu, field))
#define VCPU(field) DEFINE(VCPU_##field, offsetof(struct vcpu, field))

void asm_offsets(void);

void asm_offsets(void)
{
    REGS(r15);
    REGS(r14);
    REGS(r13);
    REGS(r12);
    REGS(rbp);
    REGS(rbx);
    REGS(r11);
    REGS(r10);
    REGS(r9);
    REGS(r8);
    REGS(rax);
    REGS(rcx);
    REGS(rdx);
    REGS(rsi);
    REGS(rdi);
    REGS(error_code);
    REGS(entry_vector);
    REGS(rip);
    REGS(cs);
    REGS(rflags);
    REGS(rsp);
    REGS(ss);
    DEFINE(REGS_SIZE, sizeof(struct cpu_regs));
    DEFINE(ENTRY_SYSCALL, (int32_t)ENTRY_SYSCALL);
    DEFINE(USER_SYSCALL, USER_SYSCALL);
    DEFINE(USER_SYSCALL32, USER_SYSCALL32);
    DEFINE(USER_SYSENTER, USER_SYSENTER);

    CPU(current);
    CPU(softirqs);
    CPU(work_left);
    DEFINE(CPU_hypercall_counts, offsetof(struct cpu, counters) +
           COUNTER_hypercall * sizeof(uint64_t));
    DEFINE(CPU_page_faults, offsetof(struct cpu, counters) +
           (COUNTER_exception + TRAP_PF) * sizeof(uint64_t));
    DEFINE(CPU_user_syscalls, offsetof(struct cpu, counters) +
           COUNTER_user_syscall * sizeof(uint64_t));
    DEFINE(NR_IRET, __HYPERVISOR_iret);
    DEFINE(PFEC_PRESENT, PFEC_PRESENT);
    DEFINE(PFEC_WRITE, PFEC_WRITE);
    DEFINE(PFEC_USER, PFEC_USER);
    VCPU(info);
    VCPU(kernel_mode);
    VCPU(is_idle);
    DEFINE(VCPU_joint_state, offsetof(struct vcpu, joint.state));
    DEFINE(VCPU_joint_cr3, offsetof(struct vcpu, joint.cr3));
    DEFINE(VCPU_joint_count, offsetof(struct vcpu, joint.hidden_count));
    DEFINE(VCPU_joint_entry, offsetof(struct vcpu, joint.hidden_entry));
    DEFINE(VCPU_joint_value, offsetof(struct vcpu, joint.hidden_value));
    DEFINE(VCPU_joint_table, offsetof(struct vcpu, joint.table));
    DEFINE(VCPU_user_cr3, offsetof(struct vcpu, pv.user_cr3));
    DEFINE(JOINT_LOADED, JOINT_LOADED);
    DEFINE(JOINT_UNLIKE, JOINT_UNLIKE);
    DEFINE(VCPU_kernel_sp, offsetof(struct vcpu, pv.kernel_sp));
    DEFINE(VCPU_kernel_cr3, offsetof(struct vcpu, pv.kernel_cr3));
    DEFINE(VCPU_syscall, offsetof(struct vcpu, pv.user_call[USER_SYSCALL]));
    DEFINE(CALLBACK_address, offsetof(struct callback, address));
    DEFINE(CALLBACK_mask_events, offsetof(struct callback, mask_events));
    DEFINE(VCPU_INFO_pending, offsetof(struct vcpu_info, evtchn_upcall_pending));
    DEFINE(VCPU_INFO_mask, offsetof(struct vcpu_info, evtchn_upcall_mask));

    DEFINE(VGCF_in_syscall, VGCF_in_syscall);
    DEFINE(RFLAGS_IF, RFLAGS_IF);
    DEFINE(RFLAGS_RF, RFLAGS_RF);
    DEFINE(RFLAGS_OF_A_GUEST, RFLAGS_OF_A_GUEST);
    DEFINE(RFLAGS_ALWAYS, RFLAGS_IF | RFLAGS_MBS);
    DEFINE(RFLAGS_OF_A_CALL, ~(RFLAGS_OF_NO_HANDLER | RFLAGS_DF) & 0x3fffff);
    DEFINE(HOLE_SHIFT, HV_HOLE_SHIFT);
    DEFINE(HOLE_INDEX, HV_HOLE_START >> HV_HOLE_SHIFT);

    DEFINE(WORK_BUDGET, WORK_BUDGET);
    DEFINE(CPUS_MAX, CPUS_MAX);
    DEFINE(HV_BASE_L3, HV_BASE >> 30 & 511);
    DEFINE(DIRECT_BASE_L3, DIRECT_BASE >> 30 & 511);
    DEFINE(PERCPU_SIZE, PERCPU_SIZE);
    DEFINE(PERCPU_STRIDE, PERCPU_STRIDE);
    DEFINE(PERCPU_STACK_TOP, PERCPU_STACK_TOP);
    DEFINE(GUEST_SS, GUEST_SS);
    DEFINE(GUEST_CS64, GUEST_CS64);
    DEFINE(GUEST_CS32, GUEST_CS32);
    DEFINE(VECTOR_HYPERCALL32, VECTOR_HYPERCALL32);
}
