/* SPDX-License-Identifier: MIT */
/*
 * Time and the one-shot timer.
 *
 * The clock costs no hypercall: vcpu_info holds a TSC value, the system time
 * at that TSC, and the factor that turns TSC ticks into nanoseconds.  The
 * hypervisor rewrites the record whenever it likes (the vCPU may have moved to
 * a CPU whose TSC differs), so reading is optimistic:
 *
 *   K1  version is odd while the record is being rewritten; a reader takes a
 *       copy and keeps it only if version was even and did not change
 *   K2  the TSC must be read between the two looks at version
 *
 * VIRQ_TIMER arrives for the one-shot timer and, until it is stopped, for a
 * 100 Hz tick that every vCPU is born with.  Ticks are counted, not trusted:
 * who waits looks at the clock.
 */
#include <pv/evtchn.h>
#include <pv/hypercall.h>
#include <pv/printf.h>
#include <pv/sched.h>
#include <pv/start.h>
#include <pv/time.h>

volatile unsigned long time_tick_count;
evtchn_port_t time_port;

uint64_t time_scale(const struct vcpu_time_info *time, uint64_t tsc)
{
    uint64_t delta = tsc - time->tsc_timestamp;

    if (time->tsc_shift >= 0) {
        delta <<= time->tsc_shift;
    } else {
        delta >>= -time->tsc_shift;
    }
    return time->system_time +
        (uint64_t)(((unsigned __int128)delta * time->tsc_to_system_mul) >> 32);
}

uint64_t time_now_ns(void)
{
    volatile struct vcpu_time_info *shared = &evtchn_vcpu_info()->time;
    struct vcpu_time_info copy;
    uint64_t tsc;

    do {
        copy.version = shared->version & ~1u;                   /* K1 */
        barrier();
        copy.tsc_timestamp = shared->tsc_timestamp;
        copy.system_time = shared->system_time;
        copy.tsc_to_system_mul = shared->tsc_to_system_mul;
        copy.tsc_shift = shared->tsc_shift;
        tsc = read_tsc();                                       /* K2 */
        barrier();
    } while (shared->version != copy.version);
    return time_scale(&copy, tsc);
}

uint64_t time_wallclock_s(void)
{
    volatile struct shared_info *shared = &shared_info;
    uint32_t version;
    uint64_t seconds, nanoseconds;

    do {
        version = shared->wc_version & ~1u;
        barrier();
        seconds = shared->wc_sec | (uint64_t)shared->wc_sec_hi << 32;
        nanoseconds = shared->wc_nsec;
        barrier();
    } while (shared->wc_version != version);
    return seconds + (nanoseconds + time_now_ns()) / 1000000000;
}

int time_set_singleshot(uint64_t deadline_ns)
{
    struct vcpu_set_singleshot_timer op = { .timeout_abs_ns = deadline_ns };

    return (int)hypercall_vcpu_op(VCPUOP_set_singleshot_timer, 0, &op);
}

void time_sleep_until_ns(uint64_t deadline_ns)
{
    bool were_masked = upcalls_save_and_disable();

    while (time_now_ns() < deadline_ns) {
        time_set_singleshot(deadline_ns);
        sched_block();
        upcalls_save_and_disable();
    }
    upcalls_restore(were_masked);
}

static void tick(evtchn_port_t port, void *context)
{
    time_tick_count++;
}

void time_restore_handler(void)
{
    evtchn_set_handler(time_port, tick, NULL);
}

void time_init(void)
{
    int err = evtchn_bind_virq(VIRQ_TIMER, 0, &time_port);

    if (err != 0) {
        panic("VIRQ_TIMER cannot be bound: %d", err);
    }
    time_restore_handler();
    hypercall_vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL);
    evtchn_unmask(time_port);
}
