/* SPDX-License-Identifier: MIT */
/*
 * Privileged instructions, performed for a guest kernel.
 *
 * A kernel in ring 3 gets #GP for each of them. Most have a hypercall in
 * their place, but some stand where a kernel can not know yet that it is a
 * guest, or where patching was not worth it; the interface promises that a
 * short list of them works. The list is closed: what is not on it (HLT, LGDT,
 * LIDT, INVLPG, INVD, LTR, ...) stays #GP.
 *
 *   E1  only the guest's kernel is helped; its user may at most use ports, if
 *       the kernel gave it the right to
 *   E2  the instruction is decoded from one private copy of its bytes
 *   E3  decode, check, perform, and only then move rip; an instruction that
 *       is refused changed nothing
 *   E4  no port of the machine and no machine register is reached: a guest
 *       sees values of its own, and nothing it writes goes further
 *
 * CPUID is not privileged: a guest would see the machine instead of the
 * policy. A paravirtualized kernel therefore asks with a prefix that is an
 * illegal instruction and the letters "xen"; its #UD arrives here too.
 */
#include <hv/arch.h>
#include <hv/pv.h>
#include <hv/trace.h>
#include <hv/util.h>

#include "cpuid.h"
#include "insn.h"
#include "trap.h"

enum outcome {
    DONE,       /* rip moves on */
    REFUSED,    /* #GP for the guest */
    AGAIN,      /* work budget spent: the guest executes it again */
};

/* --- ports ------------------------------------------------------------------- */

#define PORT_PIT_CHANNEL2 0x42u

/*
 * CLI, STI and ports need I/O privilege. The guest's kernel counts as ring 1
 * (or 0, if it asked for that), its user as ring 3, against the level that the
 * kernel set (physdev_op).
 */
static bool has_io_privilege(const struct vcpu *v)
{
    return v->pv.iopl >= (!v->kernel_mode ? 3 : pv_shows_iopl(v) ? 0 : 1);
}

/* The map that the kernel registered: all bits clear. */
static bool map_allows(const struct vcpu *v, unsigned int port,
                       unsigned int bytes)
{
    for (unsigned int p = port; p < port + bytes; p++) {
        uint8_t bits;

        if (p >= v->pv.io_bitmap_ports ||
            guest_load8(GVA(v->pv.io_bitmap.v + p / 8), &bits) ||
            (bits >> p % 8 & 1) != 0) {
            return false;
        }
    }
    return true;
}

static bool ports_allowed(struct vcpu *v, unsigned int port,
                          unsigned int bytes)
{
    bool allowed;

    if (has_io_privilege(v)) {
        return true;
    }
    if (v->kernel_mode || v->pv.io_bitmap_ports == 0) {
        return map_allows(v, port, bytes);
    }
    arch_enter_kernel_mode(v); /* the map is in the kernel's memory */
    allowed = map_allows(v, port, bytes);
    arch_enter_user_mode(v);
    return allowed;
}

/* No device behind it: all ones, as an empty bus. The exception saves kernels
 * a long search: a timer channel that reads as zero is not there, while one
 * that reads as ones looks like a slow one. */
static uint64_t port_value(unsigned int port, unsigned int bytes)
{
    uint64_t ones = bytes == 4 ? 0xffffffffull : (1ull << (8 * bytes)) - 1;

    return port == PORT_PIT_CHANNEL2 ? 0 : ones;
}

static unsigned int io_bytes(const struct insn *i)
{
    if ((i->opcode & 1) == 0) {
        return 1;
    }
    return i->operand_bytes == 2 ? 2 : 4;
}

static enum outcome port_access(struct vcpu *v, struct cpu_regs *regs,
                                const struct insn *i)
{
    bool is_in = (i->opcode & 2) == 0;
    bool has_immediate = (i->opcode & 8) == 0;
    unsigned int bytes = io_bytes(i);
    unsigned int port = has_immediate ? (uint8_t)i->immediate
                                      : (uint16_t)regs->rdx;
    uint64_t value;

    if (!ports_allowed(v, port, bytes)) {
        return REFUSED;
    }
    if (is_in) {
        value = port_value(port, bytes);
        if (bytes == 4) {
            regs->rax = value;
        } else {
            regs->rax = (regs->rax & ~((1ull << (8 * bytes)) - 1)) | value;
        }
    }
    return DONE;
}

