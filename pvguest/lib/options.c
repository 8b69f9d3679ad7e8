/* SPDX-License-Identifier: MIT */
/*
 * Options on the command line: words of the form key=value, of which the
 * value ends at the next space, and lists of patterns as values.
 */
#include <pv/start.h>
#include <pv/string.h>

const char *start_option(const char *key)
{
    const char *s = start_cmdline();
    size_t length = strlen(key);

    for (;;) {
        if (strncmp(s, key, length) == 0 &&
            (s == start_cmdline() || s[-1] == ' ')) {
            return s + length;
        }
        s = strchr(s, ' ');
        if (s == NULL) {
            return NULL;
        }
        s++;
    }
}

static bool matches(const char *pattern, size_t length, const char *name)
{
    if (length > 0 && pattern[length - 1] == '*') {
        return strncmp(pattern, name, length - 1) == 0;
    }
    return strlen(name) == length && strncmp(pattern, name, length) == 0;
}

bool pattern_list_has(const char *list, const char *name, bool exactly)
{
    while (list != NULL && *list != '\0' && *list != ' ') {
        const char *end = list;

        while (*end != '\0' && *end != ' ' && *end != ',') {
            end++;
        }
        if (matches(list, (size_t)(end - list), name) &&
            !(exactly && end[-1] == '*')) {
            return true;
        }
        list = *end == ',' ? end + 1 : end;
    }
    return false;
}
