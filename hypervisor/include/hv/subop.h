/* SPDX-License-Identifier: MIT */
/*
 * The copying of STRUCT arguments (hypercall-abi/subops.def), as `case`
 * labels for a call's dispatch function. One row becomes one case: private
 * snapshot in, handler, result out. Sizes are constants, so that arguments of
 * 4 or 8 bytes are one load.
 *
 * An INOUT argument is written back unchanged before the handler runs: a
 * buffer that can not be written is found out before anything has changed.
 *
 *   switch (cmd) {
 *   #undef SUBOP_sched_op
 *   #define SUBOP_sched_op(command, type, direction, handler) \
 *       SUBOP_CASE_##direction(command, type, arg, handler, d)
 *   #include <subops.def>        (the rows of other families vanish)
 *   default: return -XEN_ENOSYS;
 *   }
 */
#ifndef HV_SUBOP_H
#define HV_SUBOP_H

#include <hv/domain.h>
#include <xen/errno.h>

#define SUBOP(family, ...) SUBOP_##family(__VA_ARGS__)
#define SUBOP_memory_op(...)
#define SUBOP_xen_version(...)
#define SUBOP_vcpu_op(...)
#define SUBOP_sched_op(...)
#define SUBOP_callback_op(...)
#define SUBOP_event_channel_op(...)
#define SUBOP_physdev_op(...)
#define SUBOP_grant_table_op(...)

static inline __attribute__((always_inline))
bool subop_copy_in(void *op, gva_t arg, size_t size)
{
    if (size == 4) {
        return guest_load32(arg, op);
    }
    if (size == 8) {
        uint64_t word;
        bool fault = guest_load64(arg, &word);

        memcpy(op, &word, sizeof(word));
        return fault;
    }
    return guest_copy_in(op, arg, size);
}

#define SUBOP_CASE_NONE(command, type, arg, handler, ...)                   \
    case command:                                                           \
        return handler(__VA_ARGS__, NULL);

/* The handler copies by itself: too large for a stack, or of varying size. */
#define SUBOP_CASE_RAW(command, type, arg, handler, ...)                    \
    case command:                                                           \
        return handler(__VA_ARGS__, GVA(arg));

#define SUBOP_CASE_IN(command, type, arg, handler, ...)                     \
    case command: {                                                         \
        type op_;                                                           \
                                                                            \
        if (subop_copy_in(&op_, GVA(arg), sizeof(op_))) {                   \
            return -XEN_EFAULT;                                             \
        }                                                                   \
        return handler(__VA_ARGS__, &op_);                                  \
    }

#define SUBOP_CASE_OUT(command, type, arg, handler, ...)                    \
    case command: {                                                         \
        type op_;                                                           \
        int64_t result_;                                                    \
                                                                            \
        memset(&op_, 0, sizeof(op_));                                       \
        result_ = handler(__VA_ARGS__, &op_);                               \
        if (result_ >= 0 && guest_copy_out(GVA(arg), &op_, sizeof(op_))) {  \
            return -XEN_EFAULT;                                             \
        }                                                                   \
        return result_;                                                     \
    }

#define SUBOP_CASE_INOUT(command, type, arg, handler, ...)                  \
    case command: {                                                         \
        type op_;                                                           \
        int64_t result_;                                                    \
                                                                            \
        if (subop_copy_in(&op_, GVA(arg), sizeof(op_)) ||                   \
            guest_copy_out(GVA(arg), &op_, sizeof(op_))) {                  \
            return -XEN_EFAULT;                                             \
        }                                                                   \
        result_ = handler(__VA_ARGS__, &op_);                               \
        if (result_ >= 0 && guest_copy_out(GVA(arg), &op_, sizeof(op_))) {  \
            return -XEN_EFAULT;                                             \
        }                                                                   \
        return result_;                                                     \
    }

#endif