/* The element at `at` could not be copied: #PF for the first byte that can
 * not, which may be in the next page; #GP where no guest has memory. */
static NOINLINE enum outcome string_fault(struct vcpu *v,
                                          struct cpu_regs *regs, uint64_t at,
                                          bool is_in, unsigned int bytes)
{
    uint8_t byte;

    if (!gva_range_ok(GVA(at), 1)) {
        return REFUSED;
    }
    while (bytes > 0 && (is_in ? !guest_store8(GVA(at), 0xff)
                               : !guest_load8(GVA(at), &byte))) {
        at++;
        bytes--;
    }
    if (bytes > 0) { /* else another vcpu mapped it meanwhile */
        pv_inject(v, regs, TRAP_PF, is_in ? PFEC_WRITE : 0, at);
    }
    return AGAIN;
}

/* Where OUTS reads; INS has no choice of its segment. */
static uint64_t string_source(struct vcpu *v, const struct cpu_regs *regs,
                              const struct insn *i)
{
    unsigned int gs = v->kernel_mode ? SEGBASE_GS_KERNEL : SEGBASE_GS_USER;

    if (i->segment_prefix == 0) {
        return regs->rsi;
    }
    return regs->rsi + arch_get_segment_base(
        v, i->segment_prefix == INSN_FS ? SEGBASE_FS : gs);
}

/* INS and OUTS: one element each time, so that a long REP is interruptible;
 * rip moves only with the last. */
static NOINLINE enum outcome string_port_access(struct vcpu *v,
                                                struct cpu_regs *regs,
                                                const struct insn *i)
{
    bool is_in = (i->opcode & 2) == 0;
    uint64_t at = is_in ? regs->rdi : string_source(v, regs, i);
    unsigned int bytes = io_bytes(i);
    uint64_t value = port_value((uint16_t)regs->rdx, bytes);
    uint64_t step = (regs->rflags & RFLAGS_DF) != 0 ? -(uint64_t)bytes : bytes;

    if (!ports_allowed(v, (uint16_t)regs->rdx, bytes) || i->address_prefix ||
        (!v->kernel_mode && regs->cs != PV_CS64)) {
        return REFUSED;
    }
    if (i->rep && regs->rcx == 0) {
        return DONE;
    }
    if (is_in ? guest_copy_out(GVA(at), &value, bytes)
              : guest_copy_in(&value, GVA(at), bytes)) {
        return string_fault(v, regs, at, is_in, bytes);
    }
    *(is_in ? &regs->rdi : &regs->rsi) += step;
    return i->rep && --regs->rcx != 0 ? AGAIN : DONE;
}

/* --- control and debug registers ------------------------------------------------- */

#define CR0_TS     0x8ull
#define CR0_GUEST  0x80050033ull /* PE MP ET NE WP AM PG, as the machine's */
#define CR4_ALWAYS 0x20ull       /* PAE */
#define CR4_ALWAYS_SHOWN 0x640ull /* MCE OSFXSR OSXMMEXCPT */
#define CR4_OSXSAVE 0x40000ull

static uint64_t read_cr0(const struct vcpu *v)
{
    return CR0_GUEST | (v->pv.task_switched ? CR0_TS : 0);
}

static enum outcome read_cr(struct vcpu *v, unsigned int cr, uint64_t *out)
{
    switch (cr) {
    case 0:
        *out = read_cr0(v);
        return DONE;
    case 2:
        *out = v->info->arch.cr2;
        return DONE;
    case 3:
        *out = mfn_to_maddr(v->pv.kernel_table).v;
        return DONE;
    case 4:
        *out = CR4_ALWAYS | CR4_ALWAYS_SHOWN | v->pv.cr4_guest;
        return DONE;
    default:
        return REFUSED;
    }
}

static enum outcome write_cr3(struct vcpu *v, uint64_t value)
{
    int err = page_type_finish_deferred(v);

    if (err == 0) {
        err = pv_set_kernel_table(v, maddr_to_mfn(MADDR(value)));
    }
    if (err == -XEN_ERESTART_CALL) {
        return AGAIN;
    }
    return err == 0 ? DONE : REFUSED;
}

