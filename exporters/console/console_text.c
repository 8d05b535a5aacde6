/* Text for people: console_text.h. */
#include "console_text.h"

#include <spanwire/allocator.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_CAPACITY = 4096, TAIL = 24 };

static const char hex_digits[] = "0123456789abcdef";

/* ---- the buffer ---- */

static bool reserve(struct spw__console_text *t, size_t more)
{
    if (t->cut || more > SPW__CONSOLE_MAX_BYTES - TAIL || t->size + more > SPW__CONSOLE_MAX_BYTES - TAIL) {
        t->cut = true;
        return false;
    }
    size_t capacity = t->capacity ? t->capacity : FIRST_CAPACITY;
    while (capacity < t->size + more + TAIL)
        capacity *= 2;
    if (capacity > t->capacity) {
        char *grown = spw_reallocate(t->data, capacity);
        if (!grown) {
            t->cut = true;
            return false;
        }
        t->data = grown;
        t->capacity = capacity;
    }
    return true;
}

void spw__console_put(struct spw__console_text *t, const char *bytes, size_t size)
{
    if (size && reserve(t, size)) {
        memcpy(t->data + t->size, bytes, size);
        t->size += size;
    }
}

void spw__console_puts(struct spw__console_text *t, const char *words)
{
    spw__console_put(t, words, strlen(words));
}

void spw__console_format(struct spw__console_text *t, const char *format, ...)
{
    char line[160];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line, format, args);
    va_end(args);
    if (n > 0)
        spw__console_put(t, line, (size_t)n < sizeof line ? (size_t)n : sizeof line - 1);
}

void spw__console_hex(struct spw__console_text *t, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char pair[2] = { hex_digits[bytes[i] >> 4], hex_digits[bytes[i] & 15] };
        spw__console_put(t, pair, 2);
    }
}

void spw__console_style(struct spw__console_text *t, enum spw__console_style style)
{
    static const char *const codes[] = { "\x1b[0m", "\x1b[1m", "\x1b[36m", "\x1b[2m", "\x1b[1;31m" };
    if (t->colours)
        spw__console_puts(t, codes[style]);
}

void spw__console_begin(struct spw__console_text *t)
{
    t->size = 0;
    t->cut = false;
}

void spw__console_end(struct spw__console_text *t)
{
    static const char plain[] = "... (cut)\n", coloured[] = "\x1b[0m... (cut)\n"; /* TAIL is kept free for it */
    if (!t->cut || !t->data)
        return;
    size_t size = t->colours ? sizeof coloured - 1 : sizeof plain - 1;
    memcpy(t->data + t->size, t->colours ? coloured : plain, size);
    t->size += size;
}

void spw__console_text_fini(struct spw__console_text *t)
{
    spw_free(t->data);
    *t = (struct spw__console_text){ NULL, 0, 0, false, t->colours };
}

/* ---- escaping ---- */

/* The length of the printable UTF-8 character at `s`, or 0: a control character (C1 and those that turn the direction included) or not UTF-8. */
static size_t printable(const uint8_t *s, size_t left)
{
    if (s[0] < 0x80)
        return s[0] >= 0x20 && s[0] != 0x7f ? 1 : 0;
    size_t size = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || left < size)
        return 0;
    uint32_t code = s[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
        code = (code << 6) | (s[i] & 0x3fu);
    }
    bool overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    bool control = code < 0xa0 || code == 0x2028 || code == 0x2029 || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return overlong || surrogate || control || code > 0x10ffff ? 0 : size;
}

static void put_escape(struct spw__console_text *t, uint8_t byte)
{
    switch (byte) {
    case '\n': spw__console_puts(t, "\\n"); return;
    case '\r': spw__console_puts(t, "\\r"); return;
    case '\t': spw__console_puts(t, "\\t"); return;
    default: spw__console_format(t, "\\x%02x", byte); return;
    }
}

void spw__console_escaped(struct spw__console_text *t, spw_view view)
{
    const uint8_t *s = (const uint8_t *)view.data;
    size_t shown = view.size < SPW__CONSOLE_MAX_VALUE ? view.size : SPW__CONSOLE_MAX_VALUE;
    for (size_t i = 0; i < shown;) {
        size_t n = printable(s + i, view.size - i);
        if (s[i] == '"' || s[i] == '\\')
            spw__console_put(t, "\\", 1);
        if (n)
            spw__console_put(t, view.data + i, n);
        else
            put_escape(t, s[i]);
        i += n ? n : 1;
    }
    if (shown < view.size)
        spw__console_format(t, "... (%zu bytes)", view.size);
}

void spw__console_quoted(struct spw__console_text *t, spw_view view)
{
    spw__console_put(t, "\"", 1);
    spw__console_escaped(t, view);
    spw__console_put(t, "\"", 1);
}
