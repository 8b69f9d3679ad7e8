; SPDX-License-Identifier: MIT
;
; Every way into the hypervisor, and the ways out.
;
; Stacks. Each CPU has one 64 KiB block (docs/memory-map.md): four small stacks
; for #DF, NMI, #MC and #DB (the IST), one main stack, and struct cpu behind it,
; at the block's end. TSS.rsp0 is where struct cpu begins, so every trap out of
; a guest puts its frame at the same place, the REGS_SIZE bytes before it, and
; SYSCALL, which switches no stack, is made to do the same by a trampoline for
; each CPU. From any rsp on the main stack at that depth, struct cpu is at a
; constant distance (CPU_DATA below); C code masks rsp instead.
;
;   frame of the stack's end      who writes it
;   ss rsp rflags cs rip          the CPU, or entry_syscall in its place
;   entry_vector | error_code     CPU + stub (low half: error code)
;   rdi rsi rdx rcx rax           push, here
;   r8 r9 r10 r11                 push, here
;   rbx rbp r12 r13 r14 r15       trap: push; lean: save_rest, and only on
;                                 the way to a slow exit
;
; Lean entries are the frequent ones: SYSCALL and page faults. C keeps the
; callee-saved registers for us, so they stay where they are, and the exit
; puts back the others only. Whoever has to see or change all of them is
; reached by save_rest, and leaves by the full exit.
;
; What may nest. Interrupts stay off from entry to exit, so a frame of a guest
; is never interrupted; the idle loop alone turns them on. A fault inside the
; hypervisor is legitimate at two places only: an access to guest memory (the
; exception table says where to go on) and `iretq` to the guest (label
; exit_iretq; the guest gets the exception). #DF, NMI and #MC come on their own
; stacks and return without looking at softirqs or events. So does #DB: a guest
; can delay a data breakpoint over MOV SS until the first instruction behind
; SYSCALL, when we are in ring 0 and rsp is still the guest's (SDM 3A 6.8.3).
;
; GS and its hidden twin always hold the guest's bases; nothing here reads GS,
; and SWAPGS stands in C (arch_swapgs) and on the short ways only.
;
; What is trusted: nothing in a guest's registers. rip is checked for being
; canonical before SYSRET (which would fault in ring 0 on the guest's stack);
; IRETQ reports every other bad value as a fault that exit_iretq recovers.

%include "asm_offsets.inc"
default rel

extern  hypercall_lane
extern  trap_from_guest
extern  pv_page_fault_lean
extern  pv_store_lean
extern  trace_mask
extern  joint_fault_of_guest
extern  joint_refill_current
extern  joint_begin
extern  trap_from_hypervisor
extern  trap_nmi
extern  trap_double_fault
extern  trap_machine_check
extern  trap_debug
extern  softirq_run
extern  pv_deliver_events
extern  pv_user_syscall
extern  idle_loop
extern  percpu_base

; From rsp at the base of a guest's frame to struct cpu.
%define CPU_DATA REGS_SIZE
; The same from the slot of rflags, down to which the short ways push.
%define CPU_OF_FLAGS (CPU_DATA - REGS_rflags)
%define NEG_ENOSYS -38

%macro PUSH_SCRATCH 0
    push    rdi
    push    rsi
    push    rdx
    push    rcx
    push    rax
    push    r8
    push    r9
    push    r10
    push    r11
%endmacro

%macro PUSH_PRESERVED 0
    push    rbx
    push    rbp
    push    r12
    push    r13
    push    r14
    push    r15
%endmacro

; Stores what PUSH_PRESERVED pushes into the frame at rsp + %1.
%macro SAVE_REST 1
    mov     [rsp + %1 + REGS_r15], r15
    mov     [rsp + %1 + REGS_r14], r14
    mov     [rsp + %1 + REGS_r13], r13
    mov     [rsp + %1 + REGS_r12], r12
    mov     [rsp + %1 + REGS_rbp], rbp
    mov     [rsp + %1 + REGS_rbx], rbx
%endmacro

%macro POP_SCRATCH 0
    pop     r11
    pop     r10
    pop     r9
    pop     r8
    pop     rax
    pop     rcx
    pop     rdx
    pop     rsi
    pop     rdi
%endmacro

%macro POP_ALL 0
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rbp
    pop     rbx
    POP_SCRATCH
%endmacro

; Three bytes that smap.c makes STAC (1) or CLAC (0) where the CPU has them.
%macro SMAP_SITE 1
%%site:
    db      0x0f, 0x1f, 0x00
  [section .smap_sites]
    dq      %%site, %1
  __?SECT?__
%endmacro

; Where an access to guest memory goes on when it faults: %1; the rest is the
; instruction.
%macro GUEST 2+
%%access:
    %2
  [section .ex_table]
    dq      %%access, %1
  __?SECT?__
%endmacro

section .smap_sites progbits alloc noexec nowrite align=8
section .ex_table progbits alloc noexec nowrite align=8
; Four sections, which hypervisor.ld puts in this order: what every way in and
; out runs, the trampolines, the vectors, and (far away) what hardly ever runs.
; The first and the beginnings of the next two share a page, so that a fault or
; a call brings one page of this file into the TLB.
%macro HOT_CODE 0
section .text.entry progbits alloc exec nowrite align=64
%endmacro
%macro RARE_CODE 0
section .text.entry_rare progbits alloc exec nowrite align=64
%endmacro
section .text.entry_trampolines progbits alloc exec nowrite align=32
section .text.entry_vectors progbits alloc exec nowrite align=16

; --- vectors ----------------------------------------------------------------
; 256 stubs of 16 bytes. The CPU pushes an error code for some exceptions; the
; others get a zero, so that the frame is one layout. The vector goes into the
; upper half of the same slot, but for #PF, whose lean way does not ask.
align 16
global vector_stubs
vector_stubs:
%assign v 0
%rep 256
    align   16
  %if v == 8 || (v >= 10 && v <= 14) || v == 17 || v == 21 || v == 29 || v == 30
  %else
    push    0
  %endif
  %if v == 14
    jmp     entry_page_fault
  %else
    mov     dword [rsp + 4], v
   %if v == 2
    jmp     entry_nmi
   %elif v == 1
    jmp     entry_debug
   %elif v == 8
    jmp     entry_double_fault
   %elif v == 18
    jmp     entry_machine_check
   %else
    jmp     entry_trap
   %endif
  %endif
  %assign v v + 1
%endrep

HOT_CODE
; entry_trap -- an exception or interrupt, from a guest or from ourselves.
;   in:    the frame down to entry_vector is on the stack
;   state: IF=0 (interrupt gates); all registers are the interrupted context's
;   out:   exit_to_guest, or straight back into the hypervisor
align 16
entry_trap:
    PUSH_SCRATCH
    PUSH_PRESERVED
    cld
.saved:
    SMAP_SITE 0
    mov     rdi, rsp
    test    byte [rsp + REGS_cs], 3
    jz      .from_hypervisor
    mov     dword [rsp + CPU_DATA + CPU_work_left], WORK_BUDGET
    call    trap_from_guest
    jmp     exit_to_guest
.from_hypervisor:
    call    trap_from_hypervisor
    POP_ALL
    add     rsp, 8
    iretq

; entry_page_fault -- the same for #PF, lean while it is the guest's own.
;   why:   ring 3 was at fault, and its joint table was not (joint.c). A store
;          of a guest's kernel to a present page, which may be one of its
;          tables (pv/pt_write.c), has a way of its own
align 16
entry_page_fault:
    PUSH_SCRATCH
    sub     rsp, 6 * 8
    cld
    SMAP_SITE 0
    test    byte [rsp + REGS_error_code], PFEC_USER
    jz      .full
    mov     rdi, [rsp + CPU_DATA + CPU_current]
    test    byte [rdi + VCPU_joint_state], JOINT_LOADED
    jnz     .joint
.not_ours:
    cmp     dword [trace_mask], 0
    jne     .full
    cmp     dword [rsp + REGS_error_code], PFEC_USER | PFEC_WRITE | PFEC_PRESENT
    je      .store
.lean:
    inc     qword [rsp + CPU_DATA + CPU_page_faults]
    mov     rsi, rsp
    mov     rdx, cr2
    call    pv_page_fault_lean
    jmp     lean_exit
.store:
    cmp     byte [rdi + VCPU_kernel_mode], 0
    je      .lean
    SAVE_REST 0
    mov     dword [rsp + CPU_DATA + CPU_work_left], WORK_BUDGET
    mov     rsi, rsp
    mov     rbx, cr2
    mov     rdx, rbx
    call    pv_store_lean
    test    al, al
    jz      .not_stored
    inc     qword [rsp + CPU_DATA + CPU_page_faults]
    jmp     exit_to_guest
.not_stored:
    mov     cr2, rbx                ; its look at the instruction may fault
    mov     dword [rsp + REGS_entry_vector], 14
    jmp     entry_trap.saved
.full:
    mov     dword [rsp + REGS_entry_vector], 14
    call    save_rest
    jmp     entry_trap.saved
.joint:                             ; ours when that is behind, or too empty
    cmp     dword [rdi + VCPU_joint_state], JOINT_LOADED
    jne     .ours
    mov     rax, cr2
    shr     rax, 39
    and     eax, 511
    mov     rcx, [rdi + VCPU_joint_table]
    cmp     qword [rcx + rax * 8], 0
    jne     .not_ours
.ours:
    mov     rsi, cr2
    call    joint_fault_of_guest
    test    al, al
    jnz     lean_exit
    mov     rdi, [rsp + CPU_DATA + CPU_current]
    jmp     .not_ours

RARE_CODE
; --- NMI, #MC, #DF: on their own stacks --------------------------------------
%macro IST_ENTRY 1
    PUSH_SCRATCH
    PUSH_PRESERVED
    cld
    SMAP_SITE 0
    mov     rdi, rsp
    call    %1
    POP_ALL
    add     rsp, 8
    iretq
%endmacro

; Moves a guest's frame, down to entry_vector, to the end of the main stack, and
; rsp with it. The guest's registers stay what they are.
%macro TO_MAIN_STACK 0
    push    rax
    push    rcx
    mov     rax, rsp
    and     rax, -PERCPU_SIZE
    add     rax, PERCPU_STACK_TOP - 6 * 8
  %assign i 0
  %rep 6
    mov     rcx, [rsp + 16 + i * 8]
    mov     [rax + i * 8], rcx
    %assign i i + 1
  %endrep
    mov     rcx, [rsp + 8]
    mov     [rax - 8], rcx          ; the guest's rax
    pop     rcx
    lea     rsp, [rax - 8]
    pop     rax
%endmacro

; entry_nmi -- NMI, on its own stack.
;   in:    the frame down to entry_vector
;   out:   straight back; softirqs and events wait for another way out
;   why:   the IRETQ to a guest may fault, which lets NMIs in again: that must
;          not happen on their stack, and exit_iretq is where we expect it
align 16
entry_nmi:
    test    byte [rsp + 16], 3      ; cs
    jz      .from_hypervisor
    TO_MAIN_STACK
    PUSH_SCRATCH
    PUSH_PRESERVED
    cld
    SMAP_SITE 0
    mov     rdi, rsp
    call    trap_nmi
    jmp     exit_restore
.from_hypervisor:
    IST_ENTRY trap_nmi
entry_machine_check:
    IST_ENTRY trap_machine_check
entry_double_fault:
    IST_ENTRY trap_double_fault

; entry_debug -- #DB, on its own stack.
;   in:    the frame down to entry_vector
;   out:   out of a guest: entry_trap, as if the frame had come on the main
;          stack, to whose end it is moved; out of ourselves: straight back
align 16
entry_debug:
    test    byte [rsp + 16], 3      ; cs
    jz      .from_hypervisor
    TO_MAIN_STACK
    jmp     entry_trap
.from_hypervisor:
    IST_ENTRY trap_debug

; --- SYSCALL ------------------------------------------------------------------
; One trampoline for each CPU, because SYSCALL leaves the guest's rsp in place
; and no register is free: the CPU's number is in the code that LSTAR points
; to. %1 is where it goes on.
%macro TRAMPOLINES 1
  %assign n 0
  %rep CPUS_MAX
    align   32
    mov     [rel percpu_base + n * PERCPU_STRIDE + PERCPU_STACK_TOP - 16], rsp
    lea     rsp, [rel percpu_base + n * PERCPU_STRIDE + PERCPU_STACK_TOP - 16]
    jmp     %1
    %assign n n + 1
  %endrep
%endmacro

section .text.entry_trampolines
global syscall_trampolines
syscall_trampolines:
    TRAMPOLINES entry_syscall
RARE_CODE
align 32
global syscall32_trampolines
syscall32_trampolines:
    TRAMPOLINES entry_syscall32

HOT_CODE
; entry_syscall -- 64-bit SYSCALL: a hypercall from guest kernel mode, a
;                  system call from guest user mode.
;   in:    rax = number; rdi rsi rdx r10 r8 = arguments; rcx = rip;
;          r11 = rflags; rsp on this CPU's stack, the guest's in its slot
;   state: IF=0 DF=0 (SFMASK)
;   out:   SYSRET when nothing is pending; else exit_to_guest
;   why:   SYSCALL pushes nothing, so the frame of a trap is made by hand, but
;          for the callee-saved registers: C keeps those for us.
align 64
entry_syscall:
    push    r11
    mov     r11, [rsp + CPU_OF_FLAGS + CPU_current]
    cmp     byte [r11 + VCPU_kernel_mode], 0
    je      user_syscall
    cmp     rax, NR_IRET
    je      iret_call
hypercall:                          ; rsp at the slot of rflags
    mov     qword [rsp + 16], GUEST_SS
    push    GUEST_CS64
    push    rcx
    push    ENTRY_SYSCALL           ; -1: vector and error code
    push    rdi
    push    rsi
    push    rdx
    push    rcx
    push    rax
    push    r8
    push    r9
    push    r10
    push    qword [rsp + REGS_rflags - REGS_r10] ; r11, as SYSCALL left it
    sub     rsp, 6 * 8
    mov     dword [rsp + CPU_DATA + CPU_work_left], WORK_BUDGET
    cmp     rax, 64
    jae     hypercall_absent
    mov     rcx, r10
    mov     r9, [hypercall_lane]
    inc     qword [rsp + rax * 8 + CPU_DATA + CPU_hypercall_counts]
    call    [r9 + rax * 8]
hypercall_done:
    mov     [rsp + REGS_rax], rax

; lean_exit -- the way out while the callee-saved registers are the guest's:
;              what exit_to_guest does, but for softirqs. By SYSRET, if the
;              frame says that rcx, r11 and the selectors may be its.
lean_exit:
    cmp     dword [rsp + CPU_DATA + CPU_softirqs], 0
    jne     slow_exit
    mov     rdi, [rsp + CPU_DATA + CPU_current]
    mov     rcx, [rdi + VCPU_info]
    cmp     byte [rcx + VCPU_INFO_pending], 0
    jne     .pending
.restore:
    mov     r10, [rsp + REGS_r10]
    mov     r9, [rsp + REGS_r9]
    mov     r8, [rsp + REGS_r8]
    mov     rdx, [rsp + REGS_rdx]
    mov     rsi, [rsp + REGS_rsi]
    mov     rdi, [rsp + REGS_rdi]
    mov     rax, [rsp + REGS_rax]
    cmp     dword [rsp + REGS_entry_vector], ENTRY_SYSCALL
    jne     .iretq
    mov     rcx, [rsp + REGS_rip]
    mov     r11, rcx
    sar     r11, 47                 ; -1 or 0, if it is canonical
    inc     r11
    jnz     .low
.canonical:
    mov     r11, [rsp + REGS_rflags]
    mov     rsp, [rsp + REGS_rsp]
    o64 sysret
.low:
    dec     r11
    jz      .canonical              ; else let IRETQ refuse it
.iretq:
    mov     rcx, [rsp + REGS_rcx]
    mov     r11, [rsp + REGS_r11]
    add     rsp, REGS_rip
    jmp     exit_iretq
.pending:
    cmp     byte [rcx + VCPU_INFO_mask], 0
    jne     .restore
    mov     rsi, rsp
    call    pv_deliver_events
    jmp     lean_exit

hypercall_absent:
    mov     rax, NEG_ENOSYS
    jmp     hypercall_done

; slow_exit -- from a lean entry to the full exit path: fill in what was left
;              out. The registers still hold the guest's values.
slow_exit:
    call    save_rest
    jmp     exit_to_guest

; From rip on downwards, and on: one of USER_*.
%macro USER_CALL 1
    push    ENTRY_SYSCALL           ; -1: vector and error code
    PUSH_SCRATCH
    sub     rsp, 6 * 8
    mov     edx, %1
    jmp     user_call
%endmacro

; The short ways. A user's system call and the iret that answers it are most
; of what a busy guest asks for. What follows does what pv/trap.c and pv/iret.c
; say (B1 to B7 and I1 to I4 are theirs) for the common case, in which no guest
; register but rax, rcx, r11 has to be moved. Everything else takes the long way
; through C, and begins there anew: nothing was changed but what C will set to
; the same value, or it was changed back.
;
;   Q1  one word of struct vcpu says whether the case is common
;   Q2  no softirq waits: this CPU's own code, which sets one, goes out by an
;       exit that looks; another CPU sends an interrupt as well
;   Q3  an event that comes after we looked brings an interrupt too
;   Q4  the lowest word of guest memory is touched first (guest_words_begin)

; The tables of arch_enter_kernel_mode and arch_enter_user_mode, by hand: each
; has to do what those do (arch/inline.h; the loops are joint_show and joint_hide
; of arch/joint_pure.h). r11 = vcpu, rax and rcx are lost. The second goes to %1,
; before anything was done, when there is no user table, or the joint one has to
; be made; %2 begins its labels.
%macro KERNEL_TABLE 0
    test    byte [r11 + VCPU_joint_state], JOINT_LOADED
    jz      .own_table
    mov     eax, [r11 + VCPU_joint_count]
.show:
    dec     eax
    mov     rcx, [r11 + rax * 8 + VCPU_joint_entry]
    push    qword [r11 + rax * 8 + VCPU_joint_value]
    pop     qword [rcx]
    jnz     .show                  ; the flags are still DEC's
    jmp     .in_kernel
.own_table:
    mov     rcx, [r11 + VCPU_kernel_cr3]
    mov     cr3, rcx
.in_kernel:
%endmacro
%macro USER_TABLE_OR 2
    mov     rcx, [r11 + VCPU_user_cr3]
    test    rcx, rcx
    jz      %1
    mov     eax, [r11 + VCPU_joint_state]
    cmp     eax, JOINT_UNLIKE
    je      %2_load
    cmp     eax, JOINT_LOADED
    jne     %1
    mov     eax, [r11 + VCPU_joint_count]
%2_hide:
    dec     eax
    mov     rcx, [r11 + rax * 8 + VCPU_joint_entry]
    mov     qword [rcx], 0
    jnz     %2_hide
    mov     rcx, [r11 + VCPU_joint_cr3]
%2_load:
    mov     cr3, rcx
%endmacro

; user_syscall -- SYSCALL of a user: a frame on its kernel's stack.
;   in:    r11 = vcpu; rcx = rip; rsp at rflags, the user's rsp above
;   out:   SYSRET to the callback; all other registers are the user's
align 16
user_syscall:
    cmp     qword [r11 + VCPU_kernel_mode], 0               ; Q1
    jne     .long
    cmp     qword [r11 + VCPU_syscall + CALLBACK_address], 0
    je      .long
    push    rcx
    push    rdx
    push    rax
    mov     rcx, [r11 + VCPU_info]
    cmp     word [rcx + VCPU_INFO_pending], 0   ; nor is the mask set (B2)
    jne     .restore
    mov     rdx, [r11 + VCPU_kernel_sp]
    and     rdx, -16                            ; B1
    sub     rdx, 7 * 8
    mov     rax, rdx
    shr     rax, HOLE_SHIFT
    cmp     eax, HOLE_INDEX
    je      .restore
    inc     qword [rsp + 3 * 8 + CPU_OF_FLAGS + CPU_user_syscalls]
    mov     al, [r11 + VCPU_syscall + CALLBACK_mask_events]
    mov     [rcx + VCPU_INFO_mask], al
    mov     byte [r11 + VCPU_kernel_mode], 1
    swapgs
    KERNEL_TABLE
    SMAP_SITE 1
    mov     rax, [rsp + 2 * 8]                  ; rip
    GUEST .fault, mov [rdx], rax                ; as rcx; Q4
    GUEST .fault, mov [rdx + 2 * 8], rax
    mov     rax, [rsp + 3 * 8]                  ; rflags
    GUEST .fault, mov [rdx + 1 * 8], rax        ; as r11
    GUEST .fault, mov [rdx + 4 * 8], rax
    and     eax, RFLAGS_OF_A_CALL               ; B4
    mov     rcx, [rsp + 4 * 8]                  ; rsp
    GUEST .fault, mov [rdx + 5 * 8], rcx
    GUEST .fault, mov qword [rdx + 3 * 8], GUEST_CS64
    GUEST .fault, mov qword [rdx + 6 * 8], GUEST_SS
    SMAP_SITE 0
    mov     rcx, [r11 + VCPU_syscall + CALLBACK_address]    ; B6
    mov     [rsp + 4 * 8], rdx
    mov     r11, rax
    pop     rax
    pop     rdx
    mov     rsp, [rsp + 2 * 8]
    o64 sysret                                  ; B7
.fault:                                         ; B5: the long way will say it
    SMAP_SITE 0
    mov     rcx, [r11 + VCPU_info]
    mov     byte [rcx + VCPU_INFO_mask], 0
    mov     byte [r11 + VCPU_kernel_mode], 0
    swapgs
.restore:
    pop     rax
    pop     rdx
    pop     rcx
.long:
    mov     r11, [rsp]
    mov     qword [rsp + 16], GUEST_SS
    push    GUEST_CS64
    push    rcx
    USER_CALL USER_SYSCALL

; user_call -- the long way, from a frame at rsp; edx = one of USER_*.
user_call:
    mov     rdi, [rsp + CPU_DATA + CPU_current]
    mov     rsi, rsp
    call    pv_user_syscall
    jmp     lean_exit

%define IRETS (CPU_OF_FLAGS + CPU_hypercall_counts + NR_IRET * 8)

; iret_call -- HYPERVISOR_iret of a kernel.
;   in:    r11 = vcpu; rcx = rip of the call; rsp at rflags, the guest's above,
;          where its frame is: rax r11 rcx flags rip cs rflags rsp ss
;   out:   SYSRET to a user, if the frame allows it (I3), or IRETQ
iret_call:
    push    rcx
    cmp     qword [r11 + VCPU_kernel_mode], 1               ; Q1
    jne     .long
    mov     rcx, [rsp + 2 * 8]
    mov     rax, rcx
    shr     rax, HOLE_SHIFT
    cmp     eax, HOLE_INDEX
    je      .long
    SMAP_SITE 1
    GUEST .long, push qword [rcx]               ; rax; Q4
    GUEST .long, test byte [rcx + 3 * 8 + 1], VGCF_in_syscall >> 8
    jz      .full
    GUEST .long, movzx eax, word [rcx + 5 * 8]
    and     eax, 0x1fff                         ; the flat 64-bit selector, or
    cmp     eax, GUEST_CS64 & 0x1fff            ; a native kernel's name of it
    jne     .long
    GUEST .long, push qword [rcx + 7 * 8]       ; rsp
    GUEST .long, mov rax, [rcx + 4 * 8]         ; rip
    push    rax
    shr     rax, 47                             ; a user's is in the low half
    jnz     .long
    GUEST .long, mov eax, [rcx + 6 * 8]
    xor     eax, RFLAGS_IF
    test    eax, RFLAGS_IF | RFLAGS_RF
    jnz     .long
    and     eax, RFLAGS_OF_A_GUEST              ; I2
    or      eax, RFLAGS_ALWAYS
    push    rax
    SMAP_SITE 0
    mov     rax, [r11 + VCPU_info]
    cmp     byte [rax + VCPU_INFO_pending], 0
    jne     .long
    mov     byte [rax + VCPU_INFO_mask], 0
    USER_TABLE_OR .long, .sysret
    mov     byte [r11 + VCPU_kernel_mode], 0
    swapgs
    inc     qword [rsp + 5 * 8 + IRETS]
    pop     r11
    pop     rcx
    mov     rax, [rsp + 8]
    mov     rsp, [rsp]
    o64 sysret
.full:                              ; all of it counts: what goes into our own
    GUEST .long, push qword [rcx + 4 * 8]       ; frame waits below it
    GUEST .long, push qword [rcx + 7 * 8]       ; rip, rsp
    GUEST .long, push qword [rcx + 1 * 8]       ; r11
    GUEST .long, push qword [rcx + 2 * 8]       ; rcx
    GUEST .long, movzx eax, word [rcx + 8 * 8]
    or      eax, 3
    mov     [rsp + 8 * 8], rax                  ; ss
    GUEST .long, mov eax, [rcx + 6 * 8]
    xor     eax, RFLAGS_IF
    test    eax, RFLAGS_IF
    jnz     .long
    and     eax, RFLAGS_OF_A_GUEST              ; I2
    or      eax, RFLAGS_ALWAYS
    mov     [rsp + 6 * 8], rax                  ; rflags
    GUEST .long, movzx ecx, word [rcx + 5 * 8]
    SMAP_SITE 0
    mov     rax, [r11 + VCPU_info]
    cmp     byte [rax + VCPU_INFO_pending], 0
    jne     .long
    mov     byte [rax + VCPU_INFO_mask], 0
    push    rcx
    and     ecx, 3
    cmp     ecx, 3                              ; I1
    je      .to_user
.commit:
    inc     qword [rsp + 7 * 8 + IRETS]
    pop     rax
    or      eax, 3
    mov     [rsp + 5 * 8], rax                  ; cs
    pop     rcx
    pop     r11
    pop     qword [rsp + 4 * 8]                 ; rsp
    mov     rax, [rsp + 8]
    pop     qword [rsp]                         ; rip
    jmp     exit_iretq
.to_user:
    USER_TABLE_OR .long, .iretq
    mov     byte [r11 + VCPU_kernel_mode], 0
    swapgs
    jmp     .commit
.long:
    SMAP_SITE 0
    or      rsp, PERCPU_SIZE - 1
    sub     rsp, PERCPU_SIZE - 1 - PERCPU_STACK_TOP + 4 * 8 ; rcx was pushed
    pop     rcx
    mov     eax, NR_IRET
    jmp     hypercall

RARE_CODE
; entry_syscall32 -- SYSCALL from a 32-bit code segment: always a user's.
align 16
entry_syscall32:
    mov     qword [rsp + 8], GUEST_SS
    push    r11
    push    GUEST_CS32
    push    rcx
    USER_CALL USER_SYSCALL32

; entry_sysenter -- SYSENTER, on CPUs that have it in long mode.
;   in:    rsp = the stack's end; where the guest was is known to nobody
;   state: IF=0; TF DF NT AC IOPL are the guest's until POPFQ. An IRETQ of ours
;          would fault with NT, so it must go before the first one
;   why:   TF traps in ring 0, before the first instruction here: trap_debug
;          takes it away and goes on at the second label, which puts it back
;          into the frame
align 16
global entry_sysenter
entry_sysenter:
    push    GUEST_SS
    push    0                       ; rsp
    pushfq
.flags_saved:
    or      qword [rsp], 0x200      ; IF, which SYSENTER cleared
    push    2
    popfq
    push    3                       ; cs: null, ring 3
    push    0                       ; rip
    USER_CALL USER_SYSENTER
global entry_sysenter_stepped
entry_sysenter_stepped:
    push    GUEST_SS
    push    0
    pushfq
    or      qword [rsp], 0x100      ; TF
    jmp     entry_sysenter.flags_saved

HOT_CODE
; save_rest -- stores the callee-saved registers into the frame above the
;              return address.
save_rest:
    SAVE_REST 8
    ret

; %1_quietly -- calls %2, and all registers stay what they are.
%macro QUIETLY 2
global %1_quietly
%1_quietly:
    PUSH_SCRATCH
    call    %2
    POP_SCRATCH
    ret
%endmacro
    QUIETLY joint_refill, joint_refill_current
    QUIETLY joint_begin, joint_begin

; --- the way out --------------------------------------------------------------
; exit_to_guest -- full frame at rsp, at the stack's end. Nothing may be left
;                  undone: softirqs first (they may change the vcpu), then
;                  events, until neither has work.
align 16
global exit_to_guest
exit_to_guest:
    cmp     dword [rsp + CPU_DATA + CPU_softirqs], 0
    jne     exit_softirqs
    mov     rdi, [rsp + CPU_DATA + CPU_current]
    mov     rax, [rdi + VCPU_info]
    cmp     byte [rax + VCPU_INFO_pending], 0
    jne     exit_pending
exit_restore:
    POP_ALL
    add     rsp, 8
global exit_iretq
exit_iretq:
    iretq
exit_softirqs:
    call    softirq_run
    mov     rdi, [rsp + CPU_DATA + CPU_current]
    cmp     byte [rdi + VCPU_is_idle], 0
    je      exit_to_guest
    call    idle_loop               ; below the frame, which it will refill
    ud2
exit_pending:
    cmp     byte [rax + VCPU_INFO_mask], 0
    jne     exit_restore
    mov     rsi, rsp
    call    pv_deliver_events
    jmp     exit_to_guest

; resume_guest -- leaves whatever was running on this stack and returns to the
;                 guest whose frame stands at the stack's end.
;   in:    rdi = the frame
global resume_guest
resume_guest:
    mov     rsp, rdi
    jmp     exit_to_guest

RARE_CODE
; void idle_wait(void) -- sleeps until an interrupt.
;   why:   STI takes effect after the next instruction, so that an interrupt
;          which comes before HLT still ends it; an NMI between the two takes
;          that promise away. Therefore the handler of an interrupt that finds
;          us here goes on at idle_woken, wherever it came.
align 16
global idle_wait
global idle_woken
idle_wait:
    sti
    hlt
idle_woken:
    cli
    ret

HOT_CODE
; --- copies that may fault ------------------------------------------------------
; bool arch_copy_fault(void *dst, const void *src, size_t n)
;   in:    rdi, rsi, rdx
;   out:   al = 0 when all was copied, 1 when it faulted half-way
;   why:   movsq counts one instruction for eight bytes; rest by bytes. Rep
;          moves restart at the faulting element, so the fault is clean.
align 16
global arch_copy_fault
arch_copy_fault:
    SMAP_SITE 1
    mov     ecx, edx
    and     edx, 7
    shr     ecx, 3
.words:
    rep     movsq
    mov     ecx, edx
.bytes:
    rep     movsb
    SMAP_SITE 0
    xor     eax, eax
    ret
.fault:
    SMAP_SITE 0
    mov     eax, 1
    ret

section .ex_table progbits alloc noexec nowrite align=8
    dq      arch_copy_fault.words, arch_copy_fault.fault
    dq      arch_copy_fault.bytes, arch_copy_fault.fault

section .note.GNU-stack noalloc noexec nowrite progbits