static enum outcome write_cr(struct vcpu *v, unsigned int cr, uint64_t value)
{
    switch (cr) {
    case 0:
        if (((value ^ read_cr0(v)) & ~CR0_TS) != 0) {
            return REFUSED;
        }
        arch_set_task_switched(v, (value & CR0_TS) != 0);
        return DONE;
    case 2:
        v->info->arch.cr2 = value;
        return DONE;
    case 3:
        return write_cr3(v, value);
    case 4:
        /* The rest is not the guest's. */
        v->pv.cr4_guest = value & (PV_CR4_DE | (arch_xcr0_offered() != 0
                                                    ? CR4_OSXSAVE : 0));
        return DONE;
    default:
        return REFUSED;
    }
}

static enum outcome move_special(struct vcpu *v, struct cpu_regs *regs,
                                 const struct insn *i)
{
    uint64_t *general = insn_register(regs, i->rm);

    if ((i->opcode & 1) != 0 && !pv_debugreg_exists(v, i->reg)) {
        pv_inject(v, regs, TRAP_UD, 0, 0);
        return AGAIN;
    }
    switch (i->opcode) {
    case 0x0f20:
        return read_cr(v, i->reg, general);
    case 0x0f22:
        return write_cr(v, i->reg, *general);
    case 0x0f21:
        return pv_get_debugreg(v, i->reg, general) == 0 ? DONE : REFUSED;
    default:
        return pv_set_debugreg(v, i->reg, *general) == 0 ? DONE : REFUSED;
    }
}

/* --- model-specific registers ------------------------------------------------------ */

static enum outcome msr_access(struct vcpu *v, struct cpu_regs *regs,
                               const struct insn *i)
{
    uint64_t value = (uint32_t)regs->rax | regs->rdx << 32;
    uint32_t msr = (uint32_t)regs->rcx;

    if (i->opcode == 0x0f30) {
        return pv_write_msr(v, msr, value) ? DONE : REFUSED;
    }
    if (!pv_read_msr(v, msr, &value)) {
        return REFUSED;
    }
    regs->rax = (uint32_t)value;
    regs->rdx = value >> 32;
    return DONE;
}

/* --- XCR0 -------------------------------------------------------------------------- */

#define MODRM_XSETBV 0xd1

/* Undefined, as on the CPU, until the kernel has set its CR4.OSXSAVE. */
static NOINLINE enum outcome group_0f01(struct vcpu *v,
                                        struct cpu_regs *regs,
                                        const struct insn *i)
{
    uint64_t value = (uint32_t)regs->rax | regs->rdx << 32;

    if (i->modrm != MODRM_XSETBV) {
        return REFUSED;
    }
    if ((v->pv.cr4_guest & CR4_OSXSAVE) == 0) {
        pv_inject(v, regs, TRAP_UD, 0, 0);
        return AGAIN;
    }
    if ((uint32_t)regs->rcx != 0) {
        return REFUSED;
    }
    return arch_set_xcr0(v, value) ? DONE : REFUSED;
}

/* --- all of them ------------------------------------------------------------------------ */

static enum outcome perform_io(struct vcpu *v, struct cpu_regs *regs,
                               const struct insn *i)
{
    COUNT(emulated_port);
    if ((i->opcode & ~1u) == 0xfa) {
        /* Accepted and without effect: events are masked in vcpu_info. */
        return has_io_privilege(v) ? DONE : REFUSED;
    }
    return (i->opcode & ~3u) == 0x6c ? string_port_access(v, regs, i)
                                     : port_access(v, regs, i);
}

static enum outcome perform_kernel(struct vcpu *v, struct cpu_regs *regs,
                                   const struct insn *i)
{
    switch (i->opcode) {
    case 0x0f01:
        return group_0f01(v, regs, i);
    case 0x0f06:
        COUNT(emulated_register);
        arch_set_task_switched(v, false);
        return DONE;
    case 0x0f09: /* WBINVD: the guest has no memory but write-back */
        return DONE;
    case 0x0f20: case 0x0f21: case 0x0f22: case 0x0f23:
        COUNT(emulated_register);
        return move_special(v, regs, i);
    case 0x0f30: case 0x0f32:
        COUNT(emulated_msr);
        return msr_access(v, regs, i);
    default:
        return REFUSED;
    }
}

