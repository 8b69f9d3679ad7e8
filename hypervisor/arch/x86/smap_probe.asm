; SPDX-License-Identifier: MIT
;
; A look at ring 3 and back, for smap.c: executes IRETQ in ring 3 and reports
; whether that worked.
;
; Two IDT gates lead here while the probe runs: #UD, which the ring-3 code
; raises behind its IRETQ, and #PF, which a machine raises whose IRETQ reads
; the ring-3 stack with the rights of ring 0.

%include "asm_offsets.inc"
default rel

section .bss.smap_probe nobits alloc write noexec align=8
probe_rsp:  resq 1

section .text progbits alloc exec nowrite align=16

; bool smap_probe_ring3(uint64_t rip, uint64_t rsp)
;   in:    rdi, rsi: where ring 3 begins, and its stack
;   out:   al = 1: the IRETQ in ring 3 worked; 0: it faulted
;   state: interrupts off; the page table with the ring-3 page is loaded
global smap_probe_ring3
smap_probe_ring3:
    push    rbx
    push    rbp
    push    r12
    push    r13
    push    r14
    push    r15
    mov     [probe_rsp], rsp
    push    GUEST_SS
    push    rsi
    push    2                       ; rflags: all off
    push    GUEST_CS64
    push    rdi
    iretq

global smap_probe_ud
smap_probe_ud:
    mov     eax, 1
    jmp     probe_done
global smap_probe_pf
smap_probe_pf:
    xor     eax, eax
probe_done:
    mov     rsp, [probe_rsp]
    pop     r15
    pop     r14
    pop     r13
    pop     r12
    pop     rbp
    pop     rbx
    ret

section .note.GNU-stack noalloc noexec nowrite progbits
