/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's command line: one table, one loop.
 *
 * A typing error in an option must not be ignored: a machine that silently
 * runs with other settings than were asked for costs more time than one that
 * refuses to start and names the word. So everything not in the table, and
 * every value outside its range, is an error. Of an option given twice the
 * last value counts, so that one can be appended to overrule another.
 *
 * The text comes from the boot loader: trusted to be meant well, not to be
 * right. It ends with a zero byte within BOOT_TEXT_MAX (arch copies it so).
 */
#include <hv/boot_info.h>
#include <hv/console.h>
#include <hv/cpu.h>
#include <hv/domain.h>
#include <hv/options.h>
#include <hv/util.h>
#include <xen/errno.h>
#include <xen/trace.h>

struct options options;

enum option_kind {
    OPTION_FLAG, OPTION_U32, OPTION_U64, OPTION_CONSTANT, OPTION_D0,
};

struct option {
    const char *name;
    enum option_kind kind;
    size_t offset;             /* in struct options */
    uint64_t min, max;         /* numbers */
    const char *constant;      /* the only value there is */
};

#define FIELD(f) offsetof(struct options, f)

static const struct option table[] = {
    { "d0_mem", OPTION_U64, FIELD(d0_mem_mib), 1, 1u << 22, NULL },
    { "d0", OPTION_D0, 0, 0, 0, NULL },
    { "d0_vcpus", OPTION_U32, FIELD(d0_vcpus), 1, VCPUS_MAX, NULL },
    { "cpus", OPTION_U32, FIELD(cpus_limit), 1, CPUS_MAX, NULL },
    { "panic", OPTION_FLAG, FIELD(panic), 0, 0, NULL },
    { "no-smap", OPTION_FLAG, FIELD(no_smap), 0, 0, NULL },
    { "reboot", OPTION_FLAG, FIELD(reboot_on_panic), 0, 0, NULL },
    { "trace", OPTION_FLAG, FIELD(trace), 0, 0, NULL },
    { "trace_stream", OPTION_U32, FIELD(trace_stream_kib), 16, 65536, NULL },
    { "profile", OPTION_U32, FIELD(profile_hz), 19, 10000, NULL },
    { "counters", OPTION_FLAG, FIELD(counters), 0, 0, NULL },
    { "trace_mask", OPTION_U32, FIELD(trace_mask), 0, TRC_ALL, NULL },
    { "console", OPTION_CONSTANT, 0, 0, 0, "com1" },
};

/* A piece of the text, not zero-terminated. */
struct word {
    const char *text;
    size_t length;
};

#define WORD_SHOWN_MAX 60u /* of a word, in a message */

static int shown_length(struct word w)
{
    return (int)min_u64(w.length, WORD_SHOWN_MAX);
}

static bool word_equals(struct word w, const char *s)
{
    return strlen(s) == w.length && memcmp(w.text, s, w.length) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Takes the next word off *text; length 0 at the end. */
static struct word next_word(const char **text)
{
    struct word w;

    while (is_blank(**text)) {
        (*text)++;
    }
    w.text = *text;
    while (**text != '\0' && !is_blank(**text)) {
        (*text)++;
    }
    w.length = (size_t)(*text - w.text);
    return w;
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20; /* lower case */
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
}

/* Decimal, or hexadecimal after 0x; false unless all of it is a number. */
static bool parse_number(struct word w, uint64_t *value)
{
    unsigned int base = 10;

    if (w.length > 2 && w.text[0] == '0' && (w.text[1] | 0x20) == 'x') {
        base = 16;
        w.text += 2;
        w.length -= 2;
    }
    *value = 0;
    for (size_t i = 0; i < w.length; i++) {
        unsigned int digit = (unsigned int)digit_value(w.text[i]);

        if (digit >= base || *value > (UINT64_MAX - digit) / base) {
            return false;
        }
        *value = *value * base + digit;
    }
    return w.length > 0;
}

/* name=value, or name alone: value->text is NULL. */
static void split(struct word w, struct word *name, struct word *value)
{
    *name = w;
    *value = (struct word){ NULL, 0 };
    for (size_t i = 0; i < w.length; i++) {
        if (w.text[i] == '=') {
            name->length = i;
            value->text = w.text + i + 1;
            value->length = w.length - i - 1;
            return;
        }
    }
}

static const struct option *find_option(struct word name)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        if (word_equals(name, table[i].name)) {
            return &table[i];
        }
    }
    return NULL;
}

