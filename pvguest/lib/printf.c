/* SPDX-License-Identifier: MIT */
/*
 * printf, the small one.
 *
 * One pass over the format; every byte goes through out_char(), which counts
 * all and stores what fits, so the result is always terminated and the return
 * value is what an unlimited buffer would have held.
 */
#include <pv/console.h>
#include <pv/printf.h>
#include <pv/sched.h>
#include <pv/string.h>

#define LINE_BYTES 512

struct out {
    char *buffer;
    size_t size;
    size_t count;
};

struct spec {
    unsigned int width;
    bool left, zero;
    unsigned int longs;
};

static void out_char(struct out *out, char c)
{
    if (out->count + 1 < out->size) {
        out->buffer[out->count] = c;
    }
    out->count++;
}

static void out_field(struct out *out, const struct spec *spec,
                      const char *sign, const char *text, size_t length)
{
    size_t all = strlen(sign) + length;
    size_t fill = spec->width > all ? spec->width - all : 0;

    if (!spec->left && !spec->zero) {
        for (; fill > 0; fill--) {
            out_char(out, ' ');
        }
    }
    for (; *sign != '\0'; sign++) {
        out_char(out, *sign);
    }
    if (!spec->left) {
        for (; fill > 0; fill--) {
            out_char(out, '0');
        }
    }
    for (size_t i = 0; i < length; i++) {
        out_char(out, text[i]);
    }
    for (; fill > 0; fill--) {
        out_char(out, ' ');
    }
}

static void out_number(struct out *out, const struct spec *spec,
                       const char *sign, uint64_t value, unsigned int base)
{
    char digits[24];
    size_t at = sizeof(digits);

    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    out_field(out, spec, sign, digits + at, sizeof(digits) - at);
}

static const char *parse_spec(const char *format, struct spec *spec)
{
    *spec = (struct spec){ 0 };
    for (;; format++) {
        if (*format == '-') {
            spec->left = true;
        } else if (*format == '0') {
            spec->zero = true;
        } else {
            break;
        }
    }
    while (*format >= '0' && *format <= '9') {
        spec->width = spec->width * 10 + (unsigned int)(*format++ - '0');
    }
    while (*format == 'l' || *format == 'z') {
        spec->longs++;
        format++;
    }
    return format;
}

int vsnprintf(char *buffer, size_t size, const char *format, va_list args)
{
    struct out out = { buffer, size, 0 };

    for (; *format != '\0'; format++) {
        struct spec spec;
        const char *text;
        char c;
        int64_t number;

        if (*format != '%') {
            out_char(&out, *format);
            continue;
        }
        format = parse_spec(format + 1, &spec);
        switch (*format) {
        case 'c':
            c = (char)va_arg(args, int);
            out_field(&out, &spec, "", &c, 1);
            break;
        case 's':
            text = va_arg(args, const char *);
            out_field(&out, &spec, "", text, strlen(text));
            break;
        case 'd':
        case 'i':
            number = spec.longs > 0 ? va_arg(args, long) : va_arg(args, int);
            out_number(&out, &spec, number < 0 ? "-" : "",
                       number < 0 ? 0 - (uint64_t)number : (uint64_t)number,
                       10);
            break;
        case 'u':
        case 'x':
        case 'X':
            out_number(&out, &spec, "",
                       spec.longs > 0 ? va_arg(args, unsigned long)
                                      : va_arg(args, unsigned int),
                       *format == 'u' ? 10 : 16);
            break;
        case 'p':
            out_number(&out, &spec, "0x", (uint64_t)va_arg(args, void *), 16);
            break;
        case '\0':
            format--;
            break;
        default:
            out_char(&out, *format);
            break;
        }
    }
    if (size > 0) {
        buffer[out.count < size ? out.count : size - 1] = '\0';
    }
    return (int)out.count;
}

int snprintf(char *buffer, size_t size, const char *format, ...)
{
    va_list args;
    int count;

    va_start(args, format);
    count = vsnprintf(buffer, size, format, args);
    va_end(args);
    return count;
}

static void vprintf(const char *format, va_list args)
{
    char line[LINE_BYTES];

    vsnprintf(line, sizeof(line), format, args);
    console_write(line, strlen(line));
}

void printf(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}

_Noreturn void panic(const char *format, ...)
{
    va_list args;

    console_write("guest panic: ", 13);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    console_write("\n", 1);
    sched_shutdown(SHUTDOWN_crash);
}
