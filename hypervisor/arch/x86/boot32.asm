; SPDX-License-Identifier: MIT
;
; From a boot loader's 32-bit protected mode to 64-bit C.
;
; Three doors lead here. Multiboot 1 (QEMU -kernel) and Multiboot2 (GRUB) come
; to boot_entry with a magic in eax, PVH to boot_entry_pvh without one; all
; three give the physical address of their information in ebx, flat segments,
; paging off, interrupts off, and no promise about the stack.
;
; This file is linked where it is loaded (physical = linear). It checks that
; the CPU can do what we need, makes page tables that live until paging_init
; replaces them, and leaves for setup() at HV_BASE. The tables map
;
;   0 .. 4 GiB            identity, so that the next instruction exists
;   DIRECT_BASE + 4 GiB   the same, where frame_map() expects RAM
;   HV_BASE + 1 GiB       the image, where it is linked
;
; all with 2 MiB pages, writable and executable: W^X begins with paging_init.

%include "asm_offsets.inc"

extern  setup

MB2_MAGIC       equ 0xe85250d6
MB2_ARCH_I386   equ 0
PTE_TABLE       equ 0x3             ; present, writable
PTE_2M          equ 0x83            ; present, writable, large
MSR_EFER        equ 0xc0000080
EFER_LME_NXE    equ 0x900
CR4_PAE         equ 0x20
CR0_PG_WP       equ 0x80010000
BOOT_MAGIC_PVH  equ 0x50564821      ; ours: PVH has no magic in eax

; --- Multiboot2 header -----------------------------------------------------
section .mb2 alloc noexec nowrite align=8
mb2_header:
    dd      MB2_MAGIC
    dd      MB2_ARCH_I386
    dd      mb2_end - mb2_header
    dd      -(MB2_MAGIC + MB2_ARCH_I386 + (mb2_end - mb2_header))
    ; modules on page boundaries
    dw      6, 0
    dd      8
    ; information that we cannot do without: command line, modules, map
    align   8, db 0
    dw      1, 0
    dd      8 + 3 * 4
    dd      1, 3, 6
    align   8, db 0
    ; entry address: e_entry lies outside of what some loaders check
    dw      3, 0
    dd      12
    dd      boot_entry
    align   8, db 0
    dw      0, 0
    dd      8
mb2_end:

; --- PVH note: owner Xen, type 18 (PHYS32_ENTRY) ----------------------------
section .note.pvh note alloc noexec nowrite align=4
    dd      4, 4, 18
    db      "Xen", 0
    dd      boot_entry_pvh

; ----------------------------------------------------------------------------
section .boot.text alloc exec nowrite align=16
bits 32

global boot_entry
boot_entry_pvh:
    mov     eax, BOOT_MAGIC_PVH
boot_entry:
    cli
    cld
    mov     esp, boot_stack_top
    mov     [boot_magic], eax
    mov     [boot_information], ebx
    rdtsc                           ; boot time is counted from here
    mov     [boot_tsc], eax
    mov     [boot_tsc + 4], edx

; --- what the CPU must have -------------------------------------------------
    mov     eax, 0x80000000
    cpuid
    mov     esi, text_no_long_mode
    cmp     eax, 0x80000001
    jb      refuse
    mov     eax, 0x80000001
    cpuid
    bt      edx, 29                 ; long mode
    jnc     refuse
    mov     esi, text_no_nx
    bt      edx, 20                 ; execute-disable
    jnc     refuse

; --- page tables ------------------------------------------------------------
; Four tables of 512 large pages hold the identity map of 4 GiB.
    xor     ecx, ecx
    mov     eax, PTE_2M
.large_pages:
    mov     [boot_l2 + ecx * 8], eax
    mov     dword [boot_l2 + ecx * 8 + 4], 0
    add     eax, 0x200000
    inc     ecx
    cmp     ecx, 4 * 512
    jne     .large_pages

    mov     edi, boot_l4            ; L4 and L3 are adjacent
    xor     eax, eax
    mov     ecx, 2 * 1024
    rep     stosd
    mov     ecx, 4
    mov     eax, boot_l2 + 3 * 0x1000 + PTE_TABLE
