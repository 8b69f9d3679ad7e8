/* SPDX-License-Identifier: MIT */
/*
 * Trace records, and the buffers in which a hypervisor leaves them.
 *
 * A record is a header of 32 bits, then the time-stamp counter if the header
 * says so (low word first), then up to seven words that belong to the event.
 * An event's number has its class in bits 16-27, the kind within the class in
 * bits 12-15 (one bit each, so that a mask can choose) and a number below.
 *
 * Here are the classes, and the events of the classes that PV guests cause;
 * events of HVM guests, of shadow page tables and of power management are
 * left out.
 */
#ifndef XENIOS_XEN_TRACE_H
#define XENIOS_XEN_TRACE_H

#include "xen.h"

#define TRACE_EXTRA_MAX   7
#define TRACE_EXTRA_SHIFT 28

/* --- classes ------------------------------------------------------------ */
#define TRC_CLS_SHIFT 16
#define TRC_GEN    0x0001f000 /* the trace itself */
#define TRC_SCHED  0x0002f000
#define TRC_DOM0OP 0x0004f000
#define TRC_HVM    0x0008f000
#define TRC_MEM    0x0010f000
#define TRC_PV     0x0020f000
#define TRC_SHADOW 0x0040f000
#define TRC_HW     0x0080f000
#define TRC_GUEST  0x0800f000
#define TRC_ALL    0x0ffff000

#define TRC_HD_TO_EVENT(x) ((x) & 0x0fffffff)
#define TRC_HD_CYCLE_FLAG (1UL << 31)
#define TRC_HD_INCLUDES_CYCLE_COUNT(x) (((x) & TRC_HD_CYCLE_FLAG) != 0)
#define TRC_HD_EXTRA(x) (((x) >> TRACE_EXTRA_SHIFT) & TRACE_EXTRA_MAX)

/* --- kinds within a class ----------------------------------------------- */
#define TRC_SUBCLS_SHIFT 12
#define TRC_SCHED_MIN     0x00021000 /* changes of run state only */
#define TRC_SCHED_CLASS   0x00022000 /* one scheduler's own */
#define TRC_SCHED_VERBOSE 0x00028000
#define TRC_DOM0_DOMOPS   0x00041000
#define TRC_PV_ENTRY      0x00201000 /* ways from a PV guest in */
#define TRC_PV_SUBCALL    0x00202000 /* an entry of a multicall */
#define TRC_HW_PM         0x00801000
#define TRC_HW_IRQ        0x00802000

/* Set in an event of PV guests whose addresses are 64 bits wide. */
#define TRC_64_FLAG 0x100

/* --- the trace itself --------------------------------------------------- */
#define TRC_LOST_RECORDS       (TRC_GEN + 1) /* count, dom and vcpu, tsc */
#define TRC_TRACE_WRAP_BUFFER  (TRC_GEN + 2) /* fills a buffer's end */
#define TRC_TRACE_CPU_CHANGE   (TRC_GEN + 3) /* in files: cpu, bytes */

/* --- scheduler ---------------------------------------------------------- */
/* Bits 4-7 have the new run state, bits 8-11 the old one. */
#define TRC_SCHED_RUNSTATE_CHANGE  (TRC_SCHED_MIN + 1)
#define TRC_SCHED_CONTINUE_RUNNING (TRC_SCHED_MIN + 2)
#define TRC_SCHED_DOM_ADD        (TRC_SCHED_VERBOSE + 1)
#define TRC_SCHED_DOM_REM        (TRC_SCHED_VERBOSE + 2)
#define TRC_SCHED_SLEEP          (TRC_SCHED_VERBOSE + 3)
#define TRC_SCHED_WAKE           (TRC_SCHED_VERBOSE + 4)
#define TRC_SCHED_YIELD          (TRC_SCHED_VERBOSE + 5)
#define TRC_SCHED_BLOCK          (TRC_SCHED_VERBOSE + 6)
#define TRC_SCHED_SHUTDOWN       (TRC_SCHED_VERBOSE + 7)
#define TRC_SCHED_CTL            (TRC_SCHED_VERBOSE + 8)
#define TRC_SCHED_ADJDOM         (TRC_SCHED_VERBOSE + 9)
#define TRC_SCHED_SWITCH         (TRC_SCHED_VERBOSE + 10)
#define TRC_SCHED_S_TIMER_FN     (TRC_SCHED_VERBOSE + 11)
#define TRC_SCHED_T_TIMER_FN     (TRC_SCHED_VERBOSE + 12)
#define TRC_SCHED_DOM_TIMER_FN   (TRC_SCHED_VERBOSE + 13)
#define TRC_SCHED_SWITCH_INFPREV (TRC_SCHED_VERBOSE + 14)
#define TRC_SCHED_SWITCH_INFNEXT (TRC_SCHED_VERBOSE + 15)
#define TRC_SCHED_SHUTDOWN_CODE  (TRC_SCHED_VERBOSE + 16)
#define TRC_SCHED_SWITCH_INFCONT (TRC_SCHED_VERBOSE + 17)

