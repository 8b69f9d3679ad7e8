; SPDX-License-Identifier: MIT
;
; How a secondary CPU comes from its first instruction to C.
;
; A CPU that gets a STARTUP interrupt begins in real mode at page * 4096, so
; this code is copied to a page below 1 MiB, whichever the boot allocator
; found. It must not care where it lies: in real mode CS carries the base, and
; what the later stages need is written into the copy by smp.c, each word under
; the name of its label here, so that no layout is known in two places.
;
;   stage       addresses            it finds                 it sets
;   16 bits     cs:offset            nothing, no stack        GDT, CR0.PE
;   32 bits     physical, ebx=base   flat segments            PAE, temporary L4,
;                                                             LME, NXE, paging
;   64 bits     identity map of      paging, no stack         stack, registers
;               this page, rbx=base
;   upper half  the hypervisor's     its own stack            the real CR3
;
; The temporary L4 lies below 4 GiB, because CR3 has 32 bits until long mode
; runs. It holds the hypervisor's slots and this one page, identity-mapped. The
; first instruction in the upper half leaves it, so no CPU that runs anything
; else ever has an identity map. No stage writes to the page, which is mapped
; for reading and execution only; the descriptors have their accessed bit set,
; or the processor would write it.
;
; One CPU at a time comes this way: smp.c starts the next when this one is seen
; on line or has been sent back by INIT.

section .rodata.ap_boot progbits alloc noexec nowrite align=16

global ap_boot_start:data hidden
global ap_boot_end:data hidden
global ap_boot_entry32:data hidden
global ap_boot_entry64:data hidden
global ap_boot_gdt:data hidden
global ap_boot_gdt_base:data hidden
global ap_boot_jump32:data hidden
global ap_boot_jump64:data hidden
global ap_boot_temporary_cr3:data hidden
global ap_boot_final_cr3:data hidden
global ap_boot_stack:data hidden
global ap_boot_cpu:data hidden
global ap_boot_target:data hidden
global ap_boot_enter:function hidden

extern ap_main

%define AT(label) ((label) - ap_boot_start)

%define SEL_CODE32   0x08
%define SEL_DATA     0x10
%define SEL_CODE64   0x18

%define CR0_START    0x80050033     ; PG AM WP NE ET MP PE; CD and NW clear,
                                    ; which INIT has left set
%define CR4_PAE      0x20
%define MSR_EFER     0xc0000080
%define EFER_LME_NXE 0x900

bits 16
; in:    real mode, cs = this page, everything else unknown
; out:   ap_boot_entry32 in protected mode, ebx = physical base
ap_boot_start:
    cli
    cld
    mov     ax, cs
    mov     ds, ax
    movzx   ebx, ax
    shl     ebx, 4
    o32 lgdt [AT(ap_boot_gdt_pointer)]
    mov     eax, cr0
    or      al, 1                   ; PE
    mov     cr0, eax
    jmp     dword far [AT(ap_boot_jump32)]

bits 32
; in:    protected mode, no paging, flat code segment, ebx = physical base
; out:   ap_boot_entry64 in long mode
; why:   the order is that of SDM 3A 9.8.5: PAE, CR3, LME, then paging
ap_boot_entry32:
    mov     eax, SEL_DATA
    mov     ds, eax
    mov     es, eax
    mov     ss, eax
    mov     eax, CR4_PAE
    mov     cr4, eax
    mov     eax, [ebx + AT(ap_boot_temporary_cr3)]
    mov     cr3, eax
    mov     ecx, MSR_EFER
    rdmsr
    or      eax, EFER_LME_NXE       ; NXE: our tables have bit 63 set
    wrmsr
    mov     eax, CR0_START
    mov     cr0, eax                ; compatibility mode from here
    jmp     dword far [ebx + AT(ap_boot_jump64)]

bits 64
; in:    long mode on the temporary table, ebx = physical base
; out:   ap_boot_enter, rax = the hypervisor's CR3, rdi = struct cpu
ap_boot_entry64:
    mov     ebx, ebx                ; the mode switch leaves bits 63-32 open
    mov     rax, [rbx + AT(ap_boot_final_cr3)]
    mov     rsp, [rbx + AT(ap_boot_stack)]
    mov     rdi, [rbx + AT(ap_boot_cpu)]
    jmp     [rbx + AT(ap_boot_target)]

align 8, db 0xcc
ap_boot_gdt:
    dq 0
    dq 0x00cf9b000000ffff           ; 32-bit code, accessed
    dq 0x00cf93000000ffff           ; data, accessed
    dq 0x00af9b000000ffff           ; 64-bit code, accessed
ap_boot_gdt_pointer:
    dw ap_boot_gdt_pointer - ap_boot_gdt - 1
ap_boot_gdt_base:
    dd 0                            ; patched

; Far pointers: offset patched, selector here.
align 4, db 0
ap_boot_jump32:
    dd 0
    dw SEL_CODE32
align 4, db 0
ap_boot_jump64:
    dd 0
    dw SEL_CODE64

align 8, db 0
ap_boot_temporary_cr3:
    dq 0
ap_boot_final_cr3:
    dq 0
ap_boot_stack:
    dq 0
ap_boot_cpu:
    dq 0
ap_boot_target:
    dq 0
ap_boot_end:

section .text
; in:    the hypervisor's half is mapped, rsp = own stack
; out:   ap_main(cpu), which does not return
; why:   the page that brought us here is not mapped by the real table
ap_boot_enter:
    mov     cr3, rax
    xor     ebp, ebp                ; a back trace ends here
    call    ap_main
    ud2

section .note.GNU-stack noalloc noexec nowrite progbits