.l3:
    mov     [boot_l3 + ecx * 8 - 8], eax
    mov     [boot_l3 + HV_BASE_L3 * 8 + ecx * 8 - 8], eax
    mov     [boot_l3 + DIRECT_BASE_L3 * 8 + ecx * 8 - 8], eax
    sub     eax, 0x1000
    loop    .l3
    mov     eax, boot_l3 + PTE_TABLE
    mov     [boot_l4], eax
    mov     [boot_l4 + 256 * 8], eax    ; HV_BASE and DIRECT_BASE

; --- long mode --------------------------------------------------------------
    mov     eax, CR4_PAE
    mov     cr4, eax
    mov     eax, boot_l4
    mov     cr3, eax
    mov     ecx, MSR_EFER
    rdmsr
    or      eax, EFER_LME_NXE
    wrmsr
    mov     eax, cr0
    or      eax, CR0_PG_WP
    mov     cr0, eax
    lgdt    [boot_gdt_pointer]
    jmp     8:.long_mode

bits 64
.long_mode:
    mov     eax, 16
    mov     ss, eax
    xor     eax, eax
    mov     ds, eax
    mov     es, eax
    mov     fs, eax
    mov     gs, eax
    mov     rsp, boot_cpu_stack_top
    xor     ebp, ebp                ; end of the back trace
    mov     edi, [abs boot_magic]
    mov     esi, [abs boot_information]
    mov     rdx, [abs boot_tsc]
    mov     rax, setup
    call    rax
    ud2

; refuse -- the one line that we can say without C.
;   in:    esi = sentence
;   out:   never; QEMU's power-off port, then halt
bits 32
refuse:
    mov     ecx, esi
    mov     esi, text_cannot_start
    call    serial_text
    mov     esi, ecx
    call    serial_text
    mov     dx, 0x604
    mov     ax, 0x2000
    out     dx, ax
.halt:
    hlt
    jmp     .halt

; serial_text -- writes a string to the first UART as the firmware left it.
;   in:    esi = text, zero-terminated;  clobbers eax, edx, esi
serial_text:
    mov     dx, 0x3f8 + 5
.wait:
    in      al, dx
    test    al, 0x20
    jz      .wait
    lodsb
    test    al, al
    jz      .done
    mov     dx, 0x3f8
    out     dx, al
    jmp     serial_text
.done:
    ret

section .boot.data alloc write noexec align=8
boot_gdt:
    dq      0
    dq      0x00af9a000000ffff      ; 64-bit code
    dq      0x00cf92000000ffff      ; data
boot_gdt_pointer:
    dw      $ - boot_gdt - 1
    dd      boot_gdt
    align   4, db 0
boot_tsc:           dq 0
boot_magic:         dd 0
boot_information:   dd 0
text_cannot_start:  db 13, 10, "(xenios) cannot start: ", 0
text_no_long_mode:  db "this CPU has no 64-bit mode; choose another CPU model", 13, 10, 0
text_no_nx:         db "this CPU has no execute-disable bit (NX); choose another CPU model", 13, 10, 0

section .boot.bss nobits alloc write noexec align=4096
boot_l4:    resb 0x1000
boot_l3:    resb 0x1000
boot_l2:    resb 4 * 0x1000
            resb 256
boot_stack_top:

; The block of the boot CPU until percpu_create makes the real one: aligned,
; so that this_cpu() works from the first line of C.
section .bss.boot_cpu nobits alloc write noexec align=65536
global boot_cpu_block
boot_cpu_block:
    resb    PERCPU_STACK_TOP
boot_cpu_stack_top:
    resb    PERCPU_SIZE - PERCPU_STACK_TOP

section .note.GNU-stack noalloc noexec nowrite progbits
