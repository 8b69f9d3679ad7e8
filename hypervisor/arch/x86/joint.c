/* SPDX-License-Identifier: MIT */
/*
 * Joint tables: a guest's way into its kernel without another CR3.
 *
 * Kernel and user of a 64-bit guest both run in ring 3; only their page
 * tables keep them apart, so each system call and each fault of a user means
 * two loads of CR3, and what these throw away costs more than all the rest.
 * One of the two can be saved. The kernel's table normally holds all that the
 * user's does, and more. Adding entries to the table that a CPU walks needs
 * no flush; only taking them away does. So each vcpu has a top table of ours,
 * which is loaded when it enters user mode, and which on the way back to
 * kernel mode gets the kernel's entries instead of being left:
 *
 *   user    the entries that both tables share
 *   kernel  all entries of the kernel's table (that were ever asked for)
 *
 * The joint table holds no references, and yet the CPU walks it: a stale
 * entry would lead to a frame that the guest may write. So it is treated as
 * what it is, a level of the TLB in software:
 *
 *   J1  an entry of it is one that the guest's kernel table holds, or held
 *       when this CPU last flushed. Whoever changes an entry of a top table
 *       in use marks all vcpus of the domain as behind, before he drops the
 *       old entry, and so before its frame gets the stamp that decides who
 *       flushes (T4 in page_type.c). Each flush, of a page too, refills a
 *       table that is behind before it flushes, and after it drew its number
 *       (I4 in tlb.c): a CPU whose stamp is later walks no older entry
 *   J2  in user mode an entry of it is the user table's as well, or was when
 *       this CPU last flushed; and to user mode is a flush
 *   J3  slots that are not known hold nothing. A walk that misses one is a
 *       page fault; joint_fault() looks into the guest's own table, where the
 *       slot becomes known, or the fault is genuine. It does so once: the
 *       hypervisor must not try for ever what another vcpu takes away again.
 *       A guest may, and a stale entry that faults is refilled for it
 *   J4  where the user's table holds what the kernel's does not, the joint
 *       one has nothing in user mode. A user who goes there continues on his
 *       own table, and this pair of tables does without a joint one until
 *       it is behind
 *   J5  what it was made of, it is behind of whenever that is another: base
 *       pointers that come back bring a table of the same frame, whose
 *       contents may have changed while it was no table and nobody was marked.
 *       While the vcpu is not behind, its references keep both
 *   J6  only the CPU that has the vcpu touches its joint table, `state`
 *       excepted. A vcpu comes to a CPU on a table of its own, whoever had it
 *       goes on with the joint one until it is saved (S6 in switch.c), and
 *       only then is the joint one given up here
 *
 * A guest of 32 bits never leaves its kernel's table and has no use for it.
 *
 * No lock. SDM 3A 4.10.4.3 (when a flush may be left out: an entry that was
 * not present is never cached), 4.10.2.3 (INVLPG also forgets what leads to a
 * page).
 */
#include "joint.h"

#include <arch/cr.h>
#include <xen/errno.h>

#define HV_SLOT_FIRST 256u
#define HV_SLOT_END   272u

int joint_init(struct vcpu *v)
{
    struct joint_table *j = &v->joint;

    j->table = hv_alloc_pages(0);
    if (j->table == NULL) {
        return -XEN_ENOMEM;
    }
    arch_fill_hypervisor_slots(j->table);
    j->cr3 = mfn_to_maddr(frame_unmap_addr(j->table)).v;
    return 0;
}

void joint_free(struct vcpu *v)
{
    if (v->joint.table != NULL) {
        hv_free_pages(v->joint.table, 0);
        v->joint.table = NULL;
    }
}

static uint64_t *top_table(uint64_t cr3)
{
    return cr3 ? frame_map(maddr_to_mfn(MADDR(cr3))) : NULL;
}

static COLD void make(struct vcpu *v)
{
    joint_make(&v->joint, top_table(v->pv.kernel_cr3),
               top_table(v->pv.user_cr3), v->kernel_mode);
}

/* By joint_refill_quietly and joint_begin_quietly. */
void joint_refill_current(void);
void joint_begin(void);

/* J6: its CPU may be waiting until another has saved it. */
COLD void joint_refill_current(void)
{
    struct vcpu *v = current_vcpu();

    if (read_cr3() == v->joint.cr3) {
        make(v);
    }
}

/* To user mode on a joint table that is not in force, or behind. */
COLD void joint_begin(void)
{
    struct vcpu *v = current_vcpu();

    make(v);
    __atomic_fetch_or(&v->joint.state, JOINT_LOADED, __ATOMIC_SEQ_CST);
    arch_write_cr3(v->joint.cr3);
}

COLD bool joint_fault(struct vcpu *v, uint64_t va)
{
    enum joint_miss miss;

    if (!gva_ok(GVA(va))) {
        return false;
    }
    miss = joint_missed(&v->joint, top_table(v->pv.kernel_cr3),
                        top_table(v->pv.user_cr3), v->kernel_mode,
                        joint_slot(va));
    if (miss == JOINT_GO_WITHOUT) {
        arch_write_cr3(v->kernel_mode ? v->pv.kernel_cr3 : v->pv.user_cr3);
    }
    return miss != JOINT_GENUINE;
}

COLD bool joint_fault_of_guest(struct vcpu *v, uint64_t va)
{
    if (joint_state(v) == (JOINT_LOADED | JOINT_BEHIND)) {
        make(v);
        return true;
    }
    return joint_fault(v, va);
}

COLD bool arch_top_tables_agree(const struct vcpu *v)
{
    return __atomic_load_n(&v->joint.state, __ATOMIC_SEQ_CST) !=
               JOINT_LOADED ||
           joint_agrees(&v->joint, top_table(v->pv.kernel_cr3),
                        top_table(v->pv.user_cr3), v->kernel_mode,
                        HV_SLOT_FIRST, HV_SLOT_END);
}
