; SPDX-License-Identifier: MIT
;
; The user program of the demonstration guest: position-independent, copied to
; a page of its own and run in user mode on its own page table.
;
; Its system calls: number in eax, arguments in rdi and rsi.
;   1  print the text at rdi, rsi bytes          by SYSCALL
;   2  tell the number in rdi                    by INT 0x80
;   3  exit                                      by SYSCALL
; Before it exits it reads an address of the kernel, given to it in rbx, and
; finds out that its page table does not have it.

global user_prog_start
global user_prog_end

default rel

section .rodata
        align   16
user_prog_start:
        mov     eax, 1
        lea     rdi, [text]
        mov     esi, text_end - text
        syscall
        mov     edi, cs
        mov     eax, 2
        int     0x80
        mov     rax, [rbx]              ; the kernel's memory: #PF, ends here
        mov     eax, 3
        syscall
        ud2

text:   db      "hello from user mode"
text_end:
user_prog_end:

section .note.GNU-stack noalloc noexec nowrite progbits
