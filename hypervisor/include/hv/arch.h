/* SPDX-License-Identifier: MIT */
/*
 * THE contract between core/ + pv/ and the machine.
 *
 * Everything core and pv may ask of a machine stands here; arch/x86 keeps the
 * promises with privileged instructions, arch/host on a fake machine that
 * logs each effect, so that tests can assert their order (flush before free).
 * Functions marked INLINE come from arch/<name>/include/arch/inline.h, so
 * that the contract costs nothing on hot paths.
 *
 * All run with interrupts off unless they say otherwise.
 */
#ifndef HV_ARCH_H
#define HV_ARCH_H

#include <hv/domain.h>

/* --- finding things (INLINE) --------------------------------------------
 * struct cpu *this_cpu(void);
 * struct vcpu *current_vcpu(void);
 * struct domain *current_domain(void);
 * struct cpu_regs *arch_guest_regs(void);  frame this CPU will return to
 * void arch_count(uint64_t *counter);   one more, of a counter of this CPU
 * void *frame_map(mfn_t mfn);           direct map; always mapped, writable
 * mfn_t frame_unmap_addr(const void *); its inverse: direct map to mfn
 * struct frame *mfn_to_frame(mfn_t);  mfn_t frame_to_mfn(const struct frame *);
 */

/* --- guest memory (INLINE) ----------------------------------------------
 * Through the guest's current page table, at its own linear addresses.
 * Return true when the access faulted or the address is not a guest's
 * (anything in the hypervisor's hole or not canonical); on a failed read *dst
 * is zero. Callers turn true into -XEN_EFAULT. Each reads or writes once.
 *
 * bool guest_load64(gva_t, uint64_t *);  guest_load32, guest_load16, guest_load8
 * bool guest_store64(gva_t, uint64_t);   guest_store32, guest_store16, guest_store8
 * bool guest_copy_in(void *dst, gva_t, size_t);
 * bool guest_copy_out(gva_t, const void *src, size_t);
 * bool guest_words_begin(gva_t);         a few words from here on come next;
 * bool guest_word_get(gva_t, size_t i, uint64_t *);  word i of them, word 0
 * bool guest_word_put(gva_t, size_t i, uint64_t);    first: where it is a
 * void guest_words_end(void);            guest's, the others are or fault
 * void guest_words_reopen(void);         like begin, for words in a range
 *                                        that gva_range_ok() has checked
 * bool gva_range_ok(gva_t, size_t);      all of it a guest's, no wrap
 * bool gva_ok(gva_t);                    canonical and a guest's
 * bool gva_is_canonical(uint64_t va);
 * bool arch_ldt_fault(uint64_t va, uint64_t *offset);  va is in this CPU's
 *      LDT window: the CPU itself looked for a descriptor there
 */

/* --- page-table entries of guests (INLINE) ------------------------------
 * uint64_t pte_read(const uint64_t *);                single 8-byte load
 * bool pte_cmpxchg(uint64_t *, uint64_t *expected, uint64_t desired);
 *      locked; on failure *expected is what is there
 */

/* --- shared words (INLINE) ----------------------------------------------
 * Bit n of an array of words, which has as many:
 * bool arch_bit_set(uint64_t *, uint64_t n);   locked, a full barrier;
 *      whether it was set
 * bool arch_bit_is_set(const uint64_t *, uint64_t n);
 *
 * One more, after all that was stored before. Only the caller writes it:
 * void arch_count_release(uint16_t *);
 */

/* --- TLB ----------------------------------------------------------------
 * void tlb_flush_local(void);            INLINE: all non-global entries
 * void tlb_flush_page_local(gva_t);      INLINE: INVLPG
 */

/* Flushes these CPUs (this one too, when named) and returns when all have
 * done so. While waiting it answers others' requests. */
void arch_tlb_flush(cpumask_t mask);

/* The same for one linear address. */
void arch_tlb_flush_page(cpumask_t mask, gva_t va);

/* The same for what CPUs remember of page tables, and at least that: entries
 * that lead to a page itself may stay. */
void arch_tlb_flush_tables(cpumask_t mask);

/* The TLB clock: advances at each full flush of any CPU. A CPU whose
 * tlb_stamp is later than a frame's stamp holds no older entry of it. */
uint32_t arch_tlb_clock(void);
/* Those of `mask` that may still hold an entry made before `stamp`. */
cpumask_t arch_tlb_filter(cpumask_t mask, uint32_t stamp);

/* Once in every turn of a loop that waits for another CPU: pauses, and
 * answers TLB-flush requests. */
void arch_relax(void);

/* --- vcpu state --------------------------------------------------------- */

/* Prepares the machine part of a new vcpu (fpu image, segments). 0 or
 * -XEN_ENOMEM. */
int arch_vcpu_init(struct vcpu *v);
void arch_vcpu_free(struct vcpu *v);

/* The guest's own FXSAVE image (512 bytes) for a vcpu that does not run; what
 * would fault when it is loaded is taken out. */
void arch_set_fpu_image(struct vcpu *v, const void *image);

