/* Writing JSON: json_write.h. */
#include "json_write.h"

#include <inttypes.h>
#include <math.h>
#include <spanwire/allocator.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 16 * 1024 };

static const char hex_digits[] = "0123456789abcdef";

/* ---- the buffer ---- */

static char *extend(struct spw__json *j, size_t size)
{
    if (spw__json_failed(j))
        return NULL;
    if (size > j->most || j->size > j->most - size) {
        j->too_large = true;
        return NULL;
    }
    if (j->size + size > j->capacity) {
        size_t capacity = j->capacity ? j->capacity : FIRST_CAPACITY;
        while (capacity < j->size + size)
            capacity *= 2;
        char *grown = spw_reallocate(j->data, capacity);
        if (!grown) {
            j->no_memory = true;
            return NULL;
        }
        j->data = grown;
        j->capacity = capacity;
    }
    char *at = j->data + j->size;
    j->size += size;
    return at;
}

void spw__json_put(struct spw__json *j, const char *text, size_t size)
{
    char *at = size ? extend(j, size) : NULL;
    if (at)
        memcpy(at, text, size);
}

void spw__json_clear(struct spw__json *j)
{
    j->size = 0;
    j->too_large = j->no_memory = false;
}

void spw__json_free(struct spw__json *j)
{
    spw_free(j->data);
    j->data = NULL;
    j->size = j->capacity = 0;
}

/* ---- strings ---- */

/* The bytes of the UTF-8 sequence at s, 2 to 4, or 0 when it is none. */
static size_t sequence(const uint8_t *s, size_t left)
{
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
    return overlong || surrogate || code > 0x10ffff ? 0 : size;
}

/* U+2028 and U+2029: JSON allows them, but to much software they end a line. */
static bool is_separator(const uint8_t *s, size_t size)
{
    return size == 3 && s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9);
}

/* The bytes that may stand as they are from s on: 0 when the first must not. */
static size_t plain_run(const uint8_t *s, size_t left)
{
    size_t n = 0;
    while (n < left) {
        if (s[n] < 0x80) {
            if (s[n] < 0x20 || s[n] == '"' || s[n] == '\\' || s[n] == 0x7f)
                break;
            n++;
            continue;
        }
        size_t size = sequence(s + n, left - n);
        if (!size || is_separator(s + n, size))
            break;
        n += size;
    }
    return n;
}

/* Writes what cannot stand as it is; returns how many bytes it was. */
static size_t put_escape(struct spw__json *j, const uint8_t *s, size_t left)
{
    static const char short_forms[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    char escape[6] = { '\\', 'u', '0', '0', hex_digits[s[0] >> 4], hex_digits[s[0] & 15] };
    if (s[0] >= 0x80 && is_separator(s, sequence(s, left))) {
        spw__json_put(j, s[2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
        return 3;
    }
    if (s[0] >= 0x80) {
        SPW__JSON_PUT(j, "\xef\xbf\xbd");
        return 1;
    }
    for (size_t i = 0; i < sizeof short_forms - 1; i += 2) {
        if ((uint8_t)short_forms[i] == s[0]) {
            escape[1] = short_forms[i + 1];
            spw__json_put(j, escape, 2);
            return 1;
        }
    }
    spw__json_put(j, escape, 6);
    return 1;
}

void spw__json_put_string(struct spw__json *j, spw_view text)
{
    const uint8_t *s = (const uint8_t *)text.data;
    SPW__JSON_PUT(j, "\"");
    for (size_t i = 0; i < text.size && !spw__json_failed(j);) {
        size_t n = plain_run(s + i, text.size - i);
        spw__json_put(j, text.data + i, n);
        i += n;
        if (i < text.size)
            i += put_escape(j, s + i, text.size - i);
    }
    SPW__JSON_PUT(j, "\"");
}

void spw__json_put_hex(struct spw__json *j, const uint8_t *bytes, size_t size)
{
    char *at = extend(j, size * 2 + 2);
    if (!at)
        return;
    *at++ = '"';
    for (size_t i = 0; i < size; i++) {
        *at++ = hex_digits[bytes[i] >> 4];
        *at++ = hex_digits[bytes[i] & 15];
    }
    *at = '"';
}

void spw__json_put_base64(struct spw__json *j, spw_view bytes)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *s = (const uint8_t *)bytes.data;
    char *at = extend(j, (bytes.size + 2) / 3 * 4 + 2);
    if (!at)
        return;
    *at++ = '"';
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)s[i] << 16 | (left > 1 ? (uint32_t)s[i + 1] << 8 : 0) | (left > 2 ? s[i + 2] : 0);
        *at++ = letters[group >> 18];
        *at++ = letters[group >> 12 & 63];
        *at++ = left > 1 ? letters[group >> 6 & 63] : '=';
        *at++ = left > 2 ? letters[group & 63] : '=';
    }
    *at = '"';
}

/* ---- numbers ---- */

__attribute__((format(printf, 2, 3))) static void put_format(struct spw__json *j, const char *format, ...)
{
    char text[40];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    spw__json_put(j, text, (size_t)n);
}

void spw__json_put_u32(struct spw__json *j, uint32_t number)
{
    put_format(j, "%" PRIu32, number);
}

void spw__json_put_u64(struct spw__json *j, uint64_t number)
{
    put_format(j, "\"%" PRIu64 "\"", number);
}

void spw__json_put_i64(struct spw__json *j, int64_t number)
{
    put_format(j, "\"%" PRId64 "\"", number);
}

/* The program's locale may write the point otherwise; all that is no digit, sign or exponent is it. */
static size_t make_json_number(char *text)
{
    size_t n = 0;
    for (const char *c = text; *c; c++) {
        bool kept = (*c >= '0' && *c <= '9') || *c == '-' || *c == '+' || *c == 'e';
        if (kept)
            text[n++] = *c;
        else if (n && text[n - 1] != '.')
            text[n++] = '.';
    }
    return n;
}

void spw__json_put_double(struct spw__json *j, double number)
{
    char text[64];
    if (isnan(number)) {
        SPW__JSON_PUT(j, "\"NaN\"");
    } else if (isinf(number)) {
        spw__json_put(j, number < 0 ? "\"-Infinity\"" : "\"Infinity\"", number < 0 ? 11 : 10);
    } else if (number == 0) {
        spw__json_put(j, signbit(number) ? "-0.0" : "0", signbit(number) ? 4 : 1); /* as an integer, -0 would lose its sign */
    } else {
        /* The shortest that reads back the same: nearly always 15 digits do. */
        for (int digits = 15; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, number);
            if (strtod(text, NULL) == number)
                break;
        }
        size_t size = make_json_number(text);
        spw__json_put(j, text, size);
    }
}
