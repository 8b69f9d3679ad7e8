; SPDX-License-Identifier: MIT
;
; Ways into the bench guest that do the least.
;
; The library's own ways in save every register and call C, a hundred
; instructions that would hide what is measured.  These work on the bounce
; frame as it comes, and return by the iret hypercall:
;
;   rsp + 0        rcx           free to use until they are popped, as the
;   rsp + 8        r11           frame holds them
;   rsp + 16       [error code]
;   rsp + 16/24    rip, cs, rflags, rsp, ss
;
; The iret call wants: rax, r11, rcx (pushed by its own slot), flags, rip,
; cs, rflags, rsp, ss.  All data here lies in the top 2 GiB.

%define HYPERCALL_SLOT_UPDATE_VA (14 * 32)
%define HYPERCALL_SLOT_IRET      (23 * 32)
%define VGCF_IN_SYSCALL          0x100
%define UPCALL_PENDING           0      ; offsets in struct vcpu_info
%define PENDING_SEL              8
%define FAULTING_BYTES           3      ; of the instruction that is skipped

extern hypercall_page
extern shared_info
global fast_event
global fast_skip_fault
global fast_repair_fault
global fast_return
global fast_syscall
global fast_port
global fast_count
global fast_repair_va
global fast_repair_pte

default rel

section .text

; fast_event -- an upcall on vcpu 0, for one port known before.
;   in:    bounce frame without error code; evtchn_pending is an array of
;          longs 2048 bytes into shared_info
;   why:   locked, as in any guest: the hypervisor writes these words too
        align   16
fast_event:
        mov     rcx, [fast_port]
        mov     byte [shared_info + UPCALL_PENDING], 0
        lock and qword [shared_info + PENDING_SEL], 0
        lock btr qword [shared_info + 2048], rcx
; fast_return -- back, with nothing done: software interrupts.
fast_return:
        inc     qword [fast_count]
        pop     rcx
        pop     r11
        push    0                       ; iret flags
        jmp     hypercall_page + HYPERCALL_SLOT_IRET

; fast_skip_fault -- step over the instruction that faulted.
;   in:    bounce frame with error code, whose slot becomes the iret flags
        align   16
fast_skip_fault:
        add     qword [rsp + 24], FAULTING_BYTES
        inc     qword [fast_count]
        pop     rcx
        pop     r11
        mov     qword [rsp], 0
        jmp     hypercall_page + HYPERCALL_SLOT_IRET

; fast_repair_fault -- map the page and try again.
        align   16
fast_repair_fault:
        inc     qword [fast_count]
        push    rax
        push    rdi
        push    rsi
        push    rdx
        mov     rdi, [fast_repair_va]
        mov     rsi, [fast_repair_pte]
        xor     edx, edx
        call    hypercall_page + HYPERCALL_SLOT_UPDATE_VA
        pop     rdx
        pop     rsi
        pop     rdi
        pop     rax
        pop     rcx
        pop     r11
        mov     qword [rsp], 0
        jmp     hypercall_page + HYPERCALL_SLOT_IRET

; fast_syscall -- a user's system call that does nothing.
;   why:   the flag lets the hypervisor return by SYSRET; rcx and r11 need not
;          survive, as SYSCALL has destroyed them
        align   16
fast_syscall:
        inc     qword [fast_count]
        pop     rcx
        pop     r11
        push    VGCF_IN_SYSCALL
        jmp     hypercall_page + HYPERCALL_SLOT_IRET

section .bss nobits alloc noexec write align=8
fast_port:
        resq    1
fast_count:
        resq    1
fast_repair_va:
        resq    1
fast_repair_pte:
        resq    1

section .note.GNU-stack noalloc noexec nowrite progbits
