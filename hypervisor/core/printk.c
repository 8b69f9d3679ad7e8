/* SPDX-License-Identifier: MIT */
/*
 * Formatting, and printk.
 *
 * The formatter is bounded by construction: every character passes through
 * emit(), which counts always and stores only while there is room, so that a
 * text too long is cut and never overruns. No floats, no %n, no locale.
 *
 * printk formats into a buffer on the stack, without any lock, and hands
 * the finished text to the console, which takes the lock once; lines of
 * different CPUs therefore never mix. A text longer than the buffer is cut.
 */
#include <hv/console.h>
#include <hv/util.h>

#define PRINTK_MAX 512
#define DIGITS_MAX 20 /* 2^64 - 1 in decimal */

struct output {
    char *buf;
    size_t size;
    size_t length;
};

/* One conversion, between '%' and its letter. */
struct conversion {
    bool left;
    bool zero;
    int width;
    int precision;      /* -1: none */
    int longs;          /* how many l; z counts as one */
};

static void emit(struct output *out, char c)
{
    if (out->length + 1 < out->size) {
        out->buf[out->length] = c;
    }
    out->length++;
}

static void emit_fill(struct output *out, char c, int count)
{
    for (int i = 0; i < count; i++) {
        emit(out, c);
    }
}

static void emit_text(struct output *out, const struct conversion *conv,
                      const char *text)
{
    int len = 0;

    if (text == NULL) {
        text = "(null)";
    }
    while ((conv->precision < 0 || len < conv->precision) &&
           text[len] != '\0') {
        len++;
    }
    if (!conv->left) {
        emit_fill(out, ' ', conv->width - len);
    }
    for (int i = 0; i < len; i++) {
        emit(out, text[i]);
    }
    if (conv->left) {
        emit_fill(out, ' ', conv->width - len);
    }
}

/* prefix: "", "-" or "0x"; zeros for the width go behind it. */
static void emit_number(struct output *out, const struct conversion *conv,
                        uint64_t value, unsigned int base, const char *prefix)
{
    char digits[DIGITS_MAX];
    int count = 0;
    int prefix_len = (int)strlen(prefix);
    int fill;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    fill = conv->width - count - prefix_len;
    if (!conv->left && !conv->zero) {
        emit_fill(out, ' ', fill);
    }
    for (int i = 0; i < prefix_len; i++) {
        emit(out, prefix[i]);
    }
    if (!conv->left && conv->zero) {
        emit_fill(out, '0', fill);
    }
    while (count > 0) {
        emit(out, digits[--count]);
    }
    if (conv->left) {
        emit_fill(out, ' ', fill);
    }
}

static int parse_number(const char **fmt)
{
    int n = 0;

    while (**fmt >= '0' && **fmt <= '9' && n < 10000) {
        n = n * 10 + (**fmt - '0');
        (*fmt)++;
    }
    return n;
}

static int parse_count(const char **fmt, va_list *ap)
{
    int n;

    if (**fmt != '*') {
        return parse_number(fmt);
    }
    (*fmt)++;
    n = va_arg(*ap, int);
    return n < 0 ? 0 : n;
}

/* Flags, width, precision and length; leaves *fmt at the letter. */
static struct conversion parse_conversion(const char **fmt, va_list *ap)
{
    struct conversion conv = { .precision = -1 };

    for (; **fmt == '-' || **fmt == '0'; (*fmt)++) {
        conv.left |= **fmt == '-';
        conv.zero |= **fmt == '0';
    }
    conv.width = parse_count(fmt, ap);
    if (**fmt == '.') {
        (*fmt)++;
        conv.precision = parse_count(fmt, ap);
    }
    for (; **fmt == 'l' || **fmt == 'z'; (*fmt)++) {
        conv.longs++;
    }
    return conv;
}

static void emit_signed(struct output *out, const struct conversion *conv,
                        int64_t value)
{
    if (value < 0) {
        emit_number(out, conv, -(uint64_t)value, 10, "-");
    } else {
        emit_number(out, conv, (uint64_t)value, 10, "");
    }
}

static void emit_conversion(struct output *out, const struct conversion *conv,
                            char letter, va_list *ap)
{
    switch (letter) {
    case 'd':
    case 'i':
        emit_signed(out, conv, conv->longs > 0 ? va_arg(*ap, int64_t)
                                               : va_arg(*ap, int));
        break;
    case 'u':
    case 'x':
        emit_number(out, conv, conv->longs > 0 ? va_arg(*ap, uint64_t)
                                               : va_arg(*ap, unsigned int),
                    letter == 'x' ? 16 : 10, "");
        break;
    case 'p':
        emit_number(out, conv, (uintptr_t)va_arg(*ap, void *), 16, "0x");
        break;
    case 's':
        emit_text(out, conv, va_arg(*ap, const char *));
        break;
    case 'c': {
        char text[2] = { (char)va_arg(*ap, int), '\0' };

        emit_text(out, conv, text);
        break;
    }
    case '%':
        emit(out, '%');
        break;
    default: /* the compiler's format check leaves nothing else */
        emit(out, '%');
        emit(out, letter);
        break;
    }
}

int vsnprintk(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct output out = { buf, size, 0 };
    va_list args;

    va_copy(args, ap);
    while (*fmt != '\0') {
        struct conversion conv;

        if (*fmt != '%') {
            emit(&out, *fmt++);
            continue;
        }
        fmt++;
        conv = parse_conversion(&fmt, &args);
        if (*fmt == '\0') {
            break;
        }
        emit_conversion(&out, &conv, *fmt++, &args);
    }
    va_end(args);
    if (size > 0) {
        buf[out.length < size ? out.length : size - 1] = '\0';
    }
    return (int)out.length;
}

int snprintk(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    int len;

    va_start(ap, fmt);
    len = vsnprintk(buf, size, fmt, ap);
    va_end(ap);
    return len;
}

void vprintk(const char *fmt, va_list ap)
{
    char text[PRINTK_MAX];
    size_t len = (size_t)vsnprintk(text, sizeof(text), fmt, ap);

    console_hv_write(text, min_u64(len, sizeof(text) - 1));
}

void printk(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vprintk(fmt, ap);
    va_end(ap);
}
