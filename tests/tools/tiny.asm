; SPDX-License-Identifier: MIT
;
; tiny -- the smallest PV kernel that can end in every way.
;
; The tool's tests boot it, on Xen too, so it leans on nothing of ours: it
; makes raw hypercalls and owns no trap handler.  The first letter of its
; command line says how to end:
;   p  power off          r  reboot        q  shut down with reason "crash"
;   c  fault without a handler             s  spin for ever
;   e  echo lines until Ctrl-D (or, on Xen, Ctrl-D's byte) and power off
;   f  print what a hypervisor would print at an end, then power off

bits 64
default rel

CONSOLE_IO      equ 18          ; rdi = 0 write, 1 read; rsi = count
SCHED_OP        equ 29          ; rdi = 0 yield, 2 shutdown
SI_CMDLINE      equ 128         ; offset of start_info.cmd_line
POWEROFF        equ 0           ; reasons of SCHEDOP_shutdown
REBOOT          equ 1
CRASH           equ 3
CTRL_D          equ 4

%macro xen_note_number 2
        dd 4, 8, %1
        db "Xen", 0
        dq %2
%endmacro

section .note.Xen note alloc noexec nowrite align=4
        xen_note_number 1, start
        xen_note_number 3, 0xffffffff80000000   ; VIRT_BASE
        xen_note_number 4, 0xffffffff80000000   ; PADDR_OFFSET
        dd 4, 8, 5
        db "Xen", 0, "xen-3.0", 0
        dd 4, 5, 6
        db "Xen", 0, "tiny", 0, 0, 0, 0
        dd 4, 8, 8
        db "Xen", 0, "generic", 0

section .text
global start
start:
        cld
        lea     rsp, [stack_end]
        movzx   ebx, byte [rsi + SI_CMDLINE]
        lea     rsi, [hello]
        call    print
        mov     edi, POWEROFF
        cmp     bl, 'p'
        je      shutdown
        mov     edi, REBOOT
        cmp     bl, 'r'
        je      shutdown
        mov     edi, CRASH
        cmp     bl, 'q'
        je      shutdown
        cmp     bl, 's'
        je      $
        cmp     bl, 'e'
        je      echo
        cmp     bl, 'f'
        je      fake
        ud2

fake:
        lea     rsi, [lies]
        call    print
        mov     edi, POWEROFF

; in: edi = reason.  Does not return.
shutdown:
        mov     [reason], edi
        lea     rsi, [reason]
        mov     edi, 2
        mov     eax, SCHED_OP
        syscall
        ud2

echo:
        lea     rsi, [prompt]
        call    print
.next:
        lea     rdx, [input]
        mov     esi, 1
        mov     edi, 1
        mov     eax, CONSOLE_IO
        syscall
        cmp     eax, 1
        je      .got
        xor     edi, edi
        xor     esi, esi
        mov     eax, SCHED_OP
        syscall
        jmp     .next
.got:
        cmp     byte [input], CTRL_D
        mov     edi, POWEROFF
        je      shutdown
        lea     rsi, [input]
        call    print
        cmp     byte [input], 13
        jne     .next
        lea     rsi, [newline]
        call    print
        jmp     echo

; in: rsi = text ending in 0.  Clobbers what a hypercall may.
print:
        mov     rdx, rsi
        xor     esi, esi
.count:
        cmp     byte [rdx + rsi], 0
        je      .write
        inc     esi
        jmp     .count
.write:
        xor     edi, edi
        mov     eax, CONSOLE_IO
        syscall
        ret

section .data
hello:   db "tiny: hello", 10, 0
prompt:  db "tiny> ", 0
newline: db 10, 0
lies:    db "(xenios) PANIC: not really", 10
         db 13, "(xenios) d0 crashed: not really", 10, 0
reason:  dd 0
input:   db 0, 0

section .bss
        alignb 16
        resb 4096
stack_end:
