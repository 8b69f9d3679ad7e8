; SPDX-License-Identifier: MIT
;
; floor -- the least that the hardware's path needs, measured.
;
; A kernel of its own for QEMU's -kernel: a "hypervisor" in ring 0 that can do
; nothing but the operations below, each on the shortest path we could write,
; and a "guest" in ring 3 that measures them as the bench guest does, and
; prints
;
;     FLOOR <row> <instructions>
;     FLOOR DONE
;
; What a correct hypervisor cannot leave out is here: a stack of its own, the
; range check of the call's number, the look for pending events, the check of
; rip before SYSRET, selectors and flags made harmless, separate page tables of
; user and kernel. What depends on a design is not: there is one vCPU, one
; domain, no locks, no tracing, and every variable has a fixed address.
; Nothing is protected either: both rings see the same memory, as protection
; does not change how many instructions a path has.
;
;   in ring 0   rsp = stack0_top at each entry; interrupts are off for ever
;   bounce frame on the guest's stack, upwards: rcx r11 [error] rip
;               cs (bits 32-39: the old upcall mask) rflags rsp ss
;   iret frame  rax r11 rcx flags rip cs rflags rsp ss, pushed by the guest

%define IMAGE           0x100000
org IMAGE

%define ABSENT_VA       0x40000000      ; not mapped
%define CODE0           0x08
%define DATA0           0x10
%define DATA3           0x23            ; the order that SYSRET wants:
%define CODE3           0x2b            ; its base, data, 64-bit code
%define TSS             0x30
%define GUEST_KERNEL_CS (CODE3 & ~3)    ; as a frame shows the kernel
%define RFLAGS_IF_BIT   9
%define RFLAGS_FORBIDDEN 0x44500        ; AC, NT, DF, TF: not for a handler
%define RFLAGS_ALLOWED  0x40dd5         ; AC, DF, OF, SF, ZF, AF, PF, CF, TF
%define VGCF_IN_SYSCALL 0x100
%define NR_IRET         23
%define NR_CALLS        32
%define NR_STACK        3
%define NR_SEND         4
%define NR_MULTI        13
%define NR_SEGMENT      25
%define MULTI_MAX       1024
%define NR_VERSION      17
%define NR_PRINT        30
%define NR_OFF          31
%define PORTS           4096
%define PORT_BOUND      6
%define PORT            5               ; one that is bound
%define MASKED_PORT     6               ; and another
%define REPETITIONS     4
%define PAIR            2               ; RDTSC and MOV
%define UART            0x3f8

; Page tables and stacks lie behind the image, in memory that is zero.
%define root_kernel     0x200000
%define root_user       0x201000
%define table_l3        0x202000
%define table_l2        0x203000
%define stack0_top      0x210000
%define stack_guest_top 0x220000        ; the guest kernel runs here
%define stack_trap_top  0x228000        ; and takes traps of its user here
%define stack_user_top  0x230000

bits 32
header:
    dd      0x1badb002, 0x10000, -(0x1badb002 + 0x10000)
    dd      header, header, image_end, 0x240000, start

start:
    mov     esp, stack0_top
    mov     dword [root_kernel], table_l3 + 7
    mov     dword [root_user], table_l3 + 7
    mov     dword [table_l3], table_l2 + 7
    mov     dword [table_l2], 0x000087          ; 2 MiB pages, open to all
    mov     dword [table_l2 + 8], 0x200087
    mov     eax, 0x620                          ; PAE, OSFXSR, OSXMMEXCPT
    mov     cr4, eax
    mov     eax, root_kernel
    mov     cr3, eax
    mov     ecx, 0xc0000080                     ; EFER: SCE, LME
    mov     eax, 0x101
    xor     edx, edx
    wrmsr
    mov     eax, 0x80010013                     ; PG, WP, ET, MP, PE
    mov     cr0, eax
    lgdt    [gdt_pointer]
    jmp     CODE0:start64