/* --- domains, memory ---------------------------------------------------- */
#define TRC_DOM0_DOM_ADD (TRC_DOM0_DOMOPS + 1)
#define TRC_DOM0_DOM_REM (TRC_DOM0_DOMOPS + 2)

#define TRC_MEM_PAGE_GRANT_MAP       (TRC_MEM + 1)
#define TRC_MEM_PAGE_GRANT_UNMAP     (TRC_MEM + 2)
#define TRC_MEM_PAGE_GRANT_TRANSFER  (TRC_MEM + 3)
#define TRC_MEM_SET_P2M_ENTRY        (TRC_MEM + 4)
#define TRC_MEM_DECREASE_RESERVATION (TRC_MEM + 5)

/* --- PV guests ---------------------------------------------------------- */
#define TRC_PV_HYPERCALL             (TRC_PV_ENTRY + 1)
#define TRC_PV_TRAP                  (TRC_PV_ENTRY + 3)
#define TRC_PV_PAGE_FAULT            (TRC_PV_ENTRY + 4)
#define TRC_PV_FORCED_INVALID_OP     (TRC_PV_ENTRY + 5)
#define TRC_PV_EMULATE_PRIVOP        (TRC_PV_ENTRY + 6)
#define TRC_PV_EMULATE_4GB           (TRC_PV_ENTRY + 7)
#define TRC_PV_MATH_STATE_RESTORE    (TRC_PV_ENTRY + 8)
#define TRC_PV_PAGING_FIXUP          (TRC_PV_ENTRY + 9)
#define TRC_PV_GDT_LDT_MAPPING_FAULT (TRC_PV_ENTRY + 10)
#define TRC_PV_PTWR_EMULATION        (TRC_PV_ENTRY + 11)
#define TRC_PV_PTWR_EMULATION_PAE    (TRC_PV_ENTRY + 12)
#define TRC_PV_HYPERCALL_V2          (TRC_PV_ENTRY + 13)
#define TRC_PV_HYPERCALL_SUBCALL     (TRC_PV_SUBCALL + 14)

/* The first word of a hypercall's record: its number in bits 0-19, and above
 * it two bits for each argument that follows. */
#define TRC_PV_HYPERCALL_V2_ARG_32(i) (0x1 << (20 + 2 * (i)))
#define TRC_PV_HYPERCALL_V2_ARG_64(i) (0x2 << (20 + 2 * (i)))
#define TRC_PV_HYPERCALL_V2_ARG_MASK (0xfff00000)

/* --- layouts ------------------------------------------------------------ */
struct t_rec {
    uint32_t event:28;
    uint32_t extra_u32:3;       /* words at the end */
    uint32_t cycles_included:1;
    union {
        struct {
            uint32_t cycles_lo, cycles_hi;
            uint32_t extra_u32[7];
        } cycles;
        struct {
            uint32_t extra_u32[7];
        } nocycles;
    } u;
};

/* In front of a CPU's buffer of X bytes. Both run from 0 to 2X - 1 and then
 * begin again, so that empty and full differ though X is no power of 2. */
struct t_buf {
    uint32_t cons;              /* the reader's */
    uint32_t prod;              /* the hypervisor's */
};

/* Where the buffers are: mfn_offset[cpu] counts 32-bit words from the start
 * of this structure to the list of the frames of that CPU's buffer. */
struct t_info {
    uint16_t tbuf_size;         /* pages of each buffer */
    uint16_t mfn_offset[];
};

#endif
