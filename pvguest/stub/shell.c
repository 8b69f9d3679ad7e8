/* SPDX-License-Identifier: MIT */
/*
 * The shell: one line of input, one command.
 *
 * Input comes character by character from console_read(), which sleeps until
 * the hypervisor has some; there is no terminal driver in between, so echo and
 * editing (backspace, Control-U) are done here.
 */
#include <pv/console.h>
#include <pv/printf.h>
#include <pv/sched.h>
#include <pv/string.h>

#include "stub.h"

#define LINE_BYTES    128
#define CONTROL_U     0x15
#define BACKSPACE     0x08
#define DELETE        0x7f

static bool command_help(const char *argument)
{
    for (unsigned int i = 0; i < stub_command_count; i++) {
        printf("  %-14s %s\n", stub_commands[i].name, stub_commands[i].help);
    }
    return true;
}

static bool command_poweroff(const char *argument)
{
    sched_shutdown(SHUTDOWN_poweroff);
}

static bool command_reboot(const char *argument)
{
    sched_shutdown(SHUTDOWN_reboot);
}

static bool command_crash(const char *argument)
{
    printf("telling the hypervisor that this domain crashed\n");
    sched_shutdown(SHUTDOWN_crash);
}

const struct command stub_commands[] = {
    { "rings", "who runs in which ring, and what cli does here",
      command_rings, true },
    { "hypercall", "calling down: two doors, batches, errors",
      command_hypercall, true },
    { "fault", "a page fault delivered to this kernel and repaired",
      command_fault, true },
    { "pagetable", "[VA] walk the page tables of an address",
      command_pagetable, true },
    { "steal", "try to map what is not ours", command_steal, true },
    { "events", "event channels: send, mask, unmask", command_events, true },
    { "timer", "one-shot and periodic timer events", command_timer, true },
    { "user", "a user process and its system calls", command_user, true },
    { "help", "this list", command_help, false },
    { "poweroff", "end the domain", command_poweroff, false },
    { "reboot", "end the domain and ask for a new start", command_reboot,
      false },
    { "crash", "end the domain and report a crash", command_crash, false },
};

const unsigned int stub_command_count = ARRAY_SIZE(stub_commands);

static void erase(void)
{
    console_write("\b \b", 3);
}

static void read_line(char *line, size_t size)
{
    size_t length = 0;

    for (;;) {
        int c = console_read();

        if (c == '\r' || c == '\n') {
            console_write("\n", 1);
            break;
        }
        if ((c == BACKSPACE || c == DELETE) && length > 0) {
            length--;
            erase();
        } else if (c == CONTROL_U) {
            for (; length > 0; length--) {
                erase();
            }
        } else if (c >= ' ' && c < DELETE && length + 1 < size) {
            char echo = (char)c;

            line[length++] = echo;
            console_write(&echo, 1);
        }
    }
    line[length] = '\0';
}

bool shell_execute(char *line)
{
    char *argument = line;

    while (*argument != '\0' && *argument != ' ') {
        argument++;
    }
    if (*argument == ' ') {
        *argument++ = '\0';
    }
    for (unsigned int i = 0; i < stub_command_count; i++) {
        if (strcmp(stub_commands[i].name, line) == 0) {
            return stub_commands[i].run(argument);
        }
    }
    printf("no command \"%s\"; try help\n", line);
    return false;
}

_Noreturn void shell_run(void)
{
    char line[LINE_BYTES];

    printf("stub: type a command, help lists them\n");
    for (;;) {
        console_write("> ", 2);
        read_line(line, sizeof(line));
        if (line[0] != '\0') {
            shell_execute(line);
        }
    }
}
