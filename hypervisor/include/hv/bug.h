/* SPDX-License-Identifier: MIT */
/*
 * Our own mistakes.
 *
 * BUG_ON is legitimate for one thing only: a state that this source can not
 * produce unless this source is wrong. No guest input, boot module or device
 * may reach one; those get an errno, a domain_crash() or a clean refusal.
 * ASSERT is BUG_ON in debug and host builds and costs nothing in release; use
 * it where the check is dear or the caller is near.
 */
#ifndef HV_BUG_H
#define HV_BUG_H

#include <hv/types.h>

#define STATIC_ASSERT(cond, why) _Static_assert(cond, why)
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
#define NORETURN __attribute__((noreturn))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#define COLD __attribute__((cold, noinline))

/*
 * Stops the machine and tells why: the sentence, registers, a symbolized back
 * trace, held locks, the last trace events. Callable anywhere, locks held or
 * not. On the host it aborts.
 */
NORETURN void panic(const char *fmt, ...) PRINTF_LIKE(1, 2);

#define BUG_ON(cond)                                                        \
    do {                                                                    \
        if (UNLIKELY(cond)) {                                               \
            panic("bug at %s:%d: %s", __FILE__, __LINE__, #cond);           \
        }                                                                   \
    } while (0)

/* For checks that only debug and host builds make. */
#ifdef HV_DEBUG
#define DEBUG_BUILD true
#else
#define DEBUG_BUILD false
#endif

#ifdef HV_DEBUG
#define ASSERT(cond) BUG_ON(!(cond))
#else
#define ASSERT(cond) ((void)sizeof(!!(cond)))
#endif

#endif