static int set_flag(struct options *out, const struct option *o,
                    struct word value, char *why, size_t size)
{
    if (value.text != NULL) {
        snprintk(why, size, "option '%s' takes no value", o->name);
        return -XEN_EINVAL;
    }
    *((bool *)out + o->offset) = true;
    return 0;
}

static int set_number(struct options *out, const struct option *o,
                      struct word value, char *why, size_t size)
{
    char *field = (char *)out + o->offset;
    uint64_t n;

    if (value.text == NULL || !parse_number(value, &n) ||
        n < o->min || n > o->max) {
        snprintk(why, size, "option '%s' needs a number from %lu to %lu, "
                 "not '%.*s'", o->name, o->min, o->max, shown_length(value),
                 value.text != NULL ? value.text : "");
        return -XEN_EINVAL;
    }
    if (o->kind == OPTION_U64) {
        *(uint64_t *)(void *)field = n;
    } else {
        *(uint32_t *)(void *)field = (uint32_t)n;
    }
    return 0;
}

/* d0=control or d0=guest. */
static int set_d0_kind(struct options *out, struct word value, char *why,
                       size_t size)
{
    if (value.text != NULL && word_equals(value, "guest")) {
        out->d0_is_guest = true;
    } else if (value.text != NULL && word_equals(value, "control")) {
        out->d0_is_guest = false;
    } else {
        snprintk(why, size, "option 'd0' can be control or guest, not '%.*s'",
                 shown_length(value), value.text != NULL ? value.text : "");
        return -XEN_EINVAL;
    }
    return 0;
}

static int set_option(struct options *out, struct word w, char *why,
                      size_t size)
{
    const struct option *o;
    struct word name, value;

    split(w, &name, &value);
    o = find_option(name);
    if (o == NULL) {
        snprintk(why, size, "unknown option '%.*s' on the hypervisor's command "
                 "line", shown_length(w), w.text);
        return -XEN_EINVAL;
    }
    if (o->kind == OPTION_FLAG) {
        return set_flag(out, o, value, why, size);
    }
    if (o->kind == OPTION_D0) {
        return set_d0_kind(out, value, why, size);
    }
    if (o->kind != OPTION_CONSTANT) {
        return set_number(out, o, value, why, size);
    }
    if (value.text == NULL || !word_equals(value, o->constant)) {
        snprintk(why, size, "option '%s' can only be %s, not '%.*s'", o->name,
                 o->constant, shown_length(value),
                 value.text != NULL ? value.text : "");
        return -XEN_EINVAL;
    }
    return 0;
}

/* What follows "--", without the blanks before it. */
static int set_d0_cmdline(struct options *out, const char *text, char *why,
                          size_t size)
{
    size_t length;

    while (is_blank(*text)) {
        text++;
    }
    length = strlen(text);
    if (length >= sizeof(out->d0_cmdline)) {
        snprintk(why, size, "the text after '--' has %zu characters, at most "
                 "%zu fit", length, sizeof(out->d0_cmdline) - 1);
        return -XEN_EINVAL;
    }
    memcpy(out->d0_cmdline, text, length + 1);
    return 0;
}

int options_parse(const char *text, char *why, size_t size)
{
    options = (struct options){
        .d0_mem_mib = 128,
        .d0_vcpus = 1,
        .cpus_limit = CPUS_MAX,
        .trace_mask = TRC_ALL,
    };
    for (;;) {
        struct word w = next_word(&text);
        int err;

        if (w.length == 0) {
            return 0;
        }
        if (word_equals(w, "--")) {
            return set_d0_cmdline(&options, text, why, size);
        }
        err = set_option(&options, w, why, size);
        if (err) {
            return err;
        }
    }
}