static enum outcome perform(struct vcpu *v, struct cpu_regs *regs,
                            const struct insn *i)
{
    if (i->needs == 0 || (i->needs == INSN_PRIVILEGED && !v->kernel_mode)) {
        return REFUSED;
    }
    if (i->lock) {
        pv_inject(v, regs, TRAP_UD, 0, 0); /* none of them can be locked */
        return AGAIN;
    }
    return i->needs == INSN_PORT ? perform_io(v, regs, i)
                                 : perform_kernel(v, regs, i);
}

/* Two words, so that most often two loads get all of an instruction. What can
 * not be read is zero. */
struct code {
    uint8_t bytes[16];
    unsigned int count;
};

/* An instruction may end its page, with nothing behind. */
static COLD void fetch_at_page_end(gva_t rip, struct code *out)
{
    unsigned int count = (unsigned int)(PAGE_SIZE - (rip.v & ~PAGE_MASK));

    out->count = count < sizeof(out->bytes) &&
                 !guest_copy_in(out->bytes, rip, count) ? count : 0;
}

static ALWAYS_INLINE void fetch(gva_t rip, struct code *out)
{
    out->count = sizeof(out->bytes);
    if (UNLIKELY(guest_copy_in(out->bytes, rip, sizeof(out->bytes)))) {
        fetch_at_page_end(rip, out);
    }
}

bool pv_fetch_insn(const struct cpu_regs *regs, struct insn *out)
{
    struct code code;

    fetch(GVA(regs->rip), &code);
    return insn_decode(code.bytes, code.count, out);
}

/* E3: behind the instruction. */
static void finish(struct vcpu *v, struct cpu_regs *regs, unsigned int length)
{
    uint64_t rflags = regs->rflags & ~RFLAGS_RF;

    regs->rip += length;
    regs->rflags = rflags;
    if (UNLIKELY((rflags & RFLAGS_TF) != 0)) {
        pv_inject_single_step(v, regs);
    }
}

/* Whatever code segment of its own GDT the kernel runs on; a user must be on a
 * flat one, as rip is taken for its address. */
static bool may_be_helped(const struct vcpu *v, const struct cpu_regs *regs)
{
    return v->kernel_mode ||
           ((v->pv.iopl == 3 || v->pv.io_bitmap_ports != 0) &&
            (regs->cs == PV_CS64 || regs->cs == PV_CS32));
}

void pv_emulate(struct vcpu *v, struct cpu_regs *regs)
{
    enum outcome r = REFUSED;
    struct insn i;

    if (may_be_helped(v, regs) && pv_fetch_insn(regs, &i)) {
        r = perform(v, regs, &i);
    }
    if (UNLIKELY(r == REFUSED)) {
        pv_inject(v, regs, TRAP_GP, 0, 0);
    } else if (r == DONE) {
        TRACE(PRIVOP, regs->rip);
        finish(v, regs, i.length);
    }
}

void pv_emulate_forced(struct vcpu *v, struct cpu_regs *regs)
{
    static const uint8_t prefixed_cpuid[8] = { 0x0f, 0x0b, 'x', 'e', 'n',
                                               0x0f, 0xa2 };
    uint64_t expected, first;
    struct code code;
    uint32_t out[4];

    fetch(GVA(regs->rip), &code);
    __builtin_memcpy(&expected, prefixed_cpuid, sizeof(expected));
    __builtin_memcpy(&first, code.bytes, sizeof(first));
    if (UNLIKELY(first << 8 != expected << 8)) { /* seven bytes */
        pv_inject(v, regs, TRAP_UD, 0, 0);
        return;
    }
    COUNT(emulated_cpuid);
    TRACE(FORCED_OP, regs->rip);
    pv_cpuid(v, (uint32_t)regs->rax, (uint32_t)regs->rcx, out);
    regs->rax = out[0];
    regs->rbx = out[1];
    regs->rcx = out[2];
    regs->rdx = out[3];
    finish(v, regs, 7);
}
