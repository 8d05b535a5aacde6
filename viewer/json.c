/* The JSON writer. Contract: json.h. */
#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

static void before_value(struct spwv_json *json)
{
    if (json->comma)
        spwv_buf_add_char(json->out, ',');
    json->comma = true;
}

void spwv_json_begin(struct spwv_json *json, char bracket)
{
    before_value(json);
    spwv_buf_add_char(json->out, bracket);
    json->comma = false;
}

void spwv_json_end(struct spwv_json *json, char bracket)
{
    spwv_buf_add_char(json->out, bracket);
    json->comma = true;
}

void spwv_json_key(struct spwv_json *json, const char *key)
{
    before_value(json);
    spwv_buf_add_char(json->out, '"');
    spwv_buf_add_str(json->out, key);
    spwv_buf_add(json->out, "\":", 2);
    json->comma = false;
}

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7F && c != '"' && c != '\\';
}

static void add_char(struct spwv_buf *out, uint32_t c)
{
    char bytes[4];
    spwv_buf_add(out, bytes, spwv_utf8_encode(c, bytes));
}

static void escape(struct spwv_buf *out, uint32_t c)
{
    switch (c) {
    case '"': spwv_buf_add(out, "\\\"", 2); break;
    case '\\': spwv_buf_add(out, "\\\\", 2); break;
    case '\n': spwv_buf_add(out, "\\n", 2); break;
    case '\r': spwv_buf_add(out, "\\r", 2); break;
    case '\t': spwv_buf_add(out, "\\t", 2); break;
    default:
        if (c < 0x20 || c == 0x7F || c == 0x2028 || c == 0x2029)
            spwv_buf_printf(out, "\\u%04x", (unsigned)c);
        else
            add_char(out, c == SPWV_BAD_CHAR ? 0xFFFD : c);
    }
}

void spwv_json_key_string(struct spwv_json *json, struct spwv_slice key)
{
    spwv_json_string(json, key);
    spwv_buf_add_char(json->out, ':');
    json->comma = false;
}

void spwv_json_string(struct spwv_json *json, struct spwv_slice text)
{
    before_value(json);
    spwv_buf_add_char(json->out, '"');
    const uint8_t *at = text.data;
    const uint8_t *end = text.size ? text.data + text.size : text.data;
    while (at < end && !json->out->failed) {
        const uint8_t *run = at;
        while (at < end && is_plain(*at))
            at++;
        spwv_buf_add(json->out, run, (size_t)(at - run));
        if (at < end)
            escape(json->out, spwv_utf8_next(&at, end));
    }
    spwv_buf_add_char(json->out, '"');
}

void spwv_json_text(struct spwv_json *json, const char *text)
{
    spwv_json_string(json, (struct spwv_slice){(const uint8_t *)text, strlen(text)});
}

/* Large answers are mostly numbers: printf would take a third of their time. */
static void add_digits(struct spwv_buf *out, uint64_t value)
{
    enum { MOST = 20 };
    char text[MOST];
    size_t at = MOST;
    do
        text[--at] = (char)('0' + value % 10);
    while (value /= 10);
    spwv_buf_add(out, text + at, MOST - at);
}

void spwv_json_count(struct spwv_json *json, uint64_t value)
{
    before_value(json);
    add_digits(json->out, value);
}

void spwv_json_since(struct spwv_json *json, uint64_t from_ns, uint64_t to_ns)
{
    before_value(json);
    if (to_ns < from_ns)
        spwv_buf_add_char(json->out, '-');
    add_digits(json->out, to_ns < from_ns ? from_ns - to_ns : to_ns - from_ns);
}

void spwv_json_int32(struct spwv_json *json, int32_t value)
{
    before_value(json);
    spwv_buf_printf(json->out, "%" PRId32, value);
}

void spwv_json_micros(struct spwv_json *json, uint64_t ns)
{
    before_value(json);
    spwv_buf_printf(json->out, "%" PRIu64 ".%03u", ns / 1000, (unsigned)(ns % 1000));
}

void spwv_json_u64(struct spwv_json *json, uint64_t value)
{
    before_value(json);
    spwv_buf_add_char(json->out, '"');
    add_digits(json->out, value);
    spwv_buf_add_char(json->out, '"');
}

void spwv_json_i64(struct spwv_json *json, int64_t value)
{
    before_value(json);
    spwv_buf_printf(json->out, "\"%" PRId64 "\"", value);
}

void spwv_json_double(struct spwv_json *json, double value)
{
    if (isnan(value) || isinf(value)) {
        spwv_json_text(json, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    /* The shortest of the two that reads back as the same number. */
    char text[40];
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) < value || strtod(text, NULL) > value)
        snprintf(text, sizeof text, "%.17g", value);
    before_value(json);
    spwv_buf_add_str(json->out, text);
}

void spwv_json_bool(struct spwv_json *json, bool value)
{
    before_value(json);
    spwv_buf_add_str(json->out, value ? "true" : "false");
}

void spwv_json_null(struct spwv_json *json)
{
    before_value(json);
    spwv_buf_add(json->out, "null", 4);
}

void spwv_json_hex(struct spwv_json *json, struct spwv_slice bytes)
{
    enum { PART = 32 }; /* the whole of an id; a sender may have written more */
    char text[2 * PART + 1];
    before_value(json);
    spwv_buf_add_char(json->out, '"');
    for (size_t at = 0; at < bytes.size && !json->out->failed; at += PART) {
        size_t size = bytes.size - at < PART ? bytes.size - at : PART;
        spwv_hex_encode(bytes.data + at, size, text);
        spwv_buf_add(json->out, text, 2 * size);
    }
    spwv_buf_add_char(json->out, '"');
}

void spwv_json_base64(struct spwv_json *json, struct spwv_slice bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    before_value(json);
    spwv_buf_add_char(json->out, '"');
    for (size_t i = 0; i < bytes.size && !json->out->failed; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        if (left > 1)
            group |= (uint32_t)bytes.data[i + 1] << 8;
        if (left > 2)
            group |= bytes.data[i + 2];
        char four[4] = {digits[group >> 18], digits[group >> 12 & 63], left > 1 ? digits[group >> 6 & 63] : '=',
                        left > 2 ? digits[group & 63] : '='};
        spwv_buf_add(json->out, four, 4);
    }
    spwv_buf_add_char(json->out, '"');
}
