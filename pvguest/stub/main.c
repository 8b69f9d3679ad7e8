/* SPDX-License-Identifier: MIT */
/*
 * The demonstration guest.
 *
 * A kernel that can be talked to: each of its commands shows one mechanism of
 * paravirtualization and says in a line or two what happened.  With "demo" on
 * its command line it shows all of them and powers off.  The same binary runs
 * on any hypervisor with the 64-bit PV interface, so nothing here may depend
 * on which one it is, and every claim is checked before it is printed: a demo
 * that does not hold ends in SHUTDOWN_crash.
 */
#include <pv/console.h>
#include <pv/hypercall.h>
#include <pv/mm.h>
#include <pv/printf.h>
#include <pv/sched.h>
#include <pv/start.h>
#include <pv/string.h>
#include <pv/time.h>

#include "stub.h"

#define VCPUS_ASKED 4096u

/* Before traps, memory and printf: the shortest way from entry to a word. */
void guest_early(void)
{
    static const char hello[] = "stub: first words from ring 3\n";

    console_write(hello, sizeof(hello) - 1);
}

bool check(bool holds, const char *claim)
{
    if (!holds) {
        printf("  DOES NOT HOLD: %s\n", claim);
    }
    return holds;
}

/* A vCPU that does not exist answers with an error, the others with 0 or 1. */
static unsigned int vcpu_count(void)
{
    unsigned int count = 0;

    while (count < VCPUS_ASKED &&
           hypercall_vcpu_op(VCPUOP_is_up, count, NULL) >= 0) {
        count++;
    }
    return count;
}

static void banner(void)
{
    char extra[XEN_EXTRAVERSION_LEN + 1] = "";
    long version = hypercall_xen_version(XENVER_version, NULL);
    unsigned int vcpus = vcpu_count();

    hypercall_xen_version(XENVER_extraversion, extra);
    printf("stub: hypervisor interface %ld.%ld%s (%s), %s\n", version >> 16,
           version & 0xffff, extra, start_info->magic,
           start_info->flags & SIF_INITDOMAIN ? "first domain"
                                              : "ordinary domain");
    printf("stub: %lu pages (%lu MiB), %lu of them free, %u vCPU%s\n",
           start_info->nr_pages, start_info->nr_pages >> 8,
           page_free_count(), vcpus, vcpus == 1 ? "" : "s");
}

static void demo(void)
{
    for (unsigned int i = 0; i < stub_command_count; i++) {
        const struct command *command = &stub_commands[i];

        if (!command->in_tour) {
            continue;
        }
        printf("\n> %s\n", command->name);
        if (!command->run("")) {
            printf("demo: %s failed\n", command->name);
            sched_shutdown(SHUTDOWN_crash);
        }
    }
    printf("\ndemo: everything held, powering off\n");
    sched_shutdown(SHUTDOWN_poweroff);
}

static bool cmdline_has(const char *word)
{
    const char *s = start_cmdline();
    size_t length = strlen(word);

    while (*s != '\0') {
        const char *end = s;

        while (*end != '\0' && *end != ' ') {
            end++;
        }
        if ((size_t)(end - s) == length && strncmp(s, word, length) == 0) {
            return true;
        }
        s = *end == ' ' ? end + 1 : end;
    }
    return false;
}

void guest_main(void)
{
    banner();
    if (cmdline_has("demo")) {
        demo();
    }
    shell_run();
}
