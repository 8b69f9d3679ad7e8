/* SPDX-License-Identifier: MIT */
/*
 * Options on the hypervisor's command line (core/cmdline.c): words separated
 * by blanks, NAME or NAME=VALUE. An unknown name or a bad value is a clean
 * refusal that names the word. After "--" comes the first domain's command
 * line (PVH has no other way to carry it).
 */
#ifndef HV_OPTIONS_H
#define HV_OPTIONS_H

#include <hv/types.h>

struct options {
    uint64_t d0_mem_mib;       /* d0_mem=, default 128 */
    bool d0_is_guest;          /* d0=guest: no privileges, rings like a domU */
    uint32_t d0_vcpus;         /* d0_vcpus=, default 1 */
    uint32_t cpus_limit;       /* cpus=, default CPUS_MAX */
    bool panic;                /* panic: panic after boot, to test it */
    bool no_smap;              /* no-smap */
    bool reboot_on_panic;      /* reboot: instead of power-off after a panic */
    bool trace;                /* trace: record events (hv/trace.h) */
    uint32_t trace_stream_kib; /* trace_stream=: for a reader outside */
    uint32_t trace_mask;       /* trace_mask=, default all of Xen's classes */
    uint32_t profile_hz;       /* profile=: samples a second; 0: none */
    bool counters;             /* counters: print them at the end */
    char d0_cmdline[1024];     /* after "--" */
};
/* console=com1 is accepted too, and says what is so anyway. */

extern struct options options;

/* Parses text into options; returns 0, or -XEN_EINVAL with a sentence in
 * why[0..size-1] that names the offending word. */
int options_parse(const char *text, char *why, size_t size);

#endif
