; SPDX-License-Identifier: MIT
;
; The first instructions of a 64-bit PV guest, and the notes that make a
; domain builder accept the image.
;
; There is no boot loader protocol to speak of, no real mode and no page table
; to build: the builder starts us in 64-bit mode, ring 3, with paging on and
; with everything mapped.  What it promises (the PV64 start of day):
;
;   rip   the ENTRY note          rsi   virtual address of start_info
;   rsp   top of a 4 KiB stack    all other general registers 0
;   cs    0xe033   ss 0xe02b      flat segments of the hypervisor's own GDT
;   rflags IF set, DF clear       events masked by evtchn_upcall_mask = 1
;   .bss  zeroed                  hypercall page filled
;
; The registers are recorded before anything else is done, so that tests can
; compare them with the promise.

%define ELFNOTE_ENTRY           1
%define ELFNOTE_HYPERCALL_PAGE  2
%define ELFNOTE_VIRT_BASE       3
%define ELFNOTE_PADDR_OFFSET    4
%define ELFNOTE_XEN_VERSION     5
%define ELFNOTE_GUEST_OS        6
%define ELFNOTE_GUEST_VERSION   7
%define ELFNOTE_LOADER          8
%define ELFNOTE_FEATURES        10

%define STACK_BYTES             32768

extern virt_base
extern guest_entry                      ; C, lib/start.c
global _start
global hypercall_page
global entry_regs

default rel

; elfnote_quad TYPE, VALUE / elfnote_text TYPE, STRING: one note, owner "Xen".
%macro elfnote_quad 2
        align   4
        dd      4, 8, %1
        db      "Xen", 0
        dq      %2
%endmacro

%macro elfnote_text 2
        align   4
        dd      4, %%end - %%text, %1
        db      "Xen", 0
%%text: db      %2, 0
%%end:
%endmacro

section .note.Xen note alloc noexec nowrite align=4
        elfnote_text ELFNOTE_GUEST_OS, "Xenios guest"
        elfnote_text ELFNOTE_GUEST_VERSION, "1"
        elfnote_text ELFNOTE_XEN_VERSION, "xen-3.0"
        elfnote_text ELFNOTE_LOADER, "generic"
        elfnote_text ELFNOTE_FEATURES, "pae_pgdir_above_4gb"
        elfnote_quad ELFNOTE_VIRT_BASE, virt_base
        elfnote_quad ELFNOTE_PADDR_OFFSET, 0
        elfnote_quad ELFNOTE_ENTRY, _start
        elfnote_quad ELFNOTE_HYPERCALL_PAGE, hypercall_page
        align   4

; The builder writes 128 entries of 32 bytes here; number n is called at
; hypercall_page + 32 * n.
section .text.hypercall_page progbits alloc exec nowrite align=4096
hypercall_page:
        times 4096 db 0xcc

section .text.start progbits alloc exec nowrite align=16

; _start -- first instruction of the guest.
;   in:    see the table above
;   out:   never returns; calls guest_entry(start_info)
;   why:   entry_regs is stored with absolute stores only: no stack is trusted
;          before the registers are safe
_start:
        mov     [entry_regs + 8 * 0], rax
        mov     [entry_regs + 8 * 1], rbx
        mov     [entry_regs + 8 * 2], rcx
        mov     [entry_regs + 8 * 3], rdx
        mov     [entry_regs + 8 * 4], rsi
        mov     [entry_regs + 8 * 5], rdi
        mov     [entry_regs + 8 * 6], rbp
        mov     [entry_regs + 8 * 7], rsp
        mov     [entry_regs + 8 * 8], r8
        mov     [entry_regs + 8 * 9], r9
        mov     [entry_regs + 8 * 10], r10
        mov     [entry_regs + 8 * 11], r11
        mov     [entry_regs + 8 * 12], r12
        mov     [entry_regs + 8 * 13], r13
        mov     [entry_regs + 8 * 14], r14
        mov     [entry_regs + 8 * 15], r15
        pushfq                          ; the boot stack must work
        pop     qword [entry_regs + 8 * 16]
        mov     eax, cs
        mov     [entry_regs + 8 * 17], rax
        mov     eax, ss
        mov     [entry_regs + 8 * 18], rax
        mov     eax, ds
        mov     [entry_regs + 8 * 19], rax
        mov     eax, es
        mov     [entry_regs + 8 * 20], rax
        mov     eax, fs
        mov     [entry_regs + 8 * 21], rax
        mov     eax, gs
        mov     [entry_regs + 8 * 22], rax

        cld
        lea     rsp, [boot_stack_top]   ; 4 KiB is too little for printf
        xor     ebp, ebp                ; ends stack traces
        mov     rdi, rsi
        call    guest_entry
        ud2                             ; guest_entry does not return

section .bss nobits alloc noexec write align=16
entry_regs:
        resq    23
        alignb  16
        resb    STACK_BYTES
boot_stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