bits 64
default rel
start64:
    mov     eax, DATA0
    mov     ss, eax
    mov     ds, eax
    mov     es, eax
    mov     ax, TSS
    ltr     ax
    lidt    [idt_pointer]
    mov     ecx, 0xc0000081                     ; STAR
    xor     eax, eax
    mov     edx, ((DATA3 - 8) << 16) | CODE0
    wrmsr
    inc     ecx                                 ; LSTAR
    mov     eax, entry_syscall
    xor     edx, edx
    wrmsr
    mov     ecx, 0xc0000084                     ; SFMASK
    mov     eax, 0x47700
    wrmsr
    mov     rcx, guest
    mov     r11d, 0x2
    mov     rsp, stack_guest_top
    o64 sysret

; --- the hypervisor ---------------------------------------------------------

; entry_syscall -- a hypercall of the guest kernel, or a call of its user.
entry_syscall:
    mov     [guest_rsp], rsp
    cmp     byte [in_user], 0
    jne     syscall_of_user
    mov     rsp, stack0_top
    push    rcx
    push    r11
    cmp     eax, NR_CALLS
    jae     absent
    call    [calls + rax * 8]
leave:
    cmp     word [upcall], 1                    ; pending 1, mask 0
    je      deliver
    pop     r11
    pop     rcx
    mov     rdx, rcx                            ; rip canonical?
    shl     rdx, 16
    sar     rdx, 16
    cmp     rdx, rcx
    jne     stop
    mov     rsp, [guest_rsp]
    o64 sysret

absent:
    mov     rax, -38                            ; -XEN_ENOSYS
    jmp     leave

; call_version -- the null call: edi = 0 asks for the version.
call_version:
    test    edi, edi
    jnz     stop
    mov     eax, 0x40011
    ret

; call_send -- edi = 4, rsi -> port: pending, and an upcall if it is unmasked.
call_send:
    cmp     edi, 4
    jne     stop
    mov     ecx, [rsi]
    cmp     ecx, PORTS
    jae     stop
    cmp     byte [port_state + rcx], PORT_BOUND
    jne     stop
    lock bts [port_pending], rcx
    jc      .done
    bt      [port_mask], rcx
    jc      .done
    shr     ecx, 6
    lock bts [pending_sel], rcx
    jc      .done
    mov     byte [upcall], 1
.done:
    xor     eax, eax
    ret

; call_stack -- rdi = ss, rsi = rsp for traps of the user.
call_stack:
    mov     rdx, rsi                            ; outside of our addresses?
    shr     rdx, 47
    jnz     stop
    or      edi, 3
    mov     [kernel_ss], rdi
    mov     [kernel_rsp], rsi
    xor     eax, eax
    ret

; call_segment -- edi = 0: rsi is the base of FS.
call_segment:
    test    edi, edi
    jnz     stop
    mov     rdx, rsi                            ; canonical?
    shl     rdx, 16
    sar     rdx, 16
    cmp     rdx, rsi
    jne     stop
    mov     eax, esi
    shr     rdx, 32
    mov     ecx, 0xc0000100
    wrmsr
    xor     eax, eax
    ret

; call_multi -- rdi -> esi entries: op, result, six arguments.
call_multi:
    mov     rdx, rdi
    shr     rdx, 47
    jnz     stop
    cmp     esi, MULTI_MAX
    ja      stop
    push    rbx
    push    rbp
    mov     rbx, rdi
    mov     ebp, esi
.next:
    mov     rax, [rbx]
    cmp     rax, NR_CALLS
    jae     stop
    mov     rdi, [rbx + 16]
    mov     rsi, [rbx + 24]
    mov     rdx, [rbx + 32]
    mov     r10, [rbx + 40]
    mov     r8, [rbx + 48]
    call    [calls + rax * 8]
    mov     [rbx + 8], rax
    add     rbx, 64
    dec     ebp
    jnz     .next
    pop     rbp
    pop     rbx
    xor     eax, eax
    ret

