; SPDX-License-Identifier: MIT
;
; The Multiboot 1 header, linked into the ELF32 image only: QEMU's -kernel
; takes that image, and refuses an ELF64 in which it finds this magic.

MB1_MAGIC       equ 0x1badb002
MB1_FLAGS       equ 0x3             ; modules on page boundaries, memory map

section .mb1 alloc noexec nowrite align=4
    dd      MB1_MAGIC
    dd      MB1_FLAGS
    dd      -(MB1_MAGIC + MB1_FLAGS)

section .note.GNU-stack noalloc noexec nowrite progbits