/* The components of XCR0 that a guest may enable; 0: no XSAVE. */
uint64_t arch_xcr0_offered(void);
/* XSETBV of the current vcpu; false for a value that the CPU or we refuse. */
bool arch_set_xcr0(struct vcpu *v, uint64_t value);

/* Saves prev's machine state (segments, debug, fpu, the frame on the stack)
 * and loads next's: frame, page tables, GDT and LDT windows. For the idle
 * vcpu there is nothing to load but the hypervisor's own page table. Between
 * the two, after next's page table was loaded, vcpu_set_saved(prev), and only
 * then vcpu_await_saved(next). */
void arch_vcpu_switch(struct vcpu *prev, struct vcpu *next);

/* Loads the page table of v's present mode; v is current. Flushes, and is an
 * arch_top_table_changed. */
void arch_load_cr3(struct vcpu *v);

/* void arch_top_table_changed(struct vcpu *v);  INLINE: an entry of a top
 *      table, or which top tables v has. Comes before the old entry, or the
 *      old table, is put, and before the guest can ask for a flush. */

/* What the machine keeps of v's top tables is what they hold; for audit. */
bool arch_top_tables_agree(const struct vcpu *v);

/* Switches the current vcpu between guest kernel and guest user: the other
 * v->kernel_mode, SWAPGS, other page table. The user table must exist.
 * void arch_enter_kernel_mode(struct vcpu *v);  INLINE
 * void arch_enter_user_mode(struct vcpu *v);    INLINE; flushes */

/* Windows of the current vcpu's GDT and LDT follow v->pv; pages of the LDT
 * come lazily, by arch_map_ldt_page. */
void arch_load_gdt(struct vcpu *v);
void arch_load_ldt(struct vcpu *v);
void arch_map_ldt_page(struct vcpu *v, unsigned int page, mfn_t mfn);

/* Segment bases of the current vcpu (SEGBASE_*); the address is canonical
 * and a guest's. SEGBASE_GS_USER_SEL never fails: a bad selector becomes 0. */
void arch_set_segment_base(struct vcpu *v, unsigned int which, uint64_t base);

/* One of SEGBASE_FS, _GS_USER, _GS_KERNEL of the current vcpu, as it is. */
uint64_t arch_get_segment_base(struct vcpu *v, unsigned int which);

/* CR0.TS of the current vcpu as the guest sees it. */
void arch_set_task_switched(struct vcpu *v, bool ts);

/* Loads one debug register of the current vcpu; the value is checked. */
void arch_load_debugreg(struct vcpu *v, unsigned int reg);
uint64_t arch_read_debugreg(struct vcpu *v, unsigned int reg);

/* Copies the hypervisor's 16 entries (slots 256-271) into a frame that
 * becomes a guest's L4. */
void arch_fill_hypervisor_slots(uint64_t *l4);

/* --- machine to pseudo-physical ----------------------------------------- */
#define M2P_INVALID (~0ull)
void arch_m2p_set(mfn_t mfn, uint64_t pfn);
uint64_t arch_m2p_get(mfn_t mfn);
/* The read-only table as guests see it: its linear range, and the number of
 * its entries. */
void arch_m2p_range(uint64_t *start, uint64_t *end, uint64_t *entries);
/* The first frame of the index-th 2 MiB of it; INVALID_MFN where the machine
 * has no memory, and behind the end. */
mfn_t arch_m2p_extent(uint64_t index);

/* --- frames ------------------------------------------------------------- */
void arch_frame_zero(mfn_t mfn);

/* --- time --------------------------------------------------------------- */
ns_t arch_now(void);
/* Programs this CPU's one-shot timer; NS_NEVER stops it. A deadline already
 * past fires at once. */
void arch_timer_program(ns_t deadline);
/* What pvclock needs: system time = ns + ((tsc - stamp) << shift) * mul >> 32 */
struct clock_params {
    uint64_t tsc_stamp;
    ns_t system_time;
    uint32_t mul;
    int8_t shift;
};
void arch_clock_params(struct clock_params *p);
/* The counter that guests read without asking. */
uint64_t arch_tsc(void);
/* UTC seconds and nanoseconds at system time 0. */
void arch_wallclock(uint64_t *sec, uint32_t *nsec);

/* --- other CPUs --------------------------------------------------------- */
void arch_kick(struct cpu *c);

/*
 * Lets every other CPU finish what it does and wait, with no lock held and in
 * no guest, until arch_release_others(). The caller holds no lock either; of
 * several callers one comes after the other. False on the host, whose other
 * CPUs stand still unless a test plays them.
 */
bool arch_park_others(void);
void arch_release_others(void);
/* SOFTIRQ_PARK: waits here if another CPU asked for it. */
void arch_park_here(void);

/* --- devices of the hypervisor ------------------------------------------ */
void arch_console_write(const char *text, size_t len);
/* Next typed character, or -1. */
int arch_console_read(void);
NORETURN void arch_poweroff(void);
NORETURN void arch_reboot(void);

/* Prints the profile, which the option `profile` turns on. */
void arch_profile_dump(void);

/* --- what a guest is told ----------------------------------------------- */
void arch_cpuid(uint32_t leaf, uint32_t subleaf, uint32_t out[4]);

#endif