; deliver -- an event before SYSRET: rcx, r11 on our stack.
deliver:
    mov     rdx, [guest_rsp]
    and     rdx, -16
    mov     rcx, rdx                            ; outside of our addresses?
    shr     rcx, 47
    jnz     stop
    mov     qword [rdx - 8], DATA3
    mov     rcx, [guest_rsp]
    mov     [rdx - 16], rcx
    pop     rcx                                 ; r11: rflags
    mov     [rdx - 48], rcx
    or      ecx, 1 << RFLAGS_IF_BIT             ; the mask is 0
    mov     [rdx - 24], rcx
    mov     qword [rdx - 32], GUEST_KERNEL_CS
    pop     rcx                                 ; rip
    mov     [rdx - 40], rcx
    mov     [rdx - 56], rcx
    mov     byte [upcall + 1], 1
    lea     rsp, [rdx - 56]
    mov     rcx, [event_callback]
    mov     r11d, 0x2
    o64 sysret

; syscall_of_user -- to the guest kernel, by its tables and its stack.
;   why:   the stack was checked when it was set, so it can be pushed to; rsp
;          is the one register that is free before
syscall_of_user:
    swapgs
    mov     byte [in_user], 0
    mov     rsp, [cr3_kernel]
    mov     cr3, rsp
    mov     rsp, [kernel_rsp]
    push    DATA3                               ; the user's ss
    push    qword [guest_rsp]
    push    r11                                 ; rflags
    push    CODE3                               ; events were not masked
    push    rcx                                 ; rip
    push    r11
    push    rcx
    mov     byte [upcall + 1], 1
    mov     rcx, [syscall_callback]
    mov     r11d, 0x2
    o64 sysret

; call_iret -- resume what the frame on the guest's stack says.
call_iret:
    mov     [saved_rdx], rdx
    mov     rdx, [guest_rsp]
    mov     rcx, rdx                            ; outside of our addresses?
    shr     rcx, 47
    jnz     stop
    mov     rcx, [rdx + 48]                     ; rflags
    bt      ecx, RFLAGS_IF_BIT
    setnc   [upcall + 1]
    cmp     word [upcall], 1
    je      stop                                ; does not happen here
    and     ecx, RFLAGS_ALLOWED
    or      ecx, 2
    test    byte [rdx + 40], 3                  ; cs: kernel or user?
    jnz     .user
.iretq:
    mov     rsp, stack0_top
    mov     rax, [rdx + 64]
    or      eax, 3
    push    rax                                 ; ss
    push    qword [rdx + 56]                    ; rsp
    push    rcx                                 ; rflags
    mov     rax, [rdx + 40]
    or      eax, 3
    push    rax                                 ; cs
    push    qword [rdx + 32]                    ; rip
    mov     rax, [rdx]
    mov     r11, [rdx + 8]
    mov     rcx, [rdx + 16]
    mov     rdx, [saved_rdx]
    iretq
.user:
    mov     byte [in_user], 1
    mov     rax, [cr3_user]
    mov     cr3, rax
    swapgs
    test    dword [rdx + 24], VGCF_IN_SYSCALL
    jz      .iretq
    mov     r11, rcx
    mov     rcx, [rdx + 32]
    mov     rax, rcx                            ; rip canonical?
    shl     rax, 16
    sar     rax, 16
    cmp     rax, rcx
    jne     stop
    mov     rax, [rdx]
    mov     rsp, [rdx + 56]
    mov     rdx, [saved_rdx]
    o64 sysret

