/* SPDX-License-Identifier: MIT */
/*
 * The console of the fake machine: text goes to a buffer that tests read,
 * and to standard error when HOST_CONSOLE is set in the environment. What a
 * test types waits in a second buffer.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_mutex_t console_lock = PTHREAD_MUTEX_INITIALIZER;
static char text[1 << 16];
static size_t text_length;
static char typed[256];
static size_t typed_next;

void arch_console_write(const char *s, size_t len)
{
    size_t room;

    pthread_mutex_lock(&console_lock);
    room = sizeof(text) - 1 - text_length;
    memcpy(text + text_length, s, min_u64(len, room));
    text_length += min_u64(len, room);
    text[text_length] = '\0';
    pthread_mutex_unlock(&console_lock);
    if (getenv("HOST_CONSOLE") != NULL) {
        fwrite(s, 1, len, stderr);
    }
}

const char *host_console_text(void)
{
    return text;
}

void host_console_clear(void)
{
    text_length = 0;
    text[0] = '\0';
    typed[0] = '\0';
    typed_next = 0;
}

void host_console_type(const char *s)
{
    snprintf(typed, sizeof(typed), "%s", s);
    typed_next = 0;
}

int arch_console_read(void)
{
    if (typed[typed_next] == '\0') {
        return -1;
    }
    return (unsigned char)typed[typed_next++];
}
