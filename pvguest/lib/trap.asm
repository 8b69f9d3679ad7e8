; SPDX-License-Identifier: MIT
;
; Every way into the guest kernel but the first, and the one way out.
;
; The hypervisor enters us by a *bounce frame*: what hardware would have
; pushed on a stack switch, plus rcx and r11 below it (SYSRET, which may have
; brought us here, destroys these two).  It lies on the current stack when the
; trap came from the kernel (hence -mno-red-zone), on the stack of
; stack_switch when it came from user mode.  RSP was aligned to 16 first.
;
;   offset         pushed by hypervisor      after normalisation (struct regs)
;   -------------  ------------------------  ---------------------------------
;   rsp + 0        rcx                       (in its place among the others)
;   rsp + 8        r11                       vector
;   rsp + 16       [error code]              error code, or 0
;   rsp + 16/24    rip                       rip
;   rsp + 24/32    cs | saved mask << 32     the same
;   rsp + 32/40    rflags, IF = !saved mask  the same
;   rsp + 40/48    rsp                       the same
;   rsp + 48/56    ss                        the same
;
; The way out is HYPERVISOR_iret and never IRETQ.  IRETQ cannot unmask events
; and return in one step: an event between "clear upcall_mask" and "IRETQ"
; would nest on this stack, one frame deeper each time.  Kernels which return
; directly need a table of critical code and fix-ups after the fact.  The
; hypercall does both at once, so there is no critical region at all.
;
; iret frame upward from rsp: rax r11 rcx flags rip cs rflags rsp ss.  Slot 23
; of the hypercall page pushes the first three itself and is jumped to, so the
; normalised frame needs one edit: the error code's slot becomes "flags".

%define HYPERCALL_SLOT_IRET     (23 * 32)
%define VECTOR_EVENT            256
%define VECTOR_SYSCALL          257
%define VECTOR_NMI              258
%define VECTOR_FAILSAFE         259

extern hypercall_page
extern trap_entry                       ; C, lib/trap.c
global trap_stubs
global event_stub
global syscall_stub
global failsafe_stub
global nmi_stub
global probe_call_asm
global probe_resume
global user_enter_asm
global user_resume
global trap_catch_rsp
global user_resume_rsp

default rel

section .text

; trap_stubs -- 256 entry points, 16 bytes apart, one a vector.
;   in:    a bounce frame as above
;   out:   trap_common with rcx and r11 loaded, vector and error code pushed
;   why:   two pops and two pushes keep rsp where it was, so the frame's
;          alignment survives
        align   16
trap_stubs:
%assign vector 0
%rep 256
        align   16
        pop     rcx
        pop     r11
  %if vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21
        push    qword vector            ; an error code lies below already
  %else
        push    qword 0
        push    qword vector
  %endif
        jmp     trap_common
  %assign vector vector + 1
%endrep

        align   16
event_stub:
        pop     rcx
        pop     r11
        push    qword 0
        push    qword VECTOR_EVENT
        jmp     trap_common

; rcx and r11 of the frame hold what SYSCALL put there: the user's rip and
; rflags.
        align   16
syscall_stub:
        pop     rcx
        pop     r11
        push    qword 0
        push    qword VECTOR_SYSCALL
        jmp     trap_common

        align   16
nmi_stub:
        pop     rcx
        pop     r11
        push    qword 0
        push    qword VECTOR_NMI
        jmp     trap_common

; trap_common -- build struct regs, call C, return by HYPERVISOR_iret.
;   in:    rsp -> vector, error, rip, cs, rflags, rsp, ss
;   out:   jumps to the iret hypercall
        align   16
trap_common:
        push    rdi
        push    rsi
        push    rdx
        push    rcx
        push    rax
        push    r8
        push    r9
        push    r10
        push    r11
        push    rbx
        push    rbp
        push    r12
        push    r13
        push    r14
        push    r15
        cld
        mov     rdi, rsp
        mov     rbp, rsp                ; C wants 16-byte alignment at a call
        and     rsp, -16
        call    trap_entry
        mov     rsp, rbp
        mov     qword [rsp + 16 * 8], 0 ; error code -> iret flags
restore_and_iret:
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbp
        pop     rbx
        pop     r11
        pop     r10
        pop     r9
        pop     r8
        pop     rax
        pop     rcx
        pop     rdx
        pop     rsi
        pop     rdi
        add     rsp, 8                  ; the vector
        jmp     hypercall_page + HYPERCALL_SLOT_IRET

; failsafe_stub -- the hypervisor could not restore a data segment register or
; the context we asked for.
;   in:    rsp -> rcx, r11, ds, es, fs, gs, rip, cs, rflags, rsp, ss
;   out:   trap_common, in the failed context
;   why:   the four selectors tell which load failed; this library never
;          loads one that could, so it skips them
        align   16
failsafe_stub:
        pop     rcx
        pop     r11
        add     rsp, 32
        push    qword 0
        push    qword VECTOR_FAILSAFE
        jmp     trap_common

; probe_call_asm(fn, arg) -- call fn(arg) with a net under it.
;   state: trap_catch_rsp names the stack to return to when a trap finds no
;          other handler; trap.c then resumes at probe_resume
;   out:   eax = 0 if fn returned, 1 if a trap ended it; trap.c holds the story
        align   16
probe_call_asm:
        push    rbp
        push    rbx
        push    r12
        push    r13
        push    r14
        push    r15
        push    qword [trap_catch_rsp]  ; nests
        mov     [trap_catch_rsp], rsp
        mov     rax, rdi
        mov     rdi, rsi
        call    rax
        xor     eax, eax
        jmp     probe_done
probe_resume:
        mov     eax, 1
probe_done:
        pop     qword [trap_catch_rsp]
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbx
        pop     rbp
        ret

; user_enter_asm(struct regs *) -- run the given context until it traps.
;   in:    the error code's place holds the flags of iret
;   out:   returns when trap.c decides that the kernel should see the trap
;   why:   a user process reads best as a function call which returns a reason
        align   16
user_enter_asm:
        push    rbp
        push    rbx
        push    r12
        push    r13
        push    r14
        push    r15
        mov     [user_resume_rsp], rsp
        sub     rsp, 22 * 8             ; sizeof(struct regs)
        mov     rsi, rdi
        mov     rdi, rsp
        mov     ecx, 22
        rep movsq
        jmp     restore_and_iret
user_resume:
        pop     r15
        pop     r14
        pop     r13
        pop     r12
        pop     rbx
        pop     rbp
        ret

section .bss nobits alloc noexec write align=8
trap_catch_rsp:
        resq    1
user_resume_rsp:
        resq    1

section .note.GNU-stack noalloc noexec nowrite progbits