; entry_pf -- a page fault, which is the guest's own.
;   state: rsp -> error, rip, cs, rflags, rsp, ss
entry_pf:
    push    rcx
    push    r11
    push    rdx
    mov     rcx, cr2
    mov     [guest_cr2], rcx
    test    byte [rsp + 40], 3                  ; our own?
    jz      stop
    shr     rcx, 47                             ; one of our addresses?
    jnz     stop
    mov     r11d, GUEST_KERNEL_CS
    mov     rdx, [rsp + 56]
    cmp     byte [in_user], 0
    jne     .user
    and     rdx, -16
    mov     rcx, rdx
    shr     rcx, 47
    jnz     stop
.write:
    mov     rcx, [rsp + 64]                     ; ss
    mov     [rdx - 8], rcx
    mov     rcx, [rsp + 56]                     ; rsp
    mov     [rdx - 16], rcx
    mov     rcx, [rsp + 48]                     ; rflags
    or      ecx, 1 << RFLAGS_IF_BIT
    mov     [rdx - 24], rcx
    mov     [rdx - 32], r11                     ; cs
    mov     rcx, [rsp + 32]                     ; rip
    mov     [rdx - 40], rcx
    mov     rcx, [rsp + 24]                     ; error
    mov     [rdx - 48], rcx
    mov     rcx, [rsp + 8]                      ; r11
    mov     [rdx - 56], rcx
    mov     rcx, [rsp + 16]                     ; rcx
    mov     [rdx - 64], rcx
    mov     byte [upcall + 1], 1
    sub     rdx, 64
    mov     [rsp + 56], rdx
    mov     rcx, [pf_handler]
    mov     [rsp + 32], rcx
    and     dword [rsp + 48], ~RFLAGS_FORBIDDEN
    pop     rdx
    add     rsp, 24                             ; rcx and r11 are in the frame
    iretq
.user:
    swapgs
    mov     byte [in_user], 0
    mov     rcx, [cr3_kernel]
    mov     cr3, rcx
    mov     rdx, [kernel_rsp]
    mov     r11d, CODE3
    jmp     .write

; entry_ud -- CPUID by prefix: ud2, "xen", cpuid; the leaf of the version.
entry_ud:
    push    rax
    mov     rax, [rsp + 8]
    cmp     dword [rax], 0x65780b0f             ; ud2, "xe"
    jne     stop
    cmp     word [rax + 4], 0x0f6e              ; "n", cpuid
    jne     stop
    cmp     byte [rax + 6], 0xa2
    jne     stop
    add     rax, 7
    mov     [rsp + 8], rax
    pop     rax
    cmp     eax, 0x40000001
    jne     stop
    mov     eax, 0x40011
    xor     ebx, ebx
    xor     ecx, ecx
    xor     edx, edx
    iretq

; call_print -- rsi -> text with a zero at its end, rdi = number, unless 0.
call_print:
    lodsb
    test    al, al
    jz      .number
    call    put
    jmp     call_print
.number:
    mov     eax, edi
    mov     ecx, 10
    mov     r8, stack0_top - 1024
    mov     byte [r8], 0
.digit:
    xor     edx, edx
    div     ecx
    add     edx, '0'
    dec     r8
    mov     [r8], dl
    test    eax, eax
    jnz     .digit
.show:
    mov     al, [r8]
    inc     r8
    test    al, al
    jz      .end
    call    put
    jmp     .show
.end:
    mov     al, 10
put:
    mov     dx, UART
    out     dx, al
    ret

; stop -- the end, also of what must not happen. A triple fault ends QEMU.
stop:
    lidt    [idt_none]
    int3

; --- the guest --------------------------------------------------------------

; hypercall NUMBER: as through the hypercall page.
%macro slot 1
    push    rcx
    push    r11
    mov     eax, %1
    syscall
    pop     r11
    pop     rcx
    ret
%endmacro

slot_version:
    slot    NR_VERSION
slot_absent:
    slot    NR_CALLS
slot_stack:
    slot    NR_STACK
slot_multi:
    slot    NR_MULTI
slot_segment:
    slot    NR_SEGMENT
slot_send:
    slot    NR_SEND
