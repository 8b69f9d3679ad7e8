/* SPDX-License-Identifier: MIT */
#ifndef STUB_H
#define STUB_H

#include <pv/types.h>

/* A command: false if something did not do what it was said to do. */
struct command {
    const char *name;
    const char *help;
    bool (*run)(const char *argument);
    bool in_tour;               /* part of "demo" */
};

extern const struct command stub_commands[];
extern const unsigned int stub_command_count;

bool command_rings(const char *argument);
bool command_hypercall(const char *argument);
bool command_fault(const char *argument);
bool command_pagetable(const char *argument);
bool command_steal(const char *argument);
bool command_events(const char *argument);
bool command_timer(const char *argument);
bool command_user(const char *argument);

/* Report one expectation; returns whether it holds. */
bool check(bool holds, const char *claim);

/* Read and run commands until one of them ends the domain. */
_Noreturn void shell_run(void);

/* Run one command line; false if it failed or does not exist. */
bool shell_execute(char *line);

/* The user program of user_prog.asm, position-independent. */
extern const char user_prog_start[], user_prog_end[];

#endif