slot_print:
    slot    NR_PRINT
slot_off:
    slot    NR_OFF
slot_iret:
    push    rcx
    push    r11
    push    rax
    mov     eax, NR_IRET
    syscall

; measure "row", N / operation / measured: the last of N repetitions counts.
%macro measure 2
  %push measure
    mov     r12, %%name
    jmp     %%over
%%name:
    db      "FLOOR ", %1, " ", 0
%%over:
    mov     r14d, %2
%$again:
    rdtsc
    mov     r15d, eax
%endmacro

%macro measured 0
    rdtsc
    sub     eax, r15d
    dec     r14d
    jnz     %$again
    sub     eax, PAIR
    mov     edi, eax
    mov     rsi, r12
    call    slot_print
  %pop
%endmacro

guest:
    measure "call/null", REPETITIONS
    xor     edi, edi
    xor     esi, esi
    call    slot_version
    measured

    measure "call/unknown", REPETITIONS
    xor     edi, edi
    call    slot_absent
    measured

%macro measure_multicall 2
    measure %1, REPETITIONS
    mov     edi, entries
    mov     esi, %2
    call    slot_multi
    measured
%endmacro
    measure_multicall "call/multicall-1", 1
    measure_multicall "call/multicall-16", 16
    measure_multicall "call/multicall-64", 64

    measure "call/stack-switch", REPETITIONS
    mov     edi, DATA3
    mov     esi, stack_trap_top
    call    slot_stack
    measured

    measure "call/segment-base", REPETITIONS
    xor     edi, edi
    mov     esi, port_argument
    call    slot_segment
    measured

    measure "call/iret", REPETITIONS
    mov     rax, rsp
    push    qword DATA3
    push    rax
    push    qword 0x202
    push    qword GUEST_KERNEL_CS
    lea     rax, [rel .landed]
    push    rax
    push    qword 0
    jmp     slot_iret
.landed:
    nop
    measured

    measure "event/masked", 1
    mov     edi, 4
    mov     rsi, masked_argument
    call    slot_send
    measured

    measure "event/again", REPETITIONS
    mov     edi, 4
    mov     rsi, masked_argument
    call    slot_send
    measured

    measure "event/upcall", REPETITIONS
    mov     edi, 4
    mov     rsi, port_argument
    call    slot_send
    measured

    measure "trap/page-fault", REPETITIONS
    mov     rbp, ABSENT_VA
    mov     rax, [rbp]
    measured

    measure "emulate/cpuid", REPETITIONS
    mov     eax, 0x40000001
    xor     ecx, ecx
    ud2
    db      "xen"
    cpuid
    measured

    ; A user program, entered by an iret frame; it measures itself.
    push    qword DATA3
    push    qword stack_user_top
    push    qword 0x202
    push    qword CODE3
    mov     rax, user
    push    rax
    push    qword 0
    jmp     slot_iret

; The handlers are those of the bench guest.
on_event:
    mov     ecx, PORT
    mov     byte [upcall], 0
    lock and qword [pending_sel], 0
    lock btr [port_pending], rcx
    inc     qword [count]
    pop     rcx
    pop     r11
    push    qword 0
    jmp     slot_iret

on_page_fault:
    add     qword [rsp + 24], 4
    inc     qword [count]
    pop     rcx
    pop     r11
    mov     qword [rsp], 0
    jmp     slot_iret

; eax = 1: the user's numbers are there; else nothing.
on_syscall:
    inc     qword [count]
    pop     rcx
    pop     r11
    cmp     eax, 1                              ; not in the bench guest
    je      .report
    push    qword VGCF_IN_SYSCALL
    jmp     slot_iret
.report:
    mov     edi, [user_counts]
    sub     edi, 2                              ; the two above
    mov     rsi, name_syscall
    call    slot_print
    mov     edi, [user_counts + 4]
    mov     rsi, name_fault
    call    slot_print
    mov     rsi, name_done
    xor     edi, edi
    call    slot_print
    call    slot_off

user:
    mov     r14d, REPETITIONS
    mov     ebp, ABSENT_VA
.syscall:
    rdtsc
    mov     r15d, eax
    xor     eax, eax
    syscall
    rdtsc
    sub     eax, r15d
    sub     eax, PAIR + 1                       ; and XOR
    mov     [user_counts], eax
    dec     r14d
    jnz     .syscall
    mov     r14d, REPETITIONS
.fault:
    rdtsc
    mov     r15d, eax
    mov     rax, [rbp]
    rdtsc
    sub     eax, r15d
    sub     eax, PAIR
    mov     [user_counts + 4], eax
    dec     r14d
    jnz     .fault
    mov     eax, 1
    syscall

name_syscall:
    db      "FLOOR trap/syscall ", 0
name_fault:
    db      "FLOOR trap/page-fault-user ", 0
name_done:
    db      "FLOOR DONE ", 0

; --- data -------------------------------------------------------------------
align 16, db 0
gdt:
    dq      0
    dq      0x00af9b000000ffff                  ; code, ring 0
    dq      0x00cf93000000ffff                  ; data
    dq      0
    dq      0x00cff3000000ffff                  ; data, ring 3
    dq      0x00affb000000ffff                  ; code
    dw      103, tss - IMAGE                    ; TSS at IMAGE + this
    db      (IMAGE >> 16) & 0xff, 0x89, 0, 0
    dq      0
gdt_pointer:
    dw      gdt_pointer - gdt - 1
    dq      gdt

; gate HANDLER OFFSET, DPL: below 16 MiB all but the third word is constant.
%macro gate 1
    dw      %1 - IMAGE, CODE0, 0x8e00, IMAGE >> 16
    dd      0, 0
%endmacro

align 16, db 0
idt:
    times 6 dq 0, 0
    gate    entry_ud
    times 7 dq 0, 0
    gate    entry_pf
idt_end:
idt_pointer:
    dw      idt_end - idt - 1
    dq      idt
idt_none:
    dw      0
    dq      0

align 16, db 0
tss:
    dd      0
    dq      stack0_top                          ; rsp0
    times 23 dd 0

calls:
    times NR_STACK dq stop
    dq      call_stack, call_send
    times NR_MULTI - NR_SEND - 1 dq stop
    dq      call_multi
    times NR_VERSION - NR_MULTI - 1 dq stop
    dq      call_version
    times NR_IRET - NR_VERSION - 1 dq stop
    dq      call_iret
    times NR_SEGMENT - NR_IRET - 1 dq stop
    dq      call_segment
    times NR_PRINT - NR_SEGMENT - 1 dq stop
    dq      call_print
    dq      stop
guest_rsp:
    dq      0
kernel_ss:
    dq      DATA3
kernel_rsp:
    dq      stack_trap_top
saved_rdx:
    dq      0
guest_cr2:
    dq      0
cr3_kernel:
    dq      root_kernel
cr3_user:
    dq      root_user
event_callback:
    dq      on_event
syscall_callback:
    dq      on_syscall
pf_handler:
    dq      on_page_fault
count:
    dq      0
pending_sel:
    dq      0
user_counts:
    dd      0, 0
port_argument:
    dd      PORT
masked_argument:
    dd      MASKED_PORT
upcall:
    db      0, 0                                ; pending, mask
in_user:
    db      0
align 8, db 0
port_pending:
    times PORTS / 8 db 0
port_mask:
    dq      1 << MASKED_PORT
    times PORTS / 8 - 8 db 0
port_state:
    times PORT db 0
    db      PORT_BOUND, PORT_BOUND
    times PORTS - MASKED_PORT - 1 db 0
entries:                                        ; of a multicall
    times 64 dq NR_VERSION, 0, 0, 0, 0, 0, 0, 0
image_end:
